//! From lines to tables: column types, conversions, names, time, limits, and tables as text.

use std::time::{SystemTime, UNIX_EPOCH};

use questdb_receiver::{ColumnType, Decimal, Long256, Receiver, ReceiverBuilder, Value};

use questdb_ingress_testkit::raw_client::{Http, connect};

/// A receiver, with what it answers to rows that are posted to it: nothing, or the message about the bad line.
struct Bench {
    receiver: Receiver,
    client: Http<std::net::TcpStream>,
}

impl Bench {
    fn new(builder: ReceiverBuilder) -> Bench {
        let receiver = builder.start().unwrap();
        let client = Http::over(connect(receiver.http_addr()));
        Bench { receiver, client }
    }

    fn write(&mut self, rows: impl AsRef<[u8]>) -> Result<(), String> {
        let answer = self.client.write(rows);
        if answer.status == 204 {
            return Ok(());
        }
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let message = body["message"].as_str().unwrap();
        match (answer.status, &body["code"], body["line"].as_u64()) {
            (500, code, Some(_)) if code == "internal error" => {
                let start = "failed to parse line protocol:errors encountered on line(s):";
                return Err(message.strip_prefix(start).unwrap().to_owned());
            }
            (503, code, None) if code == "internal error" => return Err(message.to_owned()),
            _ => assert_eq!(answer.status, 400, "{answer:?}"),
        }
        let start = format!(
            "failed to parse line protocol:errors encountered on line(s):\nerror in line {}: ",
            body["line"]
        );
        Err(message.strip_prefix(&start).unwrap().to_owned())
    }
}

/// Returns an array of doubles in its form on the wire, with its type byte.
fn array(shape: &[u32], data: &[f64]) -> Vec<u8> {
    let mut out = vec![14, 10, u8::try_from(shape.len()).unwrap()];
    out.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(data.iter().flat_map(|v| v.to_le_bytes()));
    out
}

#[test]
fn columns_are_created_by_the_type_of_the_value() {
    let mut bench = Bench::new(Receiver::builder().strict_decimals(false));
    let mut row = b"all,s=sym b=t,i=-7i,d=0.5,q=\"hi\",l=0xffi,u=1t,n=1n,m=2m,c=1.50d,a==".to_vec();
    row.extend(array(&[2, 1], &[-0.0, f64::NAN]));
    row.extend(b" 9000000\n");
    assert_eq!(bench.write(&row), Ok(()));
    assert_eq!(bench.write("all B=f,late=1i,i=,i=8i,a==\x0e\x0a\x00 10000000\n"), Ok(()));
    let table = bench.receiver.table("all").unwrap();
    let created: Vec<_> = table.columns().iter().map(|c| (c.name(), c.column_type())).collect();
    let expected = [
        ("s", ColumnType::Symbol),
        ("b", ColumnType::Boolean),
        ("i", ColumnType::Long),
        ("d", ColumnType::Double),
        ("q", ColumnType::Varchar),
        ("l", ColumnType::Long256),
        ("u", ColumnType::Timestamp),
        ("n", ColumnType::TimestampNanos),
        ("m", ColumnType::Timestamp),
        ("c", ColumnType::Decimal),
        ("a", ColumnType::Array(2)),
        // The designated column is after the columns of the first line and before those of later lines.
        ("timestamp", ColumnType::Timestamp),
        ("late", ColumnType::Long),
    ];
    assert_eq!(created, expected);
    let first = table.row(0);
    let scalars = [
        Value::Symbol("sym"),
        Value::Boolean(true),
        Value::Long(-7),
        Value::Double(0.5),
        Value::Varchar("hi"),
        Value::Long256(Long256([255, 0, 0, 0])),
        Value::TimestampMicros(1),
        Value::TimestampNanos(1),
        Value::TimestampMicros(2000),
        Value::Decimal(Decimal::new(150, 2)),
    ];
    assert_eq!(first[..10], scalars);
    let Value::Array(stored) = first[10] else { panic!("{first:?}") };
    assert_eq!(stored.shape(), [2, 1]);
    let bits: Vec<u64> = stored.data().iter().map(|v| v.to_bits()).collect();
    assert_eq!(bits, [(-0.0f64).to_bits(), f64::NAN.to_bits()]);
    assert_eq!(first[11..], [Value::TimestampMicros(9000), Value::Null]);
    let second = table.row(1);
    assert_eq!(
        [second[1], second[2], second[12]],
        [Value::Boolean(false), Value::Long(8), Value::Long(1)]
    );
    assert!(
        second.iter().enumerate().all(|(i, v)| matches!(i, 1 | 2 | 11 | 12) || *v == Value::Null)
    );
    assert_eq!(table.designated().name(), "timestamp");
    assert!(table.row(2).is_empty() && table.value(2, "b").is_none());
}

#[test]
fn casts_into_columns_that_exist() {
    use ColumnType as T;
    let double = |d: f64| Ok(Value::Double(d));
    let long = |v| Ok(Value::Long(v));
    let decimal = |v, scale| Ok(Value::Decimal(Decimal::new(v, scale)));
    let refused = |from| Err(from);
    type Case<'a> = (T, &'a str, Result<Value<'a>, &'a str>);
    let cases: &[Case<'_>] = &[
        (T::Long, "1i", long(1)),
        (T::Long, "-9223372036854775808i", Ok(Value::Null)),
        (T::Long, "t", long(1)),
        (T::Long, "1.0", refused("FLOAT")),
        (T::Long, "\"1\"", refused("STRING")),
        (T::Long, "1t", refused("TIMESTAMP")),
        (T::Long, "1d", refused("DECIMAL")),
        (T::Double, "3i", double(3.0)),
        (T::Double, "-9223372036854775808i", double(-9.223_372_036_854_776e18)),
        (T::Double, "f", double(0.0)),
        (T::Double, "NaN", double(f64::NAN)),
        (T::Double, "1.5d", refused("DECIMAL")),
        (T::Symbol, "\"a b\"", Ok(Value::Symbol("a b"))),
        (T::Symbol, "7i", Ok(Value::Symbol("7"))),
        (T::Symbol, "0.5", Ok(Value::Symbol("0.5"))),
        (T::Symbol, "t", Ok(Value::Symbol("t"))),
        (T::Symbol, "1.0E10", Ok(Value::Symbol("1.0E10"))),
        (T::Symbol, "8t", Ok(Value::Symbol("8"))),
        (T::Symbol, "0xabi", Ok(Value::Symbol("0xab"))),
        (T::Symbol, "1d", refused("DECIMAL")),
        (T::Varchar, "\"x\"", Ok(Value::Varchar("x"))),
        (T::Varchar, "1i", refused("INTEGER")),
        (T::Boolean, "true", Ok(Value::Boolean(true))),
        (T::Boolean, "1i", refused("INTEGER")),
        (T::Timestamp, "1999n", Ok(Value::TimestampMicros(1))),
        (T::Timestamp, "-1999n", Ok(Value::TimestampMicros(-1))),
        (T::Timestamp, "5i", Ok(Value::TimestampMicros(5))),
        (T::TimestampNanos, "2t", Ok(Value::TimestampNanos(2000))),
        (T::TimestampNanos, "1.0", refused("FLOAT")),
        (T::Long256, "0x1i", Ok(Value::Long256(Long256([1, 0, 0, 0])))),
        (T::Long256, "\"0x10\"", Ok(Value::Long256(Long256([16, 0, 0, 0])))),
        (T::Long256, "\"sixteen\"", refused("STRING")),
        (T::Long256, "1i", refused("INTEGER")),
        (T::Decimal, "1.20d", decimal(120, 2)),
        (T::Decimal, "1E+2d", decimal(100, 0)),
        (T::Decimal, "NaNd", Ok(Value::Null)),
        (T::Decimal, "-3i", decimal(-3, 0)),
        (T::Decimal, "0.25", decimal(25, 2)),
        (T::Decimal, "\"4.5\"", decimal(45, 1)),
        (T::Decimal, "\"four\"", refused("STRING")),
        (T::Decimal, "t", refused("BOOLEAN")),
        (T::Array(1), "=\x0e\x0a\x00", Ok(Value::Null)),
        (T::Array(1), "=\x0e\x0a\x02\0\0\0\0\0\0\0\0", refused("DOUBLE[][]")),
        (T::Array(1), "1.0", refused("FLOAT")),
        (T::Double, "=\x0e\x0a\x01\0\0\0\0", refused("ARRAY")),
    ];
    let mut bench = Bench::new(Receiver::builder());
    for (n, (column_type, text, expected)) in cases.iter().enumerate() {
        let name = format!("t{n}");
        bench.receiver.create_table(&name, &[("c", *column_type)]).unwrap();
        let answer = bench.write(format!("{name} c={text} 1t\n"));
        let table = bench.receiver.table(&name).unwrap();
        match expected {
            Ok(value) => {
                assert_eq!(answer, Ok(()), "{column_type} {text}");
                assert_eq!(table.value(0, "c"), Some(*value), "{column_type} {text}");
            }
            Err(from) => {
                let message = format!(
                    "table: {name}, column: c; cast error from protocol type: {from} to column type: {column_type}"
                );
                assert_eq!(answer, Err(message), "{text}");
                assert_eq!(table.row_count(), 0);
            }
        }
    }
    // A symbol can be stored in columns of two types only.
    for (column_type, fits) in [(T::Symbol, true), (T::Varchar, true), (T::Long, false)] {
        let name = format!("tag_{column_type}");
        bench.receiver.create_table(&name, &[("c", column_type)]).unwrap();
        assert_eq!(bench.write(format!("{name},c=1 x=1i\n")).is_ok(), fits, "{column_type}");
    }
}

#[test]
fn refused_rows_leave_no_trace_in_the_columns() {
    let mut bench = Bench::new(Receiver::builder());
    assert_eq!(bench.write("t,s=a i=1i,q=\"one\" 1t\n"), Ok(()));
    // The cells before the bad one were written already, and the symbol was new.
    assert!(bench.write("t,s=b i=2i,q=3i 2t\n").is_err());
    assert_eq!(bench.write("t,s=c q=\"two\",new=t 3t\nt,s=a i=4i 4t\n"), Ok(()));
    let table = bench.receiver.table("t").unwrap();
    let column = |name| (0..3).map(|row| table.value(row, name).unwrap()).collect::<Vec<_>>();
    assert_eq!(table.row_count(), 3);
    assert_eq!(column("s"), [Value::Symbol("a"), Value::Symbol("c"), Value::Symbol("a")]);
    assert_eq!(column("i"), [Value::Long(1), Value::Null, Value::Long(4)]);
    assert_eq!(column("q"), [Value::Varchar("one"), Value::Varchar("two"), Value::Null]);
    assert_eq!(column("new"), [Value::Null, Value::Boolean(true), Value::Null]);
}

#[test]
fn lines_that_the_parser_takes_and_the_writer_refuses() {
    let long = "n".repeat(17);
    let (long_column, long_table) = (format!("t {long}=1i"), format!("{long} x=1i"));
    let cases: &[(&[u8], String)] = &[
        (b" x=1i", "table: ; invalid table name".into()),
        (b"a..b x=1i", "table: a..b; invalid table name".into()),
        (b"t\xff x=1i", "table: t; invalid table name".into()),
        (b"t a-b=1i", "table: t; invalid column name: a-b".into()),
        (b"t a\xff=1i", "write error: t, errno: -1, error: invalid UTF8 in value for a".into()),
        (long_column.as_bytes(), format!("table: t; invalid column name: {long}")),
        (long_table.as_bytes(), format!("table: {long}; invalid table name")),
        (b"t d==\x0d\x00\x01\0\0\0\0\0\0\0", "write error: t, error: java.lang.UnsupportedOperationException".into()),
        (b"t,s=a\xc0\x80 x=1i", "write error: t, errno: -1, error: invalid UTF8 in value for a".into()),
        (
            b"t d=1.5d",
            "table: t; decimal columns must be created manually: d".into(),
        ),
        (b"t x=1i -1", "table: t, timestamp: -1; designated timestamp before 1970-01-01 is not allowed".into()),
        (b"t x=1i -1n", "table: t, timestamp: -1; designated timestamp before 1970-01-01 is not allowed".into()),
        (b"t timestamp=-1t", "write error: t, errno: -1, error: designated timestamp before 1970-01-01 is not allowed".into()),
        (
            b"t x=1i 253402300800000000t",
            "write error: t, errno: -1, error: designated timestamp beyond 9999-12-31 is not allowed".into(),
        ),
        (
            b"ns x=1i 9214646400000000000n",
            "table: ns, timestamp: 9214646400000000000; designated timestamp overflow, max[9214646399999999999]".into(),
        ),
        (
            b"t timestamp=\"now\"",
            "write error: t, error: java.lang.UnsupportedOperationException".into(),
        ),
        (b"t x=1i\nt x=1i 5x", "Could not parse timestamp: 5x".into()),
        (b"t,sym i=1i", "Could not parse entire line. Symbol value is missing: sym".into()),
        (b"t x=1i,y 5", "Could not parse entire line. Field value is missing: y".into()),
        (b"t", "No fields were provided".into()),
        (
            b"t v=abc",
            "Could not parse entire line, field value is invalid. Field: v; value: abc".into(),
        ),
        (b"t a/b=1", "table: t; invalid column name: a/".into()),
        (b"t a\\\\b=1", "table: t; invalid column name: a\\".into()),
        (b"t x=1i,y=", "table: t; invalid column type: y".into()),
        (b"t x=1i,y==\x0e\x0a\x00", "write error: t, error: java.lang.UnsupportedOperationException".into()),
        (b"t x=1=2", "INVALID_FIELD_SEPARATOR".into()),
        (b"t d==\x10\x00\x00", "unfinished line at the end of the request".into()),
    ];
    for (line, expected) in cases {
        let mut bench = Bench::new(Receiver::builder().max_name_len(16));
        let answer = bench.write(line);
        assert_eq!(answer.as_ref(), Err(expected), "{}", String::from_utf8_lossy(line));
        assert!(bench.receiver.table("t").is_none_or(|t| t.row_count() == 0));
    }
}

#[test]
fn time_of_rows() {
    let mut bench = Bench::new(Receiver::builder());
    let rows = "u x=1i 1999\nu x=2i 3n\nu x=3i 4t\nu x=4i 5m\nu x=5i,timestamp=6t 7t\n\
                n x=1i 8n\nn x=2i 9t\nn x=3i,TimeStamp=10n\nf timestamp=11n 12t\nf y=1i 13t\n";
    assert_eq!(bench.write(rows), Ok(()));
    let times = |name| {
        let table = bench.receiver.table(name).unwrap();
        let of = |row| table.designated().value(row).to_string();
        (0..table.row_count()).map(of).map(|t| t[17..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(times("u"), ["00.000001Z", "00.000000Z", "00.000004Z", "00.005000Z", "00.000006Z"]);
    assert_eq!(times("n"), ["00.000000008Z", "00.000009000Z", "00.000000010Z"]);
    // Only the suffix behind the fields decides the precision.
    assert_eq!(times("f"), ["00.000000Z", "00.000013Z"]);
    let f = bench.receiver.table("f").unwrap();
    assert_eq!(f.columns()[0].name(), "timestamp");

    let clock = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros());
    let before = clock().unwrap();
    assert_eq!(bench.write("now x=1i"), Ok(()));
    let now = bench.receiver.table("now").unwrap();
    let Value::TimestampMicros(stored) = now.designated().value(0) else { panic!("{now}") };
    assert!((before..=clock().unwrap()).contains(&stored));
}

#[test]
fn names_are_equal_in_any_case_and_the_first_of_two_values_counts() {
    let mut bench = Bench::new(Receiver::builder());
    let rows = "Tab,S=a s=2i,x=1i,X=\"two\",x=3i\ntaB,s=b X=4i\nT\u{e4}b x=1i\nT\u{c4}B x=2i\n";
    assert_eq!(bench.write(rows), Ok(()));
    assert_eq!(bench.receiver.table_names(), ["Tab", "T\u{e4}b"]);
    let table = bench.receiver.table("TAB").unwrap();
    let names: Vec<_> = table.columns().iter().map(|c| c.name()).collect();
    assert_eq!(names, ["S", "x", "timestamp"]);
    assert_eq!(table.row(0)[..2], [Value::Symbol("a"), Value::Long(1)]);
    assert_eq!(table.row(1)[..2], [Value::Symbol("b"), Value::Long(4)]);
}

#[test]
fn tables_can_be_made_before_their_rows() {
    let mut bench = Bench::new(Receiver::builder());
    let receiver = &bench.receiver;
    let columns = [("Timestamp", ColumnType::TimestampNanos), ("d", ColumnType::Decimal)];
    receiver.create_table("t", &columns).unwrap();
    for (name, columns, said) in [
        ("T", &columns[..], "table \"T\" exists already"),
        ("a/b", &columns[..], "bad table name \"a/b\""),
        (
            "x",
            &[("d", ColumnType::Long), ("D", ColumnType::Long)],
            "bad or repeated column name \"D\"",
        ),
        ("x", &[("timestamp", ColumnType::Long)], "column timestamp cannot be of type LONG"),
    ] {
        assert_eq!(receiver.create_table(name, columns).unwrap_err().to_string(), said);
    }
    assert_eq!(bench.write("t d==\x17\x02\x02\x30\x39 1n\nt d=-0.5d 2n\n"), Ok(()));
    let table = bench.receiver.table("t").unwrap();
    assert_eq!(table.value(0, "d"), Some(Value::Decimal(Decimal::new(12345, 2))));
    assert_eq!(table.value(1, "d").unwrap().to_string(), "-0.5");
    assert_eq!(table.designated().value(1), Value::TimestampNanos(2));
}

#[test]
fn memory_is_bounded() {
    let mut bench = Bench::new(Receiver::builder().max_stored(100_000));
    let rows = "t x=1i\n".repeat(1000);
    assert_eq!(bench.write(&rows), Ok(()));
    let mut answers = (0..10).map(|_| bench.write(&rows));
    assert_eq!(
        answers.find(Result::is_err).unwrap().unwrap_err(),
        "receiver is full [maxBytes=100000]"
    );
    let kept = bench.receiver.table("t").unwrap().row_count();
    assert!(kept > 0 && kept.is_multiple_of(1000), "{kept}");
    bench.receiver.clear();
    assert_eq!(bench.write(&rows), Ok(()));
    // The row is not wrong, and the shortage may pass: the client may send the same again.
    while bench.write(&rows).is_ok() {}
    let answer = bench.client.write(&rows);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.contains("receiver is full [maxBytes=100000]"), "{answer:?}");
    // Tables and columns that were created by refused rows count too.
    let many = |n: usize| format!("n{n} x=1i -1\n");
    assert!((0..1000).any(|n| bench.write(many(n)).unwrap_err().starts_with("receiver is full")));
}

#[test]
fn a_table_is_shown_as_aligned_text() {
    let mut bench = Bench::new(Receiver::builder());
    let rows = "trades,sym=ETH-USD price=2615.54,note=\"one\\\ntwo\" 1646762637609765000\n\
                trades,sym=\u{17c}\u{f3}\u{142} price=-1 0\ntrades,sym=x price=1 0\n";
    assert_eq!(bench.write(rows), Ok(()));
    let table = bench.receiver.table("trades").unwrap();
    let expected = "\
trades: 3 rows
  sym      price    note      timestamp
  SYMBOL   DOUBLE   VARCHAR   TIMESTAMP
  -------  -------  --------  ---------------------------
  ETH-USD  2615.54  one\\ntwo  2022-03-08T18:03:57.609765Z
  \u{17c}\u{f3}\u{142}         -1.0            1970-01-01T00:00:00.000000Z
  … 1 more
";
    assert_eq!(table.show(2).to_string(), expected);
    assert!(table.to_string().ends_with("1970-01-01T00:00:00.000000Z\n"));
    assert_eq!(table.show_rows(2..9).to_string().lines().count(), 5);
}

/// Rows that were there before a column, or that leave it out, cost next to nothing in it.
#[test]
fn columns_that_come_late_cost_nothing_for_the_rows_that_are_there() {
    const MAX: usize = 20_000_000;
    let kinds = ["1i", "t", "0x1i", "\"\"", "1t", "=\x0e\x0a\x01\x01\0\0\0\0\0\0\0\0\0\0\0"];
    for kind in kinds {
        let mut bench = Bench::new(Receiver::builder().max_stored(MAX));
        let columns: Vec<_> = (0..2500).map(|n| format!("c{n}={kind}")).collect();
        let wide = format!("t {} 1\n", columns.join(","));
        assert!(wide.len() < 100_000);
        let narrow = "t x=1i 1\n".repeat(100_000);
        assert_eq!(bench.write(format!("{narrow}{wide}")), Ok(()), "{kind}");
        assert_eq!(bench.write(format!("{wide}{narrow}")), Ok(()), "{kind}");
        let table = bench.receiver.table("t").unwrap();
        assert_eq!((table.row_count(), table.columns().len()), (200_002, 2502), "{kind}");
        let last = table.column("c2499").unwrap();
        let set =
            [99_999, 100_000, 100_001, 100_002, 200_001].map(|n| last.value(n) != Value::Null);
        assert_eq!(set, [false, true, true, false, false], "{kind}");
        assert_eq!(table.value(200_001, "x"), Some(Value::Long(1)));
    }
}

/// A client that makes up names costs as many columns as there may be, not as many as it sends.
#[test]
fn a_hundred_thousand_names_cost_what_the_limit_allows() {
    let mut bench = Bench::new(Receiver::builder());
    let names = |from: usize, to: usize| {
        let columns: Vec<_> = (from..to).map(|n| format!("c{n}=1i")).collect();
        format!("t {} 1\n", columns.join(","))
    };
    let refused = bench.write(names(0, 100_000)).unwrap_err();
    assert!(refused.contains("10000"), "{refused}");
    // One by one is no way around it.
    let all: String = (0..100_000).step_by(1000).map(|n| names(n, n + 1000)).collect();
    assert!(bench.write(all).is_err());
    let columns = bench.receiver.table("t").map_or(0, |table| table.columns().len());
    assert!(columns <= 10_000, "{columns}");
    let metrics = bench.receiver.metrics();
    let held = metrics.lines().find_map(|l| l.strip_prefix("questdb_receiver_buffered_bytes "));
    let held: usize = held.unwrap().parse().unwrap();
    assert!(held < 20_000_000, "{held}");
    assert_eq!(bench.write("u x=1i 1\n"), Ok(()));
}

/// A value takes much more memory than the four bytes that it may have on the wire.
#[test]
fn a_line_has_an_end_of_values() {
    let mut bench = Bench::new(Receiver::builder());
    let line = |n: usize| format!("t {}\n", ["x=1"].repeat(n).join(","));
    assert_eq!(bench.write(line(100_000)), Ok(()));
    assert_eq!(bench.write(line(100_001)), Err("TOO_MANY_VALUES".to_owned()));
}

/// QuestDB's writer reports these as internal errors that name the row: status 500, however often they are sent.
#[test]
fn what_the_writer_of_the_server_refuses_is_answered_by_500() {
    let time = "write error: t, error: java.lang.UnsupportedOperationException";
    let cases: &[(&[u8], &str)] = &[
        (b"t timestamp=1i 1", time),
        (b"t timestamp=1.5 1", time),
        (b"t timestamp=\"1\" 1", time),
        (b"t timestamp=t 1", time),
        (b"t timestamp=1d 1", time),
        (b"t timestamp=0x1i 1", time),
        (b"t timestamp= 1", time),
        (b"t TimeStamp=1i 1", time),
        (b"t x=1i,timestamp=1i", time),
        (b"t timestamp=5i,timestamp=6t 1", time),
        (b"t timestamp==\x0e\x0a\0 1", time),
        (b"t timestamp==\x17\0\x01\x05 1", time),
        (b"t,timestamp=a x=1i 1", time),
        (b"t,s=a,timestamp=1 x=1i 1", time),
        (b"t a==\x0e\x0a\0,x=1i 1", time),
        (
            b"t timestamp=-1t 1",
            "write error: t, errno: -1, error: designated timestamp before 1970-01-01 is not allowed",
        ),
        (
            b"t timestamp=-1m 1",
            "write error: t, errno: -1, error: designated timestamp before 1970-01-01 is not allowed",
        ),
        (
            b"t timestamp=253402300800000000t 1",
            "write error: t, errno: -1, error: designated timestamp beyond 9999-12-31 is not allowed",
        ),
        (
            b"t timestamp=-9223372036854775808t 1",
            "write error: t, errno: -1, error: designated timestamp column cannot be NULL",
        ),
        (b"t x=0xgi 1", "write error: t, error: io.questdb.cairo.ImplicitCastException"),
        (b"t,s=a\xff x=1i 1", "write error: t, errno: -1, error: invalid UTF8 in value for a"),
        (b"t,a\xff=s x=1i 1", "write error: t, errno: -1, error: invalid UTF8 in value for a"),
        (b"t a\xff=1i 1", "write error: t, errno: -1, error: invalid UTF8 in value for a"),
    ];
    for made in ["", "t x=1i 1\n", "t x=1i,y=2i\n"] {
        for (line, said) in cases {
            let mut bench = Bench::new(Receiver::builder());
            assert_eq!(bench.write(made), Ok(()));
            let shown = String::from_utf8_lossy(line);
            assert_eq!(bench.write(line), Err((*said).to_owned()), "{shown} after {made:?}");
            let rows = bench.receiver.table("t").map_or(0, |table| table.row_count());
            assert_eq!(rows, usize::from(!made.is_empty()), "{shown}");
        }
    }
    // The first of two values counts, whatever the second one is. Times are accepted.
    let mut bench = Bench::new(Receiver::builder());
    assert_eq!(bench.write("t timestamp=5t,timestamp=6i 1\nt x=1i,timestamp=-1n 1\n"), Ok(()));
    let table = bench.receiver.table("t").unwrap();
    assert_eq!(table.designated().value(0), Value::TimestampMicros(5));
    // A decimal creates no column, neither with a new table nor later, but the two answers differ.
    assert_eq!(
        bench.write("u d=1.5d 1\n"),
        Err("table: u; decimal columns must be created manually: d".to_owned())
    );
    let later =
        "errno: -1, error: decimal columns cannot be created automatically [table=t, columnName=d]";
    assert_eq!(bench.write("t d=1.5d 1\n"), Err(format!("write error: t, {later}")));
    // Two letters more than a file name may have.
    let long = "\u{e9}".repeat(127);
    assert!(
        bench
            .write(format!("t {long}=1i 1\n"))
            .unwrap_err()
            .starts_with("write error: t, errno: 36")
    );
    assert_eq!(bench.write(format!("t {}=1i 1\n", &long[..252])), Ok(()));
}
