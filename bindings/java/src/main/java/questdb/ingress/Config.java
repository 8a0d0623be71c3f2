package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/**
 * Options for senders, set one by one or by a configuration string; what they mean is said in {@code doc/options.md}. A value
 * that is out of range is CONFIG at once, and the others stay; what does not fit together is found by {@link #validate} and when
 * a sender is made. {@code set} takes every option by its key, also those that are newer than this class.
 */
public final class Config extends Handle {
    public enum Protocol {
        HTTP, HTTPS, TCP, TCPS
    }

    public enum TlsCa {
        WEBPKI_ROOTS, OS_ROOTS, WEBPKI_AND_OS_ROOTS, PEM_FILE
    }

    public enum Delivery {
        AT_LEAST_ONCE, AT_MOST_ONCE
    }

    private Config(long address) {
        super("configuration", address, Rare.C::questdb_config_free);
    }

    /** The protocol and one address or several, such as {@code localhost:9000}; all else has its default. */
    public static Config of(Protocol protocol, String... addresses) {
        Config config = made(Rare.C::questdb_config_new);
        return config.protocol(protocol).addr(addresses);
    }

    /** From a configuration string such as {@code http::addr=localhost:9000;}. */
    public static Config fromConf(String conf) {
        Memory text = new Memory();
        long at = text.text(conf);
        Config config = made(out -> Rare.C.questdb_config_from_conf(at, text.length(), out));
        Reference.reachabilityFence(text);
        return config;
    }

    /** From the configuration string in the environment variable {@code QDB_CLIENT_CONF}. */
    public static Config fromEnv() {
        return made(Rare.C::questdb_config_from_env);
    }

    private static Config made(LongUnaryOperator call) {
        Memory memory = new Memory();
        check(call.applyAsLong(memory.out()));
        return new Config(memory.result());
    }

    /** An independent copy. */
    public Config copy() {
        return made(out -> number(config -> Rare.C.questdb_config_clone(config, out)));
    }

    /** Checks that all options together make sense. */
    public Config validate() {
        check(number(Rare.C::questdb_config_validate));
        return this;
    }

    /** Sets any option by its key. */
    public Config set(String key, String value) {
        Memory memory = new Memory();
        long name = memory.text(key);
        int length = memory.length();
        long text = memory.text(value);
        check(number(config -> Rare.C.questdb_config_set(config, name, length, text, memory.length())));
        Reference.reachabilityFence(memory);
        return this;
    }

    public Config set(String key, long value) {
        return set(key, Long.toString(value));
    }

    /** In milliseconds; parts of one count as a whole one. */
    public Config set(String key, Duration value) {
        if (value == null || value.isNegative()) {
            throw invalid(Code.CONFIG, key + ": there is no time of " + value);
        }
        return set(key, Time.millis(value));
    }

    /** {@code on} or {@code off}; the latter also for times and limits that can be off. */
    public Config set(String key, boolean value) {
        return set(key, value ? "on" : "off");
    }

    private Config set(String key, Enum<?> value) {
        if (value == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the value of " + key + " is null");
        }
        return set(key, value.name().toLowerCase(Locale.ROOT));
    }

    public Config protocol(Protocol value) {
        return set("protocol", value);
    }

    public Config addr(String... addresses) {
        return set("addr", String.join(",", addresses));
    }

    public Config bindInterface(String value) {
        return set("bind_interface", value);
    }

    public Config username(String value) {
        return set("username", value);
    }

    public Config password(String value) {
        return set("password", value);
    }

    public Config token(String value) {
        return set("token", value);
    }

    public Config tokenX(String value) {
        return set("token_x", value);
    }

    public Config tokenY(String value) {
        return set("token_y", value);
    }

    public Config authTimeout(Duration value) {
        return set("auth_timeout", value);
    }

    /** False is taken only by a library that was built for it. */
    public Config tlsVerify(boolean value) {
        return set("tls_verify", value ? "on" : "unsafe_off");
    }

    public Config tlsCa(TlsCa value) {
        return set("tls_ca", value);
    }

    public Config tlsRoots(String file) {
        return set("tls_roots", file);
    }

    public Config tlsCert(String file) {
        return set("tls_cert", file);
    }

    public Config tlsKey(String file) {
        return set("tls_key", file);
    }

    /** 1, 2 or 3; without it the server is asked. */
    public Config protocolVersion(int value) {
        return set("protocol_version", value);
    }

    public Config autoFlush(boolean value) {
        return set("auto_flush", value);
    }

    public Config autoFlushRows(long value) {
        return set("auto_flush_rows", value);
    }

    public Config autoFlushBytes(long value) {
        return set("auto_flush_bytes", value);
    }

    public Config autoFlushInterval(Duration value) {
        return set("auto_flush_interval", value);
    }

    public Config autoFlushMaxBackoff(Duration value) {
        return set("auto_flush_max_backoff", value);
    }

    public Config initBufSize(long value) {
        return set("init_buf_size", value);
    }

    public Config maxBufSize(long value) {
        return set("max_buf_size", value);
    }

    public Config maxNameLen(long value) {
        return set("max_name_len", value);
    }

    /** Whether connecting waits for the first flush, or for {@link Sender#connect}. */
    public Config lazyConnect(boolean value) {
        return set("lazy_connect", value);
    }

    public Config connectTimeout(Duration value) {
        return set("connect_timeout", value);
    }

    public Config tcpUserTimeout(Duration value) {
        return set("tcp_user_timeout", value);
    }

    public Config keepaliveIdle(Duration value) {
        return set("keepalive_idle", value);
    }

    public Config keepaliveInterval(Duration value) {
        return set("keepalive_interval", value);
    }

    public Config keepaliveCount(int value) {
        return set("keepalive_count", value);
    }

    public Config sendTimeout(Duration value) {
        return set("send_timeout", value);
    }

    public Config requestTimeout(Duration value) {
        return set("request_timeout", value);
    }

    /** In bytes per second. */
    public Config requestMinThroughput(long value) {
        return set("request_min_throughput", value);
    }

    public Config retryTimeout(Duration value) {
        return set("retry_timeout", value);
    }

    public Config retryMaxBackoff(Duration value) {
        return set("retry_max_backoff", value);
    }

    public Config delivery(Delivery value) {
        return set("delivery", value);
    }

    public Config userAgent(String value) {
        return set("user_agent", value);
    }

    /** Calls C with the address of this configuration. */
    long number(LongUnaryOperator call) {
        long config = enter();
        try {
            return call.applyAsLong(config);
        } finally {
            leave();
        }
    }
}
