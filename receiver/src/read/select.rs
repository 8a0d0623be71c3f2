//! Queries: which rows and columns of a relation they give.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::SqlError;
use super::filter::{Resolver, Test, time_of};
use super::result::{Header, Made, Picked, Relation, ResultSet, Row, Type};
use super::statement::{Item, Limit, Named, Order, Query};
use crate::table::Window;
use crate::value::{ColumnType, Value};

/// The most rows of files that are ordered by something else than their time: their values and numbers are in memory then.
const MAX_SORTED: usize = 1_000_000;

/// Runs a query over the relation that its `from` names. `now` is in nanoseconds since 1970.
pub(super) fn run(query: &Query, relation: Relation, now: i64) -> Result<ResultSet, SqlError> {
    let columns = relation.columns();
    let resolver = Resolver { columns: &columns, now };
    let test = query.condition.as_ref().map(|c| resolver.resolve(c)).transpose()?;
    let order =
        query.order.iter().map(|o| find_order(&columns, o)).collect::<Result<Vec<_>, _>>()?;
    if let Some(count) = count_item(query)? {
        let rows = match &test {
            None => relation.row_count(),
            Some(test) => {
                let mut count = 0;
                each(&relation, 0..relation.row_count(), |_, row| {
                    count += usize::from(test.holds(row));
                })?;
                count
            }
        };
        let count_of = i64::try_from(rows).unwrap_or(i64::MAX);
        return counted(count.unwrap_or_else(|| "count()".into()), count_of, query.limit);
    }
    let headers = headers(&query.items, &columns)?;
    let picked = pick(&relation, test.as_ref(), &order)?;
    let keep = match query.limit {
        Some(limit) => kept(limit, picked.len())?,
        None => 0..picked.len(),
    };
    let designated = relation.designated();
    // The time of the rows is the one by which they are ordered, if it is any.
    let time = order.first().map_or(designated, |(column, _)| Some(*column));
    let timestamp = headers.iter().position(|h| {
        let times = Type::Stored(ColumnType::Timestamp) == h.column_type
            || Type::Stored(ColumnType::TimestampNanos) == h.column_type;
        times && Some(h.column) == time
    });
    Ok(ResultSet { picked: picked.part(keep), headers, timestamp, relation })
}

/// Returns the index of a column, whose upper and lower case does not matter.
pub(super) fn find_column(columns: &[(String, Type)], column: &Named) -> Result<usize, SqlError> {
    let lower = column.text.to_lowercase();
    columns
        .iter()
        .position(|(name, _)| name.to_lowercase() == lower)
        .ok_or_else(|| SqlError::new(column.at, format!("Invalid column: {}", column.text)))
}

/// Returns the other name of `count()`, if the query asks for nothing else.
fn count_item(query: &Query) -> Result<Option<Option<String>>, SqlError> {
    match &query.items[..] {
        [Item::Count { alias }] => Ok(Some(alias.clone())),
        items if items.iter().any(|i| matches!(i, Item::Count { .. })) => {
            Err(SqlError::new(0, "the receiver counts only all rows: select count() from …".into()))
        }
        _ => Ok(None),
    }
}

fn counted(name: String, rows: i64, limit: Option<Limit>) -> Result<ResultSet, SqlError> {
    let columns = vec![(name, Type::Stored(ColumnType::Long))];
    let relation = Relation::Made { columns, rows: vec![vec![Made::Integer(rows)]] };
    let mut set = ResultSet::whole(relation);
    if let Some(limit) = limit {
        set.picked = set.picked.part(kept(limit, 1)?);
    }
    Ok(set)
}

fn headers(items: &[Item], columns: &[(String, Type)]) -> Result<Vec<Header>, SqlError> {
    let mut headers: Vec<Header> = Vec::new();
    let mut names = HashSet::new();
    let mut add = |name: &str, column: usize, column_type: Type| {
        let mut own = name.to_owned();
        let mut number = 2;
        while !names.insert(own.to_lowercase()) {
            own = format!("{name}_{number}");
            number += 1;
        }
        headers.push(Header { name: own, column_type, column });
    };
    for item in items {
        match item {
            Item::All => {
                for (column, (name, column_type)) in columns.iter().enumerate() {
                    add(name, column, *column_type);
                }
            }
            Item::Column { column: named, alias } => {
                let column = find_column(columns, named)?;
                let column_type = columns.get(column).map_or(Type::String, |(_, t)| *t);
                add(alias.as_ref().unwrap_or(&named.text), column, column_type);
            }
            Item::Count { .. } => {}
        }
    }
    Ok(headers)
}

fn find_order(columns: &[(String, Type)], order: &Order) -> Result<(usize, bool), SqlError> {
    let column = find_column(columns, &order.column)?;
    let comparable = match columns.get(column).map(|(_, t)| *t) {
        Some(Type::Stored(t)) => {
            !matches!(t, ColumnType::Array(_) | ColumnType::Decimal | ColumnType::Long256)
        }
        _ => true,
    };
    if !comparable {
        let name = &order.column.text;
        let text = format!("the receiver cannot order by a column of this type: {name}");
        return Err(SqlError::new(order.column.at, text));
    }
    Ok((column, order.descending))
}

/// Returns the rows that fulfil the condition, in order. Without an order, stored rows are in order of time, and those of the
/// same time in order of arrival.
fn pick(
    relation: &Relation,
    test: Option<&Test>,
    order: &[(usize, bool)],
) -> Result<Picked, SqlError> {
    let rows = 0..relation.row_count();
    let mut picked = match test {
        None => Picked::Range { rows, backwards: false },
        Some(test) => {
            let mut list = Vec::new();
            each(relation, rows, |number, row| {
                if test.holds(row) {
                    list.push(number);
                }
            })?;
            Picked::List(list)
        }
    };
    let designated = relation.designated();
    if let Some(column) = designated.filter(|_| !relation.is_by_time()) {
        picked = by_time(relation, column, picked)?;
    }
    Ok(match order {
        [] => picked,
        [(column, true)] if Some(*column) == designated => picked.reversed(),
        [(column, false)] if Some(*column) == designated => picked,
        columns => by_columns(relation, columns, &picked)?,
    })
}

/// Calls a function for rows, with their numbers.
fn each(
    relation: &Relation,
    rows: impl Iterator<Item = usize>,
    mut call: impl FnMut(usize, &Row<'_>),
) -> Result<(), SqlError> {
    let mut window = Window::default();
    for number in rows {
        let row = relation.row(number, &mut window);
        let row = row.map_err(|why| SqlError::new(0, format!("cannot read rows: {why}")))?;
        call(number, &row);
    }
    Ok(())
}

fn numbers(picked: &Picked) -> impl Iterator<Item = usize> + '_ {
    (0..picked.len()).filter_map(|n| picked.get(n))
}

fn by_time(relation: &Relation, column: usize, picked: Picked) -> Result<Picked, SqlError> {
    let mut times = Vec::with_capacity(picked.len());
    each(relation, numbers(&picked), |number, row| {
        times.push((time_of(row.value(column)), number));
    })?;
    if times.is_sorted_by_key(|(time, _)| *time) {
        return Ok(picked);
    }
    // A stable sort: rows of the same time stay in order of arrival.
    times.sort_by_key(|(time, _)| *time);
    Ok(Picked::List(times.into_iter().map(|(_, number)| number).collect()))
}

fn by_columns(
    relation: &Relation,
    columns: &[(usize, bool)],
    picked: &Picked,
) -> Result<Picked, SqlError> {
    if relation.is_by_time() && picked.len() > MAX_SORTED {
        let message = format!("the receiver sorts at most {MAX_SORTED} rows of files by columns");
        return Err(SqlError::new(0, message));
    }
    let mut list: Vec<(Vec<Key>, usize)> = Vec::with_capacity(picked.len());
    each(relation, numbers(picked), |number, row| {
        let key = columns.iter().map(|(column, _)| Key::of(row.value(*column)));
        list.push((key.collect(), number));
    })?;
    list.sort_by(|(a, _), (b, _)| {
        let orderings = columns.iter().zip(a.iter().zip(b)).map(|((_, descending), (a, b))| {
            let ordering = a.compared(b);
            if *descending { ordering.reverse() } else { ordering }
        });
        orderings.fold(Ordering::Equal, Ordering::then)
    });
    Ok(Picked::List(list.into_iter().map(|(_, number)| number).collect()))
}

/// A value to order rows by.
#[derive(Debug)]
enum Key {
    Null,
    Integer(i64),
    Double(f64),
    Text(Box<str>),
}

impl Key {
    fn of(value: Value<'_>) -> Key {
        match value {
            Value::Long(v) | Value::TimestampMicros(v) | Value::TimestampNanos(v) => {
                Key::Integer(v)
            }
            Value::Boolean(v) => Key::Integer(v.into()),
            Value::Double(v) => Key::Double(v),
            Value::Symbol(v) | Value::Varchar(v) => Key::Text(v.into()),
            _ => Key::Null,
        }
    }

    /// Compares two values of one column; no value comes first.
    fn compared(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Null, Key::Null) => Ordering::Equal,
            (Key::Null, _) => Ordering::Less,
            (_, Key::Null) => Ordering::Greater,
            (Key::Integer(a), Key::Integer(b)) => a.cmp(b),
            (Key::Double(a), Key::Double(b)) => a.total_cmp(b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            // A column has values of one type.
            _ => Ordering::Equal,
        }
    }
}

/// Returns which of `len` rows a limit keeps. Negative numbers count from the end.
fn kept(limit: Limit, len: usize) -> Result<std::ops::Range<usize>, SqlError> {
    let from_start = |n: i64| usize::try_from(n).unwrap_or(usize::MAX).min(len);
    let from_end =
        |n: i64| len.saturating_sub(usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX));
    let (low, high) = match (limit.low, limit.high) {
        (None, None) => (0, len),
        (None | Some(0), Some(high)) if high >= 0 => (0, from_start(high)),
        (None, Some(high)) => (from_end(high), len),
        (Some(low), None) => (from_start(low), len),
        (Some(low), Some(high)) if low < 0 && high > 0 => {
            let text = "LIMIT <negative>, <positive> is not allowed";
            return Err(SqlError::new(limit.at, text.into()));
        }
        (Some(low), Some(high)) if low < 0 => (from_end(low.min(high)), from_end(low.max(high))),
        (Some(low), Some(high)) if high < 0 => (from_start(low), from_end(high)),
        (Some(low), Some(high)) => (from_start(low.min(high)), from_start(low.max(high))),
    };
    Ok(low..high.max(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_keep_what_the_server_keeps_of_27_rows() {
        // Seen on QuestDB 9.3.4.
        let cases = [
            (None, Some(2), Some(0..2)),
            (None, Some(0), Some(0..0)),
            (None, Some(-2), Some(25..27)),
            (Some(1), Some(3), Some(1..3)),
            (Some(3), Some(1), Some(1..3)),
            (Some(-4), Some(-2), Some(23..25)),
            (Some(-2), Some(-4), Some(23..25)),
            (Some(100), Some(200), Some(27..27)),
            (Some(10), Some(-12), Some(10..15)),
            (Some(3), Some(-20), Some(3..7)),
            (Some(-3), Some(0), Some(24..27)),
            (Some(-3), Some(1), None),
            (None, Some(i64::MIN), Some(0..27)),
            (Some(0), Some(i64::MAX), Some(0..27)),
            (Some(20), Some(-20), Some(20..20)),
        ];
        for (low, high, expected) in cases {
            let limit = Limit { low, high, at: 0 };
            assert_eq!(kept(limit, 27).ok(), expected, "{limit:?}");
        }
    }
}
