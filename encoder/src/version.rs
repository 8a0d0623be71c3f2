//! [`ProtocolVersion`]: the versions of the line protocol.

use std::fmt;

use crate::error::{Result, err};

/// The version of the line protocol.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, ProtocolVersion};
///
/// for (version, bytes) in [(ProtocolVersion::V1, &b"t x=1.5\n"[..]), (ProtocolVersion::V2, b"t x==\x10\0\0\0\0\0\0\xF8?\n")] {
///     let mut buffer = Buffer::new(version);
///     buffer.row("t")?.column_f64("x", 1.5)?.at_now()?;
///     assert_eq!(buffer.peek(), bytes, "version {version}");
/// }
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
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

impl fmt::Display for ProtocolVersion {
    /// Writes the number of the version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    /// `InvalidArgument` if there is none.
    pub(crate) fn from_number(number: u32) -> Result<ProtocolVersion> {
        match number {
            1 => Ok(ProtocolVersion::V1),
            2 => Ok(ProtocolVersion::V2),
            3 => Ok(ProtocolVersion::V3),
            _ => Err(err!(InvalidArgument, "protocol version {number} is none of 1, 2 and 3")),
        }
    }
}
