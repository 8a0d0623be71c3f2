//! Reading: the statements that `/exec` and `/exp` answer, in the words and forms of QuestDB. It is no database: it chooses rows
//! and columns of one table, and says so about everything else.

mod catalog;
mod condition;
mod create;
mod definition;
mod filter;
mod lexer;
mod output;
mod page;
mod parameters;
mod parser;
mod result;
mod select;
mod statement;
mod text;
mod time;
mod values;

use std::sync::Arc;
use std::time::Instant;

use crate::Table;
use crate::clock::now_nanos;
use crate::shared::Shared;
use crate::value::ColumnType;
use catalog::Facts;
use output::Frame;
pub(crate) use output::RowStream;
use parameters::Parameters;
use result::{Made, Relation, ResultSet, Type};
use statement::{Constant, Named, Source, Statement};

/// What is wrong with a statement, and at which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SqlError {
    at: usize,
    message: String,
}

impl SqlError {
    fn new(at: usize, message: String) -> SqlError {
        SqlError { at, message }
    }
}

/// The answer to a statement.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Status 200 and a result, whose parts are to be sent one after the other.
    Rows(Box<RowStream>),
    /// JSON with this status.
    Json(u16, String),
    /// The page, in HTML.
    Page(&'static str),
}

/// Returns whether a path is one for readers.
pub(crate) fn is_for_readers(path: &str) -> bool {
    matches!(path, "/exec" | "/exp" | "/" | "/page/state" | "/page/rows" | "/page/refusals")
}

/// Answers a request for one of these paths. `query` is what stands behind the question mark.
pub(crate) fn answer(shared: &Shared, path: &str, query: &str) -> Reply {
    match path {
        "/exec" => exec(shared, query),
        "/exp" => exp(shared, query),
        "/page/state" => Reply::Json(200, page::state(shared)),
        "/page/refusals" => Reply::Json(200, page::refusals(shared, usize::MAX)),
        "/page/rows" => page::last_rows(shared, query),
        _ => Reply::Page(page::PAGE),
    }
}

/// Answers `/exec`. `query` is what stands behind the question mark.
fn exec(shared: &Shared, query: &str) -> Reply {
    let arrival = Instant::now();
    let parameters = Parameters::parse(query);
    let sql = parameters.get("query").unwrap_or_default();
    if parser::is_empty(sql) {
        // In this one answer the keys have another order, and the position is a text.
        let mut body = String::from("{\"error\":\"empty query\",\"query\":");
        text::quoted(&mut body, sql, false);
        body.push_str(",\"position\":\"0\"}");
        return Reply::Json(200, body);
    }
    let statement = parser::parse(sql);
    let compiler = arrival.elapsed().as_nanos();
    let mut set = match statement.and_then(|statement| run(shared, statement)) {
        Ok(Some(set)) => set,
        Ok(None) => return Reply::Json(200, r#"{"ddl":"OK"}"#.into()),
        Err(error) => return refused(sql, &error),
    };
    if let Some(names) = parameters.get("cols").filter(|names| !names.is_empty()) {
        match only_columns(&set, names) {
            Ok(headers) => set.headers = headers,
            Err(name) => {
                let mut body = String::from("{\"query\":");
                text::quoted(&mut body, sql, false);
                body.push_str(",\"error\":");
                text::quoted(&mut body, &format!("column not found: '{name}'"), false);
                body.push('}');
                return Reply::Json(400, body);
            }
        }
    }
    let mut count = set.picked.len();
    if let Some(keep) = parameters.limit(true) {
        if !parameters.is_true("count") {
            count = count.min(keep.end);
        }
        set.picked = set.picked.part(keep);
    }
    let frame = Frame::Json {
        query: sql.to_owned(),
        bare: parameters.is_true("nm"),
        quote_longs: parameters.is_true("quoteLargeNum") || parameters.get("src") == Some("con"),
        count,
        timings: parameters.is_true("timings").then_some((arrival, compiler)),
        explain: parameters.is_true("explain"),
    };
    Reply::Rows(Box::new(RowStream::new(set, frame)))
}

/// Answers `/exp`, with CSV.
fn exp(shared: &Shared, query: &str) -> Reply {
    let parameters = Parameters::parse(query);
    let sql = parameters.get("query").unwrap_or_default();
    if sql.trim().is_empty() {
        return refused("", &SqlError::new(0, "No query text".into()));
    }
    let parsed = if parser::is_empty(sql) { return only_select(sql) } else { parser::parse(sql) };
    let set = parsed.and_then(|statement| match statement {
        Statement::Query(_) | Statement::Constants(_) => run(shared, statement),
        _ => Ok(None),
    });
    let mut set = match set {
        Ok(Some(set)) => set,
        Ok(None) => return only_select(sql),
        Err(error) => return refused(sql, &error),
    };
    if let Some(keep) = parameters.limit(false) {
        set.picked = set.picked.part(keep);
    }
    let frame = Frame::Csv { header: !parameters.is_true("nm") };
    Reply::Rows(Box::new(RowStream::new(set, frame)))
}

fn only_select(sql: &str) -> Reply {
    refused(sql, &SqlError::new(0, "/exp endpoint only accepts SELECT".into()))
}

/// Returns QuestDB's answer to a statement that it does not accept. The position is in UTF-16 units, as it counts.
fn refused(sql: &str, error: &SqlError) -> Reply {
    let position = sql.get(..error.at).unwrap_or(sql).encode_utf16().count();
    let mut body = String::from("{\"query\":");
    text::quoted(&mut body, sql, false);
    body.push_str(",\"error\":");
    text::quoted(&mut body, &error.message, false);
    body.push_str(&format!(",\"position\":{position}}}"));
    Reply::Json(400, body)
}

/// Returns the headers of the columns that `cols` names, or the name that no column has.
fn only_columns(set: &ResultSet, names: &str) -> Result<Vec<result::Header>, String> {
    let find = |name: &str| {
        let header = set.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        header.cloned().ok_or_else(|| name.to_owned())
    };
    names.split(',').map(find).collect()
}

/// Runs a statement. Returns `None` if it gives no rows.
fn run(shared: &Shared, statement: Statement) -> Result<Option<ResultSet>, SqlError> {
    match statement {
        Statement::Query(query) => {
            let relation = relation(shared, &query.source)?;
            select::run(&query, relation, now_nanos()).map(Some)
        }
        Statement::Constants(row) => constants(shared, row).map(Some),
        Statement::Create(create) => definition::create(shared, &create).map(|()| None),
        Statement::Truncate(table) => match shared.store.truncate_table(&table.text) {
            Ok(true) => Ok(None),
            Ok(false) => Err(no_table(&table)),
            Err(error) => Err(SqlError::new(table.at, error.to_string())),
        },
        Statement::Drop { table, if_exists } => {
            let dropped = shared.store.drop_table(&table.text);
            if dropped || if_exists { Ok(None) } else { Err(no_table(&table)) }
        }
    }
}

fn no_table(name: &Named) -> SqlError {
    SqlError::new(name.at, format!("table does not exist [table={}]", name.text))
}

fn find_table(shared: &Shared, name: &Named) -> Result<Arc<Table>, SqlError> {
    let table = shared.store.table(&name.text).ok_or_else(|| no_table(name))?;
    table.check().map_err(|e| SqlError::new(name.at, format!("cannot read rows: {e}")))?;
    Ok(table)
}

fn facts(shared: &Shared, table: &Table) -> Facts {
    let partition_by = table.schema().partition_by().unwrap_or(shared.options.tables.partition_by);
    let schema = table.schema();
    // The time is one of the keys.
    let keys = schema.keys().map(|keys| [keys, &[schema.designated()]].concat());
    let name = |key: usize| schema.columns().get(key).map(|c| c.name.to_string());
    let keys = keys.unwrap_or_default().into_iter().filter_map(name).collect();
    Facts { partition_by: partition_by.name(), keys }
}

fn relation(shared: &Shared, source: &Source) -> Result<Relation, SqlError> {
    let names = || shared.store.table_names();
    Ok(match source {
        Source::Table(name) => Relation::Stored(find_table(shared, name)?),
        Source::Tables => {
            let tables = names().into_iter().filter_map(|name| shared.store.table(&name));
            let tables: Vec<_> = tables.map(|t| (Arc::clone(&t), facts(shared, &t))).collect();
            catalog::tables(&tables)
        }
        Source::TableNames => catalog::table_names(&names()),
        Source::WalTables => catalog::wal_tables(&names()),
        Source::Columns(name) => {
            let table = find_table(shared, name)?;
            catalog::columns(&table, &facts(shared, &table).keys)
        }
        Source::Parameters => {
            let options = &shared.options;
            catalog::parameters(&[
                ("cairo.max.file.name.length", options.policy.max_name_len.to_string()),
                ("line.http.max.recv.buffer.size", options.max_body.to_string()),
            ])
        }
    })
}

fn constants(shared: &Shared, row: Vec<(String, Constant)>) -> Result<ResultSet, SqlError> {
    let stored = Type::Stored;
    let mut columns = Vec::new();
    let mut cells = Vec::new();
    for (name, constant) in row {
        let (column_type, cell) = match constant {
            Constant::Null => (Type::String, Made::Null),
            Constant::Boolean(v) => (stored(ColumnType::Boolean), Made::Boolean(v)),
            Constant::Integer(v) if i32::try_from(v).is_ok() => (Type::Int, Made::Integer(v)),
            Constant::Integer(v) => (stored(ColumnType::Long), Made::Integer(v)),
            Constant::Number(v) => (stored(ColumnType::Double), Made::Double(v)),
            Constant::Text(v) if v.chars().count() == 1 => (Type::Char, Made::Text(v)),
            Constant::Text(v) => (Type::String, Made::Text(v)),
            Constant::Now => {
                (stored(ColumnType::Timestamp), Made::Micros(now_nanos().div_euclid(1000)))
            }
            Constant::Waited(table) => {
                find_table(shared, &table)?;
                (stored(ColumnType::Boolean), Made::Boolean(true))
            }
        };
        columns.push((name, column_type));
        cells.push(cell);
    }
    Ok(ResultSet::whole(Relation::Made { columns, rows: vec![cells] }))
}
