//! What one entry of the log holds, as bytes.
//!
//! Rows are Arrow IPC messages. The schema is not repeated in each record: an entry names the table and its columns by number,
//! and columns never change. The texts of a symbol column follow as a batch of their own, without the dictionary messages of
//! a stream, whose numbers would need that schema.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_ipc::{MetadataVersion, reader, root_as_message};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde_json::{Value as Json, json};

use super::error::{FileError, Result};
use super::heads::Heads;
use super::schema::{StoredSchema, StoredType};

/// A change of tables, as the log has it.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Create { id: u64, schema: Arc<StoredSchema> },
    Alter { id: u64, schema: Arc<StoredSchema> },
    Truncate { id: u64 },
    Drop { id: u64 },
    Rows(Vec<RowsEntry>),
}

/// Rows of one table.
#[derive(Debug, Clone)]
pub(crate) struct RowsEntry {
    /// The number of the table.
    pub(crate) table: u64,
    /// For each column of the batch, the number of the table's column.
    pub(crate) columns: Vec<u16>,
    pub(crate) batch: RecordBatch,
}

/// Everything in a record begins at a multiple of this, so that numbers can be read where they are.
pub(crate) const ALIGN: usize = 8;
const ROWS: u64 = 1;
const JSON: u64 = 2;

/// Returns a change as bytes, a multiple of [`ALIGN`] of them.
pub(crate) fn encode(change: &Change) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match change {
        Change::Rows(entries) => {
            let mut writer = MessageWriter::new()?;
            put(&mut out, ROWS);
            put(&mut out, entries.len() as u64);
            for entry in entries {
                writer.entry(entry, &mut out)?;
            }
        }
        other => {
            put(&mut out, JSON);
            let text = to_json(other).to_string();
            put(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
            pad(&mut out);
        }
    }
    Ok(out)
}

fn to_json(change: &Change) -> Json {
    match change {
        Change::Create { id, schema } => json!({"create": id, "table": schema.to_json()}),
        Change::Alter { id, schema } => json!({"alter": id, "table": schema.to_json()}),
        Change::Truncate { id } => json!({"truncate": id}),
        Change::Drop { id } => json!({"drop": id}),
        Change::Rows(_) => Json::Null,
    }
}

fn put(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGN), 0);
}

/// Writes batches as messages.
struct MessageWriter {
    options: IpcWriteOptions,
    context: IpcWriteContext,
    tracker: DictionaryTracker,
}

impl MessageWriter {
    fn new() -> Result<MessageWriter> {
        Ok(MessageWriter {
            options: IpcWriteOptions::try_new(ALIGN, false, MetadataVersion::V5)?,
            context: IpcWriteContext::default(),
            tracker: DictionaryTracker::new(false),
        })
    }

    fn entry(&mut self, entry: &RowsEntry, out: &mut Vec<u8>) -> Result<()> {
        put(out, entry.table);
        // The length of what follows, which comes last, for readers that leave the entry out.
        let length_at = out.len();
        put(out, 0);
        put(out, entry.columns.len() as u64);
        for column in &entry.columns {
            out.extend_from_slice(&column.to_le_bytes());
        }
        pad(out);
        let mut plain = Vec::with_capacity(entry.columns.len());
        let mut texts = Vec::new();
        for column in entry.batch.columns() {
            match column.as_dictionary_opt::<Int32Type>() {
                None => plain.push(Arc::clone(column)),
                Some(symbols) => {
                    plain.push(Arc::new(symbols.keys().clone()));
                    texts.push(Arc::clone(symbols.values()));
                }
            }
        }
        self.message(plain, out)?;
        texts.into_iter().try_for_each(|t| self.message(vec![t], out))?;
        let length = (out.len() - length_at - 8) as u64;
        out[length_at..length_at + 8].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    fn message(&mut self, columns: Vec<ArrayRef>, out: &mut Vec<u8>) -> Result<()> {
        let fields = columns.iter().map(|c| Field::new("", c.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let batch = RecordBatch::try_new(schema, columns)?;
        let (_, data) = IpcDataGenerator {}.encode(
            &batch,
            &mut self.tracker,
            &self.options,
            &mut self.context,
        )?;
        put(out, data.ipc_message.len() as u64);
        put(out, data.arrow_data.len() as u64);
        out.extend_from_slice(&data.ipc_message);
        pad(out);
        out.extend_from_slice(&data.arrow_data);
        pad(out);
        Ok(())
    }
}

/// What a record holds.
pub(crate) enum Content<'a> {
    /// Anything but rows.
    Change(Change),
    Rows(Entries<'a>),
}

/// Reads what [`encode`] wrote. An error says what is wrong with the bytes.
pub(crate) fn open(bytes: &Buffer) -> Result<Content<'_>> {
    let mut read = Reader { bytes, at: 0, end: bytes.len() };
    if read.number()? == JSON {
        let len = read.len()?;
        let json = serde_json::from_slice(read.slice(len)?);
        let change = json.ok().and_then(|json| from_json(&json));
        return change.map(Content::Change).ok_or_else(|| bad("no change of a table"));
    }
    let left = read.len()?;
    Ok(Content::Rows(Entries { read, left }))
}

/// The rows of a record, table by table.
pub(crate) struct Entries<'a> {
    read: Reader<'a>,
    left: usize,
}

impl<'a> Entries<'a> {
    /// Returns the next entry.
    pub(crate) fn next(&mut self) -> Result<Option<Entry<'a>>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let table = self.read.number()?;
        let length = self.read.len()?;
        let start = self.read.at;
        self.read.slice(length)?;
        let mut read = Reader { bytes: self.read.bytes, at: start, end: start + length };
        let count = read.len()?;
        let columns = read.slice(count.saturating_mul(2))?;
        Ok(Some(Entry { table, columns, read }))
    }
}

/// Rows of one table that were not looked at yet.
pub(crate) struct Entry<'a> {
    pub(crate) table: u64,
    /// Two bytes for each column: the number of the table's column.
    columns: &'a [u8],
    read: Reader<'a>,
}

impl<'a> Entry<'a> {
    /// Returns the numbers of the table's columns.
    pub(crate) fn columns(&self) -> impl ExactSizeIterator<Item = u16> + use<'a> {
        self.columns.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
    }

    /// Returns the bytes that its rows take.
    pub(crate) fn len(&self) -> usize {
        self.read.end - self.read.at
    }

    /// Returns head and body of each message: the columns, and for each symbol column its texts.
    pub(crate) fn messages(&self) -> Messages<'a> {
        Messages(self.read)
    }

    /// Reads the rows.
    pub(crate) fn rows(
        self,
        table: &StoredSchema,
        cache: &mut SchemaCache,
        heads: &mut Heads,
    ) -> Result<RowsEntry> {
        let columns: Vec<u16> = self.columns().collect();
        let (full, plain) = cache.of(self.table, table, &columns)?;
        let mut read = self.read;
        let batch = read.message(plain, heads)?;
        let mut arrays = Vec::with_capacity(columns.len());
        for (field, column) in full.fields().iter().zip(batch.columns()) {
            arrays.push(match field.data_type() {
                DataType::Dictionary(_, _) => read.symbols(column.as_primitive(), heads)?,
                _ => Arc::clone(column),
            });
        }
        let batch = RecordBatch::try_new(full, arrays)?;
        Ok(RowsEntry { table: self.table, columns, batch })
    }
}

/// The messages of an entry.
pub(crate) struct Messages<'a>(Reader<'a>);

impl<'a> Messages<'a> {
    /// Returns head and body of the next message.
    pub(crate) fn next(&mut self) -> Result<(&'a [u8], &'a [u8])> {
        let (head, body) = (self.0.len()?, self.0.len()?);
        Ok((self.0.slice(head)?, self.0.slice(body)?))
    }
}

pub(crate) fn no_column() -> FileError {
    bad("no such column")
}

pub(crate) fn bad(what: &str) -> FileError {
    FileError::Invalid(what.to_owned())
}

fn from_json(json: &Json) -> Option<Change> {
    let schema = || StoredSchema::from_json(&json["table"]).map(Arc::new);
    if let Some(id) = json["create"].as_u64() {
        return Some(Change::Create { id, schema: schema()? });
    }
    if let Some(id) = json["alter"].as_u64() {
        return Some(Change::Alter { id, schema: schema()? });
    }
    if let Some(id) = json["truncate"].as_u64() {
        return Some(Change::Truncate { id });
    }
    json["drop"].as_u64().map(|id| Change::Drop { id })
}

/// Schemas that batches share: the full one, and the one of its message, where symbols are numbers.
#[derive(Default)]
pub(crate) struct SchemaCache(HashMap<(u64, Vec<u16>), (SchemaRef, SchemaRef)>);

/// How many schemas are remembered.
const SCHEMAS: usize = 10_000;

impl SchemaCache {
    /// Returns the schemas of a batch. Columns of a table never change, nor is its number used again.
    fn of(
        &mut self,
        id: u64,
        table: &StoredSchema,
        columns: &[u16],
    ) -> Result<(SchemaRef, SchemaRef)> {
        if let Some((full, plain)) = self.0.get(&(id, columns.to_vec())) {
            return Ok((Arc::clone(full), Arc::clone(plain)));
        }
        let (mut full, mut plain) = (Vec::new(), Vec::new());
        for index in columns {
            let column = table.columns.get(usize::from(*index)).ok_or_else(no_column)?;
            let field = Field::new(&column.name, column.column_type.data_type(), true);
            plain.push(match column.column_type {
                StoredType::Symbol => field.clone().with_data_type(DataType::Int32),
                _ => field.clone(),
            });
            full.push(field);
        }
        let both: (SchemaRef, SchemaRef) =
            (Arc::new(Schema::new(full)), Arc::new(Schema::new(plain)));
        if self.0.len() >= SCHEMAS {
            self.0.clear();
        }
        self.0.insert((id, columns.to_vec()), (Arc::clone(&both.0), Arc::clone(&both.1)));
        Ok(both)
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    bytes: &'a Buffer,
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Takes the next bytes, and what fills them up to a multiple of [`ALIGN`]. Returns where they are.
    fn skip(&mut self, len: usize) -> Result<usize> {
        let start = self.at;
        let end = start.checked_add(len).filter(|end| *end <= self.end);
        let end = end.ok_or_else(|| bad("a record that ends too early"))?;
        self.at = end.next_multiple_of(ALIGN).min(self.end);
        Ok(start)
    }

    fn slice(&mut self, len: usize) -> Result<&'a [u8]> {
        let start = self.skip(len)?;
        Ok(&self.bytes.as_slice()[start..start + len])
    }

    fn take(&mut self, len: usize) -> Result<Buffer> {
        let start = self.skip(len)?;
        Ok(self.bytes.slice_with_length(start, len))
    }

    fn number(&mut self) -> Result<u64> {
        Ok(self.slice(8)?.try_into().map_or(0, u64::from_le_bytes))
    }

    fn len(&mut self) -> Result<usize> {
        usize::try_from(self.number()?).map_err(|_| bad("a length that is too large"))
    }

    fn symbols(&mut self, keys: &Int32Array, heads: &mut Heads) -> Result<ArrayRef> {
        let texts = Arc::new(Schema::new(vec![Field::new("", DataType::Utf8, true)]));
        let texts = self.message(texts, heads)?;
        let symbols = DictionaryArray::try_new(keys.clone(), Arc::clone(texts.column(0)))?;
        Ok(Arc::new(symbols))
    }

    fn message(&mut self, schema: SchemaRef, heads: &mut Heads) -> Result<RecordBatch> {
        let (head, body) = (self.len()?, self.len()?);
        let (head, body) = (self.slice(head)?, self.take(body)?);
        // The reader of Arrow trusts the places of buffers.
        if !heads.read(head)?.fits(&schema, body.len()) {
            return Err(bad("a message of other columns"));
        }
        let message = root_as_message(head);
        let message = message.map_err(|_| bad("a message that is none of Arrow"))?;
        let batch =
            message.header_as_record_batch().ok_or_else(|| bad("a message without rows"))?;
        let none = HashMap::new();
        Ok(reader::read_record_batch(&body, batch, schema, &none, None, &message.version())?)
    }
}
