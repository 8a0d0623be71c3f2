//! The log's replay for a fuzz target: records that were damaged are refused without a panic, and whoever reads what is left
//! reads the same, whether small records are joined or not.

use std::sync::Arc;

use arrow_buffer::Buffer;

use super::any_rows::{Random, all_types, row_keys, some_rows};
use super::catalog::Catalog;
use super::error::Result;
use super::record::{self, Change, RowsEntry};
use super::replay::Replay;
use super::{StoredSchema, batches};

/// The bytes that say what a record is: two for its rows, and three for each of two bytes that are changed.
const ORDER: usize = 8;
/// The most records.
const RECORDS: usize = 24;

/// Makes records as the bytes say, damages some, and reads them in both ways. Returns how many rows came out, if both took all.
///
/// # Panics
/// The two ways differ, or a record that nobody has damaged is refused.
pub(crate) fn replay(data: &[u8]) -> Option<usize> {
    let schemas = [all_types(false), all_types(true)];
    let mut records = Vec::new();
    let mut damaged = false;
    for order in data.chunks_exact(ORDER).take(RECORDS) {
        let mut bytes = record::encode(&change(&schemas, order)).expect("rows can be written");
        for change in order[2..].chunks_exact(3) {
            let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[place] ^= change[2];
            damaged |= change[2] != 0;
        }
        records.push(Buffer::from(&bytes[..]));
    }
    let ways = [read(&schemas, &records, false), read(&schemas, &records, true)];
    match ways {
        [Ok(joined), Ok(apart)] => {
            assert_eq!(joined, apart);
            Some(joined.len())
        }
        [joined, apart] => {
            assert!(damaged, "{joined:?} {apart:?}");
            None
        }
    }
}

fn change(schemas: &[StoredSchema; 2], order: &[u8]) -> Change {
    let (which, seed) = (order[0], order[1]);
    let schema = &schemas[usize::from(which & 1)];
    let id = 1 + u64::from(which & 1);
    match which >> 4 {
        0 => Change::Truncate { id },
        1 => Change::Drop { id: 3 },
        2 => Change::Create { id: 4, schema: Arc::new(schema.clone()) },
        _ => {
            let random = &mut Random(u64::from(seed));
            let count = 1 + usize::from(which >> 1 & 3);
            let entry = |rows: usize| {
                let first = 1_700_000_000_000_000 + i64::from(seed);
                let batch = some_rows(random, schema, first, rows).batch;
                let columns = schema.columns_of(&batch).expect("columns of the table");
                RowsEntry { table: id, columns, batch }
            };
            Change::Rows([1, 2, 9, 1][..count].iter().copied().map(entry).collect())
        }
    }
}

/// Applies records, and returns all rows.
fn read(
    schemas: &[StoredSchema; 2],
    records: &[Buffer],
    apart: bool,
) -> Result<Vec<(Vec<u8>, String)>> {
    let mut catalog = Catalog::default();
    for (id, schema) in (1..).zip(schemas) {
        catalog.apply(Change::Create { id, schema: Arc::new(schema.clone()) });
    }
    let mut replay = Replay::new(&mut catalog);
    if apart {
        replay.join_nothing();
    }
    records.iter().try_for_each(|record| replay.record(record))?;
    replay.finish()?;
    let mut rows = Vec::new();
    for table in catalog.tables() {
        let recent = table.recent.iter().map(|batch| batches::widen(&table.schema, batch));
        let recent: Vec<_> = recent.collect::<Result<_>>()?;
        rows.extend(row_keys(recent.into_iter()));
    }
    Ok(rows)
}
