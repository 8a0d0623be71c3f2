//! The answers to requests, and their bytes.

use crate::events::Why;
use crate::refusal::{Fault, Refusal};
use crate::session::lines::BadLine;
use crate::shared::Shared;

#[derive(Debug)]
pub(crate) struct HttpAnswer {
    status: u16,
    headers: String,
    body: Option<Content>,
    /// Why rows were refused, and the start of the line.
    refused: Option<Box<(Why, Vec<u8>)>>,
}

#[derive(Debug)]
struct Content {
    media_type: &'static str,
    text: String,
    chunked: bool,
}

/// How QuestDB begins to say what is wrong with the lines of a request.
const START: &str = "failed to parse line protocol:errors encountered on line(s):";

impl HttpAnswer {
    pub(crate) fn no_content() -> HttpAnswer {
        HttpAnswer { status: 204, headers: String::new(), body: None, refused: None }
    }

    pub(crate) fn ping() -> HttpAnswer {
        HttpAnswer { headers: "X-Influxdb-Version: v2.2.2\r\n".into(), ..HttpAnswer::no_content() }
    }

    pub(crate) fn plain(status: u16) -> HttpAnswer {
        let text = format!("{}\r\n", reason(status));
        let body = Content { media_type: "text/plain; charset=utf-8", text, chunked: false };
        HttpAnswer { status, headers: String::new(), body: Some(body), refused: None }
    }

    pub(crate) fn method_not_supported(method: &str) -> HttpAnswer {
        let mut answer = HttpAnswer::plain(405);
        if let Some(body) = &mut answer.body {
            body.text = format!("Method {method} not supported\r\n");
        }
        answer
    }

    /// Returns QuestDB's answer to an error.
    pub(crate) fn json(shared: &Shared, status: u16, code: &str, message: &str) -> HttpAnswer {
        HttpAnswer::error(shared, status, code, message, None)
    }

    pub(crate) fn too_large(shared: &Shared, max: usize) -> HttpAnswer {
        let message = format!(
            "transaction is too large, either flush more frequently or increase buffer size \
             \"line.http.max.recv.buffer.size\" [maxBufferSize={max}]"
        );
        HttpAnswer::json(shared, 413, "request too large", &message)
    }

    /// Returns QuestDB's answer to a unit that it does not know. It has the form of an answer to a bad line.
    pub(crate) fn unsupported_precision(shared: &Shared) -> HttpAnswer {
        let message = format!("{START}unsupported precision");
        HttpAnswer::error(shared, 400, "not supported", &message, Some(0))
    }

    pub(crate) fn bad_line(shared: &Shared, bad: &BadLine) -> HttpAnswer {
        let (number, said) = (bad.number, &bad.refusal.message);
        let answer = match bad.refusal.fault {
            Fault::Row => {
                let message = format!("{START}\nerror in line {number}: {said}");
                HttpAnswer::error(shared, 400, "invalid", &message, Some(number))
            }
            Fault::Writing => {
                let message = format!("{START}{said}");
                HttpAnswer::error(shared, 500, "internal error", &message, Some(number))
            }
            Fault::Full => HttpAnswer::full(shared, &bad.refusal),
        };
        HttpAnswer { refused: Some(Box::new((bad.why(), bad.text.clone()))), ..answer }
    }

    /// Returns the answer to rows that were refused when they were committed.
    pub(crate) fn refused(shared: &Shared, refusal: &Refusal) -> HttpAnswer {
        let answer = match refusal.fault {
            Fault::Row => HttpAnswer::error(shared, 400, "invalid", &refusal.message, None),
            Fault::Writing => {
                HttpAnswer::error(shared, 500, "internal error", &refusal.message, None)
            }
            Fault::Full => HttpAnswer::full(shared, refusal),
        };
        HttpAnswer { refused: Some(Box::new((Why::of(refusal), Vec::new()))), ..answer }
    }

    /// Returns the answer that there is no room. The request itself is correct, and may be sent again.
    fn full(shared: &Shared, refusal: &Refusal) -> HttpAnswer {
        let mut answer = HttpAnswer::error(shared, 503, "internal error", &refusal.message, None);
        answer.headers = "Retry-After: 1\r\n".to_owned();
        answer
    }

    /// Returns an answer with this JSON.
    pub(crate) fn text(status: u16, text: String) -> HttpAnswer {
        let body = Content { media_type: "application/json; charset=utf-8", text, chunked: true };
        HttpAnswer { status, headers: String::new(), body: Some(body), refused: None }
    }

    /// Returns the page. It may load nothing but what its own receiver answers.
    pub(crate) fn page(text: &str) -> HttpAnswer {
        let headers = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
                       Content-Security-Policy: default-src 'none'; connect-src 'self'; \
                       script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n";
        let media_type = "text/html; charset=utf-8";
        let body = Content { media_type, text: text.to_owned(), chunked: false };
        HttpAnswer { status: 200, headers: headers.to_owned(), body: Some(body), refused: None }
    }

    /// Returns the refusal that makes a browser ask its user for a name and a password.
    pub(crate) fn ask_for_login() -> HttpAnswer {
        let headers = "WWW-Authenticate: Basic realm=\"questdb-receiver\"\r\n".to_owned();
        HttpAnswer { headers, ..HttpAnswer::plain(401) }
    }

    /// Returns the head of an answer whose body follows in chunks.
    pub(crate) fn stream_head(media_type: &str, headers: &str, close: bool) -> Vec<u8> {
        let close = if close { "Connection: close\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: questdb-ingress-receiver\r\n{headers}{close}\
             Content-Type: {media_type}; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        head.into_bytes()
    }

    fn error(
        shared: &Shared,
        status: u16,
        code: &str,
        message: &str,
        line: Option<u64>,
    ) -> HttpAnswer {
        // The JSON is written by hand, because clients see the keys in this order.
        let message = serde_json::Value::from(message);
        let line = line.map(|n| format!(",\"line\":{n}")).unwrap_or_default();
        let id = shared.next_error_id();
        let text =
            format!("{{\"code\":\"{code}\",\"message\":{message}{line},\"errorId\":\"{id}\"}}");
        let body = Content { media_type: "application/json; charset=utf-8", text, chunked: true };
        HttpAnswer { status, headers: String::new(), body: Some(body), refused: None }
    }

    pub(crate) fn settings(versions: &[u8], max_name_len: usize) -> HttpAnswer {
        let versions: Vec<String> = versions.iter().map(u8::to_string).collect();
        let versions = match &versions[..] {
            [] => String::new(),
            list => format!("\"line.proto.support.versions\":[{}],", list.join(",")),
        };
        let text = format!(
            "{{\"config\":{{\"release.type\":\"OSS\",\"release.version\":\"[DEVELOPMENT]\",\
             \"http.settings.readonly\":false,\"accepting.writes\":[\"http\",\"tcp\"],{versions}\
             \"ilp.proto.transports\":[\"tcp\",\"http\"],\"posthog.enabled\":false,\
             \"posthog.api.key\":null,\"cairo.max.file.name.length\":{max_name_len}}},\
             \"preferences.version\":0,\"preferences\":{{}}}}"
        );
        let body = Content { media_type: "application/json; charset=utf-8", text, chunked: true };
        HttpAnswer { status: 200, headers: String::new(), body: Some(body), refused: None }
    }

    /// Returns why the request was refused.
    pub(crate) fn why(&self) -> Why {
        let by_status = || Why::new(code(self.status), reason(self.status));
        self.refused.as_ref().map_or_else(by_status, |refused| refused.0.clone())
    }

    /// Returns the start of the line that was refused.
    pub(crate) fn refused_line(&self) -> &[u8] {
        self.refused.as_ref().map_or(&[], |refused| &refused.1)
    }

    /// Returns whether the answer refuses the request.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// Returns the bytes of the answer.
    pub(crate) fn bytes(&self, to_head: bool, close: bool) -> Vec<u8> {
        let HttpAnswer { status, headers, body, .. } = self;
        let reason = reason(*status);
        let mut text =
            format!("HTTP/1.1 {status} {reason}\r\nServer: questdb-ingress-receiver\r\n{headers}");
        if close {
            text.push_str("Connection: close\r\n");
        }
        let mut content = String::new();
        if let Some(body) = body {
            text.push_str(&format!("Content-Type: {}\r\n", body.media_type));
            let (len, written) = (body.text.len(), &body.text);
            // The last chunk has the size `00`, as QuestDB sends it.
            if body.chunked {
                text.push_str("Transfer-Encoding: chunked\r\n");
                content = format!("{len:x}\r\n{written}\r\n00\r\n\r\n");
            } else {
                text.push_str(&format!("Content-Length: {len}\r\n"));
                content.clone_from(written);
            }
        }
        text.push_str("\r\n");
        if !to_head {
            text.push_str(&content);
        }
        text.into_bytes()
    }
}

/// Returns the word for a refusal that no row has caused.
fn code(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHORIZED",
        404 | 405 => "WRONG_PATH",
        413 => "TOO_LARGE",
        415 => "UNSUPPORTED",
        431 => "HEAD_TOO_LARGE",
        503 => "FULL",
        _ => "BAD_REQUEST",
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}
