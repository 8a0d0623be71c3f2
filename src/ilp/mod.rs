//! The encoder: converts rows to bytes of the line protocol, versions 1 to 3. It knows no I/O, clock or configuration.
//!
//! [`Buffer`] guarantees that it always holds whole, valid values: a call that fails leaves it exactly as it was.

mod array;
mod buffer;
mod contents;
mod decimal;
mod lines;
mod name_cache;
mod number;
mod remove_rows;
mod rewrite;
mod row_state;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
mod timestamp;
mod typed;
mod value;
mod whole_rows;
mod write;

use crate::error::{Result, err};

pub use buffer::{Buffer, BufferOptions};

/// The version of the line protocol.
#[repr(u8)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolVersion {
    /// Text only; every server.
    V1 = 1,
    /// Binary doubles and arrays; QuestDB 9.0 and newer.
    V2 = 2,
    /// Decimals; QuestDB 9.2 and newer.
    V3 = 3,
}

impl std::fmt::Display for ProtocolVersion {
    /// Writes the number of the version.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl ProtocolVersion {
    /// Returns whether everything is text: doubles are decimals, timestamp columns have microseconds only, and designated
    /// timestamps are nanoseconds without a unit.
    #[inline(always)]
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, ProtocolVersion::V1)
    }

    /// Returns the number as text, as in the option `protocol_version`.
    pub fn as_str(self) -> &'static str {
        match self {
            ProtocolVersion::V1 => "1",
            ProtocolVersion::V2 => "2",
            ProtocolVersion::V3 => "3",
        }
    }

    /// Returns the version with this number, which other languages use.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(crate) fn from_number(number: u32) -> Result<ProtocolVersion> {
        match number {
            1 => Ok(ProtocolVersion::V1),
            2 => Ok(ProtocolVersion::V2),
            3 => Ok(ProtocolVersion::V3),
            _ => Err(err!(InvalidArgument, "protocol version {number} is none of 1, 2 and 3")),
        }
    }
}
