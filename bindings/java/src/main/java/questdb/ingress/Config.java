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
    /** The protocol by which rows are sent; HTTP confirms every flush, TCP confirms nothing. */
    public enum Protocol {
        HTTP, HTTPS, TCP, TCPS
    }

    /** The certificate authorities to trust: those of the library, of the operating system, both, or of a file. */
    public enum TlsCa {
        WEBPKI_ROOTS, OS_ROOTS, WEBPKI_AND_OS_ROOTS, PEM_FILE
    }

    /** What is sent again after a failure: all that may not have been stored, or only what certainly was not. */
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

    /** Sets one option to a number, by the key of the connection string. */
    public Config set(String key, long value) {
        return set(key, Long.toString(value));
    }

    /** Sets one option to a time in milliseconds; parts of one count as a whole one. */
    public Config set(String key, Duration value) {
        if (value == null || value.isNegative()) {
            throw invalid(Code.CONFIG, key + ": there is no time of " + value);
        }
        return set(key, Time.millis(value));
    }

    /** Sets one option to {@code on} or {@code off}, the latter also for times and limits that can be off. */
    public Config set(String key, boolean value) {
        return set(key, value ? "on" : "off");
    }

    private Config set(String key, Enum<?> value) {
        if (value == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the value of " + key + " is null");
        }
        return set(key, value.name().toLowerCase(Locale.ROOT));
    }

    /** Which protocol to send by. It must be set. */
    public Config protocol(Protocol value) {
        return set("protocol", value);
    }

    /** The addresses of the server, such as {@code localhost:9000}; another is tried where one fails. */
    public Config addr(String... addresses) {
        return set("addr", String.join(",", addresses));
    }

    /** The address or the name of the network interface to send from. */
    public Config bindInterface(String value) {
        return set("bind_interface", value);
    }

    /** The user for HTTP basic authentication, or the key id for TCP. */
    public Config username(String value) {
        return set("username", value);
    }

    /** The password for HTTP basic authentication. */
    public Config password(String value) {
        return set("password", value);
    }

    /** The bearer token for HTTP, or the private key for TCP as base64url. */
    public Config token(String value) {
        return set("token", value);
    }

    /** The x of the public key for TCP as base64url. */
    public Config tokenX(String value) {
        return set("token_x", value);
    }

    /** The y of the public key for TCP as base64url. */
    public Config tokenY(String value) {
        return set("token_y", value);
    }

    /** How long the login over TCP may take; 0 leaves it to {@link #sendTimeout}. */
    public Config authTimeout(Duration value) {
        return set("auth_timeout", value);
    }

    /** False is taken only by a library that was built for it. */
    public Config tlsVerify(boolean value) {
        return set("tls_verify", value ? "on" : "unsafe_off");
    }

    /** The certificate authorities to trust. */
    public Config tlsCa(TlsCa value) {
        return set("tls_ca", value);
    }

    /** A PEM file of certificate authorities to trust. */
    public Config tlsRoots(String file) {
        return set("tls_roots", file);
    }

    /** A PEM file with the certificate chain of this client. */
    public Config tlsCert(String file) {
        return set("tls_cert", file);
    }

    /** A PEM file with the key of that certificate. */
    public Config tlsKey(String file) {
        return set("tls_key", file);
    }

    /** 1, 2 or 3; without it the server is asked. */
    public Config protocolVersion(int value) {
        return set("protocol_version", value);
    }

    /** Whether ending a row sends the rows that wait when a limit is reached. */
    public Config autoFlush(boolean value) {
        return set("auto_flush", value);
    }

    /** Sends when so many rows wait. */
    public Config autoFlushRows(long value) {
        return set("auto_flush_rows", value);
    }

    /** Sends when so many bytes wait. */
    public Config autoFlushBytes(long value) {
        return set("auto_flush_bytes", value);
    }

    /** Sends when the last flush was so long ago. */
    public Config autoFlushInterval(Duration value) {
        return set("auto_flush_interval", value);
    }

    /** Whether the rows of a quiet sender of a pool go out when that time is over. No other sender takes it. */
    public Config autoFlushTimer(boolean on) {
        return set("auto_flush_timer", on ? "on" : "off");
    }

    /** The longest wait between two automatic flushes after failures. */
    public Config autoFlushMaxBackoff(Duration value) {
        return set("auto_flush_max_backoff", value);
    }

    /** Bytes of memory for rows to begin with. */
    public Config initBufSize(long value) {
        return set("init_buf_size", value);
    }

    /** The most bytes that the rows may have; more are refused. */
    public Config maxBufSize(long value) {
        return set("max_buf_size", value);
    }

    /** The longest name of a table or a column, in bytes. */
    public Config maxNameLen(long value) {
        return set("max_name_len", value);
    }

    /** Whether connecting waits for the first flush, or for {@link Sender#connect}. */
    public Config lazyConnect(boolean value) {
        return set("lazy_connect", value);
    }

    /** How long it may take to connect. */
    public Config connectTimeout(Duration value) {
        return set("connect_timeout", value);
    }

    /** How long sent bytes may stay unacknowledged until the connection counts as broken. */
    public Config tcpUserTimeout(Duration value) {
        return set("tcp_user_timeout", value);
    }

    /** How long a connection is idle before it is probed, in whole seconds. */
    public Config keepaliveIdle(Duration value) {
        return set("keepalive_idle", value);
    }

    /** The time between two probes of an idle connection, in whole seconds. */
    public Config keepaliveInterval(Duration value) {
        return set("keepalive_interval", value);
    }

    /** After so many probes without an answer the peer counts as gone. */
    public Config keepaliveCount(int value) {
        return set("keepalive_count", value);
    }

    /** How long a flush over TCP may take. */
    public Config sendTimeout(Duration value) {
        return set("send_timeout", value);
    }

    /** How long a request may take, beside what its size adds: see {@link #requestMinThroughput}. */
    public Config requestTimeout(Duration value) {
        return set("request_timeout", value);
    }

    /** In bytes per second. */
    public Config requestMinThroughput(long value) {
        return set("request_min_throughput", value);
    }

    /** How long a failed flush is tried again; 0 means one request. */
    public Config retryTimeout(Duration value) {
        return set("retry_timeout", value);
    }

    /** The longest pause between two attempts. */
    public Config retryMaxBackoff(Duration value) {
        return set("retry_max_backoff", value);
    }

    /** What is sent again after a failure. */
    public Config delivery(Delivery value) {
        return set("delivery", value);
    }

    /** The name by which this program calls itself to the server. */
    public Config userAgent(String value) {
        return set("user_agent", value);
    }

    /** How many connections of a pool stay open however long they are idle. */
    public Config senderPoolMin(long value) {
        return set("sender_pool_min", value);
    }

    /** How many connections a pool has at most. */
    public Config senderPoolMax(long value) {
        return set("sender_pool_max", value);
    }

    /** How long a submit to a pool waits while its queue is full; zero does not wait. */
    public Config acquireTimeout(Duration value) {
        return set("acquire_timeout_ms", value);
    }

    /** How long a connection of a pool may be idle until it ends. */
    public Config idleTimeout(Duration value) {
        return set("idle_timeout_ms", value);
    }

    /** How many bytes of rows a pool holds at most. */
    public Config queueMaxBytes(long value) {
        return set("queue_max_bytes", value);
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
