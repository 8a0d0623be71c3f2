//! Warns of programs that make a sender for a few rows, close it, and make the next one: each connects and asks for the version.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyUserWarning;
use pyo3::intern;
use pyo3::prelude::*;

/// A sender that was closed after fewer seconds had a short life.
const SHORT: f64 = 1.0;
/// So many short lives that ended within [`SPAN`] seconds are a burst.
const MANY: usize = 25;
const SPAN: f64 = 10.0;

/// When the last short lives ended. Senders that live at the same time, as those of a pool of threads, are none of them.
static ENDED: Mutex<VecDeque<f64>> = Mutex::new(VecDeque::new());

/// Returns the seconds of a clock that never goes back.
pub(crate) fn now(py: Python<'_>) -> PyResult<f64> {
    py.import(intern!(py, "time"))?.call_method0(intern!(py, "monotonic"))?.extract()
}

/// Notes that a sender that was established at `since` is being closed.
pub(crate) fn ended(now: f64, since: f64) {
    if now - since < SHORT {
        let mut ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push_back(now);
        if ended.len() > MANY {
            ended.pop_front();
        }
    }
}

/// Warns if a sender is about to be established after a burst of short lives.
///
/// # Errors
/// The warning, if the program makes errors of warnings.
pub(crate) fn warn(py: Python<'_>, now: f64) -> PyResult<()> {
    let burst = {
        let mut ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|at| now - at < SPAN);
        let burst = ended.len() >= MANY;
        if burst {
            // The next warning needs a burst of its own.
            ended.clear();
        }
        burst
    };
    if !burst || !wanted(py)? {
        return Ok(());
    }
    let message = c"senders are established and closed in quick succession, each with a connection of its own; keep one and use it \
        again (questdb_ingress.WARN_HIGH_RECONNECTS = False ends this warning)";
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), message, 1)
}

/// Returns whether the program has not set `WARN_HIGH_RECONNECTS` to false, under either name of the package.
fn wanted(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    for name in ["questdb_ingress", "questdb.ingress"] {
        let module = modules.call_method1(intern!(py, "get"), (name,))?;
        if let Some(wanted) = module.getattr_opt(intern!(py, "WARN_HIGH_RECONNECTS"))?
            && !wanted.is_truthy()?
        {
            return Ok(false);
        }
    }
    Ok(true)
}
