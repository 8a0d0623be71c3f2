//! Encodes columns on other threads while requests are on their way.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use questdb_ingress_encoder::internal::{BufferParts as _, ColumnsParts as _};

use super::Sender;
use super::columns::{PIECE, Taken};
use crate::error::Result;
use crate::ilp::{Buffer, PreparedColumns};

/// Appends rows to a buffer, and returns whether it could append all of them. Each encoding thread has one of its own, which may
/// keep memory from one request to the next.
pub(crate) type Encoder<'a> = Box<dyn FnMut(&mut Buffer, Range<usize>) -> bool + Send + 'a>;

impl Sender {
    /// Does what [`Sender::append_prepared`] does, and encodes on up to `threads` other threads meanwhile: with one, a request
    /// is sent while the next is encoded. The rows are sent in their order, and errors mean the same.
    ///
    /// The threads live as long as the call. Each of them holds the rows of one request. They are used where the rows make
    /// at least two requests of `auto_flush_rows`, `auto_flush_bytes` is off and no transaction is open; each request then has
    /// exactly `auto_flush_rows` rows, whatever `auto_flush_interval` is. If a thread cannot be started, its work is done by
    /// the calling one.
    ///
    /// ```
    /// use questdb_ingress::table::{ColumnKind, ColumnValues, RowLayout, TimestampKind};
    /// use questdb_ingress::{PreparedColumns, Sender};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let mut sender = Sender::from_conf(&format!("{}auto_flush_rows=1000;", receiver.conf(Listener::Http)))?;
    /// let mut layout = RowLayout::new("readings")?;
    /// layout.add("n", ColumnKind::I64)?.set_timestamp(TimestampKind::Now);
    /// let numbers: Vec<i64> = (0..2500).collect();
    /// let columns = PreparedColumns::new(&layout, 2500, &[ColumnValues::I64(&numbers).into()], None)?;
    /// sender.append_prepared_on_threads(&columns, 0..2500, 2)?;
    /// sender.flush_own()?;
    /// assert_eq!(receiver.table("readings").ok_or("no table")?.row_count(), 2500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Sender::append_prepared`].
    pub fn append_prepared_on_threads(
        &mut self,
        columns: &PreparedColumns<'_>,
        rows: Range<usize>,
        threads: usize,
    ) -> Result<()> {
        columns.check_rows(&rows)?;
        let encoder = || -> Encoder<'_> {
            Box::new(|buffer, rows| {
                // The first rows tell how much room the others need.
                let first = rows.end.min(rows.start.saturating_add(PIECE));
                let begun = buffer.append_prepared(columns, rows.start..first);
                buffer.expect_rows(rows.len());
                begun.and_then(|()| buffer.append_prepared(columns, first..rows.end)).is_ok()
            })
        };
        self.all_or_taken(|sender, taken| {
            let mut rows = rows;
            if let Some(limit) = sender.request_rows()
                && sender.buffer.row_count() > 0
            {
                // The request that has been begun is completed first.
                let left = limit.saturating_sub(sender.buffer.row_count());
                let end = rows.end.min(rows.start.saturating_add(left));
                sender.take_prepared(columns, rows.start..end, taken)?;
                rows.start = end;
            }
            rows.start += sender.take_requests(&encoder, rows.clone(), threads, taken)?;
            // What the threads have not done is done here, also rows that they found to be wrong.
            sender.take_prepared(columns, rows, taken)
        })
    }

    /// Returns how many rows a request has if nothing else decides when it is sent.
    fn request_rows(&self) -> Option<usize> {
        let limit = self.auto_flush.rows.and_then(|rows| usize::try_from(rows).ok());
        let decides = self.auto_flush.bytes.is_none() && !self.in_transaction() && !self.closed;
        limit.filter(|_| decides)
    }

    /// Sends the whole requests at the beginning of `rows`, which up to `threads` other threads encode, and returns how many
    /// rows that were. They are fewer, or none, if threads cannot help or rows could not be encoded. An error is that of a
    /// flush, whose rows are in the own buffer; `taken` counts them too.
    pub(crate) fn take_requests<'a>(
        &mut self,
        encoder: &dyn Fn() -> Encoder<'a>,
        rows: Range<usize>,
        threads: usize,
        taken: &mut Taken,
    ) -> Result<usize> {
        let Some(limit @ 1..) = self.request_rows() else { return Ok(0) };
        let requests = rows.len() / limit;
        let possible = threads > 0 && requests > 1 && self.buffer.is_empty();
        if !possible || self.auto_flush_waits() {
            return Ok(0);
        }
        std::thread::scope(|scope| {
            let rows = rows.start..rows.start + requests * limit;
            let Some(threads) = self.start_threads(scope, encoder, rows, limit, threads) else {
                return Ok(0);
            };
            let mut done = 0;
            for thread in threads.iter().cycle().take(requests) {
                let Ok(Some(mut full)) = thread.full.recv() else { break };
                // The rows of a flush that fails stay in the own buffer.
                std::mem::swap(&mut *self.buffer, &mut full);
                // The thread fills what was the own buffer meanwhile. It may have ended, because no request is left for it.
                let _ = thread.empty.send(full);
                done += limit;
                taken.rows += limit;
                self.after_row()?;
                if !self.buffer.is_empty() {
                    break;
                }
                taken.sent = true;
            }
            Ok(done)
        })
    }

    /// Starts threads that encode in turn. `None` if any of them cannot be started.
    fn start_threads<'scope, 'a: 'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        encoder: &dyn Fn() -> Encoder<'a>,
        rows: Range<usize>,
        limit: usize,
        threads: usize,
    ) -> Option<Vec<Thread>> {
        let threads = threads.min(rows.len() / limit);
        let mut started = crate::memory::room(threads, "threads").ok()?;
        let step = limit.checked_mul(threads)?;
        for thread in 0..threads {
            let (empty, to_fill) = sync_channel(1);
            empty.send(self.new_buffer().ok()?).ok()?;
            let (filled, full) = sync_channel(1);
            let starts = (rows.start + thread * limit..rows.end).step_by(step);
            let mut append = encoder();
            let encode = move || {
                for start in starts {
                    let Ok(mut buffer) = to_fill.recv() else { return };
                    Buffer::clear(&mut buffer);
                    let done = append(&mut buffer, start..start + limit);
                    // Nobody waits for it any more after a flush that failed.
                    if filled.send(done.then_some(buffer)).is_err() || !done {
                        return;
                    }
                }
            };
            Builder::new().name("questdb-encode".into()).spawn_scoped(scope, encode).ok()?;
            started.push(Thread { empty, full });
        }
        Some(started)
    }
}

/// A thread that encodes, as the sender sees it.
struct Thread {
    empty: SyncSender<Buffer>,
    /// The requests; `None` if rows could not be encoded.
    full: Receiver<Option<Buffer>>,
}
