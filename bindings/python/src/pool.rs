//! `Pool`: takes batches of rows from any thread. What became of a batch is told by its `Ticket`, see `ticket`.

use std::time::Duration;

use client::internal::NumberedPool as _;
use client::{Config, ErrorCode, Submit};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::buffer::Buffer;
use crate::completion::Completion;
use crate::conf;
use crate::errors::{Code, OrRaise as _, convert, ingress_error, object};
use crate::state::network;
use crate::ticket::Ticket;

/// How long a call waits until signal handlers run again.
const SLICE: Duration = Duration::from_millis(50);

/// Longer than any program runs.
const FOREVER: Duration = Duration::from_secs(1 << 32);

/// Sends batches of rows over several connections, on threads of its own.
///
/// Any thread may make any call at any time. A pool does not survive `fork`.
#[pyclass(frozen, weakref, module = "questdb_ingress")]
pub(crate) struct Pool {
    pool: client::Pool,
    /// How long `submit` waits for room if it is not told.
    acquire: Duration,
    shown: String,
}

/// What `Pool.close` has achieved with the batches that were not complete when it was called.
#[pyclass(frozen, get_all, module = "questdb_ingress")]
pub(crate) struct PoolReport {
    unsent_rows: u64,
    rows_in_doubt: u64,
    earlier_rows_in_doubt: u64,
    error: Option<Py<PyAny>>,
}

#[pymethods]
impl PoolReport {
    fn __repr__(&self) -> String {
        format!(
            "<questdb_ingress.PoolReport unsent_rows={} rows_in_doubt={} earlier_rows_in_doubt={}>",
            self.unsent_rows, self.rows_in_doubt, self.earlier_rows_in_doubt
        )
    }
}

/// Returns a time that was given in seconds or as a `timedelta`; `None` waits for ever.
///
/// # Errors
/// `TypeError` and `ValueError`.
pub(crate) fn limit(value: Option<&Bound<'_, PyAny>>) -> PyResult<Duration> {
    let Some(value) = value else { return Ok(FOREVER) };
    let seconds: f64 = match value.getattr_opt("total_seconds")? {
        Some(total) => total.call0()?.extract()?,
        None => value.extract().map_err(|_| {
            let class = conf::class_name(value);
            PyTypeError::new_err(format!("timeout must be seconds or a timedelta, not {class}"))
        })?,
    };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(format!(
            "timeout must not be negative, but is {seconds}"
        )));
    }
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(FOREVER).min(FOREVER))
}

/// Calls `attempt`, which waits for as long as it is told, without the interpreter's lock until it returns something or `limit`
/// has passed. Signal handlers run meanwhile.
///
/// # Errors
/// What a signal handler raises.
pub(crate) fn in_slices<T: Send>(
    py: Python<'_>,
    limit: Duration,
    attempt: impl Fn(Duration) -> Option<T> + Sync,
) -> PyResult<Option<T>> {
    let mut left = limit;
    loop {
        let slice = left.min(SLICE);
        if let Some(result) = py.detach(|| attempt(slice)) {
            return Ok(Some(result));
        }
        py.check_signals()?;
        left = left.saturating_sub(slice);
        if left.is_zero() {
            return Ok(None);
        }
    }
}

impl Pool {
    fn with(py: Python<'_>, config: &Config) -> PyResult<Pool> {
        let settings = config.validate().or_raise(py)?;
        let addrs: Vec<String> = settings.addrs.iter().map(ToString::to_string).collect();
        Ok(Pool {
            pool: network(py, || client::Pool::new(config))?,
            acquire: settings.acquire_timeout,
            shown: format!("<questdb_ingress.Pool {} {}>", settings.protocol, addrs.join(",")),
        })
    }

    /// Cancels a batch, also while another thread waits for it.
    pub(crate) fn cancel(
        &self,
        py: Python<'_>,
        batch: client::BatchId,
        in_flight_too: bool,
    ) -> PyResult<bool> {
        py.detach(|| self.pool.cancel_numbered(batch, in_flight_too)).or_raise(py)
    }

    /// Hands the rows of a buffer over, and waits for room in between signals.
    fn take(
        &self,
        py: Python<'_>,
        buffer: &mut client::Buffer,
        how: Submit,
        limit: Duration,
    ) -> PyResult<client::Ticket> {
        let mut left = limit;
        loop {
            let slice = left.min(SLICE);
            let taken = py.detach(|| self.pool.submit_with(buffer, how.timeout(slice)));
            left = left.saturating_sub(slice);
            match taken {
                Err(e) if e.code() == ErrorCode::Timeout && !left.is_zero() => {
                    py.check_signals()?
                }
                Err(e) if e.code() == ErrorCode::Timeout => {
                    return Err(no_room(py, &e, slice, limit));
                }
                result => return result.or_raise(py),
            }
        }
    }
}

/// Tells how long the whole call has waited, instead of its last part.
fn no_room(py: Python<'_>, error: &client::Error, part: Duration, whole: Duration) -> PyErr {
    let (part, whole) = (part.as_millis(), whole.as_millis());
    let told = object(py, error).and_then(|object| {
        let message = error.message().replacen(
            &format!("within {part} ms"),
            &format!("within {whole} ms"),
            1,
        );
        object.setattr("args", (object.getattr("code")?, message))?;
        Ok(object)
    });
    told.map_or_else(|e| e, PyErr::from_value)
}

#[pymethods]
impl Pool {
    /// Makes a pool from a connection string. It connects, or asks the server for its version, unless the string says
    /// `lazy_connect=on`.
    #[staticmethod]
    fn from_conf(conf_str: &Bound<'_, PyString>) -> PyResult<Pool> {
        Pool::with(conf_str.py(), &conf::from_conf(conf_str)?)
    }

    /// Makes a pool from the connection string in the environment variable QDB_CLIENT_CONF.
    #[staticmethod]
    fn from_env(py: Python<'_>) -> PyResult<Pool> {
        Pool::with(py, &Config::from_env().or_raise(py)?)
    }

    /// Returns an empty buffer with the pool's limits and version of the protocol.
    fn new_buffer(&self, py: Python<'_>) -> PyResult<Buffer> {
        Ok(Buffer::of(self.pool.new_buffer().or_raise(py)?))
    }

    /// Takes the rows of a buffer, which is empty afterwards. Waits only while the queue is full.
    #[pyo3(signature = (buffer, *, order_key=None, timeout=None))]
    fn submit(
        slf: &Bound<'_, Pool>,
        buffer: &Bound<'_, Buffer>,
        order_key: Option<u64>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Ticket> {
        let (py, pool) = (slf.py(), slf.get());
        let limit = if timeout.is_some() { limit(timeout)? } else { pool.acquire };
        let how = order_key.map_or_else(Submit::default, |key| Submit::default().order_key(key));
        let mut contents = buffer.get().lend()?;
        let ticket = pool.take(py, &mut contents.buffer, how, limit)?;
        Ok(Ticket::new(slf.clone().unbind(), ticket))
    }

    /// Returns what became of the oldest batch whose ticket is gone, or None if there is none in time.
    #[pyo3(signature = (timeout=None))]
    fn next(
        &self,
        py: Python<'_>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Completion>> {
        let found =
            in_slices(py, limit(timeout)?, |slice| self.pool.next_completion(slice).transpose())?;
        let completion = found.transpose().or_raise(py)?;
        completion.map(|completion| Completion::of(py, completion)).transpose()
    }

    /// Returns a descriptor that is readable while `next` has something, for `select` and event loops.
    fn fileno(&self, py: Python<'_>) -> PyResult<isize> {
        self.pool.handle().or_raise(py)
    }

    /// Waits until no batch waits or is being sent. Returns False if some do when the time has passed.
    #[pyo3(signature = (timeout=None))]
    fn drain(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        self.drained(py, limit(timeout)?)
    }

    /// Takes no more batches, sends those it has, cancels what is left after `timeout`, and reports.
    #[pyo3(signature = (timeout=None))]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<PoolReport> {
        let limit = timeout.map_or(Ok(Duration::from_secs(30)), |timeout| limit(Some(timeout)))?;
        self.closed(py, limit)
    }

    fn __enter__<'py>(slf: &Bound<'py, Pool>) -> Bound<'py, Pool> {
        slf.clone()
    }

    #[pyo3(signature = (exc_type, exc_val, exc_tb))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let _ = (exc_val, exc_tb);
        let report = self.closed(py, Duration::from_secs(30))?;
        if !exc_type.is_none() {
            return Ok(false);
        }
        match report.error {
            Some(error) => Err(PyErr::from_value(error.into_bound(py))),
            None => self.error_of_unread(py).map_or(Ok(false), Err),
        }
    }

    /// Returns the counters of the pool.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.pool.stats().or_raise(py)?;
        let dict = PyDict::new(py);
        for (name, value) in [
            ("queued_batches", stats.queued_batches),
            ("batches_in_flight", stats.batches_in_flight),
            ("unread_completions", stats.unread_completions),
            ("queue_bytes", stats.queue_bytes),
            ("workers", stats.workers),
            ("rows_sent", stats.rows_sent),
            ("rows_not_stored", stats.rows_not_stored),
            ("rows_in_doubt", stats.rows_in_doubt),
        ] {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    fn __repr__(&self) -> &str {
        &self.shown
    }
}

impl Pool {
    fn drained(&self, py: Python<'_>, limit: Duration) -> PyResult<bool> {
        let ended = in_slices(py, limit, |slice| match self.pool.drain(slice) {
            Err(e) if e.code() == ErrorCode::Timeout => None,
            result => Some(result),
        })?;
        ended.transpose().or_raise(py).map(|ended| ended.is_some())
    }

    /// Returns the error of the first batch that failed and whose completion nobody has read.
    fn error_of_unread(&self, py: Python<'_>) -> Option<PyErr> {
        while let Ok(Some(done)) = self.pool.next_completion(Duration::ZERO) {
            if let Some(error) = done.error {
                return Some(convert(py, &error));
            }
        }
        None
    }

    /// Ends the pool. Signal handlers run while it sends what is left; if one raises, the pool stays open.
    fn closed(&self, py: Python<'_>, limit: Duration) -> PyResult<PoolReport> {
        let in_time = self.drained(py, limit).or_else(|e| {
            let forked = crate::errors::is_ingress_error(py, &e);
            if forked { Ok(false) } else { Err(e) }
        })?;
        let rest = if in_time { limit.min(SLICE) } else { Duration::ZERO };
        let report = py.detach(|| self.pool.close(rest));
        Ok(PoolReport {
            unsent_rows: report.unsent_rows,
            rows_in_doubt: report.rows_in_doubt,
            earlier_rows_in_doubt: report.earlier_rows_in_doubt,
            error: report.result.err().map(|e| convert(py, &e).into_value(py).into_any()),
        })
    }
}

/// Creates the error for a ticket that another call uses.
pub(crate) fn ticket_in_use(py: Python<'_>) -> PyErr {
    ingress_error(py, Code::InvalidApiCall, "the ticket is in use: by a call that waits for it")
}
