//! One HTTP/1.1 exchange: a constant request head, the caller's body without a copy, and a bounded answer.
//!
//! The head is rendered once per sender; only its content length changes. Answers are read by the sans-IO engine of ureq.
//! After anything but a complete, well-formed exchange the connection is dropped, so a late answer can never be taken for
//! the next request's.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::response::{Answer, AnswerReader};
use crate::error::{Error, ErrorCode, Result};
use crate::net::Broken;
use crate::net::Secrets;
use crate::net::connection::{Conn, Outgoing, Written};
use crate::net::{Deadline, Net};

/// The constant part of a request.
pub(crate) struct RequestHead {
    bytes: Zeroizing<Vec<u8>>,
    fixed: usize,
    /// The last answer that was a plain success and came in one piece. The engine decides by these bytes alone, so the
    /// same bytes mean the same again, and most answers within a second are the same.
    usual_answer: Vec<u8>,
}

impl RequestHead {
    /// `target` is the path and query; `authority` the host and port for the `Host` header.
    pub(crate) fn new(
        method: &str,
        target: &str,
        authority: &str,
        user_agent: &str,
        authorization: Option<&str>,
    ) -> RequestHead {
        // The secret goes into one allocation with room for all: a growing one would leave unwiped copies behind.
        let secret = authorization.map_or(0, str::len);
        let room = method.len() + target.len() + authority.len() + user_agent.len() + secret + 256;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        let line =
            [method, " ", target, " HTTP/1.1\r\nhost: ", authority, "\r\nuser-agent: ", user_agent];
        line.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
        bytes.extend_from_slice(b"\r\naccept: */*\r\n");
        if let Some(value) = authorization {
            let line = ["authorization: ", value, "\r\n"];
            line.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
        }
        if method == "POST" {
            bytes.extend_from_slice(b"content-type: text/plain; charset=utf-8\r\n");
        }
        let fixed = bytes.len();
        RequestHead { bytes, fixed, usual_answer: Vec::new() }
    }

    fn with_length(&mut self, method_has_body: bool, length: usize) -> &[u8] {
        self.bytes.truncate(self.fixed);
        if method_has_body {
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

/// An exchange without a complete answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the server may have got something that it executes: over HTTP the whole request, over TCP any byte.
    pub(crate) executable: bool,
    /// Whether the peer sent anything at all.
    pub(crate) answered: bool,
    pub(crate) bytes_sent: u64,
}

/// What an exchange did and whether the connection can carry another one.
pub(crate) struct Exchange {
    pub(crate) result: Result<Answer, Failure>,
    pub(crate) reusable: bool,
}

/// Sends one request and reads its answer.
pub(crate) fn exchange(
    conn: &mut Conn,
    net: &dyn Net,
    head: &mut RequestHead,
    body: Option<&[u8]>,
    secrets: &Arc<Secrets>,
    deadline: Deadline,
) -> Exchange {
    let usual = std::mem::take(&mut head.usual_answer);
    let mut reader = AnswerReader::new(usual, Arc::clone(secrets));
    let bytes = head.with_length(body.is_some(), body.map_or(0, <[u8]>::len));
    let mut out = Outgoing::new(bytes, body.unwrap_or_default());
    let result = send(conn, net, &mut out, &mut reader, deadline)
        .and_then(|()| reader.finish(conn, net, deadline));
    let request_complete = out.is_complete();
    let bytes_sent = out.body_sent();
    let answered = reader.has_read();
    head.usual_answer = reader.into_usual();
    match result {
        Ok((mut answer, keep)) => {
            answer.request_complete = request_complete;
            answer.bytes_sent = bytes_sent;
            Exchange { result: Ok(answer), reusable: keep && request_complete }
        }
        Err(error) => {
            // A peer with which there is no TLS session has not read the request.
            let no_session = error.code() == ErrorCode::Tls && !error.is_retryable();
            let failure = Failure {
                error,
                executable: request_complete && !no_session,
                answered,
                bytes_sent,
            };
            Exchange { result: Err(failure), reusable: false }
        }
    }
}

/// Sends the request, or as much of it as the server wants before it answers.
fn send(
    conn: &mut Conn,
    net: &dyn Net,
    out: &mut Outgoing<'_>,
    reader: &mut AnswerReader,
    deadline: Deadline,
) -> Result<()> {
    loop {
        match conn.write(net, out, deadline, true) {
            Ok(Written::All) => return Ok(()),
            Ok(Written::PeerSpoke) => {
                // An informational answer changes nothing; a final one makes the rest of the body pointless.
                if reader.read_head(conn, net, deadline, SENDING)? {
                    return Ok(());
                }
            }
            Err(broken @ (Broken::Io(_) | Broken::Truncated)) => {
                // A server that refuses early may close before the body is through: its answer is worth more than the
                // broken pipe, and the kernel still has it.
                let error = broken.into_error(SENDING);
                loop {
                    match reader.parse_head() {
                        Ok(true) => return Ok(()),
                        Ok(false) if matches!(reader.more(conn, net, deadline), Ok(1..)) => {}
                        _ => return Err(error),
                    }
                }
            }
            Err(broken) => return Err(broken.into_error(SENDING)),
        }
    }
}

const SENDING: &str = "could not send the request";
