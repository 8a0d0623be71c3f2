//! Heads of messages of Arrow: how many values each column of a batch has, and where in the body they are.

use std::ops::Range;

use arrow_ipc::{Message, RecordBatch, root_as_message};
use arrow_schema::{DataType, Schema};

use super::error::{FileError, Result};
use super::record::ALIGN;

/// How many forms of heads are remembered.
const KEPT: usize = 64;

/// Reads heads. Those of one form, which differ in numbers alone, are checked once and then compared, which is much quicker.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    forms: Vec<Form>,
    /// The form of the last head.
    last: usize,
}

/// A head that was checked, and where its numbers are.
#[derive(Debug)]
struct Form {
    bytes: Vec<u8>,
    /// The places of numbers, in order: no other place may differ.
    free: Vec<Range<usize>>,
    nodes: Range<usize>,
    buffers: Range<usize>,
}

/// What a head says of its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    nodes: &'a [u8],
    buffers: &'a [u8],
}

impl Layout<'_> {
    /// Returns how many values a column has, and how many of them are missing.
    pub(crate) fn node(&self, index: usize) -> Option<(usize, usize)> {
        pair(self.nodes, index)
    }

    /// Returns whether these are columns of the schema, with buffers of whole values that are within a body of so many bytes.
    pub(crate) fn fits(&self, schema: &Schema, body: usize) -> bool {
        let (mut nodes, mut buffers) = (0..self.nodes.len() / 16, 0..self.buffers.len() / 16);
        let mut fields = schema.fields().iter();
        fields.all(|field| self.column_fits(field.data_type(), &mut nodes, &mut buffers, body))
            && nodes.is_empty()
            && buffers.is_empty()
    }

    fn column_fits(
        &self,
        column: &DataType,
        nodes: &mut Range<usize>,
        buffers: &mut Range<usize>,
        body: usize,
    ) -> bool {
        let node = nodes.next().and_then(|node| self.node(node));
        if node.is_none_or(|(len, nulls)| nulls > len) {
            return false;
        }
        // The bytes of a value in each buffer.
        let widths: &[usize] = match column {
            DataType::Utf8 => &[1, 4, 1],
            DataType::List(_) => &[1, 4],
            other => &[1, other.primitive_width().unwrap_or(1)],
        };
        let mut widths = widths.iter();
        let fits = widths.all(|width| {
            let buffer = buffers.next().and_then(|buffer| self.buffer(buffer));
            buffer.is_some_and(|(start, len)| {
                let end = start.checked_add(len);
                start % ALIGN == 0 && len % width == 0 && end.is_some_and(|end| end <= body)
            })
        });
        match column {
            DataType::List(items) => {
                fits && self.column_fits(items.data_type(), nodes, buffers, body)
            }
            _ => fits,
        }
    }

    /// Returns where a buffer begins, and its length.
    pub(crate) fn buffer(&self, index: usize) -> Option<(usize, usize)> {
        pair(self.buffers, index)
    }
}

fn pair(bytes: &[u8], index: usize) -> Option<(usize, usize)> {
    let start = index.checked_mul(16)?;
    let number = |at: usize| {
        let bytes = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        usize::try_from(i64::from_le_bytes(bytes)).ok()
    };
    Some((number(start)?, number(start + 8)?))
}

impl Heads {
    /// Reads a head.
    pub(crate) fn read<'a>(&mut self, head: &'a [u8]) -> Result<Layout<'a>> {
        if self.forms.get(self.last).is_none_or(|form| !form.is_of(head)) {
            self.last = match self.forms.iter().position(|form| form.is_of(head)) {
                Some(known) => known,
                None => self.add(Form::new(head)?),
            };
        }
        let form = &self.forms[self.last];
        Ok(Layout { nodes: &head[form.nodes.clone()], buffers: &head[form.buffers.clone()] })
    }

    fn add(&mut self, form: Form) -> usize {
        if self.forms.len() == KEPT {
            self.forms.clear();
        }
        self.forms.push(form);
        self.forms.len() - 1
    }
}

impl Form {
    fn new(head: &[u8]) -> Result<Form> {
        let bad = || FileError::Invalid("a message that is none of Arrow".to_owned());
        let message = root_as_message(head).map_err(|_| bad())?;
        let batch = message.header_as_record_batch().ok_or_else(bad)?;
        if batch.compression().is_some() || batch.variadicBufferCounts().is_some() {
            return Err(bad());
        }
        let place = |bytes: &[u8]| {
            let start = (bytes.as_ptr() as usize).saturating_sub(head.as_ptr() as usize);
            start..start + bytes.len()
        };
        let nodes = batch.nodes().map_or(0..0, |v| place(v.bytes()));
        let buffers = batch.buffers().map_or(0..0, |v| place(v.bytes()));
        // A field that has its default value is not in its table.
        let number = |table: usize, field: u16| match field {
            0 => 0..0,
            _ => table + usize::from(field)..table + usize::from(field) + 8,
        };
        let rows = batch._tab.vtable().get(RecordBatch::VT_LENGTH);
        let length = message._tab.vtable().get(Message::VT_BODYLENGTH);
        let mut free = vec![
            nodes.clone(),
            buffers.clone(),
            number(batch._tab.loc(), rows),
            number(message._tab.loc(), length),
        ];
        free.sort_by_key(|range| range.start);
        let overlap = free.windows(2).any(|two| two[0].end > two[1].start);
        if overlap || free.iter().any(|range| range.end > head.len()) {
            return Err(bad());
        }
        Ok(Form { bytes: head.to_owned(), free, nodes, buffers })
    }

    /// Returns whether a head is of this form.
    fn is_of(&self, head: &[u8]) -> bool {
        if head.len() != self.bytes.len() {
            return false;
        }
        let mut from = 0;
        let fixed = |range: Range<usize>| head[range.clone()] == self.bytes[range];
        for range in &self.free {
            if !fixed(from..range.start) {
                return false;
            }
            from = range.end;
        }
        fixed(from..head.len())
    }
}
