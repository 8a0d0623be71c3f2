//! `questdb-receiver`: the embedded receiver as a program. It takes rows over HTTP and TCP and shows them as they come.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program talks to its user and reads the files it is told to"
)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use questdb_ingress::receiver::{Builder, Protocol, Receiver};

const HELP: &str = "\
Takes rows over HTTP and TCP like QuestDB and shows them. Nothing is kept after the end.

usage: questdb-receiver [option]...

  --bind ADDRESS          listen on this IP address (127.0.0.1)
  --http PORT             port for ILP over HTTP (9000; 0 takes a free one)
  --tcp PORT              port for ILP over TCP (9009; 0 takes a free one)
  --user NAME PASSWORD    ask for HTTP basic authentication
  --token TOKEN           ask for this HTTP bearer token
  --ecdsa KEY_ID X Y      ask TCP connections to sign with this key; x and y in base64url
  --tls CHAIN KEY         speak TLS with these PEM files
  --error-replies         answer bad lines over TCP by a line of text, then close
  --create-decimals       create decimal columns, which QuestDB does not
  --show ROWS             show at most so many of the rows that came together (20)
  --exit-after ROWS       end after so many rows
  --help
";

/// How long no rows must come before those that came are shown.
const LULL: Duration = Duration::from_millis(300);
/// How long to sleep when nothing waits to be shown.
const LONG: Duration = Duration::from_secs(3600);

struct Args {
    builder: Builder,
    show: usize,
    exit_after: u64,
}

fn main() -> ExitCode {
    match parse_args(std::env::args().skip(1)).and_then(|args| args.map(run).transpose()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("questdb-receiver: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments ask for; `None` when that was only the help.
fn parse_args(mut args: impl Iterator<Item = String>) -> Result<Option<Args>, String> {
    let mut parsed = Args {
        builder: Receiver::builder().http_port(9000).tcp_port(9009),
        show: 20,
        exit_after: u64::MAX,
    };
    while let Some(option) = args.next() {
        let mut next = || args.next().ok_or_else(|| format!("{option} lacks a value"));
        let builder = parsed.builder.clone();
        parsed.builder = match option.as_str() {
            "--bind" => builder.bind(number(&option, &next()?)?),
            "--http" => builder.http_port(number(&option, &next()?)?),
            "--tcp" => builder.tcp_port(number(&option, &next()?)?),
            "--user" => builder.auth_basic(&next()?, &next()?),
            "--token" => builder.auth_bearer(&next()?),
            "--ecdsa" => builder.auth_ecdsa(&next()?, &next()?, &next()?),
            "--tls" => builder.tls(&file(&next()?)?, &file(&next()?)?),
            "--error-replies" => builder.error_replies(true),
            "--create-decimals" => builder.strict_decimals(false),
            "--show" => {
                parsed.show = number(&option, &next()?)?;
                builder
            }
            "--exit-after" => {
                parsed.exit_after = number(&option, &next()?)?;
                builder
            }
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(None);
            }
            _ => return Err(format!("unknown option {option:?}; --help lists all")),
        };
    }
    Ok(Some(parsed))
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("bad value {text:?} of {option}"))
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("cannot read {path:?}: {e}"))
}

fn run(args: Args) -> Result<(), String> {
    let receiver = args.builder.start().map_err(|e| e.to_string())?;
    println!("{}\n{}", receiver.conf(Protocol::Http), receiver.conf(Protocol::Tcp));
    let mut shown: HashMap<String, usize> = HashMap::new();
    let mut seen = 0;
    let mut all_shown = true;
    while seen < args.exit_after {
        let rows = receiver.wait_for_more(seen, if all_shown { LONG } else { LULL });
        all_shown = rows == seen || rows >= args.exit_after;
        seen = rows;
        if all_shown {
            show_new(&receiver, &mut shown, args.show);
        }
    }
    let stats = receiver.stats();
    println!("{} rows, {} bytes, {} refused", stats.rows, stats.bytes, stats.rejected);
    Ok(())
}

fn show_new(receiver: &Receiver, shown: &mut HashMap<String, usize>, max: usize) {
    for name in receiver.table_names() {
        let Some(table) = receiver.table(&name) else { continue };
        let before = shown.insert(name, table.row_count()).unwrap_or(0);
        if table.row_count() > before {
            println!("\n{}", table.show_rows(before..before.saturating_add(max)));
        }
    }
}
