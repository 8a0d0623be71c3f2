//! A plain socket: the least that a flush can cost here, and the load on a busy sink.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::clients::setting;
use super::sink::pin;

/// A connection that sends bodies as our client does, but promises nothing.
pub struct Bare {
    stream: TcpStream,
    authority: String,
    http: bool,
    head: Vec<u8>,
}

impl Bare {
    pub fn connect(conf: &str) -> io::Result<Bare> {
        let authority = setting(conf, "addr").expect("an address").to_owned();
        let stream = TcpStream::connect(&authority)?;
        stream.set_nodelay(true)?;
        Ok(Bare { stream, authority, http: conf.starts_with("http::"), head: Vec::new() })
    }

    /// Sends a body, and over HTTP waits for the answer.
    pub fn send(&mut self, body: &[u8]) -> io::Result<()> {
        self.head.clear();
        if self.http {
            write!(
                self.head,
                "POST /write?precision=n HTTP/1.1\r\nhost: {}\r\nuser-agent: questdb-ingress/0.1.0\r\naccept: */*\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
                self.authority,
                body.len()
            )?;
        }
        let (mut sent, all) = (0, self.head.len() + body.len());
        while sent < all {
            let head = &self.head[sent.min(self.head.len())..];
            let rest = &body[sent.saturating_sub(self.head.len())..];
            sent += self.stream.write_vectored(&[IoSlice::new(head), IoSlice::new(rest)])?;
        }
        if self.http { self.answer() } else { Ok(()) }
    }

    pub fn settings(&mut self) -> io::Result<()> {
        let head = format!("GET /settings HTTP/1.1\r\nhost: {}\r\n\r\n", self.authority);
        self.stream.write_all(head.as_bytes())?;
        self.answer()
    }

    /// Receives an answer. The sink sends each in one piece.
    fn answer(&mut self) -> io::Result<()> {
        let mut answer = [0; 1024];
        let n = self.stream.read(&mut answer)?;
        let fine = answer[..n].starts_with(b"HTTP/1.1 20");
        if fine { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// Keeps the sink busy half of the time: posts bodies of 1 MiB, one after the other. It ends with its standard input.
pub fn load(conf: &str, cpu: &str) -> io::Result<()> {
    if let Ok(cpu) = cpu.parse() {
        assert!(pin(cpu), "cannot be pinned");
    }
    let mut bare = Bare::connect(conf)?;
    let body = vec![b'x'; 1 << 20];
    std::thread::spawn(move || {
        loop {
            let start = std::time::Instant::now();
            bare.send(&body).expect("the sink takes everything");
            std::thread::sleep(start.elapsed().min(Duration::from_millis(5)));
        }
    });
    println!("loading");
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}
