//! Signals while a sender waits for the network: Ctrl-C ends a flush, as it ends a `time.sleep`.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the clock to leave the interpreter's lock alone most of the time"
)]

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;

/// How often a waiting thread asks the interpreter, which takes its lock each time.
const PERIOD: Duration = Duration::from_millis(50);

/// A call that is waiting in this thread.
struct Waiting {
    asked: Instant,
    raised: Option<PyErr>,
}

thread_local! {
    static WAITING: RefCell<Option<Waiting>> = const { RefCell::new(None) };
    /// A process, and whether this thread is the main one in it. In a child made by `fork` it is the only one, and so the main one.
    static FOUND_OUT: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
}

/// Runs `work` without the interpreter's lock. If a signal handler raises meanwhile, the network is told to end the call, and the
/// exception is returned beside the result.
pub(crate) fn without_lock<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send,
) -> (T, Option<PyErr>) {
    let waiting = is_main_thread(py).then(|| Waiting { asked: Instant::now(), raised: None });
    let before = WAITING.replace(waiting);
    let result = py.detach(work);
    let raised = WAITING.replace(before).and_then(|waiting| waiting.raised);
    (result, raised)
}

/// Returns whether this is the thread that runs signal handlers, which is found out once in each process. No other one asks for
/// them: a daemon thread would still ask when the interpreter is gone, which ends the process.
fn is_main_thread(py: Python<'_>) -> bool {
    let process = client::internal::process_id();
    if let Some((_, is_main)) = FOUND_OUT.get().filter(|(in_process, _)| *in_process == process) {
        return is_main;
    }
    let compared = || -> PyResult<bool> {
        let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
        // Without this module the program has no other threads.
        let Ok(threading) = modules.get_item(intern!(py, "threading")) else { return Ok(true) };
        let main = threading.call_method0(intern!(py, "main_thread"))?;
        let current = threading.call_method0(intern!(py, "get_ident"))?;
        let is_main = main.getattr(intern!(py, "ident"))?.eq(current)?;
        FOUND_OUT.set(Some((process, is_main)));
        Ok(is_main)
    };
    compared().unwrap_or(true)
}

/// Has every wait of every sender ask [`must_end`].
pub(crate) fn install() {
    client::internal::ask_host(must_end);
}

/// Returns whether the call that is waiting in this thread must end, because a signal handler raised.
fn must_end() -> bool {
    let due = WAITING.with_borrow_mut(|waiting| match waiting {
        None => Some(false),
        Some(Waiting { raised: Some(_), .. }) => Some(true),
        Some(waiting) if waiting.asked.elapsed() < PERIOD => Some(false),
        Some(waiting) => {
            waiting.asked = Instant::now();
            None
        }
    });
    // The cell is free while handlers run: they may use senders too.
    due.unwrap_or_else(|| match Python::attach(|py| py.check_signals()) {
        Ok(()) => false,
        Err(raised) => {
            WAITING.with_borrow_mut(|waiting| {
                if let Some(waiting) = waiting {
                    waiting.raised = Some(raised);
                }
            });
            true
        }
    })
}
