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
const ALIGN: usize = 8;
const ROWS: u64 = 1;
const JSON: u64 = 2;

/// Returns a change as bytes, a multiple of [`ALIGN`] of them.
pub(crate) fn encode(change: &Change) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match change {
        Change::Rows(entries) => {
            let mut writer = Messages::new()?;
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
struct Messages {
    options: IpcWriteOptions,
    context: IpcWriteContext,
    tracker: DictionaryTracker,
}

impl Messages {
    fn new() -> Result<Messages> {
        Ok(Messages {
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

/// Reads what [`encode`] wrote. `schema_of` returns the schema of a table, or `None` if it was dropped; its rows are left out.
/// An error says what is wrong with the bytes.
pub(crate) fn decode(
    bytes: &Buffer,
    schema_of: impl Fn(u64) -> Option<Arc<StoredSchema>>,
) -> Result<Change> {
    let mut read = Reader { bytes, at: 0 };
    if read.number()? == JSON {
        let len = read.len()?;
        let json = serde_json::from_slice(read.take(len)?.as_slice());
        return json
            .ok()
            .and_then(|json| from_json(&json))
            .ok_or_else(|| bad("no change of a table"));
    }
    let entries = read.len()?;
    let mut found = Vec::new();
    let mut cache = SchemaCache::default();
    for _ in 0..entries {
        if let Some(entry) = read.entry(&schema_of, &mut cache)? {
            found.push(entry);
        }
    }
    Ok(Change::Rows(found))
}

fn bad(what: &str) -> FileError {
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

/// Schemas that the batches of one record share.
#[derive(Default)]
struct SchemaCache(HashMap<(u64, Vec<u16>), (SchemaRef, SchemaRef)>);

impl SchemaCache {
    /// Returns the schema of a batch, and the one of its message, where symbols are numbers.
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
            let column =
                table.columns.get(usize::from(*index)).ok_or_else(|| bad("no such column"))?;
            let field = Field::new(&column.name, column.column_type.data_type(), true);
            plain.push(match column.column_type {
                StoredType::Symbol => field.clone().with_data_type(DataType::Int32),
                _ => field.clone(),
            });
            full.push(field);
        }
        let both: (SchemaRef, SchemaRef) =
            (Arc::new(Schema::new(full)), Arc::new(Schema::new(plain)));
        self.0.insert((id, columns.to_vec()), (Arc::clone(&both.0), Arc::clone(&both.1)));
        Ok(both)
    }
}

struct Reader<'a> {
    bytes: &'a Buffer,
    at: usize,
}

impl Reader<'_> {
    /// Takes the next bytes, and what fills them up to a multiple of [`ALIGN`].
    fn take(&mut self, len: usize) -> Result<Buffer> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| bad("a record that ends too early"))?;
        let taken = self.bytes.slice_with_length(self.at, len);
        self.at = end.next_multiple_of(ALIGN);
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64> {
        let bytes = self.take(8)?;
        Ok(bytes.as_slice().try_into().map_or(0, u64::from_le_bytes))
    }

    fn len(&mut self) -> Result<usize> {
        usize::try_from(self.number()?).map_err(|_| bad("a length that is too large"))
    }

    fn entry(
        &mut self,
        schema_of: &impl Fn(u64) -> Option<Arc<StoredSchema>>,
        cache: &mut SchemaCache,
    ) -> Result<Option<RowsEntry>> {
        let table = self.number()?;
        let length = self.len()?;
        let Some(schema) = schema_of(table) else {
            return self.take(length).map(|_| None);
        };
        let count = self.len()?;
        let numbers = self.take(count.saturating_mul(2))?;
        let column = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        let columns: Vec<u16> = numbers.as_slice().chunks_exact(2).map(column).collect();
        let (full, plain) = cache.of(table, &schema, &columns)?;
        let batch = self.message(plain)?;
        let mut arrays = Vec::with_capacity(count);
        for (field, column) in full.fields().iter().zip(batch.columns()) {
            arrays.push(match field.data_type() {
                DataType::Dictionary(_, _) => self.symbols(column.as_primitive())?,
                _ => Arc::clone(column),
            });
        }
        let batch = RecordBatch::try_new(full, arrays)?;
        Ok(Some(RowsEntry { table, columns, batch }))
    }

    fn symbols(&mut self, keys: &Int32Array) -> Result<ArrayRef> {
        let texts =
            self.message(Arc::new(Schema::new(vec![Field::new("", DataType::Utf8, true)])))?;
        let symbols = DictionaryArray::try_new(keys.clone(), Arc::clone(texts.column(0)))?;
        Ok(Arc::new(symbols))
    }

    fn message(&mut self, schema: SchemaRef) -> Result<RecordBatch> {
        let (head, body) = (self.len()?, self.len()?);
        let (head, body) = (self.take(head)?, self.take(body)?);
        let message = root_as_message(head.as_slice());
        let message = message.map_err(|_| bad("a message that is none of Arrow"))?;
        let batch =
            message.header_as_record_batch().ok_or_else(|| bad("a message without rows"))?;
        let none = HashMap::new();
        Ok(reader::read_record_batch(&body, batch, schema, &none, None, &message.version())?)
    }
}
