//! Where sessions and drivers tell what happens, so that it is counted and told to whoever asked.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Listener;
use crate::chunk::Chunk;
use crate::error::printable;
use crate::events::{ReceiverEvent, Why};
use crate::metrics::Gauges;
use crate::refusal::Refusal;
use crate::refusals::Refused;
use crate::shared::{Shared, count};

/// How often files are asked again whether they have room for the rows of a peer that waits.
const WAIT_FOR_ROOM: Duration = Duration::from_millis(50);

impl Shared {
    /// Counts an event, and tells it to whoever asked for events.
    pub(crate) fn tell(&self, event: &ReceiverEvent<'_>) {
        self.metrics.count(event);
        if let ReceiverEvent::Committed { rows, .. } = event {
            self.rates.add(*rows);
        }
        if let Some(tell) = &self.options.observer.0 {
            tell(event);
        }
    }

    /// Counts bytes of rows that a port received.
    pub(crate) fn received(&self, listener: Listener, bytes: usize) {
        count(&self.counters.bytes, bytes as u64);
        self.metrics.received(listener, bytes as u64);
    }

    /// Counts and tells a refusal. `text` is the start of what was refused, if that is a line.
    pub(crate) fn refuse(
        &self,
        listener: Listener,
        peer: Option<SocketAddr>,
        why: &Why,
        text: &[u8],
    ) {
        // The peer learns of the refusal later than this.
        self.store.keep_tables();
        count(&self.counters.rejected, 1);
        self.refusals.add(Refused { listener, peer, why, text });
        let text = if self.options.tcp.log_text { text.trim_ascii_end() } else { b"" };
        let text = printable(text, 256);
        let message = printable(why.message.as_bytes(), 512);
        self.tell(&ReceiverEvent::Refused {
            listener,
            peer,
            code: why.code,
            line: why.line,
            message: &message,
            text: &text,
        });
    }

    /// Stores rows that came by this port.
    pub(crate) fn commit(&self, listener: Listener, chunks: Vec<Chunk>) -> Result<(), Refusal> {
        let rows = chunks.iter().map(|chunk| chunk.rows() as u64).sum();
        let began = Instant::now();
        match listener {
            Listener::Http => self.store.commit(chunks)?,
            // Peers over HTTP are told that there is no room. Those over TCP cannot be told, so they have to wait.
            Listener::Tcp => self.store.commit_when_room(chunks, || self.may_wait(began))?,
        }
        if rows > 0 {
            let took = began.elapsed();
            self.tell(&ReceiverEvent::Committed { listener, rows, took });
        }
        Ok(())
    }

    /// Waits a moment. Returns false if something has waited too long since then, or if the receiver stops.
    fn may_wait(&self, since: Instant) -> bool {
        let limit = self.options.tcp.idle_timeout;
        let in_time = limit.is_none_or(|limit| since.elapsed() < limit);
        let wait = in_time && !self.stopping.load(Ordering::SeqCst);
        if wait {
            std::thread::sleep(WAIT_FOR_ROOM);
        }
        wait
    }

    pub(crate) fn metrics_text(&self) -> String {
        let budget = self.store.budget();
        self.metrics.text(Gauges {
            rows: self.store.total_rows(),
            tables: self.store.table_names().len(),
            bytes: budget.used(),
            max_bytes: budget.max(),
        })
    }
}
