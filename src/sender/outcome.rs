//! What is known about the data after an attempt: converts answers and failures into errors that say it.
//!
//! The rules are those of doc/outcomes.md: only a complete, authoritative answer decides; a request whose last byte never
//! reached the kernel is never executed; everything else is in doubt.

use super::json::Json;
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome};
use crate::net::{Answer, Incomplete, Secrets};

/// A server's message is shown up to this length.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Ids, codes and table names of a server are kept up to this length.
const MAX_WORD_BYTES: usize = 128;

/// Returns whether an answer is success. Only 204, or 200 without a body, after the whole request, is.
pub(super) fn is_success(answer: &Answer) -> bool {
    answer.request_complete
        && (answer.status == 204
            // An empty body that ended only because the connection did may have been cut off.
            || answer.status == 200 && answer.self_delimited && answer.body.is_empty())
}

/// What a server was asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// To store rows.
    Rows { one_table: bool },
    /// To tell its settings.
    Settings,
}

/// Returns what a status says by itself: its code, what it means for the data, and whether a later attempt may succeed.
fn verdict(status: u16) -> (ErrorCode, Outcome, bool) {
    use ErrorCode::{Auth, NotQuestdb, PayloadTooLarge, Rejected, Unavailable};
    match status {
        300..=399 | 404 | 405 => (NotQuestdb, Outcome::Rejected, false),
        401 | 403 => (Auth, Outcome::Rejected, false),
        408 => (Unavailable, Outcome::InDoubt, true),
        413 => (PayloadTooLarge, Outcome::Rejected, false),
        415 => (Rejected, Outcome::Rejected, false),
        421 => (Unavailable, Outcome::Rejected, false),
        // A proxy also sends these if the server behind it has stored the rows and the connection to it broke then.
        425 | 429 | 503 => (Unavailable, Outcome::InDoubt, true),
        // QuestDB commits table by table, so a refusal applies to the whole request only if there is one table.
        400..=499 => (Rejected, Outcome::Partial, false),
        500 | 502 | 504 | 507 | 509 | 520..=529 | 599 => (Unavailable, Outcome::InDoubt, true),
        500..=599 => (Unavailable, Outcome::InDoubt, false),
        _ => (NotQuestdb, Outcome::InDoubt, false),
    }
}

/// Returns what an answer says about rows, considering its body and headers too.
fn verdict_on_rows(
    answer: &Answer,
    server: Option<&ServerError>,
    one_table: bool,
) -> (ErrorCode, Outcome, bool) {
    let (code, outcome, retryable) = verdict(answer.status);
    let whole = answer.request_complete;
    let own = server.is_some_and(ServerError::is_of_questdb);
    let names_row = server.is_some_and(|server| server.line > 0);
    let outcome = match answer.status {
        // A row that cannot be read stops the request before anything is committed. If QuestDB names a row, the row is the
        // cause, even if the status blames the server.
        500 if own && names_row => return (ErrorCode::Rejected, Outcome::Rejected, false),
        // One table of several could not be committed, and those before it were.
        403 | 503 if own && !names_row && !one_table => Outcome::Partial,
        425 | 429 | 503 if own || answer.retry_after.is_some() || !whole => Outcome::Rejected,
        429 if is_connection_limit(&answer.body) => Outcome::Rejected,
        _ if outcome == Outcome::Partial && (one_table || names_row) => Outcome::Rejected,
        _ => outcome,
    };
    let outcome = match outcome {
        // A request that was not sent completely is not executed.
        Outcome::InDoubt | Outcome::Partial if !whole && answer.status / 100 == 4 => {
            Outcome::Rejected
        }
        Outcome::InDoubt | Outcome::Partial if !whole => Outcome::NotSent,
        outcome => outcome,
    };
    (code, outcome, retryable)
}

/// Returns whether this is the text with which QuestDB refuses one connection too many, before it reads a request.
fn is_connection_limit(body: &[u8]) -> bool {
    [&b"exceeded connection limit [name="[..], b"non-admin user reached connection limit [name="]
        .iter()
        .any(|text| body.starts_with(text))
}

/// Creates the error for an answer that is not success.
#[cold]
pub(super) fn refused(answer: &Answer, asked: Asked, secrets: &Secrets) -> Error {
    let server = if answer.is_json { ServerError::parse(&answer.body, secrets) } else { None };
    let (code, outcome, retryable) = match asked {
        Asked::Rows { one_table } => verdict_on_rows(answer, server.as_ref(), one_table),
        Asked::Settings => {
            let (code, _, retryable) = verdict(answer.status);
            let code = if code == ErrorCode::Rejected { ErrorCode::NotQuestdb } else { code };
            (code, Outcome::NotSent, retryable)
        }
    };
    let message = describe(answer, asked, server.as_ref(), secrets);
    let mut error = Error::new(code, message).outcome_is(outcome).retryable(retryable);
    let facts = error.facts_mut();
    facts.http_status = answer.status;
    facts.retry_after = answer.retry_after;
    facts.bytes_sent = answer.bytes_sent;
    if let Some(server) = server {
        facts.server_error_id = server.id;
        facts.server_code = server.code;
        facts.server_line = server.line;
    }
    error
}

fn describe(
    answer: &Answer,
    asked: Asked,
    server: Option<&ServerError>,
    secrets: &Secrets,
) -> String {
    let status = answer.status;
    let refused = match asked {
        Asked::Rows { .. } => "server refused the flush: ",
        Asked::Settings => "the server did not say: ",
    };
    if let Some(server) = server {
        return format!("{refused}{} [status: {status}{}]", server.message, server.details());
    }
    let hint = match status {
        200..=299 => "not a QuestDB answer: ",
        300..=399 => "redirects are not followed: ",
        401 | 403 => "credentials were refused: ",
        404 | 405 => "no QuestDB ILP endpoint: ",
        _ => refused,
    };
    let body = secrets.foreign(&answer.body, answer.cut_off, MAX_MESSAGE_BYTES);
    format!("{hint}status {status}{}{body}", if answer.body.is_empty() { "" } else { ": " })
}

/// Creates the error for an exchange without a complete answer.
#[cold]
pub(super) fn unanswered(incomplete: Incomplete) -> Error {
    let outcome = if incomplete.executable { Outcome::InDoubt } else { Outcome::NotSent };
    let mut error = incomplete.error.outcome_is(outcome);
    error.facts_mut().bytes_sent = incomplete.bytes_sent;
    error
}

/// The JSON that QuestDB sends with an error.
struct ServerError {
    message: String,
    id: Option<String>,
    code: Option<String>,
    line: u64,
}

impl ServerError {
    fn parse(body: &[u8], secrets: &Secrets) -> Option<ServerError> {
        let json = Json::parse(body).ok()?;
        let text =
            |key: &str, max| Some(secrets.foreign(json.get(key)?.as_str()?.as_bytes(), false, max));
        Some(ServerError {
            message: text("message", MAX_MESSAGE_BYTES)?,
            id: text("errorId", MAX_WORD_BYTES),
            code: text("code", MAX_WORD_BYTES),
            line: json.get("line").and_then(Json::as_u64).unwrap_or(0),
        })
    }

    /// Returns whether the JSON is QuestDB's. Proxies also send JSON with a message, but without an error id and a code in
    /// words.
    fn is_of_questdb(&self) -> bool {
        self.id.is_some() && self.code.is_some()
    }

    fn details(&self) -> String {
        let mut text = String::new();
        for (name, value) in [("id", &self.id), ("code", &self.code)] {
            if let Some(value) = value {
                text.push_str(&format!(", {name}: {value}"));
            }
        }
        if self.line > 0 {
            text.push_str(&format!(", line: {}", self.line));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Auth, Secret};

    const ONE: Asked = Asked::Rows { one_table: true };
    const SEVERAL: Asked = Asked::Rows { one_table: false };

    fn answer(status: u16, body: &str, is_json: bool) -> Answer {
        Answer {
            status,
            is_json,
            body: body.into(),
            request_complete: true,
            self_delimited: true,
            ..Answer::default()
        }
    }

    fn refuse(answer: &Answer, asked: Asked) -> Error {
        refused(answer, asked, &Secrets::default())
    }

    #[test]
    fn only_an_empty_2xx_after_the_whole_request_is_success() {
        assert!(is_success(&answer(204, "", false)));
        assert!(is_success(&answer(200, "", false)));
        assert!(!is_success(&answer(200, "<html>", false)));
        assert!(!is_success(&answer(202, "", false)));
        assert!(!is_success(&Answer { request_complete: false, ..answer(204, "", false) }));
        assert!(!is_success(&Answer { self_delimited: false, ..answer(200, "", false) }));
    }

    #[test]
    fn statuses_are_read_as_documented() {
        use ErrorCode::{Auth, NotQuestdb, PayloadTooLarge, Rejected, Unavailable};
        let table = [
            (200, NotQuestdb, Outcome::InDoubt, false),
            (302, NotQuestdb, Outcome::Rejected, false),
            (400, Rejected, Outcome::Partial, false),
            (401, Auth, Outcome::Rejected, false),
            (404, NotQuestdb, Outcome::Rejected, false),
            (408, Unavailable, Outcome::InDoubt, true),
            (413, PayloadTooLarge, Outcome::Rejected, false),
            (418, Rejected, Outcome::Partial, false),
            (421, Unavailable, Outcome::Rejected, false),
            (425, Unavailable, Outcome::InDoubt, true),
            (429, Unavailable, Outcome::InDoubt, true),
            (500, Unavailable, Outcome::InDoubt, true),
            (501, Unavailable, Outcome::InDoubt, false),
            (503, Unavailable, Outcome::InDoubt, true),
            (525, Unavailable, Outcome::InDoubt, true),
            (700, NotQuestdb, Outcome::InDoubt, false),
        ];
        for (status, code, outcome, retryable) in table {
            let e = refuse(&answer(status, "x", false), SEVERAL);
            assert_eq!(
                (e.code(), e.outcome(), e.is_retryable()),
                (code, outcome, retryable),
                "{status}"
            );
            assert_eq!(e.http_status(), Some(status));
        }
        assert_eq!(refuse(&answer(400, "", false), ONE).outcome(), Outcome::Rejected);
        for (status, outcome) in [
            (400, Outcome::Rejected),
            (408, Outcome::Rejected),
            (429, Outcome::Rejected),
            (500, Outcome::NotSent),
            (503, Outcome::Rejected),
        ] {
            let early = Answer { request_complete: false, ..answer(status, "", false) };
            assert_eq!(refuse(&early, SEVERAL).outcome(), outcome, "{status}");
        }
    }

    /// Proxies answer 503 and 429 even if the server behind them has stored the rows.
    #[test]
    fn a_busy_server_is_believed_if_it_is_questdb_or_says_when() {
        let own = r#"{"code":"retry operation","message":"table renamed","errorId":"a1-7"}"#;
        for status in [425, 429, 503] {
            let says = |body, is_json| refuse(&answer(status, body, is_json), ONE).outcome();
            assert_eq!(says(own, true), Outcome::Rejected, "{status}");
            assert_eq!(says(own, false), Outcome::InDoubt, "{status}: not said to be JSON");
            assert_eq!(says("", false), Outcome::InDoubt, "{status}");
            for of_a_proxy in [
                r#"{"message":"Service Unavailable"}"#,
                r#"{"code":503,"message":"upstream connect error"}"#,
                r#"{"code":"UNAVAILABLE","message":"no healthy upstream"}"#,
                r#"{"errorId":"a1-7"}"#,
            ] {
                assert_eq!(says(of_a_proxy, true), Outcome::InDoubt, "{status}: {of_a_proxy}");
            }
            let later = Some(Duration::ZERO);
            let timed = Answer { retry_after: later, ..answer(status, "<html>", false) };
            assert_eq!(refuse(&timed, SEVERAL).outcome(), Outcome::Rejected, "{status}");
        }
        // The tables before the one that could not be committed are stored.
        for status in [403, 503] {
            let e = refuse(&answer(status, own, true), SEVERAL);
            assert_eq!(e.outcome(), Outcome::Partial, "{status}");
        }
        let limit = "exceeded connection limit [name=http_ilp, numOfConnections=1, limit=1]";
        assert_eq!(refuse(&answer(429, limit, false), ONE).outcome(), Outcome::Rejected);
        assert_eq!(refuse(&answer(503, limit, false), ONE).outcome(), Outcome::InDoubt);
    }

    #[test]
    fn a_500_that_names_a_row_is_a_refusal() {
        let named = r#"{"code":"internal error","message":"x","line":4,"errorId":"a1-7"}"#;
        for asked in [ONE, SEVERAL] {
            let e = refuse(&answer(500, named, true), asked);
            assert_eq!((e.code(), e.outcome()), (ErrorCode::Rejected, Outcome::Rejected));
            assert_eq!((e.is_retryable(), e.server_line()), (false, Some(4)));
        }
        for other in [
            r#"{"code":"internal error","message":"commit error","errorId":"a1-7"}"#,
            r#"{"code":"internal error","message":"x","line":0,"errorId":"a1-7"}"#,
            // Web frameworks answer like this if they fail themselves.
            r#"{"message":"x","exception":"E","file":"a.php","line":4}"#,
        ] {
            let e = refuse(&answer(500, other, true), ONE);
            assert_eq!((e.code(), e.outcome()), (ErrorCode::Unavailable, Outcome::InDoubt));
            assert!(e.is_retryable(), "{other}");
        }
    }

    #[test]
    fn asking_is_not_flushing() {
        for (status, code) in [(500, ErrorCode::Unavailable), (400, ErrorCode::NotQuestdb)] {
            let e = refuse(&answer(status, "oops", false), Asked::Settings);
            assert_eq!((e.code(), e.outcome()), (code, Outcome::NotSent));
            assert_eq!(e.message(), format!("the server did not say: status {status}: oops"));
        }
    }

    #[test]
    fn the_server_error_is_read_and_bounded() {
        let json = r#"{"code":"invalid","message":"bad\nline","line":3,"errorId":"a1b2-17"}"#;
        let e = refuse(&answer(400, json, true), ONE);
        assert_eq!(
            e.message(),
            r"server refused the flush: bad\nline [status: 400, id: a1b2-17, code: invalid, line: 3]"
        );
        assert_eq!(
            (e.server_error_id(), e.server_code(), e.server_line()),
            (Some("a1b2-17"), Some("invalid"), Some(3))
        );
        assert_eq!(refuse(&answer(400, json, true), SEVERAL).outcome(), Outcome::Rejected);
        let commit = r#"{"code":"invalid","message":"commit error for table: t, errno: 12"}"#;
        assert_eq!(refuse(&answer(400, commit, true), SEVERAL).outcome(), Outcome::Partial);
        let huge = format!(r#"{{"message":"{}"}}"#, "x".repeat(60_000));
        let e = refuse(&answer(400, &huge, true), ONE);
        assert!(
            e.message().len() < 1200 && e.message().contains("(60000 bytes)"),
            "{}",
            e.message().len()
        );
        let e = refuse(&answer(401, "\u{1b}[31m\nno", false), ONE);
        assert_eq!(e.message(), r"credentials were refused: status 401: \u{1b}[31m\nno");
    }

    #[test]
    fn what_was_sent_to_prove_who_we_are_is_not_shown() {
        let secrets = Secrets::new(&Auth::Bearer(Secret::new("canary/7f3a")));
        let json = r#"{"code":"canary\/7f3a","message":"no: Bearer canary/7f3a","errorId":"canary\u002f7f3a"}"#;
        for (status, is_json) in [(400, true), (401, false), (401, true), (500, true), (500, false)]
        {
            let e = refused(&answer(status, json, is_json), ONE, &secrets);
            let all = format!("{e} {e:?}");
            assert!(!all.contains("canary") && e.message().contains("no: ***"), "{all}");
            if is_json {
                assert_eq!((e.server_code(), e.server_error_id()), (Some("***"), Some("***")));
            }
        }
    }
}
