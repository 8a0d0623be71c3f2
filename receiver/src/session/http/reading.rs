//! Answers readers: statements at `/exec` and `/exp`, and the page at `/`. Results are sent in chunks as they are made, so that a large one takes no memory.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::answer::HttpAnswer;
use super::drain;
use super::request::Request;
use crate::io::connection::Connection;
use crate::read::{self, Reply, RowStream};
use crate::shared::{Shared, count};

/// What becomes of the connection after an answer.
pub(super) enum After {
    Goes,
    Closes,
    /// The peer has gone.
    Gone,
}

/// Answers a request for data. Returns `None` if it is none.
pub(super) fn serve(
    shared: &Shared,
    connection: &mut Connection,
    request: &Request,
) -> Option<After> {
    if !read::is_for_readers(&request.path) {
        return None;
    }
    let Some(body_read) = drain(connection, request) else { return Some(After::Gone) };
    let close = request.close || !body_read;
    let reply = if request.method != "GET" {
        Err(HttpAnswer::method_not_supported(&request.method))
    } else if !shared.options.http_auth.admits(request.authorization.as_deref()) {
        // A browser asks its user for a name and a password only if it is told to.
        let page = request.path == "/";
        Err(if page { HttpAnswer::ask_for_login() } else { HttpAnswer::plain(401) })
    } else {
        match read::answer(shared, &request.path, &request.query) {
            Reply::Rows(rows) => Ok(rows),
            Reply::Json(status, text) => Err(HttpAnswer::text(status, text)),
            Reply::Page(page) => Err(HttpAnswer::page(page)),
        }
    };
    let sent = match reply {
        Ok(mut rows) => {
            let (media_type, headers) = if rows.is_csv() {
                let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let name = format!("questdb-query-{}.csv", millis.as_millis());
                ("text/csv", format!("Content-Disposition: attachment; filename=\"{name}\"\r\n"))
            } else {
                ("application/json", String::new())
            };
            let head = HttpAnswer::stream_head(media_type, &headers, close);
            send_parts(connection, head, &mut rows)
        }
        Err(answer) => {
            if answer.is_refusal() {
                count(&shared.counters.rejected, 1);
            }
            connection.send(&answer.bytes(request.is_head(), close))
        }
    };
    Some(match sent {
        Err(_) => After::Gone,
        Ok(()) if close => After::Closes,
        Ok(()) => After::Goes,
    })
}

/// Sends the head and all parts. The last chunk has the size `00`, as QuestDB sends it.
fn send_parts(
    connection: &mut Connection,
    mut bytes: Vec<u8>,
    rows: &mut RowStream,
) -> io::Result<()> {
    while let Some(part) = rows.next_part() {
        bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        connection.send(&bytes)?;
        bytes.clear();
    }
    connection.send(b"00\r\n\r\n")
}
