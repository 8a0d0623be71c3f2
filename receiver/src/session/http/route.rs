//! Which path means what, and what is decided by the head of a request alone.

use super::answer::HttpAnswer;
use super::request::Request;
use crate::line::TimeUnit;
use crate::shared::Shared;

/// `Ok` means that rows follow, with the unit of timestamps that have none.
pub(super) fn judge(shared: &Shared, request: &Request) -> Result<TimeUnit, HttpAnswer> {
    let options = &shared.options;
    let admitted = || options.http_auth.admits(request.authorization.as_deref());
    // QuestDB sends no `WWW-Authenticate` header.
    let unauthorised = || HttpAnswer::plain(401);
    let reading = matches!(request.method.as_str(), "GET" | "HEAD");
    match request.path.as_str() {
        "/write" | "/api/v2/write" => {
            if request.method != "POST" {
                return Err(HttpAnswer::method_not_supported(&request.method));
            }
            if !admitted() {
                return Err(unauthorised());
            }
            let precision = precision(request.parameter("precision"));
            precision.ok_or_else(|| HttpAnswer::unsupported_precision(shared))
        }
        "/settings" if options.settings && reading => {
            if options.settings_auth && !admitted() {
                return Err(unauthorised());
            }
            Err(HttpAnswer::settings(&options.protocol_versions, options.policy.max_name_len))
        }
        "/ping" if reading => Err(HttpAnswer::ping()),
        _ if reading => Err(HttpAnswer::plain(404)),
        _ => Err(HttpAnswer::method_not_supported(&request.method)),
    }
}

fn precision(name: Option<&str>) -> Option<TimeUnit> {
    Some(match name {
        None | Some("" | "n" | "ns") => TimeUnit::Nanos,
        Some("u" | "us") => TimeUnit::Micros,
        Some("ms") => TimeUnit::Millis,
        Some("s") => TimeUnit::Seconds,
        Some("m") => TimeUnit::Minutes,
        Some("h") => TimeUnit::Hours,
        Some(_) => return None,
    })
}
