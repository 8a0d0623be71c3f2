//! Decimals: one table, which the encoder must agree with on every path, and the receiver too. `real_server::decimals`
//! confirms it.

use questdb_ingress::table::{
    Cell, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout, TimestampKind,
};
use questdb_ingress::{Buffer, ColumnName, ErrorCode, ProtocolVersion, Result};
use questdb_receiver::{ColumnType, Receiver, Value};

use questdb_ingress_testkit::raw_client::{Http, connect};

/// What happens to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is a number.
    Accept,
    /// It is accepted and stored as NULL.
    Null,
    /// Everybody refuses it.
    Refuse,
    /// The server accepts it, but not the encoder.
    Lax,
    /// The server misreads it; encoder and receiver refuse it.
    Defect,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    /// What is stored; `None` for NULL, and if nothing is.
    pub(crate) stored: Option<String>,
}

impl Row {
    /// Returns how many places a column needs to show what is stored as the table does.
    pub(crate) fn places(&self) -> usize {
        self.stored.as_deref().and_then(|s| s.split_once('.')).map_or(0, |(_, places)| places.len())
    }

    /// Returns the row as it would be sent, even if the encoder refuses it.
    pub(crate) fn line(&self, table: &str, column: &str, nanos: usize) -> String {
        format!("{table} {column}={}d {nanos}\n", self.text.replace(' ', "\\ "))
    }
}

fn spelled(word: &str) -> String {
    let mut text = String::new();
    let mut parts = word.split('{');
    text.push_str(parts.next().unwrap());
    for part in parts {
        let (count, rest) = part.split_once('}').unwrap();
        let repeated = text.pop().unwrap();
        text.extend(std::iter::repeat_n(repeated, count.parse().unwrap()));
        text.push_str(rest);
    }
    text.replace("\\s", " ").replace("\\e", "")
}

pub(crate) fn table() -> Vec<Row> {
    let lines = include_str!("../decimals.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let verdict = match words[0] {
                "accept" => Verdict::Accept,
                "null" => Verdict::Null,
                "refuse" => Verdict::Refuse,
                "lax" => Verdict::Lax,
                "defect" => Verdict::Defect,
                _ => panic!("{line}"),
            };
            let stored = words.get(2).filter(|word| **word != "null").map(|word| spelled(word));
            Row { verdict, text: spelled(words[1]), stored }
        })
        .collect()
}

/// A decimal by each path on which one gets into a buffer, by name.
type Roads<'a> = Vec<(&'static str, Box<dyn Fn(&mut Buffer) -> Result<()> + 'a>)>;

fn layout() -> RowLayout {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("d", ColumnKind::Decimal).unwrap();
    layout.set_timestamp(TimestampKind::Nanos);
    layout
}

fn by_calls(buffer: &mut Buffer, add: impl Fn(&mut Buffer) -> Result<()>) -> Result<()> {
    // The first row takes the slow path, because its names are new.
    for nanos in [0, 1] {
        buffer.table("t")?;
        if let Err(e) = add(buffer) {
            // The failed call changed nothing, so the row can go on.
            buffer.column_bool("x", true)?.at_nanos(nanos)?;
            return Err(e);
        }
        buffer.at_nanos(nanos)?;
    }
    Ok(())
}

fn by_columns(buffer: &mut Buffer, values: ColumnValues<'_>) -> Result<()> {
    buffer.append_columns(&layout(), 1, &[ColumnData::from(values)], Some(&[0]))
}

fn text_roads(text: &str) -> Roads<'_> {
    let name = ColumnName::new("d").unwrap();
    vec![
        ("call", Box::new(move |b| by_calls(b, |b| b.column_dec_str("d", text).map(drop)))),
        ("named", Box::new(move |b| by_calls(b, |b| b.column_dec_str(&name, text).map(drop)))),
        ("row", Box::new(move |b| b.append_row(&layout(), &[Cell::from(text)], Some(0)))),
        (
            "columns",
            Box::new(move |b| {
                let end = i32::try_from(text.len()).unwrap();
                let offsets = Offsets::I32(&[0, end]);
                by_columns(b, ColumnValues::Text { offsets, bytes: text.as_bytes() })
            }),
        ),
    ]
}

fn binary_roads(scale: u32, bytes: &[u8]) -> Roads<'_> {
    let name = ColumnName::new("d").unwrap();
    vec![
        ("call", Box::new(move |b| by_calls(b, |b| b.column_dec("d", scale, bytes).map(drop)))),
        ("named", Box::new(move |b| by_calls(b, |b| b.column_dec(&name, scale, bytes).map(drop)))),
        (
            "row",
            Box::new(move |b| {
                b.append_row(&layout(), &[Cell::Decimal { scale, unscaled: bytes }], Some(0))
            }),
        ),
        (
            "columns",
            Box::new(move |b| {
                by_columns(b, ColumnValues::Decimals { scale, width: bytes.len(), bytes })
            }),
        ),
    ]
}

/// Takes each path, into an empty buffer with room and into one that has to grow, and checks that all agree with one
/// verdict.
fn hold(roads: Roads<'_>, good: bool, what: &str) {
    for (road, add) in roads {
        for room in [0, 20_000] {
            let mut buffer = Buffer::new(ProtocolVersion::V3);
            buffer.reserve(room).unwrap();
            match add(&mut buffer) {
                Ok(()) => assert!(good, "{what} by {road} was taken"),
                Err(e) => {
                    assert!(!good, "{what} by {road}: {e}");
                    assert_eq!(e.code(), ErrorCode::InvalidDecimal, "{what} by {road}: {e}");
                    assert!(e.message().contains("column \"d\""), "{what} by {road}: {e}");
                    assert!(!String::from_utf8_lossy(buffer.peek()).contains("d="), "{what}");
                }
            }
        }
    }
}

#[test]
fn text_is_judged_by_the_table_on_every_road() {
    for row in table() {
        let good = matches!(row.verdict, Verdict::Accept | Verdict::Null);
        hold(text_roads(&row.text), good, &format!("{row:?}"));
    }
}

/// Ten to the power of 76 and its neighbours in 32 bytes, written by hand so that no other code decides what they are.
pub(crate) fn wide() -> [(u32, [u8; 32], bool); 7] {
    let words = |words: [u64; 4]| {
        let mut bytes = [0; 32];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_be_bytes();
        }
        bytes
    };
    const TEN: [u64; 4] = [0x161B_CCA7_1199_15B5, 0x0764_B4AB_E865_2979, 0x7775_A5F1_7195_1000, 0];
    let least = words([1 << 63, 0, 0, 0]);
    let below = words([TEN[0], TEN[1], TEN[2] - 1, u64::MAX]);
    [
        (0, below, true),
        (76, below, true),
        (0, words(TEN), false),
        // The last of its zeros stands after the point.
        (1, words(TEN), true),
        (76, words([TEN[0], TEN[1], TEN[2], 1]), false),
        (0, words([(1 << 63) - 1, u64::MAX, u64::MAX, u64::MAX]), false),
        // This is the server's NULL.
        (0, least, true),
    ]
}

#[test]
fn binary_decimals_are_judged_alike_on_every_road() {
    for (scale, bytes, good) in wide() {
        hold(binary_roads(scale, &bytes), good, &format!("{bytes:x?} {scale}"));
    }
    for (scale, bytes, good) in [
        (76, &[1u8][..], true),
        (77, &[1], false),
        (u32::MAX, &[1], false),
        (0, &[0; 32], true),
        (0, &[0; 33], false),
        (0, &[0xFF; 32], true),
        (0, &[], true),
    ] {
        hold(binary_roads(scale, bytes), good, &format!("{bytes:x?} {scale}"));
    }
    // Integers are judged by their scale alone.
    for (scale, good) in [(0, true), (76, true), (77, false), (256, false)] {
        let name = ColumnName::new("d").unwrap();
        let roads: Roads<'_> = vec![
            ("i64", Box::new(|b| by_calls(b, |b| b.column_dec_i64("d", scale, -7).map(drop)))),
            ("i128", Box::new(|b| by_calls(b, |b| b.column_dec_i128("d", scale, 7).map(drop)))),
            ("named", Box::new(|b| by_calls(b, |b| b.column_dec_i64(&name, scale, 7).map(drop)))),
            (
                "columns",
                Box::new(|b| by_columns(b, ColumnValues::DecimalsI128 { scale, unscaled: &[7] })),
            ),
        ];
        hold(roads, good, &format!("7 {scale}"));
    }
}

#[test]
fn the_receiver_judges_by_the_same_table() {
    let receiver = Receiver::builder().start().unwrap();
    receiver.create_table("t", &[("d", ColumnType::Decimal)]).unwrap();
    let mut client = Http::over(connect(receiver.http_addr()));
    let mut stored = Vec::new();
    for (nanos, row) in table().into_iter().enumerate() {
        let answer = client.write(row.line("t", "d", 1000 * nanos));
        let good = matches!(row.verdict, Verdict::Accept | Verdict::Null | Verdict::Lax);
        assert_eq!(answer.status, if good { 204 } else { 400 }, "{row:?}: {}", answer.body);
        if good {
            stored.push(row);
        }
    }
    let table = receiver.table("t").unwrap();
    assert_eq!(table.row_count(), stored.len());
    for (place, row) in stored.iter().enumerate() {
        let found = match table.value(place, "d") {
            Some(Value::Decimal(v)) => Some(v.to_string()),
            Some(Value::Null) => None,
            other => panic!("{other:?}"),
        };
        // The receiver has no negative zero, and neither has the server.
        assert_eq!(found, row.stored, "{row:?}");
    }
}

#[test]
fn the_receiver_takes_no_binary_decimal_that_no_column_could_hold() {
    for (scale, bytes, good) in wide() {
        let receiver = Receiver::builder().start().unwrap();
        receiver.create_table("t", &[("d", ColumnType::Decimal)]).unwrap();
        let mut client = Http::over(connect(receiver.http_addr()));
        let head = [23, u8::try_from(scale).unwrap(), 32];
        let answer = client.write([&b"t d=="[..], &head, &bytes, b" 1\n"].concat());
        assert_eq!(answer.status, if good { 204 } else { 400 }, "{scale} {bytes:x?}");
        assert!(good || answer.body.contains("is out bounds of column type: DECIMAL"));
    }
}
