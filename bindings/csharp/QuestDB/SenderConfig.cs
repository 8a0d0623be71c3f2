using System;
using System.Globalization;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    public enum Protocol
    {
        Http, Https, Tcp, Tcps
    }

    /// <summary>The certificate authorities to trust.</summary>
    public enum TlsCa
    {
        WebpkiRoots, OsRoots, WebpkiAndOsRoots, PemFile
    }

    /// <summary>What is sent again after a failure: all that may not have been stored, or only what certainly was not.</summary>
    public enum Delivery
    {
        AtLeastOnce, AtMostOnce
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

        /// <summary>An empty configuration: Protocol and Addr must be set.</summary>
        public SenderConfig()
        {
            Library.Check();
            Check(Native.questdb_config_new(out handle));
        }

        /// <summary>From a connection string such as <c>http::addr=localhost:9000;</c>.</summary>
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

        public Protocol Protocol { set => Set("protocol", Word(value)); }

        /// <summary>One address, or several that are separated by commas.</summary>
        public string Addr { set => Set("addr", value); }

        public string BindInterface { set => Set("bind_interface", value); }

        public string Username { set => Set("username", value); }

        public string Password { set => Set("password", value); }

        public string Token { set => Set("token", value); }

        public string TokenX { set => Set("token_x", value); }

        public string TokenY { set => Set("token_y", value); }

        public TimeSpan AuthTimeout { set => Set("auth_timeout", Millis(value)); }

        public bool TlsVerify { set => Set("tls_verify", value ? "on" : "unsafe_off"); }

        public TlsCa TlsCa { set => Set("tls_ca", Word(value)); }

        public string TlsRoots { set => Set("tls_roots", value); }

        public string TlsCert { set => Set("tls_cert", value); }

        public string TlsKey { set => Set("tls_key", value); }

        /// <summary>1, 2 or 3; null asks the server.</summary>
        public int? ProtocolVersion { set => Set("protocol_version", value.HasValue ? Digits(value.Value) : "auto"); }

        public bool AutoFlush { set => Set("auto_flush", value ? "on" : "off"); }

        /// <summary>null for no limit.</summary>
        public int? AutoFlushRows { set => Set("auto_flush_rows", value.HasValue ? Digits(value.Value) : "off"); }

        /// <summary>null for no limit.</summary>
        public long? AutoFlushBytes { set => Set("auto_flush_bytes", value.HasValue ? Digits(value.Value) : "off"); }

        /// <summary>null for no limit.</summary>
        public TimeSpan? AutoFlushInterval { set => Set("auto_flush_interval", value.HasValue ? Millis(value.Value) : "off"); }

        public TimeSpan AutoFlushMaxBackoff { set => Set("auto_flush_max_backoff", Millis(value)); }

        public long InitBufSize { set => Set("init_buf_size", Digits(value)); }

        public long MaxBufSize { set => Set("max_buf_size", Digits(value)); }

        public int MaxNameLen { set => Set("max_name_len", Digits(value)); }

        /// <summary>Connects with the first flush, so that a sender can be made while the server is down.</summary>
        public bool LazyConnect { set => Set("lazy_connect", value ? "on" : "off"); }

        public TimeSpan ConnectTimeout { set => Set("connect_timeout", Millis(value)); }

        public TimeSpan SendTimeout { set => Set("send_timeout", Millis(value)); }

        /// <summary>null leaves a dead peer to the probes below.</summary>
        public TimeSpan? TcpUserTimeout { set => Set("tcp_user_timeout", value.HasValue ? Millis(value.Value) : "off"); }

        /// <summary>null for no probes.</summary>
        public TimeSpan? KeepaliveIdle { set => Set("keepalive_idle", value.HasValue ? Millis(value.Value) : "off"); }

        public TimeSpan KeepaliveInterval { set => Set("keepalive_interval", Millis(value)); }

        public int KeepaliveCount { set => Set("keepalive_count", Digits(value)); }

        public TimeSpan RequestTimeout { set => Set("request_timeout", Millis(value)); }

        /// <summary>Bytes per second.</summary>
        public long RequestMinThroughput { set => Set("request_min_throughput", Digits(value)); }

        public TimeSpan RetryTimeout { set => Set("retry_timeout", Millis(value)); }

        public TimeSpan RetryMaxBackoff { set => Set("retry_max_backoff", Millis(value)); }

        public Delivery Delivery { set => Set("delivery", Word(value)); }

        public string UserAgent { set => Set("user_agent", value); }

        internal override Handle Handle => handle;

        internal IntPtr Pointer => handle.Pointer;

        /// <summary>From the connection string in the environment variable QDB_CLIENT_CONF.</summary>
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

        /// <summary>An independent copy.</summary>
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
