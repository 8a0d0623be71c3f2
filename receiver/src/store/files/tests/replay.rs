//! What is read from the log is what was committed, whether records are joined or not.

use super::any_rows::{Random, all_types, row_keys, some_rows};
use super::*;
use crate::store::files::replay::Replay;

fn rows_of(store: &FileStore, table: &str) -> Vec<(Vec<u8>, String)> {
    row_keys(store.scan(table).unwrap().map(Result::unwrap))
}

#[test]
fn rows_of_small_and_large_records_come_back_as_they_were() {
    for seed in 0..8 {
        let random = &mut Random(seed);
        let folder = Folder::new();
        let store = open(&folder);
        let mut schemas = [all_types(false), all_types(true)];
        schemas.iter().for_each(|schema| store.create_table(schema.clone()).unwrap());
        let mut first = START;
        for round in 0..120 {
            let mut request = Vec::new();
            for _ in 0..=random.below(3) {
                let rows = [1, 1, 1, 2, 7, 8, 9, 63, 64, 65, 1025][random.below(11)];
                let schema = &schemas[random.below(2)];
                request.push(some_rows(random, schema, first, rows));
                first += i64::try_from(rows).unwrap() / 2 + 1;
            }
            store.commit(request).unwrap();
            if round == 60 {
                schemas[0].columns.push(column("late", StoredType::Symbol));
                store.alter(schemas[0].clone()).unwrap();
            }
            if seed % 2 == 0 && round == 80 {
                store.truncate("arrays").unwrap();
            }
        }
        let before = ["plain", "arrays"].map(|table| rows_of(&store, table));
        assert!(before.iter().all(|rows| rows.len() > 1000), "{}", before[0].len());
        drop(store);
        let store = open(&folder);
        let after = ["plain", "arrays"].map(|table| rows_of(&store, table));
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.len(), after.len());
            for (row, (before, after)) in before.iter().zip(after).enumerate() {
                assert_eq!(before, after, "row {row}, seed {seed}");
            }
        }
        // Few large batches are what joining is for.
        let parts = store.parts("plain").unwrap();
        assert!(parts.recent.len() < 40, "{}", parts.recent.len());
    }
}

#[test]
fn a_record_that_is_damaged_behind_its_checksum_is_refused_or_read() {
    let (mut refused, mut read) = (0, 0);
    for (id, schema) in [(1, all_types(false)), (2, all_types(true))] {
        let batch = some_rows(&mut Random(id), &schema, START, 3).batch;
        let columns = schema.columns_of(&batch).unwrap();
        let rows = record::Change::Rows(vec![record::RowsEntry { table: id, columns, batch }]);
        let whole = record::encode(&rows).unwrap();
        for place in 0..whole.len() {
            for (change, apart) in [(1, false), (1, true), (0x80, false), (0x80, true)] {
                let mut bytes = whole.clone();
                bytes[place] ^= change;
                let mut catalog = Catalog::default();
                let schema = Arc::new(schema.clone());
                catalog.apply(record::Change::Create { id, schema });
                let mut replay = Replay::new(&mut catalog);
                if apart {
                    replay.join_nothing();
                }
                let bytes = arrow_buffer::Buffer::from(&bytes[..]);
                match replay.record(&bytes).and_then(|()| replay.finish()) {
                    Err(_) => refused += 1,
                    Ok(()) => read += 1,
                }
            }
        }
    }
    assert!(refused > 1000 && read > 1000, "{refused} refused, {read} read");
}
