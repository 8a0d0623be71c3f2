//! Runs random sequences of calls against a plain model of the protocol. Bytes and errors must be the same, and a call that
//! fails must change nothing.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of these tests are small")]

use super::*;
use crate::error::ErrorCode as Code;
use crate::name::{ColumnName, TableName};
use crate::table::ArrayView;
use crate::text::Text;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    Table(usize, bool),
    Symbol(usize, bool, Option<Vec<u8>>),
    Column(usize, bool, Option<Val>),
    AtNanos(i64),
    AtMicros(i64),
    AtNow,
    Clear,
    DropRow,
    RemoveRows(usize, usize),
    SetMarker,
    Rewind,
    ClearMarker,
    Reserve(usize),
    Clone,
}

#[derive(Debug, Clone)]
enum Val {
    Bool(bool),
    I64(i64),
    /// Counts tenths, so that the text is easy to write.
    F64(i32),
    Str(Vec<u8>),
    Micros(i64),
    Nanos(i64),
    Array(Vec<f64>),
    DecText(&'static str),
    Dec(u32, Vec<u8>),
    DecI64(u32, i64),
}

const NAMES: [&str; 14] = [
    "t",
    "price",
    "two words",
    "x=y",
    "exactly_31_bytes_are_this_name_",
    "thirty_bytes_and_this_is_it_30",
    "this name is longer than thirty-two bytes but allowed",
    "é日本",
    "a.b",
    "a-b",
    "",
    "line\nbreak",
    ".dot",
    "127",
];

/// Returns the name with this number; the last one has 127 bytes, one more than the limit of these tests.
fn name(i: usize) -> String {
    if NAMES[i] == "127" { "n".repeat(127) } else { NAMES[i].to_owned() }
}

const MAX_NAME: usize = 126;

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        10 => "[a-z ,=\"\\\\\n\r]{0,40}".prop_map(String::into_bytes),
        6 => "[a-z]{0,80}".prop_map(String::into_bytes),
        3 => "\\PC{0,30}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn val() -> impl Strategy<Value = Val> {
    prop_oneof![
        any::<bool>().prop_map(Val::Bool),
        any::<i64>().prop_map(Val::I64),
        any::<i32>().prop_map(Val::F64),
        text().prop_map(Val::Str),
        text().prop_map(Val::Str),
        any::<i64>().prop_map(Val::Micros),
        any::<i64>().prop_map(Val::Nanos),
        prop::collection::vec(any::<f64>(), 0..4).prop_map(Val::Array),
        prop::sample::select(&["1", "-1.50", "NaN", "1e+5", "1e76", "", "x"][..])
            .prop_map(Val::DecText),
        (0u32..80, prop::collection::vec(any::<u8>(), 0..36)).prop_map(|(s, b)| Val::Dec(s, b)),
        (0u32..80, any::<i64>()).prop_map(|(s, n)| Val::DecI64(s, n)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let known = || 0..NAMES.len();
    // Most names are valid, because otherwise rows would seldom be completed.
    let column = || prop_oneof![12 => 0usize..8, 1 => known()];
    prop_oneof![
        8 => (column(), any::<bool>()).prop_map(|(n, i)| Op::Table(n, i)),
        6 => (column(), any::<bool>(), prop::option::weighted(0.9, text()))
            .prop_map(|(n, i, v)| Op::Symbol(n, i, v)),
        12 => (column(), any::<bool>(), prop::option::weighted(0.9, val()))
            .prop_map(|(n, i, v)| Op::Column(n, i, v)),
        4 => (-2i64..i64::MAX).prop_map(Op::AtNanos),
        3 => prop_oneof![-2i64..i64::MAX, 0i64..9_300_000_000_000_000].prop_map(Op::AtMicros),
        3 => Just(Op::AtNow),
        1 => Just(Op::DropRow),
        2 => (0usize..6, 0usize..4).prop_map(|(first, count)| Op::RemoveRows(first, count)),
        1 => Just(Op::RemoveRows(2, usize::MAX)),
        1 => Just(Op::SetMarker),
        1 => Just(Op::Rewind),
        1 => prop_oneof![Just(Op::Clear), Just(Op::ClearMarker), Just(Op::Clone)],
        1 => prop_oneof![0usize..5000, Just(usize::MAX), Just(usize::MAX / 2 + 1)]
            .prop_map(Op::Reserve),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Model {
    version: ProtocolVersion,
    max: usize,
    bytes: Vec<u8>,
    /// 0 between rows, 1 after the table, 2 after a symbol, 3 after a column.
    state: u8,
    tables: Vec<String>,
    /// Where each complete row ends.
    ends: Vec<usize>,
    marker: Option<(usize, usize)>,
}

fn escape(text: &[u8], set: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|b| if set.contains(b) { vec![b'\\', *b] } else { vec![*b] }).collect()
}

/// Returns whether a number of at most 32 bytes is below 10^76, not counting zeros after its point, by long division of its
/// digits.
fn has_76_digits(scale: u32, bytes: &[u8]) -> bool {
    let minus = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut rest: Vec<u8> = bytes.iter().map(|b| if minus { !b } else { *b }).collect();
    let mut add = minus;
    for b in rest.iter_mut().rev() {
        (*b, add) = b.overflowing_add(u8::from(add));
    }
    let null = bytes.len() == 32 && bytes[0] == 0x80 && bytes[1..].iter().all(|b| *b == 0);
    let mut digits = Vec::new();
    while rest.iter().any(|b| *b != 0) {
        let mut carry = 0u16;
        for b in &mut rest {
            let part = carry << 8 | u16::from(*b);
            (*b, carry) = ((part / 10) as u8, part % 10);
        }
        digits.push(carry);
    }
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    null || digits.len() - zeros.min(scale as usize) <= 76
}

fn name_error(name: &str, table: bool) -> Option<Code> {
    let bad = name.is_empty() || name.contains('\n') || name.starts_with('.');
    let column = name.contains(['.', '-']);
    (bad || (!table && column) || name.len() > MAX_NAME).then_some(Code::InvalidName)
}

impl Model {
    fn encode(&self, value: &Val) -> Result<Vec<u8>, Code> {
        let v1 = self.version == ProtocolVersion::V1;
        let needs =
            |version| if self.version < version { Err(Code::ProtocolVersion) } else { Ok(()) };
        let tagged = |head: &[u8], body: &[u8]| [head, body].concat();
        Ok(match value {
            Val::Bool(v) => if *v { "t" } else { "f" }.into(),
            Val::I64(v) => format!("{v}i").into(),
            Val::F64(v) if v1 => format!("{:?}", f64::from(*v) / 10.0).into(),
            Val::F64(v) => tagged(b"=\x10", &(f64::from(*v) / 10.0).to_le_bytes()),
            Val::Str(v) => {
                std::str::from_utf8(v).map_err(|_| Code::InvalidUtf8)?;
                [b"\"", &escape(v, b"\n\r\"\\")[..], b"\""].concat()
            }
            Val::Micros(v) => format!("{v}t").into(),
            Val::Nanos(v) if v1 => format!("{}t", v / 1000).into(),
            Val::Nanos(v) => format!("{v}n").into(),
            Val::Array(v) => {
                needs(ProtocolVersion::V2)?;
                let mut out = vec![b'=', 14, 10, 1, v.len() as u8, 0, 0, 0];
                v.iter().for_each(|x| out.extend(x.to_le_bytes()));
                out
            }
            Val::DecText(v) => {
                needs(ProtocolVersion::V3)?;
                if ["1", "-1.50", "NaN", "1e+5"].contains(v) {
                    format!("{v}d").into()
                } else {
                    return Err(Code::InvalidDecimal);
                }
            }
            Val::Dec(scale, v) => {
                needs(ProtocolVersion::V3)?;
                if *scale > 76 || v.len() > 32 || !has_76_digits(*scale, v) {
                    return Err(Code::InvalidDecimal);
                }
                tagged(&[b'=', 23, *scale as u8, v.len() as u8], v)
            }
            Val::DecI64(scale, v) => {
                let bytes = v.to_be_bytes();
                let spare = (0..7)
                    .take_while(|i| {
                        i64::from(bytes[*i] as i8) == v >> 63
                            && (bytes[i + 1] ^ bytes[*i]) & 0x80 == 0
                    })
                    .count();
                return self.encode(&Val::Dec(*scale, bytes[spare..].to_vec()));
            }
        })
    }

    /// Appends the bytes and enters `state` if there is room.
    fn append(&mut self, bytes: &[u8], state: u8) -> Result<(), Code> {
        if self.bytes.len() + bytes.len() > self.max {
            return Err(Code::LimitExceeded);
        }
        self.bytes.extend_from_slice(bytes);
        self.state = state;
        Ok(())
    }

    fn go_back(&mut self, (len, rows): (usize, usize)) {
        self.bytes.truncate(len);
        self.tables.truncate(rows);
        self.ends.truncate(rows);
        self.state = 0;
    }

    fn rows(&self) -> usize {
        self.ends.len()
    }

    fn remove_rows(&mut self, first: usize, count: usize) -> Result<(), Code> {
        if first == 0 || count == 0 || count > self.rows() || first - 1 > self.rows() - count {
            return Err(Code::InvalidArgument);
        }
        let rows = first - 1..first - 1 + count;
        let bytes =
            rows.start.checked_sub(1).map_or(0, |row| self.ends[row])..self.ends[rows.end - 1];
        self.bytes.drain(bytes.clone());
        self.tables.drain(rows.clone());
        self.ends.drain(rows.clone());
        self.ends[rows.start..].iter_mut().for_each(|end| *end -= bytes.len());
        if let Some((len, row)) = &mut self.marker {
            *len -= (bytes.start.max(*len).min(bytes.end) - bytes.start)
                .min(*len - bytes.start.min(*len));
            *row = (0..*row).filter(|row| !rows.contains(row)).count();
        }
        Ok(())
    }

    fn stamp(&mut self, stamp: Option<i64>, suffix: &str) -> Result<(), Code> {
        if self.state < 2 {
            return Err(Code::InvalidState);
        }
        let stamp = stamp.filter(|s| *s >= 0).ok_or(Code::InvalidTimestamp)?;
        self.append(format!(" {stamp}{suffix}\n").as_bytes(), 0)?;
        self.ends.push(self.bytes.len());
        Ok(())
    }

    fn apply(&mut self, op: &Op) -> Result<(), Code> {
        let v1 = self.version == ProtocolVersion::V1;
        match op {
            Op::Table(n, _) => {
                name_error(&name(*n), true).map_or(Ok(()), Err)?;
                if self.state != 0 {
                    return Err(Code::InvalidState);
                }
                self.append(&escape(name(*n).as_bytes(), b" ="), 1)?;
                self.tables.push(name(*n));
            }
            Op::Symbol(n, _, value) => {
                name_error(&name(*n), false).map_or(Ok(()), Err)?;
                if self.state == 0 || self.state == 3 {
                    return Err(Code::InvalidState);
                }
                if let Some(value) = value {
                    if value.contains(&0) {
                        return Err(Code::InvalidArgument);
                    }
                    std::str::from_utf8(value).map_err(|_| Code::InvalidUtf8)?;
                    let name = escape(name(*n).as_bytes(), b" =");
                    let value = escape(value, b" ,=\n\r\\");
                    self.append(&[b",", &name[..], b"=", &value[..]].concat(), 2)?;
                }
            }
            Op::Column(n, _, value) => {
                name_error(&name(*n), false).map_or(Ok(()), Err)?;
                if self.state == 0 {
                    return Err(Code::InvalidState);
                }
                if let Some(value) = value {
                    let value = self.encode(value)?;
                    let separator: &[u8] = if self.state == 3 { b"," } else { b" " };
                    let name = escape(name(*n).as_bytes(), b" =");
                    self.append(&[separator, &name[..], b"=", &value[..]].concat(), 3)?;
                }
            }
            Op::AtNanos(v) => self.stamp(Some(*v), if v1 { "" } else { "n" })?,
            Op::AtMicros(v) if v1 => self.stamp(v.checked_mul(1000), "")?,
            Op::AtMicros(v) => self.stamp(Some(*v), "t")?,
            Op::AtNow if self.state < 2 => return Err(Code::InvalidState),
            Op::AtNow => {
                self.append(b"\n", 0)?;
                self.ends.push(self.bytes.len());
            }
            Op::DropRow => {
                let end = self.ends.last().copied().unwrap_or(0);
                self.go_back((end, self.rows()));
            }
            Op::RemoveRows(first, count) => self.remove_rows(*first, *count)?,
            Op::Clear => {
                self.go_back((0, 0));
                self.marker = None;
            }
            Op::SetMarker if self.state != 0 => return Err(Code::InvalidState),
            Op::SetMarker => self.marker = Some((self.bytes.len(), self.tables.len())),
            Op::Rewind => {
                let marker = self.marker.take().ok_or(Code::InvalidState)?;
                self.go_back(marker);
            }
            Op::ClearMarker => self.marker = None,
            Op::Reserve(n) => {
                if *n > self.max - self.bytes.len() {
                    return Err(Code::LimitExceeded);
                }
                if *n > usize::MAX / 4 {
                    return Err(Code::OutOfMemory);
                }
            }
            Op::Clone => {}
        }
        Ok(())
    }
}

fn apply(buffer: &mut Buffer, op: &Op) -> crate::Result<()> {
    let raw = |n: &usize| name(*n);
    match op {
        Op::Table(n, true) if name_error(&name(*n), true).is_none() => {
            buffer.table(&TableName::new(&name(*n))?)?;
        }
        Op::Table(n, _) => {
            buffer.table(Text::unchecked(raw(n).as_bytes()))?;
        }
        Op::Symbol(n, interned, value) => {
            let value = value.as_deref().map(Text::unchecked);
            match ColumnName::new(&raw(n)) {
                Ok(name) if *interned => buffer.symbol(&name, value)?,
                _ => buffer.symbol(&raw(n), value)?,
            };
        }
        Op::Column(n, interned, value) => {
            let (raw, checked) = (raw(n), ColumnName::new(&raw(n)));
            let name = || match &checked {
                Ok(name) if *interned => crate::ColumnRef::from(name),
                _ => crate::ColumnRef::from(Text::unchecked(raw.as_bytes())),
            };
            match value {
                None => buffer.column_i64(name(), None)?,
                Some(Val::Bool(v)) => buffer.column_bool(name(), *v)?,
                Some(Val::I64(v)) => buffer.column_i64(name(), *v)?,
                Some(Val::F64(v)) => buffer.column_f64(name(), f64::from(*v) / 10.0)?,
                Some(Val::Str(v)) => buffer.column_str(name(), Text::unchecked(v))?,
                Some(Val::Micros(v)) => buffer.column_ts_micros(name(), *v)?,
                Some(Val::Nanos(v)) => buffer.column_ts_nanos(name(), *v)?,
                Some(Val::Array(v)) => {
                    buffer.column_f64_arr(name(), &ArrayView::c_major(&[v.len()], v)?)?
                }
                Some(Val::DecText(v)) => buffer.column_dec_str(name(), *v)?,
                Some(Val::Dec(scale, v)) => buffer.column_dec(name(), *scale, &v[..])?,
                Some(Val::DecI64(scale, v)) => buffer.column_dec_i64(name(), *scale, *v)?,
            };
        }
        Op::AtNanos(v) => buffer.at_nanos(*v)?,
        Op::AtMicros(v) => buffer.at_micros(*v)?,
        Op::AtNow => buffer.at_now()?,
        Op::Clear => buffer.clear(),
        Op::DropRow => buffer.drop_row(),
        Op::RemoveRows(first, count) => buffer.remove_rows(*first, *count)?,
        Op::SetMarker => buffer.set_marker()?,
        Op::Rewind => buffer.rewind_to_marker()?,
        Op::ClearMarker => buffer.clear_marker(),
        Op::Reserve(n) => {
            buffer.reserve(*n)?;
            assert!(buffer.capacity() - buffer.len() >= *n);
        }
        Op::Clone => {
            let copy = buffer.clone();
            buffer.clear();
            *buffer = copy;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 1500 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_buffer_does_what_the_model_does(
        ops in prop::collection::vec(op(), 0..80),
        version in prop::sample::select(
            &[ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3][..]
        ),
        max in prop_oneof![4 => Just(1usize << 20), 2 => 0usize..400, 1 => Just(usize::MAX)],
    ) {
        let options = BufferOptions { version, max_name_len: MAX_NAME, init_buf_size: 0, max_buf_size: max };
        let mut buffer = Buffer::with_options(options).unwrap();
        let mut model = Model { version, max, bytes: vec![], state: 0, tables: vec![], ends: vec![], marker: None };
        for (i, op) in ops.iter().enumerate() {
            let before = model.clone();
            let expected = model.apply(op);
            let outcome = apply(&mut buffer, op);
            if expected.is_err() {
                prop_assert_eq!(&model, &before, "the model itself");
            }
            prop_assert_eq!(outcome.as_ref().err().map(|e| e.code()), expected.err(), "op {}: {:?} {:?}", i, op, outcome);
            prop_assert_eq!(buffer.peek(), &model.bytes[..], "op {}: {:?}", i, op);
            prop_assert_eq!(buffer.row_count(), model.rows());
            prop_assert_eq!(buffer.is_row_open(), model.state != 0);
            prop_assert_eq!(buffer.check_flushable().is_ok(), model.state == 0);
            prop_assert_eq!(buffer.is_transactional(), model.tables.windows(2).all(|w| w[0] == w[1]));
            prop_assert_eq!(buffer.first_table(), model.tables.first().cloned());
        }
    }
}

#[test]
fn options_are_checked_and_kept() {
    let options = BufferOptions {
        version: ProtocolVersion::V2,
        max_name_len: 20,
        init_buf_size: 1000,
        max_buf_size: 2000,
    };
    let buffer = Buffer::with_options(options).unwrap();
    assert_eq!((buffer.protocol_version(), buffer.max_name_len()), (ProtocolVersion::V2, 20));
    assert_eq!((buffer.init_buf_size(), buffer.max_buf_size()), (1000, 2000));
    assert!(buffer.capacity() >= 1000);
    let e = Buffer::with_options(BufferOptions { init_buf_size: 3000, ..options }).unwrap_err();
    assert_eq!(
        (e.code(), e.message()),
        (Code::InvalidArgument, "init_buf_size of 3000 is over max_buf_size of 2000")
    );
    let huge = BufferOptions { init_buf_size: usize::MAX, max_buf_size: usize::MAX, ..options };
    assert_eq!(Buffer::with_options(huge).unwrap_err().code(), Code::OutOfMemory);
    assert_eq!(Buffer::new(ProtocolVersion::V1).max_buf_size(), 100 << 20);
}

#[test]
fn clearing_keeps_the_memory_and_five_gigabytes_are_refused() {
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    for i in 0..10_000 {
        buffer.table("t").unwrap().column_i64("x", i).unwrap().at_now().unwrap();
    }
    let capacity = buffer.capacity();
    buffer.clear();
    assert_eq!((buffer.capacity(), buffer.len(), buffer.row_count()), (capacity, 0, 0));
    buffer.table("t").unwrap();
    // With pointers of 32 bits the second value is the most that can be asked for.
    let more = usize::try_from(5u64 << 30).unwrap_or(usize::MAX - 1);
    let e = buffer.reserve(more).unwrap_err();
    let message =
        format!("the buffer has 1 bytes and would grow to {}, max_buf_size is 104857600", more + 1);
    assert_eq!((e.code(), e.message()), (Code::LimitExceeded, message.as_str()));
    assert_eq!(buffer.peek(), b"t");
}

/// A text whose end would lie beyond the end of all addresses, as can happen with pointers of 32 bits: the sum of its
/// address and its length wraps to a small number.
#[test]
fn a_text_that_reaches_over_the_end_of_all_addresses_is_refused() {
    let options =
        BufferOptions { max_buf_size: 32 << 20, ..BufferOptions::new(ProtocolVersion::V3) };
    let mut buffer = Buffer::with_options(options).unwrap();
    buffer.reserve(16 << 20).unwrap();
    let (table, column) = (TableName::new("t").unwrap(), ColumnName::new("c").unwrap());
    buffer.table(&table).unwrap().symbol("s", "v").unwrap();
    let rest = usize::MAX - buffer.peek().as_ptr() as usize;
    // On other systems any text that is too long will do.
    let len = if cfg!(target_pointer_width = "32") { rest + 4096 } else { 64 << 20 };
    let text = vec![b'7'; len];
    let before = buffer.peek().to_vec();
    let text = Text::unchecked(&text);
    for e in [
        buffer.symbol(&column, text).unwrap_err(),
        buffer.column_str(&column, text).unwrap_err(),
        buffer.column_str("c", text).unwrap_err(),
    ] {
        assert_eq!(e.code(), Code::LimitExceeded, "{e}");
    }
    assert_eq!(buffer.peek(), before);
}

#[test]
fn errors_name_the_column() {
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    buffer.table("t").unwrap();
    let e = buffer.column_dec("d", 2, &[1u8][..]).unwrap_err();
    assert_eq!(
        e.message(),
        "column \"d\": decimals need protocol version 3, the buffer has version 1"
    );
    let e = buffer.symbol("s", Text::unchecked(b"ab\xe2\x82")).unwrap_err();
    assert_eq!(e.message(), "column \"s\": \"ab\\xe2\\x82\" is not valid UTF-8 at byte 2");
    assert_eq!(buffer.peek(), b"t");
}

const _: () = {
    const fn sendable<T: Send + Sync + 'static>() {}
    sendable::<Buffer>();
    sendable::<TableName>();
    sendable::<ColumnName>();
};
