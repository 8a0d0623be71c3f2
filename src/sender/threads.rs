//! Encodes columns on other threads while requests are on their way.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::Sender;
use super::columns::Taken;
use crate::error::Result;
use crate::ilp::{Buffer, PreparedColumns};

/// How many buffers a thread has: it fills one while the other waits to be sent.
const BUFFERS: usize = 2;

impl Sender {
    /// Does what [`Sender::append_prepared`] does, and encodes on up to `threads` other threads meanwhile: with one, a request
    /// is sent while the next is encoded. The rows are sent in their order, and errors mean the same.
    ///
    /// The threads live as long as the call. Each of them holds the rows of two requests. They are used where the rows make
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
        self.all_or_taken(|sender, taken| {
            let next = sender.take_requests(columns, rows.clone(), threads, taken)?;
            // What the threads have not done is done here, also rows that they found to be wrong.
            sender.take_prepared(columns, next..rows.end, taken)
        })
    }

    /// Sends whole requests that other threads encode, and returns the first row that is left.
    fn take_requests(
        &mut self,
        columns: &PreparedColumns<'_>,
        mut rows: Range<usize>,
        threads: usize,
        taken: &mut Taken,
    ) -> Result<usize> {
        let limit = self.auto_flush.rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0);
        let possible = threads > 0 && limit > 0 && self.auto_flush.bytes.is_none();
        if !possible || self.in_transaction() || self.closed {
            return Ok(rows.start);
        }
        if self.buffer.row_count() > 0 {
            // The request that has been begun is completed first.
            let left = limit.saturating_sub(self.buffer.row_count());
            let end = rows.end.min(rows.start.saturating_add(left));
            self.take_prepared(columns, rows.start..end, taken)?;
            rows.start = end;
        }
        let requests = rows.len() / limit;
        if requests < 2 || !self.buffer.is_empty() {
            return Ok(rows.start);
        }
        std::thread::scope(|scope| {
            let work = Work { columns, rows: rows.clone(), limit };
            let Some(encoders) = self.start_encoders(scope, &work, threads.min(requests)) else {
                return Ok(rows.start);
            };
            for request in 0..requests {
                let Some(encoder) = encoders.get(request % encoders.len()) else { break };
                let Ok(Some(mut full)) = encoder.full.recv() else { break };
                // The rows of a flush that fails stay in the own buffer.
                std::mem::swap(&mut *self.buffer, &mut full);
                rows.start += limit;
                taken.rows += limit;
                self.after_row()?;
                if !self.buffer.is_empty() {
                    break;
                }
                taken.sent = true;
                std::mem::swap(&mut *self.buffer, &mut full);
                // The thread may have ended, because no request is left for it.
                let _ = encoder.empty.send(full);
            }
            Ok(rows.start)
        })
    }

    /// Starts threads that encode in turn. `None` if any of them cannot be started.
    fn start_encoders<'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        work: &Work<'scope>,
        threads: usize,
    ) -> Option<Vec<Encoder>> {
        let mut encoders = crate::memory::room(threads, "threads").ok()?;
        for thread in 0..threads {
            let (empty, to_fill) = sync_channel(BUFFERS);
            for _ in 0..BUFFERS {
                empty.send(self.new_buffer().ok()?).ok()?;
            }
            let (filled, full) = sync_channel(BUFFERS);
            let mut work = work.clone();
            let step = work.limit.checked_mul(threads)?;
            work.rows.start += thread * work.limit;
            let encode = move || work.encode(step, &to_fill, &filled);
            Builder::new().name("questdb-encode".into()).spawn_scoped(scope, encode).ok()?;
            encoders.push(Encoder { empty, full });
        }
        Some(encoders)
    }
}

/// A thread that encodes, as the sender sees it.
struct Encoder {
    empty: SyncSender<Buffer>,
    /// The requests; `None` if rows could not be encoded.
    full: Receiver<Option<Buffer>>,
}

/// What a thread does.
#[derive(Clone)]
struct Work<'a> {
    columns: &'a PreparedColumns<'a>,
    rows: Range<usize>,
    /// The rows of a request.
    limit: usize,
}

impl Work<'_> {
    /// Encodes a request at every `step` rows, until one fails or nobody waits for it.
    fn encode(self, step: usize, to_fill: &Receiver<Buffer>, filled: &SyncSender<Option<Buffer>>) {
        for start in self.rows.clone().step_by(step) {
            if self.rows.end - start < self.limit {
                return;
            }
            let Ok(mut buffer) = to_fill.recv() else { return };
            buffer.clear();
            let appended = buffer.append_prepared(self.columns, start..start + self.limit);
            let full = appended.is_ok().then_some(buffer);
            let failed = full.is_none();
            if filled.send(full).is_err() || failed {
                return;
            }
        }
    }
}
