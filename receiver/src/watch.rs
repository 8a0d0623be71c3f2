//! Where sessions and drivers tell what happens, so that it is counted and told to whoever asked.

use std::net::SocketAddr;
use std::time::Instant;

use crate::Listener;
use crate::chunk::Chunk;
use crate::error::printable;
use crate::events::{ReceiverEvent, Why};
use crate::metrics::Gauges;
use crate::refusal::Refusal;
use crate::refusals::Refused;
use crate::shared::{Shared, count};

impl Shared {
    /// Counts an event, and tells it to whoever asked for events.
    pub(crate) fn tell(&self, event: &ReceiverEvent<'_>) {
        self.metrics.count(event);
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
        self.store.commit(chunks)?;
        if rows > 0 {
            let took = began.elapsed();
            self.tell(&ReceiverEvent::Committed { listener, rows, took });
        }
        Ok(())
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
