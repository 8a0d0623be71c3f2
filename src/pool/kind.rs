//! [`Kind`]: what makes buffers alike, so that one can stand in for another.

use questdb_ingress_encoder::internal::BufferParts as _;

use crate::error::Result;
use crate::ilp::{Buffer, BufferOptions};

/// The options of a buffer, and whether its version is a guess because no server was asked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) options: BufferOptions,
    pub(super) version_is_assumed: bool,
}

impl Kind {
    pub(super) fn of(buffer: &Buffer) -> Kind {
        Kind { options: buffer.options(), version_is_assumed: buffer.version_is_assumed() }
    }

    pub(super) fn new_buffer(self) -> Result<Buffer> {
        let mut buffer = Buffer::with_options(self.options)?;
        if self.version_is_assumed {
            buffer.assume_version();
        }
        Ok(buffer)
    }

    /// Empties a buffer, so that it is of this kind. `false` if it cannot become that.
    pub(super) fn renew(self, buffer: &mut Buffer) -> bool {
        buffer.clear();
        if self.version_is_assumed {
            // Sending has replaced the guess by what the server speaks, which may be the same.
            buffer.assume_version();
        }
        Kind::of(buffer) == self
    }
}
