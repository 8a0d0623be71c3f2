//! The client's side of a fault row: the library, called from Rust or from the C program `tests/c/faults.c`. Both have the same
//! calls and report the same facts, so that one table of rows serves both.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use questdb_ingress::internal::OwnBuffer as _;
use questdb_ingress::{Buffer, Error, ErrorCode, Outcome, Pool, Sender, Stat};
use questdb_ingress_testkit::fault_server::waited;
use questdb_ingress_testkit::{repository, rows, scratch_folder, shared_library};

/// What a failed call reports, in whichever language it was made.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Facts>);

#[derive(Debug, Clone)]
struct Facts {
    code: ErrorCode,
    outcome: Outcome,
    retryable: bool,
    in_doubt: bool,
    attempts: u32,
    in_doubt_attempts: u32,
    http_status: u16,
    retry_after: Option<Duration>,
    server_line: u64,
    bytes_sent: u64,
    earlier_rows_in_doubt: u64,
    message: String,
    server_error_id: Option<String>,
    server_code: Option<String>,
    table: Option<String>,
    /// All texts of the error that can be printed.
    shown: String,
}

pub(crate) type Answer<T = Outcome> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(e: Error) -> Failure {
        Failure(Box::new(Facts {
            code: e.code(),
            outcome: e.outcome(),
            retryable: e.is_retryable(),
            in_doubt: e.in_doubt(),
            attempts: e.attempts(),
            in_doubt_attempts: e.in_doubt_attempts(),
            http_status: e.http_status().unwrap_or(0),
            retry_after: e.retry_after(),
            server_line: e.server_line().unwrap_or(0) as u64,
            bytes_sent: e.bytes_sent(),
            earlier_rows_in_doubt: e.earlier_rows_in_doubt(),
            message: e.message().to_owned(),
            server_error_id: e.server_error_id().map(str::to_owned),
            server_code: e.server_code().map(str::to_owned),
            table: e.table().map(str::to_owned),
            shown: format!("{e} {e:?} {e:#?}"),
        }))
    }
}

impl Failure {
    pub(crate) fn code(&self) -> ErrorCode {
        self.0.code
    }
    pub(crate) fn outcome(&self) -> Outcome {
        self.0.outcome
    }
    pub(crate) fn is_retryable(&self) -> bool {
        self.0.retryable
    }
    pub(crate) fn in_doubt(&self) -> bool {
        self.0.in_doubt
    }
    pub(crate) fn attempts(&self) -> u32 {
        self.0.attempts
    }
    pub(crate) fn in_doubt_attempts(&self) -> u32 {
        self.0.in_doubt_attempts
    }
    pub(crate) fn http_status(&self) -> u16 {
        self.0.http_status
    }
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
    pub(crate) fn server_line(&self) -> u64 {
        self.0.server_line
    }
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.0.bytes_sent
    }
    pub(crate) fn earlier_rows_in_doubt(&self) -> u64 {
        self.0.earlier_rows_in_doubt
    }
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }
    pub(crate) fn server_error_id(&self) -> Option<&str> {
        self.0.server_error_id.as_deref()
    }
    pub(crate) fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }
    pub(crate) fn table(&self) -> Option<&str> {
        self.0.table.as_deref()
    }
    /// Returns all texts of the error that can be printed.
    pub(crate) fn shown(&self) -> &str {
        &self.0.shown
    }
}

/// The language that makes the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    C,
    /// Rust, by a sender of a pool.
    Pool,
}

impl Language {
    /// Those that every row has.
    pub(crate) const ALL: [Language; 2] = [Language::Rust, Language::C];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Pool => "Pool",
        }
    }

    /// Returns the end of the names of its tests.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Pool => "pool",
        }
    }

    /// Returns a side with a buffer of about `bytes` bytes and without a sender.
    pub(crate) fn side(self, bytes: usize) -> Box<dyn Side> {
        match self {
            Language::Rust => {
                Box::new(RustSide { sender: None, pool: None, pools: false, buffer: rows(bytes) })
            }
            Language::Pool => {
                Box::new(RustSide { sender: None, pool: None, pools: true, buffer: rows(bytes) })
            }
            Language::C => Box::new(CSide::start(bytes, |_| {})),
        }
    }
}

/// The calls that rows are made of.
pub(crate) trait Side {
    fn open(&mut self, conf: &str) -> Answer<()>;
    fn flush(&mut self) -> Answer;
    fn flush_and_keep(&mut self) -> Answer;
    /// Flushes another buffer of about `bytes` bytes.
    fn flush_other(&mut self, bytes: usize) -> Answer;
    /// Adds rows to the sender's own buffer, each with a text of `bytes` bytes.
    fn own_rows(&mut self, rows: usize, bytes: usize) -> Answer<()>;
    /// Closes the sender. Returns the unconfirmed rows, and the result.
    fn close(&mut self, timeout: Duration) -> (u64, Answer<()>);
    fn free(&mut self);
    fn stat(&mut self, stat: Stat) -> u64;
    /// Returns the protocol version and the longest name.
    fn version(&mut self) -> (u64, u64);
    /// Returns the length and the hash of the buffer.
    fn buffer(&mut self) -> (usize, u64);
    /// Returns all texts of the sender that can be printed.
    fn shown(&mut self) -> String;
    /// Returns how long its thread has waited for a processor.
    fn waited(&mut self) -> Duration;
    /// Frees everything. Returns what is wrong with the process afterwards.
    fn end(&mut self) -> Option<String>;
}

/// Returns the FNV-1a hash.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

struct RustSide {
    sender: Option<Sender>,
    /// The pool of the sender, if it has one.
    pool: Option<Pool>,
    pools: bool,
    buffer: Buffer,
}

impl RustSide {
    fn sender(&mut self) -> &mut Sender {
        self.sender.as_mut().unwrap()
    }
}

impl Side for RustSide {
    fn open(&mut self, conf: &str) -> Answer<()> {
        self.free();
        if self.pools {
            let pool = self.pool.insert(Pool::from_conf(&format!("{conf}sender_pool_max=2;"))?);
            self.sender = Some(pool.new_sender()?);
        } else {
            self.sender = Some(Sender::from_conf(conf)?);
        }
        Ok(())
    }

    fn flush(&mut self) -> Answer {
        Ok(self.sender.as_mut().unwrap().flush(&mut self.buffer)?)
    }

    fn flush_and_keep(&mut self) -> Answer {
        Ok(self.sender.as_mut().unwrap().flush_and_keep(&self.buffer)?)
    }

    fn flush_other(&mut self, bytes: usize) -> Answer {
        Ok(self.sender().flush_and_keep(&rows(bytes))?)
    }

    fn own_rows(&mut self, rows: usize, bytes: usize) -> Answer<()> {
        let note = "x".repeat(bytes);
        let buffer = self.sender().own_buffer();
        for _ in 0..rows {
            buffer.table("t")?.column_str("note", note.as_str())?.at_now()?;
        }
        Ok(())
    }

    fn close(&mut self, timeout: Duration) -> (u64, Answer<()>) {
        let report = self.sender().close(timeout);
        (report.unconfirmed_rows, report.result.map_err(Failure::from))
    }

    fn free(&mut self) {
        self.sender = None;
        self.pool = None;
    }

    fn stat(&mut self, stat: Stat) -> u64 {
        self.sender().stats().get(stat)
    }

    fn version(&mut self) -> (u64, u64) {
        let sender = self.sender();
        (sender.protocol_version() as u64, sender.max_name_len() as u64)
    }

    fn buffer(&mut self) -> (usize, u64) {
        (self.buffer.len(), hash(self.buffer.peek()))
    }

    fn shown(&mut self) -> String {
        let stats = self.sender.as_ref().map(Sender::stats);
        format!("{:?} {stats:?} {:?}", self.sender, stats.as_ref().map(|s| s.last_error()))
    }

    fn waited(&mut self) -> Duration {
        waited("/proc/thread-self")
    }

    fn end(&mut self) -> Option<String> {
        self.free();
        None
    }
}

/// A running `tests/c/faults.c`.
pub(crate) struct CSide {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

/// Compiles a program of `tests/c`, once for all tests.
pub(crate) fn c_program(name: &'static str) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    programs.entry(name).or_insert_with(|| compile(name)).clone()
}

fn compile(name: &str) -> PathBuf {
    let library = shared_library();
    let folder = library.parent().unwrap();
    let program = scratch_folder().join(format!("c_{name}"));
    let done = Command::new("cc")
        .args(["-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion"])
        .args(["-Werror", "-pthread", "-o"])
        .arg(&program)
        .arg(repository().join(format!("tests/c/{name}.c")))
        .arg("-I")
        .arg(repository().join("include"))
        .arg("-L")
        .arg(folder)
        .args(["-lquestdb_ingress", &format!("-Wl,-rpath,{}", folder.display())])
        .output()
        .unwrap_or_else(|e| panic!("cc: {e}"));
    assert!(done.status.success(), "{name}.c: {}", String::from_utf8_lossy(&done.stderr));
    program
}

impl CSide {
    /// Starts the program after `change`, with a buffer of about `bytes` bytes. cargo sets a library path that would take
    /// precedence over the one in the program, so it is removed.
    pub(crate) fn start(bytes: usize, change: impl FnOnce(&mut Command)) -> CSide {
        let mut command = Command::new(c_program("faults"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.env_remove("LD_LIBRARY_PATH").spawn().expect("the C program");
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().unwrap());
        let mut side = CSide { child, to, from };
        side.call(&format!("rows {bytes}"));
        side
    }

    /// Sends a line, and returns the words of the answer.
    fn call(&mut self, line: &str) -> Vec<String> {
        let answer = self.try_call(line);
        answer.unwrap_or_else(|| {
            panic!("the C program ended at {line:?}: {:?}", self.child.wait());
        })
    }

    fn try_call(&mut self, line: &str) -> Option<Vec<String>> {
        self.to.as_mut()?.write_all(format!("{line}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        self.from.read_line(&mut answer).ok()?;
        let words = answer.strip_suffix('\n')?.split('\t');
        Some(words.map(str::to_owned).collect())
    }

    fn number(&mut self, line: &str, word: usize) -> u64 {
        self.call(line)[word].parse().unwrap()
    }

    fn flush_by(&mut self, line: &str) -> Answer {
        let outcome = read_answer(&self.call(line))?;
        Ok(outcome.expect("the statistics count no row"))
    }
}

fn outcome_of(number: &str) -> Option<Outcome> {
    use Outcome::{Committed, InDoubt, NotSent, Partial, Rejected, Submitted};
    let all = [NotSent, Rejected, Partial, InDoubt, Submitted, Committed];
    all.into_iter().find(|outcome| number == (*outcome as u32).to_string())
}

/// Parses the answer to a call. A success may state its outcome.
fn read_answer(words: &[String]) -> Answer<Option<Outcome>> {
    if words[0] == "ok" {
        return Ok(outcome_of(&words[1]));
    }
    let number = |at: usize| words[at].parse::<u64>().unwrap();
    let text = |at: usize| words[at].strip_prefix('=').map(str::to_owned);
    let code = *ErrorCode::ALL.iter().find(|code| **code as u64 == number(1)).unwrap();
    Err(Failure(Box::new(Facts {
        code,
        outcome: outcome_of(&words[2]).unwrap(),
        retryable: number(3) == 1,
        in_doubt: number(4) == 1,
        attempts: number(6) as u32,
        in_doubt_attempts: number(7) as u32,
        http_status: number(8) as u16,
        retry_after: words[9].parse().ok().map(Duration::from_millis),
        server_line: number(10),
        bytes_sent: number(11),
        earlier_rows_in_doubt: number(13),
        message: text(14).unwrap(),
        server_error_id: text(15),
        server_code: text(16),
        table: text(17),
        shown: words.join(" "),
    })))
}

impl Side for CSide {
    fn open(&mut self, conf: &str) -> Answer<()> {
        read_answer(&self.call(&format!("open {conf}"))).map(drop)
    }

    fn flush(&mut self) -> Answer {
        self.flush_by("flush")
    }

    fn flush_and_keep(&mut self) -> Answer {
        self.flush_by("keep")
    }

    fn flush_other(&mut self, bytes: usize) -> Answer {
        self.flush_by(&format!("other {bytes}"))
    }

    fn own_rows(&mut self, rows: usize, bytes: usize) -> Answer<()> {
        read_answer(&self.call(&format!("own {rows} {bytes}"))).map(drop)
    }

    fn close(&mut self, timeout: Duration) -> (u64, Answer<()>) {
        let words = self.call(&format!("close {}", timeout.as_millis()));
        (words[0].parse().unwrap(), read_answer(&words[1..]).map(drop))
    }

    fn free(&mut self) {
        self.call("free");
    }

    fn stat(&mut self, stat: Stat) -> u64 {
        self.number(&format!("stat {}", stat as u32), 1)
    }

    fn version(&mut self) -> (u64, u64) {
        let words = self.call("version");
        (words[1].parse().unwrap(), words[2].parse().unwrap())
    }

    fn buffer(&mut self) -> (usize, u64) {
        let words = self.call("buffer");
        (words[1].parse().unwrap(), words[2].parse().unwrap())
    }

    fn shown(&mut self) -> String {
        self.call("last").join(" ")
    }

    fn waited(&mut self) -> Duration {
        waited("/proc/thread-self") + waited(&format!("/proc/{}", self.child.id()))
    }

    fn end(&mut self) -> Option<String> {
        let answer = self.try_call("end");
        self.to = None;
        let status = self.child.wait().unwrap();
        // A library must print nothing on the terminal of its program.
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let good = status.success() && said.is_empty();
        (!good).then(|| format!("the C program ended with {status}: {answer:?} {said:?}"))
    }
}

impl Drop for CSide {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
