//! Opening a folder: everything that was committed is there again, and nothing else.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Condvar, Mutex};

use super::catalog::Catalog;
use super::commit::Commits;
use super::disk::{Disk, FolderLock, Step};
use super::error::{FileError, Result};
use super::log::{self, LogFile};
use super::manifest::Manifest;
use super::publish::Published;
use super::replay::Replay;
use super::worker::Work;
use super::{FileOptions, Inner, part};

/// Opens a folder, and creates what it lacks.
pub(crate) fn open(folder: &Path, options: FileOptions) -> Result<Inner> {
    let disk = Disk::new(options.faults.clone());
    fs::create_dir_all(folder).map_err(|e| FileError::io("create", folder, e))?;
    let folder_lock = FolderLock::take(folder)?;
    for name in ["log", "db"] {
        disk.create_folders(folder, &folder.join(name))?;
    }
    let manifest = Manifest::read(folder)?;
    let known = manifest.is_some();
    let first = Manifest { catalog: Catalog::default(), log_from: 1, next_part: 1 };
    let Manifest { mut catalog, log_from, next_part } = manifest.unwrap_or(first);
    disk.remove(Step::PartRemove, &folder.join("manifest.tmp"))?;
    let named = catalog.tables().flat_map(|t| &t.parts).map(|p| p.number).collect();
    let highest = sweep(&disk, folder, &named)?;
    let log = replay(&disk, folder, &mut catalog, log_from, known)?;
    catalog.index_names();
    drop(catalog.take_retired());
    check_parts(&catalog)?;
    Ok(Inner {
        folder: folder.to_owned(),
        options,
        disk,
        catalog: Mutex::new(catalog),
        commits: Commits::new(log),
        changing: Mutex::default(),
        flushing: Mutex::default(),
        compacting: Mutex::default(),
        publishing: Mutex::new(Published::new(log_from)),
        next_part: AtomicU64::new(next_part.max(highest + 1)),
        work: Mutex::new(Work::default()),
        work_changed: Condvar::new(),
        _folder_lock: folder_lock,
    })
}

/// Removes parts that the manifest does not name, and unfinished ones. Other files are left alone. Returns the highest number
/// of a part that was there.
fn sweep(disk: &Disk, folder: &Path, named: &HashSet<u64>) -> Result<u64> {
    let mut highest = named.iter().copied().max().unwrap_or(0);
    for table in entries(&folder.join("db"))? {
        for partition in entries(&table)? {
            let mut left = 0;
            for file in entries(&partition)? {
                let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("");
                let number = part::number_of(name);
                highest = highest.max(number.unwrap_or(0));
                let finished = !name.starts_with('.');
                if number.is_some_and(|n| !finished || !named.contains(&n)) {
                    disk.remove(Step::PartRemove, &file)?;
                } else {
                    left += 1;
                }
            }
            if left == 0 {
                // An empty folder does no harm.
                let _ = fs::remove_dir(&partition);
            }
        }
    }
    Ok(highest)
}

/// Returns what is in a folder; nothing if it is no folder.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let list = fs::read_dir(folder).and_then(|list| list.map(|e| e.map(|e| e.path())).collect());
    list.map_err(|e| FileError::io("read", folder, e))
}

/// Applies the log to the tables, and returns the file to which it goes on.
fn replay(
    disk: &Disk,
    folder: &Path,
    catalog: &mut Catalog,
    log_from: u64,
    known: bool,
) -> Result<LogFile> {
    let mut numbers = log::numbers(folder)?;
    for old in numbers.iter().filter(|n| **n < log_from) {
        disk.remove(Step::LogRemove, &log::path_of(folder, *old))?;
    }
    numbers.retain(|n| *n >= log_from);
    // A file that was begun, but never written to, is as good as none.
    while let [.., _, last] = numbers[..]
        && fs::metadata(log::path_of(folder, last)).is_ok_and(|m| m.len() <= log::HEAD as u64)
    {
        disk.remove(Step::LogRemove, &log::path_of(folder, last))?;
        numbers.pop();
    }
    if numbers.is_empty() && !known {
        return LogFile::create(disk, folder, log_from);
    }
    let mut current = None;
    let mut records = Replay::new(catalog);
    for (i, expected) in (log_from..).take(numbers.len().max(1)).enumerate() {
        if numbers.get(i) != Some(&expected) {
            let path = log::path_of(folder, expected);
            return Err(FileError::damaged(&path, 0, "it is missing"));
        }
        let last = i + 1 == numbers.len();
        current = log::replay(disk, folder, expected, last, |content| records.record(content))?;
    }
    let path = folder.join("log");
    records.finish().map_err(|e| FileError::damaged(&path, 0, e.to_string()))?;
    current.ok_or_else(|| FileError::damaged(&path, 0, "it has no last file"))
}

/// Checks that the files of the tables are there and as long as they were.
fn check_parts(catalog: &Catalog) -> Result<()> {
    for part in catalog.tables().flat_map(|t| &t.parts) {
        let len = match fs::metadata(&part.path) {
            Ok(metadata) => metadata.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(FileError::damaged(&part.path, 0, "it is missing"));
            }
            Err(e) => return Err(FileError::io("read", &part.path, e)),
        };
        if len != part.bytes {
            let what = format!("it has {len} bytes, not {}", part.bytes);
            return Err(FileError::damaged(&part.path, len.min(part.bytes), what));
        }
    }
    Ok(())
}
