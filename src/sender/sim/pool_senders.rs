//! Senders of a pool in a simulated world: what each call tells about the rows is judged by what the server stored.

use std::time::Duration;

use questdb_ingress_encoder::internal::BufferParts as _;

use super::pool::{SOON, answer, pool_in, world};
use super::server::Reply;
use super::{HEALTHY, NO_CONTENT};
use crate::error::{ErrorCode, Outcome};
use crate::ilp::Buffer;
use crate::pool::Pool;
use crate::sender::{Sender, Stat};

const REFUSED: Reply = answer("HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n");
/// After this answer a pool sends nothing more for as long as anybody lives to see.
static BUSY: [Reply; 1] =
    [answer("HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n")];

pub(super) fn row(sender: &mut Sender, id: u64) -> crate::Result<()> {
    sender.row("t")?.column_i64("id", id.cast_signed())?.at_now()
}

pub(super) fn text(ids: impl IntoIterator<Item = u64>) -> Vec<u8> {
    ids.into_iter().flat_map(|id| format!("t id={id}i\n").into_bytes()).collect()
}

pub(super) fn ids(rows: &[u8]) -> Vec<u64> {
    let number = |line: &str| line.strip_prefix("t id=")?.strip_suffix('i')?.parse().ok();
    std::str::from_utf8(rows).unwrap().lines().map(|line| number(line).unwrap()).collect()
}

/// Waits until the pool has no batch that is not complete.
pub(super) fn settled(pool: &Pool) {
    pool.drain(SOON).unwrap();
}

#[test]
fn batches_go_out_in_order_and_a_flush_waits_for_all() {
    let world = world(&HEALTHY);
    let pool = pool_in(&world, "auto_flush_rows=2;");
    let mut sender = pool.new_sender().unwrap();
    for id in 0..5 {
        row(&mut sender, id).unwrap();
        assert!(sender.buffer().row_count() < 2, "the rows have left");
    }
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(world.script().committed, [text([0, 1]), text([2, 3]), text([4])]);
    assert_eq!(
        (sender.stats().get(Stat::Flushes), sender.stats().get(Stat::RowsCommitted)),
        (3, 5)
    );
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed, "nothing is success");
    row(&mut sender, 5).unwrap();
    let report = sender.close(SOON);
    report.result.unwrap();
    assert_eq!((report.unconfirmed_rows, world.script().committed.len()), (0, 4));
    assert!(row(&mut sender, 6).is_err(), "it is closed");
    assert_eq!(pool.next(Duration::ZERO).map(|done| done.batch), None, "the sender has read all");
}

#[test]
fn rows_of_an_automatic_flush_that_failed_come_back_in_front_and_are_told_once() {
    static REPLIES: [Reply; 3] = [REFUSED, NO_CONTENT, NO_CONTENT];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "auto_flush_rows=2;");
    let mut sender = pool.new_sender().unwrap();
    (0..2).for_each(|id| row(&mut sender, id).unwrap());
    settled(&pool);
    row(&mut sender, 2).unwrap();
    let e = row(&mut sender, 3).unwrap_err();
    assert_eq!(
        (e.code(), e.outcome(), e.row_accepted()),
        (ErrorCode::Rejected, Outcome::Rejected, true)
    );
    assert!(e.message().contains("an earlier automatic flush failed"), "{e}");
    assert_eq!(sender.buffer().peek(), text(0..4));
    // What was refused waits until rows are removed; rows are taken meanwhile.
    row(&mut sender, 4).unwrap();
    assert_eq!(sender.buffer().row_count(), 5);
    sender.remove_rows(1, 1).unwrap();
    sender.flush_own().unwrap();
    assert_eq!(world.script().committed, [text(1..5)]);
    assert_eq!(sender.stats().get(Stat::FailedFlushes), 1);
}

#[test]
fn a_flush_tells_of_all_that_failed_and_keeps_exactly_those_rows() {
    static REPLIES: [Reply; 4] =
        [NO_CONTENT, REFUSED, NO_CONTENT, Reply { closes: true, commits: true, ..answer("") }];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "auto_flush_rows=1;retry_timeout=0;");
    let mut sender = pool.new_sender().unwrap();
    // None of the automatic flushes looks at an earlier one, because none is complete when the rows are made.
    let mut told = Vec::new();
    for id in 0..4 {
        told.extend(row(&mut sender, id).err());
    }
    let e = sender.flush_own().unwrap_err();
    let rows = sender.buffer().peek().to_vec();
    let stored: Vec<u8> = world.script().committed.concat();
    if told.is_empty() {
        // The first error is told, and the worst outcome.
        assert_eq!((e.code(), e.outcome()), (ErrorCode::Rejected, Outcome::InDoubt));
        assert_eq!((rows, stored), (text([1, 3]), text([0, 2, 3])));
    }
}

#[test]
fn another_buffer_comes_back_as_it_was_or_is_kept() {
    static REPLIES: [Reply; 3] = [REFUSED, NO_CONTENT, REFUSED];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "auto_flush=off;");
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 9).unwrap();
    let mut buffer = sender.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("id", 1).unwrap().at_now().unwrap();
    let e = sender.flush(&mut buffer).unwrap_err();
    assert_eq!(
        (e.outcome(), e.table(), buffer.peek()),
        (Outcome::Rejected, Some("t"), &text([1])[..])
    );
    assert_eq!(sender.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    assert_eq!(buffer.peek(), text([1]));
    let e = sender.flush_own_and_keep(crate::Atomicity::AllOrNothing).unwrap_err();
    assert_eq!((e.outcome(), sender.buffer().peek()), (Outcome::Rejected, &text([9])[..]));
    assert_eq!(
        sender.flush(&mut Buffer::new(crate::ProtocolVersion::V1)).unwrap(),
        Outcome::Committed
    );
    buffer.table("t").unwrap();
    assert_eq!(sender.flush(&mut buffer).unwrap_err().code(), ErrorCode::InvalidState);
    assert_eq!(world.script().committed, [text([1])]);
    sender.connect().unwrap();
}

#[test]
fn a_transaction_is_one_batch_and_stays_open_after_a_failure() {
    static REPLIES: [Reply; 3] = [NO_CONTENT, REFUSED, NO_CONTENT];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "auto_flush_rows=2;");
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    sender.begin("t").unwrap();
    (1..5).for_each(|id| row(&mut sender, id).unwrap());
    let e = sender.commit().unwrap_err();
    assert_eq!((e.outcome(), sender.in_transaction()), (Outcome::Rejected, true));
    assert_eq!(sender.buffer().peek(), text(1..5));
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(world.script().committed, [text([0]), text(1..5)]);
}

/// The pool waits for an hour after the first batch. Nothing but the canceller ends the flush.
#[test]
fn a_flush_that_waits_can_be_cancelled_and_a_close_keeps_to_its_time() {
    let world = world(&BUSY);
    let pool =
        pool_in(&world, "retry_timeout=3600000;auto_flush_rows=1;auto_flush_max_backoff=10;");
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    settled(&pool);
    assert!(row(&mut sender, 1).unwrap_err().row_accepted());
    let canceller = sender.canceller();
    let e = std::thread::scope(|scope| {
        let flush = scope.spawn(|| sender.flush_own().unwrap_err());
        // As the canceller says: a call that has not begun yet is not cancelled.
        while !flush.is_finished() {
            canceller.cancel();
            std::thread::yield_now();
        }
        flush.join().unwrap()
    });
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Cancelled, Outcome::NotSent));
    assert_eq!(sender.buffer().peek(), text(0..2));
    let report = sender.close(Duration::ZERO);
    let e = report.result.unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Timeout, Outcome::NotSent), "{e}");
    assert_eq!((report.unconfirmed_rows, sender.buffer().peek()), (2, &text(0..2)[..]));
    assert!(world.script().committed.is_empty());
}

#[test]
fn rows_under_way_count_against_the_limit_of_the_buffer() {
    let world = world(&BUSY);
    let conf = "retry_timeout=3600000;acquire_timeout_ms=0;init_buf_size=64;max_buf_size=64;";
    let pool = pool_in(&world, &format!("{conf}auto_flush_rows=1;auto_flush_max_backoff=10;"));
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    settled(&pool);
    assert_eq!(row(&mut sender, 1).unwrap_err().code(), ErrorCode::Unavailable);
    // From here on nothing is sent, so batches stay under way. The next automatic flush has to wait as long as the server says.
    world.script().now += Duration::from_secs(4000);
    let e = loop {
        if let Err(e) = row(&mut sender, 1) {
            break e;
        }
    };
    assert_eq!(
        (e.code(), e.row_accepted(), e.is_retryable()),
        (ErrorCode::Timeout, true, true),
        "{e}"
    );
    assert!(e.message().contains("still under way"), "{e}");
    let rows = sender.buffer().row_count();
    let report = sender.close(Duration::ZERO);
    assert!(report.unconfirmed_rows > rows as u64, "those under way come back too");
    assert_eq!(report.unconfirmed_rows, sender.buffer().row_count() as u64);
}

#[test]
fn a_sender_outlives_its_pool_and_keeps_its_rows() {
    let world = world(&HEALTHY);
    let pool = pool_in(&world, "auto_flush_rows=2;");
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    pool.close(SOON).result.unwrap();
    let e = row(&mut sender, 1).unwrap_err();
    assert_eq!((e.code(), e.row_accepted()), (ErrorCode::InvalidState, true));
    drop(pool);
    assert_eq!(sender.flush_own().unwrap_err().code(), ErrorCode::InvalidState);
    assert_eq!(sender.buffer().peek(), text(0..2));
    assert_eq!(sender.close(SOON).unconfirmed_rows, 2);
}

#[test]
fn what_became_of_the_batches_of_a_dropped_sender_is_told_by_the_pool() {
    static REPLIES: [Reply; 2] = [REFUSED, NO_CONTENT];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "auto_flush_rows=1;");
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    drop(sender);
    let done = pool.next(SOON).unwrap();
    assert_eq!(done.outcome, Outcome::Rejected);
    assert_eq!(done.failed_rows.unwrap().peek(), text([0]));
}

const TIMER: &str = "auto_flush_timer=on;auto_flush_interval=1;auto_flush_rows=3;";

/// Waits until the server has stored as many rows. The timer sends them, however long that takes on a busy machine.
fn stored_by_itself(world: &crate::net::ScriptedNet<super::world::World>, rows: usize) {
    let since = crate::net::now();
    while ids(&world.script().committed.concat()).len() < rows {
        assert!(
            crate::net::now().saturating_duration_since(since) < SOON,
            "the timer sends nothing"
        );
        std::thread::yield_now();
    }
}

#[test]
fn the_timer_sends_the_rows_of_a_quiet_sender_and_never_a_row_in_the_making() {
    let world = world(&HEALTHY);
    let pool = pool_in(&world, TIMER);
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    stored_by_itself(&world, 1);
    let open = sender.row("t").unwrap().column_i64("id", 1).unwrap();
    let mut other = pool.new_sender().unwrap();
    row(&mut other, 7).unwrap();
    stored_by_itself(&world, 2);
    open.at_now().unwrap();
    stored_by_itself(&world, 3);
    assert_eq!(world.script().committed.concat(), text([0, 7, 1]));
    assert!(sender.buffer().is_empty());
    sender.flush_own().unwrap();
    assert_eq!(sender.stats().get(Stat::RowsCommitted), 2, "those of the timer count too");
    // A row that is dropped leaves nothing behind.
    drop(sender.row("t").unwrap().column_i64("id", 9).unwrap());
    sender.close(SOON).result.unwrap();
    other.close(SOON).result.unwrap();
    assert_eq!(world.script().committed.len(), 3);
    assert!(pool.next(Duration::ZERO).is_none());
    assert!(format!("{:?}", pool.stats().unwrap()).contains("workers"));
}

/// The interval is longer than anybody waits, so only the limits and the calls flush.
#[test]
fn with_a_timer_limits_transactions_and_calls_mean_the_same() {
    static REPLIES: [Reply; 5] = [NO_CONTENT, NO_CONTENT, REFUSED, NO_CONTENT, NO_CONTENT];
    let world = world(&REPLIES);
    let conf = "auto_flush_timer=on;auto_flush_interval=3600000;auto_flush_rows=3;";
    let pool = pool_in(&world, conf);
    let mut sender = pool.new_sender().unwrap();
    (0..4).for_each(|id| row(&mut sender, id).unwrap());
    settled(&pool);
    assert_eq!(world.script().committed, [text(0..3)]);
    sender.begin("t").unwrap();
    (4..9).for_each(|id| row(&mut sender, id).unwrap());
    assert_eq!(
        (sender.buffer().row_count(), sender.commit().unwrap_err().outcome()),
        (5, Outcome::Rejected)
    );
    sender.commit().unwrap();
    assert_eq!(world.script().committed, [text(0..3), text([3]), text(4..9)]);
    row(&mut sender, 9).unwrap();
    sender.clear();
    row(&mut sender, 10).unwrap();
    sender.remove_rows(1, 1).unwrap();
    assert!(sender.remove_rows(1, 1).is_err(), "nothing is left");
    row(&mut sender, 11).unwrap();
    assert_eq!(sender.flush_own_and_keep(crate::Atomicity::Any).unwrap(), Outcome::Committed);
    assert_eq!(sender.buffer().peek(), text([11]));
    sender.close(SOON).result.unwrap();
    assert_eq!(world.script().committed.concat(), text((0..9).chain([11, 11])));
}

#[test]
fn prepared_rows_keep_to_the_limits_with_a_timer_too() {
    use crate::table::{ColumnKind, ColumnValues, RowLayout, TimestampKind};
    let world = world(&HEALTHY);
    let conf = "auto_flush_timer=on;auto_flush_interval=3600000;auto_flush_rows=3;";
    let pool = pool_in(&world, conf);
    let mut sender = pool.new_sender().unwrap();
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("id", ColumnKind::I64).unwrap().set_timestamp(TimestampKind::Now);
    let numbers: Vec<i64> = (1..8).collect();
    let columns = [ColumnValues::I64(&numbers).into()];
    let columns = crate::PreparedColumns::new(&layout, 7, &columns, None).unwrap();
    row(&mut sender, 0).unwrap();
    sender.append_prepared(&columns, 0..7).unwrap();
    assert!(sender.buffer().is_empty(), "the last two rows wait for the timer");
    sender.close(SOON).result.unwrap();
    assert_eq!(world.script().committed, [text(0..3), text(3..6), text(6..8)]);
}

#[test]
fn rows_of_the_timer_that_failed_come_back_too() {
    static REPLIES: [Reply; 2] = [REFUSED, NO_CONTENT];
    let world = world(&REPLIES);
    let pool = pool_in(&world, TIMER);
    let mut sender = pool.new_sender().unwrap();
    row(&mut sender, 0).unwrap();
    let since = crate::net::now();
    while pool.stats().unwrap().rows_not_stored == 0 {
        assert!(crate::net::now().saturating_duration_since(since) < SOON);
        std::thread::yield_now();
    }
    let e = sender.flush_own().unwrap_err();
    assert_eq!((e.outcome(), sender.buffer().peek()), (Outcome::Rejected, &text([0])[..]));
    // Rows that were refused stay in the buffer with those that follow, and the timer leaves them alone.
    row(&mut sender, 1).unwrap();
    assert_eq!(sender.buffer().row_count(), 2);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    drop(sender);
    drop(pool);
    assert_eq!(world.script().committed, [text(0..2)]);
}

#[test]
fn a_timer_is_for_pools_and_needs_a_time() {
    let refused = |conf: &str| {
        let config = crate::Config::from_conf(&format!("http::addr=db;protocol_version=1;{conf}"));
        config.and_then(|config| Sender::new(&config)).unwrap_err()
    };
    let e = refused("auto_flush_timer=on;");
    assert!(e.code() == ErrorCode::Config && e.message().contains("for senders of a pool"), "{e}");
    for off in ["auto_flush=off;", "auto_flush_interval=off;"] {
        let e = refused(&format!("auto_flush_timer=on;{off}"));
        assert!(e.message().contains("is on but \"auto_flush_interval\" is off"), "{e}");
    }
}

/// The buffers go round, each with a count of its own of what was removed. A count that came again would look as if rows that were
/// refused were still there.
#[test]
fn the_count_of_removals_never_comes_again() {
    let world = world(&HEALTHY);
    let pool = pool_in(&world, "auto_flush=off;");
    let mut sender = pool.new_sender().unwrap();
    for id in 0..6 {
        if id == 2 {
            (0..9).for_each(|_| sender.clear());
        }
        let before = sender.buffer().removals();
        row(&mut sender, id).unwrap();
        sender.flush_own().unwrap();
        assert!(sender.buffer().removals() > before, "{id}");
    }
}
