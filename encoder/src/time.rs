//! The only reader of the wall clock.
#![expect(clippy::disallowed_methods, reason = "the owner of the wall clock")]

use std::time::SystemTime;

/// Returns the time of day.
pub fn now() -> SystemTime {
    SystemTime::now()
}
