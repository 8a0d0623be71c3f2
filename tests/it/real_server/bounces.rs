//! The server ends and comes back again and again, while several senders work. Afterwards SQL counts what is stored.
//!
//! The server is terminated in odd rounds (SIGTERM) and killed in even ones (SIGKILL). The senders go on while it is away.
//! Over HTTP no row may be lost or stored twice; over TCP no row may be lost unless the sender has reported it.

mod http;
mod tcp;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use questdb_ingress::{Buffer, Sender, Stat};

use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, report_cases, with_own};

#[test]
fn bounces_java17() {
    with_own(Release::Java17, |release| bounces(release, asked_for().unwrap_or(50)));
}

/// There are fewer rounds, so that both tests take no more than five minutes.
#[test]
fn bounces_java25() {
    with_own(Release::Java25, |release| bounces(release, asked_for().unwrap_or(10)));
}

fn asked_for() -> Option<usize> {
    std::env::var("QUESTDB_BOUNCES").ok().map(|n| n.parse().unwrap())
}

/// The columns of every table. The time of a row follows from its number.
const COLUMNS: &str = "s symbol, part long, id long, text varchar, timestamp timestamp";

/// Rows of one part, numbered from `first`.
fn fill(buffer: &mut Buffer, table: &str, part: i64, ids: std::ops::Range<i64>) {
    buffer.clear();
    for id in ids {
        buffer.table(table).unwrap().symbol("s", "sensor").unwrap();
        buffer.column_i64("part", part).unwrap().column_i64("id", id).unwrap();
        buffer.column_str("text", "something to carry").unwrap();
        buffer.at_micros(1_700_000_000_000_000 + id).unwrap();
    }
}

/// How a load is told to end, and how it shows its progress.
#[derive(Debug, Default)]
struct Signals {
    stop: AtomicBool,
    ended: AtomicBool,
    flushes: AtomicU64,
}

impl Signals {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.flushes.load(Ordering::Relaxed)
    }

    /// Runs a load, and notes its end even if it panics.
    fn run<T>(&self, server: &QuestDb, load: fn(&QuestDb, &Signals) -> T) -> T {
        struct Note<'a>(&'a Signals);
        impl Drop for Note<'_> {
            fn drop(&mut self) {
                self.0.ended.store(true, Ordering::Relaxed);
            }
        }
        let _note = Note(self);
        load(server, self)
    }
}

/// One round in which the server ended and came back.
#[derive(Debug)]
struct Bounce {
    /// When the process was gone, and the kernel had closed its connections.
    gone: Instant,
    back: Instant,
}

/// What a load reports about itself.
#[derive(Debug, Default, Clone, PartialEq)]
struct Told {
    name: String,
    /// Rows of flushes that succeeded.
    rows: i64,
    /// Calls that succeeded, and calls that returned an error.
    flushes: u64,
    errors: u64,
    retries: u64,
    in_doubt: u64,
    /// The longest call, and how long it may be.
    longest: Duration,
    deadline: Duration,
}

impl Told {
    fn new(name: &str, deadline: Duration) -> Told {
        Told { name: name.into(), deadline, ..Told::default() }
    }

    /// Makes a call, measures it, and counts its result.
    fn call<T, E>(&mut self, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let began = Instant::now();
        let result = call();
        self.longest = self.longest.max(began.elapsed());
        *(if result.is_ok() { &mut self.flushes } else { &mut self.errors }) += 1;
        result
    }

    fn add_stats(&mut self, sender: &Sender) {
        let retries = [
            Stat::RetriesConnect,
            Stat::RetriesConnection,
            Stat::RetriesTimeout,
            Stat::RetriesBusy,
            Stat::RetriesServer,
        ];
        let stats = sender.stats();
        self.retries = retries.iter().map(|stat| stats.get(*stat)).sum();
        self.in_doubt = stats.get(Stat::InDoubtAttempts);
        assert_eq!(stats.get(Stat::Flushes), self.flushes, "{}", self.name);
        assert_eq!(stats.get(Stat::FailedFlushes), self.errors, "{}", self.name);
    }
}

/// What SQL counts of the rows of a load.
#[derive(Debug, Default, PartialEq)]
struct Stored {
    rows: i64,
    lost: i64,
    twice: i64,
}

fn bounces(release: Release, count: usize) {
    let server = QuestDb::start(release, Options::QUICK);
    // The first termination takes long: the server writes the archive of classes that later starts read.
    server.terminate();
    server.restart();
    http::create_table(&server);
    tcp::create_tables(&server);
    let lag = Lag::default();
    let signals: [Signals; 5] = Default::default();
    let (bounces, hasty, patient, from_c, plain, keeper) = std::thread::scope(|scope| {
        let _stop_in_any_case = StopOnDrop(&signals, &lag);
        scope.spawn(|| lag.measure());
        let hasty = scope.spawn(|| signals[0].run(&server, http::hasty));
        let patient = scope.spawn(|| signals[1].run(&server, http::patient));
        let from_c = scope.spawn(|| signals[2].run(&server, http::from_c));
        let plain = scope.spawn(|| signals[3].run(&server, tcp::plain));
        let keeper = scope.spawn(|| signals[4].run(&server, tcp::keeper));
        let bounces: Vec<_> = (1..=count).map(|n| bounce(&server, &signals, n)).collect();
        wait_for_progress(&server, &signals);
        stop(&signals);
        let http = (hasty.join().unwrap(), patient.join().unwrap(), from_c.join().unwrap());
        (bounces, http.0, http.1, http.2, plain.join().unwrap(), keeper.join().unwrap())
    });

    let mut lines = Vec::new();
    for (part, told) in [&hasty, &patient, &from_c].into_iter().enumerate() {
        lines.push((told, http::stored(&server, part as i64, told.rows)));
    }
    let (plain_stored, losses) = plain.judge(&server, &bounces);
    lines.push((&plain.told, plain_stored));
    lines.push((&keeper, tcp::stored_by_keeper(&server, keeper.rows)));
    report(&bounces, &lines, &losses, lag.longest());

    for (told, stored) in &lines {
        let limit = told.deadline + Duration::from_millis(250) + lag.longest();
        assert!(told.longest <= limit, "a call outlived its deadline: {told:?}");
        if told.name != plain.told.name {
            assert_eq!(*stored, Stored { rows: told.rows, lost: 0, twice: 0 }, "{told:?}");
        }
    }
    // The senders must have noticed the rounds, because otherwise the test has shown nothing.
    assert!(patient.retries >= count as u64, "{patient:?}");
    assert_eq!(patient.errors, 0, "its budget is longer than any bounce");
    for told in [&hasty, &plain.told, &keeper] {
        assert!(told.errors >= count as u64, "{told:?}");
    }
    assert!(from_c.retries + from_c.errors >= count as u64, "{from_c:?}");
    report_cases("bounces of the server under load", count);
}

fn stop(signals: &[Signals]) {
    signals.iter().for_each(|load| load.stop.store(true, Ordering::Relaxed));
}

/// Ends the loads even if the test fails, which would wait for them for ever otherwise.
struct StopOnDrop<'a>(&'a [Signals], &'a Lag);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        stop(self.0);
        self.1.stop.store(true, Ordering::Relaxed);
    }
}

fn bounce(server: &QuestDb, signals: &[Signals], number: usize) -> Bounce {
    wait_for_progress(server, signals);
    // This is another moment of their work each time, but the same ones in each run.
    std::thread::sleep(Duration::from_millis(number as u64 * 37 % 101));
    let before: Vec<_> = signals.iter().map(Signals::count).collect();
    let asked = Instant::now();
    let how = if number % 2 == 1 {
        server.terminate();
        "graceful"
    } else {
        server.kill();
        "SIGKILL"
    };
    let gone = Instant::now();
    server.restart();
    let back = Instant::now();
    let during: Vec<_> = signals.iter().zip(before).map(|(s, b)| s.count() - b).collect();
    say(&format!(
        "bounce {number:2} {how:8}  gone after {:4} ms, back after {:5} ms, flushes that succeeded meanwhile {during:?}",
        (gone - asked).as_millis(),
        (back - gone).as_millis()
    ));
    Bounce { gone, back }
}

/// Waits until each load has completed two more flushes, so that it is in the middle of its work.
fn wait_for_progress(server: &QuestDb, signals: &[Signals]) {
    let deadline = Instant::now() + Duration::from_secs(120);
    for (index, (load, goal)) in signals.iter().map(|s| (s, s.count() + 2)).enumerate() {
        while load.count() < goal {
            assert!(!load.ended.load(Ordering::Relaxed), "load {index} has failed");
            assert!(Instant::now() < deadline, "load {index} is stuck\n{}", server.log());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Measures how late the machine wakes a thread: on a busy machine deadlines are missed by this much, which is not the
/// library's fault.
#[derive(Debug, Default)]
struct Lag {
    stop: AtomicBool,
    micros: AtomicU64,
}

impl Lag {
    fn measure(&self) {
        let nap = Duration::from_millis(1);
        while !self.stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            std::thread::sleep(nap);
            let late = began.elapsed() - nap;
            self.micros.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
        }
    }

    fn longest(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

fn report(bounces: &[Bounce], loads: &[(&Told, Stored)], losses: &str, lag: Duration) {
    let away = || bounces.iter().map(|b| (b.back - b.gone).as_millis());
    say(&format!(
        "{} bounces, {} of them SIGKILL; away {} to {} ms; threads were woken up to {} ms late",
        bounces.len(),
        bounces.len() / 2,
        away().min().unwrap_or(0),
        away().max().unwrap_or(0),
        lag.as_millis()
    ));
    say(&format!(
        "{:<16}{:>8}{:>8}{:>9}{:>10}{:>11}{:>10}{:>7}{:>7}  longest call (deadline)",
        "load", "flushes", "errors", "retries", "in doubt", "rows told", "stored", "lost", "twice"
    ));
    for (told, stored) in loads {
        say(&format!(
            "{:<16}{:>8}{:>8}{:>9}{:>10}{:>11}{:>10}{:>7}{:>7}  {} ({}) ms",
            told.name,
            told.flushes,
            told.errors,
            told.retries,
            told.in_doubt,
            told.rows,
            stored.rows,
            stored.lost,
            stored.twice,
            told.longest.as_millis(),
            told.deadline.as_millis()
        ));
    }
    say(losses);
}

/// Prints past the test harness, which hides what a passing test prints.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "BOUNCE: {line}");
}
