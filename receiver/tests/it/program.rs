//! Tests of the receiver as a program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use questdb_ingress_testkit::raw_client::{Http, connect};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_questdb-receiver"));
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_shows_what_arrives_and_ends_when_told() {
    let args = ["--http", "0", "--tcp", "0", "--exit-after", "3", "--show", "2"];
    let mut child = program(&args).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut addr = |start: &str| {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line.strip_prefix(start).unwrap().trim_end_matches([';', '\n']).parse().unwrap()
    };
    let (_http, tcp) = (addr("http::addr="), addr("tcp::addr="));
    connect(tcp).write_all(b"t,s=a x=1i 1000\nt,s=b x=2i 2000\nt,s=c x=3i 3000\n").unwrap();
    let mut shown = String::new();
    out.read_to_string(&mut shown).unwrap();
    let expected = "
t: 3 rows
  s       x     timestamp
  SYMBOL  LONG  TIMESTAMP
  ------  ----  ---------------------------
  a          1  1970-01-01T00:00:00.000001Z
  b          2  1970-01-01T00:00:00.000002Z
  … 1 more

3 rows, 48 bytes, 0 refused
";
    assert_eq!(shown, expected);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_last_request_is_answered_before_it_ends() {
    let args = ["--http", "0", "--tcp", "0", "--exit-after", "1"];
    let mut child = program(&args).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addr = line.strip_prefix("http::addr=").unwrap().trim_end_matches([';', '\n']);
    assert_eq!(Http::over(connect(addr.parse().unwrap())).write("t x=1i").status, 204);
    out.read_to_string(&mut line).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_says_what_is_wrong_with_its_arguments() {
    let large = format!("{}/receiver-large.pem", env!("CARGO_TARGET_TMPDIR"));
    std::fs::File::create(&large).unwrap().set_len((1 << 20) + 1).unwrap();
    for (args, said) in [
        (&["--colour"][..], "error: unexpected argument '--colour' found"),
        (&["--http"], "error: a value is required for '--http <PORT>' but none was supplied"),
        (&["--tcp", "99999"], "error: invalid value '99999' for '--tcp <PORT>'"),
        (
            &["-s", "http.user"],
            "error: invalid value 'http.user' for '--set <KEY=VALUE>': it is not KEY=VALUE",
        ),
        (
            &["-s", "http.net.connection.limit=x"],
            "questdb-receiver: --set: http.net.connection.limit: \"x\" is out of range: 1 to",
        ),
        (
            &["--tls", "/no/such", "file"],
            "questdb-receiver: --tls: tls.cert.path: cannot read \"/no/such\"",
        ),
        (
            &["--tls", "/dev/zero", "/dev/zero"],
            "questdb-receiver: --tls: tls.cert.path: cannot read \"/dev/zero\": it is not a regular file\n",
        ),
        (
            &["--tls", "/", "/"],
            "questdb-receiver: --tls: tls.cert.path: cannot read \"/\": it is not a regular file\n",
        ),
        (
            &["--tls", &large, &large],
            &format!(
                "questdb-receiver: --tls: tls.cert.path: cannot read {large:?}: it has more than 1 MiB\n"
            ),
        ),
        (&["--ecdsa", "k", "x", "y"], "questdb-receiver: x of the public key is not base64url"),
        (&["--bind", "203.0.113.1"], "questdb-receiver: cannot listen on 203.0.113.1:9000"),
    ] {
        let output = program(args).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(said), "{error}");
        assert!(!output.status.success());
    }
    // A command that never ends.
    let args = ["--http", "0", "--tcp", "0", "--commands"];
    let mut child = program(&args).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let endless = std::thread::spawn(move || while input.write_all(&[b'x'; 4096]).is_ok() {});
    let output = child.wait_with_output().unwrap();
    endless.join().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "questdb-receiver: a command has 1 MiB or more\n");
}

#[test]
fn help_version_and_completions_are_printed() {
    for (args, said) in [
        (&["--help"][..], "Takes rows over HTTP and TCP"),
        (&["-V"], concat!("questdb-receiver ", env!("CARGO_PKG_VERSION"), "\n")),
        (&["--completions", "bash"], "_questdb__receiver() {"),
        (&["--completions", "zsh"], "#compdef questdb-receiver"),
        (&["--completions", "fish"], "complete -c questdb-receiver"),
    ] {
        let output = program(args).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && out.starts_with(said), "{args:?}: {out}");
    }
}

/// A server in a folder of its own.
struct Server {
    child: Child,
    folder: PathBuf,
}

impl Server {
    /// Starts it with this `server.conf`, and waits until it listens.
    fn start(name: &str, conf: &str, args: &[&str]) -> Server {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("receiver-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("conf")).unwrap();
        std::fs::write(folder.join("conf/server.conf"), format!("{FREE_PORTS}{conf}")).unwrap();
        let dir = folder.to_str().unwrap();
        let child = program(&[&["-d", dir], args].concat()).spawn().unwrap();
        let server = Server { child, folder };
        while !server.ports().exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        server
    }

    fn ports(&self) -> PathBuf {
        self.folder.join("ports")
    }

    fn addr(&self, name: &str) -> SocketAddr {
        let ports = std::fs::read_to_string(self.ports()).unwrap();
        let addr = ports.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='));
        addr.unwrap().parse().unwrap()
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    fn end(self) -> (std::process::ExitStatus, String, String) {
        let output = self.child.wait_with_output().unwrap();
        let _ = std::fs::remove_dir_all(&self.folder);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status, text(output.stdout), text(output.stderr))
    }
}

/// A request of the user u with the password p.
fn authorised(rows: &str) -> String {
    let len = rows.len();
    format!(
        "POST /write HTTP/1.1\r\nAuthorization: Basic dTpw\r\nContent-Length: {len}\r\n\r\n{rows}"
    )
}

const FREE_PORTS: &str = "http.net.bind.to=0\nline.tcp.net.bind.to=0\nhttp.min.net.bind.to=0\nhttp.user=u\nhttp.password=p\n";

#[test]
#[cfg(unix)]
fn a_signal_stops_it_in_order() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(&format!("stops-{signal}"), "", &["--show", "9"]);
        let mut client = Http::over(connect(server.addr("http")));
        assert_eq!(client.write("t x=1i").status, 401);
        assert_eq!(client.ask(authorised("t x=1i\nt x=2i")).status, 204);
        server.signal(signal);
        let ports = server.ports();
        let (status, out, log) = server.end();
        assert_eq!(status.code(), Some(0), "{log}");
        // What arrived just before the end is shown too.
        assert!(out.contains("\nt: 2 rows\n"), "{out}");
        assert!(log.contains(" WARN refused transport=\"http\" peer=127.0.0.1:"), "{log}");
        assert!(log.contains("code=\"UNAUTHORIZED\" reason=\"Unauthorized\" text=\"\"\n"), "{log}");
        assert!(log.contains(&format!(" INFO stopping signal=\"SIG{signal}\"\n")), "{log}");
        assert!(log.ends_with(" INFO stopped rows=2 bytes=13 refused=1\n"), "{log}");
        assert!(!ports.exists());
    }
}

#[test]
#[cfg(unix)]
fn a_second_signal_ends_it_at_once() {
    let server = Server::start("second", "", &["--show", "100000"]);
    let mut client = Http::over(connect(server.addr("http")));
    // Nobody reads its output, so that it cannot come to its end.
    assert_eq!(client.ask(authorised(&"t x=1i 1\n".repeat(20_000))).status, 204);
    server.signal("TERM");
    while server.ports().exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.signal("TERM");
    assert_eq!(server.end().0.code(), Some(128 + 15));
}

#[test]
fn a_closed_output_stops_nothing() {
    let args = ["--http", "0", "--tcp", "0", "--exit-after", "2"];
    let mut child = program(&args).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    drop(out);
    let addr = line.strip_prefix("http::addr=").unwrap().trim_end_matches([';', '\n']);
    let mut client = Http::over(connect(addr.parse().unwrap()));
    assert_eq!(client.write("t x=1i").status, 204);
    assert_eq!(client.write("t x=2i").status, 204);
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !log.contains("panicked"), "{log}");
    assert!(log.contains(" WARN standard output is closed: rows are not shown\n"), "{log}");
    // Neither does a log that nobody reads.
    let mut child = program(&args).stdin(Stdio::null()).spawn().unwrap();
    drop(child.stderr.take());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line.clear();
    out.read_line(&mut line).unwrap();
    let addr = line.strip_prefix("http::addr=").unwrap().trim_end_matches([';', '\n']);
    assert_eq!(Http::over(connect(addr.parse().unwrap())).write("t x=1i\nt x=2i").status, 204);
    line.clear();
    out.read_to_string(&mut line).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(line.ends_with("2 rows, 13 bytes, 0 refused\n"), "{line}");
}

#[test]
fn the_configuration_can_be_checked_without_a_start() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receiver-check");
    std::fs::create_dir_all(folder.join("conf")).unwrap();
    let conf = folder.join("conf/server.conf");
    std::fs::write(&conf, "http.net.bind.to=0.0.0.0:9000\nhttp.user=u\nhttp.pasword=p\n").unwrap();
    let check = || {
        let dir = folder.to_str().unwrap();
        let mut command = program(&["-d", dir, "--check-config", "--tcp", "7"]);
        let output = command.env("QDB_HTTP_PASSWORD", "hush").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let line = |out: &str, key: &str| {
        let line = out.lines().find(|l| l.starts_with(key)).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    let place = conf.display();
    let (code, out, said) = check();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(line(&out, "http.net.bind.to "), format!("= 0.0.0.0:9000 {place}, line 1"));
    assert_eq!(line(&out, "line.tcp.net.bind.to "), "= 127.0.0.1:7 --tcp");
    assert_eq!(line(&out, "http.password "), "= ******** environment variable QDB_HTTP_PASSWORD");
    assert_eq!(line(&out, "tls.enabled "), "= false default");
    let unknown = "unknown key http.pasword; did you mean http.password?";
    assert_eq!(said, format!("questdb-receiver: warning: {place}, line 3: {unknown}\n"));
    assert!(!out.contains("hush"));
    // Everything that is wrong is told at once.
    std::fs::write(&conf, "http.enabled=1\nhttp.pasword=p\nconfig.validation.strict=true\n")
        .unwrap();
    let (code, _, said) = check();
    assert_eq!(code, Some(1));
    let first = "http.enabled: \"1\" is out of range: true or false";
    let expected = [format!("{place}, line 1: {first}"), format!("{place}, line 2: {unknown}")];
    assert_eq!(said, expected.map(|l| format!("questdb-receiver: {l}\n")).concat());
    std::fs::remove_dir_all(folder).unwrap();
}
