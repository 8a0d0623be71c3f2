//! The conformance driver in Rust: commands on standard input, answers on standard output; see ../README.md.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program, run by tests only"
)]

use std::io::BufRead;
use std::time::Duration;

use questdb_ingress::rows::{Cell, ColumnKind, RowLayout, Stamp};
use questdb_ingress::{ArrayView, Error, Result, Sender, Stat, Text};

#[derive(Default)]
struct Driver {
    sender: Option<Sender>,
    layout: Option<(RowLayout, Stamp)>,
    row_open: bool,
}

/// Undoes the escapes: %XX is a byte, a lone % nothing.
fn bytes(word: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = if word == "%" { &[][..] } else { word.as_bytes() };
    while let [first, tail @ ..] = rest {
        (rest, _) = match first {
            b'%' if tail.len() > 1 => {
                let hex = std::str::from_utf8(&tail[..2]).unwrap();
                (&tail[2..], out.push(u8::from_str_radix(hex, 16).unwrap()))
            }
            byte => (tail, out.push(*byte)),
        };
    }
    out
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("not a number: {word}"))
}

fn double(hex: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(hex, 16).unwrap())
}

fn shape(word: &str) -> Vec<usize> {
    word.split('x').map(number).collect()
}

fn doubles(word: &str) -> Vec<f64> {
    bytes(word).chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

impl Driver {
    fn sender(&mut self) -> &mut Sender {
        self.sender.as_mut().expect("open comes first")
    }

    fn ended(&mut self, result: Result<()>) -> Result<u64> {
        self.row_open &= result.as_ref().is_err_and(|e| !e.row_accepted());
        result.map(|()| 0)
    }

    fn layout(&mut self, table: &[u8], stamp: &str, columns: &[&str]) -> Result<u64> {
        let stamp = Stamp::from_number(number(stamp))?;
        let mut layout = RowLayout::new(Text::unchecked(table))?;
        layout.set_stamp(stamp);
        for column in columns {
            let (name, kind) = column.split_once(':').unwrap();
            layout.add(Text::unchecked(&bytes(name)), ColumnKind::from_number(number(kind))?)?;
        }
        self.layout = Some((layout, stamp));
        Ok(0)
    }

    fn row(&mut self, at: i64, words: &[&str]) -> Result<u64> {
        let (layout, stamp) = self.layout.take().expect("layout comes first");
        let parts: Vec<Vec<&str>> = words.iter().map(|w| w.split(':').collect()).collect();
        let data: Vec<Vec<u8>> = parts.iter().map(|p| bytes(p[p.len() - 1])).collect();
        let parts_of = |kind: &'static str| parts.iter().filter(move |p| p[0] == kind);
        let arrays: Vec<(Vec<usize>, Vec<f64>)> =
            parts_of("a").map(|p| (shape(p[1]), doubles(p[2]))).collect();
        let views = arrays.iter().map(|(shape, data)| ArrayView::c_major(shape, data));
        let result = views.collect::<Result<Vec<_>>>().and_then(|views| {
            let mut arrays = views.iter();
            let cell = |(p, data): (&Vec<&str>, _)| match p[0] {
                "n" => Cell::Null,
                "b" => Cell::Bool(p[1] != "0"),
                "i" => Cell::I64(number(p[1])),
                "f" => Cell::F64(double(p[1])),
                "t" => Cell::Text(Text::unchecked(data)),
                "a" => Cell::Array(arrays.next().unwrap()),
                _ => Cell::Decimal { scale: number(p[1]), unscaled: data },
            };
            let cells: Vec<Cell<'_>> =
                parts.iter().zip(data.iter().map(Vec::as_slice)).map(cell).collect();
            layout.append_row(
                self.sender().buffer_mut(),
                &cells,
                (stamp != Stamp::Now).then_some(at),
            )
        });
        self.layout = Some((layout, stamp));
        result?;
        self.sender().flush_if_due().map(|()| 0)
    }

    fn command(&mut self, words: &[&str]) -> Result<u64> {
        let texts: Vec<Vec<u8>> = words.iter().map(|w| bytes(w)).collect();
        let [a, b, c] = [1, 2, 3].map(|i| texts.get(i).map_or(&b""[..], |t| &t[..]));
        let (name, value) = (Text::unchecked(a), Text::unchecked(b));
        match words[0] {
            "open" => {
                self.sender = Some(Sender::from_conf(std::str::from_utf8(a).unwrap())?);
                return Ok(0);
            }
            "layout" => return self.layout(a, words[2], &words[3..]),
            "row" => return self.row(number(words[1]), &words[2..]),
            "at_ns" => {
                return {
                    let r = self.sender().at_nanos(number(words[1]));
                    self.ended(r)
                };
            }
            "at_us" => {
                return {
                    let r = self.sender().at_micros(number(words[1]));
                    self.ended(r)
                };
            }
            "at_now" => {
                return {
                    let r = self.sender().at_now();
                    self.ended(r)
                };
            }
            "stat" => {
                return Ok(self.sender().stats().get(Stat::from_number(number(words[1])).unwrap()));
            }
            "pending" => return Ok(self.sender().buffer().row_count() as u64),
            "close" => {
                let report = self.sender().close(Duration::from_millis(number(words[1])));
                self.sender = None;
                return report.result.map(|()| report.unconfirmed_rows);
            }
            "drop" if !self.row_open => return Ok(0),
            "drop" | "clear" | "rollback" => self.row_open = false,
            _ => {}
        }
        let row_open = &mut self.row_open;
        let sender = self.sender.as_mut().expect("open comes first");
        let rows = if words[0] == "flush" {
            return sender.flush_own().map(|_| 0);
        } else {
            sender.buffer_mut()
        };
        match words[0] {
            "table" => rows.set_marker().and_then(|()| rows.table(name).map(|_| *row_open = true)),
            "symbol" => rows.symbol(name, value).map(drop),
            "bool" => rows.column_bool(name, words[2] != "0").map(drop),
            "i64" => rows.column_i64(name, number::<i64>(words[2])).map(drop),
            "f64" => rows.column_f64(name, double(words[2])).map(drop),
            "str" => rows.column_str(name, value).map(drop),
            "us" => rows.column_ts_micros(name, number::<i64>(words[2])).map(drop),
            "ns" => rows.column_ts_nanos(name, number::<i64>(words[2])).map(drop),
            "arr" => ArrayView::c_major(&shape(words[2]), &doubles(words[3]))
                .and_then(|array| rows.column_f64_arr(name, &array).map(drop)),
            "dec" => rows.column_dec_str(name, value).map(drop),
            "dec64" => {
                rows.column_dec_i64(name, number(words[2]), number::<i64>(words[3])).map(drop)
            }
            "decbin" => rows.column_dec(name, number::<u32>(words[2]), c).map(drop),
            "clear" => {
                rows.clear();
                Ok(())
            }
            "drop" => rows.rewind_to_marker(),
            "begin" => sender.begin(std::str::from_utf8(a).unwrap()),
            "commit" => sender.commit().map(drop),
            "rollback" => sender.rollback(),
            verb => panic!("unknown command {verb}"),
        }
        .map(|()| 0)
    }
}

fn answer(e: &Error) -> String {
    let flag = |on: bool, letter: &'static str| if on { letter } else { "" };
    let flags = [flag(e.is_retryable(), "r"), flag(e.in_doubt(), "d"), flag(e.row_accepted(), "a")]
        .concat();
    let (code, outcome) = (e.code().name().to_string_lossy(), e.outcome().name().to_string_lossy());
    format!("err {code} {outcome} {flags}. {} {} {}", e.http_status(), e.server_line(), e.message())
}

fn main() {
    let mut driver = Driver::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let result = driver.command(&words);
        println!("{}", result.map_or_else(|e| answer(&e), |value| format!("ok {value}")));
    }
}
