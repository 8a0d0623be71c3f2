//! ILP over HTTP: the requests of a connection are answered one after the other, as QuestDB answers them.

mod answer;
mod body;
mod reading;
mod request;

use super::lines::LineReader;
use crate::Listener;
use crate::io::connection::Connection;
use crate::line::TimeUnit;
use crate::shared::{Shared, count};
use answer::HttpAnswer;
use body::BodyError;
use reading::After;
use request::{Body, HeadError, Request};

/// Bodies up to this size in bytes are read even if the answer does not depend on them, so that the connection can be kept.
const MAX_DRAINED: u64 = 1 << 20;

pub(crate) fn serve(shared: &Shared, mut connection: Connection) {
    loop {
        let request = match request::read(&mut connection) {
            Ok(Some(request)) => request,
            Ok(None) => return connection.close(),
            Err(HeadError::Closed) => return,
            Err(HeadError::Bad(status)) => {
                let bad = HttpAnswer::plain(status);
                shared.refuse(Listener::Http, connection.peer(), &bad.why(), b"");
                // After a malformed head the rest of the connection cannot be understood either.
                if connection.send(&bad.bytes(false, true)).is_ok() {
                    connection.close_after_answer();
                }
                return;
            }
        };
        count(&shared.counters.requests, 1);
        match reading::serve(shared, &mut connection, &request) {
            None => {}
            Some(After::Goes) => continue,
            Some(After::Closes) => return connection.close_after_answer(),
            Some(After::Gone) => return,
        }
        let Some((answer, body_read)) = answer(shared, &mut connection, &request) else { return };
        if answer.is_refusal() {
            shared.refuse(Listener::Http, connection.peer(), &answer.why(), answer.refused_line());
        }
        let close = request.close || !body_read;
        if connection.send(&answer.bytes(request.is_head(), close)).is_err() {
            return;
        }
        if close {
            return connection.close_after_answer();
        }
    }
}

/// Returns the answer, and whether the body was read to its end, or `None` if the peer has gone.
fn answer(
    shared: &Shared,
    connection: &mut Connection,
    request: &Request,
) -> Option<(HttpAnswer, bool)> {
    let unit = match judge_head(shared, request) {
        Ok(unit) => unit,
        Err(answer) => return drain(connection, request).map(|done| (answer, done)),
    };
    let max = shared.options.max_body;
    let too_large = || HttpAnswer::too_large(shared, max);
    if matches!(request.body, Body::Length(len) if usize::try_from(len).map_or(true, |l| l > max)) {
        return Some((too_large(), false));
    }
    if request.expects_continue && connection.unread().is_empty() {
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut lines = Ok(LineReader::new(&shared.store, unit));
    let mut len = 0;
    let result = body::read(connection, request.body, |part| {
        len += part.len();
        // The rest of a refused body is read, so that the connection can be kept. Its rows are freed.
        if let Ok(reader) = &mut lines
            && let Err(bad) = reader.feed(&shared.store, part)
        {
            lines = Err(bad);
        }
        len <= max
    });
    shared.received(Listener::Http, len);
    match result {
        Err(BodyError::Closed) => return None,
        Err(BodyError::Bad) => return Some((HttpAnswer::plain(400), false)),
        Err(BodyError::Stopped) => return Some((too_large(), false)),
        Ok(()) => {}
    }
    let lines = lines.and_then(|mut reader| reader.end(&shared.store).map(|()| reader));
    let answer = match lines {
        Err(bad) => HttpAnswer::bad_line(shared, &bad),
        Ok(mut lines) => match shared.commit(Listener::Http, lines.batch().take()) {
            Ok(()) => HttpAnswer::no_content(),
            Err(refusal) => HttpAnswer::refused(shared, &refusal),
        },
    };
    Some((answer, true))
}

/// Decides everything that depends on the head alone. `Ok` means that rows follow, with the unit of timestamps that have none.
fn judge_head(shared: &Shared, request: &Request) -> Result<TimeUnit, HttpAnswer> {
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
            if request.gzip {
                let message = "gzip encoding is not supported";
                return Err(HttpAnswer::json(shared, 415, "not supported", message));
            }
            let unsupported =
                || HttpAnswer::json(shared, 400, "not supported", "unsupported precision");
            precision(request.parameter("precision")).ok_or_else(unsupported)
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
        None | Some("n" | "ns") => TimeUnit::Nanos,
        Some("u" | "us") => TimeUnit::Micros,
        Some("ms") => TimeUnit::Millis,
        Some("s") => TimeUnit::Seconds,
        Some("m") => TimeUnit::Minutes,
        Some("h") => TimeUnit::Hours,
        Some(_) => return None,
    })
}

/// Reads a body that has no effect on the answer. Returns `Some(false)` without reading it if it is too large, or if the client
/// waits before sending it.
fn drain(connection: &mut Connection, request: &Request) -> Option<bool> {
    let small = matches!(request.body, Body::Length(len) if len <= MAX_DRAINED);
    if !small || (request.expects_continue && request.body != Body::Length(0)) {
        return Some(false);
    }
    match body::read(connection, request.body, |_| true) {
        Ok(()) => Some(true),
        Err(_) => None,
    }
}
