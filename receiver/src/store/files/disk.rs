//! Every call that changes a file of the store, with a named step before it, at which tests let it fail or end the process.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{FileError, Result};

/// A step of commit, flush, compaction or start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    LogCreate,
    LogWrite,
    /// Half of the bytes of a write to the log are written.
    LogHalf,
    LogSync,
    /// The log is durable, and nobody knows yet.
    LogSynced,
    LogCut,
    LogRemove,
    /// A new log file was begun, and the rows before it are being flushed.
    Rotated,
    PartCreate,
    PartWrite,
    PartSync,
    PartRename,
    PartRemove,
    FolderCreate,
    FolderSync,
    ManifestCreate,
    ManifestWrite,
    ManifestHalf,
    ManifestSync,
    ManifestRename,
    /// The manifest has its name, and may not be durable under it.
    ManifestRenamed,
    /// The manifest is durable, and what it replaces is still there.
    Published,
}

impl Step {
    /// All steps that come before or between changes of files.
    #[cfg(test)]
    pub(crate) const ALL: [Step; 22] = [
        Step::LogCreate,
        Step::LogWrite,
        Step::LogHalf,
        Step::LogSync,
        Step::LogSynced,
        Step::LogCut,
        Step::LogRemove,
        Step::Rotated,
        Step::PartCreate,
        Step::PartWrite,
        Step::PartSync,
        Step::PartRename,
        Step::PartRemove,
        Step::FolderCreate,
        Step::FolderSync,
        Step::ManifestCreate,
        Step::ManifestWrite,
        Step::ManifestHalf,
        Step::ManifestSync,
        Step::ManifestRename,
        Step::ManifestRenamed,
        Step::Published,
    ];
}

/// A function that is called at each step, and makes it fail by returning an error.
#[derive(Clone)]
pub(crate) struct FaultHook(pub(crate) Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>);

impl fmt::Debug for FaultHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultHook")
    }
}

/// The way to the files.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    faults: Option<FaultHook>,
}

impl Disk {
    pub(crate) fn new(faults: Option<FaultHook>) -> Disk {
        Disk { faults }
    }

    /// Reaches a step.
    pub(crate) fn at(&self, step: Step) -> io::Result<()> {
        match &self.faults {
            None => Ok(()),
            Some(hook) => (hook.0)(step),
        }
    }

    /// Like [`at`](Disk::at), with an error that names the file.
    pub(crate) fn reach(&self, step: Step, doing: &'static str, path: &Path) -> Result<()> {
        self.at(step).map_err(|e| FileError::io(doing, path, e))
    }

    pub(crate) fn create(&self, step: Step, path: &Path) -> Result<File> {
        let file = self.at(step).and_then(|()| {
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
        });
        file.map_err(|e| FileError::io("create", path, e))
    }

    /// Writes bytes. `half` is reached after half of them, so that a test can leave a file unfinished.
    pub(crate) fn write(
        &self,
        steps: (Step, Step),
        file: &mut File,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.at(steps.0)?;
        if self.faults.is_none() {
            return file.write_all(bytes);
        }
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        self.at(steps.1)?;
        file.write_all(rest)
    }

    pub(crate) fn sync(&self, step: Step, file: &File, path: &Path) -> Result<()> {
        self.at(step).and_then(|()| file.sync_data()).map_err(|e| FileError::io("sync", path, e))
    }

    pub(crate) fn rename(&self, step: Step, from: &Path, to: &Path) -> Result<()> {
        self.at(step)
            .and_then(|()| fs::rename(from, to))
            .map_err(|e| FileError::io("rename", from, e))
    }

    pub(crate) fn remove(&self, step: Step, path: &Path) -> Result<()> {
        match self.at(step).and_then(|()| fs::remove_file(path)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(FileError::io("remove", path, e)),
            _ => Ok(()),
        }
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(&self, path: &Path) -> Result<()> {
        self.reach(Step::FolderSync, "sync", path)?;
        // Windows has no such call; its file system keeps names in a journal.
        #[cfg(unix)]
        File::open(path).and_then(|f| f.sync_all()).map_err(|e| FileError::io("sync", path, e))?;
        Ok(())
    }

    /// Creates a folder and those above it, down from `root`, which exists.
    pub(crate) fn create_folders(&self, root: &Path, path: &Path) -> Result<()> {
        if path.is_dir() || path == root {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.create_folders(root, parent)?;
            let made = self.at(Step::FolderCreate).and_then(|()| fs::create_dir(path));
            made.map_err(|e| FileError::io("create", path, e))?;
            self.sync_folder(parent)?;
        }
        Ok(())
    }
}

/// Keeps other processes out of a folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    #[cfg_attr(not(unix), expect(dead_code, reason = "open for as long as the lock is held"))]
    file: File,
}

/// Unlocks, instead of leaving it to the end of the descriptor: a process that another thread is just starting has a copy of it.
#[cfg(unix)]
impl Drop for FolderLock {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.file, rustix::fs::FlockOperation::Unlock);
    }
}

impl FolderLock {
    /// Locks a folder by its file `lock`. The system releases the lock when the process ends, however it ends.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock> {
        let path: PathBuf = folder.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        let file = match options.open(&path) {
            // A file that another process opened without sharing it.
            Err(e) if cfg!(windows) && e.raw_os_error() == Some(32) => {
                return Err(FileError::Locked(folder.to_owned()));
            }
            file => file.map_err(|e| FileError::io("open", &path, e))?,
        };
        #[cfg(unix)]
        {
            use rustix::fs::{FlockOperation, flock};
            flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|e| {
                if e == rustix::io::Errno::WOULDBLOCK {
                    FileError::Locked(folder.to_owned())
                } else {
                    FileError::io("lock", &path, e.into())
                }
            })?;
        }
        Ok(FolderLock { file })
    }
}
