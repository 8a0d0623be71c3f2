//! ILP over TCP: an optional signed challenge, then lines until the peer closes or sends a bad one.

use std::time::Duration;

use crate::Listener;
use crate::auth;
use crate::error::printable;
use crate::events::Why;
use crate::io::connection::Connection;
use crate::shared::Shared;

use super::lines::LineReader;

const AUTH_TIMEOUT: Duration = Duration::from_secs(15);

/// How a connection ended.
enum End {
    /// The peer closed, or the connection broke.
    Closed,
    /// The peer was refused, and a line of its, which begins so.
    Refused(Why, Vec<u8>),
}

impl End {
    fn refused(code: &'static str, message: impl Into<String>) -> End {
        End::Refused(Why::new(code, message), Vec::new())
    }
}

pub(crate) fn serve(shared: &Shared, mut connection: Connection) {
    let end = match authenticate(shared, &mut connection) {
        Ok(()) => read_lines(shared, &mut connection),
        Err(end) => end,
    };
    match end {
        End::Closed => connection.close(),
        End::Refused(why, line) => {
            shared.refuse(Listener::Tcp, connection.peer(), &why, &line);
            if shared.options.error_replies {
                let text = printable(why.message.as_bytes(), 1024);
                if connection.send(format!("ERROR: {text}\n").as_bytes()).is_ok() {
                    connection.close_after_answer();
                }
            }
        }
    }
}

fn read_lines(shared: &Shared, connection: &mut Connection) -> End {
    let mut lines = LineReader::new(&shared.store, shared.options.tcp.timestamp_unit);
    loop {
        // Bytes that arrived together with the authentication are lines too.
        let read = lines.feed(&shared.store, connection.unread());
        connection.consume(connection.unread().len());
        let committed = shared.commit(Listener::Tcp, lines.batch().take());
        if let Err(bad) = read {
            return End::Refused(bad.why(), bad.text);
        }
        if let Err(refusal) = committed {
            return End::Refused(Why::of(&refusal), Vec::new());
        }
        let max = shared.options.max_line;
        if lines.unfinished() > max {
            return End::refused("LINE_TOO_LONG", format!("line is too long [max={max}]"));
        }
        match connection.fill() {
            Ok(0) | Err(_) => return End::Closed,
            Ok(read) => shared.received(Listener::Tcp, read),
        }
    }
}

fn authenticate(shared: &Shared, connection: &mut Connection) -> Result<(), End> {
    let keys = &shared.options.ecdsa;
    if keys.is_empty() {
        return Ok(());
    }
    let closed = |_| End::Closed;
    connection.set_read_timeout(AUTH_TIMEOUT).map_err(closed)?;
    let key_id = read_auth_line(connection)?;
    let Some(challenge) = auth::new_challenge() else {
        return Err(End::refused("INTERNAL", "no randomness for a challenge"));
    };
    let mut message = challenge.to_vec();
    message.push(b'\n');
    connection.send(&message).map_err(closed)?;
    let signature = read_auth_line(connection)?;
    // An unknown key id is refused only here, so that a client cannot find out which ids exist.
    if !auth::verify(keys, &key_id, &challenge, &signature) {
        return Err(End::refused("UNAUTHORIZED", "authentication failed"));
    }
    connection.set_idle_timeout().map_err(closed)
}

fn read_auth_line(connection: &mut Connection) -> Result<Vec<u8>, End> {
    let mut seen = 0;
    loop {
        let unread = connection.unread();
        if let Some(at) = unread[seen..].iter().position(|b| *b == b'\n') {
            let line = unread[..seen + at].to_vec();
            connection.consume(seen + at + 1);
            if line.len() > auth::MAX_AUTH_LINE {
                return Err(End::refused("UNAUTHORIZED", "authentication line is too long"));
            }
            return Ok(line);
        }
        seen = unread.len();
        if seen > auth::MAX_AUTH_LINE {
            return Err(End::refused("UNAUTHORIZED", "authentication line is too long"));
        }
        if !matches!(connection.fill(), Ok(read) if read > 0) {
            return Err(End::Closed);
        }
    }
}
