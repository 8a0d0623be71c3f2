//! Rows to send, for tests that do not care which.

use questdb_ingress::{Buffer, ProtocolVersion};

/// Returns a buffer of one table with about so many bytes.
///
/// # Panics
///
/// Panics where the encoder refuses the rows.
pub fn rows(bytes: usize) -> Buffer {
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    let text = "x".repeat(bytes.min(60_000));
    let mut row = 0;
    while buffer.len() < bytes.max(1) {
        let text = &text[..text.len().min(bytes - buffer.len())];
        buffer.table("trades").unwrap().column_str("note", text).unwrap();
        row += 1;
        buffer.at_nanos(1_700_000_000_000_000_000 + row).unwrap();
    }
    buffer
}
