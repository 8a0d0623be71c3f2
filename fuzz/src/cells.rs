//! Values of every kind made from the fuzzer's bytes, and what must become of them.

use questdb_ingress::table::ColumnKind;
use questdb_ingress::{ArrayView, ProtocolVersion};
use questdb_receiver::line::TimeUnit;

use crate::Input;
use questdb_ingress_testkit::row_model::Seen;

/// Names that every table and column may have; the long ones do not fit into the quick paths.
pub const NAMES: [&str; 8] = [
    "t",
    "x",
    "price",
    "a b",
    "k=v",
    "日本",
    "a_name_of_33_bytes_in_all_1234567",
    "a_name_that_is_longer_than_all_the_quick_paths_take_at_once_1234567890",
];

/// An array, its elements in row-major order, and where they lie.
#[derive(Debug, Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    /// Steps in bytes.
    pub strides: Vec<isize>,
    pub origin: usize,
    pub memory: Vec<u8>,
    /// What the view must show; `None` if it reaches outside the memory.
    pub elements: Option<Vec<u64>>,
}

/// A value for a column.
#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    Bool(bool),
    I64(i64),
    F64(f64),
    Text(Vec<u8>),
    Array(Array),
    Decimal { scale: u32, bytes: Vec<u8> },
}

/// What a call with a value must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    Put(Seen),
    LeaveOut,
    Fail,
}

/// Makes text of every kind, which is seldom not UTF-8.
pub fn text(input: &mut Input<'_>) -> Vec<u8> {
    match input.below(8) {
        0 => vec![input.byte(); usize::from(input.byte())],
        1 => input.bytes().to_vec(),
        2 => "ż日🙂 ,=\"\\\n".repeat(input.below(16)).into_bytes(),
        _ => String::from_utf8_lossy(input.bytes()).into_owned().into_bytes(),
    }
}

/// Makes a name. Returns whether the encoder must accept it for a column and a table.
pub fn name<'a>(input: &mut Input<'a>) -> (&'a [u8], bool) {
    if input.below(8) == 0 {
        return (input.bytes(), false);
    }
    (input.one(&NAMES).as_bytes(), true)
}

/// Makes a decimal as text.
pub fn decimal_text(input: &mut Input<'_>) -> Vec<u8> {
    let (unscaled, scale) = (input.integer(), input.below(57));
    if scale > 20 || input.flag() {
        return format!("{unscaled}e-{scale}").into_bytes();
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let width = scale + 1;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}").into_bytes()
}

/// Returns what the text above says: its digits, and how many of them stand after the point.
fn decimal_of(text: &str) -> Option<(u8, String)> {
    let (mantissa, exponent) = text.split_once("e-").unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = exponent.parse::<usize>().ok()? + fraction.len();
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((u8::try_from(scale).ok()?, digits.to_string()))
}

/// Makes an array of any layout; now and then one that reaches outside its memory.
pub fn array(input: &mut Input<'_>) -> Array {
    let shape: Vec<usize> = (0..1 + input.below(4)).map(|_| input.below(4)).collect();
    let count: usize = shape.iter().product();
    let item = input.one(&[8isize, 8, 12, -8]);
    let order = input.flag();
    let mut strides = vec![0isize; shape.len()];
    let mut step = item;
    let axes: Vec<usize> =
        if order { (0..shape.len()).rev().collect() } else { (0..shape.len()).collect() };
    for axis in axes {
        strides[axis] = step;
        step *= isize::try_from(shape[axis].max(1)).unwrap();
    }
    let span = if count == 0 { 0 } else { count * item.unsigned_abs() };
    let gap = input.below(4);
    let mut origin = gap + if item < 0 && count > 0 { span - 8 } else { 0 };
    let mut memory: Vec<u8> = Vec::new();
    while memory.len() < span + gap + 8 {
        memory.extend_from_slice(&input.double().to_le_bytes());
    }
    if input.below(16) == 15 {
        // This one may reach where it should not.
        match input.below(3) {
            0 => memory.truncate(input.below(16)),
            1 => origin = usize::try_from(input.u64()).unwrap(),
            _ => strides[0] = isize::try_from(input.integer()).unwrap(),
        }
    }
    let elements = elements(&shape, &strides, origin, &memory);
    Array { shape, strides, origin, memory, elements }
}

/// Returns the elements in row-major order, found without the code under test.
fn elements(shape: &[usize], strides: &[isize], origin: usize, memory: &[u8]) -> Option<Vec<u64>> {
    let count: usize = shape.iter().product();
    let mut found = Vec::with_capacity(count);
    for number in 0..count {
        let (mut rest, mut at) = (number, i128::try_from(origin).unwrap());
        for (len, stride) in shape.iter().zip(strides).rev() {
            at += i128::try_from(rest % len).unwrap() * i128::try_from(*stride).unwrap();
            rest /= len;
        }
        let at = usize::try_from(at).ok()?;
        let bytes = memory.get(at..at.checked_add(8)?)?;
        found.push(u64::from_le_bytes(bytes.try_into().unwrap()));
    }
    Some(found)
}

impl Array {
    /// Returns the view, if it can be made. An array without elements may name any memory.
    pub fn view(&self) -> Option<ArrayView<'_>> {
        let made = ArrayView::byte_strides(&self.shape, &self.strides, &self.memory, self.origin);
        if self.shape.iter().product::<usize>() > 0 {
            assert_eq!(made.is_ok(), self.elements.is_some(), "{self:?}");
        }
        made.ok()
    }
}

/// Returns another kind. It never chooses a decimal instead of a string, because the text might be a number by chance.
pub fn other_kind(input: &mut Input<'_>, kind: ColumnKind) -> ColumnKind {
    match (kind, input.one(ColumnKind::ALL)) {
        (ColumnKind::Decimal, ColumnKind::Symbol) => ColumnKind::Bool,
        (ColumnKind::Decimal, ColumnKind::Str) => ColumnKind::Bool,
        (_, other) => other,
    }
}

impl Cell {
    /// Makes a cell for a column of that kind; now and then one of another kind.
    pub fn for_kind(input: &mut Input<'_>, kind: ColumnKind) -> Cell {
        let kind = match input.below(32) {
            0 => return Cell::Null,
            1 => other_kind(input, kind),
            _ => kind,
        };
        match kind {
            ColumnKind::Bool => Cell::Bool(input.flag()),
            ColumnKind::I64 | ColumnKind::TsMicros | ColumnKind::TsNanos => {
                Cell::I64(input.integer())
            }
            ColumnKind::F64 => Cell::F64(input.double()),
            ColumnKind::F64Array => Cell::Array(array(input)),
            ColumnKind::Decimal if input.flag() => Cell::Text(decimal_text(input)),
            ColumnKind::Decimal => {
                let scale = u32::from(input.byte()) % 78;
                Cell::Decimal {
                    scale,
                    bytes: input.take(usize::from(input.clone().byte()) % 34).to_vec(),
                }
            }
            _ => Cell::Text(text(input)),
        }
    }

    /// Returns what must come out of a column of that kind.
    pub fn fate(&self, kind: ColumnKind, version: ProtocolVersion) -> Fate {
        use ColumnKind as K;
        let v1 = version == ProtocolVersion::V1;
        let seen = match (kind, self) {
            (_, Cell::Null) => return Fate::LeaveOut,
            (K::Symbol, Cell::Text(v)) if v.contains(&0) => None,
            (K::Symbol | K::Str, Cell::Text(v)) => {
                std::str::from_utf8(v).is_ok().then(|| Seen::Text(v.clone()))
            }
            (K::Bool, Cell::Bool(v)) => Some(Seen::Bool(*v)),
            (K::I64, Cell::I64(v)) => Some(Seen::Long(*v)),
            // Text has one spelling for every NaN.
            (K::F64, Cell::F64(v)) if v1 && v.is_nan() => Some(Seen::Double(f64::NAN.to_bits())),
            (K::F64, Cell::F64(v)) => Some(Seen::Double(v.to_bits())),
            (K::TsMicros, Cell::I64(v)) => Some(Seen::Time(TimeUnit::Micros, *v)),
            (K::TsNanos, Cell::I64(v)) if v1 => Some(Seen::Time(TimeUnit::Micros, v / 1000)),
            (K::TsNanos, Cell::I64(v)) => Some(Seen::Time(TimeUnit::Nanos, *v)),
            (K::F64Array, Cell::Array(v)) if !v1 && v.view().is_some() => {
                Some(Seen::Array(v.shape.clone(), v.elements.clone().unwrap_or_default()))
            }
            (K::Decimal, Cell::Text(v)) if version == ProtocolVersion::V3 => {
                let text = std::str::from_utf8(v).ok();
                text.and_then(decimal_of).map(|d| Seen::Decimal(Some(d)))
            }
            (K::Decimal, Cell::Decimal { scale, bytes }) if version == ProtocolVersion::V3 => {
                let fits = *scale <= 76 && bytes.len() <= 32 && has_76_digits(*scale, bytes);
                fits.then(|| Seen::Decimal(integer(*scale, bytes)))
            }
            _ => None,
        };
        seen.map_or(Fate::Fail, Fate::Put)
    }
}

/// Returns whether a decimal has at most 76 digits, not counting zeros after its point. The smallest integer of 32 bytes is
/// NULL.
fn has_76_digits(scale: u32, bytes: &[u8]) -> bool {
    let Some((_, text)) = integer(scale, bytes) else { return true };
    let digits = text.trim_start_matches('-');
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let null = bytes.len() == 32 && bytes[0] == 0x80 && bytes[1..].iter().all(|b| *b == 0);
    null || digits.len() - zeros.min(scale as usize) <= 76
}

/// Returns what bytes say as an integer in two's complement over a power of ten.
fn integer(scale: u32, bytes: &[u8]) -> Option<(u8, String)> {
    let minus = bytes.first()? & 0x80 != 0;
    let mut magnitude = bytes.to_vec();
    if minus {
        magnitude.iter_mut().for_each(|b| *b = !*b);
        for b in magnitude.iter_mut().rev() {
            let (sum, carry) = b.overflowing_add(1);
            *b = sum;
            if !carry {
                break;
            }
        }
        if magnitude.iter().all(|b| *b == 0) {
            magnitude.insert(0, 1);
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|b| *b != 0) {
        let mut rest = 0u32;
        for b in &mut magnitude {
            rest = rest << 8 | u32::from(*b);
            *b = u8::try_from(rest / 10).unwrap();
            rest %= 10;
        }
        digits.push(char::from(b'0' + u8::try_from(rest).unwrap()));
    }
    digits.extend(digits.is_empty().then_some('0'));
    digits.extend(minus.then_some('-'));
    Some((u8::try_from(scale).unwrap(), digits.into_iter().rev().collect()))
}
