//! [`Atomicity`]: whether rows may be stored in part.

/// What a flush does with rows that the server could store only in part. These are rows of several tables, and all rows over
/// TCP.
///
/// ```
/// use questdb_ingress::{Atomicity, ErrorCode, Sender};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = sender.new_buffer()?;
/// buffer.row("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// buffer.row("quotes")?.column_f64("bid", 2615.5)?.at_now()?;
/// let e = sender.flush_and_keep_with(&buffer, Atomicity::AllOrNothing).unwrap_err();
/// assert_eq!(e.code(), ErrorCode::InvalidState);
/// sender.flush_and_keep_with(&buffer, Atomicity::Any)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Atomicity {
    /// Sends them; an error may say [`Outcome::Partial`](crate::Outcome::Partial).
    #[default]
    Any,
    /// Refuses them and sends nothing.
    AllOrNothing,
}
