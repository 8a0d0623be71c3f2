//! The monitoring port: `/metrics` and `/status` on threads of their own, so that they are answered also when every connection
//! for rows is busy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::server::{listen, reachable};
use crate::config::options::MonitorOptions;
use crate::error::{Result, err};
use crate::shared::Shared;

/// The time that a peer has for its whole request, and then for taking the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 8 << 10;

/// The running monitoring port. Dropping it stops it and waits for its threads.
#[derive(Debug)]
pub(crate) struct Monitor {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    pub(crate) fn start(options: &MonitorOptions, shared: Arc<Shared>) -> Result<Monitor> {
        let (listener, addr) = listen(options.addr)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, limit, metrics) = (Arc::clone(&stopping), options.connections, options.metrics);
        let thread = thread::Builder::new()
            .name("receiver-monitor".into())
            .spawn(move || accept(&listener, &stop, limit, &Answers { shared, metrics }))
            .map_err(|e| err!(Thread, "cannot start a thread: {e}"))?;
        Ok(Monitor { addr, stopping, thread: Some(thread) })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // `accept` has no timeout, so a connection of our own wakes it.
        let _ = TcpStream::connect_timeout(&reachable(self.addr), Duration::from_millis(100));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is answered.
#[derive(Debug, Clone)]
struct Answers {
    shared: Arc<Shared>,
    metrics: bool,
}

fn accept(listener: &TcpListener, stopping: &AtomicBool, limit: usize, answers: &Answers) {
    let mut serving: Vec<(TcpStream, JoinHandle<()>)> = Vec::new();
    loop {
        let accepted = listener.accept();
        if stopping.load(Ordering::SeqCst) {
            break;
        }
        serving.retain(|(_, thread)| !thread.is_finished());
        match accepted {
            // Dropping the connection closes it.
            Ok(_) if serving.len() >= limit => {}
            Ok((socket, _)) => {
                let answers = answers.clone();
                let Ok(second) = socket.try_clone() else { continue };
                let serve = move || drop(serve(socket, &answers));
                // Without a thread the connection is closed, and the next one may have more luck.
                if let Ok(thread) = thread::Builder::new().spawn(serve) {
                    serving.push((second, thread));
                }
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
    for (socket, thread) in serving {
        let _ = socket.shutdown(Shutdown::Both);
        let _ = thread.join();
    }
}

fn serve(mut socket: TcpStream, answers: &Answers) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let answer = match read_head(&mut socket)? {
        Some(head) => answers.to(&head),
        None => text(431, "Request Header Fields Too Large", "too long\n"),
    };
    socket.write_all(answer.as_bytes())?;
    socket.shutdown(Shutdown::Write)
}

/// Reads a request up to its empty line. Returns `None` if that does not come within the limit.
fn read_head(socket: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD {
            return Ok(None);
        }
        // A time-out for each read would let a slow peer stretch them for ever.
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        match socket.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => head.extend_from_slice(&part[..read]),
        }
    }
    Ok(Some(head))
}

impl Answers {
    fn to(&self, head: &[u8]) -> String {
        let line = head.split(|b| *b == b'\r').next().unwrap_or_default();
        let mut words = line.split(|b| *b == b' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split(|b| *b == b'?').next().unwrap_or_default();
        match (method, path) {
            (b"GET", b"/metrics") if self.metrics => {
                let metrics = self.shared.metrics_text();
                answer(200, "OK", "text/plain; version=0.0.4; charset=utf-8", &metrics)
            }
            (b"GET", b"/metrics") => text(404, "Not Found", "metrics are switched off\n"),
            // As in QuestDB, every other path is about the health.
            (b"GET", _) if self.shared.stopping.load(Ordering::SeqCst) => {
                text(503, "Service Unavailable", "Status: Stopping\n")
            }
            (b"GET", _) => text(200, "OK", "Status: Healthy\n"),
            _ => text(405, "Method Not Allowed", "only GET is answered\n"),
        }
    }
}

fn text(status: u16, reason: &str, body: &str) -> String {
    answer(status, reason, "text/plain; charset=utf-8", body)
}

fn answer(status: u16, reason: &str, media_type: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\nServer: questdb-ingress-receiver\r\nConnection: close\r\n\
         Content-Type: {media_type}\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}
