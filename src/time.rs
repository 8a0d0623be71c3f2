//! The only reader of the wall clock.
#![expect(clippy::disallowed_methods, reason = "the owner of the wall clock")]

use std::time::{Duration, SystemTime};

/// The time of day.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Time from now until a date in the form of RFC 9110, 5.6.7; zero when it has passed, `None` when it is not a date.
pub(crate) fn seconds_until_http_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}
