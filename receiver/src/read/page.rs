//! The page at `/`, which shows what a receiver does: one file, without anything from elsewhere.

use super::output::{Frame, RowStream};
use super::parameters::Parameters;
use super::result::{Picked, Relation, ResultSet};
use super::text::quoted;
use super::{Reply, SqlError, refused};
use crate::json;
use crate::shared::Shared;

/// The page itself. Its script asks for `page/state` and `page/rows` each second.
pub(crate) const PAGE: &str = include_str!("page.html");

/// The most tables that the page lists.
const MAX_TABLES: usize = 500;
/// The refusals that the page shows.
const LAST_REFUSALS: usize = 50;
/// The rows of a table that the page shows.
const LAST_ROWS: usize = 20;

/// Returns what the page shows besides rows, as JSON.
pub(crate) fn state(shared: &Shared) -> String {
    let stats = shared.stats();
    let budget = shared.store.budget();
    let names = shared.store.table_names();
    let mut out = String::from("{\"version\":");
    quoted(&mut out, env!("CARGO_PKG_VERSION"), false);
    out.push_str(&format!(
        ",\"rows\":{},\"bytes\":{},\"requests\":{},\"connections\":{},\"rejected\":{},\"used_bytes\":{},\"max_bytes\":{},\"table_count\":{},\"tables\":[",
        stats.rows, stats.bytes, stats.requests, stats.connections, stats.rejected, budget.used(), budget.max(), names.len()
    ));
    for (i, name) in names.iter().take(MAX_TABLES).enumerate() {
        out.push_str(if i > 0 { ",{\"name\":" } else { "{\"name\":" });
        quoted(&mut out, name, false);
        out.push_str(&format!(",\"rows\":{}}}", shared.store.row_count(name)));
    }
    out.push_str("],\"rates\":[");
    for (i, rows) in shared.rates.last().into_iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        out.push_str(&format!("{comma}{rows}"));
    }
    out.push_str("],\"refusals\":");
    out.push_str(&refusals(shared, LAST_REFUSALS));
    out.push('}');
    out
}

/// Returns the last refusals, at most so many, the last one first, as JSON.
pub(crate) fn refusals(shared: &Shared, most: usize) -> String {
    let mut last = shared.refusals.last();
    last.reverse();
    last.truncate(most);
    // The rest of the state is one line too. Inside texts line feeds are escaped.
    json::refusals(&last).replace('\n', "")
}

/// Returns the rows of a table that arrived last, in order of arrival, in the JSON of `/exec`.
pub(crate) fn last_rows(shared: &Shared, query: &str) -> Reply {
    let parameters = Parameters::parse(query);
    let name = parameters.get("table").unwrap_or_default();
    let Some(table) = shared.store.table(name) else {
        return refused("", &SqlError::new(0, format!("table does not exist [table={name}]")));
    };
    let rows = table.row_count();
    let mut set = ResultSet::whole(Relation::Stored(table));
    set.picked = Picked::Range { rows: rows.saturating_sub(LAST_ROWS)..rows, backwards: false };
    let frame = Frame::Json {
        query: String::new(),
        bare: false,
        quote_longs: true,
        count: set.picked.len(),
        timings: None,
        explain: false,
    };
    Reply::Rows(Box::new(RowStream::new(set, frame)))
}
