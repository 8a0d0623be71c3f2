//! An unfinished end of the log is cut off; anything else that cannot be read is an error with its file and byte.

use super::*;

/// A folder with three requests in its log, and where each record ends.
fn three() -> (Folder, PathBuf, Vec<u64>) {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    let mut ends = vec![store.inner.commits.alone(|log| log.len())];
    for id in 1..=3 {
        store.commit(vec![request("t", id, &[START, START + 1])]).unwrap();
        ends.push(store.inner.commits.alone(|log| log.len()));
    }
    drop(store);
    let path = files(&folder.0, ".log").remove(0);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), *ends.last().unwrap());
    (folder, path, ends)
}

#[test]
fn a_log_cut_at_any_byte_has_the_records_before() {
    let (folder, path, ends) = three();
    let bytes = std::fs::read(&path).unwrap();
    let cuts = (usize::try_from(ends[0]).unwrap()..=bytes.len()).step_by(7);
    for cut in cuts.chain(ends.iter().map(|e| usize::try_from(*e).unwrap())) {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let store = open(&folder);
        let complete = ends[1..].iter().filter(|end| **end <= cut as u64).count();
        assert_eq!(requests(&store, "t").len(), complete, "cut at {cut}");
        // What follows is written behind the last complete record.
        store.commit(vec![request("t", 9, &[START])]).unwrap();
        drop(store);
        assert_eq!(requests(&open(&folder), "t").len(), complete + 1, "cut at {cut}");
    }
}

#[test]
fn zeros_at_the_end_are_cut_off() {
    let (folder, path, _) = three();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 4096, 0);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(requests(&open(&folder), "t").len(), 3);
}

#[test]
fn a_wrong_byte_in_the_middle_is_named() {
    let (folder, path, ends) = three();
    let bytes = std::fs::read(&path).unwrap();
    for at in (ends[0]..ends[2]).step_by(13) {
        let record = ends.iter().rev().find(|end| **end <= at).unwrap();
        let mut wrong = bytes.clone();
        let index = usize::try_from(at).unwrap();
        wrong[index] ^= 0x40;
        std::fs::write(&path, &wrong).unwrap();
        match FileStore::open(&folder.0, quiet()) {
            Err(FileError::Damaged { path: file, byte, .. }) => {
                assert_eq!((file, byte), (path.clone(), *record));
            }
            // The bytes that fill a record up carry nothing.
            Ok(store) => assert_eq!(requests(&store, "t").len(), 3, "byte {at}"),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(requests(&open(&folder), "t").len(), 3);
}

#[test]
fn text_that_looks_like_a_record_is_none() {
    // The middle record holds bytes of a whole log, and the last one is cut within them.
    let (_folder, other, _) = three();
    let look_alike = std::fs::read(other).unwrap();
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    let text = StringArray::from_iter_values([look_alike
        .iter()
        .map(|b| char::from(b & 0x7F))
        .collect::<String>()]);
    let mut rows = request("t", 1, &[START]);
    let mut columns = rows.batch.columns().to_vec();
    columns[4] = Arc::new(text);
    rows.batch = RecordBatch::try_new(rows.batch.schema(), columns).unwrap();
    store.commit(vec![rows]).unwrap();
    drop(store);
    let path = files(&folder.0, ".log").remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 300);
    // The worst case: a complete record of another log, whose checksums begin with another number.
    bytes.extend_from_slice(&look_alike[32..]);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(open(&folder).parts("t").unwrap().rows(), 0);
}

#[test]
fn missing_and_wrong_files_are_named() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    store.commit(vec![request("t", 1, &[START])]).unwrap();
    store.flush().unwrap();
    drop(store);
    let fails = |what: &str| {
        let error = FileStore::open(&folder.0, quiet()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    let part = files(&folder.0, ".parquet").remove(0);
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() - 1]).unwrap();
    fails("it has");
    std::fs::remove_file(&part).unwrap();
    fails("part-0000000001.parquet cannot be read from byte 0 on: it is missing");
    // The start removed the empty folder.
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, &bytes).unwrap();
    let manifest = folder.0.join("manifest");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"rows\":1", "\"rows\":2")).unwrap();
    fails("its checksum is not that of its text");
    std::fs::write(&manifest, text).unwrap();
    let log = files(&folder.0, ".log").remove(0);
    std::fs::rename(&log, folder.0.join("log/0000000009.log")).unwrap();
    fails("0000000002.log cannot be read from byte 0 on: it is missing");
    std::fs::rename(folder.0.join("log/0000000009.log"), &log).unwrap();
    assert_eq!(requests(&open(&folder), "t").len(), 1);
}

#[test]
fn what_the_manifest_does_not_name_is_removed() {
    let folder = Folder::new();
    let store = open(&folder);
    store.create_table(schema("t")).unwrap();
    store.commit(vec![request("t", 1, &[START])]).unwrap();
    store.flush().unwrap();
    drop(store);
    let day = folder.0.join("db/t/2024-01-01");
    for name in ["part-0000000007.parquet", ".part-0000000008.parquet.tmp", "notes.txt"] {
        std::fs::write(day.join(name), "x").unwrap();
    }
    std::fs::write(folder.0.join("manifest.tmp"), "x").unwrap();
    let store = open(&folder);
    assert_eq!(files(&day, "").len(), 2, "the part, and the file that is none of ours");
    assert!(!folder.0.join("manifest.tmp").exists());
    store.commit(vec![request("t", 2, &[START])]).unwrap();
    store.flush().unwrap();
    assert!(day.join("part-0000000009.parquet").exists(), "numbers are not used twice");
}
