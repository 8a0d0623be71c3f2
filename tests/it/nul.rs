//! A NUL in a symbol costs the whole request, so it is refused there, on every path. In a string it arrives, and no name may
//! hold one.

use questdb_ingress::internal::{AppendCells as _, RowCells};
use questdb_ingress::table::{
    Cell, Codes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout, TimestampKind,
};
use questdb_ingress::{Buffer, ColumnName, ErrorCode, ProtocolVersion, Result, TableName, Text};

/// Cells without shortcuts, which take the slow path.
struct Careful<'a>(&'a [Cell<'a>]);

impl RowCells for Careful<'_> {
    fn cell(&self, place: usize) -> Result<Cell<'_>> {
        Ok(self.0[place])
    }
}

fn layout(kind: ColumnKind) -> RowLayout {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("s", kind).unwrap();
    layout.set_timestamp(TimestampKind::Nanos);
    layout
}

fn buffer(version: ProtocolVersion) -> Buffer {
    let mut buffer = Buffer::new(version);
    // After this row the names are known and there is room, which is what the quick path needs.
    buffer.table("t").unwrap().symbol("s", "first").unwrap().at_nanos(1).unwrap();
    buffer
}

fn texts(all: &[&[u8]], store: &mut Vec<u8>) -> Vec<i32> {
    let mut offsets = vec![0];
    for text in all {
        store.extend_from_slice(text);
        offsets.push(i32::try_from(store.len()).unwrap());
    }
    offsets
}

/// Appends one value by each path. Returns what is appended, or the error. In calls of many rows the last one has the value.
fn roads(
    kind: ColumnKind,
    value: &[u8],
    version: ProtocolVersion,
) -> Vec<(&'static str, Result<Vec<u8>>)> {
    let text = Text::unchecked(value);
    let known = std::str::from_utf8(value).unwrap();
    let named = ColumnName::new("s").unwrap();
    let mut outcomes = Vec::new();
    let mut take = |road, add: &dyn Fn(&mut Buffer) -> Result<()>| {
        let mut buffer = buffer(version);
        let before = (buffer.peek().to_vec(), buffer.row_count());
        let outcome = add(&mut buffer);
        if outcome.is_err() {
            // The open row has its table only.
            let mut end = before.0.clone();
            end.extend_from_slice(if buffer.is_row_open() { b"t" } else { b"" });
            assert_eq!((buffer.peek(), buffer.row_count()), (&end[..], before.1), "{road}");
        }
        outcomes.push((road, outcome.map(|()| buffer.peek()[before.0.len()..].to_vec())));
    };
    let call = |b: &mut Buffer, text: Text<'_>, checked: bool| {
        b.table("t")?;
        match (kind, checked) {
            (ColumnKind::Symbol, false) => b.symbol("s", text)?,
            (ColumnKind::Symbol, true) => b.symbol(&named, text)?,
            (_, false) => b.column_str("s", text)?,
            (_, true) => b.column_str(&named, text)?,
        };
        b.at_nanos(2)
    };
    take("call", &|b| call(b, text, false));
    take("call with a str", &|b| call(b, known.into(), false));
    take("call with a checked name", &|b| call(b, text, true));
    take("row", &|b| b.append_row(&layout(kind), &[Cell::Text(text)], Some(2)));
    take("row with a str", &|b| b.append_row(&layout(kind), &[Cell::from(known)], Some(2)));
    take("careful row", &|b| b.append_cells(&layout(kind), &Careful(&[Cell::Text(text)]), Some(2)));
    take("columns", &|b| {
        let mut bytes = Vec::new();
        let offsets = texts(&[b"x", value], &mut bytes);
        let values = ColumnValues::Text { offsets: Offsets::I32(&offsets), bytes: &bytes };
        b.append_columns(&layout(kind), 2, &[ColumnData::from(values)], Some(&[2, 2]))
    });
    // Each text is used once, and then so often that the texts are prepared beforehand.
    for (road, rows) in [("dictionary", 2), ("ready dictionary", 40)] {
        take(road, &|b| {
            let mut bytes = Vec::new();
            let offsets = texts(&[b"x", value], &mut bytes);
            let mut codes = vec![0i8; rows];
            codes[rows - 1] = 1;
            let (codes, offsets) = (Codes::I8(&codes), Offsets::I32(&offsets));
            let values = ColumnValues::Dictionary { codes, offsets, bytes: &bytes };
            b.append_columns(&layout(kind), rows, &[ColumnData::from(values)], Some(&vec![2; rows]))
        });
    }
    outcomes
}

/// Returns values with a NUL at every place, and that place.
fn values() -> impl Iterator<Item = (Vec<u8>, usize)> {
    let lengths = [1, 2, 3, 7, 8, 14, 15, 16, 17, 30, 31, 32, 33, 47, 48, 80];
    let places = |len: usize| (0..len).map(move |place| (len, place));
    lengths.into_iter().flat_map(places).flat_map(|(len, place)| {
        // The text around it is plain, has something to escape, or is not ASCII.
        [("x", 1), (" ", 1), ("\u{e9}", 2)].map(|(piece, width)| {
            let mut value = piece.repeat(len).into_bytes();
            value.splice(width * place..width * place + width, [0]);
            (value, width * place)
        })
    })
}

#[test]
fn a_nul_in_a_symbol_is_refused_with_column_and_place_on_every_road() {
    let mut refused = 0;
    for version in [ProtocolVersion::V1, ProtocolVersion::V3] {
        for (value, place) in values() {
            for (road, outcome) in roads(ColumnKind::Symbol, &value, version) {
                let e = outcome.expect_err(road);
                assert_eq!(e.code(), ErrorCode::InvalidArgument, "{road}: {e}");
                let wanted = format!(" holds a NUL at byte {place}, which symbols may not");
                assert!(e.message().ends_with(&wanted), "{road}: {e}");
                assert!(e.message().contains("column \"s\": \""), "{road}: {e}");
                let row = match road {
                    "columns" | "dictionary" => Some("row 1: "),
                    "ready dictionary" => Some("row 39: "),
                    _ => None,
                };
                assert_eq!(e.message().starts_with("row "), row.is_some(), "{road}: {e}");
                assert!(row.is_none_or(|row| e.message().starts_with(row)), "{road}: {e}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10_000, "{refused}");
}

/// A text of a dictionary that no row uses is not checked.
#[test]
fn a_nul_that_no_row_uses_does_no_harm() {
    let mut buffer = buffer(ProtocolVersion::V1);
    let (codes, offsets) = (Codes::I8(&[0; 40]), Offsets::I32(&[0, 1, 2]));
    let values = ColumnValues::Dictionary { codes, offsets, bytes: b"x\0" };
    let stamps = [2; 40];
    let layout = layout(ColumnKind::Symbol);
    buffer.append_columns(&layout, 40, &[ColumnData::from(values)], Some(&stamps)).unwrap();
    assert_eq!(buffer.row_count(), 41);
}

#[test]
fn a_nul_in_a_string_arrives_on_every_road() {
    for (value, _) in values() {
        for (road, outcome) in roads(ColumnKind::Str, &value, ProtocolVersion::V1) {
            let end = [b"t s=\"", &value[..], b"\" 2\n"].concat();
            assert!(outcome.unwrap().ends_with(&end), "{road}: {value:?}");
        }
    }
}

#[test]
fn a_nul_in_a_name_is_refused_with_its_place_on_every_road() {
    let mut buffer = buffer(ProtocolVersion::V3);
    let before = buffer.peek().to_vec();
    for (name, place) in [("a\0b", 1), ("\0", 0), ("a_name_of_more_than_32_bytes_in_all\0", 35)] {
        let mut errors = vec![
            TableName::new(name).unwrap_err(),
            ColumnName::new(name).unwrap_err(),
            RowLayout::new(name).unwrap_err(),
            layout(ColumnKind::Str).add(name, ColumnKind::Bool).unwrap_err(),
            buffer.table(name).unwrap_err(),
        ];
        buffer.table("t").unwrap();
        errors.push(buffer.symbol(name, "x").unwrap_err());
        errors.push(buffer.column_str(name, "x").unwrap_err());
        errors.push(buffer.column_dec_str(name, "1").unwrap_err());
        assert_eq!(buffer.peek(), [&before[..], b"t"].concat());
        buffer.set_marker().unwrap_err();
        buffer.clear();
        buffer.table("t").unwrap().symbol("s", "first").unwrap().at_nanos(1).unwrap();
        for e in errors {
            assert_eq!(e.code(), ErrorCode::InvalidName, "{e}");
            assert!(e.message().contains(&format!("holds '\\0' at byte {place}, ")), "{e}");
        }
    }
}
