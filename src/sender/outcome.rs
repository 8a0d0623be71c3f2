//! What is known about the data after an attempt: answers and failures turned into errors that say it.
//!
//! The rules are section by section those of doc/reliability.md: only a complete, authoritative answer decides; a request
//! whose last byte never reached the kernel is never executed; everything else is in doubt.

use serde_json::Value;

use crate::error::{Error, ErrorCode, Outcome, foreign};
use crate::transport::{Answer, Failure};

/// A server's message is shown up to this length.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Ids, codes and table names of a server are kept up to this length.
const MAX_WORD_BYTES: usize = 128;

/// Only this is success: 204, or 200 without a body, after the whole request.
pub(super) fn is_success(answer: &Answer) -> bool {
    answer.request_complete
        && (answer.status == 204
            // An empty body that only ended with the connection may have been cut off.
            || answer.status == 200 && answer.self_delimited && answer.body.is_empty())
}

/// What a status says: how to name it, what it does to the data, whether a later attempt may succeed.
fn verdict(status: u16, single_table: bool) -> (ErrorCode, Outcome, bool) {
    use ErrorCode::{Auth, NotQuestdb, PayloadTooLarge, Rejected, Unavailable};
    // QuestDB commits table by table, so a refusal speaks for the whole request only if there is one table.
    let refused = if single_table { Outcome::Rejected } else { Outcome::Partial };
    match status {
        300..=399 | 404 | 405 => (NotQuestdb, Outcome::Rejected, false),
        401 | 403 => (Auth, Outcome::Rejected, false),
        408 => (Unavailable, Outcome::InDoubt, true),
        413 => (PayloadTooLarge, Outcome::Rejected, false),
        415 => (Rejected, Outcome::Rejected, false),
        421 => (Unavailable, Outcome::Rejected, false),
        425 | 429 | 503 => (Unavailable, Outcome::Rejected, true),
        400..=499 => (Rejected, refused, false),
        500 | 502 | 504 | 507 | 509 | 520..=529 | 599 => (Unavailable, Outcome::InDoubt, true),
        500..=599 => (Unavailable, Outcome::InDoubt, false),
        _ => (NotQuestdb, Outcome::InDoubt, false),
    }
}

/// The error for an answer that is not success.
#[cold]
pub(super) fn refused(answer: &Answer, single_table: bool) -> Error {
    let (code, mut outcome, retryable) = verdict(answer.status, single_table);
    if !answer.request_complete && matches!(outcome, Outcome::InDoubt | Outcome::Partial) {
        outcome =
            if (400..500).contains(&answer.status) { Outcome::Rejected } else { Outcome::NotSent };
    }
    let server = if answer.is_json { ServerError::parse(&answer.body) } else { None };
    let status = answer.status;
    // A row that cannot be read stops the request before anything is committed; only commits go table by table.
    if outcome == Outcome::Partial && server.as_ref().is_some_and(|server| server.line > 0) {
        outcome = Outcome::Rejected;
    }
    let message = match &server {
        Some(server) => format!(
            "server refused the flush: {} [status: {status}{}]",
            server.message,
            server.details()
        ),
        None => {
            let hint = match status {
                200..=299 => "not a QuestDB answer: ",
                300..=399 => "redirects are not followed: ",
                401 | 403 => "credentials were refused: ",
                404 | 405 => "no QuestDB ILP endpoint: ",
                _ => "server refused the flush: ",
            };
            let body = foreign(&answer.body, MAX_MESSAGE_BYTES);
            format!("{hint}status {status}{}{body}", if answer.body.is_empty() { "" } else { ": " })
        }
    };
    let mut error = Error::new(code, message).outcome_is(outcome).retryable(retryable);
    let facts = error.facts_mut();
    facts.http_status = status;
    facts.retry_after = answer.retry_after;
    facts.bytes_sent = answer.bytes_sent;
    if let Some(server) = server {
        facts.server_error_id = server.id;
        facts.server_code = server.code;
        facts.server_line = server.line;
    }
    error
}

/// The error for an exchange without a complete answer.
#[cold]
pub(super) fn failed(failure: Failure) -> Error {
    let outcome = if failure.executable { Outcome::InDoubt } else { Outcome::NotSent };
    let mut error = failure.error.outcome_is(outcome);
    error.facts_mut().bytes_sent = failure.bytes_sent;
    error
}

/// QuestDB's JSON error.
struct ServerError {
    message: String,
    id: Option<String>,
    code: Option<String>,
    line: u64,
}

impl ServerError {
    fn parse(body: &[u8]) -> Option<ServerError> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let word = |key: &str| {
            let text = json.get(key)?.as_str()?;
            Some(foreign(text.as_bytes(), MAX_WORD_BYTES).to_string())
        };
        Some(ServerError {
            message: foreign(json.get("message")?.as_str()?.as_bytes(), MAX_MESSAGE_BYTES)
                .to_string(),
            id: word("errorId"),
            code: word("code"),
            line: json.get("line").and_then(Value::as_u64).unwrap_or(0),
        })
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
    use super::*;

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
            (429, Unavailable, Outcome::Rejected, true),
            (500, Unavailable, Outcome::InDoubt, true),
            (501, Unavailable, Outcome::InDoubt, false),
            (503, Unavailable, Outcome::Rejected, true),
            (525, Unavailable, Outcome::InDoubt, true),
            (700, NotQuestdb, Outcome::InDoubt, false),
        ];
        for (status, code, outcome, retryable) in table {
            let e = refused(&answer(status, "x", false), false);
            assert_eq!(
                (e.code(), e.outcome(), e.is_retryable()),
                (code, outcome, retryable),
                "{status}"
            );
            assert_eq!(e.http_status(), status);
        }
        assert_eq!(refused(&answer(400, "", false), true).outcome(), Outcome::Rejected);
        let early = Answer { request_complete: false, ..answer(500, "", false) };
        assert_eq!(refused(&early, false).outcome(), Outcome::NotSent);
    }

    #[test]
    fn the_server_error_is_read_and_bounded() {
        let json = r#"{"code":"invalid","message":"bad\nline","line":3,"errorId":"a1b2-17"}"#;
        let e = refused(&answer(400, json, true), true);
        assert_eq!(
            e.message(),
            r"server refused the flush: bad\nline [status: 400, id: a1b2-17, code: invalid, line: 3]"
        );
        assert_eq!(
            (e.server_error_id(), e.server_code(), e.server_line()),
            (Some("a1b2-17"), Some("invalid"), 3)
        );
        assert_eq!(refused(&answer(400, json, true), false).outcome(), Outcome::Rejected);
        let commit = r#"{"code":"invalid","message":"commit error for table: t, errno: 12"}"#;
        assert_eq!(refused(&answer(400, commit, true), false).outcome(), Outcome::Partial);
        let huge = format!(r#"{{"message":"{}"}}"#, "x".repeat(60_000));
        let e = refused(&answer(400, &huge, true), true);
        assert!(
            e.message().len() < 1200 && e.message().contains("(60000 bytes)"),
            "{}",
            e.message().len()
        );
        let e = refused(&answer(401, "\u{1b}[31m\nno", false), true);
        assert_eq!(e.message(), r"credentials were refused: status 401: \u{1b}[31m\nno");
    }
}
