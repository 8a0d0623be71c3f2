//! What each form of the protocol becomes in a table: types of created columns, values, NULLs. The tests send raw bytes,
//! without a client of ours.

use serde_json::{Value, json};

use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => every_form_is_stored_as_documented,
    Options::PLAIN => values_are_cast_to_existing_columns,
    Options::PLAIN => a_nanosecond_stamp_makes_a_nanosecond_table,
}

/// Returns the bytes after `==` of an array of doubles.
fn array(shape: &[u32], data: &[f64]) -> Vec<u8> {
    let mut bytes = vec![14, 10, u8::try_from(shape.len()).unwrap()];
    bytes.extend(shape.iter().flat_map(|d| d.to_le_bytes()));
    bytes.extend(data.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

/// Returns the bytes after `==` of a double.
fn double(value: f64) -> Vec<u8> {
    [&[16][..], &value.to_le_bytes()].concat()
}

/// Returns the bytes after `==` of a timestamp with a unit.
fn stamp(unit: u8, value: i64) -> Vec<u8> {
    [&[13, unit][..], &value.to_le_bytes()].concat()
}

/// Returns a row without its table and timestamp: text, and perhaps a binary value, which ends it.
fn text(row: &str) -> Vec<u8> {
    row.as_bytes().to_vec()
}

fn binary(name: &str, payload: Vec<u8>) -> Vec<u8> {
    [format!(" {name}==").into_bytes(), payload].concat()
}

/// The row, what to select, the types of what was selected, and its values.
type Case = (Vec<u8>, &'static str, &'static str, Value);

fn text_forms() -> Vec<Case> {
    vec![
        (text(" x=5i"), "x", "x LONG", json!([5])),
        (text(" x=9223372036854775807i"), "x", "x LONG", json!([i64::MAX])),
        (text(" x=-9223372036854775808i"), "x", "x LONG", json!([null])),
        (text(" x=t,y=f"), "x, y", "x BOOLEAN, y BOOLEAN", json!([true, false])),
        (text(" x=1.5,y=-0.0"), "x, y", "x DOUBLE, y DOUBLE", json!([1.5, -0.0])),
        (text(" x=5e-324,y=1E+100"), "x, y", "x DOUBLE, y DOUBLE", json!([5e-324, 1e100])),
        (text(" x=NaN,y=Infinity"), "x, y", "x DOUBLE, y DOUBLE", json!([null, null])),
        (text(" x=-Infinity"), "x", "x DOUBLE", json!([null])),
        (text(" x=\"\""), "x, x = ''", "x VARCHAR, x = '' BOOLEAN", json!(["", true])),
        (
            text(" x=\"a\\\"b\\\\c\\\nd\\\re,f=g h\""),
            "x, length(x)",
            "x VARCHAR, length(x) INT",
            json!(["a\"b\\c\nd\re,f=g h", 15]),
        ),
        (text(" x=\"a\rb\""), "x", "x VARCHAR", json!(["a\rb"])),
        (text(" x=\"a\0\tb\u{1b}\u{7f}\""), "x", "x VARCHAR", json!(["a\0\tb\u{1b}\u{7f}"])),
        (text(" x=\"zażółć 日本語 🙂\""), "x", "x VARCHAR", json!(["zażółć 日本語 🙂"])),
        (
            [text(" x=\"a"), vec![0xff], text("b\"")].concat(),
            "x",
            "x VARCHAR",
            json!(["a\u{fffd}b"]),
        ),
        (text(",x=a"), "x", "x SYMBOL", json!(["a"])),
        (text(",x="), "x, x = ''", "x SYMBOL, x = '' BOOLEAN", json!(["", true])),
        (text(",x=\"v\" y=1i"), "x", "x SYMBOL", json!(["\"v\""])),
        (text(",x=a/b y=1i"), "x", "x SYMBOL", json!(["a/b"])),
        (
            text(",x=a\\ b\\,c\\=d\\\\e\\\nf\\\rg🙂 y=1i"),
            "x",
            "x SYMBOL",
            json!(["a b,c=d\\e\nf\rg🙂"]),
        ),
        (text(" x=1000t"), "x", "x TIMESTAMP", json!(["1970-01-01T00:00:00.001000Z"])),
        (text(" x=-1n"), "x", "x TIMESTAMP_NS", json!(["1969-12-31T23:59:59.999999999Z"])),
        (text(" x=1000m"), "x", "x TIMESTAMP", json!(["1970-01-01T00:00:01.000000Z"])),
        (text(" x=-9223372036854775808t"), "x", "x TIMESTAMP", json!([null])),
        (text(" x=-9223372036854775808n"), "x", "x TIMESTAMP_NS", json!([null])),
        (text(" x=0x123456789abcdefi"), "x", "x LONG256", json!(["0x0123456789abcdef"])),
        // The first of several columns with the same name counts, whatever the case of its letters and its type.
        (text(" x=1i,X=2i,x=\"s\""), "x", "x LONG", json!([1])),
        (text(",x=a X=2i"), "x", "x SYMBOL", json!(["a"])),
        // Names keep the case that they were created with.
        (text(" Abc=1i,"), "*", "Abc LONG, timestamp TIMESTAMP", json!([1, STAMP])),
        // These are allowed in names although they are control characters, blanks or punctuation.
        (
            text(" a\u{10}\u{1f}\\ b\\=c=1i"),
            "*",
            "a\u{10}\u{1f} b=c LONG, timestamp TIMESTAMP",
            json!([1, STAMP]),
        ),
        // A field with the name of the designated column sets the time of the row.
        (
            text(" x=1i,timestamp=5000t"),
            "*",
            "x LONG, timestamp TIMESTAMP",
            json!([1, "1970-01-01T00:00:00.005000Z"]),
        ),
    ]
}

fn binary_forms() -> Vec<Case> {
    let deep = (0..32).fold(json!(7.0), |inside, _| json!([inside]));
    let ramp: Vec<f64> = (0..6).map(f64::from).collect();
    vec![
        (binary("x", double(0.1)), "x", "x DOUBLE", json!([0.1])),
        (binary("x", double(f64::NAN)), "x", "x DOUBLE", json!([null])),
        (binary("x", double(f64::INFINITY)), "x", "x DOUBLE", json!([null])),
        (binary("x", [&[2][..], &0.5_f32.to_le_bytes()].concat()), "x", "x DOUBLE", json!([0.5])),
        (binary("x", [&[3][..], &(-7_i32).to_le_bytes()].concat()), "x", "x LONG", json!([-7])),
        (binary("x", [&[15][..], &(-7_i64).to_le_bytes()].concat()), "x", "x LONG", json!([-7])),
        (binary("x", [&[15][..], &i64::MIN.to_le_bytes()].concat()), "x", "x LONG", json!([null])),
        (binary("x", vec![6, 1]), "x", "x BOOLEAN", json!([true])),
        (binary("x", vec![6, 2]), "x", "x BOOLEAN", json!([false])),
        (
            binary("x", stamp(1, 1)),
            "x",
            "x TIMESTAMP_NS",
            json!(["1970-01-01T00:00:00.000000001Z"]),
        ),
        (binary("x", stamp(2, 1)), "x", "x TIMESTAMP", json!(["1970-01-01T00:00:00.000001Z"])),
        (binary("x", stamp(3, 1)), "x", "x TIMESTAMP", json!(["1970-01-01T00:00:00.001000Z"])),
        (binary("x", stamp(6, 1)), "x", "x TIMESTAMP", json!(["1970-01-01T01:00:00.000000Z"])),
        (binary("x", array(&[3], &[1.0, 2.5, -3.0])), "x", "x ARRAY", json!([[1.0, 2.5, -3.0]])),
        (
            binary("x", array(&[2, 3], &ramp)),
            "x",
            "x ARRAY",
            json!([[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]),
        ),
        // An empty array is not NULL, and NaN and the infinities inside an array are shown as null.
        (binary("x", array(&[0], &[])), "x", "x ARRAY", json!([[]])),
        (binary("x", array(&[2, 0], &[])), "x", "x ARRAY", json!([[]])),
        (
            binary("x", array(&[3], &[f64::NAN, f64::INFINITY, -0.0])),
            "x",
            "x ARRAY",
            json!([[null, null, -0.0]]),
        ),
        (binary("x", array(&[1; 32], &[7.0])), "x", "x ARRAY", json!([deep])),
    ]
}

const STAMP: &str = "2023-11-14T22:13:20.000000Z";

fn every_form_is_stored_as_documented(server: &QuestDb) {
    let cases = [text_forms(), binary_forms()].concat();
    for (row, select, types, values) in &cases {
        let table = unique("stored");
        let body = [table.as_bytes(), row, b" 1700000000000000000\n"].concat();
        server.write_ok(&body);
        let rows = server.read(&table, &format!("select {select} from {table} limit 1"));
        let shown = String::from_utf8_lossy(row);
        assert_eq!(rows.types().join(", "), *types, "types of {shown:?}");
        assert_eq!(json!(rows.cells[0]), *values, "values of {shown:?}");
    }
    report_cases("forms stored", cases.len());
}

/// Returns the type of a column, what is sent, and what is then stored.
fn casts() -> Vec<(&'static str, Vec<u8>, Value)> {
    let decimal = |scale: u8, unscaled: &[u8]| {
        let length = u8::try_from(unscaled.len()).unwrap();
        [&[23, scale, length][..], unscaled].concat()
    };
    let mut cases: Vec<(&str, Vec<u8>, Value)> = [
        ("decimal(18,3)", " v=1.5d", json!("1.500")),
        ("decimal(18,3)", " v=-123.456d", json!("-123.456")),
        ("decimal(18,3)", " v=+1.5d", json!("1.500")),
        ("decimal(18,3)", " v=.5d", json!("0.500")),
        ("decimal(18,3)", " v=5.d", json!("5.000")),
        ("decimal(18,3)", " v=1e3d", json!("1000.000")),
        ("decimal(18,3)", " v=1E+2d", json!("100.000")),
        ("decimal(18,3)", " v=-0d", json!("0.000")),
        ("decimal(18,3)", " v=1.5md", json!("1.500")),
        // More digits than the scale are accepted if they are zeros; otherwise the row is refused, and never rounded.
        ("decimal(18,3)", " v=1.2340d", json!("1.234")),
        ("decimal(18,3)", " v=999999999999999.999d", json!("999999999999999.999")),
        ("decimal(18,3)", " v=NaNd", json!(null)),
        ("decimal(18,3)", " v=Infinityd", json!(null)),
        ("decimal(18,3)", " v=-Infinityd", json!(null)),
        ("decimal(18,3)", " v=5i", json!("5.000")),
        ("decimal(18,3)", " v=1.5", json!("1.500")),
        ("decimal(18,3)", " v=\"1.5\"", json!("1.500")),
        (
            "decimal(76,0)",
            " v=9999999999999999999999999999d",
            json!("9999999999999999999999999999"),
        ),
        ("timestamp", " v=-1999n", json!("1969-12-31T23:59:59.999999Z")),
        ("timestamp", " v=1999n", json!("1970-01-01T00:00:00.000001Z")),
        ("timestamp_ns", " v=1999t", json!("1970-01-01T00:00:00.001999000Z")),
        ("date", " v=1999999t", json!("1970-01-01T00:00:01.999Z")),
        ("int", " v=-2147483647i", json!(-2147483647)),
        ("short", " v=32767i", json!(32767)),
        ("byte", " v=-128i", json!(-128)),
        ("float", " v=1.5", json!(1.5)),
        ("double", " v=3i", json!(3.0)),
        ("char", " v=\"x\"", json!("x")),
        (
            "uuid",
            " v=\"11111111-2222-3333-4444-555555555555\"",
            json!("11111111-2222-3333-4444-555555555555"),
        ),
        ("ipv4", " v=\"127.0.0.1\"", json!("127.0.0.1")),
        ("string", " v=\"s\"", json!("s")),
        ("symbol", " v=\"s\"", json!("s")),
        ("varchar", ",v=s", json!("s")),
        ("long", " v=t", json!(1)),
    ]
    .into_iter()
    .map(|(column, row, value)| (column, text(row), value))
    .collect();
    cases.extend([
        ("decimal(18,3)", binary("v", decimal(1, &[15])), json!("1.500")),
        ("decimal(18,3)", binary("v", decimal(3, &[0xcf, 0xc7])), json!("-12.345")),
        ("decimal(18,3)", binary("v", decimal(4, &[0x30, 0x34])), json!("1.234")),
        (
            "decimal(18,3)",
            binary("v", decimal(2, &[0, 0, 0, 0, 0, 0, 0x30, 0x39])),
            json!("123.450"),
        ),
        ("decimal(18,3)", binary("v", decimal(0, &[&[0; 39][..], &[5]].concat())), json!("5.000")),
        ("decimal(18,3)", binary("v", decimal(0, &[])), json!(null)),
        // The smallest integer of 256 bits is the server's own value for NULL.
        ("decimal(18,3)", binary("v", decimal(0, &[&[0x80][..], &[0; 31]].concat())), json!(null)),
        ("double[]", binary("v", array(&[2], &[1.0, 2.0])), json!([1.0, 2.0])),
        // An array of no dimensions is NULL, but only for a column that exists: see `refused`.
        ("double[]", binary("v", array(&[], &[])), json!(null)),
    ]);
    cases
}

fn values_are_cast_to_existing_columns(server: &QuestDb) {
    let cases = casts();
    for (column, row, value) in &cases {
        let table = unique("cast");
        server.sql(&format!(
            "create table {table} (v {column}, ts timestamp) timestamp(ts) partition by day wal"
        ));
        server.write_ok([table.as_bytes(), row, b" 1700000000000000000\n"].concat());
        let rows = server.read(&table, &format!("select v from {table}"));
        assert_eq!(rows.cell(), value, "{} into {column}", String::from_utf8_lossy(row));
    }
    report_cases("casts", cases.len());
}

/// The designated column of a created table has the precision of the suffix of the table's first row, and keeps it.
fn a_nanosecond_stamp_makes_a_nanosecond_table(server: &QuestDb) {
    for (first, kind, shown) in [
        ("1700000000123456789n", "TIMESTAMP_NS", "2023-11-14T22:13:20.123456789Z"),
        ("1700000000123456t", "TIMESTAMP", "2023-11-14T22:13:20.123456Z"),
        ("1700000000123m", "TIMESTAMP", "2023-11-14T22:13:20.123000Z"),
        ("1700000000123456789", "TIMESTAMP", "2023-11-14T22:13:20.123456Z"),
    ] {
        let table = unique("precision");
        // The other forms are converted to the precision of the table.
        server.write_ok(format!("{table} x=1i {first}\n{table} x=2i 1700000001000001999n\n"));
        let rows = server.read(&table, &format!("select timestamp from {table}"));
        let second = ["2023-11-14T22:13:21.000001Z", "2023-11-14T22:13:21.000001999Z"]
            [usize::from(kind == "TIMESTAMP_NS")];
        assert_eq!(rows.types(), [format!("timestamp {kind}")], "{first}");
        assert_eq!(rows.cells, [[json!(shown)], [json!(second)]], "{first}");
    }
}
