//! `questdb-receiver`: the embedded receiver as a program. It receives rows over HTTP and TCP and shows them as they arrive.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program talks to its user and reads the files it is told to"
)]

use std::collections::HashMap;
use std::io::{BufRead as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use questdb_receiver::{ColumnType, Listener, Receiver, ReceiverBuilder, Table, Value};

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
  --commands              show nothing, but obey standard input, line by line, until it ends:
                            tables                      each table as a line of JSON, then an empty line
                            create TABLE COLUMN:TYPE... make a table; types as \"tables\" names them
                            clear                       forget all tables
  --help
";

/// Rows are shown when no further rows have arrived for this time.
const LULL: Duration = Duration::from_millis(300);
/// The time to sleep when there is nothing to show.
const LONG: Duration = Duration::from_secs(3600);

struct Args {
    builder: ReceiverBuilder,
    show: usize,
    exit_after: u64,
    commands: bool,
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

/// Parses the arguments. Returns `None` if they only asked for the help text.
fn parse_args(mut args: impl Iterator<Item = String>) -> Result<Option<Args>, String> {
    let mut parsed = Args {
        builder: Receiver::builder().http_port(9000).tcp_port(9009),
        show: 20,
        exit_after: u64::MAX,
        commands: false,
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
            "--commands" => {
                parsed.commands = true;
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

/// The largest file that is read, in bytes. No certificate chain or key is nearly as large.
const LONGEST_FILE: u64 = 1 << 20;
/// The longest command, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

fn file(path: &str) -> Result<Vec<u8>, String> {
    let cannot = |e: std::io::Error| format!("cannot read {path:?}: {e}");
    // The file is checked before it is opened, because opening a pipe could block for ever, and a device may have no end.
    if !std::fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(format!("cannot read {path:?}: it is not a regular file"));
    }
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(LONGEST_FILE + 1).read_to_end(&mut content).map_err(cannot)?;
    if content.len() as u64 > LONGEST_FILE {
        return Err(format!("cannot read {path:?}: it has more than 1 MiB"));
    }
    Ok(content)
}

fn run(args: Args) -> Result<(), String> {
    let receiver = args.builder.start().map_err(|e| e.to_string())?;
    println!("{}\n{}", receiver.conf(Listener::Http), receiver.conf(Listener::Tcp));
    if args.commands {
        return obey(&receiver);
    }
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

/// Answers every command with lines of text. The last line is empty, or says what was wrong.
fn obey(receiver: &Receiver) -> Result<(), String> {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST_LINE).read_line(&mut line);
        match read.map_err(|e| e.to_string())? as u64 {
            0 => return Ok(()),
            LONGEST_LINE => return Err("a command has 1 MiB or more".to_owned()),
            _ => {}
        }
        let mut words = line.split_whitespace();
        let done = match (words.next(), words.next()) {
            (Some("tables"), None) => {
                let names = receiver.table_names();
                names
                    .iter()
                    .filter_map(|name| receiver.table(name))
                    .for_each(|t| println!("{}", json(&t)));
                Ok(())
            }
            (Some("clear"), None) => {
                receiver.clear();
                Ok(())
            }
            (Some("create"), Some(table)) => create(receiver, table, words),
            _ => Err(format!("unknown command {:?}", line.trim_end_matches(['\n', '\r']))),
        };
        println!("{}", done.err().unwrap_or_default());
    }
}

fn create<'a>(
    receiver: &Receiver,
    table: &str,
    columns: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    const TYPES: [ColumnType; 9] = [
        ColumnType::Symbol,
        ColumnType::Long,
        ColumnType::Double,
        ColumnType::Varchar,
        ColumnType::Boolean,
        ColumnType::Timestamp,
        ColumnType::TimestampNanos,
        ColumnType::Long256,
        ColumnType::Decimal,
    ];
    let columns = columns
        .map(|column| {
            let (name, wanted) = column.split_once(':')?;
            Some((name, *TYPES.iter().find(|t| t.to_string() == wanted)?))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or("a column is NAME:TYPE")?;
    receiver.create_table(table, &columns).map_err(|e| e.to_string())
}

/// Converts a table to JSON. Cells are null or text, because text keeps what the numbers of JSON would lose.
fn json(table: &Table) -> serde_json::Value {
    let cell = |value: &Value<'_>| match value {
        Value::Null => serde_json::Value::Null,
        value => value.to_string().into(),
    };
    let rows: Vec<serde_json::Value> =
        (0..table.row_count()).map(|row| table.row(row).iter().map(cell).collect()).collect();
    let columns = table.columns().iter();
    serde_json::json!({
        "table": table.name(),
        "columns": columns.map(|c| (c.name(), c.column_type().to_string())).collect::<Vec<_>>(),
        "rows": rows,
    })
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
