//! Results as JSON and CSV, in parts, so that a large result is never in memory as text.

use std::time::Instant;

use super::result::{ResultSet, Type};
use super::text::{Form, cell, put, quoted};
use crate::table::Window;
use crate::value::ColumnType;

/// About how many bytes a part has.
const PART_BYTES: usize = 32 << 10;

/// What surrounds the rows of a result.
#[derive(Debug)]
pub(super) enum Frame {
    Json {
        query: String,
        /// Only the rows and their number.
        bare: bool,
        quote_longs: bool,
        /// What `count` says.
        count: usize,
        /// When the statement arrived, if times are asked for, and the nanoseconds of its compilation.
        timings: Option<(Instant, u128)>,
        explain: bool,
    },
    Csv {
        header: bool,
    },
}

/// A result on its way to a client.
#[derive(Debug)]
pub(crate) struct RowStream {
    pub(super) set: ResultSet,
    pub(super) frame: Frame,
    next: usize,
    window: Window,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Rows,
    End,
}

impl RowStream {
    pub(super) fn new(set: ResultSet, frame: Frame) -> RowStream {
        RowStream { set, frame, next: 0, window: Window::default(), stage: Stage::Start }
    }

    /// Returns the next part, of bounded size unless a single row is larger, or `None` after the last one.
    ///
    /// # Errors
    /// Why a row cannot be read, if it is in a file.
    pub(crate) fn next_part(&mut self) -> Result<Option<String>, String> {
        if self.stage == Stage::End {
            return Ok(None);
        }
        let mut out = String::with_capacity(1024);
        if self.stage == Stage::Start {
            self.start(&mut out);
            self.stage = Stage::Rows;
        }
        while out.len() < PART_BYTES {
            let Some(row) = self.set.picked.get(self.next) else {
                self.stage = Stage::End;
                self.end(&mut out);
                return Ok(Some(out));
            };
            self.row(&mut out, row)?;
            self.next += 1;
        }
        Ok(Some(out))
    }

    /// Returns whether the result is CSV, not JSON.
    pub(crate) fn is_csv(&self) -> bool {
        matches!(self.frame, Frame::Csv { .. })
    }

    fn start(&self, out: &mut String) {
        let headers = &self.set.headers;
        match &self.frame {
            Frame::Csv { header } => {
                if *header {
                    for (i, header) in headers.iter().enumerate() {
                        out.push_str(if i > 0 { "," } else { "" });
                        quoted(out, &header.name, true);
                    }
                    out.push_str("\r\n");
                }
            }
            Frame::Json { bare: true, .. } => out.push_str("{\"dataset\":["),
            Frame::Json { query, .. } => {
                out.push_str("{\"query\":");
                quoted(out, query, false);
                out.push_str(",\"columns\":[");
                for (i, header) in headers.iter().enumerate() {
                    out.push_str(if i > 0 { ",{\"name\":" } else { "{\"name\":" });
                    quoted(out, &header.name, false);
                    match header.column_type {
                        Type::Stored(ColumnType::Array(dim)) => put(
                            out,
                            format_args!(
                                ",\"type\":\"ARRAY\",\"dim\":{dim},\"elemType\":\"DOUBLE\"}}"
                            ),
                        ),
                        other => put(out, format_args!(",\"type\":\"{other}\"}}")),
                    }
                }
                match self.set.timestamp {
                    Some(index) => put(out, format_args!("],\"timestamp\":{index}")),
                    None => out.push_str("],\"timestamp\":-1"),
                }
                out.push_str(",\"dataset\":[");
            }
        }
    }

    fn row(&mut self, out: &mut String, row: usize) -> Result<(), String> {
        let (form, open, close) = match &self.frame {
            Frame::Csv { .. } => (Form::Csv, "", "\r\n"),
            Frame::Json { quote_longs, .. } => {
                let open = if self.next > 0 { ",[" } else { "[" };
                (Form::Json { quote_longs: *quote_longs }, open, "]")
            }
        };
        out.push_str(open);
        let row = self.set.relation.row(row, &mut self.window)?;
        for (i, header) in self.set.headers.iter().enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            cell(out, header.column_type, row.value(header.column), form);
        }
        out.push_str(close);
        Ok(())
    }

    fn end(&self, out: &mut String) {
        let Frame::Json { count, timings, explain, .. } = &self.frame else { return };
        put(out, format_args!("],\"count\":{count}"));
        if let Some((arrival, compiler)) = timings {
            let all = arrival.elapsed().as_nanos();
            let execute = all.saturating_sub(*compiler);
            put(
                out,
                format_args!(
                    ",\"timings\":{{\"authentication\":0,\"compiler\":{compiler},\"execute\":{execute},\"count\":0}}"
                ),
            );
        }
        out.push_str(if *explain { ",\"explain\":{\"jitCompiled\":false}}" } else { "}" });
    }
}
