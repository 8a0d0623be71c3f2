//! The rows of a request, while its body arrives.

use super::answer::HttpAnswer;
use super::gzip::{BadGzip, Gunzip};
use crate::Listener;
use crate::chunk::Chunk;
use crate::line::{MAX_VALUES, TimeUnit};
use crate::session::lines::{BadLine, LineReader};
use crate::shared::Shared;

/// Why a request is refused because of its body.
#[derive(Debug)]
pub(super) enum RefusedBody {
    Line(BadLine),
    Gzip,
}

impl RefusedBody {
    pub(super) fn answer(&self, shared: &Shared) -> HttpAnswer {
        match self {
            RefusedBody::Line(bad) => HttpAnswer::bad_line(shared, bad),
            RefusedBody::Gzip => {
                HttpAnswer::json(shared, 400, "invalid", "the body is not in the gzip format")
            }
        }
    }
}

/// Rows of a request that has not ended.
#[derive(Debug)]
pub(super) struct Rows {
    /// The rows, or why there are none any more. The rest of a refused body is read, so that the connection can be kept.
    lines: Result<LineReader, RefusedBody>,
    gunzip: Option<Gunzip>,
    /// The bytes of the body, unpacked.
    len: usize,
}

impl Rows {
    pub(super) fn new(shared: &Shared, unit: TimeUnit, gzip: bool) -> Rows {
        let lines = Ok(LineReader::new(&shared.store, unit, MAX_VALUES));
        Rows { lines, gunzip: gzip.then(Gunzip::new), len: 0 }
    }

    /// Reads a piece of the body. Returns false if the body is too large.
    pub(super) fn write(&mut self, shared: &Shared, piece: &[u8]) -> bool {
        let Some(gunzip) = &mut self.gunzip else {
            return feed(&mut self.lines, &mut self.len, shared, piece);
        };
        let mut fits = true;
        let unpacked = gunzip.write(piece, |part| {
            fits = feed(&mut self.lines, &mut self.len, shared, part);
            fits
        });
        if let Err(BadGzip) = unpacked {
            self.lines = Err(RefusedBody::Gzip);
            self.gunzip = None;
            // What follows is counted, but not read.
            self.len += piece.len();
        }
        fits
    }

    /// Returns the rows of a body that has ended.
    pub(super) fn end(mut self, shared: &Shared) -> Result<Vec<Chunk>, RefusedBody> {
        if let Some(gunzip) = self.gunzip {
            let ended = gunzip.end(|part| feed(&mut self.lines, &mut self.len, shared, part));
            ended.map_err(|BadGzip| RefusedBody::Gzip)?;
        }
        let mut lines = self.lines?;
        lines.end(&shared.store).map_err(RefusedBody::Line)?;
        Ok(lines.batch().take())
    }
}

/// Returns whether the body is small enough.
fn feed(
    lines: &mut Result<LineReader, RefusedBody>,
    len: &mut usize,
    shared: &Shared,
    part: &[u8],
) -> bool {
    *len += part.len();
    if let Ok(reader) = lines
        && let Err(bad) = reader.feed(&shared.store, part)
    {
        *lines = Err(RefusedBody::Line(bad));
    }
    // Whoever sees the count knows that the bytes are held.
    shared.received(Listener::Http, part.len());
    *len <= shared.options.max_body
}
