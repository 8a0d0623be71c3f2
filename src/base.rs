//! The base, which is in the encoder's package, under the names that it has there. The encoder shares more of it with the client
//! than it promises to others.

/// Failure.
pub(crate) mod error {
    pub(crate) use questdb_ingress_encoder::internal::ErrorParts;
    pub(crate) use questdb_ingress_encoder::{Error, ErrorCode, Outcome, Result};

    /// Makes an [`Error`] with a formatted message: `err!(InvalidName, "name {} is bad", shown(name))`.
    macro_rules! err {
        ($code:ident, $($arg:tt)+) => {
            questdb_ingress_encoder::internal::error(
                $crate::error::ErrorCode::$code,
                format_args!($($arg)+),
            )
        };
    }
    pub(crate) use err;
}

/// Memory that may be refused.
pub(crate) mod memory {
    pub(crate) use questdb_ingress_encoder::internal::room;
}

/// Checked names.
pub(crate) mod name {
    pub(crate) use questdb_ingress_encoder::{DEFAULT_MAX_NAME_LEN, TableRef};
}

/// Text of others within messages.
pub(crate) mod quoted {
    pub(crate) use questdb_ingress_encoder::internal::{foreign, shown};
}

/// Versions of the line protocol.
pub(crate) mod version {
    pub(crate) use questdb_ingress_encoder::ProtocolVersion;
}
