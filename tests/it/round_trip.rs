//! Random rows go through our encoder and back through the receiver, which shares no code with it. Exactly the same rows
//! must come back, in every protocol version. One test compares lines, in which even duplicates and odd names must survive,
//! and one compares tables of typed columns.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use questdb_ingress::{ArrayView, Buffer, ColumnName, ProtocolVersion, TableName};
use questdb_receiver::line::{FieldValue, Line, LineParser, Progress, Stamp, TimeUnit};
use questdb_receiver::{Decimal, Receiver, Value};

use questdb_ingress_testkit::raw_client::{Http, connect};

const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3];

/// How an array lies in memory.
#[derive(Debug, Clone, Copy)]
enum Layout {
    Dense,
    Fortran,
    Backwards,
    /// Each element takes twelve bytes, so that most are not aligned.
    Sparse,
}

/// An array, its elements in row-major order.
#[derive(Debug, Clone)]
struct Array {
    shape: Vec<usize>,
    data: Vec<f64>,
    layout: Layout,
}

#[derive(Debug, Clone)]
enum Cell {
    Bool(bool),
    Long(i64),
    Double(f64),
    Text(String),
    Micros(i64),
    Nanos(i64),
    Array(Array),
    /// `unscaled / 10^scale`, given as text.
    DecimalText(i64, u8),
    DecimalInt(i128, u8),
    /// As bytes, with this many more than needed.
    DecimalBytes(i128, u8, usize),
}

/// One call between `table` and `at`.
#[derive(Debug, Clone)]
enum Step {
    Add(Cell),
    /// Leaves a value out.
    Leave,
    /// Makes a call that fails and must leave no trace.
    Fail,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Now,
    Nanos(i64),
    Micros(i64),
}

#[derive(Debug, Clone)]
struct Row {
    table: String,
    symbols: Vec<(String, String)>,
    steps: Vec<(String, Step)>,
    at: At,
}

fn needs(cell: &Cell) -> ProtocolVersion {
    match cell {
        Cell::Array(_) => ProtocolVersion::V2,
        Cell::DecimalText(..) | Cell::DecimalInt(..) | Cell::DecimalBytes(..) => {
            ProtocolVersion::V3
        }
        _ => ProtocolVersion::V1,
    }
}

// ---- What is generated.

fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        4 => proptest::sample::select(r#" ,=\"'/.-"#.chars().chain("\n\r\t".chars()).collect::<Vec<_>>()),
        1 => any::<char>().prop_filter("a symbol cannot hold NUL", |c| *c != '\0'),
    ];
    // Some texts are long enough for code that processes many bytes at once.
    prop_oneof![8 => vec(c.clone(), 0..12), 1 => vec(c, 30..200)]
        .prop_map(|chars| chars.into_iter().collect())
}

/// Generates a name that both tables and columns may have.
fn name() -> impl Strategy<Value = String> {
    let c = proptest::sample::select("aBz09_ =\u{10}\u{1f}żЯ日🙂".chars().collect::<Vec<_>>());
    vec(c, 1..8).prop_map(|chars| chars.into_iter().collect())
}

fn array(ndim: impl Strategy<Value = usize>) -> impl Strategy<Value = Array> {
    let layout = proptest::sample::select(vec![
        Layout::Dense,
        Layout::Fortran,
        Layout::Backwards,
        Layout::Sparse,
    ]);
    (ndim.prop_flat_map(|ndim| vec(0usize..4, ndim)), layout).prop_flat_map(|(shape, layout)| {
        let count = shape.iter().product::<usize>();
        vec(proptest::num::f64::ANY, count).prop_map(move |data| Array {
            shape: shape.clone(),
            data,
            layout,
        })
    })
}

fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -1000i64..1000, Just(i64::MIN), Just(i64::MAX)]
}

fn double() -> impl Strategy<Value = f64> {
    let exact = prop_oneof![Just(0.1), Just(5e-324), Just(f64::MAX), Just(1e16), Just(-0.0)];
    prop_oneof![
        proptest::num::f64::ANY,
        exact,
        (-1_000_000..1_000_000).prop_map(|i| f64::from(i) / 100.0)
    ]
}

fn decimal() -> impl Strategy<Value = Cell> {
    let wide = || prop_oneof![any::<i128>(), integer().prop_map(i128::from)];
    prop_oneof![
        (integer(), 0u8..=57).prop_map(|(v, s)| Cell::DecimalText(v, s)),
        (wide(), 0u8..=76).prop_map(|(v, s)| Cell::DecimalInt(v, s)),
        (wide(), 0u8..=76, 0usize..=16).prop_map(|(v, s, more)| Cell::DecimalBytes(v, s, more)),
    ]
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        any::<bool>().prop_map(Cell::Bool),
        integer().prop_map(Cell::Long),
        double().prop_map(Cell::Double),
        text().prop_map(Cell::Text),
        Just(Cell::Text("\0".into())),
        integer().prop_map(Cell::Micros),
        integer().prop_map(Cell::Nanos),
        array(1usize..5).prop_map(Cell::Array),
        decimal(),
    ]
}

/// Generates a designated timestamp that every version can send and the server accepts.
fn at() -> impl Strategy<Value = At> {
    prop_oneof![
        1 => Just(At::Now),
        4 => (0..=9_214_646_399_999_999_999i64).prop_map(At::Nanos),
        4 => (0..=9_214_646_399_999_999i64).prop_map(At::Micros),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let step =
        prop_oneof![8 => cell().prop_map(Step::Add), 1 => Just(Step::Leave), 1 => Just(Step::Fail)];
    let symbols = vec((name(), text()), 0..4);
    (name(), symbols, vec((name(), step), 0..6), at()).prop_map(|(table, symbols, steps, at)| Row {
        table,
        symbols,
        steps,
        at,
    })
}

// ---- Into the buffer.

fn fill(buffer: &mut Buffer, row: &Row, interned: bool) {
    if interned {
        buffer.table(&TableName::new(&row.table).unwrap()).unwrap();
    } else {
        buffer.table(row.table.as_str()).unwrap();
    }
    for (name, value) in &row.symbols {
        if interned {
            let name = ColumnName::new(name).unwrap();
            buffer.symbol(&name, value.as_str()).unwrap();
        } else {
            buffer.symbol(name.as_str(), value.as_str()).unwrap();
        }
    }
    for (name, step) in &row.steps {
        match step {
            Step::Add(cell) if needs(cell) > buffer.protocol_version() => {
                assert!(add(buffer, name, cell).is_err());
            }
            Step::Add(cell) => add(buffer, name, cell).unwrap(),
            Step::Leave => drop(buffer.column_f64(name.as_str(), None).unwrap()),
            Step::Fail => {
                assert!(buffer.table("late").is_err());
                assert!(buffer.column_i64("a.b", 1).is_err());
                assert!(buffer.column_dec_str(name.as_str(), "1.2.3").is_err());
            }
        }
    }
}

fn end(buffer: &mut Buffer, at: At) {
    match at {
        At::Now => buffer.at_now().unwrap(),
        At::Nanos(v) => buffer.at_nanos(v).unwrap(),
        At::Micros(v) => buffer.at_micros(v).unwrap(),
    }
}

fn add(buffer: &mut Buffer, name: &str, cell: &Cell) -> questdb_ingress::Result<()> {
    match cell {
        Cell::Bool(v) => buffer.column_bool(name, *v)?,
        Cell::Long(v) => buffer.column_i64(name, *v)?,
        Cell::Double(v) => buffer.column_f64(name, *v)?,
        Cell::Text(v) => buffer.column_str(name, v.as_str())?,
        Cell::Micros(v) => buffer.column_ts_micros(name, *v)?,
        Cell::Nanos(v) => buffer.column_ts_nanos(name, *v)?,
        Cell::Array(v) => return add_array(buffer, name, v),
        Cell::DecimalText(v, scale) => {
            buffer.column_dec_str(name, decimal_text(*v, *scale).as_str())?
        }
        Cell::DecimalInt(v, scale) => match i64::try_from(*v) {
            Ok(v) => buffer.column_dec_i64(name, u32::from(*scale), v)?,
            Err(_) => buffer.column_dec_i128(name, u32::from(*scale), *v)?,
        },
        Cell::DecimalBytes(v, scale, more) => {
            let fill = if *v < 0 { 0xFF } else { 0 };
            let bytes = [vec![fill; *more], v.to_be_bytes().to_vec()].concat();
            buffer.column_dec(name, u32::from(*scale), &bytes[..])?
        }
    };
    Ok(())
}

/// Returns plain digits, or an exponent if the number is small.
fn decimal_text(unscaled: i64, scale: u8) -> String {
    if scale > 20 {
        return format!("{unscaled}e-{scale}");
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let width = usize::from(scale) + 1;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn add_array(buffer: &mut Buffer, name: &str, array: &Array) -> questdb_ingress::Result<()> {
    let Array { shape, data, layout } = array;
    let count = data.len();
    let row_major = |item: usize| -> Vec<isize> {
        let stride = |i: usize| shape[i + 1..].iter().product::<usize>() * item;
        (0..shape.len()).map(|i| isize::try_from(stride(i)).unwrap()).collect()
    };
    let add =
        |buffer: &mut Buffer, view: &ArrayView<'_>| buffer.column_f64_arr(name, view).map(drop);
    match layout {
        Layout::Fortran if count > 0 => {
            let strides: Vec<usize> =
                (0..shape.len()).map(|i| shape[..i].iter().product()).collect();
            let mut moved = vec![0.0; count];
            for (at, value) in data.iter().enumerate() {
                let mut rest = at;
                let mut to = 0;
                for (len, stride) in shape.iter().zip(&strides).rev() {
                    to += rest % len * stride;
                    rest /= len;
                }
                moved[to] = *value;
            }
            let strides: Vec<isize> =
                strides.iter().map(|s| isize::try_from(*s).unwrap()).collect();
            add(buffer, &ArrayView::element_strides(shape, &strides, &moved, 0)?)
        }
        Layout::Backwards if count > 0 => {
            let strides: Vec<isize> = row_major(1).iter().map(|s| -s).collect();
            let moved: Vec<f64> = data.iter().rev().copied().collect();
            add(buffer, &ArrayView::element_strides(shape, &strides, &moved, count - 1)?)
        }
        Layout::Sparse if count > 0 => {
            let bytes: Vec<u8> =
                data.iter().flat_map(|v| v.to_le_bytes().into_iter().chain([0xAA; 4])).collect();
            add(buffer, &ArrayView::byte_strides(shape, &row_major(12), &bytes, 0)?)
        }
        _ => add(buffer, &ArrayView::c_major(shape, data)?),
    }
}

// ---- What must come out, in a form that compares bits.

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Bool(bool),
    Long(i64),
    Double(u64),
    Text(String),
    Time(TimeUnit, i64),
    Array(Vec<usize>, Vec<u64>),
    Decimal(u8, String),
}

#[derive(Debug, Clone, PartialEq)]
struct SeenRow {
    table: String,
    symbols: Vec<(String, String)>,
    fields: Vec<(String, Seen)>,
    stamp: Option<Stamp>,
}

fn bits(data: &[f64]) -> Vec<u64> {
    data.iter().map(|v| v.to_bits()).collect()
}

fn expected_cell(cell: &Cell, version: ProtocolVersion) -> Option<Seen> {
    if needs(cell) > version {
        return None;
    }
    let v1 = version == ProtocolVersion::V1;
    Some(match cell {
        Cell::Bool(v) => Seen::Bool(*v),
        Cell::Long(v) => Seen::Long(*v),
        // Text has one spelling for every NaN.
        Cell::Double(v) if v1 && v.is_nan() => Seen::Double(f64::NAN.to_bits()),
        Cell::Double(v) => Seen::Double(v.to_bits()),
        Cell::Text(v) => Seen::Text(v.clone()),
        Cell::Micros(v) => Seen::Time(TimeUnit::Micros, *v),
        Cell::Nanos(v) if v1 => Seen::Time(TimeUnit::Micros, v / 1000),
        Cell::Nanos(v) => Seen::Time(TimeUnit::Nanos, *v),
        Cell::Array(a) => Seen::Array(a.shape.clone(), bits(&a.data)),
        Cell::DecimalText(v, scale) => Seen::Decimal(*scale, v.to_string()),
        Cell::DecimalInt(v, scale) | Cell::DecimalBytes(v, scale, _) => {
            Seen::Decimal(*scale, v.to_string())
        }
    })
}

fn expected_row(row: &Row, version: ProtocolVersion) -> Option<SeenRow> {
    let fields: Vec<_> = row
        .steps
        .iter()
        .filter_map(|(name, step)| match step {
            Step::Add(cell) => Some((name.clone(), expected_cell(cell, version)?)),
            Step::Leave | Step::Fail => None,
        })
        .collect();
    if fields.is_empty() && row.symbols.is_empty() {
        return None;
    }
    let unit = |unit| (version > ProtocolVersion::V1).then_some(unit);
    let stamp = match row.at {
        At::Now => None,
        At::Nanos(value) => Some(Stamp { value, unit: unit(TimeUnit::Nanos) }),
        At::Micros(v) if version == ProtocolVersion::V1 => {
            Some(Stamp { value: v * 1000, unit: None })
        }
        At::Micros(value) => Some(Stamp { value, unit: unit(TimeUnit::Micros) }),
    };
    let (table, symbols) = (row.table.clone(), row.symbols.clone());
    Some(SeenRow { table, symbols, fields, stamp })
}

fn own(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn seen_cell(value: FieldValue<'_>) -> Seen {
    match value {
        FieldValue::Boolean(v) => Seen::Bool(v),
        FieldValue::Long(v) => Seen::Long(v),
        FieldValue::Double(v) => Seen::Double(v.to_bits()),
        FieldValue::String(v) => Seen::Text(own(v)),
        FieldValue::Timestamp(unit, v) => Seen::Time(unit, v),
        FieldValue::Array(Some(a)) => {
            let shape = a.shape().map(|n| usize::try_from(n).unwrap()).collect();
            Seen::Array(shape, a.data().map(f64::to_bits).collect())
        }
        FieldValue::Decimal(Some(d)) => Seen::Decimal(d.scale(), d.unscaled()),
        other => panic!("no call makes {other:?}"),
    }
}

fn seen_row(line: &Line<'_>) -> SeenRow {
    SeenRow {
        table: own(line.table()),
        symbols: line.symbols().map(|(n, v)| (own(n), own(v))).collect(),
        fields: line.fields().map(|(n, v)| (own(n), seen_cell(v))).collect(),
        stamp: line.stamp(),
    }
}

fn parse(mut input: &[u8]) -> Vec<SeenRow> {
    let mut parser = LineParser::new();
    let mut rows = Vec::new();
    while !input.is_empty() {
        match parser.parse(input).unwrap() {
            Progress::Row(line, len) => {
                rows.push(seen_row(&line));
                input = &input[len..];
            }
            other => panic!("{other:?} at {}", String::from_utf8_lossy(input)),
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lines(rows in vec(row(), 1..6), interned in any::<bool>()) {
        for version in VERSIONS {
            let mut buffer = Buffer::new(version);
            let mut expected = Vec::new();
            for row in &rows {
                let Some(seen) = expected_row(row, version) else { continue };
                fill(&mut buffer, row, interned);
                end(&mut buffer, row.at);
                expected.push(seen);
            }
            prop_assert_eq!(buffer.row_count(), expected.len());
            let parsed = parse(buffer.peek());
            prop_assert_eq!(parsed, expected, "{:?}", version);
        }
    }
}

// ---- Through tables.

/// A table: the names of its columns and a generator of cells for each. Every row has some of them.
#[derive(Debug, Clone)]
struct Plan {
    name: String,
    symbol: String,
    columns: Vec<String>,
    rows: Vec<(Option<String>, Vec<Option<Cell>>, At)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    vec(0usize..9, 0..6).prop_flat_map(|kinds| {
        let kind_of = |kind: usize| -> BoxedStrategy<Cell> {
            match kind {
                0 => any::<bool>().prop_map(Cell::Bool).boxed(),
                1 => integer().prop_map(Cell::Long).boxed(),
                2 => double().prop_map(Cell::Double).boxed(),
                3 => text().prop_map(Cell::Text).boxed(),
                4 => integer().prop_map(Cell::Micros).boxed(),
                5 => integer().prop_map(Cell::Nanos).boxed(),
                6 => array(Just(1usize)).prop_map(Cell::Array).boxed(),
                7 => array(Just(3usize)).prop_map(Cell::Array).boxed(),
                _ => decimal().boxed(),
            }
        };
        let names = vec(name(), kinds.len());
        let cells: Vec<_> = kinds.iter().map(|kind| proptest::option::of(kind_of(*kind))).collect();
        let rows = vec((proptest::option::of(text()), cells, at()), 1..8);
        (name(), name(), names, rows).prop_map(|(name, symbol, columns, rows)| {
            // The names are numbered, because names that differ only in case are one column.
            let columns =
                columns.iter().enumerate().map(|(i, name)| format!("c{i}{name}")).collect();
            Plan { name: format!("t{name}."), symbol: format!("s{symbol}"), columns, rows }
        })
    })
}

/// Compares a cell with what the receiver holds.
fn compare(cell: Option<&Cell>, version: ProtocolVersion, stored: Value<'_>) {
    let missing = |v: i64| v == i64::MIN;
    match (cell.and_then(|c| expected_cell(c, version)), stored) {
        (None, Value::Null) => {}
        (Some(Seen::Long(v) | Seen::Time(_, v)), Value::Null) if missing(v) => {}
        (Some(Seen::Bool(a)), Value::Boolean(b)) if a == b => {}
        (Some(Seen::Long(a)), Value::Long(b)) if a == b => {}
        (Some(Seen::Double(a)), Value::Double(b)) if a == b.to_bits() => {}
        (Some(Seen::Text(a)), Value::Varchar(b)) if a == b => {}
        (Some(Seen::Time(TimeUnit::Micros, a)), Value::TimestampMicros(b)) if a == b => {}
        (Some(Seen::Time(TimeUnit::Nanos, a)), Value::TimestampNanos(b)) if a == b => {}
        (Some(Seen::Array(shape, data)), Value::Array(b)) => {
            assert!(b.shape().iter().map(|n| *n as usize).eq(shape));
            assert_eq!(bits(b.data()), data);
        }
        (Some(Seen::Decimal(scale, a)), Value::Decimal(b)) => {
            assert_eq!((b.scale(), b.unscaled()), (scale, a));
        }
        (sent, stored) => panic!("sent {sent:?}, stored {stored:?}"),
    }
}

fn compare_time(at: At, first: At, version: ProtocolVersion, stored: Value<'_>) {
    let nanos = match at {
        At::Now => return assert_ne!(stored, Value::Null),
        At::Nanos(v) => i128::from(v),
        At::Micros(v) => i128::from(v) * 1000,
    };
    // The first row's suffix decides how precise the column is.
    let fine = version > ProtocolVersion::V1 && matches!(first, At::Nanos(_));
    match stored {
        Value::TimestampNanos(v) if fine => assert_eq!(i128::from(v), nanos),
        Value::TimestampMicros(v) if !fine => assert_eq!(i128::from(v), nanos / 1000),
        other => panic!("{other:?} is of the wrong precision"),
    }
}

#[test]
fn tables() {
    for version in VERSIONS {
        let receiver = Receiver::builder().strict_decimals(false).start().unwrap();
        let mut client = Http::over(connect(receiver.http_addr()));
        let mut runner = TestRunner::new(ProptestConfig::with_cases(100));
        let case = std::cell::Cell::new(0);
        let client = std::cell::RefCell::new(&mut client);
        runner
            .run(&vec(plan(), 1..4), |mut plans| {
                case.set(case.get() + 1);
                for (n, plan) in plans.iter_mut().enumerate() {
                    plan.name.push_str(&format!("{}-{n}", case.get()));
                }
                let mut buffer = Buffer::new(version);
                let longest = plans.iter().map(|p| p.rows.len()).max().unwrap_or(0);
                // Rows alternate between the tables.
                for (row, plan) in (0..longest).flat_map(|row| plans.iter().map(move |p| (row, p)))
                {
                    let Some((symbol, cells, at)) = plan.rows.get(row) else { continue };
                    buffer.table(plan.name.as_str()).unwrap();
                    buffer.symbol(plan.symbol.as_str(), symbol.as_deref()).unwrap();
                    buffer.column_i64("id", i64::try_from(row).unwrap()).unwrap();
                    for (name, cell) in plan.columns.iter().zip(cells) {
                        if let Some(cell) = cell.as_ref().filter(|c| needs(c) <= version) {
                            add(&mut buffer, name, cell).unwrap();
                        }
                    }
                    end(&mut buffer, *at);
                }
                let answer = client.borrow_mut().write(buffer.peek());
                prop_assert_eq!(answer.status, 204, "{}", answer.body);
                for plan in &plans {
                    check_table(&receiver, plan, version);
                }
                Ok(())
            })
            .unwrap();
    }
}

fn check_table(receiver: &Receiver, plan: &Plan, version: ProtocolVersion) {
    let table = receiver.table(&plan.name).unwrap();
    assert_eq!((table.name(), table.row_count()), (plan.name.as_str(), plan.rows.len()));
    let mut created: HashMap<&str, bool> =
        plan.columns.iter().map(|c| (c.as_str(), false)).collect();
    for (row, (symbol, cells, at)) in plan.rows.iter().enumerate() {
        let value = |name: &str| table.value(row, name).unwrap_or(Value::Null);
        assert_eq!(value("id"), Value::Long(i64::try_from(row).unwrap()));
        let expected = symbol.as_deref().map_or(Value::Null, Value::Symbol);
        assert_eq!(value(&plan.symbol), expected);
        for (name, cell) in plan.columns.iter().zip(cells) {
            compare(cell.as_ref(), version, value(name));
            let sent = cell.as_ref().is_some_and(|c| needs(c) <= version);
            *created.get_mut(name.as_str()).unwrap() |= sent;
        }
        compare_time(*at, plan.rows[0].2, version, table.designated().value(row));
    }
    for (name, created) in created {
        assert_eq!(table.column(name).is_some(), created, "column {name:?}");
    }
}

#[test]
fn a_decimal_of_every_length_of_bytes() {
    for len in 1..=32 {
        for first in [0x00, 0x7F, 0x80, 0xFF] {
            let mut bytes = vec![0x5A; len];
            bytes[0] = first;
            // This has more digits than a decimal may have.
            if len == 32 && [0x7F, 0x80].contains(&first) {
                continue;
            }
            let mut buffer = Buffer::new(ProtocolVersion::V3);
            buffer.table("t").unwrap().column_dec("d", 3, &bytes[..]).unwrap();
            buffer.at_now().unwrap();
            let rows = parse(buffer.peek());
            let Some((_, Seen::Decimal(3, unscaled))) = rows[0].fields.first() else {
                panic!("{rows:?}")
            };
            assert_eq!(unscaled.starts_with('-'), first >= 0x80);
            if let Ok(small) = unscaled.parse::<i128>() {
                let full = small.to_be_bytes();
                let (head, tail) = full.split_at(16 - len.min(16));
                assert!(bytes.ends_with(tail) && head.iter().all(|b| *b == head[0]));
                assert_eq!(Decimal::new(small, 3).unscaled(), *unscaled);
            } else {
                assert!(len >= 16, "{unscaled}");
            }
        }
    }
}
