using System;
using System.Globalization;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>The protocol by which rows are sent.</summary>
    public enum Protocol
    {
        /// <summary>ILP over HTTP: every flush is confirmed.</summary>
        Http,

        /// <summary>ILP over HTTP with TLS.</summary>
        Https,

        /// <summary>ILP over TCP, which confirms nothing.</summary>
        Tcp,

        /// <summary>ILP over TCP with TLS.</summary>
        Tcps,
    }

    /// <summary>The certificate authorities to trust.</summary>
    public enum TlsCa
    {
        /// <summary>The roots that are built into the library.</summary>
        WebpkiRoots,

        /// <summary>The roots of the operating system.</summary>
        OsRoots,

        /// <summary>Both.</summary>
        WebpkiAndOsRoots,

        /// <summary>The certificates in the file that <c>TlsRoots</c> names.</summary>
        PemFile,
    }

    /// <summary>What is sent again after a failure: all that may not have been stored, or only what certainly was not.</summary>
    public enum Delivery
    {
        /// <summary>Rows whose fate is unknown are sent again, and may be stored twice.</summary>
        AtLeastOnce,

        /// <summary>Rows whose fate is unknown are not sent again.</summary>
        AtMostOnce,
    }

    /// <summary>
    /// Options for senders, as a connection string or one by one:
    /// <c>new SenderConfig { Protocol = Protocol.Http, Addr = "localhost:9000", RequestTimeout = TimeSpan.FromSeconds(5) }</c>
    /// Every option is described in doc/options.md under the same name. A wrong value is refused when it is set. What was set
    /// cannot be read, since some of it is secret. One call at a time may use a configuration.
    /// </summary>
    public sealed unsafe class SenderConfig : Guarded
    {
        private readonly Scratch scratch = new Scratch();
        private readonly ConfigHandle handle;

        /// <summary>Makes an empty configuration: Protocol and Addr must be set.</summary>
        public SenderConfig()
        {
            Library.Check();
            Check(Native.questdb_config_new(out handle));
        }

        /// <summary>Makes a configuration from a connection string such as <c>http::addr=localhost:9000;</c>.</summary>
        public SenderConfig(string conf)
        {
            Library.Check();
            var text = scratch.Fresh(conf, nameof(conf));
            Check(Native.questdb_config_from_conf(text, scratch.Length, out handle));
        }

        private SenderConfig(ConfigHandle handle)
        {
            this.handle = handle;
        }

        /// <summary>Which protocol to send by. Must be set.</summary>
        public Protocol Protocol { set => Set("protocol", Word(value)); }

        /// <summary>One address of a server, such as <c>localhost:9000</c>, or several that are separated by commas.</summary>
        public string Addr { set => Set("addr", value); }

        /// <summary>The address or the name of the network interface to send from.</summary>
        public string BindInterface { set => Set("bind_interface", value); }

        /// <summary>The user for HTTP basic authentication, or the key id for TCP.</summary>
        public string Username { set => Set("username", value); }

        /// <summary>The password for HTTP basic authentication.</summary>
        public string Password { set => Set("password", value); }

        /// <summary>The token for HTTP, or the private key for TCP, base64url.</summary>
        public string Token { set => Set("token", value); }

        /// <summary>The x of the public key for TCP, base64url.</summary>
        public string TokenX { set => Set("token_x", value); }

        /// <summary>The y of the public key for TCP, base64url.</summary>
        public string TokenY { set => Set("token_y", value); }

        /// <summary>How long the login over TCP may take.</summary>
        public TimeSpan AuthTimeout { set => Set("auth_timeout", Millis(value)); }

        /// <summary>Whether the server must prove who it is. Only a library that was built for it takes false.</summary>
        public bool TlsVerify { set => Set("tls_verify", value ? "on" : "unsafe_off"); }

        /// <summary>The certificate authorities to trust.</summary>
        public TlsCa TlsCa { set => Set("tls_ca", Word(value)); }

        /// <summary>A PEM file of certificate authorities to trust.</summary>
        public string TlsRoots { set => Set("tls_roots", value); }

        /// <summary>A PEM file with the certificate chain of this client.</summary>
        public string TlsCert { set => Set("tls_cert", value); }

        /// <summary>A PEM file with the key of that certificate.</summary>
        public string TlsKey { set => Set("tls_key", value); }

        /// <summary>The version of the protocol: 1, 2 or 3; null asks the server.</summary>
        public int? ProtocolVersion { set => Set("protocol_version", value.HasValue ? Digits(value.Value) : "auto"); }

        /// <summary>Whether ending a row sends the rows that wait when a limit is reached.</summary>
        public bool AutoFlush { set => Set("auto_flush", value ? "on" : "off"); }

        /// <summary>Sends when so many rows wait; null for no limit.</summary>
        public int? AutoFlushRows { set => Set("auto_flush_rows", value.HasValue ? Digits(value.Value) : "off"); }

        /// <summary>Sends when so many bytes wait; null for no limit.</summary>
        public long? AutoFlushBytes { set => Set("auto_flush_bytes", value.HasValue ? Digits(value.Value) : "off"); }

        /// <summary>Sends when the last flush was so long ago; null for no limit.</summary>
        public TimeSpan? AutoFlushInterval { set => Set("auto_flush_interval", value.HasValue ? Millis(value.Value) : "off"); }

        /// <summary>Whether the rows of a quiet sender of a pool go out when that time is over. No other sender takes it.</summary>
        public bool AutoFlushTimer { set => Set("auto_flush_timer", value ? "on" : "off"); }

        /// <summary>The longest wait between two automatic flushes after failures.</summary>
        public TimeSpan AutoFlushMaxBackoff { set => Set("auto_flush_max_backoff", Millis(value)); }

        /// <summary>Bytes of memory for rows to begin with.</summary>
        public long InitBufSize { set => Set("init_buf_size", Digits(value)); }

        /// <summary>The most bytes that the rows may have; more are refused.</summary>
        public long MaxBufSize { set => Set("max_buf_size", Digits(value)); }

        /// <summary>The longest name of a table or a column, in bytes.</summary>
        public int MaxNameLen { set => Set("max_name_len", Digits(value)); }

        /// <summary>Connects with the first flush, so that a sender can be made while the server is down.</summary>
        public bool LazyConnect { set => Set("lazy_connect", value ? "on" : "off"); }

        /// <summary>How long it may take to connect.</summary>
        public TimeSpan ConnectTimeout { set => Set("connect_timeout", Millis(value)); }

        /// <summary>How long a flush over TCP may take.</summary>
        public TimeSpan SendTimeout { set => Set("send_timeout", Millis(value)); }

        /// <summary>How long sent bytes may stay unacknowledged; null leaves a dead peer to the probes below.</summary>
        public TimeSpan? TcpUserTimeout { set => Set("tcp_user_timeout", value.HasValue ? Millis(value.Value) : "off"); }

        /// <summary>How long a connection is idle before it is probed; null for no probes.</summary>
        public TimeSpan? KeepaliveIdle { set => Set("keepalive_idle", value.HasValue ? Millis(value.Value) : "off"); }

        /// <summary>The time between two probes of an idle connection.</summary>
        public TimeSpan KeepaliveInterval { set => Set("keepalive_interval", Millis(value)); }

        /// <summary>After so many probes without an answer the peer counts as gone.</summary>
        public int KeepaliveCount { set => Set("keepalive_count", Digits(value)); }

        /// <summary>How long a request may take, beside what its size adds: see RequestMinThroughput.</summary>
        public TimeSpan RequestTimeout { set => Set("request_timeout", Millis(value)); }

        /// <summary>Bytes per second; a request may take so much longer than RequestTimeout. 0 adds nothing.</summary>
        public long RequestMinThroughput { set => Set("request_min_throughput", Digits(value)); }

        /// <summary>How long a failed flush is tried again.</summary>
        public TimeSpan RetryTimeout { set => Set("retry_timeout", Millis(value)); }

        /// <summary>The longest pause between two attempts.</summary>
        public TimeSpan RetryMaxBackoff { set => Set("retry_max_backoff", Millis(value)); }

        /// <summary>What is sent again after a failure.</summary>
        public Delivery Delivery { set => Set("delivery", Word(value)); }

        /// <summary>The name by which this program calls itself to the server.</summary>
        public string UserAgent { set => Set("user_agent", value); }

        /// <summary>How many connections of a pool stay open however long they are idle.</summary>
        public long SenderPoolMin { set => Set("sender_pool_min", Digits(value)); }

        /// <summary>How many connections a pool has at most.</summary>
        public long SenderPoolMax { set => Set("sender_pool_max", Digits(value)); }

        /// <summary>How long a submit to a pool waits while its queue is full; zero does not wait.</summary>
        public TimeSpan AcquireTimeout { set => Set("acquire_timeout_ms", Millis(value)); }

        /// <summary>How long a connection of a pool may be idle until it ends.</summary>
        public TimeSpan IdleTimeout { set => Set("idle_timeout_ms", Millis(value)); }

        /// <summary>How many bytes of rows a pool holds at most.</summary>
        public long QueueMaxBytes { set => Set("queue_max_bytes", Digits(value)); }

        internal override Handle Handle => handle;

        internal IntPtr Pointer => handle.Pointer;

        /// <summary>Makes a configuration from the connection string in the environment variable QDB_CLIENT_CONF.</summary>
        public static SenderConfig FromEnvironment()
        {
            Library.Check();
            Check(Native.questdb_config_from_env(out var handle));
            return new SenderConfig(handle);
        }

        /// <summary>Sets one option by the key of the connection string, replacing an earlier value.</summary>
        public SenderConfig Set(string key, string value)
        {
            Enter();
            try
            {
                var name = scratch.Fresh(key, nameof(key));
                var length = scratch.Length;
                var text = scratch.Text(value, nameof(value));
                Check(Native.questdb_config_set(handle.Pointer, name, length, text, scratch.Length));
                return this;
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Checks that all options together make sense; making a sender does the same.</summary>
        public void Validate()
        {
            Enter();
            try
            {
                Check(Native.questdb_config_validate(handle.Pointer));
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Returns an independent copy.</summary>
        public SenderConfig Clone()
        {
            Enter();
            try
            {
                Check(Native.questdb_config_clone(handle.Pointer, out var copy));
                return new SenderConfig(copy);
            }
            finally
            {
                Exit();
            }
        }

        private static string Digits(long number) => number.ToString(CultureInfo.InvariantCulture);

        /// <summary>Whole milliseconds upwards, so that a short time is not none; one below zero is for the library to refuse.</summary>
        private static string Millis(TimeSpan time) =>
            time < TimeSpan.Zero ? Digits(Math.Min(-1, time.Ticks / TimeSpan.TicksPerMillisecond)) : Digits((long)Times.Millis(time));

        /// <summary>AtLeastOnce as at_least_once.</summary>
        private static string Word(Enum value)
        {
            var word = new System.Text.StringBuilder();
            foreach (var c in value.ToString())
            {
                if (char.IsUpper(c) && word.Length > 0)
                {
                    word.Append('_');
                }
                word.Append(char.ToLowerInvariant(c));
            }
            return word.ToString();
        }
    }
}
