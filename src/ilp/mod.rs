//! The encoder: rows to bytes of the line protocol, versions 1 to 3. Knows no I/O, clock or configuration.

/// The version of the line protocol.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolVersion {
    /// Text only; every server.
    V1 = 1,
    /// Binary doubles and arrays; QuestDB 9.0 and newer.
    V2 = 2,
    /// Decimals; QuestDB 9.2 and newer.
    V3 = 3,
}

/// Rows being built.
#[derive(Debug, Clone)]
pub struct Buffer;
