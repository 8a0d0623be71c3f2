//! The script of the simulation: name resolution and connects as planned, and connections to scripted servers. One fault
//! strikes at one byte of one direction.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::server::{Server, Step};
use crate::error::{ErrorParts as _, Result, err};
use crate::net::{Canceller, InFlight, Interest, Net as _, Ready, Script, SystemNet};

/// What happens to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    Reset,
    Fin,
    Stall,
    Drip,
    Corrupt,
}

impl FaultKind {
    pub(super) const ALL: [FaultKind; 5] =
        [FaultKind::Reset, FaultKind::Fin, FaultKind::Stall, FaultKind::Drip, FaultKind::Corrupt];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// A fault at the byte `at`, counted in one direction over all connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) direction: Direction,
    pub(super) at: u64,
    pub(super) kind: FaultKind,
}

/// How a connect ends; after the plan all succeed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Connect {
    Fine,
    Refused,
    /// There is no answer until the limit.
    Nothing,
    /// No descriptor is free.
    NoDescriptor,
}

/// How a name resolution ends; after the plan all find one address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resolve {
    Fails,
    /// There is no answer until the deadline.
    Nothing,
    /// It finds this many addresses.
    Finds(u8),
}

/// A host with a name of its own, and its servers.
pub(super) struct Host {
    pub(super) connect: Connect,
    pub(super) server: Box<dyn Fn() -> Server + Send>,
}

const DRIP: Duration = Duration::from_millis(50);
/// More calls than any case needs; beyond them something loops without end.
const MAX_CALLS: u64 = 100_000;

/// One connection, with both kernels.
struct Line {
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// What the server wants to send and has not sent yet.
    outbox: VecDeque<u8>,
    server: Server,
    host: char,
    /// All bytes that the client's kernel took.
    accepted: Vec<u8>,
    reset: bool,
    /// Whether the client has ended its half.
    finished: bool,
    /// The server has closed the connection.
    closed: bool,
    stalled: bool,
    /// When the next byte may pass, if bytes pass one at a time.
    drip: Option<Duration>,
    next: Duration,
}

/// Everything outside the sender.
pub(super) struct World {
    epoch: Instant,
    pub(super) now: Duration,
    pub(super) process: u32,
    pub(super) fault: Option<Fault>,
    /// How many bytes a kernel takes before the other side has read them.
    pub(super) window: usize,
    /// The most bytes that one call moves.
    pub(super) burst: usize,
    /// How long a call to the kernel takes.
    pub(super) call_time: Duration,
    pub(super) connects: VecDeque<Connect>,
    pub(super) resolves: VecDeque<Resolve>,
    pub(super) resolved: usize,
    /// The names that were resolved.
    pub(super) names: Vec<String>,
    pub(super) new_server: Box<dyn Fn() -> Server + Send>,
    /// Hosts whose names are one letter, which have servers of their own.
    pub(super) hosts: BTreeMap<char, Host>,
    /// The hosts that completely got a request with rows, or for settings.
    pub(super) requested: Vec<char>,
    pub(super) asked: Vec<char>,
    lines: Vec<Line>,
    /// How many bytes have passed in each direction.
    pub(super) passed: [u64; 2],
    /// Bodies that the server stored.
    pub(super) committed: Vec<Vec<u8>>,
    /// Requests that the server read completely.
    pub(super) requests: usize,
    calls: u64,
    pub(super) canceller: Canceller,
    /// When another thread cancels, once.
    pub(super) cancel_at: Option<Duration>,
    /// Whether the kernel tells which bytes are acknowledged.
    pub(super) tells_acknowledged: bool,
    /// Whether the clock has ticks.
    pub(super) ticks: bool,
}

impl World {
    pub(super) fn new(new_server: Box<dyn Fn() -> Server + Send>) -> World {
        World {
            epoch: SystemNet::new().now(),
            now: Duration::ZERO,
            process: 1,
            fault: None,
            window: 1 << 20,
            burst: usize::MAX,
            call_time: Duration::ZERO,
            connects: VecDeque::new(),
            resolves: VecDeque::new(),
            resolved: 0,
            names: Vec::new(),
            new_server,
            hosts: BTreeMap::new(),
            requested: Vec::new(),
            asked: Vec::new(),
            lines: Vec::new(),
            passed: [0; 2],
            committed: Vec::new(),
            requests: 0,
            calls: 0,
            canceller: Canceller::default(),
            cancel_at: None,
            tells_acknowledged: true,
            ticks: false,
        }
    }

    /// Begins to count calls anew, for a test that makes more of them than one case needs.
    pub(super) fn goes_on(&mut self) {
        self.calls = 0;
    }

    pub(super) fn connections(&self) -> usize {
        self.lines.len()
    }

    /// Ends the connections to a host.
    pub(super) fn close_connections(&mut self, host: char) {
        self.lines.iter_mut().filter(|line| line.host == host).for_each(|line| line.closed = true);
    }

    /// Returns whether the client's kernel has ever taken all of these bytes on one connection.
    pub(super) fn was_handed_over(&self, bytes: &[u8]) -> bool {
        self.lines.iter().any(|line| contains(&line.accepted, bytes))
    }

    /// Returns whether a byte of a stream's data after these first bytes has reached a server.
    pub(super) fn has_received(&self, bytes: &[u8]) -> bool {
        self.lines.iter().any(|line| contains(line.server.received(), bytes))
    }

    /// Returns the handle, on which the other thread has acted if its time has come.
    fn acted_on_canceller(&mut self) -> &Canceller {
        let now = self.now;
        if self.cancel_at.take_if(|at| *at <= now).is_some() {
            self.canceller.cancel();
        }
        &self.canceller
    }

    fn called(&mut self) {
        self.calls += 1;
        self.now += self.call_time;
        assert!(self.calls < MAX_CALLS, "the client spins");
    }

    /// Returns the fault if it strikes the next byte of this direction; then it is over.
    fn strikes(&mut self, direction: Direction) -> Option<Fault> {
        let passed = self.passed[direction as usize];
        self.fault.take_if(|fault| fault.direction == direction && fault.at == passed)
    }

    /// Lets everything happen on a connection that can happen now.
    fn pump(&mut self, id: usize) {
        while self.pass(id, Direction::Request) || self.pass(id, Direction::Response) {}
        let line = &mut self.lines[id];
        if line.finished && line.to_server.is_empty() && !line.stalled {
            line.server.ended();
        }
        if line.server.is_done() && line.outbox.is_empty() && !line.stalled {
            line.closed = true;
        }
    }

    /// Moves one byte.
    fn pass(&mut self, id: usize, direction: Direction) -> bool {
        let now = self.now;
        let line = &mut self.lines[id];
        let waiting = match direction {
            Direction::Request => !line.to_server.is_empty() && line.server.reads(),
            Direction::Response => !line.outbox.is_empty(),
        };
        if !waiting || line.reset || line.closed || line.stalled {
            return false;
        }
        if line.drip.is_some() && now < line.next {
            return false;
        }
        let mut mask = 0;
        if let Some(fault) = self.strikes(direction) {
            let line = &mut self.lines[id];
            match fault.kind {
                FaultKind::Reset => line.reset = true,
                FaultKind::Fin => line.closed = true,
                FaultKind::Stall => line.stalled = true,
                FaultKind::Drip => {
                    line.drip = Some(DRIP);
                    line.next = now + DRIP;
                }
                FaultKind::Corrupt => mask = [0x01, 0x20, 0x80, 0x0f][(fault.at % 4) as usize],
            }
            if fault.kind != FaultKind::Corrupt {
                return false;
            }
        }
        self.passed[direction as usize] += 1;
        let line = &mut self.lines[id];
        if let Some(every) = line.drip {
            line.next = now + every;
        }
        match direction {
            Direction::Request => {
                let Some(byte) = line.to_server.pop_front() else { return false };
                for step in line.server.take(byte ^ mask, self.requests) {
                    match step {
                        Step::Say(bytes) => line.outbox.extend(bytes),
                        // There is none without TLS, and within TLS it is sent as bytes.
                        Step::SayRaw(_) => {}
                        Step::Commit(body) => self.committed.push(body),
                        Step::Counted => {
                            self.requests += 1;
                            self.requested.push(line.host);
                        }
                        Step::Asked => self.asked.push(line.host),
                    }
                }
            }
            Direction::Response => {
                let Some(byte) = line.outbox.pop_front() else { return false };
                line.to_client.push_back(byte ^ mask);
            }
        }
        true
    }

    fn space(&self, id: usize) -> usize {
        self.window.saturating_sub(self.lines[id].to_server.len())
    }

    fn ready(&self, id: usize, interest: Interest) -> Ready {
        let line = &self.lines[id];
        let over = line.reset || line.closed;
        let read = over || !line.to_client.is_empty();
        let write = over || self.space(id) > 0;
        Ready {
            read: read && interest != Interest::Write,
            write: write && interest != Interest::Read,
        }
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

impl Script for World {
    fn now(&self) -> Instant {
        self.epoch + self.now
    }

    fn tick(&self) -> Option<Instant> {
        self.ticks.then(|| self.now())
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn canceller(&mut self) -> Canceller {
        self.acted_on_canceller().clone()
    }

    fn cancelled(&mut self) -> bool {
        self.acted_on_canceller().is_cancelled()
    }

    fn process(&self) -> u32 {
        self.process
    }

    fn resolve(&mut self, host: &str, port: u16) -> Option<Result<Vec<SocketAddr>>> {
        self.resolved += 1;
        self.names.push(host.to_owned());
        Some(match self.resolves.pop_front() {
            Some(Resolve::Nothing) => return None,
            Some(Resolve::Fails) => Err(err!(CouldNotResolve, "no {host}").retryable(true)),
            Some(Resolve::Finds(count)) => {
                Ok((1..=count).map(|n| ([10, 0, 0, n], port).into()).collect())
            }
            None => {
                let letter = host.as_bytes()[0];
                let letter = if host.len() == 1 { letter } else { 0 };
                Ok(vec![([10, 0, letter, 1], port).into()])
            }
        })
    }

    fn connect(&mut self, to: SocketAddr) -> Option<io::Result<usize>> {
        self.called();
        let IpAddr::V4(ip) = to.ip() else { unreachable!() };
        let letter = char::from(ip.octets()[2]);
        let planned = self.connects.pop_front();
        match planned.or_else(|| Some(self.hosts.get(&letter)?.connect)) {
            None | Some(Connect::Fine) => {}
            Some(Connect::Refused) => return Some(Err(io::ErrorKind::ConnectionRefused.into())),
            Some(Connect::NoDescriptor) => {
                return Some(Err(io::Error::from_raw_os_error(libc::EMFILE)));
            }
            Some(Connect::Nothing) => return None,
        }
        let server = match self.hosts.get(&letter) {
            Some(host) => (host.server)(),
            None => (self.new_server)(),
        };
        let outbox = server.greeting_text().bytes().collect();
        self.lines.push(Line {
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            outbox,
            server,
            host: letter,
            accepted: Vec::new(),
            reset: false,
            finished: false,
            closed: false,
            stalled: false,
            drip: None,
            next: Duration::ZERO,
        });
        Some(Ok(self.lines.len() - 1))
    }

    fn send(&mut self, id: usize, bytes: &[u8]) -> io::Result<usize> {
        self.called();
        self.pump(id);
        let (space, burst) = (self.space(id), self.burst);
        let line = &mut self.lines[id];
        if line.reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        // A closed peer answers data with a reset; what it said before can still be read.
        line.reset |= line.closed;
        let taken = bytes.len().min(space).min(burst);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        line.accepted.extend_from_slice(&bytes[..taken]);
        line.to_server.extend(&bytes[..taken]);
        self.pump(id);
        Ok(taken)
    }

    fn recv(&mut self, id: usize, buf: &mut [u8]) -> io::Result<usize> {
        self.called();
        self.pump(id);
        let burst = self.burst;
        let line = &mut self.lines[id];
        let count = line.to_client.len().min(buf.len()).min(burst);
        if count > 0 {
            for (to, byte) in buf.iter_mut().zip(line.to_client.drain(..count)) {
                *to = byte;
            }
            return Ok(count);
        }
        match (line.reset, line.closed) {
            (true, _) => Err(io::ErrorKind::ConnectionReset.into()),
            (false, true) => Ok(0),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn wait(&mut self, id: usize, interest: Interest, limit: Duration) -> Ready {
        self.called();
        let until = self.now + limit;
        loop {
            self.pump(id);
            let ready = self.ready(id, interest);
            if ready != Ready::default() {
                return ready;
            }
            let line = &self.lines[id];
            let moving =
                !line.to_server.is_empty() && line.server.reads() || !line.outbox.is_empty();
            match line.drip {
                Some(_) if moving && line.next > self.now && line.next <= until => {
                    self.now = line.next;
                }
                _ => {
                    self.now = until;
                    return Ready::default();
                }
            }
        }
    }

    fn finished(&mut self, id: usize) {
        self.lines[id].finished = true;
        self.pump(id);
    }

    fn in_flight(&self, id: usize) -> Option<InFlight> {
        let line = &self.lines[id];
        // The server's kernel acknowledges what the server reads, and nothing more.
        let outstanding = line.to_server.len() as u64;
        let acknowledged = line.accepted.len() as u64 - outstanding;
        self.tells_acknowledged.then_some(InFlight { acknowledged, outstanding })
    }
}
