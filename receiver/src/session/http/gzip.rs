//! Bodies that were compressed with gzip.

use std::io::Write;

use flate2::write::MultiGzDecoder;

/// So many bytes are unpacked at once. They become at most about a thousand times as many.
const STEP: usize = 1 << 10;

/// The body is not what gzip makes, or ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadGzip;

/// Unpacks a body that arrives in pieces.
#[derive(Debug)]
pub(crate) struct Gunzip(MultiGzDecoder<Vec<u8>>);

impl Gunzip {
    pub(crate) fn new() -> Gunzip {
        Gunzip(MultiGzDecoder::new(Vec::new()))
    }

    /// Unpacks a piece, and passes the content to `take` in parts of limited size as long as that returns true.
    pub(crate) fn write(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), BadGzip> {
        for part in piece.chunks(STEP) {
            self.0.write_all(part).map_err(|_| BadGzip)?;
            if !self.pass(&mut take) {
                break;
            }
        }
        Ok(())
    }

    /// Checks that the body has ended, and passes the last content.
    pub(crate) fn end(mut self, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), BadGzip> {
        self.0.try_finish().map_err(|_| BadGzip)?;
        self.pass(&mut take);
        Ok(())
    }

    fn pass(&mut self, take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let content = self.0.get_mut();
        let more = take(content);
        content.clear();
        more
    }
}
