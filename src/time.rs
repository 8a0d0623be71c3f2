//! Dates of the protocol of HTTP.

use std::time::Duration;

/// Returns the time from now until a date in the form of RFC 9110, 5.6.7. It is zero if the date has passed, and `None` if
/// the text is not a date.
pub(crate) fn seconds_until_http_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(questdb_ingress_encoder::internal::now()).unwrap_or_default())
}
