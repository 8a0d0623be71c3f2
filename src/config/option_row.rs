//! What the table of options says of each: its name, the values and protocols that it is for, and its default.

use super::settings::Protocol;

/// The names of the options, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "TlsKey is called so because the option is")]
pub(super) enum Key {
    Protocol,
    Addr,
    BindInterface,
    Username,
    Password,
    Token,
    TokenX,
    TokenY,
    AuthTimeout,
    TlsVerify,
    TlsCa,
    TlsRoots,
    TlsCert,
    TlsKey,
    ProtocolVersion,
    AutoFlush,
    AutoFlushRows,
    AutoFlushBytes,
    AutoFlushInterval,
    AutoFlushTimer,
    AutoFlushMaxBackoff,
    InitBufSize,
    MaxBufSize,
    MaxNameLen,
    LazyConnect,
    ConnectTimeout,
    SendTimeout,
    TcpUserTimeout,
    KeepaliveIdle,
    KeepaliveInterval,
    KeepaliveCount,
    RequestTimeout,
    RequestMinThroughput,
    RetryTimeout,
    RetryMaxBackoff,
    Delivery,
    UserAgent,
    SenderPoolMin,
    SenderPoolMax,
    AcquireTimeout,
    IdleTimeout,
    QueueMaxBytes,
}

/// One option.
pub(super) struct OptionRow {
    pub(super) key: Key,
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: OptionKind,
    pub(super) on: AppliesTo,
    pub(super) default: DefaultValue,
    pub(super) help: &'static str,
}

/// The values that an option takes.
pub(super) enum OptionKind {
    Number { unit: &'static str, min: u64, max: u64, off: bool },
    Choice(&'static [&'static str]),
    Addrs,
    Interface,
    Path,
    Text { max: usize, ascii: bool },
    Secret { max: usize },
}

/// The protocols that an option applies to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AppliesTo {
    All,
    Http,
    Tcp,
    Tls,
}

impl AppliesTo {
    pub(super) fn covers(self, protocol: Protocol) -> bool {
        match self {
            AppliesTo::All => true,
            AppliesTo::Http => protocol.is_http(),
            AppliesTo::Tcp => !protocol.is_http(),
            AppliesTo::Tls => protocol.is_tls(),
        }
    }

    pub(super) fn names(self) -> &'static str {
        match self {
            AppliesTo::All => "all protocols",
            AppliesTo::Http => "http and https",
            AppliesTo::Tcp => "tcp and tcps",
            AppliesTo::Tls => "https and tcps",
        }
    }
}

pub(super) enum DefaultValue {
    Required,
    Unset,
    Value(&'static str),
    /// One default for http and https, another for tcp and tcps.
    Split {
        http: &'static str,
        tcp: &'static str,
    },
}

impl DefaultValue {
    pub(super) fn text(&self, protocol: Protocol) -> Option<&'static str> {
        match self {
            DefaultValue::Required | DefaultValue::Unset => None,
            DefaultValue::Value(text) => Some(text),
            DefaultValue::Split { http, tcp } => Some(if protocol.is_http() { http } else { tcp }),
        }
    }
}
