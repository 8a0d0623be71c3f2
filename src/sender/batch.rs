//! [`Batch`]: what a flush hands from the encoder to the server.

use crate::ilp::{Buffer, ProtocolVersion};

/// Encoded rows on their way to a server. The code that sends and retries sees nothing else of the encoder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) rows: u64,
    /// Whether all rows belong to one table. If not, a server may store some tables and refuse others.
    pub(super) one_table: bool,
    /// The version that a server must know to read the bytes.
    pub(super) version: ProtocolVersion,
}

impl<'a> Batch<'a> {
    /// Returns all rows of a buffer that has no open row.
    pub(super) fn of(buffer: &'a Buffer) -> Batch<'a> {
        Batch {
            bytes: buffer.peek(),
            rows: buffer.row_count() as u64,
            one_table: buffer.is_transactional(),
            version: buffer.protocol_version(),
        }
    }
}
