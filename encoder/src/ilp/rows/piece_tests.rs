//! Columns that are prepared once and appended in pieces make the same rows as columns that are appended at once.

use super::PreparedColumns;
use super::tests::{buffer, facts, layout, table, with_columns};
use crate::error::{ErrorCode, Result};
use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
use crate::name::TableName;
use crate::table::*;
use crate::text::Text;
use proptest::prelude::*;
use std::ops::Range;

/// Cuts `rows` into pieces at random places, some of them empty.
fn pieces(rows: usize, random: &mut fastrand::Rng) -> Vec<Range<usize>> {
    let mut ends: Vec<usize> = (0..random.usize(0..4)).map(|_| random.usize(0..=rows)).collect();
    ends.push(rows);
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| std::mem::replace(&mut start, end)..end).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_the_rows_of_the_whole(
        (forms, rows) in table(),
        stamp in prop_oneof![Just(TimestampKind::Nanos), Just(TimestampKind::Micros), Just(TimestampKind::Now)],
        form in 0u8..8,
        seed: u64,
    ) {
        let layout = layout(&forms, stamp);
        let mut random = fastrand::Rng::with_seed(seed);
        with_columns(&layout, &rows, stamp, form, |columns, at| {
            let prepared = match PreparedColumns::new(&layout, rows.len(), columns, at) {
                Ok(prepared) => prepared,
                Err(e) => {
                    assert_eq!(buffer(ProtocolVersion::V3, 1 << 20).append_columns(&layout, rows.len(), columns, at).unwrap_err().code(), e.code());
                    return Ok(());
                }
            };
            assert_eq!(prepared.row_count(), rows.len());
            // The same columns go into buffers of every version.
            for version in [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3] {
                let mut whole = buffer(version, 1 << 20);
                let at_once = whole.append_columns(&layout, rows.len(), columns, at);
                let mut in_pieces = buffer(version, 1 << 20);
                let mut failed: Result<()> = Ok(());
                for piece in pieces(rows.len(), &mut random) {
                    let before = facts(&in_pieces);
                    failed = in_pieces.append_prepared(&prepared, piece);
                    if failed.is_err() {
                        assert_eq!(facts(&in_pieces), before);
                        break;
                    }
                }
                match (at_once, failed) {
                    (Ok(()), Ok(())) => assert_eq!(facts(&in_pieces), facts(&whole)),
                    // Rows are counted from the first one of all, so the messages are equal too.
                    (Err(a), Err(b)) => assert_eq!((a.code(), a.message()), (b.code(), b.message())),
                    (a, b) => panic!("{a:?} but {b:?}"),
                }
            }
            Ok(())
        })
        .unwrap();
    }

    /// Rows with tables of their own are what rows of layouts of these tables are.
    #[test]
    fn each_row_may_have_its_table(
        codes in prop::collection::vec(0u16..4, 0..30),
        other_table_before: bool,
        long_column: bool,
        seed: u64,
    ) {
        let names = ["t", "with blank=", "a_table_with_a_name_of_more_than_32_bytes", "u"];
        let column = if long_column { "a_column_with_a_name_of_more_than_32_bytes" } else { "n" };
        let layout_of = |table: &str| {
            let mut layout = RowLayout::new(table).unwrap();
            layout.add(column, ColumnKind::I64).unwrap().set_timestamp(TimestampKind::Now);
            layout
        };
        let layouts = names.map(layout_of);
        let mut expected = Buffer::new(ProtocolVersion::V2);
        if other_table_before {
            expected.table("z").unwrap().column_i64("n", 0).unwrap().at_now().unwrap();
        }
        let mut appended = expected.clone();
        let numbers: Vec<i64> = (0..).take(codes.len()).collect();
        for (code, number) in codes.iter().zip(&numbers) {
            expected.append_row(&layouts[usize::from(*code)], &[Cell::I64(*number)], None).unwrap();
        }
        let layout = layout_of("of no row");
        let tables = names.map(|name| TableName::new(name).unwrap());
        let columns = [ColumnValues::I64(&numbers).into()];
        let prepared = PreparedColumns::new(&layout, codes.len(), &columns, None)
            .unwrap()
            .with_tables(&tables, Codes::U16(&codes))
            .unwrap();
        for piece in pieces(codes.len(), &mut fastrand::Rng::with_seed(seed)) {
            appended.append_prepared(&prepared, piece).unwrap();
        }
        prop_assert_eq!(facts(&appended), facts(&expected));
    }
}

#[test]
fn pieces_and_tables_that_do_not_exist_are_refused() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("n", ColumnKind::I64).unwrap().set_timestamp(TimestampKind::Now);
    let columns = [ColumnValues::I64(&[1, 2, 3]).into()];
    let prepared = || PreparedColumns::new(&layout, 3, &columns, None).unwrap();
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    #[expect(clippy::reversed_empty_ranges, reason = "such a range must be refused")]
    let ranges = [0..4, 4..4, 2..1, 0..usize::MAX];
    for range in ranges {
        let e = buffer.append_prepared(&prepared(), range.clone()).unwrap_err();
        let message = format!("rows {}..{} of 3 rows", range.start, range.end);
        assert_eq!((e.code(), e.message()), (ErrorCode::InvalidArgument, message.as_str()));
    }
    buffer.append_prepared(&prepared(), 3..3).unwrap();
    assert!(buffer.is_empty() && buffer.first_table().is_none());

    let tables = [TableName::new("a").unwrap(), TableName::new("b".repeat(40).as_str()).unwrap()];
    let e = prepared().with_tables(&tables, Codes::U8(&[0, 1])).unwrap_err();
    assert_eq!(e.message(), "tables: 2 values where 3 are due");
    let columns = prepared().with_tables(&tables, Codes::I8(&[0, 1, -1])).unwrap();
    let e = buffer.append_prepared(&columns, 0..3).unwrap_err();
    assert_eq!(e.message(), "row 2: a code is outside the list of 2 tables");
    assert!(buffer.is_empty() && buffer.first_table().is_none());
    buffer.append_prepared(&columns, 0..2).unwrap();
    assert_eq!(buffer.row_count(), 2);

    let short = BufferOptions { max_name_len: 39, ..BufferOptions::new(ProtocolVersion::V2) };
    let mut short = Buffer::with_options(short).unwrap();
    let e = short.append_prepared(&columns, 0..1).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidName);
}

#[test]
fn threads_append_pieces_of_the_same_columns() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("s", ColumnKind::Symbol).unwrap().set_timestamp(TimestampKind::Now);
    let codes: Vec<u8> = (0..90).map(|i| i % 3).collect();
    let values = ColumnValues::Dictionary {
        codes: Codes::U8(&codes),
        offsets: Offsets::I32(&[0, 1, 2, 3]),
        bytes: b"abc",
    };
    let prepared = PreparedColumns::new(&layout, 90, &[values.into()], None).unwrap();
    let append = |rows| {
        let mut buffer = Buffer::new(ProtocolVersion::V3);
        buffer.append_prepared(&prepared, rows).unwrap();
        buffer.peek().to_vec()
    };
    let append = &append;
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> =
            [0..30, 30..60, 60..90].map(|rows| scope.spawn(move || append(rows))).into();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(parts.concat(), append(0..90));
}

/// A constant makes the rows that its cell makes in each of them.
#[test]
fn a_constant_is_the_same_cell_in_every_row() {
    use ColumnKind as K;
    let view = ArrayView::c_major(&[2], &[1.5, f64::NAN]).unwrap();
    let long = "a text of more than 32 bytes, with \"quotes\"";
    let short_decimal = Cell::Decimal { scale: 2, unscaled: &[1, 2] };
    let cells: &[(ColumnKind, Cell<'_>)] = &[
        (K::Symbol, Cell::from("a b")),
        (K::Symbol, Cell::from(long)),
        (K::Symbol, Cell::Null),
        (K::Bool, Cell::Bool(true)),
        (K::I64, Cell::I64(-7)),
        (K::I64, Cell::Null),
        (K::F64, Cell::F64(0.1)),
        (K::Str, Cell::from("é\n")),
        (K::Str, Cell::from(long)),
        (K::Str, Cell::Text(Text::unchecked(b"a\xFF"))),
        (K::TsMicros, Cell::I64(i64::MIN)),
        (K::TsNanos, Cell::I64(1_700_000_000_123_456_789)),
        (K::F64Array, Cell::Array(&view)),
        (K::Decimal, Cell::from("1.50")),
        (K::Decimal, short_decimal),
        (K::Bool, Cell::I64(1)),
        (K::Str, Cell::Bool(true)),
    ];
    for (kind, cell) in cells {
        for name in
            ["c", "a_column_with_a_name_of_24", "a_column_with_a_name_of_more_than_32_bytes"]
        {
            let mut layout = RowLayout::new("t").unwrap();
            layout.add("n", K::I64).unwrap().add(name, *kind).unwrap();
            let values = ColumnValues::Constant(*cell);
            let validity = Some(Bits::new(&[0b101], 0));
            let columns = [ColumnValues::I64(&[1, 2, 3]).into(), ColumnData { values, validity }];
            let prepared = PreparedColumns::new(&layout, 3, &columns, Some(&[1, 2, 3]));
            for version in [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3] {
                let mut by_rows = buffer(version, 1 << 20);
                let appended = (1..=3).try_for_each(|row| {
                    let cell = if row == 2 { Cell::Null } else { *cell };
                    by_rows.append_row(&layout, &[Cell::I64(row), cell], Some(row))
                });
                let mut constant = buffer(version, 1 << 20);
                let result = match &prepared {
                    Ok(prepared) => constant.append_prepared(prepared, 0..3),
                    Err(e) => Err(e.clone()),
                };
                match (appended, result) {
                    (Ok(()), Ok(())) => assert_eq!(facts(&constant), facts(&by_rows)),
                    (Err(a), Err(b)) => {
                        assert_eq!(a.code(), b.code());
                        assert!(b.message().ends_with(a.message()), "{b} but {a}");
                        assert!(constant.is_empty());
                    }
                    (a, b) => panic!("{kind:?} {cell:?} {version:?}: {a:?} but {b:?}"),
                }
            }
        }
    }
}

/// Text that is known to be UTF-8 is cut only between characters.
#[test]
fn offsets_within_a_character_are_refused() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("s", ColumnKind::Str).unwrap().set_timestamp(TimestampKind::Now);
    for (offsets, message) in [
        ([0, 1, 4], "row 0: cell 0, column \"s\": the offsets of text 0 lie within a character"),
        (
            [0, 2, 5],
            "row 1: cell 0, column \"s\": the offsets of text 1 are not an ascending pair within 4 bytes",
        ),
    ] {
        let values = ColumnValues::Str { offsets: Offsets::I32(&offsets), text: "éab" };
        let mut buffer = Buffer::new(ProtocolVersion::V2);
        let e = buffer.append_columns(&layout, 2, &[values.into()], None).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidArgument);
        assert_eq!(e.message(), message);
        assert!(buffer.is_empty());
    }
}

/// Texts beyond ASCII are checked all at once, which changes nothing but the time that it takes.
#[test]
fn texts_that_are_checked_at_once_are_checked() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("s", ColumnKind::Str).unwrap().set_timestamp(TimestampKind::Now);
    let append = |offsets: &[i32], bytes: &[u8], validity: Option<Bits<'_>>| {
        let values = ColumnValues::Text { offsets: Offsets::I32(offsets), bytes };
        let mut buffer = Buffer::new(ProtocolVersion::V2);
        let rows = offsets.len() - 1;
        buffer
            .append_columns(&layout, rows, &[ColumnData { values, validity }], None)
            .map(|()| String::from_utf8(buffer.peek().to_vec()).unwrap())
            .map_err(|e| (e.code(), e.message().replace("cell 0, column \"s\": ", "")))
    };
    let good = "xäöüß\"é".as_bytes();
    assert_eq!(append(&[1, 5, 12], good, None).unwrap(), "t s=\"äö\"\nt s=\"üß\\\"é\"\n");
    // What lies outside of the texts is not looked at.
    let outside = [b"\xff", good, b"\xff"].concat();
    assert_eq!(append(&[2, 6], &outside, None).unwrap(), "t s=\"äö\"\n");
    let within =
        (ErrorCode::InvalidArgument, "row 1: the offsets of text 1 lie within a character");
    let (code, message) = append(&[1, 3, 4, 5], good, None).unwrap_err();
    assert_eq!((code, message.as_str()), within);
    let (code, _) = append(&[1, 5, 3, 12], good, None).unwrap_err();
    assert_eq!(code, ErrorCode::InvalidArgument);
    let bad = [good, b"\xff", good].concat();
    let (code, message) = append(&[0, 12, 25], &bad, None).unwrap_err();
    assert_eq!((code, message.starts_with("row 1: ")), (ErrorCode::InvalidUtf8, true), "{message}");
    let nothing_bad = append(&[0, 12, 25], &bad, Some(Bits::new(&[0b01], 0))).unwrap_err();
    assert_eq!(nothing_bad.0, ErrorCode::InvalidState, "the second row is empty");
    // Long columns are judged by parts of them.
    let long = ["é".repeat(100), "a".repeat(1000), "b".repeat(1000)].concat();
    let expected = format!("t s=\"{long}\"\n");
    assert_eq!(
        append(&[0, i32::try_from(long.len()).unwrap()], long.as_bytes(), None).unwrap(),
        expected
    );
}
