//! Why a connection stopped working, and what that means for the session and for the error that a caller sees.

use std::fmt;
use std::io;

use super::tls::explain;
use crate::error::{Error, ErrorParts as _, err};

/// Why a connection stopped working.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The deadline passed.
    Timeout,
    /// The call was cancelled from another thread.
    Cancelled,
    /// The peer ended the stream.
    Closed,
    /// The stream ended inside TLS without its closing message, so data may be missing.
    Truncated,
    /// The operating system reported an error.
    Io(io::Error),
    /// TLS failed. `refused` means that one side refused the other: there is no session, and trying again is pointless.
    Tls { message: String, refused: bool, cause: Option<Box<rustls::Error>> },
    /// The deadline passed before the peer said anything in the handshake. `plain` is the scheme without TLS that it may
    /// speak instead.
    NoTls { plain: &'static str },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Timeout => f.write_str("the deadline passed"),
            Broken::Cancelled => f.write_str("the call was cancelled"),
            Broken::Closed => f.write_str("the peer closed the connection"),
            Broken::Truncated => f.write_str("the peer closed the connection without ending TLS"),
            Broken::Io(e) => write!(f, "{e}"),
            Broken::Tls { message, .. } => f.write_str(message),
            Broken::NoTls { plain } => write!(
                f,
                "the deadline passed, the peer took the connection and did not answer the TLS handshake; it may not \
                 speak TLS: then use {plain}"
            ),
        }
    }
}

impl Broken {
    /// Returns the error that a caller sees; `what` says what was being done.
    #[cold]
    pub(crate) fn into_error(self, what: &str) -> Error {
        match self {
            Broken::Timeout | Broken::NoTls { .. } => {
                err!(Timeout, "{what}: {self}").retryable(true)
            }
            Broken::Cancelled => err!(Cancelled, "{what}: {self}"),
            Broken::Tls { refused, ref cause, .. } => {
                let error = err!(Tls, "{what}: {self}").retryable(!refused);
                match cause {
                    Some(cause) => error.caused_by(TlsError((**cause).clone())),
                    None => error,
                }
            }
            Broken::Closed | Broken::Truncated => {
                err!(Connection, "{what}: {self}").retryable(true)
            }
            Broken::Io(e) => err!(Connection, "{what}: {e}").retryable(true).caused_by(e),
        }
    }
}

/// The error of the TLS library as the cause of one of this library.
///
/// Shown by its message in every form: what is derived for debugging would bring the names of all parts of the TLS library
/// into every program, some 20 KB.
pub(super) struct TlsError(pub(super) rustls::Error);

impl fmt::Debug for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for TlsError {}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        Broken::Io(e)
    }
}

/// The beginning of the message about a peer that answers a handshake with something else.
pub(super) const NOT_TLS: &str = "the peer does not speak TLS";

/// Converts an error of the TLS library. `unsettled` means that the peer may still refuse a session that the client takes
/// for established.
#[cold]
pub(super) fn tls_failed(e: &rustls::Error, handshake: bool, unsettled: bool) -> Broken {
    let message = match e {
        rustls::Error::InvalidMessage(_) if handshake => format!("{NOT_TLS}: {e}"),
        _ => explain(e),
    };
    let refused = handshake
        || unsettled && matches!(e, rustls::Error::AlertReceived(alert) if refuses_session(*alert));
    Broken::Tls { message, refused, cause: Some(Box::new(e.clone())) }
}

/// Returns whether an alert means that the peer does not accept the client, and so has read nothing that was sent in the
/// session.
fn refuses_session(alert: rustls::AlertDescription) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
    )
}

#[cold]
pub(super) fn tls_read_failed(e: io::Error) -> Broken {
    if e.kind() == io::ErrorKind::UnexpectedEof { Broken::Truncated } else { e.into() }
}

pub(super) fn is_reset(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}
