//! Finds the end of the body of a request, of known length or in chunks as RFC 9112 defines them.

use super::request::Body;

/// The greatest length in bytes of a line between chunks, and of all trailers together.
const MAX_CHUNK_LINE: usize = 4 << 10;

/// The chunks do not have the form that the RFC demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadBody;

/// Which bytes of a body come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Bytes of a body of known length.
    Rest(u64),
    /// The size of a chunk, of which this many digits were read.
    Size {
        digits: u8,
    },
    /// White space after the size, which an extension has to follow.
    Space,
    Extension,
    SizeEnd,
    Data(u64),
    DataCr,
    DataLf,
    /// The start of a trailer, or of the empty line after all of them.
    Trailer,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastEnd,
    Done,
}

/// What was found in a piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// How many bytes were used.
    pub(crate) consumed: usize,
    /// The part of the content at the end of them.
    pub(crate) content: &'a [u8],
}

/// Reads a body that arrives in pieces.
#[derive(Debug)]
pub(crate) struct BodyReader {
    phase: Phase,
    /// The size of the chunk, as far as its digits were read.
    size: u64,
    /// The bytes of the present line, or of all trailers.
    line: usize,
}

impl BodyReader {
    pub(crate) fn new(body: Body) -> BodyReader {
        let phase = match body {
            Body::Length(0) => Phase::Done,
            Body::Length(len) => Phase::Rest(len),
            Body::Chunked => Phase::Size { digits: 0 },
        };
        BodyReader { phase, size: 0, line: 0 }
    }

    /// Returns whether the body has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Reads up to the end of the next piece of content, of the body, or of the input.
    pub(crate) fn read<'a>(&mut self, input: &'a [u8]) -> Result<Piece<'a>, BadBody> {
        let mut at = 0;
        while at < input.len() {
            let rest = &input[at..];
            match self.phase {
                Phase::Done => break,
                Phase::Rest(left) | Phase::Data(left) => {
                    let len = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left - len as u64;
                    self.phase = match (self.phase, left) {
                        (Phase::Rest(_), 0) => Phase::Done,
                        (Phase::Rest(_), left) => Phase::Rest(left),
                        (_, 0) => Phase::DataCr,
                        (_, left) => Phase::Data(left),
                    };
                    return Ok(Piece { consumed: at + len, content: &rest[..len] });
                }
                phase => self.phase = self.after(phase, rest[0])?,
            }
            at += 1;
        }
        Ok(Piece { consumed: at, content: &[] })
    }

    /// Returns what follows a byte between chunks.
    fn after(&mut self, phase: Phase, byte: u8) -> Result<Phase, BadBody> {
        self.line += 1;
        if self.line > MAX_CHUNK_LINE {
            return Err(BadBody);
        }
        let next = match (phase, byte) {
            (Phase::Size { digits }, _) if byte.is_ascii_hexdigit() => {
                if digits == 16 {
                    return Err(BadBody);
                }
                let digit = char::from(byte).to_digit(16).ok_or(BadBody)?;
                self.size = self.size << 4 | u64::from(digit);
                Phase::Size { digits: digits + 1 }
            }
            // A line that does not start with a digit must not be taken for the number 0, which ends the body.
            (Phase::Size { digits: 0 }, _) => return Err(BadBody),
            (Phase::Size { .. }, b'\r') => Phase::SizeEnd,
            (Phase::Size { .. } | Phase::Space, b' ' | b'\t') => Phase::Space,
            (Phase::Size { .. } | Phase::Space, b';') => Phase::Extension,
            (Phase::Extension, b'\r') => Phase::SizeEnd,
            (Phase::Extension, _) if !is_control(byte) => Phase::Extension,
            (Phase::SizeEnd, b'\n') => {
                self.line = 0;
                match std::mem::take(&mut self.size) {
                    0 => Phase::Trailer,
                    size => Phase::Data(size),
                }
            }
            (Phase::DataCr, b'\r') => Phase::DataLf,
            (Phase::DataLf, b'\n') => {
                self.line = 0;
                Phase::Size { digits: 0 }
            }
            (Phase::Trailer, b'\r') => Phase::LastEnd,
            (Phase::Trailer | Phase::TrailerName, _) if is_token(byte) => Phase::TrailerName,
            (Phase::TrailerName, b':') => Phase::TrailerValue,
            (Phase::TrailerValue, b'\r') => Phase::TrailerEnd,
            (Phase::TrailerValue, _) if !is_control(byte) => Phase::TrailerValue,
            (Phase::TrailerEnd, b'\n') => Phase::Trailer,
            (Phase::LastEnd, b'\n') => Phase::Done,
            _ => return Err(BadBody),
        };
        Ok(next)
    }
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Returns whether a byte may be in the name of a header.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the content of a body that arrives in pieces of `step` bytes, and how many bytes were left over.
    fn read(body: Body, input: &[u8], step: usize) -> Result<Option<(Vec<u8>, usize)>, BadBody> {
        let mut reader = BodyReader::new(body);
        let mut content = Vec::new();
        let mut used = 0;
        for piece in input.chunks(step) {
            let mut at = 0;
            while at < piece.len() && !reader.is_done() {
                let found = reader.read(&piece[at..])?;
                content.extend_from_slice(found.content);
                at += found.consumed;
            }
            used += at;
        }
        Ok(reader.is_done().then_some((content, input.len() - used)))
    }

    #[test]
    fn bodies_end_where_they_say_however_they_are_cut() {
        let cases: &[(Body, &str, &str, usize)] = &[
            (Body::Length(0), "GET", "", 3),
            (Body::Length(3), "abcGET", "abc", 3),
            (Body::Chunked, "3\r\nabc\r\n0\r\n\r\nGET", "abc", 3),
            (
                Body::Chunked,
                "00A;x=\"y\"\r\n0123456789\r\n1 \t;z\r\n!\r\n0\r\nA: b\r\nC:\r\n\r\n",
                "0123456789!",
                0,
            ),
            (Body::Chunked, "0000000000000001\r\n\n\r\n0;e\r\n\r\n", "\n", 0),
        ];
        for (body, input, content, left) in cases {
            for step in 1..=input.len() {
                let expected = Ok(Some((content.as_bytes().to_vec(), *left)));
                assert_eq!(read(*body, input.as_bytes(), step), expected, "{input:?} by {step}");
            }
            for len in 0..input.len() - left {
                assert_eq!(read(*body, &input.as_bytes()[..len], 1), Ok(None), "{input:?} {len}");
            }
        }
    }

    #[test]
    fn what_the_rfc_does_not_allow_is_refused() {
        let long = "x".repeat(MAX_CHUNK_LINE);
        let cases = [
            "\r\n\r\n",
            "\n",
            " 1\r\n",
            "g\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "1\n",
            "1\r\r\n",
            "1 \r\n",
            "1 2\r\n",
            "1;a\nb\r\n",
            "1;a\x00\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\na0\r\n",
            "11111111111111111\r\n",
            "0\r\n\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\nA\r\n\r\n",
            "0\r\n: b\r\n\r\n",
            "0\r\nA : b\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\nA: b\r\n folded\r\n\r\n",
            &format!("1;{long}\r\n"),
            &format!("0\r\nA:{long}\r\n"),
        ];
        for input in cases {
            for step in [1, 3, input.len()] {
                assert_eq!(read(Body::Chunked, input.as_bytes(), step), Err(BadBody), "{input:?}");
            }
        }
    }
}
