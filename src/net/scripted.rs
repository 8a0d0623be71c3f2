//! A network that follows a script, for tests and fuzz targets. Time passes only when somebody waits, and the script is the
//! other end of every connection.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::cancel::Canceller;
use super::os::{Deadline, InFlight, Interest, Net, Ready, Socket, pause};
use crate::config::Interface;
use crate::error::{ErrorParts as _, Result, err};

/// What happens outside the client. Connections are numbered in the order in which they were made.
pub(crate) trait Script: Send + 'static {
    /// Returns the time.
    fn now(&self) -> Instant;

    /// Lets time pass.
    fn pass(&mut self, time: Duration);

    /// Returns the addresses of a host; `None` if the resolver never answers.
    fn resolve(&mut self, host: &str, port: u16) -> Option<Result<Vec<SocketAddr>>>;

    /// Returns the number of a new connection; `None` if the address never answers.
    fn connect(&mut self, to: SocketAddr) -> Option<io::Result<usize>>;

    /// Takes bytes of the client into its kernel.
    fn send(&mut self, id: usize, bytes: &[u8]) -> io::Result<usize>;

    /// Gives bytes to the client.
    fn recv(&mut self, id: usize, buf: &mut [u8]) -> io::Result<usize>;

    /// Returns what a connection is ready for now. If that is nothing, time passes until it is ready, but no more than
    /// `limit`.
    fn wait(&mut self, id: usize, interest: Interest, limit: Duration) -> Ready;

    /// Called when the client has ended its half of the stream.
    fn finished(&mut self, _: usize) {}

    /// Returns what the client's kernel knows about the bytes of a connection.
    fn in_flight(&self, _: usize) -> Option<InFlight> {
        None
    }

    /// Returns the handle by which the running call is cancelled.
    fn canceller(&mut self) -> Canceller {
        Canceller::default()
    }

    /// Returns whether the running call was cancelled.
    fn cancelled(&mut self) -> bool {
        false
    }

    /// Returns the tick of the clock; `None` if the client is to ask always.
    fn tick(&self) -> Option<Instant> {
        None
    }

    /// Returns the id of the process that the client is in.
    fn process(&self) -> u32 {
        1
    }
}

/// The [`Net`] that a script stands behind.
#[derive(Debug)]
pub(crate) struct ScriptedNet<S>(Arc<Mutex<S>>);

impl<S> Clone for ScriptedNet<S> {
    fn clone(&self) -> Self {
        ScriptedNet(Arc::clone(&self.0))
    }
}

impl<S> ScriptedNet<S> {
    pub(crate) fn new(script: S) -> ScriptedNet<S> {
        ScriptedNet(Arc::new(Mutex::new(script)))
    }

    /// Returns the script, to inspect or change it.
    pub(crate) fn script(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Script> Net for ScriptedNet<S> {
    fn now(&self) -> Instant {
        self.script().now()
    }

    fn tick(&self) -> Option<Instant> {
        self.script().tick()
    }

    fn sleep(&self, time: Duration) {
        self.script().pass(time);
    }

    /// Returns the largest number, so that waits are as long as they can be.
    fn random_up_to(&self, max: u64) -> u64 {
        max
    }

    fn resolve(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>> {
        let left = deadline.left(self);
        let found = self.script().resolve(host, port);
        found.unwrap_or_else(|| {
            pause(self, left.unwrap_or_default());
            if self.cancelled() {
                return Err(err!(Cancelled, "cancelled while resolving {host}"));
            }
            Err(err!(CouldNotResolve, "time ran out while resolving {host}").retryable(true))
        })
    }

    fn connect(
        &self,
        to: SocketAddr,
        _: Option<&Interface>,
        limit: Duration,
    ) -> io::Result<Box<dyn Socket>> {
        let made = self.script().connect(to);
        let id = made.unwrap_or_else(|| {
            pause(self, limit);
            Err(io::ErrorKind::TimedOut.into())
        })?;
        Ok(Box::new(ScriptedSocket { net: self.clone(), id }))
    }

    fn canceller(&self) -> Canceller {
        self.script().canceller()
    }

    fn cancelled(&self) -> bool {
        self.script().cancelled()
    }

    fn process_id(&self) -> u32 {
        self.script().process()
    }
}

struct ScriptedSocket<S> {
    net: ScriptedNet<S>,
    id: usize,
}

impl<S: Script> Socket for ScriptedSocket<S> {
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.net.script().send(self.id, &bytes)
    }

    fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.net.script().recv(self.id, buf)
    }

    fn wait(&mut self, interest: Interest, limit: Duration) -> io::Result<Ready> {
        Ok(self.net.script().wait(self.id, interest, limit))
    }

    fn shutdown_write(&mut self) {
        self.net.script().finished(self.id);
    }

    fn in_flight(&self) -> Option<InFlight> {
        self.net.script().in_flight(self.id)
    }
}
