//! What the C library, the benchmarks and the fuzz targets need besides the public API. It promises nothing.

pub use crate::arrow::{ArrowBuffer, ArrowColumn, ArrowRows, ArrowType};
pub use crate::session::socketless::SocketlessTcp;

use crate::{Receiver, Table};

/// Returns the tables of a receiver with their columns and how many rows they have, as JSON.
pub fn tables_json(receiver: &Receiver) -> String {
    let tables: Vec<_> =
        receiver.table_names().iter().filter_map(|name| receiver.table(name)).collect();
    crate::json::tables(tables.iter().map(AsRef::<Table>::as_ref))
}

/// Returns the last refusals of a receiver, the oldest first, as JSON.
pub fn refusals_json(receiver: &Receiver) -> String {
    crate::json::refusals(&receiver.last_refusals())
}
