//! Batches that are flushed on the way: how many rows were taken is told, and no row is lost or taken twice.

use super::batches::{batch_at, stream_at};
use super::server::Reply;
use super::{HEALTHY, NO_CONTENT, Sim, V1, row};
use crate::error::{ErrorCode, Outcome};
use crate::table::ArrowOptions;

const BUSY: Reply = Reply::new("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
static THIRD_FAILS: [Reply; 4] = [NO_CONTENT, NO_CONTENT, BUSY, NO_CONTENT];
const FOUR: &str = "protocol_version=1;auto_flush_rows=4;auto_flush_interval=off;retry_timeout=0;";

fn options() -> ArrowOptions {
    ArrowOptions::new().table("t").at_column("at")
}

/// Returns the numbers of the rows in lines of version 1.
fn numbers(lines: &[u8]) -> Vec<usize> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.map(|line| line.split(['=', 'i']).nth(1).unwrap().parse().unwrap()).collect()
}

fn committed(sim: &Sim) -> Vec<Vec<usize>> {
    sim.world().committed.iter().map(|lines| numbers(lines)).collect()
}

#[test]
fn a_batch_is_flushed_at_the_very_row_of_the_limit() {
    let sim = Sim::http(&HEALTHY, FOUR);
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sender.append_arrow(&batch_at(&[7; 10]), &options()).unwrap();
    assert_eq!(committed(&sim), [vec![1, 0, 1, 2], vec![3, 4, 5, 6]]);
    assert_eq!(numbers(sender.buffer().peek()), [7, 8, 9]);
}

#[test]
fn a_batch_may_be_larger_than_the_buffer() {
    let conf = format!(
        "{V1}auto_flush_bytes=20000;auto_flush_rows=off;auto_flush_interval=off;max_buf_size=40000;"
    );
    let sim = Sim::http(&HEALTHY, &conf);
    let mut sender = sim.sender().unwrap();
    sender.append_arrow(&batch_at(&[7; 100_000]), &options()).unwrap();
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    let all: Vec<usize> = committed(&sim).concat();
    assert!(all.iter().copied().eq(0..100_000));
    // Without limits there are no flushes on the way.
    let sim = Sim::http(&HEALTHY, &format!("{V1}auto_flush=off;max_buf_size=40000;"));
    let mut sender = sim.sender().unwrap();
    let e = sender.append_arrow(&batch_at(&[7; 100_000]), &options()).unwrap_err();
    assert_eq!((e.code(), e.rows_accepted()), (ErrorCode::LimitExceeded, 0));
    assert!(sender.buffer().is_empty());
}

#[test]
fn a_failed_flush_leaves_the_rest_of_the_batch_with_the_caller() {
    let sim = Sim::http(&THIRD_FAILS, FOUR);
    let mut sender = sim.sender().unwrap();
    let batch = batch_at(&[7; 15]);
    let e = sender.append_arrow(&batch, &options()).unwrap_err();
    assert_eq!((e.row_accepted(), e.rows_accepted()), (true, 12));
    assert_eq!(numbers(sender.buffer().peek()), [8, 9, 10, 11]);
    sim.world().now += std::time::Duration::from_secs(100);
    sender.append_arrow(&batch.slice(12..15).unwrap(), &options()).unwrap();
    sender.flush_own().unwrap();
    let all: Vec<usize> = committed(&sim).concat();
    assert!(all.iter().copied().eq(0..15), "{all:?}");
}

#[test]
fn a_wrong_row_takes_none_or_those_before_it() {
    let sim = Sim::http(&HEALTHY, FOUR);
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    let e = sender.append_arrow(&batch_at(&[7, 7, -1]), &options()).unwrap_err();
    assert_eq!(
        (e.code(), e.row_accepted(), e.rows_accepted()),
        (ErrorCode::InvalidTimestamp, false, 0)
    );
    assert!(e.message().starts_with("row 2: "), "{e}");
    assert_eq!(sender.buffer().row_count(), 1);

    let e = sender.append_arrow(&batch_at(&[7, 7, 7, 7, 7, -1]), &options()).unwrap_err();
    assert_eq!((e.row_accepted(), e.rows_accepted()), (false, 3));
    assert!(e.message().starts_with("row 5: "), "{e}");
    assert_eq!((committed(&sim), sender.buffer().row_count()), (vec![vec![1, 0, 1, 2]], 0));
}

#[test]
fn a_stream_goes_on_with_the_first_row_that_was_not_taken() {
    let sim = Sim::http(&THIRD_FAILS, FOUR);
    let mut sender = sim.sender().unwrap();
    let mut stream = stream_at(&[&[7; 5], &[7; 9], &[7; 2]]);
    let e = sender.append_arrow_stream(&mut stream, &options()).unwrap_err();
    assert_eq!((e.row_accepted(), e.rows_accepted()), (true, 12));
    assert!(e.message().starts_with("batch 1: the row is in the buffer"), "{e}");
    sim.world().now += std::time::Duration::from_secs(100);
    sender.append_arrow_stream(&mut stream, &options()).unwrap();
    sender.flush_own().unwrap();
    let all: Vec<usize> = committed(&sim).concat();
    let expected: Vec<usize> = (0..5).chain(0..9).chain(0..2).collect();
    assert_eq!(all, expected);
}

#[test]
fn a_transaction_takes_a_batch_whole() {
    let sim = Sim::http(&HEALTHY, FOUR);
    let mut sender = sim.sender().unwrap();
    sender.begin("t").unwrap();
    sender.append_arrow(&batch_at(&[7; 10]), &options()).unwrap();
    assert_eq!(sim.world().requests, 0);
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(committed(&sim), [(0..10).collect::<Vec<_>>()]);
}
