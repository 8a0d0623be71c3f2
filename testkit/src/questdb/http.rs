//! A small HTTP/1.1 client over a plain socket, so that the tests that judge the product's client do not use it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Long enough for a busy machine; only a hang takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        // The server does not escape some control characters inside strings, which JSON does not allow.
        let mut text = String::with_capacity(self.body.len());
        for c in self.body.chars() {
            match c {
                '\0'..='\u{1f}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => text.push(c),
            }
        }
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text:?}"))
    }
}

/// Sends one request on a connection of its own and reads the whole answer.
pub fn request(
    port: u16,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    read_response(&mut BufReader::new(stream))
}

/// Reads one answer: status line, headers, and the body as its framing says.
pub fn read_response(input: &mut impl BufRead) -> io::Result<Response> {
    let status_line = line(input)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| io::Error::other(format!("not a status line: {status_line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let header = line(input)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut response = Response { status, headers, body: String::new() };
    let mut body = Vec::new();
    if response.header("transfer-encoding") == Some("chunked") {
        read_chunks(input, &mut body)?;
    } else if let Some(length) = response.header("content-length") {
        body.resize(length.parse().map_err(io::Error::other)?, 0);
        input.read_exact(&mut body)?;
    }
    // The server checks neither the text that it stores nor what it answers.
    response.body = String::from_utf8_lossy(&body).into_owned();
    Ok(response)
}

fn read_chunks(input: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = usize::from_str_radix(&line(input)?, 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size];
        input.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk);
        line(input)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Encodes text for a query string.
pub fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                (b as char).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
