//! ILP over HTTP: the requests of a connection are answered one after the other, as QuestDB answers them.

mod answer;
mod body;
mod gzip;
mod reading;
mod request;
mod route;
mod rows;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Instant;

use super::{LOGIN_TIMEOUT, Next, Session, Turn};
use crate::Listener;
use crate::read;
use crate::refusal::Refusal;
use crate::shared::{Shared, count};
use answer::HttpAnswer;
use body::BodyReader;
use request::{BadHead, Body, Request};
use rows::Rows;

/// Bodies up to this size in bytes are read even if the answer does not depend on them, so that the connection can be kept.
const MAX_DRAINED: u64 = 1 << 20;

/// What the next bytes are.
#[derive(Debug)]
enum Phase {
    Head,
    Body(Box<Request>, BodyReader, Content),
    /// Rows of this request are being committed.
    Committing(Box<Request>),
    Ended,
}

/// What becomes of the body.
#[derive(Debug)]
enum Content {
    Rows(Box<Rows>),
    /// It is dropped, because the answer does not depend on it.
    Dropped(HttpAnswer),
    /// It is dropped too; then a reader gets an answer.
    Reading,
}

/// A connection over which requests arrive.
#[derive(Debug)]
pub(crate) struct HttpSession {
    peer: Option<SocketAddr>,
    phase: Phase,
    /// The head of a request that has not ended.
    head: Vec<u8>,
    /// When the first byte of the head arrived.
    head_since: Option<Instant>,
    last_bytes: Instant,
}

impl HttpSession {
    pub(crate) fn new(peer: Option<SocketAddr>, now: Instant) -> HttpSession {
        // A peer that sends nothing at all has to send its first head in time too.
        let head_since = Some(now);
        HttpSession { peer, phase: Phase::Head, head: Vec::new(), head_since, last_bytes: now }
    }

    /// Reads a piece of a head.
    fn read_head(&mut self, shared: &Shared, input: &[u8]) -> Turn {
        let before = self.head.len();
        let room = request::MAX_HEAD + 1 - before;
        let piece = &input[..input.len().min(room)];
        self.head.extend_from_slice(piece);
        // Only whole lines are judged: otherwise the answer to a bad line could depend on how much of it has arrived.
        let lines = piece.iter().rposition(|b| *b == b'\n').map(|at| before + at + 1);
        let parsed = match lines {
            _ if self.head.len() > request::MAX_HEAD => request::parse(&self.head),
            Some(len) => request::parse(&self.head[..len]),
            None => Ok(None),
        };
        match parsed {
            Ok(Some((request, len))) => {
                self.head.clear();
                self.head_since = None;
                count(&shared.counters.requests, 1);
                let used = len - before;
                self.begin(shared, request, used, used < input.len())
            }
            Ok(None) if self.head.len() > request::MAX_HEAD => self.bad_head(shared, BadHead(431)),
            Ok(None) => Turn::new(piece.len(), Next::Read),
            Err(bad) => self.bad_head(shared, bad),
        }
    }

    /// After a malformed head the rest of the connection cannot be understood either.
    fn bad_head(&mut self, shared: &Shared, BadHead(status): BadHead) -> Turn {
        self.head.clear();
        let answer = HttpAnswer::plain(status);
        shared.refuse(Listener::Http, self.peer, &answer.why(), b"");
        self.phase = Phase::Ended;
        let reply = answer.bytes(false, true);
        Turn { consumed: 0, reply, next: Next::CloseAfterReply }
    }

    /// Decides what depends on the head alone.
    fn begin(&mut self, shared: &Shared, request: Request, used: usize, more: bool) -> Turn {
        let mut reply = Vec::new();
        let small = matches!(request.body, Body::Length(len) if len <= MAX_DRAINED);
        let waits = request.expects_continue && request.body != Body::Length(0);
        let content = match route::judge(shared, &request) {
            _ if read::is_for_readers(&request.path) => {
                if !small || waits {
                    return self.read(shared, &request, (used, true));
                }
                Content::Reading
            }
            Err(answer) => {
                if !small || waits {
                    return self.answer(shared, &request, &answer, (used, true));
                }
                Content::Dropped(answer)
            }
            Ok(unit) => {
                let max = shared.options.max_body;
                let fits = |len| usize::try_from(len).is_ok_and(|len| len <= max);
                if matches!(request.body, Body::Length(len) if !fits(len)) {
                    let answer = HttpAnswer::too_large(shared, max);
                    return self.answer(shared, &request, &answer, (used, true));
                }
                if request.expects_continue && !more {
                    reply.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                Content::Rows(Box::new(Rows::new(shared, unit, request.gzip)))
            }
        };
        let reader = BodyReader::new(request.body);
        let done = reader.is_done();
        self.phase = Phase::Body(Box::new(request), reader, content);
        let mut turn = if done { self.end_body(shared) } else { Turn::new(0, Next::Read) };
        turn.consumed = used;
        reply.append(&mut turn.reply);
        Turn { reply, ..turn }
    }

    /// Reads a piece of a body.
    fn read_body(&mut self, shared: &Shared, input: &[u8]) -> Turn {
        let Phase::Body(request, reader, content) = &mut self.phase else {
            return Turn::new(input.len(), Next::Close);
        };
        let mut at = 0;
        let refused = loop {
            if reader.is_done() || at == input.len() {
                break None;
            }
            let Ok(piece) = reader.read(&input[at..]) else { break Some(HttpAnswer::plain(400)) };
            at += piece.consumed;
            if let Content::Rows(rows) = content
                && !rows.write(shared, piece.content)
            {
                break Some(HttpAnswer::too_large(shared, shared.options.max_body));
            }
        };
        if let Some(answer) = refused {
            let request = std::mem::take(request);
            return self.answer(shared, &request, &answer, (at, true));
        }
        if !reader.is_done() {
            return Turn::new(at, Next::Read);
        }
        let turn = self.end_body(shared);
        Turn { consumed: at, ..turn }
    }

    /// Answers a request whose body has ended, or commits its rows first.
    fn end_body(&mut self, shared: &Shared) -> Turn {
        let Phase::Body(request, _, content) = std::mem::replace(&mut self.phase, Phase::Ended)
        else {
            return Turn::new(0, Next::Close);
        };
        let answer = match content {
            Content::Dropped(answer) => answer,
            Content::Reading => return self.read(shared, &request, (0, false)),
            Content::Rows(rows) => match rows.end(shared) {
                Ok(chunks) => {
                    self.phase = Phase::Committing(request);
                    return Turn::new(0, Next::Commit(chunks));
                }
                Err(refused) => refused.answer(shared),
            },
        };
        self.answer(shared, &request, &answer, (0, false))
    }

    /// Answers a reader.
    fn read(&mut self, shared: &Shared, request: &Request, (used, close): (usize, bool)) -> Turn {
        let close = close || request.close;
        match reading::answer(shared, request, close) {
            Ok((reply, rows)) => {
                self.phase = if close { Phase::Ended } else { Phase::Head };
                Turn { consumed: used, reply, next: Next::Stream(rows, close) }
            }
            Err(answer) => self.answer(shared, request, &answer, (used, close)),
        }
    }

    /// Answers a request, of which `used` bytes were read last. If its body was not read to its end, the connection closes.
    fn answer(
        &mut self,
        shared: &Shared,
        request: &Request,
        answer: &HttpAnswer,
        (used, close): (usize, bool),
    ) -> Turn {
        if answer.is_refusal() {
            shared.refuse(Listener::Http, self.peer, &answer.why(), answer.refused_line());
        }
        let close = close || request.close;
        self.phase = if close { Phase::Ended } else { Phase::Head };
        let next = if close { Next::CloseAfterReply } else { Next::Read };
        Turn { consumed: used, reply: answer.bytes(request.is_head(), close), next }
    }
}

impl Session for HttpSession {
    fn on_bytes(&mut self, shared: &Shared, input: &[u8], now: Instant) -> Turn {
        self.last_bytes = now;
        match self.phase {
            Phase::Head => {
                self.head_since.get_or_insert(now);
                self.read_head(shared, input)
            }
            Phase::Body(..) => self.read_body(shared, input),
            Phase::Committing(_) | Phase::Ended => Turn::new(input.len(), Next::Close),
        }
    }

    fn on_commit(&mut self, shared: &Shared, result: Result<(), Refusal>, _now: Instant) -> Turn {
        let Phase::Committing(request) = std::mem::replace(&mut self.phase, Phase::Ended) else {
            return Turn::new(0, Next::Close);
        };
        let answer = match result {
            Ok(()) => HttpAnswer::no_content(),
            Err(refusal) => HttpAnswer::refused(shared, &refusal),
        };
        self.answer(shared, &request, &answer, (0, false))
    }

    fn on_end(&mut self, _shared: &Shared) -> Turn {
        // Rows of a request that has not ended are dropped with the session.
        self.phase = Phase::Ended;
        Turn::new(0, Next::Close)
    }

    fn on_time(&mut self, shared: &Shared, now: Instant) -> Turn {
        let late = self.deadline(shared).is_some_and(|deadline| deadline <= now);
        if late {
            self.phase = Phase::Ended;
        }
        Turn::new(0, if late { Next::Close } else { Next::Read })
    }

    fn deadline(&self, shared: &Shared) -> Option<Instant> {
        let head = self.head_since.filter(|_| matches!(self.phase, Phase::Head));
        let head = head.and_then(|since| since.checked_add(LOGIN_TIMEOUT));
        let idle = shared.options.http.idle_timeout;
        let idle = idle.and_then(|limit| self.last_bytes.checked_add(limit));
        [head, idle].into_iter().flatten().min()
    }
}
