//! Reads the head of a request.

use crate::io::connection::Connection;

const MAX_HEAD: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// How the length of a body is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What stands behind the question mark.
    pub(crate) query: String,
    pub(crate) body: Body,
    pub(crate) expects_continue: bool,
    /// Whether the connection ends after the answer.
    pub(crate) close: bool,
    pub(crate) gzip: bool,
    pub(crate) authorization: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Returns a parameter of the query, without decoding it.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// Why a request could not be read.
#[derive(Debug)]
pub(crate) enum HeadError {
    /// The peer closed in the middle of the head, or the connection broke.
    Closed,
    /// The request cannot be served: answer with this status.
    Bad(u16),
}

/// Reads the next head. Returns `None` if the peer closed the connection instead of sending one.
pub(crate) fn read(connection: &mut Connection) -> Result<Option<Request>, HeadError> {
    loop {
        if let Some((request, len)) = parse(connection.unread())? {
            connection.consume(len);
            return Ok(Some(request));
        }
        let unread = connection.unread().len();
        if unread > MAX_HEAD {
            return Err(HeadError::Bad(431));
        }
        match connection.fill() {
            Ok(0) if unread == 0 => return Ok(None),
            Ok(0) | Err(_) => return Err(HeadError::Closed),
            Ok(_) => {}
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, HeadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD => len,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(HeadError::Bad(431));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::Version) => return Err(HeadError::Bad(505)),
        Err(_) => return Err(HeadError::Bad(400)),
    };
    let (path, query) = split_target(head.path.unwrap_or_default());
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: Body::Length(0),
        expects_continue: false,
        close: head.version == Some(0),
        gzip: false,
        authorization: None,
    };
    read_headers(&mut request, head.headers)?;
    Ok(Some((request, len)))
}

/// Returns the path and the query of a request target in its short or absolute form.
fn split_target(target: &str) -> (&str, &str) {
    let target = match target.strip_prefix("http://").or(target.strip_prefix("https://")) {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    target.split_once('?').unwrap_or((target, ""))
}

fn read_headers(request: &mut Request, headers: &[httparse::Header<'_>]) -> Result<(), HeadError> {
    let mut length: Option<u64> = None;
    let mut chunked = false;
    for header in headers {
        let value = header.value.trim_ascii();
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let parsed = decimal(value).ok_or(HeadError::Bad(400))?;
            // Two different lengths can be used to smuggle requests past a proxy.
            if length.is_some_and(|l| l != parsed) {
                return Err(HeadError::Bad(400));
            }
            length = Some(parsed);
        } else if is("transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadError::Bad(501));
            }
            chunked = true;
        } else if is("connection") {
            for word in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                if word.eq_ignore_ascii_case(b"close") {
                    request.close = true;
                } else if word.eq_ignore_ascii_case(b"keep-alive") {
                    request.close = false;
                }
            }
        } else if is("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(HeadError::Bad(417));
            }
            request.expects_continue = true;
        } else if is("content-encoding") {
            request.gzip = value.to_ascii_lowercase().ends_with(b"gzip");
        } else if is("authorization") {
            request.authorization = Some(value.to_vec());
        }
    }
    request.body = match (length, chunked) {
        (Some(_), true) => return Err(HeadError::Bad(400)),
        (None, true) => Body::Chunked,
        (length, false) => Body::Length(length.unwrap_or(0)),
    };
    Ok(())
}

fn decimal(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
