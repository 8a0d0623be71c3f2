//! The answer to an HTTP/1.1 request, read within bounds by the sans-IO engine of ureq.

use std::sync::Arc;
use std::time::Duration;

use ureq_proto::client::state::RecvResponse;
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::http::{HeaderMap, Method, Request, Response, header};

use crate::error::{Error, Result, err};
use crate::net::Broken;
use crate::net::Connection;
use crate::net::Secrets;
use crate::net::{Deadline, Net};
use crate::time::seconds_until_http_date;

/// The most bytes of a head and the informational answers before it; more is refused.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most bytes of an answer's body that are kept. The rest is read only to see whether the answer is complete.
const MAX_BODY_BYTES: usize = 64 * 1024;
const READING: &str = "no complete answer from the server";

/// A complete answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_json: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    /// Whether the body goes on after what was kept.
    pub(crate) cut_off: bool,
    /// Whether the answer itself says where its body ends; otherwise the end of the connection did.
    pub(crate) self_delimited: bool,
    /// Whether the whole request had been handed to the kernel when the answer came.
    pub(crate) request_complete: bool,
    pub(crate) bytes_sent: u64,
}

/// The most memory that is kept from one answer for the next one.
const MAX_ROOM: usize = 4096;

/// Reads one answer, in whatever pieces it arrives.
#[cfg_attr(test, derive(Default))]
pub(super) struct AnswerReader {
    input: Vec<u8>,
    /// The last answer that was a plain success and came in one piece; empty if there is none.
    usual_answer: Vec<u8>,
    reads: u32,
    /// Bytes of informational answers.
    skipped: usize,
    /// How far the end of a head has been searched.
    searched: usize,
    /// How long the input was when the engine found no whole head in it.
    incomplete: usize,
    answered: bool,
    secrets: Arc<Secrets>,
    call: Option<Call<RecvResponse>>,
    head: Option<Response<()>>,
}

impl AnswerReader {
    /// Creates a reader that reads into `room`, which is empty and may have memory. Every field is named, because the default of
    /// the secrets would be an allocation for each answer.
    pub(super) fn new(usual_answer: Vec<u8>, room: Vec<u8>, secrets: Arc<Secrets>) -> AnswerReader {
        AnswerReader {
            input: room,
            usual_answer,
            reads: 0,
            skipped: 0,
            searched: 0,
            incomplete: 0,
            answered: false,
            secrets,
            call: None,
            head: None,
        }
    }

    /// Returns the usual answer and the room, for the next reader.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        let mut room = self.input;
        room.clear();
        // What a long answer needed is not kept.
        let room = if room.capacity() <= MAX_ROOM { room } else { Vec::new() };
        (self.usual_answer, room)
    }

    /// Returns whether the peer has sent anything.
    pub(super) fn has_read(&self) -> bool {
        self.answered
    }

    /// Parses what was read. Returns whether the head of the final answer is complete.
    pub(super) fn parse_head(&mut self) -> Result<bool> {
        if self.head.is_some() {
            return Ok(true);
        }
        self.skip_informational();
        let too_long = self.skipped + self.input.len() > MAX_HEAD_BYTES;
        let ask = !self.is_undecided() && (too_long || self.is_worth_asking());
        let (used, head) = if ask { self.ask_engine()? } else { (0, None) };
        if used > 0 {
            self.input.drain(..used);
            self.searched = 0;
        }
        self.skipped += if head.is_none() { used } else { 0 };
        if ask {
            self.incomplete = self.input.len();
        }
        if head.is_none() && self.skipped + self.input.len() > MAX_HEAD_BYTES {
            return Err(err!(
                NotQuestdb,
                "the head of the answer is longer than {MAX_HEAD_BYTES} bytes"
            ));
        }
        self.head = head;
        Ok(self.head.is_some())
    }

    /// Reads more, until something arrives. Returns whether the head of the final answer is complete then.
    pub(super) fn read_head(
        &mut self,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
        what: &str,
    ) -> Result<bool> {
        let more = self.more(connection, net, deadline);
        if matches!(more, Ok(1..)) {
            return self.parse_head();
        }
        // An error in what has arrived is more informative than the end of the stream.
        self.incomplete = 0;
        if self.parse_head()? {
            return Ok(true);
        }
        Err(more.err().unwrap_or_else(|| Broken::Closed.into_error(what)))
    }

    /// Returns the head of the final answer, if it is complete, and how many bytes of the input were used for it.
    fn ask_engine(&mut self) -> Result<(usize, Option<Response<()>>)> {
        if self.call.is_none() {
            self.call = Some(response_call().map_err(|e| self.not_http(&e))?);
        }
        let mut used = 0;
        let Some(call) = &mut self.call else { return Ok((used, None)) };
        // The verdict must not depend on how many bytes beyond the limit came with the last piece.
        let most = MAX_HEAD_BYTES.saturating_sub(self.skipped).min(self.input.len());
        loop {
            // Informational answers are consumed one by one.
            match call.try_response(&self.input[used..most], false) {
                Ok((0, None)) => return Ok((used, None)),
                Ok((n, None)) => used += n,
                Ok((n, Some(head))) => return Ok((used + n, Some(head))),
                Err(e) => return Err(self.not_http(&e)),
            }
        }
    }

    /// Returns whether the engine may find something new. It reads a head from its beginning each time, so a long head that
    /// arrives byte by byte must not be given to it for each byte. It is asked when the head has grown by a quarter, or has
    /// ended.
    fn is_worth_asking(&mut self) -> bool {
        let (len, seen) = (self.input.len(), self.incomplete);
        len <= 1024 || len >= seen + seen / 4 || self.find_end().is_some()
    }

    /// Returns where the first empty line ends.
    fn find_end(&mut self) -> Option<usize> {
        for at in self.searched.saturating_sub(2)..self.input.len() {
            match self.input[at..] {
                [b'\n', b'\n', ..] => return Some(at + 2),
                [b'\n', b'\r', b'\n', ..] => return Some(at + 3),
                _ => {}
            }
        }
        self.searched = self.input.len();
        None
    }

    /// Returns whether the engine would decide too early, so that its verdict would depend on how the bytes are cut into
    /// pieces. A TLS record shows only in its second byte, and an informational answer is skipped without the engine.
    fn is_undecided(&self) -> bool {
        matches!(self.input[..], [0x15 | 0x16]) || self.is_informational()
    }

    fn is_informational(&self) -> bool {
        let rest = self.input.strip_prefix(b"HTTP/1.").and_then(<[u8]>::first_chunk);
        match rest {
            // The engine takes 101 for a final answer.
            Some([b'0' | b'1', b' ', b'1', b'0', b'1', _]) => false,
            Some([b'0' | b'1', b' ', b'1', tens, units, b' ' | b'\r' | b'\n']) => {
                tens.is_ascii_digit() && units.is_ascii_digit()
            }
            _ => false,
        }
    }

    /// Drops complete informational answers, because the engine does not expect them to have headers. Also drops empty lines
    /// before an answer, because the engine would never get past them.
    fn skip_informational(&mut self) {
        loop {
            self.skip(empty_lines(&self.input));
            if !self.is_informational() {
                return;
            }
            let Some(end) = self.find_end() else { return };
            self.skip(end);
        }
    }

    fn skip(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.input.drain(..bytes);
        self.skipped += bytes;
        (self.searched, self.incomplete) = (0, 0);
    }

    /// Reads the answer to its end. Returns it and whether the connection can be used again.
    pub(super) fn finish(
        &mut self,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<(Answer, bool)> {
        if self.reads == 0 && self.more(connection, net, deadline)? == 0 {
            return Err(Broken::Closed.into_error(READING));
        }
        let untouched = self.head.is_none() && self.call.is_none() && self.skipped == 0;
        if untouched && !self.usual_answer.is_empty() && self.input == self.usual_answer {
            return Ok((Answer { status: 204, self_delimited: true, ..Answer::default() }, true));
        }
        let whole = if untouched { self.input.clone() } else { Vec::new() };
        let (answer, keep) = self.finish_by_engine(connection, net, deadline)?;
        if answer.status == 204 && keep && self.reads == 1 {
            self.usual_answer = whole;
        }
        Ok((answer, keep))
    }

    fn finish_by_engine(
        &mut self,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<(Answer, bool)> {
        let mut is_there = self.parse_head()?;
        while !is_there {
            is_there = self.read_head(connection, net, deadline, READING)?;
        }
        let (Some(head), Some(call)) = (self.head.take(), self.call.take()) else {
            return Err(err!(Internal, "an answer without a head"));
        };
        let headers = head.headers();
        if headers.contains_key(header::CONTENT_LENGTH)
            && headers.contains_key(header::TRANSFER_ENCODING)
        {
            return Err(err!(
                NotQuestdb,
                "the answer has both content-length and transfer-encoding"
            ));
        }
        let mut answer = Answer {
            status: head.status().as_u16(),
            is_json: is_json(headers),
            retry_after: retry_after(headers),
            self_delimited: true,
            ..Answer::default()
        };
        let must_close = match call.proceed() {
            None => true,
            Some(RecvResponseResult::RecvBody(body)) => {
                answer.self_delimited =
                    !matches!(body.body_mode(), ureq_proto::BodyMode::CloseDelimited);
                self.read_body(body, &mut answer, connection, net, deadline)?
            }
            // The engine does not read the body of a redirect.
            Some(RecvResponseResult::Redirect(_)) => true,
            Some(RecvResponseResult::Cleanup(done)) => done.must_close_connection(),
        };
        Ok((answer, !must_close && self.input.is_empty()))
    }

    /// Reads the body to its end, keeping its first [`MAX_BODY_BYTES`]. Returns whether the connection must be closed.
    fn read_body(
        &mut self,
        mut call: Call<ureq_proto::client::state::RecvBody>,
        answer: &mut Answer,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<bool> {
        let mut output = [0; 4096];
        loop {
            let mut used = 0;
            loop {
                let (i, o) =
                    call.read(&self.input[used..], &mut output).map_err(|e| self.not_http(&e))?;
                used += i;
                answer.body.extend_from_slice(&output[..o]);
                if answer.body.len() > MAX_BODY_BYTES {
                    // A server's message stands at the beginning; the rest is not worth reading.
                    answer.body.truncate(MAX_BODY_BYTES);
                    answer.cut_off = true;
                    return Ok(true);
                }
                if i == 0 && o == 0 {
                    break;
                }
            }
            self.input.drain(..used);
            if self.input.len() > MAX_HEAD_BYTES {
                return Err(err!(
                    NotQuestdb,
                    "the body of the answer is not framed as it should be"
                ));
            }
            let close_delimited = matches!(call.body_mode(), ureq_proto::BodyMode::CloseDelimited);
            if !close_delimited && call.can_proceed() {
                break;
            }
            if self.more(connection, net, deadline)? == 0 {
                if close_delimited {
                    return Ok(true);
                }
                return Err(Broken::Closed.into_error("the answer of the server is cut short"));
            }
        }
        Ok(match call.proceed() {
            None => true,
            Some(RecvBodyResult::Redirect(done)) => done.must_close_connection(),
            Some(RecvBodyResult::Cleanup(done)) => done.must_close_connection(),
        })
    }

    #[cold]
    fn not_http(&self, e: &ureq_proto::Error) -> Error {
        not_http(&self.input, &e.to_string(), &self.secrets)
    }

    /// Reads what has arrived, or waits for something; 0 is the end of the stream.
    pub(super) fn more(
        &mut self,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<usize> {
        // Most answers are short, so little room is made at first.
        let read = if self.input.is_empty() {
            self.piece::<1024>(connection, net, deadline)
        } else {
            self.piece::<4096>(connection, net, deadline)
        };
        let n = *read.as_ref().unwrap_or(&0);
        self.answered |= n > 0;
        self.reads += 1;
        read.map_err(|broken| broken.into_error(READING))
    }

    /// Reads at most `MOST` bytes. They come by way of the stack, as making room for them in the input would write it byte by
    /// byte where code is compiled for size.
    fn piece<const MOST: usize>(
        &mut self,
        connection: &mut Connection,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<usize, Broken> {
        let mut piece = [0; MOST];
        let n = connection.read(net, &mut piece, deadline)?;
        self.input.extend_from_slice(piece.get(..n).unwrap_or_default());
        Ok(n)
    }
}

/// Returns how many bytes at the beginning are empty lines.
fn empty_lines(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = rest {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// Returns an engine that waits for the answer to a request with a plain method. Which request it was does not change how
/// its answer is framed.
fn response_call() -> Result<Call<RecvResponse>, ureq_proto::Error> {
    let mut request = Request::new(());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = ureq_proto::http::Uri::from_static("http://questdb/");
    let mut call = Call::new(request)?.proceed();
    call.write(&mut [0; 256])?;
    match call.proceed()? {
        Some(SendRequestResult::RecvResponse(call)) => Ok(call),
        _ => Err(ureq_proto::Error::HttpParseFail("engine in an unexpected state".into())),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    const JSON: &[u8] = b"application/json";
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let value = value.as_bytes();
        value.len() >= JSON.len()
            && value[..JSON.len()].eq_ignore_ascii_case(JSON)
            && matches!(value.get(JSON.len()), None | Some(b';' | b' '))
    })
}

/// Reads `Retry-After`, which is seconds or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u32>() {
        Ok(seconds) => Some(Duration::from_secs(seconds.into())),
        Err(_) => seconds_until_http_date(text),
    }
}

/// Creates the error for bytes that are not HTTP, or not the answer to a request.
#[cold]
pub(crate) fn not_http(said: &[u8], why: &str, secrets: &Secrets) -> Error {
    // This is a TLS record: alert or handshake, version 3.x.
    if matches!(said, [0x15 | 0x16, 3, ..]) {
        return err!(Tls, "the server speaks TLS; use https");
    }
    let (why, start) =
        (secrets.foreign(why.as_bytes(), true, 128), secrets.foreign(said, true, 64));
    err!(NotQuestdb, "the answer is not HTTP ({why}): {start}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine reads a head from its beginning, so a long head that arrives byte by byte must not be read for each byte.
    #[test]
    fn a_head_that_comes_byte_by_byte_is_read_in_linear_time() {
        let head = format!("HTTP/1.1 204 {}\r\n\r\n", "y".repeat(60_000));
        let (mut reader, mut work) = (AnswerReader::default(), 0);
        for byte in head.bytes() {
            assert!(reader.head.is_none());
            let before = reader.incomplete;
            reader.input.push(byte);
            if reader.parse_head().unwrap() || reader.incomplete != before {
                work += reader.input.len();
            } else {
                assert_eq!(reader.searched, reader.input.len(), "not searched again");
            }
        }
        assert!(reader.head.is_some());
        assert!(work < 20 * head.len(), "{work} bytes looked at");
    }
}
