//! Answers readers: statements at `/exec` and `/exp`, and the page at `/`. Results are sent in chunks as they are made, so that a large one takes no memory.

use super::answer::HttpAnswer;
use super::request::Request;
use crate::clock::since_1970;
use crate::read::{self, Reply, RowStream};
use crate::shared::Shared;

/// Answers a request for data, by the head of an answer and the rows that follow it, or by an answer that is complete.
pub(super) fn answer(
    shared: &Shared,
    request: &Request,
    close: bool,
) -> Result<(Vec<u8>, Box<RowStream>), HttpAnswer> {
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
    let rows = reply?;
    let (media_type, headers) = if rows.is_csv() {
        let name = format!("questdb-query-{}.csv", since_1970().as_millis());
        ("text/csv", format!("Content-Disposition: attachment; filename=\"{name}\"\r\n"))
    } else {
        ("application/json", String::new())
    };
    Ok((HttpAnswer::stream_head(media_type, &headers, close), rows))
}
