//! Performs one HTTP/1.1 exchange: a constant request head, the caller's body without a copy, and an answer of limited size.
//!
//! The head is rendered once per sender; only its content length changes. Answers are read by the sans-IO engine of ureq.
//! After anything but a complete, well-formed exchange the connection is dropped, so that a late answer can never be taken
//! for the answer to the next request.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::response::{Answer, AnswerReader};
use crate::error::{Error, ErrorCode, Result};
use crate::net::Broken;
use crate::net::Secrets;
use crate::net::connection::{Connection, Outgoing, WriteEnd};
use crate::net::{Deadline, Net};

/// Room for the length of a body and the end of the head, in bytes.
const LENGTH_ROOM: usize = 64;

/// The parts of a request's head that do not depend on its body.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    /// Host and port.
    pub(crate) host: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) authorization: Option<&'a str>,
    /// The content type of the body, if there is one.
    pub(crate) content_type: Option<&'a str>,
}

/// The constant part of a request.
pub(crate) struct RequestHead {
    bytes: Zeroizing<Vec<u8>>,
    fixed: usize,
    /// The last answer that was a plain success and came in one piece. The parser's verdict depends on these bytes only, so
    /// the same bytes need not be parsed again. Most answers within a second are the same.
    usual_answer: Vec<u8>,
    /// Memory to read answers into.
    room: Vec<u8>,
}

impl RequestHead {
    pub(crate) fn new(request: Request<'_>) -> RequestHead {
        let lines = [
            request.method,
            " ",
            request.target,
            " HTTP/1.1\r\nhost: ",
            request.host,
            "\r\nuser-agent: ",
            request.user_agent,
            "\r\naccept: */*\r\n",
        ];
        let field = |name, value: Option<_>| value.map_or([""; 3], |value| [name, value, "\r\n"]);
        let authorization = field("authorization: ", request.authorization);
        let content_type = field("content-type: ", request.content_type);
        let texts = || lines.iter().chain(&authorization).chain(&content_type);
        // The secret goes into one allocation that has room for everything: a growing one would leave copies behind that are
        // not wiped.
        let room = texts().map(|text| text.len()).sum::<usize>() + LENGTH_ROOM;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        texts().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
        let fixed = bytes.len();
        RequestHead { bytes, fixed, usual_answer: Vec::new(), room: Vec::new() }
    }

    fn with_length(&mut self, length: Option<usize>) -> &[u8] {
        self.bytes.truncate(self.fixed);
        if let Some(length) = length {
            self.bytes.extend_from_slice(b"content-length: ");
            let mut digits = [0; 20];
            let (mut first, mut rest) = (digits.len(), length);
            while first == digits.len() || (rest > 0 && first > 0) {
                first -= 1;
                digits[first] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
            self.bytes.extend_from_slice(&digits[first..]);
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.bytes.extend_from_slice(b"\r\n");
        &self.bytes
    }
}

/// The error of an exchange without a complete answer.
#[derive(Debug)]
pub(crate) struct Incomplete {
    pub(crate) error: Error,
    /// Whether the server may have got the whole request, so that it may execute it.
    pub(crate) executable: bool,
    /// Whether the peer sent anything at all.
    pub(crate) answered: bool,
    pub(crate) bytes_sent: u64,
}

/// The answer of an exchange, and whether the connection can carry another one.
pub(crate) struct Exchange {
    pub(crate) result: Result<Answer, Incomplete>,
    pub(crate) reusable: bool,
}

/// Sends one request and reads its answer.
pub(crate) fn exchange(
    connection: &mut Connection,
    net: &dyn Net,
    head: &mut RequestHead,
    body: Option<&[u8]>,
    secrets: &Arc<Secrets>,
    deadline: Deadline,
) -> Exchange {
    let usual = std::mem::take(&mut head.usual_answer);
    let room = std::mem::take(&mut head.room);
    let mut reader = AnswerReader::new(usual, room, Arc::clone(secrets));
    let bytes = head.with_length(body.map(<[u8]>::len));
    let mut out = Outgoing::new(bytes, body.unwrap_or_default());
    let result = send(connection, net, &mut out, &mut reader, deadline)
        .and_then(|()| reader.finish(connection, net, deadline));
    let request_complete = out.is_complete();
    let bytes_sent = out.body_sent();
    let answered = reader.has_read();
    (head.usual_answer, head.room) = reader.into_parts();
    match result {
        Ok((mut answer, keep)) => {
            answer.request_complete = request_complete;
            answer.bytes_sent = bytes_sent;
            Exchange { result: Ok(answer), reusable: keep && request_complete }
        }
        Err(error) => {
            // Without a TLS session the peer cannot have read the request.
            let no_session = error.code() == ErrorCode::Tls && !error.is_retryable();
            let incomplete = Incomplete {
                error,
                executable: request_complete && !no_session,
                answered,
                bytes_sent,
            };
            Exchange { result: Err(incomplete), reusable: false }
        }
    }
}

/// Sends the request, or as much of it as the server wants before it answers.
fn send(
    connection: &mut Connection,
    net: &dyn Net,
    out: &mut Outgoing<'_>,
    reader: &mut AnswerReader,
    deadline: Deadline,
) -> Result<()> {
    loop {
        match connection.write(net, out, deadline, true) {
            Ok(WriteEnd::All) => return Ok(()),
            Ok(WriteEnd::PeerSent) => {
                // After an informational answer the body is sent on; after a final one the rest of the body is pointless.
                if reader.read_head(connection, net, deadline, SENDING)? {
                    return Ok(());
                }
            }
            Err(broken @ (Broken::Io(_) | Broken::Truncated)) => {
                // A server that refuses early may close before it has read the body. The kernel still has its answer, which
                // is more informative than the broken pipe.
                let error = broken.into_error(SENDING);
                loop {
                    match reader.parse_head() {
                        Ok(true) => return Ok(()),
                        Ok(false) if matches!(reader.more(connection, net, deadline), Ok(1..)) => {}
                        _ => return Err(error),
                    }
                }
            }
            Err(broken) => return Err(broken.into_error(SENDING)),
        }
    }
}

const SENDING: &str = "could not send the request";
