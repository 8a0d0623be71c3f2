//! Tests of the queue against a model, and of pools over the receiver.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use questdb_ingress_testkit::fault_server::{FaultServer, script};
use questdb_receiver::{Listener, Receiver};

use super::kind::Kind;
use super::queue::{Asked, Bounds, Cancelled, Finished, Full, Job, Lane, Queue};
use super::report::Counts;
use super::*;
use crate::error::{ErrorCode, ErrorParts as _, Outcome, err};
use crate::version::ProtocolVersion;

const SOON: Duration = Duration::from_secs(20);

fn rows(n: usize) -> Buffer {
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    for i in 0..n {
        buffer.table("t").unwrap().column_i64("i", i as i64).unwrap().at_now().unwrap();
    }
    buffer
}

fn job(n: usize, order_key: Option<u64>) -> Job {
    Job { buffer: Box::new(rows(n)), lane: order_key.map(Lane::Key), user_data: 0 }
}

fn queue(bounds: Bounds) -> Queue {
    Queue::new(bounds, Kind::of(&rows(0)))
}

fn sent(buffer: Box<Buffer>) -> Finished {
    Finished { buffer, result: Ok(Outcome::Committed), attempts: 1, in_doubt_attempts: 0 }
}

#[test]
fn batches_with_one_key_go_out_one_after_the_other() {
    let mut queue = queue(Bounds { bytes: 1 << 20, batches: 100 });
    let counts = &mut Counts::default();
    let (a, b) = (queue.push(job(1, Some(7)), false), queue.push(job(1, Some(7)), false));
    let c = queue.push(job(1, None), false);
    let (first, buffer) = queue.take(0).unwrap();
    assert_eq!((first, queue.take(1).unwrap().0), (a, c), "b waits for a");
    assert!(queue.take(2).is_none());
    assert_eq!(queue.cancel(c, counts).0, Cancelled::InFlight(1));
    queue.finish(a, sent(buffer), counts);
    assert_eq!(queue.take(0).unwrap().0, b, "what is done lets the next one go");
}

#[test]
fn what_is_full_says_so_and_room_comes_with_reading() {
    let size = rows(1).len();
    let mut queue = queue(Bounds { bytes: 2 * size, batches: 3 });
    let counts = &mut Counts::default();
    queue.push(job(1, None), false);
    let b = queue.push(job(1, None), false);
    assert_eq!(queue.room(1), Err(Full::Bytes));
    assert_eq!(queue.room(0), Ok(()));
    let (a, buffer) = queue.take(0).unwrap();
    queue.finish(a, sent(buffer), counts);
    assert_eq!(queue.room(size), Ok(()), "the rows of a success are gone");
    assert_eq!(queue.cancel(b, counts).0, Cancelled::Now);
    queue.push(job(1, None), false);
    assert_eq!(queue.room(0), Err(Full::Batches), "unread completions count");
    assert!(queue.next().is_some());
    assert_eq!(queue.room(1), Err(Full::Bytes), "rows that failed are there until they are read");
    assert_eq!(queue.next().unwrap().failed_rows.unwrap().row_count(), 1);
    assert_eq!(queue.room(size), Ok(()));
}

/// What the model knows of a batch.
struct Known {
    key: Option<u64>,
    order: usize,
    ticket: bool,
}

#[test]
fn random_steps_agree_with_a_model() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut queue = queue(Bounds { bytes: 1 << 30, batches: 40 });
        let counts = &mut Counts::default();
        let mut known: HashMap<BatchId, Known> = HashMap::new();
        let mut waiting: Vec<BatchId> = Vec::new();
        let mut flying: Vec<(BatchId, Box<Buffer>)> = Vec::new();
        let mut unread: VecDeque<BatchId> = VecDeque::new();
        let mut kept: HashSet<BatchId> = HashSet::new();
        let (mut order, mut last) = (0, HashMap::<u64, usize>::new());
        for _ in 0..5000 {
            let complete = |id, known: &HashMap<BatchId, Known>| known[&id].ticket;
            match random.u32(0..9) {
                0..=2 if known.len() < 40 => {
                    assert_eq!(queue.room(10), Ok(()));
                    let key = random.bool().then(|| random.u64(0..4));
                    let ticket = random.bool();
                    let id = queue.push(job(1, key), ticket);
                    order += 1;
                    assert!(
                        known.insert(id, Known { key, order, ticket }).is_none(),
                        "{id} is new"
                    );
                    waiting.push(id);
                }
                0..=2 => assert_eq!(queue.room(0), Err(Full::Batches)),
                3..=4 => {
                    // The oldest batch whose key is not in flight, and which is the first with its key.
                    let busy: HashSet<u64> =
                        flying.iter().filter_map(|(id, _)| known[id].key).collect();
                    let may =
                        waiting.iter().any(|id| known[id].key.is_none_or(|k| !busy.contains(&k)));
                    let took = queue.take(flying.len());
                    assert_eq!(took.is_some(), may);
                    let Some((id, buffer)) = took else { continue };
                    if let Some(key) = known[&id].key {
                        let before = last.insert(key, known[&id].order);
                        assert!(!busy.contains(&key) && before < Some(known[&id].order));
                    }
                    waiting.retain(|other| *other != id);
                    flying.push((id, buffer));
                }
                5 if !flying.is_empty() => {
                    let (id, buffer) = flying.swap_remove(random.usize(0..flying.len()));
                    let result = if random.bool() {
                        Ok(Outcome::Committed)
                    } else {
                        Err(err!(Rejected, "no").outcome_is(Outcome::Rejected))
                    };
                    let finished = Finished { buffer, result, attempts: 1, in_doubt_attempts: 0 };
                    queue.finish(id, finished, counts);
                    if complete(id, &known) {
                        {
                            kept.insert(id);
                        }
                    } else {
                        unread.push_back(id)
                    }
                }
                6 if !known.is_empty() => {
                    let id = *known.keys().nth(random.usize(0..known.len())).unwrap();
                    let (found, _) = queue.cancel(id, counts);
                    if waiting.contains(&id) {
                        assert_eq!(found, Cancelled::Now);
                        waiting.retain(|other| *other != id);
                        if complete(id, &known) {
                            {
                                kept.insert(id);
                            }
                        } else {
                            unread.push_back(id)
                        }
                    } else if flying.iter().any(|(other, _)| *other == id) {
                        assert!(matches!(found, Cancelled::InFlight(_)));
                    } else {
                        assert_eq!(found, Cancelled::TooLate);
                    }
                }
                7 => {
                    let next = queue.next().map(|completion| completion.batch);
                    assert_eq!(next, unread.pop_front());
                    if let Some(id) = next {
                        known.remove(&id);
                        assert!(matches!(queue.ask(id, None), Asked::Unknown), "read twice");
                    }
                }
                8 if !known.is_empty() => {
                    let id = *known.keys().nth(random.usize(0..known.len())).unwrap();
                    if known[&id].ticket && random.bool() {
                        assert_eq!(queue.detach(id), kept.contains(&id));
                        known.get_mut(&id).unwrap().ticket = false;
                        if kept.remove(&id) {
                            unread.push_back(id);
                        }
                        continue;
                    }
                    match queue.ask(id, None) {
                        Asked::Done(completion) => {
                            assert_eq!(completion.batch, id);
                            unread.retain(|other| *other != id);
                            kept.remove(&id);
                            known.remove(&id);
                        }
                        Asked::Pending => assert!(!unread.contains(&id) && !kept.contains(&id)),
                        Asked::Unknown => panic!("{id} is known"),
                    }
                }
                _ => {}
            }
            assert_eq!(queue.open(), waiting.len() + flying.len());
            assert_eq!((queue.in_flight(), queue.unread()), (flying.len(), unread.len()));
        }
    }
}

fn pool_on(receiver: &Receiver, options: &str) -> Pool {
    Pool::from_conf(&format!("{}{options}", receiver.conf(Listener::Http))).unwrap()
}

#[test]
fn rows_of_many_threads_are_stored_once() {
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "sender_pool_max=3;");
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let pool = &pool;
            scope.spawn(move || {
                let mut buffer = pool.new_buffer().unwrap();
                for i in 0..50_u64 {
                    let row = buffer
                        .table("t")
                        .unwrap()
                        .column_i64("id", (thread * 1000 + i).cast_signed())
                        .unwrap();
                    row.at_now().unwrap();
                    let how = Submit::default().order_key(thread).user_data(i);
                    let ticket = pool.submit_with(&mut buffer, how).unwrap();
                    assert!(buffer.is_empty());
                    let done = ticket.wait(SOON).unwrap();
                    assert_eq!(
                        (done.outcome, done.rows, done.user_data),
                        (Outcome::Committed, 1, i)
                    );
                    assert_eq!((done.attempts, done.in_doubt_attempts), (1, 0));
                }
            });
        }
    });
    let report = pool.close(SOON);
    assert_eq!((report.unsent_rows, report.rows_in_doubt), (0, 0));
    report.result.unwrap();
    assert_eq!(receiver.table("t").unwrap().row_count(), 400);
    let e = pool.submit(&mut rows(1)).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidState);
}

#[test]
fn a_batch_that_fails_gives_its_rows_back_and_holds_nobody() {
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "");
    let mut buffer = pool.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
    pool.submit(&mut buffer).unwrap().wait(SOON).unwrap();
    buffer.table("t").unwrap().column_str("x", "no number").unwrap().at_now().unwrap();
    let bad = pool.submit_with(&mut buffer, Submit::default().order_key(1)).unwrap();
    buffer.table("t").unwrap().column_i64("x", 2).unwrap().at_now().unwrap();
    let good = pool.submit_with(&mut buffer, Submit::default().order_key(1)).unwrap();
    assert_eq!(good.wait(SOON).unwrap().outcome, Outcome::Committed);
    // Dropped tickets hand their completions over.
    let id = bad.batch();
    drop(bad);
    let done = pool.next(SOON).unwrap();
    assert_eq!((done.batch, done.outcome), (id, Outcome::Rejected));
    assert_eq!(done.failed_rows.unwrap().row_count(), 1);
    assert!(pool.next(Duration::ZERO).is_none());
}

#[test]
fn a_ticket_can_be_awaited() {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "");
    let mut buffer = pool.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
    let mut ticket = std::pin::pin!(pool.submit(&mut buffer).unwrap());
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let done = loop {
        match ticket.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => break done.unwrap(),
            Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!(done.outcome, Outcome::Committed);
}

#[test]
fn an_end_without_a_server_reports_every_row() {
    // Nobody listens on the port of a receiver that is gone.
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "retry_timeout=600000;sender_pool_max=2;");
    drop(receiver);
    let mut buffer = pool.new_buffer().unwrap();
    let tickets: Vec<Ticket> = (0..5)
        .map(|i| {
            buffer.table("t").unwrap().column_i64("x", i).unwrap().at_now().unwrap();
            pool.submit(&mut buffer).unwrap()
        })
        .collect();
    let report = pool.close(Duration::from_millis(50));
    assert_eq!((report.unsent_rows, report.rows_in_doubt), (5, 0));
    assert!(report.result.is_err());
    for ticket in tickets {
        let done = ticket.wait(Duration::ZERO).unwrap();
        assert_eq!(done.outcome, Outcome::NotSent);
        assert!(matches!(done.error.unwrap().code(), ErrorCode::Cancelled));
    }
}

/// Returns the name and the blocked signals of each thread of this process whose name begins so.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "only the system knows")]
fn threads_called(beginning: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        // A thread that has ended meanwhile has no status.
        let Ok(status) = std::fs::read_to_string(task.unwrap().path().join("status")) else {
            continue;
        };
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim().to_owned()
        };
        let name = value("Name:");
        if name.starts_with(beginning) {
            found.push((name, u64::from_str_radix(&value("SigBlk:"), 16).unwrap()));
        }
    }
    found
}

/// Other tests of this process have pools too, so that only the threads of all of them together can be looked at.
#[cfg(target_os = "linux")]
#[test]
fn threads_have_names_and_block_all_signals() {
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "sender_pool_min=1;");
    assert_eq!(pool.stats().unwrap().workers, 0, "no thread before the first submit");
    let mut buffer = pool.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
    pool.submit(&mut buffer).unwrap().wait(SOON).unwrap();
    assert_eq!(pool.stats().unwrap().workers, 1);
    let threads = threads_called("questdb-pool-");
    assert!(!threads.is_empty());
    for (name, blocked) in threads {
        // SIGHUP to SIGTERM without SIGKILL; the libc keeps some real-time signals for itself.
        assert_eq!(blocked & 0x7eff, 0x7eff & !(1 << 8), "{name} blocks {blocked:x}");
    }
    assert_eq!(pool.close(SOON).unsent_rows, 0);
    assert_eq!(pool.stats().unwrap().workers, 0);
}

#[test]
fn in_another_process_every_call_is_refused() {
    let receiver = Receiver::builder().start().unwrap();
    let mut pool = pool_on(&receiver, "");
    // As a forked child sees it.
    Arc::get_mut(&mut pool.shared).unwrap().process += 1;
    let refused = [
        pool.new_buffer().map(drop),
        pool.submit(&mut rows(1)).map(drop),
        pool.drain(SOON),
        pool.stats().map(drop),
        pool.close(SOON).result,
    ];
    for result in refused {
        assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidState);
    }
    assert!(pool.next(SOON).is_none());
}

#[test]
fn a_batch_under_way_is_cancelled_with_its_true_outcome() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            let request = peer.request().unwrap();
            peer.commit(&request.body);
            peer.note("stored");
            peer.hold();
        }),
    );
    let conf = format!("http::addr={};protocol_version=2;request_timeout=600000;", server.addr());
    let pool = Pool::from_conf(&conf).unwrap();
    let mut buffer = pool.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
    let ticket = pool.submit(&mut buffer).unwrap();
    server.wait_for_notes("stored", 1);
    assert!(!ticket.cancel(false), "it does not wait any more");
    assert_eq!(pool.drain(Duration::ZERO).unwrap_err().code(), ErrorCode::Timeout);
    assert!(ticket.cancel(true));
    let done = ticket.wait(SOON).unwrap();
    assert_eq!(done.outcome, Outcome::InDoubt);
    assert_eq!(done.error.unwrap().code(), ErrorCode::Cancelled);
    assert_eq!(done.failed_rows.unwrap().row_count(), 1);
    pool.drain(SOON).unwrap();
    let report = pool.close(SOON);
    assert_eq!((report.unsent_rows, report.rows_in_doubt, report.result.is_ok()), (0, 0, true));
}

#[test]
fn a_dropped_pool_leaves_no_thread_behind() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            peer.request().unwrap();
            peer.note("received");
            peer.hold();
        }),
    );
    let conf = format!("http::addr={};protocol_version=2;request_timeout=600000;", server.addr());
    let pool = Pool::from_conf(&conf).unwrap();
    let mut buffer = pool.new_buffer().unwrap();
    for _ in 0..3 {
        buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        drop(pool.submit(&mut buffer).unwrap());
    }
    server.wait_for_notes("received", 3);
    let shared = Arc::downgrade(&pool.shared);
    drop(pool);
    assert_eq!(shared.strong_count(), 0, "each thread holds what they share");
}

#[cfg(target_os = "linux")]
#[test]
fn the_handle_is_readable_while_completions_wait() {
    let receiver = Receiver::builder().start().unwrap();
    let pool = pool_on(&receiver, "");
    let handle = i32::try_from(pool.handle().unwrap()).unwrap();
    assert_eq!(i32::try_from(pool.handle().unwrap()).unwrap(), handle, "there is one");
    // The counter of an eventfd, which is 0 unless it is readable.
    #[expect(clippy::disallowed_methods, reason = "only the system knows")]
    let is_rung = || {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{handle}")).unwrap();
        let count = info.lines().find_map(|line| line.strip_prefix("eventfd-count:")).unwrap();
        u64::from_str_radix(count.trim(), 16).unwrap() > 0
    };
    let mut buffer = pool.new_buffer().unwrap();
    let mut send = || {
        buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        pool.submit(&mut buffer).unwrap()
    };
    let (first, second, third) = (send(), send(), send());
    pool.drain(SOON).unwrap();
    assert!(!is_rung(), "all completions have owners");
    first.detach();
    second.detach();
    assert!(is_rung());
    assert!(third.wait(SOON).is_ok() && is_rung());
    assert!(pool.next(SOON).is_some() && is_rung());
    assert!(pool.next(SOON).is_some() && !is_rung());
}
