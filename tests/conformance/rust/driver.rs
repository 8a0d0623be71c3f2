//! The conformance driver in Rust: commands on standard input, answers on standard output; see ../README.md.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "run by tests only")]

use std::collections::HashMap;
use std::time::Duration;

use questdb_ingress::internal::{self, NumberedPool as _, OwnBuffer as _};
use questdb_ingress::table::{Cell, RowLayout, TimestampKind};
use questdb_ingress::{
    ArrayView, BatchId, Buffer, Completion, Error, Pool, Result, Sender, Submit, Text,
};

#[derive(Default)]
struct Driver {
    sender: Option<Sender>,
    layout: Option<(RowLayout, TimestampKind)>,
    pool: Option<(Pool, Buffer)>,
    batches: Vec<BatchId>,
    /// The completions that were read, by the number of the batch here.
    completions: HashMap<usize, Completion>,
}

/// Decodes the escapes: %XX is a byte, and a lone % is no byte at all.
fn bytes(word: &str) -> Vec<u8> {
    let mut parts = word.split('%');
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts.filter(|part| !part.is_empty()) {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("not a number: {word}"))
}

fn double(hex: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(hex, 16).unwrap())
}
fn array(shape: &str, data: &str) -> (Vec<usize>, Vec<f64>) {
    let values = bytes(data);
    let doubles = values.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
    (shape.split('x').map(number).collect(), doubles.collect())
}

/// Returns a cell. What it borrows is never freed, because the driver ends soon.
fn cell(word: &str) -> Result<Cell<'static>> {
    let part: Vec<&str> = word.split(':').collect();
    Ok(match part[0] {
        "n" => Cell::Null,
        "b" => Cell::Bool(part[1] != "0"),
        "i" => Cell::I64(number(part[1])),
        "f" => Cell::F64(double(part[1])),
        "t" => Cell::Text(Text::unchecked(bytes(part[1]).leak())),
        "d" => Cell::Decimal { scale: number(part[1]), unscaled: bytes(part[2]).leak() },
        _ => {
            let (shape, data) = array(part[1], part[2]);
            Cell::Array(Box::leak(Box::new(ArrayView::c_major(shape.leak(), data.leak())?)))
        }
    })
}

impl Driver {
    fn layout(&mut self, words: &[&str]) -> Result<u64> {
        let stamp = internal::timestamp_kind(number(words[1]))?;
        let mut layout = RowLayout::new(Text::unchecked(&bytes(words[0])))?;
        layout.set_timestamp(stamp);
        for column in &words[2..] {
            let (name, kind) = column.split_once(':').unwrap();
            layout.add(Text::unchecked(&bytes(name)), internal::column_kind(number(kind))?)?;
        }
        self.layout = Some((layout, stamp));
        Ok(0)
    }

    /// Returns the answer to a command of the pool; `None` for other commands.
    fn of_pool(&mut self, verb: &str, w: &[&str]) -> Result<Option<u64>> {
        if verb == "pool" {
            let pool = Pool::from_conf(std::str::from_utf8(&bytes(w[0])).unwrap())?;
            let buffer = pool.new_buffer()?;
            self.batches.clear();
            self.completions.clear();
            self.pool = Some((pool, buffer));
            return Ok(Some(0));
        }
        let Some((pool, buffer)) = &mut self.pool else { return Ok(None) };
        match verb {
            "batch" => {
                let (table, first) = (bytes(w[0]), number::<i64>(w[1]));
                buffer.clear();
                for i in first..first + number::<i64>(w[2]) {
                    buffer.table(Text::unchecked(&table))?.column_i64("v", i)?;
                    buffer.at_nanos(i)?;
                }
                self.batches.push(pool.submit_numbered(buffer, key(w[3]))?);
            }
            "done" => {
                let at = number(w[0]);
                let done = pool.wait_for(self.batches[at], Duration::from_secs(60))?;
                let done = self.completions.entry(at).insert_entry(done.expect("in time"));
                return done.get().error.clone().map_or(Ok(Some(done.get().rows)), Err);
            }
            "again" => {
                let done = self.completions.get_mut(&number(w[0])).expect("done comes first");
                let mut rows = done.failed_rows.take().expect("the batch has failed");
                self.batches.push(pool.submit_numbered(&mut rows, key(w[1]))?);
            }
            "pool_stat" => {
                let stats = pool.stats()?;
                let all = [
                    stats.queued_batches,
                    stats.batches_in_flight,
                    stats.unread_completions,
                    stats.queue_bytes,
                    stats.workers,
                    stats.rows_sent,
                    stats.rows_not_stored,
                    stats.rows_in_doubt,
                ];
                return Ok(Some(all[number::<usize>(w[0])]));
            }
            "pool_close" => {
                let report = pool.close(Duration::from_millis(number(w[0])));
                return report.result.map(|()| Some(report.unsent_rows + report.rows_in_doubt));
            }
            _ => return Ok(None),
        }
        Ok(Some(0))
    }

    fn command(&mut self, verb: &str, w: &[&str]) -> Result<u64> {
        if let Some(answer) = self.of_pool(verb, w)? {
            return Ok(answer);
        }
        let texts: Vec<Vec<u8>> = w.iter().map(|w| bytes(w)).collect();
        let [a, b, c] = [0, 1, 2].map(|i| texts.get(i).map_or(&b""[..], |t| &t[..]));
        let (name, value) = (Text::unchecked(a), Text::unchecked(b));
        if verb == "open" {
            self.sender = Some(Sender::from_conf(std::str::from_utf8(a).unwrap())?);
            return Ok(0);
        }
        let sender = self.sender.as_mut().expect("open comes first");
        match verb {
            "layout" => return self.layout(w),
            "stat" => return Ok(sender.stats().get(internal::stat(number(w[0])).unwrap())),
            "pending" => return Ok(sender.buffer().row_count() as u64),
            "close" => {
                let report = sender.close(Duration::from_millis(number(w[0])));
                return report.result.map(|()| report.unconfirmed_rows);
            }
            _ => {}
        }
        let rows = sender.own_buffer();
        match verb {
            "row" => {
                let (layout, stamp) = self.layout.as_ref().expect("layout comes first");
                let cells = w[1..].iter().map(|w| cell(w)).collect::<Result<Vec<_>>>()?;
                rows.append_row(
                    layout,
                    &cells,
                    (*stamp != TimestampKind::Now).then_some(number(w[0])),
                )?;
                sender.row_ended()
            }
            "table" => rows.table(name).map(drop),
            "symbol" => rows.symbol(name, value).map(drop),
            "bool" => rows.column_bool(name, w[1] != "0").map(drop),
            "i64" => rows.column_i64(name, number::<i64>(w[1])).map(drop),
            "f64" => rows.column_f64(name, double(w[1])).map(drop),
            "str" => rows.column_str(name, value).map(drop),
            "us" => rows.column_ts_micros(name, number::<i64>(w[1])).map(drop),
            "ns" => rows.column_ts_nanos(name, number::<i64>(w[1])).map(drop),
            "arr" => {
                let (shape, data) = array(w[1], w[2]);
                rows.column_f64_arr(name, &ArrayView::c_major(&shape, &data)?).map(drop)
            }
            "dec" => rows.column_dec_str(name, value).map(drop),
            "dec64" => rows.column_dec_i64(name, number(w[1]), number::<i64>(w[2])).map(drop),
            "decbin" => rows.column_dec(name, number::<u32>(w[1]), c).map(drop),
            "clear" => {
                rows.clear();
                Ok(())
            }
            "drop" => {
                rows.drop_row();
                Ok(())
            }
            "remove" => rows.remove_rows(number(w[0]), number(w[1])),
            "at_ns" => sender.at_nanos(number(w[0])),
            "at_us" => sender.at_micros(number(w[0])),
            "at_now" => sender.at_now(),
            "flush" => sender.flush_own().map(drop),
            "begin" => sender.begin(std::str::from_utf8(a).unwrap()),
            "commit" => sender.commit().map(drop),
            "rollback" => sender.rollback(),
            verb => panic!("unknown command {verb}"),
        }
        .map(|()| 0)
    }
}

fn key(word: &str) -> Submit {
    Submit::default().order_key(number(word))
}

fn explain(e: &Error) -> String {
    let flags = [("r", e.is_retryable()), ("d", e.in_doubt()), ("a", e.row_accepted())];
    let flags: String = flags.iter().filter(|(_, on)| *on).map(|(flag, _)| *flag).collect();
    let (code, outcome) = (e.code(), e.outcome());
    let (status, line) = (e.http_status().unwrap_or(0), e.server_line().unwrap_or(0));
    format!("err {code} {outcome} {flags}. {status} {line} {}", e.message())
}

fn main() {
    let mut driver = Driver::default();
    for line in std::io::stdin().lines().map_while(std::result::Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = driver.command(words[0], &words[1..]).map(|value| format!("ok {value}"));
        println!("{}", answer.unwrap_or_else(|e| explain(&e)));
    }
}
