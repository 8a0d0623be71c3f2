//! Fallible allocation. Whatever grows with the caller's data asks for its memory here, or where it grows, and a refusal by
//! the allocator becomes `OutOfMemory`. Only what is small by nature (handles, errors) is allocated in the usual way, which
//! ends the process instead.

use crate::error::{Error, Result, err};

/// Returns an empty vector with room for `count` items.
///
/// # Errors
/// `OutOfMemory`.
pub fn room<T>(count: usize, what: &str) -> Result<Vec<T>> {
    let mut items = Vec::new();
    items
        .try_reserve_exact(count)
        .map_err(|_| refused(count.saturating_mul(size_of::<T>()), what))?;
    Ok(items)
}

/// Returns the items, or the first error among them.
///
/// # Errors
/// `OutOfMemory`, and those of the items.
pub fn collected<T>(items: impl ExactSizeIterator<Item = Result<T>>, what: &str) -> Result<Vec<T>> {
    let mut all = room(items.len(), what)?;
    for item in items {
        all.push(item?);
    }
    Ok(all)
}

#[cold]
#[inline(never)]
pub(crate) fn refused(bytes: usize, what: &str) -> Error {
    err!(OutOfMemory, "no memory for {what}: {bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        let e = room::<u64>(usize::MAX / 8, "columns").unwrap_err();
        let message = format!("no memory for columns: {} bytes", usize::MAX / 8 * 8);
        assert_eq!((e.code(), e.message()), (ErrorCode::OutOfMemory, message.as_str()));
        assert_eq!(collected([1, 2].into_iter().map(Ok), "numbers").unwrap(), [1, 2]);
        let bad = [Ok(1), Err(err!(InvalidState, "no"))];
        assert_eq!(
            collected(bad.into_iter(), "numbers").unwrap_err().code(),
            ErrorCode::InvalidState
        );
    }
}
