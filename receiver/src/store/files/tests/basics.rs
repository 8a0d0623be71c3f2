//! What is committed is there, before and after a flush, a compaction and a start.

use super::*;

#[test]
fn rows_survive_a_start_from_the_log_and_from_files() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    store.commit(vec![request("t", 1, &[START + 5, START, START + DAY])]).unwrap();
    store.commit(vec![request("T", 2, &[START + 1])]).unwrap();
    let expected = BTreeMap::from([(1, vec![1, 0, 2]), (2, vec![0])]);
    assert_eq!(requests(&store, "t"), expected);
    drop(store);
    let store = open(&folder);
    assert_eq!(requests(&store, "t"), expected);
    store.flush().unwrap();
    let parts = store.parts("t").unwrap();
    assert!(parts.recent.is_empty());
    assert_eq!(parts.rows(), 4);
    let names: Vec<_> = parts.parts.iter().map(|p| p.partition.as_str()).collect();
    assert_eq!(names, ["2024-01-01", "2024-01-02"]);
    assert_eq!(files(&folder.0, ".log").len(), 1, "the old log is removed");
    assert_eq!(requests(&store, "t"), expected);
    drop((store, parts));
    assert_eq!(requests(&open(&folder), "t"), expected);
}

#[test]
fn many_small_commits_become_few_batches() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    for id in 0..100 {
        store.commit(vec![request("t", id, &[START + id])]).unwrap();
    }
    let count = |store: &FileStore| store.parts("t").unwrap().recent.len();
    assert!(count(&store) <= 8, "{}", count(&store));
    drop(store);
    let store = open(&folder);
    assert!(count(&store) <= 8, "{}", count(&store));
    assert_eq!(requests(&store, "t").len(), 100);
}

#[test]
fn late_rows_make_a_part_which_compaction_merges() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    for id in 0..5 {
        store.commit(vec![request("t", id, &[START + 10 * id, START + DAY + id])]).unwrap();
        store.flush().unwrap();
    }
    assert_eq!(files(&folder.0, ".parquet").len(), 10);
    let before = requests(&store, "t");
    let reader = store.scan("t").unwrap();
    let held = store.parts("t").unwrap();
    store.compact().unwrap();
    assert_eq!(store.parts("t").unwrap().parts.len(), 2);
    assert_eq!(requests(&store, "t"), before);
    assert_eq!(files(&folder.0, ".parquet").len(), 12, "files stay as long as somebody reads them");
    assert_eq!(reader.map(|b| b.unwrap().num_rows()).sum::<usize>(), 10);
    drop(held);
    assert_eq!(files(&folder.0, ".parquet").len(), 2);
    drop(store);
    assert_eq!(requests(&open(&folder), "t"), before);
}

#[test]
fn the_last_commit_wins_wherever_its_rows_are() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(deduped("t")).unwrap();
    let again = |times: &[i64]| store.commit(vec![request("t", 1, times)]).unwrap();
    again(&[START, START + 1]);
    again(&[START, START + 1]);
    let rows = |store: &FileStore| requests(store, "t")[&1].len();
    assert_eq!(rows(&store), 2, "in the log");
    store.flush().unwrap();
    assert_eq!((rows(&store), store.parts("t").unwrap().rows()), (2, 2));
    again(&[START, START + 1]);
    assert_eq!(rows(&store), 2, "in a file and in the log");
    store.flush().unwrap();
    assert_eq!((rows(&store), store.parts("t").unwrap().rows()), (2, 4));
    store.compact().unwrap();
    assert_eq!((rows(&store), store.parts("t").unwrap().rows()), (2, 2));
    again(&[START + 2]);
    assert_eq!(rows(&store), 3, "another time is another row");
}

#[test]
fn dedup_keeps_the_values_of_the_last_commit() {
    let folder = Folder::new();
    let store = open(&folder);
    // The key is `n` alone, so requests replace each other.
    store.create_table(StoredSchema { dedup: Some(vec![1]), ..schema("t") }).unwrap();
    for id in 1..=4 {
        store.commit(vec![request("t", id, &[START, START])]).unwrap();
        if id % 2 == 0 {
            store.flush().unwrap();
        }
        assert_eq!(requests(&store, "t"), BTreeMap::from([(id, vec![0, 1])]));
    }
    store.compact().unwrap();
    assert_eq!(requests(&store, "t"), BTreeMap::from([(4, vec![0, 1])]));
}

#[test]
fn large_merges_go_in_pieces_and_lose_nothing() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    store.create_table(deduped("d")).unwrap();
    for id in 0..8 {
        let times: Vec<i64> = (0..30_000).map(|n| START + (n * 7919 % 30_000) * 1000).collect();
        let both = vec![request("t", id, &times), request("d", id / 2, &times)];
        store.commit(both).unwrap();
        if id % 3 == 2 {
            store.flush().unwrap();
        }
    }
    let check = || {
        for (table, ids) in [("t", 8), ("d", 4)] {
            let found = requests(&store, table);
            assert_eq!(found.len(), ids);
            for numbers in found.into_values() {
                let mut numbers = numbers;
                numbers.sort_unstable();
                assert!(numbers.into_iter().eq(0..30_000));
            }
        }
    };
    check();
    store.flush().unwrap();
    store.compact().unwrap();
    check();
    assert_eq!(store.parts("d").unwrap().rows(), 120_000);
}

#[test]
fn new_columns_are_empty_in_older_rows() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut narrow = schema("t");
    narrow.columns.truncate(5);
    store.create_table(narrow.clone()).unwrap();
    store.commit(vec![request("t", 1, &[START])]).unwrap();
    store.flush().unwrap();
    store.commit(vec![request("t", 2, &[START])]).unwrap();
    let mut wide = narrow.clone();
    wide.columns.push(column("price", StoredType::Decimal { precision: 18, scale: 3 }));
    wide.columns.push(column("book", StoredType::Array(2)));
    store.alter(wide).unwrap();
    assert!(matches!(store.alter(narrow), Err(FileError::Invalid(_))));
    let check = |store: &FileStore| {
        let batches: Vec<_> = store.scan("t").unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
        for batch in batches {
            assert_eq!(batch.num_columns(), 7);
            assert_eq!(batch.column(5).null_count(), batch.num_rows());
        }
    };
    check(&store);
    drop(store);
    let store = open(&folder);
    check(&store);
    store.flush().unwrap();
    store.compact().unwrap();
    check(&store);
}

#[test]
fn tables_are_dropped_truncated_and_created_again() {
    let folder = Folder::new();
    let store = open(&folder);
    let commit = |store: &FileStore, id| store.commit(vec![request("t", id, &[START])]);
    store.create_table(schema("t")).unwrap();
    store.create_table(schema("other")).unwrap();
    commit(&store, 1).unwrap();
    store.flush().unwrap();
    commit(&store, 2).unwrap();
    store.truncate("t").unwrap();
    commit(&store, 3).unwrap();
    assert_eq!(requests(&store, "t"), BTreeMap::from([(3, vec![0])]));
    drop(store);
    let store = open(&folder);
    assert_eq!(requests(&store, "t"), BTreeMap::from([(3, vec![0])]));
    store.drop_table("T").unwrap();
    assert!(matches!(commit(&store, 4), Err(FileError::NoTable(_))));
    store.create_table(schema("t")).unwrap();
    assert!(matches!(store.create_table(schema("T")), Err(FileError::TableExists(_))));
    commit(&store, 5).unwrap();
    // This writes a manifest that knows what the log tells once more at the next start.
    for id in [6, 7] {
        store.commit(vec![request("other", id, &[START])]).unwrap();
    }
    store.inner.publish(Vec::new(), None).unwrap();
    drop(store);
    let store = open(&folder);
    assert_eq!(store.table_names(), ["other", "t"]);
    assert_eq!(requests(&store, "t"), BTreeMap::from([(5, vec![0])]));
    assert_eq!(requests(&store, "other").len(), 2);
    store.flush().unwrap();
    drop(store);
    assert_eq!(requests(&open(&folder), "t"), BTreeMap::from([(5, vec![0])]));
}

#[test]
fn rows_that_do_not_fit_are_refused_and_nothing_is_stored() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    let mut strange = request("t", 1, &[START]);
    strange.batch = strange.batch.project(&[1, 2]).unwrap();
    let no_time = store.commit(vec![request("t", 2, &[START]), strange]).unwrap_err();
    assert_eq!(no_time.to_string(), "table t: a row has no time");
    assert!(requests(&store, "t").is_empty());
    let mut wrong = schema("w");
    wrong.columns[0].column_type = StoredType::Double;
    store.create_table(wrong).unwrap();
    let cast = store.commit(vec![request("w", 1, &[START])]).unwrap_err();
    assert_eq!(cast.to_string(), "table w: column id is DOUBLE, not Int64");
}

#[test]
fn a_folder_belongs_to_one_store() {
    let folder = Folder::new();
    let store = open(&folder);
    let second = FileStore::open(&folder.0, quiet()).unwrap_err();
    assert!(matches!(second, FileError::Locked(_)), "{second}");
    assert!(second.to_string().ends_with("is in use by another process"));
    drop(store);
    open(&folder);
}

#[test]
fn waiting_commits_share_a_sync() {
    let folder = Folder::new();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let hook = FaultHook(Arc::new(move |step| {
        if step == Step::LogSync {
            counted.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    }));
    let store = FileStore::open(&folder.0, FileOptions { faults: Some(hook), ..quiet() }).unwrap();
    store.create_table(schema("t")).unwrap();
    let before = count.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..10 {
                    store.commit(vec![request("t", thread * 10 + i, &[START])]).unwrap();
                }
            });
        }
    });
    let syncs = count.load(Ordering::Relaxed) - before;
    assert_eq!(requests(&store, "t").len(), 160);
    assert!(syncs <= 80, "{syncs} for 160 commits of 16 threads");
}

#[test]
fn the_thread_flushes_and_merges_by_itself() {
    let folder = Folder::new();
    let options = FileOptions { flush_rows: 100, compact_parts: 2, ..FileOptions::default() };
    let store = FileStore::open(&folder.0, options).unwrap();
    store.create_table(schema("t")).unwrap();
    for id in 0..200 {
        store.commit(vec![request("t", id, &[START + id; 10])]).unwrap();
    }
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let parts = store.parts("t").unwrap();
        let flushed: u64 = parts.parts.iter().map(|p| p.rows).sum();
        if flushed >= 1900 && parts.parts.len() <= 3 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{parts:?}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(requests(&store, "t").len(), 200);
    assert_eq!(store.parts("t").unwrap().rows(), 2000);
}

#[test]
fn interval_and_never_flush_and_stop_too() {
    for durability in [Durability::Interval(std::time::Duration::from_millis(1)), Durability::Never]
    {
        let folder = Folder::new();
        let options = FileOptions { durability, ..FileOptions::default() };
        let store = FileStore::open(&folder.0, options).unwrap();
        store.create_table(schema("t")).unwrap();
        store.commit(vec![request("t", 1, &[START])]).unwrap();
        store.flush().unwrap();
        store.commit(vec![request("t", 2, &[START])]).unwrap();
        drop(store);
        assert_eq!(requests(&open(&folder), "t").len(), 2);
    }
}
