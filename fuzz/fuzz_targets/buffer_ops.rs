//! Makes any sequence of calls on a buffer. A call does what a model of the buffer says, a failing one leaves the buffer
//! exactly as it was, and the receiver's parser, which shares no code with the encoder, finds exactly the rows of the model.

#![no_main]

use libfuzzer_sys::fuzz_target;
use questdb_ingress::table::ColumnKind;
use questdb_ingress::{
    Buffer, BufferOptions, ColumnName, ColumnRef, Error, ErrorCode, ProtocolVersion, Result,
    TableName, Text,
};
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::cells::{self, Cell, Fate};
use questdb_ingress_fuzz::checks::assert_error;
use questdb_ingress_fuzz::prepared::Prepared;
use questdb_ingress_testkit::row_model::{At, Model, Seen, SeenRow, parse};

/// A buffer, and what it must hold.
struct Case {
    buffer: Buffer,
    model: Model,
    /// Whether `max_buf_size` may be reached.
    tight: bool,
    /// Where the last complete row ends.
    whole: usize,
}

/// What a model expects of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Success,
    Failure,
    Either,
}

fn expect(success: bool) -> Expected {
    if success { Expected::Success } else { Expected::Failure }
}

impl Case {
    fn new(input: &mut Input<'_>) -> Case {
        let version =
            questdb_ingress::internal::protocol_version(1 + u32::from(input.byte()) % 3).unwrap();
        let tight = input.below(4) == 0;
        let max_buf_size = if tight { 16 + usize::from(input.byte()) } else { 1 << 24 };
        // Both limits may be so small that the buffer cannot grow at all.
        let init_buf_size = usize::from(input.byte()).min(max_buf_size);
        let mut options = BufferOptions::new(version);
        options.init_buf_size = init_buf_size;
        options.max_buf_size = max_buf_size;
        let buffer = Buffer::with_options(options).unwrap();
        Case { buffer, model: Model::default(), tight, whole: 0 }
    }

    /// Runs a call and compares: after a failure with the state before, after a success with what was expected. Returns
    /// whether the call succeeded.
    fn call(&mut self, expected: Expected, work: impl FnOnce(&mut Buffer) -> Result<()>) -> bool {
        let before = self.buffer.peek().to_vec();
        let open = self.buffer.is_row_open();
        match work(&mut self.buffer) {
            Ok(()) => {
                assert_ne!(expected, Expected::Failure, "after {before:?}");
                assert!(
                    self.buffer.peek().starts_with(&before) || before.len() > self.buffer.len()
                );
                true
            }
            Err(e) => {
                assert_eq!(self.buffer.peek(), before, "{e}");
                assert_eq!(self.buffer.is_row_open(), open, "{e}");
                self.assert_refusal(&e, expected);
                false
            }
        }
    }

    fn assert_refusal(&self, e: &Error, expected: Expected) {
        assert_error(e);
        let full = e.code() == ErrorCode::LimitExceeded && self.tight;
        assert!(expected != Expected::Success || full, "refused: {e:?}");
        self.assert_state();
    }

    fn assert_state(&self) {
        let (buffer, model) = (&self.buffer, &self.model);
        assert_eq!(buffer.row_count(), model.rows.len());
        assert_eq!(buffer.is_row_open(), model.open.is_some());
        assert_eq!(buffer.check_flushable().is_ok(), model.open.is_none());
        assert!(buffer.len() <= buffer.max_buf_size());
        if model.open.is_none() {
            assert_eq!(buffer.is_transactional(), model.is_one_table());
            let first = model.rows.first().map(|row| String::from_utf8(row.table.clone()).unwrap());
            assert_eq!(buffer.first_table(), first);
        }
    }

    fn table(&mut self, input: &mut Input<'_>) {
        let (name, sure) = cells::name(input);
        let interned = input.flag();
        let expected = match (self.model.open.is_none(), sure) {
            (false, _) => Expected::Failure,
            (true, true) => Expected::Success,
            (true, false) => Expected::Either,
        };
        let done = self.call(expected, |b| {
            if interned {
                b.table(&TableName::new(Text::unchecked(name))?).map(drop)
            } else {
                b.table(Text::unchecked(name)).map(drop)
            }
        });
        if done {
            self.model.open = Some(SeenRow { table: name.to_vec(), ..SeenRow::default() });
        }
    }

    fn column(&mut self, input: &mut Input<'_>) {
        let kind = input.one(ColumnKind::ALL);
        let (name, sure) = cells::name(input);
        let interned = input.flag();
        let cell = Cell::for_kind(input, kind);
        let fate = cell.fate(kind, self.buffer.protocol_version());
        if !takes(kind, &cell) {
            // The types of the calls make this impossible.
            return;
        }
        let in_order = match kind {
            ColumnKind::Symbol => self.model.may_symbol(),
            _ => self.model.open.is_some(),
        };
        let expected = match (in_order && fate != Fate::Fail, sure) {
            (false, _) => Expected::Failure,
            (true, true) => Expected::Success,
            (true, false) => Expected::Either,
        };
        let done = self.call(expected, |b| {
            if interned {
                add(b, &ColumnName::new(Text::unchecked(name))?, kind, &cell)
            } else {
                add(b, Text::unchecked(name), kind, &cell)
            }
        });
        let Some(row) = self.model.open.as_mut().filter(|_| done) else { return };
        match fate {
            Fate::Put(Seen::Text(v)) if kind == ColumnKind::Symbol => {
                row.symbols.push((name.to_vec(), v));
            }
            Fate::Put(seen) => row.fields.push((name.to_vec(), seen)),
            Fate::LeaveOut | Fate::Fail => {}
        }
    }

    fn end(&mut self, input: &mut Input<'_>) {
        let at = match input.below(4) {
            0 => At::Now,
            1 => At::Micros(input.integer()),
            _ => At::Nanos(input.integer()),
        };
        let stamp = at.seen(self.buffer.protocol_version());
        let expected = expect(self.model.may_end() && stamp.is_some());
        let done = self.call(expected, |b| match at {
            At::Now => b.at_now(),
            At::Nanos(v) => b.at_nanos(v),
            At::Micros(v) => b.at_micros(v),
        });
        if done {
            self.model.end(stamp.unwrap());
        }
    }

    fn append(&mut self, input: &mut Input<'_>, prepared: &Prepared, columns: bool) {
        let between = self.model.open.is_none();
        let mut rows = None;
        // Which of the two is expected is known only after the input has been read.
        let done = self.call(Expected::Either, |b| {
            let (result, expected) = if columns {
                prepared.append_columns(input, b)
            } else {
                let (result, row) = prepared.append_row(input, b);
                (result, row.map(|row| vec![row]))
            };
            rows = expected.filter(|_| between);
            result
        });
        match rows {
            Some(rows) if done => self.model.rows.extend(rows),
            Some(_) => assert!(self.tight, "prepared rows were refused"),
            None => assert!(!done, "prepared rows should have been refused"),
        }
    }

    /// Adds a decimal that the receiver may not accept, so it is checked in a copy of the buffer.
    fn odd_decimal(&mut self, input: &mut Input<'_>) {
        let text = input.bytes();
        let mut copy = self.buffer.clone();
        let before = copy.peek().to_vec();
        match copy.column_dec_str("x", Text::unchecked(text)) {
            Ok(_) => {
                assert_eq!(copy.protocol_version(), ProtocolVersion::V3);
                assert!(copy.peek().starts_with(&before) && copy.peek().ends_with(b"d"));
            }
            Err(e) => {
                assert_error(&e);
                assert_eq!(copy.peek(), before);
            }
        }
        assert_eq!(self.buffer.peek(), before);
    }

    fn step(&mut self, input: &mut Input<'_>, prepared: &mut Prepared) {
        match input.below(24) {
            0..=3 => self.table(input),
            4..=11 => self.column(input),
            12..=14 => self.end(input),
            15 => self.append(input, prepared, false),
            16 => self.append(input, prepared, true),
            17 => {
                if self.call(expect(self.model.open.is_none()), Buffer::set_marker) {
                    self.model.marker = Some(self.model.rows.len());
                }
            }
            18 => {
                let expected = expect(self.model.marker.is_some());
                if self.call(expected, Buffer::rewind_to_marker) {
                    self.model.rewind();
                }
            }
            19 => {
                self.buffer.clear_marker();
                self.model.marker = None;
            }
            20 if input.below(8) == 0 => {
                self.buffer.clear();
                self.model.clear();
            }
            20 => self.odd_decimal(input),
            21 => self.buffer = self.buffer.clone(),
            22 => *prepared = Prepared::new(input),
            _ => {
                let more = input.one(&[0, 1, 300, 1 << 14, 1 << 25, usize::MAX]);
                let fits = more <= self.buffer.max_buf_size() - self.buffer.len();
                let full = if self.tight { Expected::Either } else { Expected::Success };
                self.call(if fits { full } else { Expected::Failure }, |b| b.reserve(more));
            }
        }
        self.assert_state();
        if self.model.open.is_none() {
            self.whole = self.buffer.len();
        }
    }
}

/// Returns whether there is a call for such a value in such a column.
fn takes(kind: ColumnKind, cell: &Cell) -> bool {
    use ColumnKind as K;
    matches!(
        (kind, cell),
        (K::Symbol | K::Str | K::Decimal, Cell::Text(_))
            | (K::Bool, Cell::Bool(_))
            | (K::I64 | K::TsMicros | K::TsNanos, Cell::I64(_))
            | (K::F64, Cell::F64(_))
            | (K::Decimal, Cell::Decimal { .. })
            | (_, Cell::Null)
    ) || matches!((kind, cell), (K::F64Array, Cell::Array(a)) if a.view().is_some())
}

fn add<'n>(
    buffer: &mut Buffer,
    name: impl Into<ColumnRef<'n>>,
    kind: ColumnKind,
    cell: &Cell,
) -> Result<()> {
    use ColumnKind as K;
    match (kind, cell) {
        (K::Symbol, Cell::Text(v)) => buffer.symbol(name, Text::unchecked(v)),
        (K::Symbol, _) => buffer.symbol(name, None::<Text<'_>>),
        (K::Str, Cell::Text(v)) => match std::str::from_utf8(v) {
            // Text that is UTF-8 by its type takes another path.
            Ok(text) if v.len() % 2 == 0 => buffer.column_str(name, text),
            _ => buffer.column_str(name, Text::unchecked(v)),
        },
        (K::Bool, Cell::Bool(v)) => buffer.column_bool(name, *v),
        (K::I64, Cell::I64(v)) => buffer.column_i64(name, *v),
        (K::TsMicros, Cell::I64(v)) => buffer.column_ts_micros(name, *v),
        (K::TsNanos, Cell::I64(v)) => buffer.column_ts_nanos(name, *v),
        (K::F64, Cell::F64(v)) => buffer.column_f64(name, *v),
        (K::F64Array, Cell::Array(v)) => buffer.column_f64_arr(name, v.view().as_ref()),
        (K::Decimal, Cell::Text(v)) => buffer.column_dec_str(name, Text::unchecked(v)),
        (K::Decimal, Cell::Decimal { scale, bytes }) => match &bytes[..] {
            [b0, b1, b2, b3, b4, b5, b6, b7] => {
                let unscaled = i64::from_be_bytes([*b0, *b1, *b2, *b3, *b4, *b5, *b6, *b7]);
                buffer.column_dec_i64(name, *scale, unscaled)
            }
            bytes => match <[u8; 16]>::try_from(bytes) {
                Ok(all) => buffer.column_dec_i128(name, *scale, i128::from_be_bytes(all)),
                Err(_) => buffer.column_dec(name, *scale, bytes),
            },
        },
        _ => buffer.column_f64(name, None),
    }
    .map(drop)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let mut case = Case::new(&mut input);
    let mut prepared = Prepared::new(&mut input);
    while !input.is_empty() {
        case.step(&mut input, &mut prepared);
    }
    // The open row has no line end yet.
    let whole = &case.buffer.peek()[..case.whole];
    assert_eq!(parse(whole), case.model.rows, "{:?}", case.buffer.protocol_version());
});
