//! Tests of the receiver as a program.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

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
        (&["--colour"][..], "unknown option \"--colour\"; --help lists all"),
        (&["--http"], "--http lacks a value"),
        (&["--tcp", "99999"], "bad value \"99999\" of --tcp"),
        (&["--tls", "/no/such", "file"], "cannot read \"/no/such\""),
        (
            &["--tls", "/dev/zero", "/dev/zero"],
            "cannot read \"/dev/zero\": it is not a regular file\n",
        ),
        (&["--tls", "/", "/"], "cannot read \"/\": it is not a regular file\n"),
        (&["--tls", &large, &large], &format!("cannot read {large:?}: it has more than 1 MiB\n")),
        (&["--ecdsa", "k", "x", "y"], "x of the public key is not base64url"),
        (&["--bind", "203.0.113.1"], "cannot listen on 203.0.113.1:9000"),
    ] {
        let output = program(args).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(&format!("questdb-receiver: {said}")), "{error}");
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
    let help = program(&["--help"]).output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"Takes rows"));
}
