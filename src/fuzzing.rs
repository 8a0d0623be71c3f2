//! The way in which fuzz targets reach the inner code: a sender whose server follows a script. It exists only in builds with
//! `--cfg fuzzing`, which only ci/fuzz makes.
//!
//! The script takes the place of the network: everything above it, from the connection to the error, is the code that users
//! run. Time is virtual, so a peer that says nothing costs no time.

use std::io;
use std::net::SocketAddr;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::Result;
use crate::net::{self, Deadline, Interest, Ready, ScriptedNet};
use crate::sender::HttpCarrier;
use crate::sender::Sender;

/// What the server does after its last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Does nothing: the connection stays open.
    Silent,
    /// Ends its half of the stream.
    Closed,
    /// Breaks the connection.
    Reset,
    /// Sends the last bytes again and again, while time passes.
    Endless,
}

/// What the server does in every connection. A request is what the client hands over until a call takes all that it had.
#[derive(Debug, Clone)]
pub struct Script {
    /// The answers to the first request, the second, and so on.
    pub answers: Vec<Vec<u8>>,
    /// The sizes in which bytes arrive, over and over. Without any, as many arrive as the client asks for.
    pub pieces: Vec<u8>,
    /// The server answers when it has so many bytes of a request, and takes no more of it.
    pub early: Option<usize>,
    /// What follows the last answer.
    pub end: End,
}

/// A scripted server and the clock of its world.
#[derive(Debug, Clone)]
pub struct Server(ScriptedNet<World>);

#[derive(Debug)]
struct World {
    script: Script,
    epoch: Instant,
    now: Duration,
    lines: Vec<Line>,
}

/// One connection.
#[derive(Debug, Default)]
struct Line {
    received: Vec<u8>,
    /// Bytes of the request that is coming in.
    begun: usize,
    /// How many answers were sent.
    answered: usize,
    to_client: Vec<u8>,
    /// How many bytes of them the client has read.
    read: usize,
    pieces: usize,
}

impl Line {
    fn unread(&self) -> &[u8] {
        self.to_client.get(self.read..).unwrap_or_default()
    }
}

impl Server {
    /// Creates a server in a world that begins at `epoch`.
    pub fn new(script: Script, epoch: Instant) -> Server {
        Server(ScriptedNet::new(World { script, epoch, now: Duration::ZERO, lines: Vec::new() }))
    }

    /// Creates a sender that connects to this server.
    ///
    /// # Errors
    /// Those of [`Sender::new`].
    pub fn sender(&self, config: &Config) -> Result<Sender> {
        Sender::over(&config.validate()?, Box::new(self.0.clone()))
    }

    /// Posts `body` once, below the sender. Returns the status and the length of the body that was kept.
    ///
    /// # Errors
    /// That of the exchange.
    pub fn post(&self, config: &Config, body: &[u8]) -> Result<(u16, usize)> {
        let settings = config.validate()?;
        let deadline = Deadline::after(&self.0, settings.request_timeout);
        let attempt = HttpCarrier::new(&settings)?.request(&self.0, Some(body), deadline, deadline);
        attempt.result.map(|answer| (answer.status, answer.body.len())).map_err(|f| f.error)
    }

    /// Returns what came over the last connection.
    pub fn received(&self) -> Vec<u8> {
        self.world().lines.last().map(|line| line.received.clone()).unwrap_or_default()
    }

    /// Returns how many bytes the client has read, over all connections.
    pub fn read(&self) -> usize {
        self.world().lines.iter().map(|line| line.read).sum()
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        self.world().lines.len()
    }

    /// Returns how much virtual time has passed.
    pub fn elapsed(&self) -> Duration {
        self.world().now
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.script()
    }
}

impl net::Script for World {
    fn now(&self) -> Instant {
        self.epoch + self.now
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn resolve(&mut self, _: &str, port: u16) -> Option<Result<Vec<SocketAddr>>> {
        Some(Ok(vec![([10, 0, 0, 1], port).into()]))
    }

    fn connect(&mut self, _: SocketAddr) -> Option<io::Result<usize>> {
        self.lines.push(Line::default());
        Some(Ok(self.lines.len() - 1))
    }

    fn send(&mut self, id: usize, bytes: &[u8]) -> io::Result<usize> {
        let early = self.script.early;
        let line = &mut self.lines[id];
        let room = early.map_or(usize::MAX, |most| most.saturating_sub(line.begun));
        let taken = bytes.len().min(room);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        line.received.extend_from_slice(&bytes[..taken]);
        line.begun += taken;
        let begun = line.begun;
        if early.is_none() && taken == bytes.len() {
            self.answer(id);
        } else if early == Some(begun) {
            self.answer(id);
            self.lines[id].begun = begun;
        }
        Ok(taken)
    }

    fn recv(&mut self, id: usize, buf: &mut [u8]) -> io::Result<usize> {
        if self.over(id) {
            match self.script.end {
                End::Silent => return Err(io::ErrorKind::WouldBlock.into()),
                End::Closed => return Ok(0),
                End::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
                End::Endless => self.go_on(id),
            }
        }
        let World { script, lines, .. } = self;
        let line = &mut lines[id];
        let piece = match script.pieces.len() {
            0 => usize::MAX,
            count => usize::from(script.pieces[line.pieces % count]).max(1),
        };
        line.pieces += 1;
        let count = line.unread().len().min(buf.len()).min(piece);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buf[..count].copy_from_slice(&line.unread()[..count]);
        line.read += count;
        Ok(count)
    }

    fn wait(&mut self, id: usize, interest: Interest, limit: Duration) -> Ready {
        let ready = self.ready(id, interest);
        if ready == Ready::default() {
            self.now += limit;
        }
        ready
    }
}

impl World {
    /// Makes the next answer readable.
    fn answer(&mut self, id: usize) {
        let line = &mut self.lines[id];
        if let Some(answer) = self.script.answers.get(line.answered) {
            line.to_client.extend_from_slice(answer);
        }
        line.answered += 1;
        line.begun = 0;
    }

    /// Returns whether all answers were read, so that the end of the script is due.
    fn over(&self, id: usize) -> bool {
        let line = &self.lines[id];
        line.unread().is_empty() && line.answered >= self.script.answers.len()
    }

    fn ready(&self, id: usize, interest: Interest) -> Ready {
        let line = &self.lines[id];
        let read = !line.unread().is_empty() || self.over(id) && self.script.end != End::Silent;
        let write = self.script.early.is_none_or(|most| line.begun < most);
        Ready {
            read: read && interest != Interest::Write,
            write: write && interest != Interest::Read,
        }
    }
}

impl World {
    /// Adds more of an endless answer.
    fn go_on(&mut self, id: usize) {
        const AGAIN: usize = 64;
        self.now += Duration::from_millis(100);
        let last = self.script.answers.last().map_or(&[][..], Vec::as_slice);
        let tail = &last[last.len().saturating_sub(AGAIN)..];
        let line = &mut self.lines[id];
        match tail {
            [] => line.to_client.push(b'x'),
            tail => (0..16).for_each(|_| line.to_client.extend_from_slice(tail)),
        }
    }
}
