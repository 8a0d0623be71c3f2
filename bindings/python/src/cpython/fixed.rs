//! The layouts of the one version that the module was built for. The check at import still decides whether they are used.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::Python;

use super::StrLayout;

static STRINGS: AtomicBool = AtomicBool::new(false);
static DATETIMES: AtomicBool = AtomicBool::new(false);

const LAYOUT: Option<StrLayout> = if cfg!(Py_3_15) {
    None
} else if cfg!(Py_3_14) {
    super::str_layout(14)
} else if cfg!(Py_3_12) {
    super::str_layout(12)
} else {
    super::str_layout(11)
};

#[inline(always)]
pub(super) fn strings() -> Option<StrLayout> {
    LAYOUT.filter(|_| STRINGS.load(Ordering::Relaxed))
}

#[inline(always)]
pub(super) fn datetimes() -> bool {
    LAYOUT.is_some() && DATETIMES.load(Ordering::Relaxed)
}

/// Returns the layout to try, for the check.
pub(super) fn candidate(_: Python<'_>) -> Option<StrLayout> {
    LAYOUT
}

pub(super) fn believe_strings(_: Python<'_>, agreed: bool) {
    STRINGS.store(agreed, Ordering::Relaxed);
}

pub(super) fn believe_datetimes(agreed: bool) {
    DATETIMES.store(agreed, Ordering::Relaxed);
}
