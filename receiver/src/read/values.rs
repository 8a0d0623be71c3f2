//! Values in statements, and queries that have nothing but values.

use super::SqlError;
use super::lexer::Kind;
use super::parser::Parser;
use super::statement::{Constant, Named, Operand};

/// The answer to questions for the version. Suites of clients look for the word QuestDB and a version behind it.
const BUILD: &str = concat!(
    "Build Information: QuestDB 9.3.4, imitated by questdb-receiver ",
    env!("CARGO_PKG_VERSION")
);

impl Parser<'_> {
    /// Parses the row of a `select` without a table, or returns `None` and takes nothing if the query has a table.
    pub(super) fn constants(&mut self) -> Result<Option<Vec<(String, Constant)>>, SqlError> {
        let mut row: Vec<(String, Constant)> = Vec::new();
        let starts = match self.peek() {
            Kind::Number(_) | Kind::Text(_) | Kind::Sign("-") => true,
            Kind::Word(word) => is_constant(word) || self.is_function(word),
            _ => false,
        };
        if !starts {
            return Ok(None);
        }
        loop {
            let (written, constant) = self.named_constant()?;
            let said = self.take_word("as");
            let at = self.at();
            let name = match self.peek() {
                Kind::Word(_) | Kind::Name(_) => self.name("name of a column")?.text,
                _ if said => return Err(self.expected("name of a column")),
                _ => written,
            };
            if row.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
                return Err(SqlError::new(at, format!("Duplicate column [name={name}]")));
            }
            row.push((name, constant));
            if !self.take_sign(",") {
                return Ok(Some(row));
            }
        }
    }

    fn is_function(&self, word: &str) -> bool {
        let known =
            ["version", "build", "now", "systimestamp", "current_database", "wait_wal_table"];
        match *self.peek_at(1) {
            Kind::Sign("(") => known.iter().any(|k| word.eq_ignore_ascii_case(k)),
            // These two need no parentheses, but may be columns of a table.
            Kind::End | Kind::Sign(";") => {
                ["version", "build"].iter().any(|k| word.eq_ignore_ascii_case(k))
            }
            _ => false,
        }
    }

    /// Parses a value, and returns also the name that its column has without a name of its own.
    fn named_constant(&mut self) -> Result<(String, Constant), SqlError> {
        if let Kind::Word(word) = self.peek()
            && self.is_function(word)
        {
            let word = word.to_ascii_lowercase();
            self.advance();
            let call = self.take_sign("(");
            let brackets = if call { "()" } else { "" };
            let (name, constant) = match word.as_str() {
                "version" | "build" => (format!("{word}{brackets}"), Constant::Text(BUILD.into())),
                "current_database" => (format!("{word}()"), Constant::Text("qdb".into())),
                "wait_wal_table" => {
                    // The server names the place of the function, not that of its argument.
                    let table = Named { at: 0, ..self.name("table name")? };
                    (format!("{word}('{}')", table.text), Constant::Waited(table))
                }
                _ => (format!("{word}()"), Constant::Now),
            };
            if call {
                self.expect_sign(")")?;
            }
            return Ok((name, constant));
        }
        let constant = self.constant()?.constant;
        let name = match &constant {
            Constant::Null => "null".into(),
            Constant::Boolean(value) => value.to_string(),
            Constant::Integer(value) if *value < 0 => format!("-({})", value.unsigned_abs()),
            Constant::Integer(value) => value.to_string(),
            Constant::Number(value) => format!("\"{value}\""),
            Constant::Text(text) => format!("'{text}'"),
            Constant::Now | Constant::Waited(_) => "now()".into(),
        };
        Ok((name, constant))
    }

    /// Takes a value: a number with or without a sign, a text, `true`, `false`, `null` or `now()`.
    pub(super) fn constant(&mut self) -> Result<Operand, SqlError> {
        let at = self.at();
        let negative = self.take_sign("-");
        let constant = match self.peek().clone() {
            Kind::Number(digits) => number(&digits, negative)
                .ok_or_else(|| SqlError::new(at, format!("the number is too large: {digits}")))?,
            _ if negative => return Err(self.expected("number")),
            Kind::Text(text) => Constant::Text(text),
            Kind::Word(word) if word.eq_ignore_ascii_case("null") => Constant::Null,
            Kind::Word(word) if word.eq_ignore_ascii_case("true") => Constant::Boolean(true),
            Kind::Word(word) if word.eq_ignore_ascii_case("false") => Constant::Boolean(false),
            Kind::Word(word)
                if ["now", "systimestamp"].iter().any(|k| word.eq_ignore_ascii_case(k))
                    && *self.peek_at(1) == Kind::Sign("(") =>
            {
                self.advance();
                self.advance();
                self.expect_sign(")")?;
                return Ok(Operand { constant: Constant::Now, at });
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(Operand { constant, at })
    }

    /// Returns whether the next token begins a value.
    pub(super) fn is_constant_next(&self) -> bool {
        match self.peek() {
            Kind::Number(_) | Kind::Text(_) | Kind::Sign("-") => true,
            Kind::Word(word) => is_constant(word) || self.is_function(word),
            _ => false,
        }
    }
}

fn is_constant(word: &str) -> bool {
    ["null", "true", "false"].iter().any(|k| word.eq_ignore_ascii_case(k))
}

fn number(digits: &str, negative: bool) -> Option<Constant> {
    let text = if negative { format!("-{digits}") } else { digits.to_owned() };
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Constant::Integer);
    }
    text.parse().ok().filter(|v: &f64| v.is_finite()).map(Constant::Number)
}
