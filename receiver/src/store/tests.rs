//! Chunks become rows of tables: all at once, in few parts, and also if the table has changed meanwhile.

use std::sync::Arc;

use super::{Batch, Store};
use crate::limits::Budget;
use crate::line::{LineParser, Progress, TimeUnit};
use crate::refusal::Refusal;
use crate::schema::Policy;
use crate::value::Value;

fn store(max: usize) -> Store {
    let policy = Policy {
        max_name_len: 127,
        strict_decimals: false,
        max_columns: 100,
        create_tables: true,
        create_columns: true,
    };
    Store::new(policy, Budget::new(max))
}

fn append(store: &Store, batch: &mut Batch, line: &str) -> Result<(), Refusal> {
    let mut parser = LineParser::new();
    let line = format!("{line}\n");
    let Ok(Progress::Row(row, len)) = parser.parse(line.as_bytes()) else { panic!("{line}") };
    batch.append(store, &row, len, TimeUnit::Nanos)
}

fn commit(store: &Store, lines: &[&str]) {
    let mut batch = Batch::default();
    lines.iter().for_each(|line| append(store, &mut batch, line).unwrap());
    store.commit(batch.take()).unwrap();
}

#[test]
fn rows_are_seen_only_when_they_are_committed_and_snapshots_stay() {
    let store = store(1 << 20);
    let mut batch = Batch::default();
    append(&store, &mut batch, "t x=1i").unwrap();
    append(&store, &mut batch, "u,s=a x=2i").unwrap();
    assert_eq!((store.table("t").unwrap().row_count(), store.total_rows()), (0, 0));
    store.commit(batch.take()).unwrap();
    let before = store.table("t").unwrap();
    commit(&store, &["t x=2i,y=t"]);
    let after = store.table("T").unwrap();
    assert_eq!((before.row_count(), before.columns().len()), (1, 2));
    assert_eq!((after.row_count(), after.columns().len()), (2, 3));
    assert_eq!(
        [after.value(0, "y"), after.value(1, "y")],
        [Some(Value::Null), Some(Value::Boolean(true))]
    );
    assert_eq!((store.table_names(), store.total_rows()), (vec!["t".into(), "u".into()], 3));
    // What is held is given back with the last snapshot.
    store.clear();
    assert!(store.table("t").is_none() && store.budget().used() > 0);
    drop((before, after, batch));
    assert_eq!(store.budget().used(), 0);
}

#[test]
fn many_small_commits_leave_few_chunks() {
    let store = store(1 << 24);
    for n in 0..5000 {
        let line =
            format!("t,s=s{} n={n}i,q=\"{n}\",b={}", n % 10, if n % 3 == 0 { "t" } else { "" });
        commit(&store, &[if n % 3 == 0 { &line } else { line.trim_end_matches(",b=") }]);
    }
    let table = store.table("t").unwrap();
    assert_eq!(table.row_count(), 5000);
    assert!(table.chunk_count() < 40, "{}", table.chunk_count());
    for row in 0..5000 {
        let (n, s, q) = (i64::try_from(row).unwrap(), format!("s{}", row % 10), row.to_string());
        let b = if row % 3 == 0 { Value::Boolean(true) } else { Value::Null };
        let expected = [Value::Symbol(&s), Value::Long(n), Value::Varchar(&q), b];
        assert_eq!(table.row(row)[..4], expected);
    }
}

#[test]
fn columns_that_two_sessions_add_get_different_places() {
    let store = store(1 << 20);
    commit(&store, &["t x=1i"]);
    let (mut one, mut two) = (Batch::default(), Batch::default());
    append(&store, &mut one, "t x=1i").unwrap();
    append(&store, &mut two, "t x=2i").unwrap();
    append(&store, &mut one, "t a=1i,b=1i").unwrap();
    append(&store, &mut two, "t c=2i,b=2i").unwrap();
    // A refused row adds the columns before the value that was refused.
    assert!(append(&store, &mut one, "t d=t,x=\"1\"").is_err());
    store.commit(two.take()).unwrap();
    store.commit(one.take()).unwrap();
    let table = store.table("t").unwrap();
    let names: Vec<_> = table.columns().iter().map(|c| c.name()).collect();
    assert_eq!(names, ["x", "timestamp", "a", "b", "c", "d"]);
    let column = |name| (0..5).map(|row| table.value(row, name).unwrap().to_string()).collect();
    let rows: [Vec<String>; 4] = ["x", "a", "b", "c"].map(column);
    assert_eq!(rows[0], ["1", "2", "null", "1", "null"]);
    assert_eq!(rows[1], ["null", "null", "null", "null", "1"]);
    assert_eq!(rows[2], ["null", "null", "2", "null", "1"]);
    assert_eq!(rows[3], ["null", "null", "2", "null", "null"]);
}

#[test]
fn rows_of_a_table_that_was_removed_meanwhile_come_to_the_one_with_its_name() {
    let store = store(1 << 20);
    let rows = ["t,s=a l=1i,d=0.5,q=\"w\" 1", "t,s=b l=2i,new=1t 2"];
    let grow = |lines: &[&str]| {
        let mut batch = Batch::default();
        lines.iter().for_each(|line| append(&store, &mut batch, line).unwrap());
        batch
    };
    // There is no such table: it is made again.
    let mut batch = grow(&rows);
    store.clear();
    store.commit(batch.take()).unwrap();
    assert_eq!(store.table("t").unwrap().row_count(), 2);
    // There is one with other columns: values are converted.
    let mut batch = grow(&rows);
    store.clear();
    commit(&store, &["t q=\"x\",s=\"y\",l=0.25,more=t 3n"]);
    store.commit(batch.take()).unwrap();
    let table = store.table("t").unwrap();
    let row: Vec<_> = table.row(1).iter().map(Value::to_string).collect();
    let time = "1970-01-01T00:00:00.000000000Z";
    assert_eq!(row, ["w", "a", "1.0", "null", time, "0.5", "null"]);
    assert_eq!(table.value(2, "new"), Some(Value::TimestampMicros(1)));
    // One of its columns does not take the value: nothing of the batch is stored.
    let mut batch = grow(&["other x=1i", "t d=1.5"]);
    store.clear();
    commit(&store, &["t d=t"]);
    let refused = store.commit(batch.take()).unwrap_err();
    assert_eq!(
        refused.message,
        "table: t, column: d; cast error from protocol type: FLOAT to column type: BOOLEAN"
    );
    assert_eq!(store.table("t").unwrap().row_count(), 1);
    // A session that goes on notices it.
    append(&store, &mut batch, "t e=t").unwrap();
    store.commit(batch.take()).unwrap();
    assert_eq!(store.table("t").unwrap().row_count(), 2);
}

#[test]
fn a_full_budget_refuses_rows_and_gives_back_what_refused_rows_took() {
    let store = store(200_000);
    commit(&store, &["t x=1i"]);
    let mut batch = Batch::default();
    let refused = (0..100_000).find_map(|_| append(&store, &mut batch, "t x=1i,y=2i").err());
    assert_eq!(refused, Some(Refusal::full(200_000)));
    assert!(store.budget().used() <= 200_000);
    drop(batch);
    assert!(store.budget().used() < 10_000, "{}", store.budget().used());
    let table = Arc::clone(&store.table("t").unwrap());
    assert_eq!((table.row_count(), table.columns().len()), (1, 3));
}
