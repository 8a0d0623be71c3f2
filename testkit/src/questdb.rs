//! Starts, kills and restarts a real QuestDB, and asks it by SQL what it has stored.
//!
//! `ci/setup` fetches the servers and names them in environment variables. A release that is not there makes its tests
//! count as not run: each says so on standard error, and fails if `QUESTDB_TESTS_REQUIRED` is set.

pub mod process;

pub mod http;

use std::collections::HashMap;
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use http::Response;
use process::Scratch;

/// How long the server may take for anything. Only a hang or a lost row reaches it.
const PATIENCE: Duration = Duration::from_secs(90);

/// The public sample key of QuestDB's documentation: its name, private scalar and public point.
pub const KEY_ID: &str = "testUser1";
pub const KEY_D: &str = "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48";
pub const KEY_X: &str = "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU";
pub const KEY_Y: &str = "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";
pub const HTTP_USER: &str = "admin";
pub const HTTP_PASSWORD: &str = "quest";

/// The server releases that the tests distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Release {
    /// The newest release for Java 17: protocol versions 1, 2 and 3.
    Java17,
    /// The first release that needs Java 25.
    Java25,
    /// A release that speaks versions 1 and 2.
    UpToV2,
    /// A release that speaks version 1 and announces no versions at all.
    OnlyV1,
}

impl Release {
    fn suffixes(self) -> (&'static str, &'static str) {
        match self {
            Release::Java17 => ("17", "17"),
            Release::Java25 => ("25", "25"),
            Release::UpToV2 => ("V2", "17"),
            Release::OnlyV1 => ("V1", "17"),
        }
    }

    /// Returns the jar and the Java to run it, if this machine has them.
    fn find(self) -> Option<(PathBuf, PathBuf)> {
        let (jar, java) = self.suffixes();
        let path = |name: String| env::var_os(name).map(PathBuf::from).filter(|p| p.is_file());
        Some((path(format!("QUESTDB_JAR_{jar}"))?, path(format!("QUESTDB_JAVA_{java}"))?))
    }

    /// Returns why this release need not be there: `ci/setup` sets this if it cannot be fetched.
    fn known_absent(self) -> Option<String> {
        env::var(format!("QUESTDB_ABSENT_{}", self.suffixes().0)).ok()
    }
}

/// The configuration of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether HTTP basic and TCP ECDSA authentication with the keys above are required.
    pub auth: bool,
    /// Further lines of the server's configuration.
    pub extra: &'static str,
    /// Whether the server is configured to start fast, because it is started again and again.
    pub quick: bool,
}

impl Options {
    pub const PLAIN: Options = Options { auth: false, extra: "", quick: false };
    pub const AUTH: Options = Options { auth: true, extra: "", quick: false };
    pub const QUICK: Options = Options { auth: false, extra: "", quick: true };
}

/// Runs a test against the shared server of a release, or counts it as not run.
pub fn with_shared(release: Release, options: Options, test: fn(&QuestDb)) {
    if let Some(server) = QuestDb::shared(release, options) {
        test(&server);
    }
}

/// Runs a test that starts its own servers, or counts it as not run.
pub fn with_own(release: Release, test: fn(Release)) {
    if available(release) {
        test(release);
    }
}

fn available(release: Release) -> bool {
    static NOT_RUN: AtomicUsize = AtomicUsize::new(0);
    if release.find().is_some() {
        return true;
    }
    let count = NOT_RUN.fetch_add(1, Ordering::Relaxed) + 1;
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let absent = release.known_absent();
    let why = absent.as_deref().unwrap_or("no jar or no Java, see ci/setup");
    // This is written past the test harness, which hides what a passing test prints.
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "\nREAL SERVER: not run: {test} ({release:?}: {why})");
    let _ = writeln!(stderr, "REAL SERVER: {count} tests did not run");
    drop(stderr);
    assert!(
        absent.is_some() || env::var_os("QUESTDB_TESTS_REQUIRED").is_none(),
        "QUESTDB_TESTS_REQUIRED is set and there is no QuestDB {release:?}: {why}"
    );
    false
}

/// One running server with a data folder of its own.
#[derive(Debug)]
pub struct QuestDb {
    release: Release,
    jar: PathBuf,
    java: PathBuf,
    options: Options,
    http_port: u16,
    tcp_port: u16,
    child: Mutex<Option<Child>>,
    /// This field comes after `child`, so that the folder is removed when the process has ended.
    scratch: Scratch,
}

impl QuestDb {
    /// Returns the server that all tests of one kind share. It lives until the test process ends.
    fn shared(release: Release, options: Options) -> Option<Arc<QuestDb>> {
        type Servers = Mutex<HashMap<(Release, Options), Arc<QuestDb>>>;
        static SERVERS: OnceLock<Servers> = OnceLock::new();
        if !available(release) {
            return None;
        }
        // The lock is held while the server starts, so that two tests do not start two. A failed start may be tried again.
        let servers = SERVERS.get_or_init(Mutex::default);
        let mut servers = servers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let server = servers
            .entry((release, options))
            .or_insert_with(|| Arc::new(QuestDb::start(release, options)));
        Some(Arc::clone(server))
    }

    /// Starts a server, if this machine has one of that release.
    pub fn start_if_available(release: Release, options: Options) -> Option<QuestDb> {
        release.find().is_some().then(|| QuestDb::start(release, options))
    }

    /// Starts a server and waits until it answers.
    pub fn start(release: Release, options: Options) -> QuestDb {
        let (jar, java) = release.find().expect("the release was found before");
        let scratch = Scratch::create();
        for folder in ["tmp", "data/conf"] {
            std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
        }
        let [http_port, tcp_port] = process::free_ports();
        let server = QuestDb {
            release,
            jar,
            java,
            options,
            http_port,
            tcp_port,
            child: Mutex::new(None),
            scratch,
        };
        std::fs::write(server.scratch.path().join("data/conf/server.conf"), server.configuration())
            .unwrap();
        let key = format!("{KEY_ID} ec-p-256-sha256 {KEY_X} {KEY_Y}\n");
        std::fs::write(server.scratch.path().join("data/conf/auth.txt"), key).unwrap();
        server.restart();
        server
    }

    fn configuration(&self) -> String {
        let (http, tcp) = (self.http_port, self.tcp_port);
        let mut text = format!(
            "config.validation.strict=true\nhttp.net.bind.to=127.0.0.1:{http}\n\
             line.tcp.net.bind.to=127.0.0.1:{tcp}\npg.enabled=false\nhttp.min.enabled=false\n\
             line.udp.enabled=false\ntelemetry.enabled=false\nshared.worker.count=2\n\
             line.tcp.maintenance.job.interval=50\nline.tcp.commit.interval.default=100\n\
             line.tcp.commit.interval.fraction=0.1\ncairo.writer.data.append.page.size=64k\n"
        );
        if !self.options.quick {
            // Rows over TCP can then be read at once; but a load would overwhelm the server with transactions.
            text.push_str("cairo.max.uncommitted.rows=1\n");
        }
        if self.options.auth {
            text.push_str(&format!(
                "line.tcp.auth.db.path=conf/auth.txt\nhttp.user={HTTP_USER}\n\
                 http.password={HTTP_PASSWORD}\n"
            ));
        }
        text + self.options.extra
    }

    pub fn release(&self) -> Release {
        self.release
    }

    /// Returns the folder with its data.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    pub fn tcp_port(&self) -> u16 {
        self.tcp_port
    }

    /// Returns the keys of a connection string that log in over HTTP.
    pub fn http_login(&self) -> String {
        format!("username={HTTP_USER};password={HTTP_PASSWORD};")
    }

    /// Returns the keys of a connection string that log in over TCP.
    pub fn tcp_login(&self) -> String {
        format!("username={KEY_ID};token={KEY_D};token_x={KEY_X};token_y={KEY_Y};")
    }

    /// Returns the number of the server's process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.lock().unwrap().as_ref().map(Child::id)
    }

    /// Ends the server as abruptly as a power failure would.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks the server to end, and waits for it.
    pub fn terminate(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            process::ask_to_end(&child);
            child.wait().unwrap();
        }
    }

    /// Starts the server again after `kill` or `terminate`, with the same data and ports.
    pub fn restart(&self) {
        let child =
            process::spawn_java(&self.java, &self.jar, self.scratch.path(), self.options.quick);
        *self.child.lock().unwrap() = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while self.request("GET", "/ping", &[]).is_none_or(|r| r.status != 204)
            || self.try_sql("select build()").is_err()
        {
            let exited = self.child.lock().unwrap().as_mut().and_then(|c| c.try_wait().unwrap());
            assert!(exited.is_none(), "QuestDB ended ({exited:?}):\n{}", self.log());
            assert!(Instant::now() < deadline, "QuestDB is not ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the last lines that the server printed, without those about each request.
    pub fn log(&self) -> String {
        let noise = ["http-server", "QueryProgress", "JsonQueryProcessor"];
        let out = self.printed();
        let lines: Vec<_> =
            out.lines().filter(|line| !noise.iter().any(|n| line.contains(n))).collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Waits until the server has printed a text, because its log is written by a thread of its own.
    pub fn logged(&self, text: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.printed().contains(text) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn printed(&self) -> String {
        let out = std::fs::read(self.scratch.path().join("out")).unwrap_or_default();
        String::from_utf8_lossy(&out).into_owned()
    }

    fn request(&self, method: &str, target: &str, body: &[u8]) -> Option<Response> {
        let login =
            format!("Basic {}", BASE64_STANDARD.encode(format!("{HTTP_USER}:{HTTP_PASSWORD}")));
        let headers = [("Authorization", login.as_str())];
        let headers = if self.options.auth { &headers[..] } else { &[] };
        http::request(self.http_port, method, target, headers, body).ok()
    }

    /// Posts rows as they are and returns the answer.
    pub fn write(&self, rows: impl AsRef<[u8]>) -> Response {
        self.request("POST", "/write?precision=n", rows.as_ref())
            .unwrap_or_else(|| panic!("no answer to a write:\n{}", self.log()))
    }

    /// Posts rows that must be accepted.
    pub fn write_ok(&self, rows: impl AsRef<[u8]>) {
        let answer = self.write(rows);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "rows were refused");
    }

    /// Runs a statement that must succeed.
    pub fn sql(&self, statement: &str) -> Rows {
        self.try_sql(statement).unwrap_or_else(|e| panic!("{statement}: {e}"))
    }

    /// Runs a statement; the error is the server's text.
    pub fn try_sql(&self, statement: &str) -> Result<Rows, String> {
        let target = format!("/exec?query={}", http::percent_encoded(statement));
        let answer = self.request("GET", &target, &[]).ok_or("no answer")?;
        if answer.status != 200 {
            return Err(format!("{} {}", answer.status, answer.body));
        }
        Ok(Rows::from(&answer.json()))
    }

    /// Waits until everything that was committed to a table can be read, then reads it with the statement.
    pub fn read(&self, table: &str, statement: &str) -> Rows {
        self.sql(&format!("select wait_wal_table('{}')", table.replace('\'', "''")));
        self.sql(statement)
    }

    /// Waits until a table has at least `count` rows, because TCP does not say when rows are stored.
    pub fn wait_for_rows(&self, table: &str, count: u64) {
        let deadline = Instant::now() + PATIENCE;
        let statement = format!("select count() from \"{table}\"");
        loop {
            let seen = self.try_sql(&statement).ok().and_then(|rows| rows.cells[0][0].as_u64());
            if seen >= Some(count) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{table} has {seen:?} of {count} rows:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for QuestDb {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The answer to a query.
#[derive(Debug, PartialEq)]
pub struct Rows {
    /// The name and type of each column.
    pub columns: Vec<(String, String)>,
    pub cells: Vec<Vec<Value>>,
}

impl From<&Value> for Rows {
    fn from(answer: &Value) -> Rows {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
        Rows {
            columns: list("columns").iter().map(|c| (text(&c["name"]), text(&c["type"]))).collect(),
            cells: list("dataset")
                .iter()
                .map(|row| row.as_array().cloned().unwrap_or_default())
                .collect(),
        }
    }
}

impl Rows {
    /// Returns the columns as `name TYPE`, to be compared with a list.
    pub fn types(&self) -> Vec<String> {
        self.columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect()
    }

    /// Returns the only cell of an answer that has one.
    pub fn cell(&self) -> &Value {
        assert!(self.cells.len() == 1 && self.cells[0].len() == 1, "not one cell: {self:?}");
        &self.cells[0][0]
    }
}

/// Returns a table name that no other test has.
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{stem}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Prints how many cases a test went through, for `ci/check` to count.
pub fn report_cases(what: &str, count: usize) {
    let _ = writeln!(std::io::stderr().lock(), "\nREAL SERVER: {count} cases: {what}");
}
