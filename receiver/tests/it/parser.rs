//! Tests of the receiver's parser with the golden vectors, and with the same input in pieces.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use questdb_receiver::Receiver;
use questdb_receiver::line::{FieldValue, Line, LineParser, Progress, TimeUnit};
use serde_json::{Value, json};

use questdb_ingress_testkit::almost_lines;
use questdb_ingress_testkit::raw_client::{Http, connect};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn bits(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Unset => "unset",
        TimeUnit::Nanos => "n",
        TimeUnit::Micros => "u",
        TimeUnit::Millis => "ms",
        TimeUnit::Seconds => "s",
        TimeUnit::Minutes => "m",
        TimeUnit::Hours => "h",
    }
}

/// Returns a field in the form that the vectors have.
fn field(name: &[u8], value: FieldValue<'_>) -> Value {
    let mut out = match value {
        FieldValue::Null => json!({"type": "null"}),
        FieldValue::Boolean(v) => json!({"type": "boolean", "value": v}),
        FieldValue::Long(v) => json!({"type": "long", "value": v.to_string()}),
        FieldValue::Double(v) => json!({"type": "double", "bits": bits(v)}),
        FieldValue::String(v) => json!({"type": "string", "value": text(v)}),
        FieldValue::Long256(v) => json!({"type": "long256", "value": v.to_string()}),
        FieldValue::Timestamp(u, v) => {
            json!({"type": "timestamp", "unit": unit(u), "value": v.to_string()})
        }
        FieldValue::Array(None) => json!({"type": "array", "value": null}),
        FieldValue::Array(Some(a)) => json!({
            "type": "array",
            "shape": a.shape().collect::<Vec<_>>(),
            "data_bits": a.data().map(bits).collect::<Vec<_>>(),
        }),
        FieldValue::Decimal(None) => json!({"type": "decimal", "value": null}),
        FieldValue::Decimal(Some(d)) => {
            json!({"type": "decimal", "scale": d.scale(), "unscaled": d.unscaled()})
        }
    };
    out["name"] = text(name).into();
    out
}

fn row(line: &Line<'_>) -> Value {
    let stamp = line.stamp().map(|s| {
        let unit = s.unit.map_or("default", unit);
        json!({"unit": unit, "value": s.value.to_string()})
    });
    json!({
        "table": text(line.table()),
        "symbols": line.symbols().map(|(n, v)| json!([text(n), text(v)])).collect::<Vec<_>>(),
        "columns": line.fields().map(|(n, v)| field(n, v)).collect::<Vec<_>>(),
        "timestamp": stamp,
    })
}

/// Parses all lines. `feed` gives the length of the input that is available at each call.
fn parse_all(input: &[u8], mut feed: impl Iterator<Item = usize>) -> Value {
    let mut parser = LineParser::new();
    let mut rows = Vec::new();
    let mut start = 0;
    let mut end = feed.next().unwrap();
    loop {
        let progress = parser.parse(&input[start..end]);
        match progress {
            Ok(Progress::Empty(len)) => start += len,
            Ok(Progress::Row(line, len)) => {
                rows.push(row(&line));
                start += len;
            }
            Ok(Progress::NeedMore(total)) => {
                assert!(total > end - start, "asks for what it has");
                match feed.next() {
                    Some(more) => end = more,
                    None if start == end => return json!({"rows": rows}),
                    None => return json!({"rows": rows, "incomplete_from": start}),
                }
            }
            Err(e) => return json!({"rows": rows, "error": e.kind().name()}),
        }
    }
}

#[test]
fn golden_vectors() {
    let vectors: Value = serde_json::from_str(super::VECTORS).unwrap();
    let cases = vectors["receiver_vectors"].as_array().unwrap();
    let mut failed = Vec::new();
    for case in cases {
        let hex = case["input_hex"].as_str().unwrap();
        let input: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let mut expected = case["expect"].clone();
        for row in expected["rows"].as_array_mut().unwrap() {
            for column in row["columns"].as_array_mut().unwrap() {
                // One vector gives a double as a number.
                if column["type"] == "double" && column["value"].is_f64() {
                    column["bits"] = bits(column["value"].as_f64().unwrap()).into();
                    column.as_object_mut().unwrap().remove("value");
                }
            }
        }
        let whole = parse_all(&input, std::iter::once(input.len()));
        if whole != expected {
            failed.push(format!("{}: {whole}\n  expected {expected}", case["id"]));
        }
        for split in 0..=input.len() {
            let pieces = parse_all(&input, [split, input.len()].into_iter());
            assert_eq!(pieces, whole, "{} in two pieces, at {split}", case["id"]);
        }
        let bytewise = parse_all(&input, 0..=input.len());
        assert_eq!(bytewise, whole, "{} byte by byte", case["id"]);
    }
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), cases.len(), failed.join("\n"));
    assert_eq!(cases.len(), 142);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_in_any_pieces(input in almost_lines(), mut cuts in proptest::collection::vec(0usize..160, 0..8)) {
        let whole = parse_all(&input, std::iter::once(input.len()));
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(input.len()));
        cuts.push(input.len());
        cuts.sort_unstable();
        prop_assert_eq!(parse_all(&input, cuts.into_iter()), whole);
    }
}

/// A request is stored or refused as a whole, whatever it contains, and the receiver goes on working.
#[test]
fn any_bytes_as_a_request() {
    let receiver = Receiver::builder().strict_decimals(false).start().unwrap();
    let mut client = Http::over(connect(receiver.http_addr()));
    let mut stored = 0;
    let count = |receiver: &Receiver| -> usize {
        let names = receiver.table_names();
        names.iter().map(|name| receiver.table(name).unwrap().row_count()).sum()
    };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(500));
    // The strategy is run by hand, because the connection is used by several cases.
    for _ in 0..500 {
        let input = almost_lines().new_tree(&mut runner).unwrap().current();
        let before = count(&receiver);
        match client.write(&input).status {
            204 => stored += 1,
            400 | 500 => assert_eq!(count(&receiver), before, "{input:?}"),
            status => panic!("{status} for {input:?}"),
        }
    }
    assert!(stored > 0, "every request was refused: the test shows nothing");
    let total = u64::try_from(count(&receiver)).unwrap();
    assert_eq!(receiver.stats().rows, total);
    for name in receiver.table_names() {
        assert!(!receiver.table(&name).unwrap().to_string().is_empty());
    }
}
