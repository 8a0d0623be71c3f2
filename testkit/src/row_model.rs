//! Rows as they must arrive: what a buffer must hold after a sequence of calls, and what the receiver's parser finds in it.
//! The parser shares no code with the encoder.

use questdb_ingress::{Buffer, ProtocolVersion, Result};
use questdb_receiver::line::{FieldValue, Line, LineParser, Progress, Stamp, TimeUnit};

/// A value in a form that compares bits.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    Bool(bool),
    Long(i64),
    Double(u64),
    Text(Vec<u8>),
    Time(TimeUnit, i64),
    Array(Vec<usize>, Vec<u64>),
    /// A scale and an integer, or NULL.
    Decimal(Option<(u8, String)>),
}

/// A row as it is sent, including duplicate columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeenRow {
    pub table: Vec<u8>,
    pub symbols: Vec<(Vec<u8>, Vec<u8>)>,
    pub fields: Vec<(Vec<u8>, Seen)>,
    pub stamp: Option<Stamp>,
}

impl SeenRow {
    /// Appends the row by a call for each value; after an error the buffer is as it was. Arrays and decimals can be added by
    /// more than one call, so the tests about them do that.
    pub fn append(&self, buffer: &mut Buffer) -> Result<()> {
        buffer.set_marker()?;
        let result = self.try_append(buffer);
        if result.is_err() {
            buffer.rewind_to_marker()?;
        }
        result
    }

    fn try_append(&self, buffer: &mut Buffer) -> Result<()> {
        buffer.table(text(&self.table))?;
        for (name, value) in &self.symbols {
            buffer.symbol(text(name), text(value))?;
        }
        for (name, value) in &self.fields {
            let name = text(name);
            match value {
                Seen::Bool(v) => buffer.column_bool(name, *v)?,
                Seen::Long(v) => buffer.column_i64(name, *v)?,
                Seen::Double(bits) => buffer.column_f64(name, f64::from_bits(*bits))?,
                Seen::Text(v) => buffer.column_str(name, text(v))?,
                Seen::Time(TimeUnit::Nanos, v) => buffer.column_ts_nanos(name, *v)?,
                Seen::Time(TimeUnit::Micros, v) => buffer.column_ts_micros(name, *v)?,
                other => panic!("more than one call makes {other:?}"),
            };
        }
        match self.stamp {
            None => buffer.at_now(),
            Some(Stamp { unit: Some(TimeUnit::Micros), value }) => buffer.at_micros(value),
            Some(stamp) => buffer.at_nanos(stamp.value),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("rows are made of text")
}

/// A designated timestamp as a caller gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum At {
    Now,
    Nanos(i64),
    Micros(i64),
}

impl At {
    /// Returns what is sent; `None` if the timestamp cannot be sent.
    pub fn seen(self, version: ProtocolVersion) -> Option<Option<Stamp>> {
        let v1 = version == ProtocolVersion::V1;
        let unit = |unit| (!v1).then_some(unit);
        match self {
            At::Now => Some(None),
            At::Nanos(..0) | At::Micros(..0) => None,
            At::Nanos(value) => Some(Some(Stamp { value, unit: unit(TimeUnit::Nanos) })),
            At::Micros(value) if v1 => {
                value.checked_mul(1000).map(|value| Some(Stamp { value, unit: None }))
            }
            At::Micros(value) => Some(Some(Stamp { value, unit: unit(TimeUnit::Micros) })),
        }
    }
}

/// The rows that a buffer must hold.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub rows: Vec<SeenRow>,
    pub open: Option<SeenRow>,
    /// How many rows there were when the marker was set.
    pub marker: Option<usize>,
}

impl Model {
    pub fn may_symbol(&self) -> bool {
        self.open.as_ref().is_some_and(|row| row.fields.is_empty())
    }

    pub fn may_end(&self) -> bool {
        self.open.as_ref().is_some_and(|row| !row.fields.is_empty() || !row.symbols.is_empty())
    }

    pub fn is_one_table(&self) -> bool {
        self.rows.windows(2).all(|pair| pair[0].table == pair[1].table)
    }

    pub fn end(&mut self, stamp: Option<Stamp>) {
        let row = self.open.take().map(|row| SeenRow { stamp, ..row });
        self.rows.extend(row);
    }

    pub fn clear(&mut self) {
        *self = Model::default();
    }

    pub fn rewind(&mut self) {
        if let Some(rows) = self.marker.take() {
            self.rows.truncate(rows);
            self.open = None;
        }
    }
}

fn seen(value: FieldValue<'_>) -> Seen {
    match value {
        FieldValue::Boolean(v) => Seen::Bool(v),
        FieldValue::Long(v) => Seen::Long(v),
        FieldValue::Double(v) => Seen::Double(v.to_bits()),
        FieldValue::String(v) => Seen::Text(v.to_vec()),
        FieldValue::Timestamp(unit, v) => Seen::Time(unit, v),
        FieldValue::Array(Some(a)) => {
            let shape = a.shape().map(|n| usize::try_from(n).unwrap()).collect();
            Seen::Array(shape, a.data().map(f64::to_bits).collect())
        }
        FieldValue::Decimal(d) => Seen::Decimal(d.map(|d| (d.scale(), d.unscaled()))),
        other => panic!("no call makes {other:?}"),
    }
}

fn seen_row(line: &Line<'_>) -> SeenRow {
    SeenRow {
        table: line.table().to_vec(),
        symbols: line.symbols().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
        fields: line.fields().map(|(n, v)| (n.to_vec(), seen(v))).collect(),
        stamp: line.stamp(),
    }
}

/// Parses all rows of complete lines.
pub fn parse(mut input: &[u8]) -> Vec<SeenRow> {
    let mut parser = LineParser::new();
    let mut rows = Vec::new();
    while !input.is_empty() {
        match parser.parse(input) {
            Ok(Progress::Row(line, len)) => {
                rows.push(seen_row(&line));
                input = &input[len..];
            }
            other => panic!("{other:?} at {:?}", String::from_utf8_lossy(input)),
        }
    }
    rows
}
