//! Connects a sender when it is created or with its first rows, and converts waiting rows to the server's protocol version.

use std::borrow::Cow;

use questdb_ingress_encoder::internal::BufferParts as _;

use super::Sender;
use super::flush::Flusher;
use crate::config::Settings;
use crate::error::{ErrorParts as _, Result, err};
use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
use crate::name::DEFAULT_MAX_NAME_LEN;
use crate::net::{Deadline, Net};

/// What a sender knows about the version of its server.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerVersion {
    known: bool,
    /// The configured limit, which holds whatever the server says.
    max_name_len: Option<usize>,
}

impl ServerVersion {
    /// Connects and asks the server, unless that is postponed. Until a server was asked, its version is assumed to be the
    /// newest.
    pub(super) fn begin(
        settings: &Settings,
        flusher: &mut Flusher,
    ) -> Result<(ServerVersion, BufferOptions)> {
        if !settings.lazy_connect {
            flusher.connect()?;
        }
        let mut options = BufferOptions::new(ProtocolVersion::V3);
        options.max_name_len = settings.max_name_len.unwrap_or(DEFAULT_MAX_NAME_LEN);
        options.init_buf_size = settings.init_buf_size;
        options.max_buf_size = settings.max_buf_size;
        let mut this = ServerVersion { known: true, max_name_len: settings.max_name_len };
        match settings.protocol_version {
            Some(version) => options.version = version,
            // If servers are not asked, there is nothing to postpone.
            None if settings.lazy_connect && flusher.asks_for_settings() => this.known = false,
            None => this.ask(flusher, &mut options, None)?,
        }
        Ok((this, options))
    }

    /// Returns what is known to whoever has made this buffer.
    pub(super) fn of(model: &Buffer) -> (ServerVersion, BufferOptions) {
        let known = !model.version_is_assumed();
        (ServerVersion { known, max_name_len: None }, model.options())
    }

    fn ask(
        &mut self,
        flusher: &mut Flusher,
        options: &mut BufferOptions,
        cap: Option<Deadline>,
    ) -> Result<()> {
        let server = flusher.settings(cap)?;
        options.version = server.version;
        options.max_name_len =
            self.max_name_len.or(server.max_name_len).unwrap_or(DEFAULT_MAX_NAME_LEN);
        self.known = true;
        Ok(())
    }

    /// Creates a buffer for this sender.
    pub(super) fn new_buffer(self, options: BufferOptions) -> Result<Buffer> {
        let mut buffer = Buffer::with_options(options)?;
        if !self.known {
            buffer.assume_version();
        }
        Ok(buffer)
    }
}

impl Sender {
    /// Makes the sender ready to send. Over TCP, connects and authenticates unless a connection exists. Over HTTP, asks the
    /// server for its protocol version if `lazy_connect` has postponed that; otherwise sends nothing, so that success does
    /// not show that an HTTP server is up. The first flush that has rows does the same. A sender of a pool has no connection,
    /// and this does nothing.
    ///
    /// # Errors
    /// As [`Sender::new`]; `InvalidState` if the sender is closed or belongs to another process. The rows stay, and a later
    /// call can still connect.
    pub fn connect(&mut self) -> Result<()> {
        self.begin_call(None)?;
        if self.pooled.is_some() {
            return Ok(());
        }
        self.flusher.connect()?;
        self.ask_once(None)?;
        let (net, options) = (self.flusher.net(), self.options);
        // A row that the server cannot take is reported by the flush.
        let _ = self
            .buffer
            .convert(options.version, options.max_name_len, &mut || check_may_continue(net, None));
        Ok(())
    }

    /// Asks the server which version it speaks, unless that is known.
    fn ask_once(&mut self, cap: Option<Deadline>) -> Result<()> {
        if self.server_version.known {
            return Ok(());
        }
        self.server_version.ask(&mut self.flusher, &mut self.options, cap)
    }

    /// Asks the server before the first rows are sent, as part of the flush that sends them.
    #[inline(always)]
    fn ask_before(&mut self, rows: Rows, cap: Option<Deadline>) -> Result<()> {
        if !rows.go_out {
            return Ok(());
        }
        self.ask_once(cap).inspect_err(|e| self.stats.0.failed(e))
    }

    /// Converts the own buffer to the server's version.
    pub(super) fn convert_own(&mut self, cap: Option<Deadline>) -> Result<()> {
        let rows = Rows::of(&self.buffer);
        self.ask_before(rows, cap)?;
        if rows.must_convert() {
            let (net, options) = (self.flusher.net(), self.options);
            let mut may_continue = || check_may_continue(net, cap);
            self.buffer.convert(options.version, options.max_name_len, &mut may_continue)?;
        }
        Ok(())
    }

    /// As [`Sender::convert_own`], for another buffer.
    pub(super) fn convert(&mut self, buffer: &mut Buffer, cap: Option<Deadline>) -> Result<()> {
        let rows = Rows::of(buffer);
        self.ask_before(rows, cap)?;
        if rows.must_convert() {
            let (net, options) = (self.flusher.net(), self.options);
            let mut may_continue = || check_may_continue(net, cap);
            buffer.convert(options.version, options.max_name_len, &mut may_continue)?;
        }
        Ok(())
    }

    /// As [`Sender::convert`], for a buffer that must stay as it is: if its rows have to change, a copy is converted.
    pub(super) fn converted<'b>(
        &mut self,
        buffer: &'b Buffer,
        cap: Option<Deadline>,
    ) -> Result<Cow<'b, Buffer>> {
        let rows = Rows::of(buffer);
        self.ask_before(rows, cap)?;
        if !rows.must_convert() || buffer.protocol_version() <= self.options.version {
            return Ok(Cow::Borrowed(buffer));
        }
        let mut copy = buffer.try_clone()?;
        let (net, options) = (self.flusher.net(), self.options);
        copy.convert(options.version, options.max_name_len, &mut || check_may_continue(net, cap))?;
        Ok(Cow::Owned(copy))
    }

    /// Runs a flush of `bytes`. If the server has to be asked and rows have to be converted before, everything together
    /// takes no longer than a flush without that may take.
    pub(super) fn within_flush_limit<T>(
        &mut self,
        bytes: usize,
        cap: Option<Deadline>,
        flush: impl FnOnce(&mut Sender, Option<Deadline>) -> Result<T>,
    ) -> Result<T> {
        if self.server_version.known {
            return flush(self, cap);
        }
        let start = self.flusher.net().now();
        let whole = Deadline::after(self.flusher.net(), self.flusher.flush_limit(bytes));
        let cap = cap.map_or(whole, |cap| cap.earlier_of(whole));
        flush(self, Some(cap)).map_err(|mut e| {
            e.facts_mut().elapsed = self.flusher.net().now().saturating_duration_since(start);
            e
        })
    }
}

/// Checks that converting rows may go on: the call is neither cancelled nor out of time.
fn check_may_continue(net: &dyn Net, cap: Option<Deadline>) -> Result<()> {
    if net.cancelled() {
        return Err(err!(Cancelled, "cancelled while rows were converted for the server"));
    }
    match cap.map(|cap| cap.left(net)) {
        Some(None) => {
            Err(err!(Timeout, "time ran out while rows were converted for the server")
                .retryable(true))
        }
        _ => Ok(()),
    }
}

/// What has to be done about the rows of a buffer before they are sent.
#[derive(Clone, Copy)]
struct Rows {
    go_out: bool,
    version_is_assumed: bool,
}

impl Rows {
    #[inline(always)]
    fn of(buffer: &Buffer) -> Rows {
        Rows {
            // Other buffers are refused, or have nothing to send.
            go_out: !buffer.is_empty() && buffer.check_flushable().is_ok(),
            version_is_assumed: buffer.version_is_assumed(),
        }
    }

    fn must_convert(self) -> bool {
        self.go_out && self.version_is_assumed
    }
}
