//! Prepared rows must be what the calls of [`Buffer`] make of the same values: they give the same bytes and errors, and
//! change nothing else.

use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
use crate::table::*;
use crate::{ErrorCode, Result, Text};
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    I64(i64),
    F64(f64),
    Text(Vec<u8>),
    Array(Vec<f64>),
    Decimal(u32, i128),
}

pub(super) type Row = (Vec<Value>, i64);

/// All kinds with the form of their values: decimals come as text or binary.
const FORMS: [(ColumnKind, u8); 10] = [
    (ColumnKind::Symbol, 0),
    (ColumnKind::Bool, 0),
    (ColumnKind::I64, 0),
    (ColumnKind::F64, 0),
    (ColumnKind::Str, 0),
    (ColumnKind::TsMicros, 0),
    (ColumnKind::TsNanos, 0),
    (ColumnKind::F64Array, 0),
    (ColumnKind::Decimal, 0),
    (ColumnKind::Decimal, 1),
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => "[a-z ,=\"\\\\\n\r]{0,40}".prop_map(String::into_bytes),
        12 => "[a-z]{0,80}".prop_map(String::into_bytes),
        4 => "\\PC{0,30}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn value(form: (ColumnKind, u8), scale: u32) -> BoxedStrategy<Value> {
    use ColumnKind as K;
    let filled = match form {
        (K::Symbol | K::Str, _) => text().prop_map(Value::Text).boxed(),
        (K::Bool, _) => any::<bool>().prop_map(Value::Bool).boxed(),
        (K::F64, _) => {
            prop_oneof![any::<f64>(), (-10_000_000i64..10_000_000).prop_map(|n| n as f64 / 100.0)]
                .prop_map(Value::F64)
                .boxed()
        }
        (K::F64Array, _) => {
            prop::collection::vec(any::<f64>(), 0..5).prop_map(Value::Array).boxed()
        }
        (K::Decimal, 0) => prop_oneof![
            30 => "[+-]?[0-9]{1,9}(\\.[0-9]{0,9})?(e-?[0-9]{1,2})?",
            1 => "[0-9.eE+-]{0,5}",
        ]
        .prop_map(|text| Value::Text(text.into_bytes()))
        .boxed(),
        (K::Decimal, _) => any::<i128>().prop_map(move |n| Value::Decimal(scale, n)).boxed(),
        _ => prop_oneof![any::<i64>(), -2000i64..2000].prop_map(Value::I64).boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 5 => filled].boxed()
}

pub(super) fn table() -> impl Strategy<Value = (Vec<(ColumnKind, u8)>, Vec<Row>)> {
    prop::collection::vec((0..FORMS.len()).prop_map(|i| FORMS[i]), 1..7)
        .prop_flat_map(|forms| {
            let scale = prop_oneof![20 => 0u32..77, 1 => 77u32..80];
            (Just(forms), scale)
        })
        .prop_flat_map(|(forms, scale)| {
            let cells: Vec<_> = forms.iter().map(|form| value(*form, scale)).collect();
            let stamp = prop_oneof![30 => 0..=i64::MAX, 1 => -5i64..0];
            (Just(forms), prop::collection::vec((cells, stamp), 0..6))
        })
}

/// Returns long names, names to be escaped, and names of one letter.
fn name(place: usize) -> String {
    match place % 3 {
        0 => format!("c{place}"),
        1 => format!("column number = {place}"),
        _ => format!("a_column_with_a_name_of_more_than_32_bytes_{place}"),
    }
}

pub(super) fn layout(forms: &[(ColumnKind, u8)], stamp: TimestampKind) -> RowLayout {
    let mut layout = RowLayout::new("a table").unwrap();
    for (place, (kind, _)) in forms.iter().enumerate() {
        layout.add(&name(place), *kind).unwrap();
    }
    layout.set_timestamp(stamp);
    layout
}

pub(super) fn buffer(version: ProtocolVersion, max_buf_size: usize) -> Buffer {
    let options = BufferOptions { init_buf_size: 0, max_buf_size, ..BufferOptions::new(version) };
    Buffer::with_options(options).unwrap()
}

/// Appends one row by single calls.
fn by_calls(
    buffer: &mut Buffer,
    forms: &[(ColumnKind, u8)],
    row: &Row,
    stamp: TimestampKind,
) -> Result<()> {
    use ColumnKind as K;
    buffer.table("a table")?;
    let cells = forms.iter().zip(&row.0).enumerate();
    for (place, ((kind, _), value)) in cells.clone() {
        if let (K::Symbol, Value::Text(text)) = (kind, value) {
            buffer.symbol(&name(place), Text::unchecked(text))?;
        }
    }
    for (place, ((kind, _), value)) in cells {
        let name = &name(place);
        match (kind, value) {
            (K::Symbol, _) | (_, Value::Null) => continue,
            (K::TsMicros, Value::I64(v)) => buffer.column_ts_micros(name, *v)?,
            (K::TsNanos, Value::I64(v)) => buffer.column_ts_nanos(name, *v)?,
            (K::Decimal, Value::Text(v)) => buffer.column_dec_str(name, Text::unchecked(v))?,
            (_, Value::Text(v)) => buffer.column_str(name, Text::unchecked(v))?,
            (_, Value::Bool(v)) => buffer.column_bool(name, *v)?,
            (_, Value::I64(v)) => buffer.column_i64(name, *v)?,
            (_, Value::F64(v)) => buffer.column_f64(name, *v)?,
            (_, Value::Array(v)) => {
                buffer.column_f64_arr(name, &ArrayView::c_major(&[v.len()], v)?)?
            }
            (_, Value::Decimal(scale, v)) => {
                buffer.column_dec(name, *scale, &v.to_be_bytes()[..])?
            }
        };
    }
    match stamp {
        TimestampKind::Nanos => buffer.at_nanos(row.1),
        TimestampKind::Micros => buffer.at_micros(row.1),
        TimestampKind::Now => buffer.at_now(),
    }
}

fn by_row(buffer: &mut Buffer, layout: &RowLayout, row: &Row, stamp: TimestampKind) -> Result<()> {
    let unscaled: Vec<[u8; 16]> = row
        .0
        .iter()
        .map(|value| if let Value::Decimal(_, n) = value { n.to_be_bytes() } else { [0; 16] })
        .collect();
    let shapes: Vec<[usize; 1]> =
        row.0.iter().map(|v| if let Value::Array(v) = v { [v.len()] } else { [0] }).collect();
    let views: Vec<ArrayView<'_>> = row
        .0
        .iter()
        .zip(&shapes)
        .map(|(v, shape)| ArrayView::c_major(shape, if let Value::Array(v) = v { v } else { &[] }))
        .collect::<Result<_>>()?;
    let cells: Vec<Cell<'_>> = row
        .0
        .iter()
        .enumerate()
        .map(|(i, value)| match value {
            Value::Null => Cell::Null,
            Value::Bool(v) => Cell::Bool(*v),
            Value::I64(v) => Cell::I64(*v),
            Value::F64(v) => Cell::F64(*v),
            Value::Text(v) => Cell::Text(Text::unchecked(v)),
            Value::Array(_) => Cell::Array(&views[i]),
            Value::Decimal(scale, _) => Cell::Decimal { scale: *scale, unscaled: &unscaled[i] },
        })
        .collect();
    buffer.append_row(layout, &cells, (stamp != TimestampKind::Now).then_some(row.1))
}

/// Everything that the rows of one column are made of.
#[derive(Default)]
struct Arrow {
    valid: Vec<u8>,
    bytes: Vec<u8>,
    bits: Vec<u8>,
    i64s: Vec<i64>,
    f64s: Vec<f64>,
    i128s: Vec<i128>,
    scale: u32,
    offsets: Vec<i32>,
    offsets64: Vec<i64>,
    text: Vec<u8>,
    codes: Vec<u16>,
    shapes: Vec<[usize; 1]>,
    arrays: Vec<Vec<f64>>,
}

/// The first bit that is used.
const BIT_OFFSET: usize = 3;

fn set_bit(bits: &mut Vec<u8>, place: usize, value: bool) {
    let place = place + BIT_OFFSET;
    bits.resize((place / 8 + 1).max(bits.len()), 0);
    bits[place / 8] |= u8::from(value) << (place % 8);
}

fn arrow(rows: &[Row], column: usize) -> Arrow {
    let mut a = Arrow { offsets: vec![0], offsets64: vec![0], ..Arrow::default() };
    for (row, (cells, _)) in rows.iter().enumerate() {
        let value = &cells[column];
        set_bit(&mut a.valid, row, !matches!(value, Value::Null));
        let flag = matches!(value, Value::Bool(true));
        a.bytes.push(if flag { 7 } else { 0 });
        set_bit(&mut a.bits, row, flag);
        a.i64s.push(if let Value::I64(v) = value { *v } else { 9 });
        a.f64s.push(if let Value::F64(v) = value { *v } else { 9.0 });
        let (scale, unscaled) =
            if let Value::Decimal(s, v) = value { (*s, *v) } else { (a.scale, 9) };
        a.scale = scale;
        a.i128s.push(unscaled);
        if let Value::Text(v) = value {
            a.text.extend_from_slice(v);
        }
        a.offsets.push(i32::try_from(a.text.len()).unwrap());
        a.offsets64.push(i64::try_from(a.text.len()).unwrap());
        // Every row has its own entry in the dictionary, in reverse order.
        a.codes.push(u16::try_from(row).unwrap());
        a.arrays.push(if let Value::Array(v) = value { v.clone() } else { Vec::new() });
        a.shapes.push([a.arrays[row].len()]);
    }
    a
}

/// Returns the texts of a column, which are known to be UTF-8 if they are.
fn texts(rows: &[Row], column: usize) -> Vec<Text<'_>> {
    let values = rows.iter().map(|row| match &row.0[column] {
        Value::Text(text) => std::str::from_utf8(text).map_or(Text::unchecked(text), Text::from),
        _ => Text::from("of no row"),
    });
    values.collect()
}

/// Calls `append` with the rows as columns and designated timestamps.
pub(super) fn with_columns(
    layout: &RowLayout,
    rows: &[Row],
    stamp: TimestampKind,
    form: u8,
    append: impl FnOnce(&[ColumnData<'_>], Option<&[i64]>) -> Result<()>,
) -> Result<()> {
    use ColumnKind as K;
    let arrows: Vec<Arrow> = (0..layout.column_count()).map(|c| arrow(rows, c)).collect();
    let views: Vec<Vec<ArrayView<'_>>> = arrows
        .iter()
        .map(|a| a.shapes.iter().zip(&a.arrays).map(|(s, v)| ArrayView::c_major(s, v)).collect())
        .collect::<Result<_>>()?;
    let widened: Vec<Vec<u8>> =
        arrows.iter().map(|a| a.i128s.iter().flat_map(|n| n.to_be_bytes()).collect()).collect();
    let separate: Vec<Vec<Text<'_>>> = (0..layout.column_count()).map(|c| texts(rows, c)).collect();
    let columns: Vec<ColumnData<'_>> = (0..layout.column_count())
        .map(|c| {
            let a = &arrows[c];
            let texts = rows.iter().any(|(cells, _)| matches!(cells[c], Value::Text(_)));
            let offsets = if form.is_multiple_of(2) {
                Offsets::I32(&a.offsets)
            } else {
                Offsets::I64(&a.offsets64)
            };
            let values = match layout.column_kind(c).unwrap() {
                K::Bool if form.is_multiple_of(2) => ColumnValues::Bytes(&a.bytes),
                K::Bool => ColumnValues::Bits(Bits::new(&a.bits, BIT_OFFSET)),
                K::I64 | K::TsMicros | K::TsNanos => ColumnValues::I64(&a.i64s),
                K::F64 => ColumnValues::F64(&a.f64s),
                K::F64Array => ColumnValues::Arrays(&views[c]),
                K::Decimal if !texts => {
                    ColumnValues::Decimals { scale: a.scale, width: 16, bytes: &widened[c] }
                }
                kind => match (form / 2, std::str::from_utf8(&a.text)) {
                    (0, _) if kind != K::Decimal => ColumnValues::Dictionary {
                        codes: Codes::U16(&a.codes),
                        offsets,
                        bytes: &a.text,
                    },
                    (1, _) => ColumnValues::Texts(&separate[c]),
                    (2, Ok(text)) => ColumnValues::Str { offsets, text },
                    _ => ColumnValues::Text { offsets, bytes: &a.text },
                },
            };
            ColumnData { values, validity: Some(Bits::new(&a.valid, BIT_OFFSET)) }
        })
        .collect();
    let stamps: Vec<i64> = rows.iter().map(|row| row.1).collect();
    let at = (stamp != TimestampKind::Now).then_some(&stamps[..]);
    append(&columns, at)
}

fn by_columns(
    buffer: &mut Buffer,
    layout: &RowLayout,
    rows: &[Row],
    stamp: TimestampKind,
    form: u8,
) -> Result<()> {
    with_columns(layout, rows, stamp, form, |columns, at| {
        buffer.append_columns(layout, rows.len(), columns, at)
    })
}

pub(super) fn facts(buffer: &Buffer) -> (Vec<u8>, usize, bool, bool, Option<String>) {
    (
        buffer.peek().to_vec(),
        buffer.row_count(),
        buffer.is_transactional(),
        buffer.is_row_open(),
        buffer.first_table(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 600 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_columns_are_what_the_calls_make(
        (forms, rows) in table(),
        version in prop_oneof![
            1 => Just(ProtocolVersion::V1), 1 => Just(ProtocolVersion::V2), 3 => Just(ProtocolVersion::V3)
        ],
        stamp in prop_oneof![Just(TimestampKind::Nanos), Just(TimestampKind::Micros), Just(TimestampKind::Now)],
        limit in prop_oneof![6 => Just(100 << 20), 1 => 20usize..600],
        form: u8,
        other_table_before: bool,
    ) {
        let mut called = buffer(version, limit);
        if other_table_before {
            called.table("z").unwrap().column_bool("b", true).unwrap().at_now().unwrap();
        }
        let (mut by_rows, mut columnar) = (called.clone(), called.clone());
        let before = facts(&called);
        let layout = layout(&forms, stamp);
        let mut first_error = None;
        for (i, row) in rows.iter().enumerate() {
            called.set_marker().unwrap();
            let untouched = facts(&by_rows);
            let (calls, prepared) = (
                by_calls(&mut called, &forms, row, stamp),
                by_row(&mut by_rows, &layout, row, stamp),
            );
            match (calls, prepared) {
                (Ok(()), Ok(())) => {}
                (Err(a), Err(b)) => {
                    // A prepared row notices the limit at its end, after its values, so the messages may differ.
                    if a.code() != ErrorCode::LimitExceeded {
                        prop_assert_eq!(a.code(), b.code(), "row {}: {:?} {:?}", i, a, b);
                    }
                    prop_assert_eq!(facts(&by_rows), untouched);
                    called.rewind_to_marker().unwrap();
                    first_error.get_or_insert(a);
                }
                (a, b) => prop_assert!(false, "row {}: {:?} but {:?}", i, a, b),
            }
            if first_error.is_none() {
                prop_assert_eq!(facts(&by_rows), facts(&called));
            }
        }
        match (by_columns(&mut columnar, &layout, &rows, stamp, form), first_error) {
            (Ok(()), None) => prop_assert_eq!(facts(&columnar), facts(&called)),
            (Err(e), Some(a)) => {
                if a.code() != ErrorCode::LimitExceeded {
                    prop_assert_eq!(e.code(), a.code(), "{:?} {:?}", e, a);
                }
                prop_assert_eq!(facts(&columnar), before);
            }
            (a, b) => prop_assert!(false, "{:?} but {:?}", a, b),
        }
    }
}

#[test]
fn errors_name_row_cell_and_column() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("price", ColumnKind::F64).unwrap().add("side", ColumnKind::Symbol).unwrap();
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    let mut fails = |cells: &[Cell<'_>], at, code, message: &str| {
        let e = buffer.append_row(&layout, cells, at).unwrap_err();
        assert_eq!((e.code(), e.message()), (code, message));
        assert!(buffer.is_empty());
    };
    let bad = Text::unchecked(b"a\xff");
    fails(
        &[Cell::F64(1.0), Cell::Text(bad)],
        Some(1),
        ErrorCode::InvalidUtf8,
        "cell 1, column \"side\": \"a\\xff\" is not valid UTF-8 at byte 1",
    );
    fails(
        &[Cell::I64(1), Cell::Null],
        Some(1),
        ErrorCode::InvalidArgument,
        "cell 0, column \"price\": an integer for a column of kind F64",
    );
    fails(
        &[Cell::Null, Cell::Null],
        Some(1),
        ErrorCode::InvalidState,
        "every cell of the row is null: a row needs a symbol or column",
    );
    fails(&[Cell::Null], Some(1), ErrorCode::InvalidArgument, "1 cells for a layout of 2 columns");
    fails(
        &[Cell::F64(1.0), Cell::Null],
        None,
        ErrorCode::InvalidArgument,
        "the layout takes a designated timestamp in Nanos",
    );
    let columns = [
        ColumnValues::F64(&[1.0, 2.0]).into(),
        ColumnData::from(ColumnValues::Dictionary {
            codes: Codes::I8(&[0, -1]),
            offsets: Offsets::I32(&[0, 3]),
            bytes: b"buy",
        }),
    ];
    let e = buffer.append_columns(&layout, 2, &columns, Some(&[1, 2])).unwrap_err();
    assert_eq!(
        (e.code(), e.message()),
        (
            ErrorCode::InvalidArgument,
            "row 1: cell 1, column \"side\": a code is outside the dictionary of 1 texts"
        )
    );
    assert!(buffer.is_empty());
    let e = buffer.append_columns(&layout, 3, &columns, Some(&[1, 2])).unwrap_err();
    assert_eq!(e.message(), "2 designated timestamps for 3 rows");
}

#[test]
fn foreign_offsets_and_bits_are_checked() {
    let mut layout = RowLayout::new("t").unwrap();
    layout.add("s", ColumnKind::Str).unwrap().set_timestamp(TimestampKind::Now);
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    let cases: [(&[i32], Option<Bits<'_>>, bool); 6] = [
        (&[0, 1, 3], None, true),
        (&[0, 3, 1], None, false),
        (&[0, 1, 4], None, false),
        (&[-1, 1, 3], None, false),
        (&[0, 1], None, false),
        (&[0, 1, 3], Some(Bits::new(&[0xFF], 7)), false),
    ];
    for (offsets, validity, good) in cases {
        buffer.clear();
        let values = ColumnValues::Text { offsets: Offsets::I32(offsets), bytes: b"abc" };
        let result = buffer.append_columns(&layout, 2, &[ColumnData { values, validity }], None);
        match result {
            Ok(()) => {
                assert!(good);
                assert_eq!(buffer.peek(), b"t s=\"a\"\nt s=\"bc\"\n");
            }
            Err(e) => {
                assert!(!good, "{e}");
                assert_eq!(e.code(), ErrorCode::InvalidArgument);
                assert!(buffer.is_empty());
            }
        }
    }
    assert!(layout.add("s", ColumnKind::F64).is_err(), "declared twice");
}

/// However rows of several tables are appended and taken back, the buffer knows its first table and whether there is another
/// one.
#[test]
fn tables_are_counted_on_every_road() {
    let names = ["a", "b", "c"];
    let layouts: Vec<_> = names
        .iter()
        .map(|name| {
            let mut layout = RowLayout::new(*name).unwrap();
            layout.add("x", ColumnKind::I64).unwrap().set_timestamp(TimestampKind::Now);
            layout
        })
        .collect();
    let mut random = fastrand::Rng::with_seed(8);
    for _ in 0..300 {
        let mut buffer = Buffer::new(ProtocolVersion::V2);
        let (mut model, mut marker): (Vec<usize>, Option<usize>) = (Vec::new(), None);
        for _ in 0..40 {
            let table = random.usize(0..3);
            match random.u8(0..12) {
                0..3 => {
                    buffer.table(names[table]).unwrap();
                    buffer.column_i64("x", 1).unwrap().at_now().unwrap();
                    model.push(table);
                }
                3..8 => {
                    buffer.append_row(&layouts[table], &[Cell::I64(1)], None).unwrap();
                    model.push(table);
                }
                8 => {
                    let columns = [ColumnValues::I64(&[1, 1]).into()];
                    buffer.append_columns(&layouts[table], 2, &columns, None).unwrap();
                    model.extend([table; 2]);
                }
                9 => {
                    buffer.set_marker().unwrap();
                    marker = Some(model.len());
                }
                10 => {
                    if let Some(len) = marker.take() {
                        buffer.rewind_to_marker().unwrap();
                        model.truncate(len);
                    }
                }
                _ => {
                    buffer.clear();
                    (model, marker) = (Vec::new(), None);
                }
            }
            let text: String =
                model.iter().map(|table| format!("{} x=1i\n", names[*table])).collect();
            assert_eq!(buffer.peek(), text.as_bytes());
            assert_eq!(buffer.row_count(), model.len());
            let first = model.first();
            assert_eq!(buffer.first_table().as_deref(), first.map(|table| names[*table]));
            let one = model.iter().all(|table| Some(table) == first);
            assert_eq!(buffer.is_transactional(), one);
        }
    }
}
