//! Calls over HTTP: rows that are posted and servers that are asked what they speak, each with its retries.

use std::sync::Arc;

use super::attempts::{Attempts, Failed, Terms};
use super::flush::{Limits, Load};
use super::http::{HttpAttempt, HttpTransport};
use super::outcome::{self, Asked};
use super::server_settings::{self, ServerSettings};
use super::statistics::{Counters, Stat};
use crate::config::{Delivery, Settings};
use crate::error::{Error, ErrorCode, Outcome, Result, err};
use crate::ilp::ProtocolVersion;
use crate::net::{Deadline, Net, pause};

/// The configured servers and what is known of each.
pub(super) struct HttpLink {
    pub(super) http: HttpTransport,
    /// Whether servers are asked what they speak.
    asks: bool,
    /// The newest version that each server speaks, as far as it has been asked.
    speaks: Vec<Option<ProtocolVersion>>,
    counters: Arc<Counters>,
}

/// What is wanted of a server.
#[derive(Clone, Copy)]
enum Call<'a> {
    Settings,
    Rows(&'a [u8], Load),
}

impl HttpLink {
    pub(super) fn new(settings: &Settings, counters: Arc<Counters>) -> Result<HttpLink> {
        Ok(HttpLink {
            http: HttpTransport::new(settings)?,
            asks: settings.protocol_version.is_none(),
            speaks: vec![None; settings.addrs.len()],
            counters,
        })
    }

    /// Asks the first server that answers what it speaks.
    pub(super) fn negotiate(
        &mut self,
        net: &dyn Net,
        limits: &Limits,
        cap: Option<Deadline>,
    ) -> Result<ServerSettings> {
        let settings = self.call(net, limits, Call::Settings, cap)?;
        settings.ok_or_else(|| err!(Internal, "/settings came to nothing"))
    }

    /// Posts rows. `cap` may shorten the time that the configuration allows.
    pub(super) fn send(
        &mut self,
        net: &dyn Net,
        limits: &Limits,
        body: &[u8],
        load: Load,
        cap: Option<Deadline>,
    ) -> Result<()> {
        self.call(net, limits, Call::Rows(body, load), cap).map(drop)
    }

    fn call(
        &mut self,
        net: &dyn Net,
        limits: &Limits,
        call: Call<'_>,
        cap: Option<Deadline>,
    ) -> Result<Option<ServerSettings>> {
        let (terms, start) = (self.terms(limits, call, cap), net.now());
        if !terms.sends_rows || terms.addrs > 1 {
            return self.attempts(net, call, Attempts::new(start, terms), None);
        }
        // Most flushes have one address and one attempt, and need none of the bookkeeping.
        let ends = terms.first_ends(start);
        match self.attempt(net, call, ends, ends) {
            Ok(settings) => Ok(settings),
            Err(failed) => self.attempts(net, call, Attempts::new(start, terms), Some(failed)),
        }
    }

    /// Makes attempts until one succeeds or no other may follow. `failed` is one that was made already.
    #[cold]
    #[inline(never)]
    fn attempts(
        &mut self,
        net: &dyn Net,
        call: Call<'_>,
        mut attempts: Attempts,
        mut failed: Option<Failed>,
    ) -> Result<Option<ServerSettings>> {
        loop {
            let failed = match failed.take() {
                Some(failed) => failed,
                None => {
                    let deadline = attempts.deadline(net);
                    let connected_by = attempts.connected_by(net, deadline);
                    match self.attempt(net, call, deadline, connected_by) {
                        Ok(settings) => return Ok(settings),
                        Err(failed) => failed,
                    }
                }
            };
            if failed.error.outcome() == Outcome::InDoubt {
                self.counters.add(Stat::InDoubtAttempts, 1);
            }
            if !(failed.began && is_about_the_rows(&failed.error)) {
                self.http.rotate();
            }
            attempts.note(net, &failed);
            let Some(wait) = attempts.wait_for_next(net, &failed) else {
                return Err(attempts.conclude(net, failed));
            };
            pause(net, wait);
            if net.cancelled() {
                let error = cancelled(failed.error);
                return Err(attempts.conclude(net, Failed { error, ..failed }));
            }
            self.counters.retrying(&failed.error);
            attempts.goes_on_after(failed.error);
        }
    }

    fn terms(&self, limits: &Limits, call: Call<'_>, cap: Option<Deadline>) -> Terms {
        let (bytes, delivery) = match call {
            Call::Settings => (0, Delivery::AtLeastOnce),
            Call::Rows(body, _) => (body.len(), limits.delivery),
        };
        Terms {
            attempt: limits.attempt(bytes),
            retry: limits.retry_timeout,
            max_backoff: limits.retry_max_backoff,
            cap,
            delivery,
            sends_rows: matches!(call, Call::Rows(..)),
            addrs: self.http.addr_count(),
        }
    }

    fn attempt(
        &mut self,
        net: &dyn Net,
        call: Call<'_>,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> Result<Option<ServerSettings>, Failed> {
        match call {
            Call::Settings => self.ask(net, deadline, connected_by).map(Some),
            Call::Rows(body, load) => {
                self.check_version(net, load.version, deadline, connected_by)?;
                self.post(net, body, load, deadline, connected_by).map(|()| None)
            }
        }
    }

    /// Asks the server in use what it speaks.
    fn ask(
        &mut self,
        net: &dyn Net,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> Result<ServerSettings, Failed> {
        let HttpAttempt { result, began, .. } = self.http.settings(net, deadline, connected_by);
        let failed = |error: Error, http: &HttpTransport| {
            let error = error.outcome_is(Outcome::NotSent).context(format_args!(
                "could not learn the protocol version from /settings of {}",
                http.addr()
            ));
            Failed { error, began, idle_died: false }
        };
        let settings = match result {
            Err(failure) => return Err(failed(failure.error, &self.http)),
            Ok(answer) if answer.status == 404 => server_settings::OLD_SERVER,
            Ok(answer) if answer.status == 200 => {
                server_settings::parse(&answer.body, self.http.secrets())
                    .map_err(|e| failed(e, &self.http))?
            }
            Ok(answer) => {
                let error = outcome::refused(&answer, Asked::Settings, self.http.secrets());
                return Err(failed(error, &self.http));
            }
        };
        if let Some(speaks) = self.speaks.get_mut(self.http.current()) {
            *speaks = Some(settings.version);
        }
        Ok(settings)
    }

    /// Sees to it that the server in use can read rows of this version. One that was never asked is asked first.
    fn check_version(
        &mut self,
        net: &dyn Net,
        version: ProtocolVersion,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> Result<(), Failed> {
        if !self.asks {
            return Ok(());
        }
        let speaks = match self.speaks.get(self.http.current()).copied().flatten() {
            Some(speaks) => speaks,
            None => {
                let asked = self.ask(net, deadline, connected_by);
                asked.map_err(|failed| Failed { began: false, ..failed })?.version
            }
        };
        if version <= speaks {
            return Ok(());
        }
        let error = err!(
            ProtocolVersion,
            "{} speaks protocol version {}, the rows are of version {}",
            self.http.addr(),
            speaks as u8,
            version as u8
        );
        Err(Failed { error, began: false, idle_died: false })
    }

    fn post(
        &mut self,
        net: &dyn Net,
        body: &[u8],
        load: Load,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> Result<(), Failed> {
        let HttpAttempt { result, began, reused } =
            self.http.write(net, body, deadline, connected_by);
        let mut idle_died = false;
        let error = match result {
            Ok(answer) if outcome::is_success(&answer) => return Ok(()),
            Ok(answer) => {
                let asked = Asked::Rows { single_table: load.single_table };
                outcome::refused(&answer, asked, self.http.secrets())
            }
            Err(failure) => {
                idle_died =
                    reused && !failure.answered && failure.error.code() != ErrorCode::Timeout;
                outcome::failed(failure).context(self.http.addr())
            }
        };
        Err(Failed { error, began, idle_died })
    }
}

/// An attempt that failed and would be followed by another one, had the call not been cancelled.
#[cold]
fn cancelled(error: Error) -> Error {
    error.becomes(ErrorCode::Cancelled).retryable(false).context("cancelled before another attempt")
}

/// Whether a server refused the rows as such: it works, and another would refuse them too.
fn is_about_the_rows(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Rejected | ErrorCode::PayloadTooLarge)
}
