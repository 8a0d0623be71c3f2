//! Queries: which rows and columns of a relation they give.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::SqlError;
use super::filter::{Resolver, Test, time_of};
use super::result::{Header, Made, Picked, Relation, ResultSet, Type};
use super::statement::{Item, Limit, Named, Order, Query};
use crate::value::{ColumnType, Value};

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
            Some(test) => (0..relation.row_count()).filter(|r| test.holds(&relation, *r)).count(),
        };
        let count_of = i64::try_from(rows).unwrap_or(i64::MAX);
        return counted(count.unwrap_or_else(|| "count()".into()), count_of, query.limit);
    }
    let headers = headers(&query.items, &columns)?;
    let picked = pick(&relation, test.as_ref(), &order);
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
fn pick(relation: &Relation, test: Option<&Test>, order: &[(usize, bool)]) -> Picked {
    let rows = 0..relation.row_count();
    let mut picked = match test {
        None => Picked::Range { rows, backwards: false },
        Some(test) => Picked::List(rows.filter(|row| test.holds(relation, *row)).collect()),
    };
    let designated = relation.designated();
    if let Some(column) = designated {
        picked = by_time(relation, column, picked);
    }
    match order {
        [] => picked,
        [(column, true)] if Some(*column) == designated => picked.reversed(),
        [(column, false)] if Some(*column) == designated => picked,
        columns => {
            let mut list: Vec<usize> = (0..picked.len()).filter_map(|n| picked.get(n)).collect();
            list.sort_by(|a, b| {
                let orderings = columns.iter().map(|(column, descending)| {
                    let (a, b) = (relation.value(*a, *column), relation.value(*b, *column));
                    let ordering = compared(a, b);
                    if *descending { ordering.reverse() } else { ordering }
                });
                orderings.fold(Ordering::Equal, Ordering::then)
            });
            Picked::List(list)
        }
    }
}

fn by_time(relation: &Relation, column: usize, picked: Picked) -> Picked {
    let time = |row: usize| time_of(relation.value(row, column));
    let mut last = None;
    let sorted = (0..picked.len()).filter_map(|n| picked.get(n)).all(|row| {
        let this = time(row);
        let in_order = last <= this;
        last = this;
        in_order
    });
    if sorted {
        return picked;
    }
    let mut list: Vec<usize> = (0..picked.len()).filter_map(|n| picked.get(n)).collect();
    // A stable sort: rows of the same time stay in order of arrival.
    list.sort_by_key(|row| time(*row));
    Picked::List(list)
}

/// Compares two values of one column; no value comes first.
fn compared(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Long(a), Value::Long(b)) => a.cmp(&b),
        (Value::Double(a), Value::Double(b)) => a.total_cmp(&b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(&b),
        (Value::Symbol(a) | Value::Varchar(a), Value::Symbol(b) | Value::Varchar(b)) => a.cmp(b),
        (a, b) => time_of(a).cmp(&time_of(b)),
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
