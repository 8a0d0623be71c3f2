//! Why a call of the file store failed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::ArrowError;

pub(crate) type Result<T, E = FileError> = std::result::Result<T, E>;

/// An error of the file store. It can be cloned, because all requests that shared a write share its failure.
#[derive(Debug, Clone)]
pub(crate) enum FileError {
    /// There is no room on the disk, or the quota is used up. Nothing was stored; the same call can be made again.
    Full {
        doing: &'static str,
        path: PathBuf,
        source: Arc<io::Error>,
    },
    /// The system refused a call for another reason.
    Io {
        doing: &'static str,
        path: PathBuf,
        source: Arc<io::Error>,
    },
    /// A file that is needed cannot be read from this byte on.
    Damaged {
        path: PathBuf,
        byte: u64,
        what: String,
    },
    /// Another process uses the folder.
    Locked(PathBuf),
    NoTable(String),
    TableExists(String),
    /// The caller passed what does not fit.
    Invalid(String),
}

impl FileError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> FileError {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let full = matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        let (path, source) = (path.to_owned(), Arc::new(source));
        if full {
            FileError::Full { doing, path, source }
        } else {
            FileError::Io { doing, path, source }
        }
    }

    pub(crate) fn damaged(path: &Path, byte: u64, what: impl Into<String>) -> FileError {
        FileError::Damaged { path: path.to_owned(), byte, what: what.into() }
    }

    /// Returns whether the call may succeed later without anybody changing it.
    #[cfg(test)]
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, FileError::Full { .. })
    }
}

impl From<ArrowError> for FileError {
    fn from(error: ArrowError) -> FileError {
        FileError::Invalid(error.to_string())
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Full { doing, path, source } => {
                write!(f, "no room: cannot {doing} {}: {source}", path.display())
            }
            FileError::Io { doing, path, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())
            }
            FileError::Damaged { path, byte, what } => {
                write!(f, "file {} cannot be read from byte {byte} on: {what}", path.display())
            }
            FileError::Locked(path) => {
                write!(f, "folder {} is in use by another process", path.display())
            }
            FileError::NoTable(name) => write!(f, "there is no table {name:?}"),
            FileError::TableExists(name) => write!(f, "table {name:?} exists already"),
            FileError::Invalid(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FileError::Full { source, .. } | FileError::Io { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
