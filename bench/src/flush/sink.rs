//! A server that discards what it receives: it counts the bytes and answers as QuestDB would. It runs in a process of its
//! own, so that its work is not counted as the client's.
//!
//! Bodies are discarded inside the kernel (MSG_TRUNC), so that the sink does not limit the rate.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, io, ptr, thread};

use crate::clock::process_cpu_ns;

const SETTINGS: &str = r#"{"config":{"release.type":"OSS","line.proto.support.versions":[1,2,3],"ilp.proto.transports":["tcp","http"],"cairo.max.file.name.length":127},"preferences.version":0,"preferences":{}}"#;
const NO_CONTENT: &[u8] = b"HTTP/1.1 204 OK\r\nServer: questDB/1.0\r\nDate: Sat, 22 Nov 2026 01:02:03 GMT\r\nContent-type: application/json; charset=utf-8\r\n\r\n";

/// The number of bytes of bodies (HTTP) or of the stream (TCP).
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Which processors the client and the sink run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    SameCore(usize),
    TwoCores(usize, usize),
    /// The scheduler decides.
    Anywhere,
}

impl Placement {
    /// Returns the placements that this process may use: one core, and two if there are two.
    pub fn all() -> Vec<Placement> {
        let cores = allowed();
        let mut all = vec![Placement::SameCore(cores[0])];
        if let [client, sink, ..] = cores[..] {
            all.push(Placement::TwoCores(client, sink));
        }
        all
    }

    /// Returns the core of the sink, as an argument of a process.
    pub fn sink(self) -> String {
        match self {
            Placement::SameCore(cpu) | Placement::TwoCores(_, cpu) => cpu.to_string(),
            Placement::Anywhere => "any".into(),
        }
    }

    /// Moves this process, and those that it starts, to the client's core.
    pub fn take(self) {
        if let Placement::SameCore(cpu) | Placement::TwoCores(cpu, _) = self {
            assert!(pin(cpu), "cannot be pinned to core {cpu}");
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Placement::SameCore(cpu) => {
                write!(f, "client and sink pinned to the same core ({cpu})")
            }
            Placement::TwoCores(client, sink) => {
                write!(f, "client and sink pinned to two cores ({client} and {sink})")
            }
            Placement::Anywhere => f.write_str("client and sink not pinned"),
        }
    }
}

/// Pins this process to one processor.
pub fn pin(cpu: usize) -> bool {
    // SAFETY: all zeros are a valid set, and its size is passed with it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set) == 0
    }
}

/// Returns the processors that this process may run on.
fn allowed() -> Vec<usize> {
    // SAFETY: all zeros are a valid set, its size is passed with it, and only bits within it are read.
    let cores = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        let asked = libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) == 0;
        (0..libc::CPU_SETSIZE as usize).filter(|&cpu| asked && libc::CPU_ISSET(cpu, &set)).collect()
    };
    if Vec::is_empty(&cores) { vec![0] } else { cores }
}

/// A sink that was started.
pub struct Sink {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub http: u16,
    pub tcp: u16,
}

impl Sink {
    /// Starts this program again as the sink.
    pub fn start(placement: Placement) -> Sink {
        let mut child = Command::new(std::env::current_exe().expect("the path of this program"))
            .args(["--sink", &placement.sink()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut sink = Sink { child, to, from, http: 0, tcp: 0 };
        let [http, tcp] = sink.two_numbers();
        (sink.http, sink.tcp) = (http as u16, tcp as u16);
        sink
    }

    /// Returns the configuration of a client of this sink.
    pub fn conf(&self, protocol: &str, version: u8) -> String {
        let port = if protocol == "http" { self.http } else { self.tcp };
        format!("{protocol}::addr=127.0.0.1:{port};protocol_version={version};")
    }

    /// Returns the bytes received and the nanoseconds of processor time used, so far.
    pub fn counts(&mut self) -> [u64; 2] {
        self.to.write_all(b"counts\n").expect("the sink runs");
        self.two_numbers()
    }

    /// Waits until this many bytes have arrived in all, and not one more. Returns the processor time used.
    pub fn wait_for(&mut self, bytes: u64) -> u64 {
        loop {
            let [now, cpu] = self.counts();
            assert!(now <= bytes, "the sink got {now} bytes, {bytes} were sent");
            if now == bytes {
                return cpu;
            }
            thread::yield_now();
        }
    }

    fn two_numbers(&mut self) -> [u64; 2] {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the sink runs");
        let mut numbers = line.split_whitespace().map(|n| n.parse().expect("a number"));
        [numbers.next().expect("a number"), numbers.next().expect("a number")]
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the sink; it ends with its standard input.
pub fn main(cpu: &str) -> io::Result<()> {
    if let Ok(cpu) = cpu.parse() {
        assert!(pin(cpu), "cannot be pinned");
    }
    let http = TcpListener::bind("127.0.0.1:0")?;
    let tcp = TcpListener::bind("127.0.0.1:0")?;
    println!("{} {}", http.local_addr()?.port(), tcp.local_addr()?.port());
    serve(&http, http_connection)?;
    serve(&tcp, tcp_connection)?;
    for _ in io::stdin().lock().lines() {
        println!("{} {}", BYTES.load(Ordering::Relaxed), process_cpu_ns());
    }
    Ok(())
}

/// Serves connections with threads that are started before: starting one would be counted as part of opening.
fn serve(listener: &TcpListener, connection: fn(TcpStream) -> io::Result<()>) -> io::Result<()> {
    for _ in 0..16 {
        let listener = listener.try_clone()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = connection(stream);
            }
        });
    }
    Ok(())
}

fn tcp_connection(stream: TcpStream) -> io::Result<()> {
    loop {
        match discard(&stream, 1 << 20)? {
            0 => return Ok(()),
            n => BYTES.fetch_add(n, Ordering::Relaxed),
        };
    }
}

/// Receives up to `most` bytes without copying them anywhere.
fn discard(stream: &TcpStream, most: u64) -> io::Result<u64> {
    // SAFETY: with MSG_TRUNC, TCP does not touch the buffer.
    let n =
        unsafe { libc::recv(stream.as_raw_fd(), ptr::null_mut(), most as usize, libc::MSG_TRUNC) };
    if n < 0 { Err(io::Error::last_os_error()) } else { Ok(n as u64) }
}

fn http_connection(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        let head = loop {
            if let Some(end) = buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut buffer[filled..])? {
                0 => return Ok(()),
                n => filled += n,
            }
        };
        let length = content_length(&buffer[..head]);
        let is_post = buffer.starts_with(b"POST");
        let here = length.min((filled - head) as u64);
        buffer.copy_within(head + here as usize..filled, 0);
        filled -= head + here as usize;
        let mut left = length - here;
        while left > 0 {
            match discard(&stream, left)? {
                0 => return Ok(()),
                n => left -= n,
            }
        }
        if is_post {
            BYTES.fetch_add(length, Ordering::Relaxed);
            stream.write_all(NO_CONTENT)?;
        } else {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nServer: questDB/1.0\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{SETTINGS}",
                SETTINGS.len()
            );
            stream.write_all(answer.as_bytes())?;
        }
    }
}

fn content_length(head: &[u8]) -> u64 {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |n| n.trim().parse().expect("a length"))
}
