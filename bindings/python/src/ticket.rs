//! `Ticket`: waits for what became of one batch, in a thread or in an event loop.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use client::BatchId;
use pyo3::exceptions::PyTimeoutError;
use pyo3::prelude::*;

use crate::completion::Completion;
use crate::errors::OrRaise as _;
use crate::exclusive::Exclusive;
use crate::pool::{Pool, in_slices, limit, ticket_in_use};

/// What became of a batch, or who will tell.
enum Waits {
    Open(client::Ticket),
    Done(Py<Completion>),
    /// Only while a call looks.
    Nothing,
}

/// Stands for a batch that a pool has taken.
#[pyclass(frozen, weakref, module = "questdb_ingress")]
pub(crate) struct Ticket {
    pool: Py<Pool>,
    batch: BatchId,
    waits: Exclusive<Waits>,
}

impl Ticket {
    pub(crate) fn new(pool: Py<Pool>, ticket: client::Ticket) -> Ticket {
        Ticket { pool, batch: ticket.batch(), waits: Exclusive::new(Waits::Open(ticket)) }
    }

    /// Looks whether the batch is complete, as `look` says. If not, everything is as it was.
    fn look(
        &self,
        py: Python<'_>,
        look: impl FnOnce(client::Ticket) -> PyResult<Result<client::Completion, client::Ticket>>,
    ) -> PyResult<Option<Py<Completion>>> {
        let mut waits = self.waits.lend().ok_or_else(|| ticket_in_use(py))?;
        match std::mem::replace(&mut *waits, Waits::Nothing) {
            Waits::Open(ticket) => match look(ticket)? {
                Ok(done) => {
                    let done = Py::new(py, Completion::of(py, done)?)?;
                    *waits = Waits::Done(done.clone_ref(py));
                    Ok(Some(done))
                }
                Err(ticket) => {
                    *waits = Waits::Open(ticket);
                    Ok(None)
                }
            },
            Waits::Done(done) => {
                *waits = Waits::Done(done.clone_ref(py));
                Ok(Some(done))
            }
            Waits::Nothing => Err(ticket_in_use(py)),
        }
    }
}

#[pymethods]
impl Ticket {
    /// The number of the batch.
    #[getter]
    fn batch(&self) -> u64 {
        self.batch.number()
    }

    /// Returns what became of the batch. Raises TimeoutError if that is not known in time; the batch goes on.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<Completion>> {
        let limit = limit(timeout)?;
        let mut raised = None;
        let done = self.look(py, |ticket| {
            // In a cell, because each attempt gives it back.
            let cell = Mutex::new(Some(ticket));
            let waited = in_slices(py, limit, |slice| {
                let mut held = cell.lock().unwrap_or_else(PoisonError::into_inner);
                match held.take()?.wait(slice) {
                    Ok(done) => Some(done),
                    Err(ticket) => {
                        *held = Some(ticket);
                        None
                    }
                }
            });
            let ticket = cell.into_inner().unwrap_or_else(PoisonError::into_inner);
            match (waited, ticket) {
                (Ok(Some(done)), _) => Ok(Ok(done)),
                (Ok(None), Some(ticket)) => Ok(Err(ticket)),
                (Err(e), Some(ticket)) => {
                    raised = Some(e);
                    Ok(Err(ticket))
                }
                (Ok(None), None) => Err(ticket_in_use(py)),
                (Err(e), None) => Err(e),
            }
        })?;
        match (done, raised) {
            (_, Some(raised)) => Err(raised),
            (Some(done), None) => Ok(done),
            (None, None) => {
                let message = format!("batch {} is not complete yet", self.batch);
                Err(PyTimeoutError::new_err(message))
            }
        }
    }

    /// Cancels the batch if it still waits; with `in_flight_too` also if it is being sent. Returns whether there was anything to
    /// cancel. The completion tells what became of the rows.
    #[pyo3(signature = (in_flight_too=false))]
    fn cancel(&self, py: Python<'_>, in_flight_too: bool) -> PyResult<bool> {
        self.pool.get().cancel(py, self.batch, in_flight_too)
    }

    /// Returns what became of the batch, or None, and has `wakes` told of this number once it is known.
    fn _poll(
        &self,
        py: Python<'_>,
        wakes: &Wakes,
        number: u64,
    ) -> PyResult<Option<Py<Completion>>> {
        let waker = Waker::from(Arc::new(One { wakes: Arc::clone(&wakes.shared), number }));
        self.look(py, |mut ticket| {
            match Pin::new(&mut ticket).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(done) => done.or_raise(py).map(Ok),
                Poll::Pending => Ok(Err(ticket)),
            }
        })
    }

    fn __repr__(&self) -> String {
        format!("<questdb_ingress.Ticket of batch {}>", self.batch)
    }
}

/// The tickets of one event loop that are to be looked at. Threads of pools tell them by a pair of sockets, without the interpreter's
/// lock, so that no connection waits for Python.
#[pyclass(frozen, module = "questdb_ingress._native")]
pub(crate) struct Wakes {
    shared: Arc<Woken>,
}

struct Woken {
    numbers: Mutex<Vec<u64>>,
    bell: Bell,
}

/// One ticket that an event loop waits for.
struct One {
    wakes: Arc<Woken>,
    number: u64,
}

impl Wake for One {
    fn wake(self: Arc<Self>) {
        let mut numbers = self.wakes.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.push(self.number);
        if numbers.len() == 1 {
            self.wakes.bell.ring();
        }
    }
}

#[pymethods]
impl Wakes {
    /// Makes one, or raises NotImplementedError where event loops cannot wait for a descriptor.
    #[new]
    fn new() -> PyResult<Wakes> {
        let woken = Woken { numbers: Mutex::new(Vec::new()), bell: Bell::new()? };
        Ok(Wakes { shared: Arc::new(woken) })
    }

    /// The descriptor that is readable once there are numbers.
    fn fileno(&self) -> i32 {
        self.shared.bell.descriptor()
    }

    /// Returns the numbers that are to be looked at.
    fn take(&self) -> Vec<u64> {
        let mut numbers = self.shared.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.bell.silence();
        std::mem::take(&mut *numbers)
    }
}

#[cfg(unix)]
struct Bell {
    heard: std::os::unix::net::UnixStream,
    rung: std::os::unix::net::UnixStream,
}

#[cfg(unix)]
impl Bell {
    fn new() -> PyResult<Bell> {
        let (heard, rung) = std::os::unix::net::UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        Ok(Bell { heard, rung })
    }

    fn descriptor(&self) -> i32 {
        use std::os::fd::AsRawFd as _;
        self.heard.as_raw_fd()
    }

    /// Makes the descriptor readable. It has room, because it is silenced before it rings again.
    fn ring(&self) {
        use std::io::Write as _;
        let _ = (&self.rung).write(&[1]);
    }

    fn silence(&self) {
        use std::io::Read as _;
        let _ = (&self.heard).read(&mut [0; 8]);
    }
}

#[cfg(not(unix))]
struct Bell;

#[cfg(not(unix))]
impl Bell {
    fn new() -> PyResult<Bell> {
        Err(pyo3::exceptions::PyNotImplementedError::new_err("no descriptors to wait for"))
    }

    fn descriptor(&self) -> i32 {
        -1
    }

    fn ring(&self) {}

    fn silence(&self) {}
}
