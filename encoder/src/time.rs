//! The only reader of the wall clock.
#![expect(clippy::disallowed_methods, reason = "the owner of the wall clock")]

use std::time::{Duration, SystemTime};

/// Returns the time of day.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Returns the time from now until a date in the form of RFC 9110, 5.6.7. It is zero if the date has passed, and `None` if
/// the text is not a date.
pub fn seconds_until_http_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}
