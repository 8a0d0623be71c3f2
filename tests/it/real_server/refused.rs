//! What the server refuses over HTTP: the status, the JSON error, the line that it names, and what remains of the request.

use serde_json::json;

use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => each_refusal_names_the_reason_and_stores_nothing,
    Options::PLAIN => the_line_is_the_number_of_the_row,
    Options::PLAIN => a_bad_line_undoes_the_whole_request_of_any_size,
    Options::PLAIN => an_existing_column_refuses_what_does_not_fit,
}

/// A row of a table, for which `$` stands; the status; and a part of the message.
const REFUSED: &[(&str, u16, &str)] = &[
    // Grammar.
    ("$", 400, "error in line 1: No fields were provided"),
    ("$ 1", 400, "Could not parse entire line. Field value is missing: 1"),
    ("$ x=1i  1", 400, "INVALID_FIELD_SEPARATOR"),
    ("$ x=1i 1 ", 400, "INVALID_FIELD_SEPARATOR"),
    ("$ x=1i 5x", 400, "Could not parse timestamp: 5x"),
    ("$ x=abc 1", 400, "field value is invalid. Field: x; value: abc"),
    ("$ x=\"a\nb\" 1", 400, "field value is invalid. Field: x; value: "),
    ("$ x=9223372036854775808i 1", 400, "value: 9223372036854775808i"),
    ("$,s=a\0b x=1i 1", 400, "field value is invalid. Field: s"),
    // An empty value is NULL for a column that exists, but creates none.
    ("$ x=1i,y= 1", 400, "invalid column type: y"),
    // Names.
    ("$ a.b=1i 1", 400, "invalid column name: a.b"),
    ("$ a-b=1i 1", 400, "invalid column name: a-b"),
    ("$ a/b=1i 1", 400, "invalid column name: a/"),
    ("$ a\\\\b=1i 1", 400, "invalid column name: a\\"),
    ("$ a\u{1}b=1i 1", 400, "invalid column name: a\u{1}b"),
    ("$ a\u{7f}b=1i 1", 400, "invalid column name: a\u{7f}b"),
    ("$ a\u{feff}b=1i 1", 400, "invalid column name: a\u{feff}b"),
    ("$? x=1i 1", 400, "invalid table name"),
    ("$/ x=1i 1", 400, "INVALID_TABLE_NAME"),
    ("$.. x=1i 1", 400, "invalid table name"),
    ("$. x=1i 1", 400, "invalid table name"),
    // A blank inside a table's name is accepted, but not at either end; a column may have it anywhere.
    ("$\\  x=1i 1", 400, "invalid table name"),
    ("\\ $ x=1i 1", 400, "invalid table name"),
    // Timestamps.
    ("$ x=1i -1", 400, "designated timestamp before 1970-01-01 is not allowed"),
    ("$ x=1i 9214646400000000000n", 400, "designated timestamp overflow, max[9214646399999999999]"),
    ("$ x=1i 9223372036854775807t", 400, "designated timestamp overflow, max[9214646399999999999]"),
    // Decimals never create a column.
    ("$ d=1.5d 1", 400, "decimal columns must be created manually: d"),
    ("$ d==\u{17}\u{1}\u{1}\u{f} 1", 400, "decimal columns must be created manually: d"),
    ("$ d=d 1", 400, "field value is invalid. Field: d; value: d"),
    ("$ d==\u{17}\u{4d}\u{1}\u{1} 1", 400, "DECIMAL_INVALID_SCALE"),
    // Arrays.
    ("$ a==\u{e}\u{a}\u{21} 1", 400, "ARRAY_TOO_MANY_DIMENSIONS"),
    ("$ a==\u{e}\u{21},x=1i 1", 400, "ARRAY_INVALID_TYPE"),
    ("$ a==\u{b} 1", 400, "UNSUPPORTED_BINARY_FORMAT"),
    // These rows can never be accepted, although the server calls the error its own: see `internal_errors`.
    ("$ a==\u{e}\u{a}\0,x=1i 1", 500, "java.lang.UnsupportedOperationException"),
    ("$,timestamp=a x=1i 1", 500, "java.lang.UnsupportedOperationException"),
];

fn each_refusal_names_the_reason_and_stores_nothing(server: &QuestDb) {
    for (row, status, reason) in REFUSED {
        let table = unique("refused");
        let answer = server.write(format!("{}\n", row.replace('$', &table)));
        assert_eq!(answer.status, *status, "{row:?}: {}", answer.body);
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/json; charset=utf-8"), "{row:?}");
        let error = answer.json();
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("failed to parse line protocol:errors encountered on line(s):")
        );
        assert!(message.contains(reason), "{row:?}: {message}");
        let code = if *status == 400 { "invalid" } else { "internal error" };
        assert_eq!((&error["code"], &error["line"]), (&json!(code), &json!(1)), "{row:?}");
        let id = error["errorId"].as_str().unwrap().split_once('-').unwrap();
        assert!(id.0.len() == 12 && id.1.parse::<u32>().is_ok(), "{id:?}");
        // Most of them leave no table; some leave an empty one.
        if let Ok(rows) = server.try_sql(&format!("select count() from {table}")) {
            assert_eq!(rows.cell(), 0, "{row:?}");
        }
    }
    invalid_utf8(server);
    names_beyond_the_file_system(server);
    report_cases("rows refused", REFUSED.len() + 2);
}

/// In a symbol the server refuses it as its own error; a string is stored as it is: see `stored`.
fn invalid_utf8(server: &QuestDb) {
    let table = unique("refused");
    let answer = server.write([table.as_bytes(), b",s=a\xffb x=1i 1\n"].concat());
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("invalid UTF8 in value for a"), "{}", answer.body);
}

/// The server counts UTF-16 units and the file system counts bytes, so 127 characters of two bytes pass the first limit and
/// exceed the second.
fn names_beyond_the_file_system(server: &QuestDb) {
    for (name, status) in [
        ("n".repeat(127), 204),
        ("n".repeat(128), 400),
        ("\u{e9}".repeat(64), 204),
        ("\u{e9}".repeat(127), 500),
    ] {
        let table = unique("refused");
        assert_eq!(server.write(format!("{table} {name}=1i 1\n")).status, status, "column {name}");
        assert_eq!(server.write(format!("{name} x=1i 1\n")).status, status, "table {name}");
    }
}

fn the_line_is_the_number_of_the_row(server: &QuestDb) {
    let zeros = "\0".repeat(6);
    let cases = [
        // Each case is what precedes the bad row, and the line that the error names.
        ("", 1),
        ("$ x=1i 1\n", 2),
        ("$ x=1i 1\r\n$ x=1i 2\r\n", 3),
        // Empty lines, and line ends inside values and inside binary values, do not count.
        ("\n\n$ x=1i 1\n\r\n", 2),
        ("$ s=\"a\\\nb\\\n\" 1\n", 2),
        ("$,s=a\\\nb\\\rc x=1i 1\n", 2),
        (&format!("$ d==\u{10}\n\n{zeros} 1\n"), 2),
    ];
    for (before, line) in cases {
        for (bad, reason) in
            [("$ x=zz 1\n", "value is invalid"), ("$ a.b=1i 1\n", "invalid column name")]
        {
            let body = format!("{before}{bad}$ x=3i 3\n$ x=zz 4\n");
            let answer = server.write(body.replace('$', &unique("line")));
            let error = answer.json();
            assert_eq!((answer.status, &error["line"]), (400, &json!(line)), "{before:?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(&format!("error in line {line}: ")), "{message}");
            assert!(message.contains(reason), "{message}");
            // Only the first bad row is named.
            assert_eq!(message.matches("error in line").count(), 1, "{message}");
        }
    }
}

/// Nothing of any table is stored, not even of tables whose rows were all good, and not even of rows that came in earlier
/// packets. An answer of 500 that names a line is no different. Tables and columns that were created meanwhile stay.
fn a_bad_line_undoes_the_whole_request_of_any_size(server: &QuestDb) {
    let bad_rows = [(" x=zz", 400), (" x=\"text\"", 400), (",timestamp=a x=1i", 500)];
    for (rows, (bad, status)) in [1, 100_000].into_iter().flat_map(|n| bad_rows.map(|b| (n, b))) {
        let (first, second) = (unique("undone"), unique("undone"));
        let mut body = String::new();
        for table in [&first, &second] {
            for row in 0..rows {
                body.push_str(&format!("{table} x={row}i {}\n", row + 1));
            }
        }
        body.push_str(&format!("{second} y=1i 1\n{second}{bad} 1\n"));
        let answer = server.write(body);
        let error = answer.json();
        assert_eq!((answer.status, &error["line"]), (status, &json!(2 * rows + 2)), "{error}");
        let wanted = ["x LONG, timestamp TIMESTAMP", "x LONG, timestamp TIMESTAMP, y LONG"];
        for (table, types) in [first, second].iter().zip(wanted) {
            let rows = server.read(table, &format!("select * from {table}"));
            assert_eq!((rows.types().join(", ").as_str(), rows.cells.len()), (types, 0), "{table}");
        }
    }
}

fn an_existing_column_refuses_what_does_not_fit(server: &QuestDb) {
    let cases = [
        ("long", "v=\"s\"", "cast error from protocol type: STRING to column type: LONG"),
        ("long", "v=1.5", "cast error from protocol type: FLOAT to column type: LONG"),
        ("double", "v=1.5d", "converting 1.5 to DOUBLE will result in loss of precision"),
        ("byte", "v=128i", "line protocol value: 128 is out bounds of column type: BYTE"),
        (
            "int",
            "v=2147483648i",
            "line protocol value: 2147483648 is out bounds of column type: INT",
        ),
        (
            "double[]",
            "v==\u{e}\u{a}\u{2}\0\0\0\0\0\0\0\0",
            "cast error from protocol type: DOUBLE[][]",
        ),
        ("timestamp_ns", "v=9223372036854775807t", "long overflow, timestamp: 9223372036854775807"),
        ("uuid", "v=\"x\"", "cast error from protocol type: STRING to column type: UUID"),
        // Digits beyond the scale are an error, in text and in binary; nothing is rounded.
        (
            "decimal(18,3)",
            "v=1.2345d",
            "converting 1.2345 to DECIMAL(18,3) will result in loss of precision",
        ),
        (
            "decimal(18,3)",
            "v==\u{17}\u{4}\u{2}09",
            "converting 1.2345 to DECIMAL(18,3) will result in loss",
        ),
        ("decimal(18,3)", "v=1.5E-10d", "will result in loss of precision"),
        ("decimal(18,3)", "v=1000000000000000d", "is out bounds of column type: DECIMAL(18,3)"),
        (
            "decimal(18,3)",
            "v=t",
            "cast error from protocol type: BOOLEAN to column type: DECIMAL(18,3)",
        ),
        ("decimal(18,3)", "v=\"abc\"", "abc cannot be converted to column type: DECIMAL(18,3)"),
    ];
    for (column, field, reason) in cases {
        let table = unique("misfit");
        server.sql(&format!(
            "create table {table} (v {column}, ts timestamp) timestamp(ts) partition by day wal"
        ));
        let answer = server.write(format!("{table} {field} 1\n"));
        let error = answer.json();
        assert_eq!((answer.status, &error["code"]), (400, &json!("invalid")), "{field}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("table: {table}, column: v; ")) || column == "timestamp_ns"
        );
        assert!(message.contains(reason), "{field}: {message}");
        assert_eq!(server.sql(&format!("select count() from {table}")).cell(), 0);
    }
    report_cases("misfits refused", cases.len());
}
