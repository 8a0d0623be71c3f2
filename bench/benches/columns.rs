//! Appends columns in pieces: what a piece costs that is small, and what the form of texts costs.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench columns
//! ```
//!
//! It prints nanoseconds of processor time per row, the least of several rounds, and leaves the table in
//! `target/report/columns.txt`. Ratios are to pieces of 75,000 rows, after which the buffer is emptied, or to a plain loop over
//! the texts. The whole in one piece needs a buffer that no cache holds.

use questdb_ingress::table::{
    Codes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout, TimestampKind,
};
use questdb_ingress::{Buffer, PreparedColumns, ProtocolVersion, Text};
use questdb_ingress_bench::artifact::Artifact;
use questdb_ingress_bench::clock::thread_cpu_ns;

const ROWS: usize = 300_000;
const ROUNDS: usize = 7;
/// The buffer is emptied after this many rows, as flushes do.
const EMPTIED: usize = 75_000;

/// Texts one after another, and where each begins.
struct Strings {
    bytes: String,
    offsets: Vec<i32>,
}

impl Strings {
    fn of(texts: impl Iterator<Item = String>) -> Strings {
        let mut strings = Strings { bytes: String::new(), offsets: vec![0] };
        for text in texts {
            strings.bytes += &text;
            strings.offsets.push(strings.bytes.len() as i32);
        }
        strings
    }

    fn get(&self, i: usize) -> &str {
        &self.bytes[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    fn each(&self) -> Vec<Text<'_>> {
        (0..self.offsets.len() - 1).map(|i| Text::from(self.get(i))).collect()
    }

    fn offsets(&self) -> Offsets<'_> {
        Offsets::I32(&self.offsets)
    }
}

/// Columns of one frame, of which each test takes some.
struct Frame {
    symbols: Strings,
    codes: Vec<u16>,
    doubles: Vec<f64>,
    /// A second apart.
    at: Vec<i64>,
}

impl Frame {
    fn new() -> Frame {
        Frame {
            symbols: Strings::of((0..1000).map(|i| format!("symbol-{i}"))),
            codes: (0..ROWS).map(|i| (i * 7919 % 1000) as u16).collect(),
            doubles: (0..ROWS).map(|i| i as f64 * 0.25).collect(),
            at: (0..ROWS).map(|i| 1_700_000_000_000_000_000 + i as i64 * 1_000_000_000).collect(),
        }
    }

    fn columns(&self, kinds: &[ColumnKind]) -> Vec<ColumnData<'_>> {
        let column = |kind: &ColumnKind| match kind {
            ColumnKind::Symbol => ColumnValues::Dictionary {
                codes: Codes::U16(&self.codes),
                offsets: self.symbols.offsets(),
                bytes: self.symbols.bytes.as_bytes(),
            },
            _ => ColumnValues::F64(&self.doubles),
        };
        kinds.iter().map(|kind| column(kind).into()).collect()
    }

    /// Returns the same columns for `rows` only.
    fn part(&self, kinds: &[ColumnKind], rows: std::ops::Range<usize>) -> Vec<ColumnData<'_>> {
        let mut columns = self.columns(kinds);
        for column in &mut columns {
            column.values = match column.values {
                ColumnValues::Dictionary { offsets, bytes, .. } => ColumnValues::Dictionary {
                    codes: Codes::U16(&self.codes[rows.clone()]),
                    offsets,
                    bytes,
                },
                _ => ColumnValues::F64(&self.doubles[rows.clone()]),
            };
        }
        columns
    }
}

fn layout(kinds: &[ColumnKind], timestamp: TimestampKind) -> RowLayout {
    let mut layout = RowLayout::new("trades").unwrap();
    for (i, kind) in kinds.iter().enumerate() {
        layout.add(&format!("column_{i}"), *kind).unwrap();
    }
    layout.set_timestamp(timestamp);
    layout
}

/// Returns nanoseconds per row: the least of several rounds, so that other work on the machine counts little.
fn time(mut append: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let start = thread_cpu_ns();
        append();
        least = least.min((thread_cpu_ns() - start) as f64 / ROWS as f64);
    }
    least
}

/// Calls `append` with the rows of each piece, and empties the buffer now and then.
fn in_pieces(
    buffer: &mut Buffer,
    piece: usize,
    mut append: impl FnMut(&mut Buffer, std::ops::Range<usize>),
) {
    buffer.clear();
    for start in (0..ROWS).step_by(piece) {
        if buffer.row_count() + piece > EMPTIED {
            buffer.clear();
        }
        append(buffer, start..ROWS.min(start + piece));
    }
}

fn pieces(shown: &mut Artifact, frame: &Frame, name: &str, kinds: &[ColumnKind]) {
    let layout = layout(kinds, TimestampKind::Nanos);
    let columns = frame.columns(kinds);
    let prepare =
        || PreparedColumns::new(&layout, ROWS, &columns, Some(&frame.at)).expect("good columns");
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    let mut once = |piece| {
        time(|| {
            let prepared = prepare();
            in_pieces(&mut buffer, piece, |buffer, rows| {
                buffer.append_prepared(&prepared, rows).unwrap();
            });
        })
    };
    shown.line(&format!("\n{name}: {ROWS} rows, a second apart"));
    let large = once(EMPTIED);
    for (what, cost) in [
        ("the whole in one piece", once(ROWS)),
        ("pieces of 75000", large),
        ("pieces of 4096", once(4096)),
        ("pieces of 600", once(600)),
    ] {
        shown.line(&format!("  {what:<28}{cost:>9.1} ns/row{:>9.3}", cost / large));
    }
    let each = time(|| {
        in_pieces(&mut buffer, 600, |buffer, rows| {
            let (columns, at) = (frame.part(kinds, rows.clone()), &frame.at[rows.clone()]);
            buffer.append_columns(&layout, rows.len(), &columns, Some(at)).unwrap();
        });
    });
    let what = "pieces of 600, each prepared";
    shown.line(&format!("  {what:<28}{each:>9.1} ns/row{:>9.3}", each / large));
}

/// Writes rows as a program without a library might: byte by byte, with a backslash where one is needed.
fn plain_loop(out: &mut Vec<u8>, strings: &Strings, rows: std::ops::Range<usize>) {
    for row in rows {
        out.extend_from_slice(b"trades column_0=\"");
        for byte in strings.get(row).bytes() {
            if matches!(byte, b'"' | b'\\' | b'\n' | b'\r') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.extend_from_slice(b"\"\n");
    }
}

fn texts(shown: &mut Artifact, name: &str, strings: &Strings) {
    let layout = layout(&[ColumnKind::Str], TimestampKind::Now);
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    let mut bytes = Vec::new();
    let plain = time(|| {
        for start in (0..ROWS).step_by(EMPTIED) {
            bytes.clear();
            plain_loop(&mut bytes, strings, start..start + EMPTIED);
        }
    });
    let each = strings.each();
    let (offsets, text) = (strings.offsets(), strings.bytes.as_str());
    shown.line(&format!("\n{name}: a column of strings, {} bytes each", text.len() / ROWS));
    shown.line(&format!("  {:<28}{plain:>9.1} ns/row", "a plain loop, unchecked"));
    for (what, values) in [
        ("to be checked", ColumnValues::Text { offsets, bytes: text.as_bytes() }),
        ("known to be UTF-8", ColumnValues::Str { offsets, text }),
        ("each at its own place", ColumnValues::Texts(&each)),
    ] {
        let columns = [values.into()];
        // The time includes preparing, because the texts may be checked then.
        let cost = time(|| {
            let prepared =
                PreparedColumns::new(&layout, ROWS, &columns, None).expect("good columns");
            in_pieces(&mut buffer, 4096, |buffer, rows| {
                buffer.append_prepared(&prepared, rows).unwrap();
            });
        });
        shown.line(&format!("  {what:<28}{cost:>9.1} ns/row{:>9.3}", cost / plain));
    }
}

fn main() {
    let frame = Frame::new();
    let mut shown = Artifact::default();
    use ColumnKind::{F64, Symbol};
    pieces(&mut shown, &frame, "symbols", &[Symbol, Symbol, F64]);
    pieces(&mut shown, &frame, "doubles", &[F64; 10]);
    let of = |text: &dyn Fn(usize) -> String| Strings::of((0..ROWS).map(text));
    texts(&mut shown, "short ASCII", &of(&|i| format!("text {}", i % 1000)));
    texts(&mut shown, "long ASCII", &of(&|i| format!("{:060}", i)));
    texts(&mut shown, "short beyond ASCII", &of(&|i| format!("Größe {}", i % 1000)));
    texts(&mut shown, "long beyond ASCII", &of(&|i| format!("длинный текст номер {:030}", i)));
    shown.write("columns.txt");
}
