//! The rows of small records, joined to large batches. They are copied from the bytes of the log straight into columns, because
//! an array for each column of each record takes far longer than its values.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch,
    StringArray,
};
use arrow_buffer::{
    BooleanBufferBuilder, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer, bit_util,
};
use arrow_schema::{Field, Schema};

use crate::line::quick::quick_hash;
use crate::words::Words;

use super::error::Result;
use super::heads::{Heads, Layout};
use super::record::{Entry, RowsEntry, bad, no_column};
use super::schema::{StoredSchema, StoredType};

/// An entry with more rows or bytes is a batch of its own.
const SMALL: (usize, usize) = (1024, 1 << 20);
/// A batch is complete when it has this many rows or bytes of texts.
const COMPLETE: (usize, usize) = (65_536, 16 << 20);

/// Rows of one table that wait to become a batch.
#[derive(Debug)]
pub(crate) struct Joined {
    schema: Arc<StoredSchema>,
    rows: usize,
    /// About the bytes of texts.
    bytes: usize,
    /// The columns that had values, by their numbers in the table.
    columns: Vec<Option<Column>>,
}

/// The values of a column. Rows behind the last one have none.
#[derive(Debug)]
struct Column {
    valid: BooleanBufferBuilder,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Bits(BooleanBufferBuilder),
    /// Values of as many bytes each.
    Fixed(usize, MutableBuffer),
    Texts {
        ends: Vec<i32>,
        bytes: MutableBuffer,
    },
    Symbols {
        keys: Vec<i32>,
        words: Words,
    },
}

/// A message and where its next node and buffer are.
struct Message<'a> {
    layout: Layout<'a>,
    body: &'a [u8],
    node: usize,
    buffer: usize,
}

impl<'a> Message<'a> {
    fn new((head, body): (&'a [u8], &'a [u8]), heads: &mut Heads) -> Result<Message<'a>> {
        Ok(Message { layout: heads.read(head)?, body, node: 0, buffer: 0 })
    }

    fn node(&mut self) -> Result<(usize, usize)> {
        self.node += 1;
        self.layout.node(self.node - 1).ok_or_else(|| bad("a message without a column"))
    }

    /// Returns the next buffer, which has at least so many bytes.
    fn buffer(&mut self, at_least: usize) -> Result<&'a [u8]> {
        self.buffer += 1;
        let place = self.layout.buffer(self.buffer - 1);
        place
            .and_then(|(start, len)| self.body.get(start..start.checked_add(len)?))
            .filter(|bytes| bytes.len() >= at_least)
            .ok_or_else(|| bad("a column without its values"))
    }

    /// Returns whether the message has a first column with as many rows as all others have, and not too many.
    fn is_small(&self) -> bool {
        self.layout.node(0).is_some_and(|(rows, _)| rows <= SMALL.0)
    }
}

/// Returns the number of an offset.
fn offset(offsets: &[u8], index: usize) -> Option<usize> {
    let bytes = offsets.get(index * 4..index * 4 + 4)?.try_into().ok()?;
    usize::try_from(i32::from_le_bytes(bytes)).ok()
}

impl Joined {
    pub(crate) fn new(schema: Arc<StoredSchema>) -> Joined {
        Joined { schema, rows: 0, bytes: 0, columns: Vec::new() }
    }

    /// Returns whether there should be no more rows.
    pub(crate) fn is_complete(&self) -> bool {
        self.rows >= COMPLETE.0 || self.bytes >= COMPLETE.1
    }

    /// Appends the rows of an entry, if they are few and of types that can be joined. If not, nothing has changed. After an error,
    /// which means that the record is none, the rows must not be used.
    pub(crate) fn append(&mut self, entry: &Entry<'_>, heads: &mut Heads) -> Result<bool> {
        if entry.len() > SMALL.1 {
            return Ok(false);
        }
        for number in entry.columns() {
            let column = self.schema.columns.get(usize::from(number)).ok_or_else(no_column)?;
            if Values::new(column.column_type).is_none() {
                return Ok(false);
            }
        }
        let mut messages = entry.messages();
        let mut main = Message::new(messages.next()?, heads)?;
        if !main.is_small() {
            return Ok(false);
        }
        let mut rows = None;
        for number in entry.columns() {
            let (count, nulls) = main.node()?;
            if *rows.get_or_insert(count) != count || nulls > count {
                return Err(bad("columns of different lengths"));
            }
            let before = self.rows;
            let column = self.column(usize::from(number))?;
            column.fill(before);
            let validity = main.buffer(if nulls > 0 { count.div_ceil(8) } else { 0 })?;
            match nulls {
                0 => column.valid.append_n(count, true),
                _ => column.valid.append_packed_range(0..count, validity),
            }
            let validity = (nulls > 0).then_some(validity);
            let texts = match column.values {
                Values::Symbols { .. } => Some(Message::new(messages.next()?, heads)?),
                _ => None,
            };
            self.bytes += column.values.append(&mut main, texts, count, validity)?;
        }
        self.rows += rows.unwrap_or(0);
        Ok(true)
    }

    fn column(&mut self, number: usize) -> Result<&mut Column> {
        if self.columns.len() <= number {
            self.columns.resize_with(number + 1, || None);
        }
        let column_type = self.schema.columns[number].column_type;
        let column = &mut self.columns[number];
        // A column that is there twice in one entry would get longer than the others.
        if column.as_ref().is_some_and(|c| c.valid.len() > self.rows) {
            return Err(bad("a column that is there twice"));
        }
        let new = || Values::new(column_type);
        if column.is_none() {
            *column = new().map(|values| Column { valid: BooleanBufferBuilder::new(0), values });
        }
        column.as_mut().ok_or_else(no_column)
    }

    /// Returns the rows as one batch of the table, if there are any.
    pub(crate) fn finish(self, table: u64) -> Result<Option<RowsEntry>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let (mut columns, mut fields, mut arrays) = (Vec::new(), Vec::new(), Vec::new());
        for (number, column) in self.columns.into_iter().enumerate() {
            let Some(mut column) = column else { continue };
            column.fill(self.rows);
            let stored = &self.schema.columns[number];
            fields.push(Field::new(&stored.name, stored.column_type.data_type(), true));
            arrays.push(column.finish(stored.column_type)?);
            columns.push(u16::try_from(number).map_err(|_| no_column())?);
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(Some(RowsEntry { table, columns, batch }))
    }
}

impl Values {
    /// Returns an empty column, unless the type is one whose values cannot be joined.
    fn new(column_type: StoredType) -> Option<Values> {
        let fixed = |width| Values::Fixed(width, MutableBuffer::new(0));
        Some(match column_type {
            StoredType::Boolean => Values::Bits(BooleanBufferBuilder::new(0)),
            StoredType::Long
            | StoredType::Double
            | StoredType::Timestamp
            | StoredType::TimestampNanos => fixed(8),
            StoredType::Decimal { precision: 1..=38, .. } => fixed(16),
            StoredType::Long256 => fixed(32),
            StoredType::Varchar => Values::Texts { ends: vec![0], bytes: MutableBuffer::new(0) },
            StoredType::Symbol => Values::Symbols { keys: Vec::new(), words: Words::default() },
            _ => return None,
        })
    }

    /// Appends the next column of a message, behind its validity. Returns about how many bytes of texts they are.
    fn append(
        &mut self,
        message: &mut Message<'_>,
        texts: Option<Message<'_>>,
        count: usize,
        validity: Option<&[u8]>,
    ) -> Result<usize> {
        match self {
            Values::Bits(bits) => {
                let values = message.buffer(count.div_ceil(8))?;
                bits.append_packed_range(0..count, values);
            }
            Values::Fixed(width, bytes) => {
                let len = *width * count;
                bytes.extend_from_slice(&message.buffer(len)?[..len]);
            }
            Values::Texts { ends, bytes } => {
                let (offsets, data) = (message.buffer(0)?, message.buffer(0)?);
                return append_texts(ends, bytes, offsets, data, count);
            }
            Values::Symbols { keys, words } => {
                let mut texts = texts.ok_or_else(no_column)?;
                let values = message.buffer(4 * count)?;
                let (numbers, bytes) = numbers_of(&mut texts, words)?;
                for (row, key) in values.chunks_exact(4).take(count).enumerate() {
                    let missing = validity.is_some_and(|v| !bit_util::get_bit(v, row));
                    let number = offset(key, 0).and_then(|key| numbers.get(key));
                    match number {
                        Some(number) => keys.push(*number),
                        None if missing => keys.push(0),
                        None => return Err(bad("a symbol without its text")),
                    }
                }
                return Ok(bytes + 4 * count);
            }
        }
        Ok(0)
    }

    /// Appends values that are not there.
    fn fill(&mut self, count: usize) {
        match self {
            Values::Bits(bits) => bits.append_n(count, false),
            Values::Fixed(width, bytes) => bytes.resize(bytes.len() + count * *width, 0),
            Values::Texts { ends, .. } => {
                let last = ends.last().copied().unwrap_or(0);
                ends.resize(ends.len() + count, last);
            }
            Values::Symbols { keys, .. } => keys.resize(keys.len() + count, 0),
        }
    }
}

fn append_texts(
    ends: &mut Vec<i32>,
    bytes: &mut MutableBuffer,
    offsets: &[u8],
    data: &[u8],
    count: usize,
) -> Result<usize> {
    let wrong = || bad("a text that ends before it begins");
    if count == 0 {
        return Ok(0);
    }
    let (first, last) = (offset(offsets, 0), offset(offsets, count));
    let (first, last) = first.zip(last).ok_or_else(wrong)?;
    let added = data.get(first..last).ok_or_else(wrong)?;
    let (mut before, start) = (first, bytes.len());
    for row in 1..=count {
        let end = offset(offsets, row).filter(|end| *end >= before && *end <= last);
        before = end.ok_or_else(wrong)?;
        ends.push(i32::try_from(start + before - first).map_err(|_| wrong())?);
    }
    bytes.extend_from_slice(added);
    Ok(added.len() + 4 * count)
}

/// Finds the numbers of texts, and adds those that are new. Returns about the bytes of the new ones too.
fn numbers_of(message: &mut Message<'_>, words: &mut Words) -> Result<(Vec<i32>, usize)> {
    let wrong = || bad("symbols that are no texts");
    let (count, nulls) = message.node()?;
    message.buffer(0)?;
    let (offsets, data) = (message.buffer(0)?, message.buffer(0)?);
    if nulls > 0 || count > SMALL.1 {
        return Err(wrong());
    }
    let (mut numbers, mut bytes) = (Vec::with_capacity(count.min(offsets.len() / 4)), 0);
    for index in 0..count {
        let place = offset(offsets, index).zip(offset(offsets, index + 1));
        let text = place.and_then(|(start, end)| data.get(start..end)).ok_or_else(wrong)?;
        let (hash, before) = (quick_hash(text), words.len());
        // A word that is known already is text, and most are.
        let known = words.find_lately(text, hash);
        let number = known.or_else(|| words.find_or_add(text, hash)).ok_or_else(wrong)?;
        let number = i32::try_from(number).map_err(|_| wrong())?;
        if words.len() > before {
            bytes += text.len();
        }
        numbers.push(number);
    }
    Ok((numbers, bytes))
}

impl Column {
    /// Makes the column so many rows long.
    fn fill(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.valid.len());
        if missing > 0 {
            self.valid.append_n(missing, false);
            self.values.fill(missing);
        }
    }

    fn finish(mut self, column_type: StoredType) -> Result<ArrayRef> {
        let nulls = NullBuffer::new(self.valid.finish());
        let nulls = (nulls.null_count() > 0).then_some(nulls);
        Ok(match self.values {
            Values::Bits(mut bits) => Arc::new(BooleanArray::new(bits.finish(), nulls)),
            Values::Fixed(_, bytes) => numbers(column_type, bytes, nulls)?,
            Values::Texts { ends, bytes } => {
                let offsets = OffsetBuffer::new(ends.into());
                Arc::new(StringArray::try_new(offsets, bytes.into(), nulls)?)
            }
            Values::Symbols { keys, words } => {
                let texts = StringArray::from_iter_values(words.iter());
                let keys = PrimitiveArray::<Int32Type>::try_new(keys.into(), nulls)?;
                Arc::new(DictionaryArray::try_new(keys, Arc::new(texts))?)
            }
        })
    }
}

/// Returns values of fixed width as an array.
fn numbers(
    column_type: StoredType,
    bytes: MutableBuffer,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    Ok(match column_type {
        StoredType::Long => Arc::new(primitives::<Int64Type>(bytes, nulls)?),
        StoredType::Double => Arc::new(primitives::<Float64Type>(bytes, nulls)?),
        StoredType::Timestamp => {
            let times = primitives::<TimestampMicrosecondType>(bytes, nulls)?;
            Arc::new(times.with_timezone("UTC"))
        }
        StoredType::TimestampNanos => {
            let times = primitives::<TimestampNanosecondType>(bytes, nulls)?;
            Arc::new(times.with_timezone("UTC"))
        }
        StoredType::Decimal { precision, scale } => {
            let decimals = primitives::<Decimal128Type>(bytes, nulls)?;
            Arc::new(decimals.with_precision_and_scale(precision, scale)?)
        }
        StoredType::Long256 => Arc::new(FixedSizeBinaryArray::try_new(32, bytes.into(), nulls)?),
        _ => return Err(bad("a type that cannot be joined")),
    })
}

fn primitives<T: ArrowPrimitiveType>(
    bytes: MutableBuffer,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>> {
    Ok(PrimitiveArray::try_new(ScalarBuffer::from(arrow_buffer::Buffer::from(bytes)), nulls)?)
}
