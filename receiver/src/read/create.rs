//! Parses `create table`.

use super::SqlError;
use super::lexer::Kind;
use super::parser::Parser;
use super::statement::{Create, Named};

impl Parser<'_> {
    /// Parses what follows `create table`.
    pub(super) fn create(&mut self) -> Result<Create, SqlError> {
        let if_not_exists = self.take_words(&["if", "not", "exists"]);
        let table = self.name("table name or 'if'")?;
        let mut create = Create {
            table,
            if_not_exists,
            columns: Vec::new(),
            designated: None,
            partition_by: None,
            keys: Vec::new(),
        };
        self.expect_sign("(")?;
        loop {
            let column = self.name("column name")?;
            let column_type = self.column_type()?;
            create.columns.push((column, column_type));
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect_sign(")")?;
        self.indexes()?;
        if self.take_word("timestamp") {
            create.designated = Some(self.names_in_parentheses()?.remove(0));
        }
        if self.take_words(&["partition", "by"]) {
            create.partition_by = Some(self.partition()?);
        }
        // Every table is written as one with a log: an acknowledged request is kept whole.
        let _ = self.take_words(&["bypass", "wal"]) || self.take_word("wal");
        if self.take_words(&["dedup", "upsert", "keys"]) {
            create.keys = self.names_in_parentheses()?;
        }
        Ok(create)
    }

    /// Takes the type of a column, and what may be said about its symbols.
    fn column_type(&mut self) -> Result<Named, SqlError> {
        let Named { mut text, at } = self.name("column type")?;
        while self.take_sign("[") {
            self.expect_sign("]")?;
            text.push_str("[]");
        }
        if self.take_sign("(") {
            let mut numbers = Vec::new();
            while let Kind::Number(word) | Kind::Word(word) = self.peek() {
                numbers.push(word.clone());
                self.advance();
                self.take_sign(",");
            }
            self.expect_sign(")")?;
            text.push_str(&format!("({})", numbers.join(",")));
        }
        // Symbols are stored in one way, whatever is said about them.
        loop {
            if self.take_words(&["capacity"]) {
                self.advance();
            } else if !(self.take_word("cache")
                || self.take_word("nocache")
                || self.take_word("index"))
            {
                break;
            }
        }
        Ok(Named { text, at })
    }

    /// Takes `, index(column capacity n)`, which changes nothing that can be seen.
    fn indexes(&mut self) -> Result<(), SqlError> {
        while *self.peek() == Kind::Sign(",") && self.is_word_at(1, "index") {
            self.advance();
            self.advance();
            self.expect_sign("(")?;
            self.name("column name")?;
            if self.take_word("capacity") {
                self.advance();
            }
            self.expect_sign(")")?;
        }
        Ok(())
    }

    fn partition(&mut self) -> Result<Named, SqlError> {
        const UNITS: [&str; 6] = ["none", "hour", "day", "week", "month", "year"];
        const EXPECTED: &str = "'NONE', 'HOUR', 'DAY', 'WEEK', 'MONTH' or 'YEAR'";
        let known = UNITS.iter().any(|unit| self.is_word_at(0, unit));
        if known { self.name(EXPECTED) } else { Err(self.expected(EXPECTED)) }
    }

    fn names_in_parentheses(&mut self) -> Result<Vec<Named>, SqlError> {
        self.expect_sign("(")?;
        let mut names = vec![self.name("column name")?];
        while self.take_sign(",") {
            names.push(self.name("column name")?);
        }
        self.expect_sign(")")?;
        Ok(names)
    }
}
