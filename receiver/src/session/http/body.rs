//! Reads the body of a request, of known length or in chunks.

use crate::io::connection::Connection;

use super::request::Body;

/// The greatest length in bytes of a line between chunks, and of all trailers together.
const MAX_CHUNK_LINE: usize = 4 << 10;

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// The peer closed, or the connection broke.
    Closed,
    /// The chunks are malformed.
    Bad,
    /// The reader did not want more.
    Stopped,
}

/// Passes the body to `take` in parts, as long as `take` returns true.
pub(crate) fn read(
    connection: &mut Connection,
    body: Body,
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<(), BodyError> {
    match body {
        Body::Length(len) => part(connection, len, &mut take),
        Body::Chunked => chunks(connection, &mut take),
    }
}

fn part(
    connection: &mut Connection,
    mut left: u64,
    take: &mut impl FnMut(&[u8]) -> bool,
) -> Result<(), BodyError> {
    while left > 0 {
        if connection.unread().is_empty() {
            fill(connection)?;
        }
        let unread = connection.unread();
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(unread.len());
        if !take(&unread[..len]) {
            return Err(BodyError::Stopped);
        }
        connection.consume(len);
        left -= len as u64;
    }
    Ok(())
}

fn chunks(
    connection: &mut Connection,
    take: &mut impl FnMut(&[u8]) -> bool,
) -> Result<(), BodyError> {
    loop {
        let len = chunk_len(connection)?;
        if len == 0 {
            return trailers(connection);
        }
        part(connection, len, take)?;
        if line(connection)? != 0 {
            return Err(BodyError::Bad);
        }
    }
}

fn chunk_len(connection: &mut Connection) -> Result<u64, BodyError> {
    loop {
        // A line that does not start with a digit would be read as the number 0, which ends the body.
        if connection.unread().first().is_some_and(|b| !b.is_ascii_hexdigit()) {
            return Err(BodyError::Bad);
        }
        match httparse::parse_chunk_size(connection.unread()) {
            Ok(httparse::Status::Complete((at, len))) => {
                connection.consume(at);
                return Ok(len);
            }
            Ok(httparse::Status::Partial) if connection.unread().len() <= MAX_CHUNK_LINE => {
                fill(connection)?;
            }
            _ => return Err(BodyError::Bad),
        }
    }
}

fn trailers(connection: &mut Connection) -> Result<(), BodyError> {
    let mut total = 0;
    loop {
        let len = line(connection)?;
        total += len + 2;
        match len {
            0 => return Ok(()),
            _ if total > MAX_CHUNK_LINE => return Err(BodyError::Bad),
            _ => {}
        }
    }
}

/// Skips a line and returns its length without the line end.
fn line(connection: &mut Connection) -> Result<usize, BodyError> {
    loop {
        let unread = connection.unread();
        if let Some(at) = unread.iter().position(|b| *b == b'\n') {
            let len = unread[..at].strip_suffix(b"\r").unwrap_or(&unread[..at]).len();
            connection.consume(at + 1);
            return Ok(len);
        }
        if unread.len() > MAX_CHUNK_LINE {
            return Err(BodyError::Bad);
        }
        fill(connection)?;
    }
}

fn fill(connection: &mut Connection) -> Result<(), BodyError> {
    match connection.fill() {
        Ok(read) if read > 0 => Ok(()),
        _ => Err(BodyError::Closed),
    }
}
