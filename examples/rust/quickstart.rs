//! Loads real data from CSV files into QuestDB, over HTTP and over TCP.
//!
//! Without `QDB_CLIENT_CONF` in the environment the rows are sent to an embedded receiver, and the example shows what arrived.
//! With it they are sent to the server that it names.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the library's own rules, not those of its users"
)]

use std::time::{Duration, Instant};

use questdb_ingress::{Sender, Stat, TimestampMicros};
use questdb_receiver::{Listener, Receiver};

const WEATHER: &str = include_str!("../data/seattle-weather.csv");
const TEMPS: &str = include_str!("../data/seattle-temps.csv");
/// A single round is so short that the clock may not advance during it.
const RATE_ROUNDS: usize = 40;

type Anything = Result<(), Box<dyn std::error::Error>>;

fn main() -> Anything {
    if std::env::var_os("QDB_CLIENT_CONF").is_some() {
        println!("loading into the server of QDB_CLIENT_CONF");
        return load(Sender::from_env()?, 1);
    }
    for (name, protocol) in [("HTTP", Listener::Http), ("TCP", Listener::Tcp)] {
        let receiver = Receiver::builder().start()?;
        println!("== {name}, into the embedded receiver");
        load(Sender::from_conf(&receiver.conf(protocol))?, 1)?;
        for (table, rows) in [("weather", 1461), ("temps", 8759)] {
            let arrived = receiver.wait_for_rows(table, rows, Duration::from_secs(10))?;
            println!("{}", arrived.show(5));
        }
        receiver.clear();
        load(Sender::from_conf(&receiver.conf(protocol))?, RATE_ROUNDS)?;
    }
    Ok(())
}

/// Sends both files `rounds` times. Rows are flushed automatically, and `close` sends the rest.
fn load(mut sender: Sender, rounds: usize) -> Anything {
    let start = Instant::now();
    for _ in 0..rounds {
        weather(&mut sender)?;
        temps(&mut sender)?;
    }
    let report = sender.close(Duration::from_secs(10));
    report.result?;
    let rows = sender.stats().get(Stat::RowsCommitted) + sender.stats().get(Stat::RowsSubmitted);
    let rate = rows as f64 / start.elapsed().as_secs_f64();
    println!("{rows} rows in {} flushes, {rate:.0} rows/s", sender.stats().get(Stat::Flushes));
    Ok(())
}

fn weather(sender: &mut Sender) -> Anything {
    for line in WEATHER.lines().skip(1) {
        let [date, rain, max, min, wind, kind] = fields(line)?;
        let row = sender.row("weather")?.symbol("kind", kind)?;
        row.column_f64("precipitation_mm", rain.parse::<f64>()?)?
            .column_f64("temp_max_c", max.parse::<f64>()?)?
            .column_f64("temp_min_c", min.parse::<f64>()?)?
            .column_f64("wind_ms", wind.parse::<f64>()?)?
            .at(timestamp(date)?)?;
    }
    Ok(())
}

fn temps(sender: &mut Sender) -> Anything {
    for line in TEMPS.lines().skip(1) {
        let [date, temp] = fields(line)?;
        sender
            .row("temps")?
            .symbol("city", "Seattle")?
            .column_f64("temp_f", temp.parse::<f64>()?)?
            .at(timestamp(date)?)?;
    }
    Ok(())
}

fn fields<const N: usize>(line: &str) -> Result<[&str; N], String> {
    let fields: Vec<&str> = line.split(',').collect();
    fields.try_into().map_err(|_| format!("not {N} fields: {line}"))
}

/// Reads `2012-01-31` or `2010/01/31 23:00`.
fn timestamp(date: &str) -> Result<TimestampMicros, Box<dyn std::error::Error>> {
    let numbers: Vec<i64> =
        date.split(['-', '/', ' ', ':', 'T']).map(str::parse).collect::<Result<_, _>>()?;
    let [year, month, day, hour] = [0, 1, 2, 3].map(|i| numbers.get(i).copied().unwrap_or(0));
    // Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that leap days are at the end of a year.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Ok(TimestampMicros::from_secs((days * 24 + hour) * 3_600)?)
}
