//! Converts the golden vectors to the text form that tests/c/vectors.c reads, because C has no JSON. A line per call, text
//! and bytes in hex.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use questdb_ingress::ErrorCode;
use serde_json::Value;

use crate::vectors::{code_of, scaled, stricter, text};

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".into() } else { bytes.iter().map(|b| format!("{b:02x}")).collect() }
}

fn name(op: &Value) -> String {
    hex(op["name"].as_str().unwrap_or("").as_bytes())
}

/// Returns a number, which may be given as digits in a string.
fn digits(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(digits).collect()
}

fn array(op: &Value) -> String {
    let shape = words(&op["shape"]);
    let origin: usize =
        if op["origin"].is_null() { 0 } else { digits(&op["origin"]).parse().unwrap() };
    let unit = match op["stride_unit"].as_str() {
        // C has only strides in bytes.
        Some("elements") => 8,
        _ => 1,
    };
    let strides = match &op["strides"] {
        Value::Null => "dense".to_owned(),
        list => {
            let bytes = words(list)
                .iter()
                .map(|n| (n.parse::<i64>().unwrap() * unit).to_string())
                .collect::<Vec<_>>();
            format!("strides {}", bytes.join(" "))
        }
    };
    let data = words(&op["data_bits"]).join(" ");
    format!("arr {} {} {} {strides} {} {data}", name(op), shape.len(), shape.join(" "), origin * 8)
}

fn call(op: &Value) -> String {
    let value = &op["value"];
    let text_value = || match op["value_hex"].as_str() {
        Some(hex) => hex.to_owned(),
        None => hex(text(op, "value").as_bytes()),
    };
    match text(op, "op") {
        "table" => format!("table {}", name(op)),
        "symbol" => format!("symbol {} {}", name(op), text_value()),
        "column_bool" => format!("bool {} {}", name(op), u8::from(value.as_bool().unwrap())),
        "column_i64" => format!("i64 {} {}", name(op), digits(value)),
        "column_f64" => format!("f64 {} {}", name(op), text(op, "bits")),
        "column_str" => format!("str {} {}", name(op), text_value()),
        "column_ts_micros" => format!("ts_micros {} {}", name(op), digits(value)),
        "column_ts_nanos" => format!("ts_nanos {} {}", name(op), digits(value)),
        "column_f64_arr" => array(op),
        "column_dec_str" => format!("dec_str {} {}", name(op), text_value()),
        "column_dec" => {
            let unscaled = text(op, "unscaled_be_hex");
            let unscaled = if unscaled.is_empty() { "-" } else { unscaled };
            format!("dec {} {} {unscaled}", name(op), digits(&op["scale"]))
        }
        "at_nanos" => format!("at_nanos {}", digits(value)),
        "at_micros" => format!("at_micros {}", digits(value)),
        "at_now" => "at_now".to_owned(),
        other => panic!("unknown op {other}"),
    }
}

fn builder(out: &mut String, vector: &Value) {
    let id = text(vector, "id");
    let max = if vector["max_name_len"].is_null() {
        "127".into()
    } else {
        digits(&vector["max_name_len"])
    };
    writeln!(out, "vector {id} {} {max}", digits(&vector["protocol_version"])).unwrap();
    let ops = vector["ops"].as_array().unwrap();
    let error = &vector["expect_error"];
    let last = error["op_index"].as_u64().map_or(ops.len(), |i| usize::try_from(i).unwrap() + 1);
    for op in &ops[..last] {
        writeln!(out, "{}", call(op)).unwrap();
    }
    let code = |code: ErrorCode| questdb_ingress::internal::code_name(code).to_str().unwrap();
    if let Some(deviation) = stricter(id) {
        writeln!(out, "expect error {}", code(deviation)).unwrap();
    } else if error.is_null() {
        let wanted = text(&vector["expect"], "hex");
        writeln!(out, "expect {}", if wanted.is_empty() { "-" } else { wanted }).unwrap();
    } else {
        writeln!(out, "expect error {}", code(code_of(text(error, "code")))).unwrap();
    }
}

fn interop(out: &mut String, case: &Value, version: u64) {
    use base64::Engine as _;
    let id = text(case, "testName").replace(' ', "_");
    writeln!(out, "interop {id} {version} 127").unwrap();
    writeln!(out, "table {}", hex(text(case, "table").as_bytes())).unwrap();
    for symbol in case["symbols"].as_array().unwrap() {
        writeln!(out, "symbol {} {}", name(symbol), hex(text(symbol, "value").as_bytes())).unwrap();
    }
    for column in case["columns"].as_array().unwrap() {
        let (name, value) = (name(column), &column["value"]);
        match text(column, "type") {
            "STRING" => writeln!(out, "str {name} {}", hex(value.as_str().unwrap().as_bytes())),
            "LONG" => writeln!(out, "i64 {name} {}", value.as_i64().unwrap()),
            "DOUBLE" => writeln!(out, "f64 {name} {:x}", value.as_f64().unwrap().to_bits()),
            "BOOLEAN" => writeln!(out, "bool {name} {}", u8::from(value.as_bool().unwrap())),
            "DECIMAL" => {
                let (scale, unscaled) = scaled(value.as_str().unwrap());
                let bytes = unscaled.to_be_bytes();
                let high = i64::from_be_bytes(bytes[..8].try_into().unwrap());
                let low = u64::from_be_bytes(bytes[8..].try_into().unwrap());
                writeln!(out, "dec_i128 {name} {scale} {high} {low}")
            }
            other => panic!("type {other}"),
        }
        .unwrap();
    }
    let result = &case["result"];
    let wanted: Vec<String> = match (text(result, "status"), result["binaryBase64"].as_str()) {
        ("ERROR", _) => vec!["error ANY".into()],
        (_, Some(encoded)) if version > 1 => {
            vec![hex(&base64::engine::general_purpose::STANDARD.decode(encoded).unwrap())]
        }
        _ => {
            let lines = result["anyLines"]
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![result["line"].clone()]);
            lines
                .iter()
                .map(|line| hex(format!("{}\n", line.as_str().unwrap()).as_bytes()))
                .collect()
        }
    };
    writeln!(out, "at_now\nexpect {}", wanted.join(" ")).unwrap();
}

/// Writes the file for ci/c-tests and checks that no vector was left out; vectors.c compares the counts too.
#[test]
fn text_form() {
    let mut out = String::new();
    let load = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    for vector in load(include_str!("../vectors/vectors.json"))["vectors"].as_array().unwrap() {
        builder(&mut out, vector);
    }
    for case in load(include_str!("../vectors/interop.json")).as_array().unwrap() {
        for version in case["minimumProtocolVersion"].as_u64().unwrap_or(1)..=3 {
            interop(&mut out, case, version);
        }
    }
    let starts = |word: &str| out.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((starts("vector "), starts("interop "), starts("expect ")), (300, 325, 625));
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_vectors.txt"), out).unwrap();
}
