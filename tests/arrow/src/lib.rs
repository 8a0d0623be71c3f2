//! Batches of arrow-rs: made at random, exported, and appended by single calls. The tests compare that with what importing
//! the same batch appends.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "serves tests only, which hand structs over and fail by panicking"
)]

pub mod calls;
pub mod random;

use arrow_array::ffi::FFI_ArrowArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::ffi::FFI_ArrowSchema;
use questdb_ingress::Result;
use questdb_ingress::table::{ArrowArray, ArrowBatch};

/// Exports a batch without its first `skip` rows, which are skipped in the structs, by an offset of the batch, and an offset
/// of each column too if `in_columns` is set.
///
/// # Errors
/// As [`ArrowBatch::import`].
///
/// # Panics
/// If arrow-rs cannot export the batch.
pub fn import(batch: &RecordBatch, skip: usize, in_columns: bool) -> Result<ArrowBatch> {
    let data = StructArray::from(batch.clone()).into_data();
    let mut array = FFI_ArrowArray::new(&data);
    let schema = FFI_ArrowSchema::try_from(batch.schema().as_ref()).unwrap();
    let array = (&raw mut array).cast::<ArrowArray>();
    let skip = i64::try_from(skip).unwrap();
    // SAFETY: both libraries declare the structs of the interface. An offset is raised and the length lowered by the same
    // number, so no value is read that the array does not have.
    unsafe {
        let in_batch = if in_columns { skip / 2 } else { skip };
        (*array).offset += in_batch;
        (*array).length -= skip;
        for i in 0..usize::try_from((*array).n_children).unwrap() {
            let child = *(*array).children.add(i);
            (*child).offset += skip - in_batch;
            (*child).length -= skip - in_batch;
            (*child).null_count = if (*child).null_count == 0 { 0 } else { -1 };
        }
        ArrowBatch::import(array, (&raw const schema).cast())
    }
}
