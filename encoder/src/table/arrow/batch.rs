//! [`ArrowBatch`]: rows in Arrow's memory.
#![expect(unsafe_code, reason = "takes over structs that another language vouches for")]

use std::ops::Range;
use std::sync::Arc;

use super::c_data::{ArrowArray, ArrowSchema, OwnedArray, SchemaRef};
use super::field::Field;
use super::view::View;
use crate::error::{Error, Result, err};
use crate::memory::room;
use crate::quoted::shown;
use crate::table::Bits;

/// A batch of rows in the memory of Apache Arrow, which is released when the last copy is dropped. Copies and slices share
/// the memory.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ArrowArray, ArrowBatch, ArrowOptions, ArrowSchema};
/// use questdb_ingress::{Buffer, ProtocolVersion};
/// # use std::ffi::c_void;
/// # use std::ptr;
/// #
/// # unsafe extern "C" fn free_schema(schema: *mut ArrowSchema) { unsafe { (*schema).release = None } }
/// # unsafe extern "C" fn free_array(array: *mut ArrowArray) { unsafe { (*array).release = None } }
///
/// // These structs come from a producer, such as another library of Arrow.
/// let prices = [2615.54, 2616.1];
/// # let mut buffers = [ptr::null(), prices.as_ptr().cast::<c_void>()];
/// # let mut price = ArrowArray {
/// #     length: 2, n_buffers: 2, buffers: buffers.as_mut_ptr(), release: Some(free_array), ..ArrowArray::released()
/// # };
/// # let mut columns = [&mut price as *mut ArrowArray];
/// # let mut none = [ptr::null::<c_void>()];
/// # let mut array = ArrowArray {
/// #     length: 2, n_buffers: 1, buffers: none.as_mut_ptr(), n_children: 1, children: columns.as_mut_ptr(),
/// #     release: Some(free_array), ..ArrowArray::released()
/// # };
/// # let mut price = ArrowSchema {
/// #     format: c"g".as_ptr(), name: c"price".as_ptr(), release: Some(free_schema), ..ArrowSchema::released()
/// # };
/// # let mut columns = [&mut price as *mut ArrowSchema];
/// # let schema = ArrowSchema {
/// #     format: c"+s".as_ptr(), n_children: 1, children: columns.as_mut_ptr(), release: Some(free_schema),
/// #     ..ArrowSchema::released()
/// # };
/// // SAFETY: both structs follow the interface, and the array is given away.
/// let batch = unsafe { ArrowBatch::import(&mut array, &schema) }?;
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.append_arrow(&batch, &ArrowOptions::new().table("trades").at_now())?;
/// assert_eq!(buffer.peek(), b"trades price=2615.54\ntrades price=2616.1\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArrowBatch {
    array: Arc<OwnedArray>,
    columns: Arc<Vec<Field>>,
    rows: Range<usize>,
}

impl ArrowBatch {
    /// Takes over a batch, an array of Arrow's type struct. `array` is moved away and marked as released, also if this
    /// fails; its callback is called once, when the batch and its copies are dropped. `schema` is only read, during the call.
    ///
    /// # Errors
    /// `InvalidArgument`, `InvalidUtf8` for what contradicts the interface, as far as that can be seen; `OutOfMemory`.
    ///
    /// # Safety
    /// Each pointer is NULL, or points to a struct that follows the C data interface of Arrow or was released. The memory
    /// that is reached from `array` does not change before it is released, any thread may read it, and any thread may call
    /// its callback.
    pub unsafe fn import(array: *mut ArrowArray, schema: *const ArrowSchema) -> Result<ArrowBatch> {
        // SAFETY: the caller vouches for the array.
        let array = unsafe { OwnedArray::take(array) };
        // SAFETY: the caller vouches for the schema.
        let columns = Field::columns(unsafe { SchemaRef::new(schema) }?)?;
        ArrowBatch::new(array?, Arc::new(columns))
    }

    pub(super) fn new(array: OwnedArray, columns: Arc<Vec<Field>>) -> Result<ArrowBatch> {
        let rows = array.get().length()?;
        let batch = ArrowBatch { array: Arc::new(array), columns, rows: 0..rows };
        // What is wrong with the structs is told here, and not when rows are appended.
        batch.views()?;
        Ok(batch)
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Returns the number of columns.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Returns the name of the column at `position`, counted from 0.
    pub fn column_name(&self, position: usize) -> Option<&str> {
        self.columns.get(position).map(|field| field.name.as_str())
    }

    /// Returns some of the rows, counted from 0. Messages then count from the first of these.
    ///
    /// # Errors
    /// `InvalidArgument` if there are no such rows.
    pub fn slice(&self, rows: Range<usize>) -> Result<ArrowBatch> {
        if rows.start > rows.end || rows.end > self.rows.len() {
            let (Range { start, end }, len) = (rows, self.rows.len());
            return Err(err!(InvalidArgument, "there are no rows {start} to {end} of {len}"));
        }
        let start = self.rows.start;
        Ok(ArrowBatch { rows: start + rows.start..start + rows.end, ..self.clone() })
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.columns
    }

    /// Returns the columns, and the place of the first row in them.
    pub(super) fn views(&self) -> Result<(Vec<View<'_>>, usize)> {
        let array = self.array.get();
        let (len, offset) = (array.length()?, array.offset()?);
        let due = len.checked_add(offset);
        let due = due.ok_or_else(|| err!(InvalidArgument, "{len} rows from row {offset} on"))?;
        if array.child_count()? != self.columns.len() {
            return Err(err!(
                InvalidArgument,
                "the array has {} children, the schema {}",
                array.child_count()?,
                self.columns.len()
            ));
        }
        if array.null_count() != 0 {
            self.check_no_row_is_null(due, offset)?;
        }
        let mut views = room(self.columns.len(), "columns")?;
        for (i, field) in self.columns.iter().enumerate() {
            let view = array.child(i).and_then(|child| View::new(child, field, due));
            views.push(view.map_err(|e| in_column(e, field, i))?);
        }
        Ok((views, offset + self.rows.start))
    }

    fn check_no_row_is_null(&self, due: usize, offset: usize) -> Result<()> {
        let validity = View::validity_of_rows(self.array.get(), due)?;
        let bits = validity.map(|bytes| Bits::new(bytes, offset));
        let missing = |row: &usize| bits.is_some_and(|bits| !bits.get(*row));
        match self.rows.clone().find(missing) {
            None => Ok(()),
            Some(row) => Err(err!(
                InvalidArgument,
                "row {} is null as a whole: only columns can be null",
                row - self.rows.start
            )),
        }
    }
}

/// Says which column an error is about.
#[cold]
pub(super) fn in_column(e: Error, field: &Field, position: usize) -> Error {
    e.context(format_args!("column {} (position {position})", shown(&field.name)))
}
