//! A client that sends exactly the bytes it is given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything takes unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// An answer to a request.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A connection that requests are sent on.
pub struct Http<S> {
    stream: BufReader<S>,
}

impl<S: Read + Write> Http<S> {
    pub fn over(stream: S) -> Self {
        Http { stream: BufReader::new(stream) }
    }

    pub fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    pub fn send(&mut self, bytes: &[u8]) {
        // The receiver may have answered and stopped reading already.
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Reads the next answer; an answer to a HEAD request has no body.
    pub fn answer(&mut self, to_head: bool) -> RawAnswer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).unwrap();
            assert_ne!(read, 0, "closed inside the head {head:?}");
        }
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let lower = head.to_lowercase();
        let mut body = Vec::new();
        if to_head || status < 200 || status == 204 {
        } else if lower.contains("transfer-encoding: chunked") {
            loop {
                let mut line = String::new();
                self.stream.read_line(&mut line).unwrap();
                let len = u64::from_str_radix(line.trim_end(), 16).unwrap();
                self.stream.by_ref().take(len).read_to_end(&mut body).unwrap();
                line.clear();
                self.stream.read_line(&mut line).unwrap();
                assert_eq!(line, "\r\n");
                if len == 0 {
                    break;
                }
            }
        } else {
            let at = lower.find("content-length: ").expect("a length") + 16;
            let len = lower[at..].lines().next().unwrap().parse().unwrap();
            self.stream.by_ref().take(len).read_to_end(&mut body).unwrap();
        }
        RawAnswer { status, head, body: String::from_utf8(body).unwrap() }
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> RawAnswer {
        self.send(bytes.as_ref());
        self.answer(bytes.as_ref().starts_with(b"HEAD "))
    }

    /// Posts rows to `/write`.
    pub fn write(&mut self, rows: impl AsRef<[u8]>) -> RawAnswer {
        let rows = rows.as_ref();
        let head = format!("POST /write HTTP/1.1\r\nContent-Length: {}\r\n\r\n", rows.len());
        self.ask([head.as_bytes(), rows].concat())
    }

    /// Returns whether the receiver has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }
}
