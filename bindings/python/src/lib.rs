//! The native module of the Python package `questdb-ingress`: `questdb_ingress._native`.
//!
//! The classes hold the client's own buffers and senders. `row` is a function that CPython calls with its arguments as they stand on
//! the stack (`raw`, `row`); everything else goes through PyO3. `cpython` is the one module that knows how CPython's objects look
//! inside.
#![allow(clippy::missing_docs_in_private_items, reason = "the module is private to its package")]

mod array;
mod buffer;
mod cell;
mod completion;
mod conf;
mod cpython;
mod errors;
mod exclusive;
mod frame;
mod interpreter;
mod items;
mod names;
mod pool;
mod raise;
mod raw;
mod reconnects;
mod row;
mod sender;
mod signals;
mod stamps;
mod state;
mod text;
mod ticket;
mod time;
mod transaction;
mod types;
mod values;
mod zone;

use pyo3::prelude::*;

use crate::stamps::ServerTimestampType;

/// Returns whether strings and numbers are read by their layout, and whether datetimes are: those only after the first was seen.
#[pyfunction]
fn _layouts() -> (bool, bool) {
    cpython::used()
}

/// Makes the module, without the need for a global lock: buffers and senders have flags of their own.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    interpreter::claim()?;
    cpython::learn_strings(py);
    signals::install();
    module.add_class::<buffer::Buffer>()?;
    module.add_class::<sender::Sender>()?;
    module.add_class::<transaction::SenderTransaction>()?;
    module.add_class::<pool::Pool>()?;
    module.add_class::<pool::PoolReport>()?;
    module.add_class::<ticket::Ticket>()?;
    module.add_class::<completion::Completion>()?;
    module.add("_Wakes", py.get_type::<ticket::Wakes>())?;
    module.add_class::<stamps::TimestampMicros>()?;
    module.add_class::<stamps::TimestampNanos>()?;
    module.add_class::<ServerTimestampType>()?;
    let server = Bound::new(py, ServerTimestampType)?.into_any();
    module.add("ServerTimestamp", &server)?;
    module.add_function(wrap_pyfunction!(_layouts, module)?)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    types::remember(py, server.unbind());
    raw::install(py)
}
