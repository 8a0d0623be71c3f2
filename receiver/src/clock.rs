//! The wall clock, as rows and answers show it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the time since 1970.
pub(crate) fn since_1970() -> Duration {
    // Fuzz targets compare two runs of one input, so time stands still for them.
    if cfg!(fuzzing) {
        return Duration::from_secs(1_800_000_000);
    }
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Returns the nanoseconds since 1970.
pub(crate) fn now_nanos() -> i64 {
    i64::try_from(since_1970().as_nanos()).unwrap_or(i64::MAX)
}
