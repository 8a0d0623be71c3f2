//! Values as QuestDB writes them into JSON and CSV.

use std::fmt::{self, Write};

use super::result::Type;
use crate::line::Long256;
use crate::value::{Array, ColumnType, JavaDouble, Value};

/// Appends formatted text. Writing to a `String` cannot fail.
pub(super) fn put(out: &mut String, what: fmt::Arguments<'_>) {
    let _ = out.write_fmt(what);
}

/// Writes a text in quotes, with the escapes of JSON. In CSV a quote is doubled instead of escaped.
pub(super) fn quoted(out: &mut String, text: &str, csv: bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str(if csv { "\"\"" } else { "\\\"" }),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => put(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn double(out: &mut String, value: f64) {
    put(out, format_args!("{}", JavaDouble(value)));
}

fn array(out: &mut String, array: &Array) {
    array_part(out, array.shape(), array.data());
}

fn array_part(out: &mut String, shape: &[u32], data: &[f64]) {
    let Some((len, inner)) = shape.split_first() else {
        return match data.first() {
            Some(value) if value.is_finite() => double(out, *value),
            _ => out.push_str("null"),
        };
    };
    out.push('[');
    // An array without elements is written without its inner brackets, of which there may be extremely many.
    let size = if data.is_empty() { 0 } else { data.len() / (*len as usize).max(1) };
    for (i, part) in data.chunks(size.max(1)).enumerate() {
        if i > 0 {
            out.push(',');
        }
        array_part(out, inner, part);
    }
    out.push(']');
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json {
        /// Whether 64-bit integers are in quotes, for readers whose numbers are doubles.
        quote_longs: bool,
    },
    Csv,
}

/// Writes one cell.
pub(super) fn cell(out: &mut String, column_type: Type, value: Value<'_>, form: Form) {
    let csv = form == Form::Csv;
    match value {
        Value::Null => out.push_str(null(column_type, csv)),
        Value::Varchar(v) if csv && column_type == Type::Char => out.push_str(v),
        Value::Symbol(v) | Value::Varchar(v) => quoted(out, v, csv),
        Value::Long(v) => {
            let quotes = form == Form::Json { quote_longs: true };
            if quotes && column_type == Type::Stored(ColumnType::Long) {
                put(out, format_args!("\"{v}\""));
            } else {
                put(out, format_args!("{v}"));
            }
        }
        Value::Double(v) if v.is_finite() => double(out, v),
        Value::Double(_) => out.push_str(null(column_type, csv)),
        Value::Boolean(v) => put(out, format_args!("{v}")),
        Value::Long256(v) => long256(out, v, if csv { "" } else { "\"" }),
        Value::Array(v) => {
            let quote = if csv { "\"" } else { "" };
            out.push_str(quote);
            array(out, v);
            out.push_str(quote);
        }
        v @ (Value::TimestampMicros(_) | Value::TimestampNanos(_) | Value::Decimal(_)) => {
            put(out, format_args!("\"{v}\""));
        }
    }
}

/// Appends an integer of 256 bits, whose bytes have two digits each.
fn long256(out: &mut String, value: Long256, quote: &str) {
    let digits = value.to_string();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    let zero = if digits.len() % 2 == 1 { "0" } else { "" };
    put(out, format_args!("{quote}0x{zero}{digits}{quote}"));
}

/// Returns how a missing value is written. QuestDB has no missing booleans: they are false.
fn null(column_type: Type, csv: bool) -> &'static str {
    match (column_type, csv) {
        (Type::Stored(ColumnType::Boolean), _) => "false",
        (Type::Stored(ColumnType::Long256), false) => "\"\"",
        (Type::Stored(ColumnType::Array(_)), true) => "\"null\"",
        (_, false) => "null",
        (_, true) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_the_server_writes_them() {
        // Seen on QuestDB 9.3.4.
        let cases: &[(f64, &str)] = &[
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e300, "1.0E300"),
            (1e-300, "1.0E-300"),
            (123_456_789_012_345_680.0, "1.2345678901234568E17"),
            (0.1, "0.1"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (0.001, "0.001"),
            (0.001234, "0.001234"),
            (1e-4, "1.0E-4"),
            (1e16, "1.0E16"),
            (2.5e-5, "2.5E-5"),
            (9_999_999.999, "9999999.999"),
            (5e-324, "5.0E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (-100.0, "-100.0"),
            (1e23, "1.0E23"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            double(&mut out, *value);
            assert_eq!(out, *expected);
        }
    }

    #[test]
    fn arrays_of_every_shape() {
        let cases: &[(&[u32], &[f64], &str)] = &[
            (&[2], &[1.0, -0.5], "[1.0,-0.5]"),
            (&[2, 2], &[1.0, f64::NAN, 1e300, f64::INFINITY], "[[1.0,null],[1.0E300,null]]"),
            (&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0], "[[[1.0,2.0]],[[3.0,4.0]]]"),
            (&[0], &[], "[]"),
            (&[u32::MAX, 0], &[], "[]"),
        ];
        for (shape, data, expected) in cases {
            let mut out = String::new();
            array(&mut out, &Array { shape: shape.to_vec(), data: data.to_vec() });
            assert_eq!(out, *expected);
        }
    }
}
