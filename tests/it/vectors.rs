//! Runs the golden vectors through the Rust API.

use questdb_ingress::{ArrayView, Buffer, BufferOptions, ErrorCode, ProtocolVersion, Result, Text};
use serde_json::Value;

const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3];

/// Vectors in which the official client sends what costs the whole request at the server: text that is no decimal number, a
/// decimal of 77 digits, a NUL in a symbol. Each of them is an error here on purpose.
pub(crate) const STRICTER: [(&str, ErrorCode); 4] = [
    ("dec.bin.max_len.v3", ErrorCode::InvalidDecimal),
    ("dec.text.empty.v3", ErrorCode::InvalidDecimal),
    ("dec.text.nonsense_but_in_charset.v3", ErrorCode::InvalidDecimal),
    ("sym.nul_passes_client.v1", ErrorCode::InvalidArgument),
];

/// Returns the error of a vector that is an error on purpose.
pub(crate) fn stricter(id: &str) -> Option<ErrorCode> {
    STRICTER.iter().find(|(deviation, _)| *deviation == id).map(|(_, code)| *code)
}

fn load(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn text<'v>(op: &'v Value, key: &str) -> &'v str {
    op[key].as_str().unwrap_or_else(|| panic!("{op} lacks {key}"))
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn integer<T: std::str::FromStr>(op: &Value, key: &str) -> T {
    let parsed = match &op[key] {
        Value::String(digits) => digits.parse(),
        number => number.to_string().parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{key} of {op}"))
}

fn list<T: std::str::FromStr>(op: &Value, key: &str) -> Vec<T> {
    op[key]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.to_string().parse().unwrap_or_else(|_| panic!("{key} of {op}")))
        .collect()
}

fn array(buffer: &mut Buffer, op: &Value) -> Result<()> {
    let shape: Vec<usize> = list(op, "shape");
    let data: Vec<f64> = op["data_bits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| f64::from_bits(u64::from_str_radix(b.as_str().unwrap(), 16).unwrap()))
        .collect();
    let origin: usize = if op["origin"].is_null() { 0 } else { integer(op, "origin") };
    let bytes: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let strides: Vec<isize> =
        if op["strides"].is_null() { Vec::new() } else { list(op, "strides") };
    let view = match op["stride_unit"].as_str() {
        None => ArrayView::c_major(&shape, &data)?,
        Some("bytes") => ArrayView::byte_strides(&shape, &strides, &bytes, origin * 8)?,
        Some("elements") => ArrayView::element_strides(&shape, &strides, &data, origin)?,
        Some(other) => panic!("stride unit {other}"),
    };
    buffer.column_f64_arr(text(op, "name"), &view)?;
    Ok(())
}

fn apply(buffer: &mut Buffer, op: &Value) -> Result<()> {
    let name = op["name"].as_str().unwrap_or("");
    match text(op, "op") {
        "table" => buffer.table(name)?,
        "symbol" => buffer.symbol(name, text(op, "value"))?,
        "column_bool" => buffer.column_bool(name, op["value"].as_bool().unwrap())?,
        "column_i64" => buffer.column_i64(name, integer::<i64>(op, "value"))?,
        "column_f64" => {
            let bits = u64::from_str_radix(text(op, "bits"), 16).unwrap();
            buffer.column_f64(name, f64::from_bits(bits))?
        }
        "column_str" if op["value_hex"].is_string() => {
            buffer.column_str(name, Text::unchecked(&unhex(text(op, "value_hex"))))?
        }
        "column_str" => buffer.column_str(name, text(op, "value"))?,
        "column_ts_micros" => buffer.column_ts_micros(name, integer::<i64>(op, "value"))?,
        "column_ts_nanos" => buffer.column_ts_nanos(name, integer::<i64>(op, "value"))?,
        "column_f64_arr" => return array(buffer, op),
        "column_dec_str" => buffer.column_dec_str(name, text(op, "value"))?,
        "column_dec" => {
            let unscaled = unhex(text(op, "unscaled_be_hex"));
            buffer.column_dec(name, integer(op, "scale"), &unscaled[..])?
        }
        "at_nanos" => return buffer.at_nanos(integer(op, "value")),
        "at_micros" => return buffer.at_micros(integer(op, "value")),
        "at_now" => return buffer.at_now(),
        other => panic!("unknown op {other}"),
    };
    Ok(())
}

pub(crate) fn code_of(name: &str) -> ErrorCode {
    match name {
        "invalid_name" => ErrorCode::InvalidName,
        "invalid_api_call" => ErrorCode::InvalidState,
        "invalid_timestamp" => ErrorCode::InvalidTimestamp,
        "invalid_utf8" => ErrorCode::InvalidUtf8,
        "protocol_version_error" => ErrorCode::ProtocolVersion,
        "invalid_decimal" => ErrorCode::InvalidDecimal,
        "array_error" => ErrorCode::InvalidArray,
        other => panic!("unknown code {other}"),
    }
}

fn new_buffer(vector: &Value) -> Buffer {
    let version = VERSIONS[integer::<usize>(vector, "protocol_version") - 1];
    let mut options = BufferOptions::new(version);
    if !vector["max_name_len"].is_null() {
        options.max_name_len = integer(vector, "max_name_len");
    }
    Buffer::with_options(options).unwrap()
}

/// Runs one vector. What is wrong is returned as text, so that one run shows all failures.
fn run(vector: &Value) -> Result<(), String> {
    let mut buffer = new_buffer(vector);
    let expected_error = &vector["expect_error"];
    for (i, op) in vector["ops"].as_array().unwrap().iter().enumerate() {
        let before = (buffer.peek().to_vec(), buffer.row_count(), buffer.is_row_open());
        let Err(e) = apply(&mut buffer, op) else {
            if !expected_error.is_null() && integer::<usize>(expected_error, "op_index") == i {
                return Err(format!("op {i} did not fail"));
            }
            continue;
        };
        let after = (buffer.peek().to_vec(), buffer.row_count(), buffer.is_row_open());
        if before != after {
            return Err(format!("op {i} failed and changed the buffer"));
        }
        if stricter(text(vector, "id")) == Some(e.code()) {
            return Ok(());
        }
        if expected_error.is_null() || integer::<usize>(expected_error, "op_index") != i {
            return Err(format!("op {i} failed: {e:?}"));
        }
        let wanted = code_of(text(expected_error, "code"));
        return if e.code() == wanted { Ok(()) } else { Err(format!("{e:?}, not {wanted:?}")) };
    }
    if stricter(text(vector, "id")).is_some() {
        return Err("a deviation that is none".into());
    }
    let expected = unhex(text(&vector["expect"], "hex"));
    if buffer.peek() != expected {
        let [got, want] = [buffer.peek(), &expected].map(|b| b.escape_ascii().to_string());
        return Err(format!("got {got}\nwant {want}"));
    }
    Ok(())
}

#[test]
fn builder_vectors() {
    let all = load(include_str!("../vectors/vectors.json"));
    let vectors = all["vectors"].as_array().unwrap();
    let mut failures = Vec::new();
    for vector in vectors {
        if let Err(e) = run(vector) {
            failures.push(format!("{}: {e}", text(vector, "id")));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert_eq!(vectors.len(), 300);
    println!(
        "{} builder vectors, {} of them documented deviations: {}",
        vectors.len(),
        STRICTER.len(),
        STRICTER.map(|(id, _)| id).join(", ")
    );
}

/// Splits `-12.50` into scale 2 and -1250.
pub(crate) fn scaled(literal: &str) -> (u32, i128) {
    let (whole, fraction) = literal.split_once('.').unwrap_or((literal, ""));
    (u32::try_from(fraction.len()).unwrap(), format!("{whole}{fraction}").parse().unwrap())
}

fn interop_row(buffer: &mut Buffer, case: &Value) -> Result<()> {
    buffer.table(text(case, "table"))?;
    for symbol in case["symbols"].as_array().unwrap() {
        buffer.symbol(text(symbol, "name"), text(symbol, "value"))?;
    }
    for column in case["columns"].as_array().unwrap() {
        let (name, value) = (text(column, "name"), &column["value"]);
        match text(column, "type") {
            "STRING" => buffer.column_str(name, value.as_str().unwrap())?,
            "LONG" => buffer.column_i64(name, value.as_i64().unwrap())?,
            "DOUBLE" => buffer.column_f64(name, value.as_f64().unwrap())?,
            "BOOLEAN" => buffer.column_bool(name, value.as_bool().unwrap())?,
            "DECIMAL" => {
                let (scale, unscaled) = scaled(value.as_str().unwrap());
                buffer.column_dec_i128(name, scale, unscaled)?
            }
            other => panic!("type {other}"),
        };
    }
    buffer.at_now()
}

fn interop_bytes_match(bytes: &[u8], result: &Value, version: ProtocolVersion) -> bool {
    use base64::Engine as _;
    if let (Some(encoded), true) = (result["binaryBase64"].as_str(), version > ProtocolVersion::V1)
    {
        return bytes == base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    }
    let lines =
        result["anyLines"].as_array().cloned().unwrap_or_else(|| vec![result["line"].clone()]);
    lines.iter().any(|line| bytes == format!("{}\n", line.as_str().unwrap()).as_bytes())
}

#[test]
fn interop_cases() {
    let cases = load(include_str!("../vectors/interop.json"));
    let cases = cases.as_array().unwrap();
    let (mut runs, mut failures) = (0, Vec::new());
    for case in cases {
        let minimum = case["minimumProtocolVersion"].as_u64().unwrap_or(1);
        for version in VERSIONS.into_iter().filter(|v| *v as u64 >= minimum) {
            runs += 1;
            let mut buffer = Buffer::new(version);
            let outcome = interop_row(&mut buffer, case);
            let good = match (&outcome, text(&case["result"], "status")) {
                (Ok(()), "SUCCESS") => interop_bytes_match(buffer.peek(), &case["result"], version),
                (Err(_), "ERROR") => true,
                _ => false,
            };
            if !good {
                let got = buffer.peek().escape_ascii();
                failures.push(format!("{} {version:?}: {outcome:?} {got}", text(case, "testName")));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert_eq!((cases.len(), runs), (109, 108 * 3 + 1));
    println!("{} interop cases, {runs} runs in the protocol versions they apply to", cases.len());
}
