//! Reads the head of a request.

/// The greatest length in bytes of a head.
pub(crate) const MAX_HEAD: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// How the length of a body is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
}

impl Default for Body {
    fn default() -> Body {
        Body::Length(0)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What stands behind the question mark.
    pub(crate) query: String,
    pub(crate) body: Body,
    pub(crate) expects_continue: bool,
    /// Whether the connection ends after the answer.
    pub(crate) close: bool,
    /// Whether it is of HTTP/1.0.
    old: bool,
    pub(crate) gzip: bool,
    pub(crate) authorization: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Returns a parameter of the query, without decoding it. Of several ones the last one counts, as in QuestDB.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.rsplit('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The request cannot be served: it is answered with this status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadHead(pub(crate) u16);

/// Reads the head that `bytes` begin with. Returns its length too, or `None` if it has not ended.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, BadHead> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD => len,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(BadHead(431));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::Version) => return Err(BadHead(505)),
        Err(_) => return Err(BadHead(400)),
    };
    // Elsewhere a line may end without CR. A proxy that reads such a head in another way could be misled.
    let lonely = |pair: &[u8]| pair[1] == b'\n' && pair[0] != b'\r';
    if bytes[..len].windows(2).any(lonely) {
        return Err(BadHead(400));
    }
    let (path, query) = split_target(head.path.unwrap_or_default());
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: Body::Length(0),
        expects_continue: false,
        close: head.version == Some(0),
        old: head.version == Some(0),
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

fn read_headers(request: &mut Request, headers: &[httparse::Header<'_>]) -> Result<(), BadHead> {
    let mut length: Option<u64> = None;
    let mut chunked = false;
    for header in headers {
        let value = header.value.trim_ascii();
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let parsed = decimal(value).ok_or(BadHead(400))?;
            // Two different lengths can be used to smuggle requests past a proxy.
            if length.is_some_and(|l| l != parsed) {
                return Err(BadHead(400));
            }
            length = Some(parsed);
        } else if is("transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(BadHead(501));
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
                return Err(BadHead(417));
            }
            request.expects_continue = true;
        } else if is("content-encoding") {
            request.gzip = value.to_ascii_lowercase().ends_with(b"gzip");
        } else if is("authorization") {
            request.authorization = Some(value.to_vec());
        }
    }
    request.body = match (length, chunked) {
        // A body with two lengths, or with chunks where they are not known, can be used to smuggle requests past a proxy.
        (Some(_), true) => return Err(BadHead(400)),
        (None, true) if request.old => return Err(BadHead(400)),
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
