//! The page at `/` in a browser, where this machine has ChromeDriver.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use questdb_ingress_testkit::questdb::http::request;
use questdb_receiver::Receiver;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser without a window.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one, or returns `None` if this machine has none.
    fn start() -> Option<Browser> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut port = 0;
        for line in BufReader::new(driver.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some((_, number)) = line.split_once("successfully on port ") {
                port = number.trim_end_matches('.').parse().unwrap();
                break;
            }
        }
        assert_ne!(port, 0, "ChromeDriver named no port");
        let mut browser = Browser { driver, port, session: String::new() };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1200,1000",
        ];
        let options = json!({"goog:chromeOptions": {"args": arguments}});
        let made = browser.post("/session", &json!({"capabilities": {"alwaysMatch": options}}));
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let headers = [("Content-Type", "application/json")];
        let body = body.to_string();
        let answer = request(self.port, "POST", path, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()["value"].take()
    }

    fn ask(&self, command: &str, body: &Value) -> Value {
        self.post(&format!("/session/{}/{command}", self.session), body)
    }

    fn run(&self, script: &str) -> Value {
        self.ask("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a script returns true.
    fn wait(&self, script: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return {script}")) != true {
            assert!(
                Instant::now() < deadline,
                "{script}\n{}",
                self.run("return document.body.innerText")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn press(&self, key: &str) {
        let actions = json!([
            {"type": "keyDown", "value": key},
            {"type": "keyUp", "value": key}
        ]);
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.ask("actions", &json!({"actions": [keyboard]}));
    }

    fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        let command =
            json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.ask("goog/cdp/execute", &command);
    }

    /// Writes what the browser shows into a file of the target folder.
    fn screenshot(&self, name: &str) {
        let target = format!("/session/{}/screenshot", self.session);
        let answer = request(self.port, "GET", &target, &[], b"").unwrap().json();
        let picture = BASE64_STANDARD.decode(answer["value"].as_str().unwrap()).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
        std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), picture)
            .unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = request(self.port, "DELETE", &path, &[], b"");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn the_page_shows_what_the_receiver_does() {
    let Some(browser) = Browser::start() else {
        let mut out = std::io::stderr().lock();
        let _ = writeln!(out, "\nNOT RUN: the page in a browser, this machine has no chromedriver");
        return;
    };
    let receiver = Receiver::builder().start().unwrap();
    let port = receiver.http_addr().port();
    let write = |rows: &str| request(port, "POST", "/write", &[], rows.as_bytes()).unwrap().status;
    let trades: String = (0..100)
        .map(|i| {
            format!(
                "trades,symbol=ETH-USD,side=sell price={}.5,amount=0.25 {i}000000000\n",
                2600 + i
            )
        })
        .collect();
    assert_eq!(write(&trades), 204);
    assert_eq!(write("sensors,site=berlin temperature=19.5,ok=t 1000000000\n"), 204);
    assert_eq!(write("odd v=\"<img src=x onerror=alert(1)>\" 5000\n"), 204);
    browser.ask("url", &json!({"url": format!("http://127.0.0.1:{port}/")}));

    browser.wait("document.getElementById('state').textContent === 'live'");
    browser.wait("document.querySelectorAll('#tables button').length === 3");
    browser.wait("document.getElementById('rows').textContent === '102'");
    // The first table is shown, the last row first.
    browser.wait("document.querySelectorAll('#last tbody tr').length === 20");
    let first = browser.run("return document.querySelector('#last tbody tr').innerText");
    assert_eq!(first, "ETH-USD\tsell\t2699.5\t0.25\t1970-01-01T00:01:39.000000Z");

    // Rows that come are seen, and counted as a rate.
    for _ in 0..3 {
        assert_eq!(write(&trades), 204);
    }
    browser.wait("document.getElementById('rows').textContent === '402'");
    // The curve shows also what came before the page was opened.
    browser.wait("document.getElementById('curve').getAttribute('d').includes('L')");
    let stored = || {
        let state = request(port, "GET", "/page/state", &[], b"").unwrap().json();
        state["rates"].as_array().unwrap().iter().map(|rows| rows.as_u64().unwrap()).sum::<u64>()
    };
    let deadline = Instant::now() + PATIENCE;
    while stored() != 402 {
        assert!(Instant::now() < deadline, "{}", stored());
        std::thread::sleep(Duration::from_millis(50));
    }

    // So do rows that were refused, with the place and the text.
    browser.wait("document.querySelector('#refused th').textContent.trim() === 'none'");
    assert_eq!(write("trades price=1\ntrades price=<b>,amount=2\n"), 400);
    browser.wait("document.querySelectorAll('#refused tbody tr').length === 1");
    let cells = "return [...document.querySelectorAll('#refused tbody td')].slice(2).map(c => c.textContent)";
    let said = "Could not parse entire line, field value is invalid. Field: price; value: <b>";
    let text = "trades price=<b>,amount=2\\n";
    assert_eq!(browser.run(cells), json!(["INVALID_FIELD_VALUE", "2", said, text]));

    // The keyboard chooses a table, and text of a sender stays text.
    browser.press("\u{e015}");
    browser.wait("document.getElementById('rows-title').textContent === 'Last rows of sensors'");
    browser.press("\u{e015}");
    browser.wait(
        "document.querySelector('#last tbody td')?.textContent === '<img src=x onerror=alert(1)>'",
    );
    assert_eq!(browser.run("return document.querySelectorAll('img').length"), 0);
    browser.press("\u{e013}");
    browser.press("\u{e013}");
    browser.wait("document.getElementById('rows-title').textContent === 'Last rows of trades'");
    browser.press("p");
    browser.wait("document.getElementById('state').textContent === 'paused'");
    browser.press("p");

    let background = "return getComputedStyle(document.body).backgroundColor";
    browser.dark(false);
    let light = browser.run(background);
    browser.screenshot("page-light.png");
    browser.dark(true);
    assert_ne!(browser.run(background), light);
    browser.screenshot("page-dark.png");

    // A table that is removed vanishes, and a receiver that has gone is told.
    let dropped = request(port, "GET", "/exec?query=drop+table+odd", &[], b"").unwrap();
    assert_eq!(dropped.status, 200);
    browser.wait("document.querySelectorAll('#tables button').length === 2");
    drop(receiver);
    browser.wait("document.getElementById('state').className === 'bad'");
}

#[test]
fn the_page_is_one_file_and_asks_for_the_login() {
    let receiver = Receiver::builder().auth_basic("u", "p").start().unwrap();
    let port = receiver.http_addr().port();
    let get =
        |path: &str, headers: &[(&str, &str)]| request(port, "GET", path, headers, b"").unwrap();
    let login = [("Authorization", "Basic dTpw")];
    let refused = get("/", &[]);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"questdb-receiver\""));
    for path in ["/page/state", "/page/rows?table=t", "/page/refusals"] {
        assert_eq!(get(path, &[]).status, 401);
    }
    let page = get("/", &login);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    // It names nothing that would have to be fetched from elsewhere.
    for word in ["http:", "https:", "//cdn", "src=", "@import", "url("] {
        assert!(!page.body.contains(word), "{word}");
    }
    assert_eq!(get("/page/rows?table=t", &login).status, 400);
    let state = get("/page/state", &login).json();
    assert_eq!((&state["rows"], &state["tables"]), (&0.into(), &json!([])));
    assert_eq!(request(port, "POST", "/", &login, b"").unwrap().status, 405);
}

#[test]
fn refusals_are_told_as_json() {
    let receiver = Receiver::builder().start().unwrap();
    let port = receiver.http_addr().port();
    let get = |path: &str| request(port, "GET", path, &[], b"").unwrap().json();
    assert_eq!(get("/page/refusals"), json!([]));
    for line in 0..60 {
        let rows = format!("t n={line}i\nt n=\"\u{1b}\"");
        assert_eq!(request(port, "POST", "/write", &[], rows.as_bytes()).unwrap().status, 400);
    }
    assert_eq!(request(port, "GET", "/ping?\u{1}", &[], b"").unwrap().status, 400);
    let all = get("/page/refusals");
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 61);
    // The last one comes first. No line is at fault in a request that cannot be read.
    let of = |i: usize| ["listener", "code", "line", "byte", "text"].map(|key| all[i][key].clone());
    assert_eq!(json!(of(0)[2..]), json!([0, 0, ""]));
    assert_eq!(json!(of(1)), json!(["http", "CAST", 2, 8, "t n=\"\\u{1b}\"\\n"]));
    assert!(all[1]["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(all[1]["time"].as_str().unwrap().ends_with('Z'));
    // The page shows fewer.
    assert_eq!(get("/page/state")["refusals"].as_array().unwrap().len(), 50);
}
