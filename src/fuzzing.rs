//! What the fuzz targets reach the inner code paths by: a sender whose server follows a script. Only builds with
//! `--cfg fuzzing` have it, which nobody but ci/fuzz makes.
//!
//! The script stands where the network stands: everything above it, from the connection to the error, is the code that users
//! run. Time is virtual, so a peer that says nothing costs no time.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{Config, Interface};
use crate::error::Result;
use crate::net::{Deadline, Interest, Net, Ready, Socket};
use crate::sender::HttpCarrier;
use crate::sender::Sender;

/// What the server does when it has said all its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing: the connection stays open.
    Silent,
    /// Ends its half of the stream.
    Closed,
    /// Breaks the connection.
    Reset,
    /// Says the last bytes again and again, and time passes meanwhile.
    Endless,
}

/// A server's part in every connection. A request is what the client hands over until a call gets rid of all it had.
#[derive(Debug, Clone)]
pub struct Script {
    /// What it says to the first request, the second, and so on.
    pub answers: Vec<Vec<u8>>,
    /// The sizes in which bytes arrive, over and over; without any, as many as the client asks for.
    pub pieces: Vec<u8>,
    /// Answers when it has so many bytes of a request, and takes no more of it.
    pub early: Option<usize>,
    /// What follows the last answer.
    pub end: End,
}

/// A scripted server and the clock of its world.
#[derive(Debug, Clone)]
pub struct Server(Arc<Mutex<World>>);

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
    /// How many answers were said.
    answered: usize,
    to_client: Vec<u8>,
    /// How much of it the client has read.
    read: usize,
    pieces: usize,
}

impl Line {
    fn unread(&self) -> &[u8] {
        self.to_client.get(self.read..).unwrap_or_default()
    }
}

impl Server {
    /// A server in a world that begins at `epoch`.
    pub fn new(script: Script, epoch: Instant) -> Server {
        Server(Arc::new(Mutex::new(World {
            script,
            epoch,
            now: Duration::ZERO,
            lines: Vec::new(),
        })))
    }

    /// A sender to it.
    ///
    /// # Errors
    /// Those of [`Sender::new`].
    pub fn sender(&self, config: &Config) -> Result<Sender> {
        Sender::over(&config.validate()?, Box::new(self.clone()))
    }

    /// Posts `body` once, below the sender. Returns the status and the length of the body that was kept.
    ///
    /// # Errors
    /// That of the exchange.
    pub fn post(&self, config: &Config, body: &[u8]) -> Result<(u16, usize)> {
        let settings = config.validate()?;
        let deadline = Deadline::after(self, settings.request_timeout);
        let attempt = HttpCarrier::new(&settings)?.request(self, Some(body), deadline, deadline);
        attempt.result.map(|answer| (answer.status, answer.body.len())).map_err(|f| f.error)
    }

    /// What came over the last connection.
    pub fn received(&self) -> Vec<u8> {
        self.world().lines.last().map(|line| line.received.clone()).unwrap_or_default()
    }

    /// How many bytes the client read, over all connections.
    pub fn read(&self) -> usize {
        self.world().lines.iter().map(|line| line.read).sum()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.world().lines.len()
    }

    /// How much time has passed.
    pub fn elapsed(&self) -> Duration {
        self.world().now
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Net for Server {
    fn now(&self) -> Instant {
        let world = self.world();
        world.epoch + world.now
    }

    fn sleep(&self, time: Duration) {
        self.world().now += time;
    }

    fn random_up_to(&self, max: u64) -> u64 {
        max
    }

    fn resolve(&self, _: &str, port: u16, _: Deadline) -> Result<Vec<SocketAddr>> {
        Ok(vec![([10, 0, 0, 1], port).into()])
    }

    fn connect(
        &self,
        _: SocketAddr,
        _: Option<&Interface>,
        _: Duration,
    ) -> io::Result<Box<dyn Socket>> {
        let mut world = self.world();
        world.lines.push(Line::default());
        Ok(Box::new(Connection { world: self.clone(), id: world.lines.len() - 1 }))
    }

    fn process_id(&self) -> u32 {
        1
    }
}

impl World {
    /// Lets the next answer out.
    fn answer(&mut self, id: usize) {
        let line = &mut self.lines[id];
        if let Some(answer) = self.script.answers.get(line.answered) {
            line.to_client.extend_from_slice(answer);
        }
        line.answered += 1;
        line.begun = 0;
    }

    /// Whether all was said, so that the end of the script is due.
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

struct Connection {
    world: Server,
    id: usize,
}

impl Socket for Connection {
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut world = self.world.world();
        let early = world.script.early;
        let line = &mut world.lines[self.id];
        let offered: usize = slices.iter().map(|part| part.len()).sum();
        let room = early.map_or(usize::MAX, |most| most.saturating_sub(line.begun));
        let taken = offered.min(room);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let end = line.received.len() + taken;
        slices.iter().for_each(|part| line.received.extend_from_slice(part));
        line.received.truncate(end);
        line.begun += taken;
        let begun = line.begun;
        if early.is_none() && taken == offered {
            world.answer(self.id);
        } else if early == Some(begun) {
            world.answer(self.id);
            world.lines[self.id].begun = begun;
        }
        Ok(taken)
    }

    fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut world = self.world.world();
        if world.over(self.id) {
            match world.script.end {
                End::Silent => return Err(io::ErrorKind::WouldBlock.into()),
                End::Closed => return Ok(0),
                End::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
                End::Endless => world.go_on(self.id),
            }
        }
        let World { script, lines, .. } = &mut *world;
        let line = &mut lines[self.id];
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

    fn wait(&mut self, interest: Interest, limit: Duration) -> io::Result<Ready> {
        let mut world = self.world.world();
        let ready = world.ready(self.id, interest);
        if ready == Ready::default() {
            world.now += limit;
        }
        Ok(ready)
    }

    fn shutdown_write(&mut self) {}
}

impl World {
    /// More of an endless answer.
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
