//! The layouts that the running interpreter has agreed to, for a module that runs on every version from 3.11 on.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use pyo3::Python;

use super::StrLayout;

/// The minor version whose layout of `str` is used; 0 for none.
static STRINGS: AtomicU8 = AtomicU8::new(0);
static DATETIMES: AtomicBool = AtomicBool::new(false);

/// A table by minor version, so that finding the layout is one load.
const LAYOUTS: [Option<StrLayout>; 16] = {
    let mut table = [None; 16];
    let mut minor = 0;
    while minor < 16 {
        #[expect(clippy::cast_possible_truncation, reason = "at most 15")]
        let layout = super::str_layout(minor as u8);
        table[minor] = layout;
        minor += 1;
    }
    table
};

#[inline(always)]
pub(super) fn strings() -> Option<StrLayout> {
    LAYOUTS[usize::from(STRINGS.load(Ordering::Relaxed)) & 15]
}

#[inline(always)]
pub(super) fn datetimes() -> bool {
    DATETIMES.load(Ordering::Relaxed)
}

/// Returns the layout to try, for the check.
pub(super) fn candidate(py: Python<'_>) -> Option<StrLayout> {
    super::str_layout(minor_version(py))
}

pub(super) fn believe_strings(py: Python<'_>, agreed: bool) {
    STRINGS.store(if agreed { minor_version(py) & 15 } else { 0 }, Ordering::Relaxed);
}

pub(super) fn believe_datetimes(agreed: bool) {
    DATETIMES.store(agreed, Ordering::Relaxed);
}

/// Returns the minor version of the running interpreter, for the layouts that depend on it.
fn minor_version(py: Python<'_>) -> u8 {
    let version = py.version_info();
    if version.major == 3 { version.minor } else { 0 }
}
