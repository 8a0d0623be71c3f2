//! Parses what stands behind `where`.

use super::SqlError;
use super::lexer::Kind;
use super::parser::Parser;
use super::statement::{Condition, Operator};

/// How deep parentheses may be nested, so that no statement can exhaust the stack.
const MAX_DEPTH: usize = 32;

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Result<Condition, SqlError> {
        let mut parts = vec![self.conjunction()?];
        while self.take_word("or") {
            parts.push(self.conjunction()?);
        }
        Ok(joined(parts, Condition::Or))
    }

    fn conjunction(&mut self) -> Result<Condition, SqlError> {
        let mut parts = vec![self.comparison()?];
        while self.take_word("and") {
            parts.push(self.comparison()?);
        }
        Ok(joined(parts, Condition::And))
    }

    fn comparison(&mut self) -> Result<Condition, SqlError> {
        if self.take_sign("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(SqlError::new(self.at(), "the condition is nested too deeply".into()));
            }
            let inner = self.condition()?;
            self.depth -= 1;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        if self.is_constant_next() {
            let value = self.constant()?;
            let operator = self.operator().ok_or_else(|| self.unexpected())?.mirrored();
            return Ok(Condition::Compare { column: self.column("column name")?, operator, value });
        }
        let column = self.column("column name")?;
        if let Some(operator) = self.operator() {
            return Ok(Condition::Compare { column, operator, value: self.constant()? });
        }
        if self.take_word("is") {
            let not = self.take_word("not");
            let operator = if not { Operator::NotEqual } else { Operator::Equal };
            if !self.is_word_at(0, "null") {
                return Err(self.expected("'null'"));
            }
            return Ok(Condition::Compare { column, operator, value: self.constant()? });
        }
        let not = self.take_word("not");
        if self.take_word("between") {
            let low = self.constant()?;
            self.expect_word("and")?;
            return Ok(Condition::Between { column, low, high: self.constant()?, not });
        }
        if self.take_word("in") {
            let list = self.take_sign("(");
            let mut values = vec![self.constant()?];
            while list && self.take_sign(",") {
                values.push(self.constant()?);
            }
            if list {
                self.expect_sign(")")?;
            }
            return Ok(Condition::In { column, values, list, not });
        }
        let ends = match self.peek() {
            Kind::End | Kind::Sign(")" | ";") => true,
            Kind::Word(word) => {
                ["and", "or", "order", "limit"].iter().any(|w| word.eq_ignore_ascii_case(w))
            }
            _ => false,
        };
        if not || !ends {
            return Err(self.unexpected());
        }
        Ok(Condition::True { column })
    }

    fn operator(&mut self) -> Option<Operator> {
        let operator = match self.peek() {
            Kind::Sign("=") => Operator::Equal,
            Kind::Sign("!=" | "<>") => Operator::NotEqual,
            Kind::Sign("<") => Operator::Less,
            Kind::Sign("<=") => Operator::LessOrEqual,
            Kind::Sign(">") => Operator::Greater,
            Kind::Sign(">=") => Operator::GreaterOrEqual,
            _ => return None,
        };
        self.advance();
        Some(operator)
    }
}

/// Joins conditions; a single one needs nothing around it.
fn joined(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
