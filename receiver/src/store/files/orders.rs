//! What the end of a Parquet file says about the order of the values of its columns.
//!
//! The Parquet crate says of doubles that they are in IEEE 754's total order, which is new in the format: QuestDB 9.3.4 reads no
//! file that says so. The order is the same for all values that statistics have, because these leave out what is not a number.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The length of the metadata and the mark behind them.
const TAIL: usize = 8;
/// A struct without fields, as field 1 of a union: the order that belongs to the type. Field 2 is the total order.
const USUAL: [u8; 3] = [0x1C, 0, 0];
const TOTAL: [u8; 3] = [0x2C, 0, 0];

/// Lets a finished file say that all of its columns are in the usual order of their types. Files whose metadata do not end with
/// the orders of so many columns are left as they are.
pub(crate) fn make_usual(file: &mut File, columns: usize) -> io::Result<()> {
    // The last field of the metadata is the list of the orders; behind it is the end of the metadata.
    let len = columns * USUAL.len() + 1 + TAIL;
    let Some(start) = file.metadata()?.len().checked_sub(len as u64) else { return Ok(()) };
    let mut end = vec![0; len];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut end)?;
    let (orders, rest) = end.split_at_mut(columns * USUAL.len());
    let mut orders: Vec<_> = orders.chunks_exact_mut(USUAL.len()).collect();
    let known = orders.iter().all(|order| **order == USUAL || **order == TOTAL);
    if !known || rest[0] != 0 || !rest.ends_with(b"PAR1") {
        return Ok(());
    }
    orders.iter_mut().for_each(|order| order.copy_from_slice(&USUAL));
    file.seek(SeekFrom::Start(start))?;
    file.write_all(&end)
}
