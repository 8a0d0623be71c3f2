//! `Sender`: its life from the first row to `close`. All network work runs without the interpreter's lock.
#![expect(unsafe_code, reason = "passes on arguments that the interpreter holds")]

use std::time::Duration;

use client::config::Settings;
use client::internal::OwnBuffer as _;
use client::{Atomicity, Canceller, Config, StatsReader};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::buffer::{Buffer, Contents, in_use};
use crate::conf;
use crate::errors::{Code, OrRaise as _, ingress_error, object};
use crate::exclusive::{Exclusive, Lent};
use crate::frame::{self, Given, Target};
use crate::raw::Call;
use crate::reconnects;
use crate::row::Rows;
use crate::state::{Phase, State, inside_transaction, network};
use crate::time::new_timedelta;
use crate::transaction::SenderTransaction;

/// Sends rows to QuestDB.
///
/// A sender is used by one thread at a time; a call that finds it in use is refused with an IngressError. `stats` and `cancel` may
/// be called at any time from any thread. A sender does not survive `fork`.
#[pyclass(frozen, subclass, weakref, module = "questdb_ingress")]
pub(crate) struct Sender {
    state: Exclusive<State>,
    settings: Settings,
    stats: StatsReader,
    canceller: Canceller,
}

impl Sender {
    fn with(py: Python<'_>, mut config: Config) -> PyResult<Sender> {
        let settings = config.validate().or_raise(py)?;
        // Nothing connects before `establish`, and rows that are added before are written again for an older server.
        config.set("lazy_connect", "on").or_raise(py)?;
        let sender = client::Sender::new(&config).or_raise(py)?;
        Ok(Sender {
            settings,
            stats: sender.stats_reader(),
            canceller: sender.canceller(),
            state: Exclusive::new(State {
                phase: Phase::New,
                since: 0.0,
                sender: Some(sender),
                rows: Rows::new(),
            }),
        })
    }

    /// Lends what the calls share.
    ///
    /// # Errors
    /// `IngressError` if another call is using it.
    #[inline(always)]
    pub(crate) fn lend(&self) -> PyResult<Lent<'_, State>> {
        self.state.lend().ok_or_else(|| in_use("sender"))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Does the work of the method `row`.
    ///
    /// # Errors
    /// Those of [`Rows::append`] and of an automatic flush.
    #[inline(always)]
    pub(crate) fn row(&self, call: Call) -> PyResult<()> {
        let mut lent = self.lend()?;
        let (sender, rows) = lent.open("row")?;
        let arguments = call.arguments(rows, true)?;
        if sender.in_transaction() {
            return Err(inside_transaction("append rows"));
        }
        // SAFETY: the interpreter holds the arguments during the call.
        let added = unsafe { rows.append(sender.own_buffer(), arguments)? };
        if added { lent.row_added() } else { Ok(()) }
    }

    /// Adds a row of an open transaction.
    ///
    /// # Errors
    /// Those of [`Rows::append`].
    pub(crate) fn transaction_row(&self, call: Call, table: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut lent = self.lend()?;
        let (sender, rows) = lent.open("row")?;
        let mut arguments = call.arguments(rows, false)?;
        arguments.table = table.as_ptr();
        // SAFETY: the interpreter holds the arguments during the call, the caller holds the table.
        unsafe { rows.append(sender.own_buffer(), arguments) }.map(drop)
    }

    /// Adds the rows of a frame to an open transaction.
    ///
    /// # Errors
    /// Those of [`frame::append`].
    pub(crate) fn transaction_dataframe<'py>(
        &self,
        df: &Bound<'py, PyAny>,
        table: &Bound<'py, PyAny>,
        symbols: Given<'py>,
        at: Given<'py>,
    ) -> PyResult<()> {
        let mut lent = self.lend()?;
        let (sender, _) = lent.open("dataframe")?;
        let mut target = Target::Buffer(sender.own_buffer());
        frame::append(df, Some(table.clone()), None, symbols, at, &mut target)
    }

    /// How long `close` may take: as long as a flush, and some time for a TCP server to end the connection.
    fn close_limit(&self, bytes: usize) -> Duration {
        const END: Duration = Duration::from_secs(10);
        let settings = &self.settings;
        if bytes == 0 {
            return END;
        }
        if !settings.protocol.is_http() {
            return settings.send_timeout + END;
        }
        let for_size = (bytes as u64).checked_div(settings.request_min_throughput).unwrap_or(0);
        let attempt = settings.request_timeout + Duration::from_secs(for_size);
        settings.retry_timeout + attempt + END
    }

    fn flush_own(&self, py: Python<'_>, transactional: bool) -> PyResult<()> {
        let mut lent = self.lend()?;
        let sender = lent.established(py, "flush")?;
        if sender.in_transaction() {
            return Err(inside_transaction("flush"));
        }
        if transactional {
            self.check_transactional(py, sender.buffer())?;
        }
        network(py, || sender.flush_own()).map(drop)
    }

    fn flush_other(
        &self,
        py: Python<'_>,
        buffer: &Buffer,
        clear: bool,
        transactional: bool,
    ) -> PyResult<()> {
        let mut lent = self.lend()?;
        let sender = lent.established(py, "flush")?;
        if sender.in_transaction() {
            return Err(inside_transaction("flush"));
        }
        let mut contents = buffer.lend()?;
        let Contents { buffer, .. } = &mut *contents;
        if transactional {
            self.check_transactional(py, buffer)?;
        }
        if clear {
            network(py, || sender.flush(buffer)).map(drop)
        } else {
            let buffer: &client::Buffer = buffer;
            network(py, || sender.flush_and_keep_with(buffer, Atomicity::Any)).map(drop)
        }
    }

    fn check_transactional(&self, py: Python<'_>, buffer: &client::Buffer) -> PyResult<()> {
        if !self.settings.protocol.is_http() {
            let message = "Transactional flushes need ILP/HTTP: ILP/TCP has none.";
            return Err(ingress_error(py, Code::InvalidApiCall, message));
        }
        if !buffer.is_transactional() {
            let message = "Buffer contains lines for multiple tables. Transactional flushes are only supported for \
                           buffers containing lines for a single table.";
            return Err(ingress_error(py, Code::InvalidApiCall, message));
        }
        Ok(())
    }
}

#[pymethods]
impl Sender {
    /// Makes a sender for a server. Nothing connects before `establish`, which a `with` block calls.
    #[new]
    #[pyo3(
        signature = (protocol, host, port, **options),
        text_signature = "(protocol, host, port, *, bind_interface=None, username=None, password=None, token=None, token_x=None, token_y=None, auth_timeout=None, tls_verify=None, tls_ca=None, tls_roots=None, max_buf_size=None, retry_timeout=None, request_min_throughput=None, request_timeout=None, auto_flush=None, auto_flush_rows=None, auto_flush_bytes=None, auto_flush_interval=None, protocol_version=None, init_buf_size=None, max_name_len=None)"
    )]
    fn new(
        protocol: &Bound<'_, PyAny>,
        host: &Bound<'_, PyAny>,
        port: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Sender> {
        Sender::with(protocol.py(), conf::from_arguments(protocol, host, port, options)?)
    }

    /// Makes a sender from a connection string and keywords for what the string does not say.
    #[staticmethod]
    #[pyo3(
        signature = (conf_str, **options),
        text_signature = "(conf_str, *, bind_interface=None, username=None, password=None, token=None, token_x=None, token_y=None, auth_timeout=None, tls_verify=None, tls_ca=None, tls_roots=None, max_buf_size=None, retry_timeout=None, request_min_throughput=None, request_timeout=None, auto_flush=None, auto_flush_rows=None, auto_flush_bytes=None, auto_flush_interval=None, protocol_version=None, init_buf_size=None, max_name_len=None)"
    )]
    fn from_conf(
        conf_str: &Bound<'_, PyString>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Sender> {
        Sender::with(conf_str.py(), conf::add(conf::from_conf(conf_str)?, options)?)
    }

    /// Makes a sender from the connection string in the environment variable QDB_CLIENT_CONF.
    #[staticmethod]
    #[pyo3(
        signature = (**options),
        text_signature = "(*, bind_interface=None, username=None, password=None, token=None, token_x=None, token_y=None, auth_timeout=None, tls_verify=None, tls_ca=None, tls_roots=None, max_buf_size=None, retry_timeout=None, request_min_throughput=None, request_timeout=None, auto_flush=None, auto_flush_rows=None, auto_flush_bytes=None, auto_flush_interval=None, protocol_version=None, init_buf_size=None, max_name_len=None)"
    )]
    fn from_env(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Sender> {
        Sender::with(py, conf::add(Config::from_env().or_raise(py)?, options)?)
    }

    /// The number of bytes for which a new buffer has room.
    #[getter]
    fn init_buf_size(&self) -> usize {
        self.settings.init_buf_size
    }

    /// The length in bytes of the longest name that is allowed. A server that tells its own limit is believed once it was asked.
    #[getter]
    fn max_name_len(&self) -> usize {
        let known = self.settings.max_name_len;
        known.unwrap_or_else(|| match self.state.lend() {
            Some(state) => match &state.sender {
                Some(sender) => sender.max_name_len(),
                None => client::DEFAULT_MAX_NAME_LEN,
            },
            None => client::DEFAULT_MAX_NAME_LEN,
        })
    }

    /// The version of the protocol that rows are written in. Before a server was asked it is the newest.
    #[getter]
    fn protocol_version(&self) -> PyResult<Option<u8>> {
        let known = self.settings.protocol_version.map(|version| version as u8);
        Ok(match known {
            Some(_) => known,
            None => self.lend()?.sender.as_ref().map(|sender| sender.protocol_version() as u8),
        })
    }

    /// Whether a number of rows, a number of bytes or a time flushes by itself.
    #[getter]
    fn auto_flush(&self) -> bool {
        let settings = &self.settings;
        settings.auto_flush_rows.is_some()
            || settings.auto_flush_bytes.is_some()
            || settings.auto_flush_interval.is_some()
    }

    /// The number of rows that causes a flush, or None.
    #[getter]
    fn auto_flush_rows(&self) -> Option<u64> {
        self.settings.auto_flush_rows
    }

    /// The number of bytes that causes a flush, or None.
    #[getter]
    fn auto_flush_bytes(&self) -> Option<u64> {
        self.settings.auto_flush_bytes
    }

    /// The time since the last flush that causes a flush, or None.
    #[getter]
    fn auto_flush_interval(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.settings.auto_flush_interval.map(|time| new_timedelta(py, time)).transpose()
    }

    /// Connects. Over TCP, TLS and the login are done when it returns; over HTTP the server is asked for its version.
    fn establish(&self, py: Python<'_>) -> PyResult<()> {
        let mut lent = self.lend()?;
        let refusal = match lent.phase {
            Phase::New => None,
            Phase::Established => Some("establish() can't be called twice."),
            Phase::Closed => Some("establish() can't be called after close()."),
        };
        if let Some(message) = refusal {
            return Err(ingress_error(py, Code::InvalidApiCall, message));
        }
        let now = reconnects::now(py)?;
        reconnects::warn(py, now)?;
        if !self.settings.lazy_connect {
            let (sender, _) = lent.open("establish")?;
            network(py, || sender.connect())?;
        }
        lent.phase = Phase::Established;
        lent.since = now;
        Ok(())
    }

    fn __enter__<'py>(slf: &Bound<'py, Sender>) -> PyResult<Bound<'py, Sender>> {
        slf.get().establish(slf.py())?;
        Ok(slf.clone())
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
        self.close(py, exc_type.is_none())?;
        Ok(false)
    }

    /// The number of rows that were not sent.
    #[getter]
    fn row_count(&self) -> PyResult<usize> {
        Ok(self.lend()?.sender.as_ref().map_or(0, |sender| sender.buffer().row_count()))
    }

    /// Drops the rows that were not sent.
    fn clear(&self) -> PyResult<()> {
        let mut lent = self.lend()?;
        let (sender, _) = lent.open("clear")?;
        if sender.in_transaction() {
            return Err(inside_transaction("clear"));
        }
        sender.clear();
        Ok(())
    }

    /// Removes rows that were not sent, counted from 1 as `IngressError.server_line` counts them, so that the others can be sent.
    #[pyo3(signature = (first, count=1))]
    fn remove_rows(&self, py: Python<'_>, first: usize, count: usize) -> PyResult<()> {
        let mut lent = self.lend()?;
        let (sender, _) = lent.open("remove_rows")?;
        sender.remove_rows(first, count).or_raise(py)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.lend()?.sender.as_ref().map_or(0, |sender| sender.buffer().len()))
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let lent = self.lend()?;
        Ok(PyBytes::new(py, lent.sender.as_ref().map_or(&[], |sender| sender.buffer().peek())))
    }

    fn __str__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let lent = self.lend()?;
        let bytes = lent.sender.as_ref().map_or(&[][..], |sender| sender.buffer().peek());
        Ok(PyString::new(py, &String::from_utf8_lossy(bytes)))
    }

    fn __repr__(&self) -> String {
        let addrs: Vec<String> = self.settings.addrs.iter().map(ToString::to_string).collect();
        format!("<questdb_ingress.Sender {} {}>", self.settings.protocol, addrs.join(","))
    }

    /// Returns an empty buffer with this sender's limits and version of the protocol.
    fn new_buffer(&self, py: Python<'_>) -> PyResult<Buffer> {
        let mut lent = self.lend()?;
        let (sender, _) = lent.open("new_buffer")?;
        Ok(Buffer::of(sender.new_buffer().or_raise(py)?))
    }

    /// Adds the rows of a frame: of pandas, polars or pyarrow, or of anything else that has Arrow's interfaces. Returns the object
    /// itself. After an error the rows are as they were before the call, except that pieces of the
    /// frame may have been sent by automatic flushes. So many `threads` encode the next requests while one is sent.
    #[pyo3(
        signature = (df, *, table_name=None, table_name_col=None, symbols=Given::Not, at=Given::Not, threads=0),
        text_signature = "($self, df, *, table_name=None, table_name_col=None, symbols='auto', at, threads=0)"
    )]
    fn dataframe<'py>(
        slf: &Bound<'py, Sender>,
        df: &Bound<'py, PyAny>,
        table_name: Option<Bound<'py, PyAny>>,
        table_name_col: Option<Bound<'py, PyAny>>,
        symbols: Given<'py>,
        at: Given<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, Sender>> {
        let mut lent = slf.get().lend()?;
        let established = lent.phase == Phase::Established;
        let (sender, _) = lent.open("dataframe")?;
        if sender.in_transaction() {
            return Err(inside_transaction("append rows"));
        }
        let settings = &slf.get().settings;
        let (flushes_at, by_bytes) =
            (settings.auto_flush_rows, settings.auto_flush_bytes.is_some());
        // Before it is established a sender only collects rows, as it does with single ones.
        let mut target = if established {
            Target::Sender { sender, flushes_at, by_bytes, threads }
        } else {
            Target::Buffer(sender.own_buffer())
        };
        frame::append(df, table_name, table_name_col, symbols, at, &mut target)?;
        Ok(slf.clone())
    }

    /// Returns a transaction on a table, for a `with` block.
    fn transaction(slf: &Bound<'_, Sender>, table_name: &Bound<'_, PyString>) -> SenderTransaction {
        SenderTransaction::on(slf, table_name)
    }

    /// Sends rows: those of `buffer`, or the sender's own.
    #[pyo3(signature = (buffer=None, clear=true, transactional=false))]
    fn flush(
        &self,
        py: Python<'_>,
        buffer: Option<&Bound<'_, Buffer>>,
        clear: bool,
        transactional: bool,
    ) -> PyResult<()> {
        match buffer {
            Some(buffer) => self.flush_other(py, buffer.get(), clear, transactional),
            None if clear => self.flush_own(py, transactional),
            None => Err(PyValueError::new_err("The internal buffer must always be cleared.")),
        }
    }

    /// Sends what is left, unless `flush` is false, and ends the connection. Closing again does nothing.
    #[pyo3(signature = (flush=true))]
    fn close(&self, py: Python<'_>, flush: bool) -> PyResult<()> {
        let mut lent = self.lend()?;
        if lent.phase == Phase::Closed {
            return Ok(());
        }
        let now = reconnects::now(py)?;
        let before = std::mem::replace(&mut lent.phase, Phase::Closed);
        if before == Phase::Established {
            reconnects::ended(now, lent.since);
        }
        let Some(sender) = &mut lent.sender else { return Ok(()) };
        let rows = sender.buffer().row_count();
        if flush && before == Phase::New && rows > 0 {
            let message = format!(
                "close() can't send {rows} rows: establish() was never called. They are still in the sender."
            );
            return Err(ingress_error(py, Code::InvalidApiCall, message));
        }
        if flush && before == Phase::Established {
            let limit = self.close_limit(sender.buffer().len());
            network(py, || sender.close(limit).result)?;
        }
        let done = lent.sender.take();
        py.detach(|| drop(done));
        Ok(())
    }

    /// Ends the call that is running on this sender in another thread. That call raises an IngressError with its true outcome.
    fn cancel(&self) {
        self.canceller.cancel();
    }

    /// Returns the counters of this sender as a dict, and under `last_error` the last error of a flush.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.stats.read();
        let dict = PyDict::new(py);
        for stat in client::Stat::ALL {
            dict.set_item(stat.as_str(), stats.get(stat))?;
        }
        let last = stats.last_error().map(|e| object(py, e)).transpose()?;
        dict.set_item("last_error", last)?;
        Ok(dict)
    }
}
