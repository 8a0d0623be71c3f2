//! Every step may fail, by a full disk or otherwise: nothing that was acknowledged is lost, and it goes on afterwards.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;

use super::*;

/// Lets a step fail from its nth time on, until it is switched off.
#[derive(Debug, Default)]
struct Faults {
    step: Option<Step>,
    from: u64,
    seen: u64,
    fired: u64,
}

fn hook(faults: &Arc<Mutex<Faults>>) -> FaultHook {
    let faults = Arc::clone(faults);
    FaultHook(Arc::new(move |step| {
        let mut faults = faults.lock().unwrap();
        if faults.step != Some(step) {
            return Ok(());
        }
        faults.seen += 1;
        if faults.seen <= faults.from {
            return Ok(());
        }
        faults.fired += 1;
        Err(io::ErrorKind::StorageFull.into())
    }))
}

#[test]
fn a_full_disk_at_any_step_loses_nothing() {
    let mut reached = BTreeSet::new();
    for step in Step::ALL {
        // After this step the log is durable, so an error would be none.
        if step == Step::LogSynced {
            continue;
        }
        for from in 0..3 {
            if one_full_disk(step, from) {
                reached.insert(format!("{step:?}"));
            }
        }
    }
    // Those that are left out happen at a start only, or after another failure.
    let missing: Vec<_> =
        Step::ALL.iter().filter(|s| !reached.contains(&format!("{s:?}"))).collect();
    assert_eq!(missing, [&Step::LogSynced, &Step::LogCut, &Step::PartRemove]);
}

/// Returns whether the step was reached.
fn one_full_disk(step: Step, from: u64) -> bool {
    let folder = Folder::new();
    let faults = Arc::new(Mutex::new(Faults::default()));
    let options = FileOptions { faults: Some(hook(&faults)), ..quiet() };
    let store = FileStore::open(&folder.0, options).unwrap();
    store.create_table(schema("t")).unwrap();
    store.create_table(deduped("d")).unwrap();
    let mut stored = BTreeSet::new();
    let mut next = 0;
    let mut commit = |stored: &mut BTreeSet<i64>| {
        next += 1;
        let times = [START + next * 100, START + next / 4 * DAY, START];
        match store.commit(vec![request("t", next, &times), request("d", next, &times)]) {
            Ok(()) => assert!(stored.insert(next)),
            Err(error) => assert!(error.is_full(), "{step:?}: {error}"),
        }
    };
    let work = |stored: &mut BTreeSet<i64>, commit: &mut dyn FnMut(&mut BTreeSet<i64>)| {
        for _ in 0..3 {
            commit(stored);
            commit(stored);
            for result in [store.flush(), store.compact()] {
                if let Err(error) = result {
                    assert!(error.is_full(), "{step:?}: {error}");
                }
            }
        }
    };
    work(&mut stored, &mut commit);
    *faults.lock().unwrap() = Faults { step: Some(step), from, seen: 0, fired: 0 };
    work(&mut stored, &mut commit);
    let check = |store: &FileStore, stored: &BTreeSet<i64>, when: &str| {
        for table in ["t", "d"] {
            let found = requests(store, table);
            let ids: BTreeSet<i64> = found.keys().copied().collect();
            assert_eq!(ids, *stored, "{step:?} {from}, {table}, {when}");
            assert!(found.values().all(|rows| rows.len() == 3), "{step:?} {from}, {table}, {when}");
        }
    };
    check(&store, &stored, "while it is full");
    let fired = faults.lock().unwrap().fired > 0;
    *faults.lock().unwrap() = Faults::default();
    let before = stored.len();
    work(&mut stored, &mut commit);
    assert_eq!(stored.len(), before + 6, "{step:?}: it goes on");
    store.flush().unwrap();
    store.compact().unwrap();
    check(&store, &stored, "when there is room again");
    drop(store);
    check(&open(&folder), &stored, "after a start");
    assert!(files(&folder.0, ".tmp").is_empty(), "{step:?}");
    fired
}

#[test]
fn a_failed_write_is_removed_before_the_next_one() {
    let folder = Folder::new();
    let faults = Arc::new(Mutex::new(Faults::default()));
    let options = FileOptions { faults: Some(hook(&faults)), ..quiet() };
    let store = FileStore::open(&folder.0, options).unwrap();
    store.create_table(schema("t")).unwrap();
    for step in [Step::LogHalf, Step::LogSync] {
        *faults.lock().unwrap() = Faults { step: Some(step), ..Faults::default() };
        assert!(store.commit(vec![request("t", 1, &[START])]).unwrap_err().is_full());
        *faults.lock().unwrap() = Faults::default();
        assert!(requests(&store, "t").is_empty());
    }
    store.commit(vec![request("t", 2, &[START])]).unwrap();
    drop(store);
    assert_eq!(requests(&open(&folder), "t"), BTreeMap::from([(2, vec![0])]));
}

#[test]
fn memory_is_bounded_while_flushes_fail() {
    let folder = Folder::new();
    let faults = Arc::new(Mutex::new(Faults::default()));
    let options =
        FileOptions { faults: Some(hook(&faults)), flush_rows: 10, ..FileOptions::default() };
    let store = FileStore::open(&folder.0, options).unwrap();
    store.create_table(schema("t")).unwrap();
    *faults.lock().unwrap() = Faults { step: Some(Step::PartCreate), ..Faults::default() };
    let mut stored = 0;
    let error = loop {
        match store.commit(vec![request("t", stored, &[START; 10])]) {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100);
    };
    assert!(error.is_full(), "{error}");
    *faults.lock().unwrap() = Faults::default();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while store.commit(vec![request("t", stored, &[START; 10])]).is_err() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let ids: Vec<i64> = requests(&store, "t").into_keys().collect();
    assert!(ids.into_iter().eq(0..=stored));
}
