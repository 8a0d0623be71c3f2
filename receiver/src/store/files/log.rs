//! The files of the log.
//!
//! A file begins with a head: a mark, its number, and a random number with which each checksum begins. A record is a mark, its
//! checksum, its length, and its bytes, filled up to a multiple of eight. The random number is known to nobody outside, so no
//! text that somebody sends can look like a record.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use arrow_buffer::{Buffer, MutableBuffer};

use super::disk::{Disk, Step};
use super::error::{FileError, Result};

const MAGIC: [u8; 8] = *b"QDBRLOG1";
pub(crate) const HEAD: usize = 32;
const MARK: [u8; 4] = *b"\xB1rec";
/// The bytes of a record before its content: mark, checksum, length.
pub(crate) const FRAME: usize = 16;

/// The most memory that is used for one record after the other.
const REUSED: usize = 64 << 10;

/// Returns the path of a log file.
pub(crate) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join("log").join(format!("{number:010}.log"))
}

/// Returns the numbers of the log files in a folder, in order.
pub(crate) fn numbers(folder: &Path) -> Result<Vec<u64>> {
    let folder = folder.join("log");
    let list = fs::read_dir(&folder).map_err(|e| FileError::io("read", &folder, e))?;
    let mut found = Vec::new();
    for entry in list {
        let entry = entry.map_err(|e| FileError::io("read", &folder, e))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_suffix(".log"));
        found.extend(number.and_then(|n| n.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The file to which records are appended.
#[derive(Debug)]
pub(crate) struct LogFile {
    pub(crate) number: u64,
    path: PathBuf,
    file: File,
    salt: u32,
    /// The end of the complete records.
    len: u64,
    /// The end of the records that are durable, and of those about which callers were told that they are stored.
    kept: u64,
    /// Whether bytes behind `kept` must be removed before anything is written.
    cut: bool,
}

impl LogFile {
    /// Creates a file, durable with its name.
    pub(crate) fn create(disk: &Disk, folder: &Path, number: u64) -> Result<LogFile> {
        let path = path_of(folder, number);
        let file = disk.create(Step::LogCreate, &path)?;
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&number.to_le_bytes());
        head.extend_from_slice(&random.to_le_bytes());
        head.extend_from_slice(&[0; 4]);
        head.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
        let salt = salt_of(&head);
        let mut log = LogFile { number, path, file, salt, len: HEAD as u64, kept: 0, cut: false };
        let written = disk.write((Step::LogWrite, Step::LogHalf), &mut log.file, &head);
        written.map_err(|e| FileError::io("write", &log.path, e))?;
        disk.sync(Step::LogSync, &log.file, &log.path)?;
        log.kept = log.len;
        disk.sync_folder(&folder.join("log"))?;
        Ok(log)
    }

    /// Frames a record.
    pub(crate) fn frame(&self, content: &[u8], out: &mut Vec<u8>) {
        let len = (content.len() as u64).to_le_bytes();
        out.extend_from_slice(&MARK);
        out.extend_from_slice(&checksum(self.salt, &len, content).to_le_bytes());
        out.extend_from_slice(&len);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(8), 0);
    }

    /// Appends framed records, and makes them durable if `durable`. If it fails, none of them is in the file.
    pub(crate) fn append(&mut self, disk: &Disk, framed: &[u8], durable: bool) -> Result<()> {
        self.repair(disk)?;
        let written = disk.write((Step::LogWrite, Step::LogHalf), &mut self.file, framed);
        if let Err(e) = written {
            return Err(self.undo(disk, FileError::io("write", &self.path, e)));
        }
        self.len += framed.len() as u64;
        if durable && let Err(e) = disk.sync(Step::LogSync, &self.file, &self.path) {
            return Err(self.undo(disk, e));
        }
        self.kept = self.len;
        disk.reach(Step::LogSynced, "sync", &self.path)
    }

    /// Makes everything durable, and removes what failed. Nothing is written to the file afterwards.
    pub(crate) fn settle(&mut self, disk: &Disk) -> Result<()> {
        self.repair(disk)?;
        self.sync(disk)
    }

    /// Makes everything durable.
    pub(crate) fn sync(&mut self, disk: &Disk) -> Result<()> {
        disk.sync(Step::LogSync, &self.file, &self.path)
    }

    /// Returns the bytes of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Removes records about which nobody was told. If that fails too, it is done before the next write.
    fn undo(&mut self, disk: &Disk, error: FileError) -> FileError {
        self.cut = true;
        let _ = self.repair(disk);
        error
    }

    fn repair(&mut self, disk: &Disk) -> Result<()> {
        if self.cut {
            let kept = self.kept;
            let cut = disk.at(Step::LogCut).and_then(|()| {
                self.file.set_len(kept)?;
                self.file.seek(SeekFrom::Start(kept))?;
                self.file.sync_data()
            });
            cut.map_err(|e| FileError::io("cut", &self.path, e))?;
            self.len = kept;
            self.cut = false;
        }
        Ok(())
    }
}

fn salt_of(head: &[u8]) -> u32 {
    crc32fast::hash(&head[16..24])
}

fn checksum(salt: u32, len: &[u8; 8], content: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new_with_initial(salt);
    hash.update(len);
    hash.update(content);
    hash.finalize()
}

/// Reads a log file from its start and gives each record to `each`. If `last`, an unfinished end is cut off, and the file is
/// returned for writing.
///
/// # Errors
///
/// `Damaged` if something unreadable is followed by a record, or if the file is not the last one, which was complete.
pub(crate) fn replay(
    disk: &Disk,
    folder: &Path,
    number: u64,
    last: bool,
    mut each: impl FnMut(&Buffer) -> Result<()>,
) -> Result<Option<LogFile>> {
    let path = path_of(folder, number);
    let read = |e: io::Error| FileError::io("read", &path, e);
    let mut file = OpenOptions::new().read(true).write(last).open(&path).map_err(read)?;
    let end = file.metadata().map_err(read)?.len();
    let Some(salt) = read_head(&mut file, end, number).map_err(read)? else {
        // Creating it was interrupted, so nothing was ever committed to it.
        if last && end <= HEAD as u64 {
            return LogFile::create(disk, folder, number).map(Some);
        }
        return Err(FileError::damaged(&path, 0, "it does not begin as a log file does"));
    };
    let mut source = BufReader::with_capacity(1 << 20, &mut file);
    let mut at = HEAD as u64;
    let mut memory = MutableBuffer::default();
    loop {
        match next_record(&mut source, salt, end - at, memory).map_err(read)? {
            Next::Record(content) => {
                let len = (FRAME + content.len()).next_multiple_of(8) as u64;
                each(&content).map_err(|e| FileError::damaged(&path, at, e.to_string()))?;
                at += len;
                // Small records are copied from there; if not, a part of the memory was kept.
                let reused = content.into_mutable().ok().filter(|m| m.capacity() <= REUSED);
                memory = reused.unwrap_or_default();
            }
            Next::End => break,
            Next::Unreadable => {
                drop(source);
                let follows = record_follows(&mut file, salt, at, end).map_err(read)?;
                if !last || follows {
                    return Err(FileError::damaged(
                        &path,
                        at,
                        "no record begins there, and it is not the end of what was written",
                    ));
                }
                break;
            }
        }
    }
    if !last {
        return Ok(None);
    }
    let mut log = LogFile { number, path: path.clone(), file, salt, len: at, kept: at, cut: true };
    log.repair(disk)?;
    Ok(Some(log))
}

/// Reads the head of a file of so many bytes. Returns what its checksums begin with, or `None` if it is no head of this file.
fn read_head(file: &mut File, end: u64, number: u64) -> io::Result<Option<u32>> {
    let mut head = [0; HEAD];
    if end < HEAD as u64 {
        return Ok(None);
    }
    file.read_exact(&mut head)?;
    let sum = crc32fast::hash(&head[..HEAD - 4]).to_le_bytes();
    let good = head[..8] == MAGIC && head[HEAD - 4..] == sum && head[8..16] == number.to_le_bytes();
    Ok(good.then(|| salt_of(&head)))
}

enum Next {
    Record(Buffer),
    End,
    Unreadable,
}

/// Reads the next record, of a file that has `left` more bytes, into `memory`.
fn next_record(
    source: &mut impl Read,
    salt: u32,
    left: u64,
    mut memory: MutableBuffer,
) -> io::Result<Next> {
    if left == 0 {
        return Ok(Next::End);
    }
    if left < FRAME as u64 {
        return Ok(Next::Unreadable);
    }
    let mut frame = [0; FRAME];
    source.read_exact(&mut frame)?;
    let Some((sum, len_bytes, len)) = frame_of(&frame, left) else { return Ok(Next::Unreadable) };
    let filled = len.next_multiple_of(8);
    if memory.capacity() < filled {
        memory = MutableBuffer::from_len_zeroed(filled);
    } else {
        memory.resize(filled, 0);
    }
    source.read_exact(memory.as_slice_mut())?;
    if checksum(salt, &len_bytes, &memory.as_slice()[..len]) != sum {
        return Ok(Next::Unreadable);
    }
    memory.truncate(len);
    Ok(Next::Record(memory.into()))
}

/// Returns the checksum and the length of a record that can have that length.
fn frame_of(frame: &[u8], left: u64) -> Option<(u32, [u8; 8], usize)> {
    let sum = u32::from_le_bytes(frame.get(4..8)?.try_into().ok()?);
    let len_bytes: [u8; 8] = frame.get(8..16)?.try_into().ok()?;
    let len = u64::from_le_bytes(len_bytes);
    let fits = len.checked_next_multiple_of(8)?.checked_add(FRAME as u64)? <= left;
    (frame.starts_with(&MARK) && fits).then_some((sum, len_bytes, usize::try_from(len).ok()?))
}

/// Returns whether a complete record begins anywhere behind `at`.
fn record_follows(file: &mut File, salt: u32, at: u64, end: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.take(end - at).read_to_end(&mut rest)?;
    // Records begin at multiples of eight.
    Ok((8..rest.len()).step_by(8).any(|start| {
        let tail = &rest[start..];
        frame_of(tail, tail.len() as u64).is_some_and(|(sum, len_bytes, len)| {
            checksum(salt, &len_bytes, &tail[FRAME..FRAME + len]) == sum
        })
    }))
}
