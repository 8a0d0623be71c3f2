//! Conditions, joined with the columns that they speak of.

use std::cmp::Ordering;

use super::SqlError;
use super::result::{Row, Type};
use super::select::find_column;
use super::statement::{Condition, Constant, Named, Operand, Operator};
use super::time;
use crate::value::{ColumnType, Value};

/// A condition that can be asked of a row.
#[derive(Debug)]
pub(super) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    /// The column has no value, or has one if `not`.
    Null {
        column: usize,
        not: bool,
    },
    /// The time is in one of the ranges, whose ends belong to them. `not` is also true of rows without a time.
    Time {
        column: usize,
        ranges: Vec<(i64, i64)>,
        not: bool,
    },
    Integer {
        column: usize,
        operator: Operator,
        value: i64,
    },
    Number {
        column: usize,
        operator: Operator,
        value: f64,
    },
    Boolean {
        column: usize,
        value: bool,
    },
    /// The text is one of these, or none if `not`.
    Text {
        column: usize,
        texts: Vec<String>,
        not: bool,
    },
}

impl Test {
    /// Returns whether a row fulfils the condition.
    pub(super) fn holds(&self, row: &Row<'_>) -> bool {
        match self {
            Test::And(tests) => tests.iter().all(|t| t.holds(row)),
            Test::Or(tests) => tests.iter().any(|t| t.holds(row)),
            Test::Null { column, not } => {
                let null = match row.value(*column) {
                    Value::Null => true,
                    Value::Double(v) => v.is_nan(),
                    _ => false,
                };
                null != *not
            }
            Test::Time { column, ranges, not } => {
                let time = time_of(row.value(*column));
                let within = |t: i64| ranges.iter().any(|(from, to)| (*from..=*to).contains(&t));
                time.map_or(*not, |t| within(t) != *not)
            }
            Test::Integer { column, operator, value } => match row.value(*column) {
                Value::Long(v) => is(*operator, Some(v.cmp(value))),
                _ => *operator == Operator::NotEqual,
            },
            Test::Number { column, operator, value } => match row.value(*column) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "compared as the number that was written"
                )]
                Value::Long(v) => is(*operator, (v as f64).partial_cmp(value)),
                Value::Double(v) => is(*operator, v.partial_cmp(value)),
                _ => *operator == Operator::NotEqual,
            },
            // A boolean without a value reads as false, as in QuestDB.
            Test::Boolean { column, value } => {
                matches!(row.value(*column), Value::Boolean(true)) == *value
            }
            Test::Text { column, texts, not } => match row.value(*column) {
                Value::Symbol(v) | Value::Varchar(v) => texts.iter().any(|t| t == v) != *not,
                _ => *not,
            },
        }
    }
}

/// Returns the number of a time in the unit of its column.
pub(super) fn time_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::TimestampMicros(t) | Value::TimestampNanos(t) => Some(t),
        _ => None,
    }
}

fn is(operator: Operator, ordering: Option<Ordering>) -> bool {
    match (operator, ordering) {
        (Operator::NotEqual, ordering) => ordering != Some(Ordering::Equal),
        (_, None) => false,
        (Operator::Equal, Some(o)) => o.is_eq(),
        (Operator::Less, Some(o)) => o.is_lt(),
        (Operator::LessOrEqual, Some(o)) => o.is_le(),
        (Operator::Greater, Some(o)) => o.is_gt(),
        (Operator::GreaterOrEqual, Some(o)) => o.is_ge(),
    }
}

/// What is needed to join conditions with columns.
pub(super) struct Resolver<'a> {
    pub(super) columns: &'a [(String, Type)],
    /// The nanoseconds since 1970 that `now()` stands for.
    pub(super) now: i64,
}

impl Resolver<'_> {
    pub(super) fn resolve(&self, condition: &Condition) -> Result<Test, SqlError> {
        let all = |parts: &[Condition]| -> Result<Vec<Test>, SqlError> {
            parts.iter().map(|p| self.resolve(p)).collect()
        };
        match condition {
            Condition::And(parts) => all(parts).map(Test::And),
            Condition::Or(parts) => all(parts).map(Test::Or),
            Condition::True { column } => match self.find(column)? {
                (column, Type::Stored(ColumnType::Boolean)) => {
                    Ok(Test::Boolean { column, value: true })
                }
                _ => Err(SqlError::new(column.at, "boolean expression expected".into())),
            },
            Condition::Compare { column, operator, value } => {
                self.compare(column, *operator, value)
            }
            Condition::Between { column, low, high, not } => self.between(column, low, high, *not),
            Condition::In { column, values, list, not } => self.is_in(column, values, *list, *not),
        }
    }

    fn find(&self, column: &Named) -> Result<(usize, Type), SqlError> {
        let index = find_column(self.columns, column)?;
        self.columns.get(index).map(|(_, t)| (index, *t)).ok_or_else(|| unsupported(column))
    }

    fn compare(
        &self,
        named: &Named,
        operator: Operator,
        operand: &Operand,
    ) -> Result<Test, SqlError> {
        let (column, column_type) = self.find(named)?;
        let equality = match operator {
            Operator::Equal => Some(false),
            Operator::NotEqual => Some(true),
            _ => None,
        };
        if operand.constant == Constant::Null {
            // Nothing is less or greater than no value.
            let never = Test::Or(Vec::new());
            return Ok(equality.map_or(never, |not| Test::Null { column, not }));
        }
        match (column_type, equality) {
            (Type::Stored(t @ (ColumnType::Timestamp | ColumnType::TimestampNanos)), _) => {
                let value = self.point(t, operand)?;
                let (ranges, not) = match operator {
                    Operator::Equal => (vec![(value, value)], false),
                    Operator::NotEqual => (vec![(value, value)], true),
                    Operator::LessOrEqual => (vec![(i64::MIN, value)], false),
                    Operator::GreaterOrEqual => (vec![(value, i64::MAX)], false),
                    Operator::Less => (before(value), false),
                    Operator::Greater => (behind(value), false),
                };
                Ok(Test::Time { column, ranges, not })
            }
            (Type::Stored(ColumnType::Long) | Type::Int, _) => match number(operand)? {
                Constant::Integer(value) => Ok(Test::Integer { column, operator, value }),
                Constant::Number(value) => Ok(Test::Number { column, operator, value }),
                _ => Err(unsupported(named)),
            },
            (Type::Stored(ColumnType::Double), _) => match number(operand)? {
                #[expect(clippy::cast_precision_loss, reason = "as the server reads it")]
                Constant::Integer(v) => Ok(Test::Number { column, operator, value: v as f64 }),
                Constant::Number(value) => Ok(Test::Number { column, operator, value }),
                _ => Err(unsupported(named)),
            },
            (Type::Stored(ColumnType::Boolean), Some(not)) => match operand.constant {
                Constant::Boolean(value) => Ok(Test::Boolean { column, value: value != not }),
                _ => Err(SqlError::new(operand.at, "true or false expected".into())),
            },
            (
                Type::Stored(ColumnType::Symbol | ColumnType::Varchar) | Type::String | Type::Char,
                Some(not),
            ) => Ok(Test::Text { column, texts: vec![text(operand)?], not }),
            _ => Err(unsupported(named)),
        }
    }

    fn between(
        &self,
        named: &Named,
        low: &Operand,
        high: &Operand,
        not: bool,
    ) -> Result<Test, SqlError> {
        let (column, column_type) = self.find(named)?;
        let Type::Stored(t @ (ColumnType::Timestamp | ColumnType::TimestampNanos)) = column_type
        else {
            let parts = vec![
                self.compare(named, Operator::GreaterOrEqual, low)?,
                self.compare(named, Operator::LessOrEqual, high)?,
            ];
            return if not { Err(unsupported(named)) } else { Ok(Test::And(parts)) };
        };
        let (low, high) = (self.point(t, low)?, self.point(t, high)?);
        Ok(Test::Time { column, ranges: vec![(low.min(high), low.max(high))], not })
    }

    fn is_in(
        &self,
        named: &Named,
        values: &[Operand],
        list: bool,
        not: bool,
    ) -> Result<Test, SqlError> {
        let (column, column_type) = self.find(named)?;
        if let Type::Stored(t @ (ColumnType::Timestamp | ColumnType::TimestampNanos)) = column_type
        {
            let ranges: Result<Vec<_>, SqlError> = values
                .iter()
                .map(|operand| match &operand.constant {
                    Constant::Text(text) if !list => interval(t, text, operand.at),
                    _ => self.point(t, operand).map(|value| (value, value)),
                })
                .collect();
            return Ok(Test::Time { column, ranges: ranges?, not });
        }
        if matches!(
            column_type,
            Type::Stored(ColumnType::Symbol | ColumnType::Varchar) | Type::String | Type::Char
        ) {
            let texts: Result<_, _> = values.iter().map(text).collect();
            return Ok(Test::Text { column, texts: texts?, not });
        }
        let operator = if not { Operator::NotEqual } else { Operator::Equal };
        let parts: Result<_, _> = values.iter().map(|v| self.compare(named, operator, v)).collect();
        Ok(if not { Test::And(parts?) } else { Test::Or(parts?) })
    }

    /// Returns the time that a value stands for, in the unit of the column.
    fn point(&self, column: ColumnType, operand: &Operand) -> Result<i64, SqlError> {
        match &operand.constant {
            Constant::Integer(value) => Ok(*value),
            Constant::Now => Ok(time::in_unit_of(column, self.now.into())),
            Constant::Text(text) => {
                let wrong = || SqlError::new(operand.at, format!("Invalid date [str='{text}']"));
                Ok(time::in_unit_of(column, time::parse(text).ok_or_else(wrong)?.from))
            }
            _ => Err(SqlError::new(operand.at, "a time expected".into())),
        }
    }
}

fn interval(column: ColumnType, text: &str, at: usize) -> Result<(i64, i64), SqlError> {
    let wrong = || SqlError::new(at, format!("Invalid date: {text}"));
    let interval = time::parse_interval(text).ok_or_else(wrong)?;
    Ok((time::in_unit_of(column, interval.from), time::in_unit_of(column, interval.to - 1)))
}

fn before(value: i64) -> Vec<(i64, i64)> {
    value.checked_sub(1).map(|last| (i64::MIN, last)).into_iter().collect()
}

fn behind(value: i64) -> Vec<(i64, i64)> {
    value.checked_add(1).map(|first| (first, i64::MAX)).into_iter().collect()
}

/// Returns the number of an operand, which may be written as a text.
fn number(operand: &Operand) -> Result<Constant, SqlError> {
    match &operand.constant {
        Constant::Text(text) => {
            let integer = text.parse().map(Constant::Integer);
            integer.or_else(|_| text.parse().map(Constant::Number)).map_err(|_| {
                SqlError::new(
                    operand.at,
                    format!("inconvertible value: `{text}`, a number expected"),
                )
            })
        }
        Constant::Integer(_) | Constant::Number(_) => Ok(operand.constant.clone()),
        _ => Err(SqlError::new(operand.at, "a number expected".into())),
    }
}

fn text(operand: &Operand) -> Result<String, SqlError> {
    match &operand.constant {
        Constant::Text(text) => Ok(text.clone()),
        Constant::Integer(value) => Ok(value.to_string()),
        _ => Err(SqlError::new(operand.at, "a text expected".into())),
    }
}

fn unsupported(column: &Named) -> SqlError {
    let why = "the receiver cannot compare values of this column in this way";
    SqlError::new(column.at, format!("{why}: {}", column.text))
}
