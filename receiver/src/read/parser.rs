//! Tokens to statements: what all statements have in common, and queries.

use super::SqlError;
use super::lexer::{Kind, Token, tokens};
use super::statement::{Constant, Item, Limit, Named, Order, Query, Source, Statement};

/// What the receiver says to everything that it does not understand.
const HELP: &str = "the receiver answers: select *, columns or count() from one table, with where, order by timestamp \
                    and limit; tables(), wal_tables(), show tables, columns, parameters; create, truncate and drop table. \
                    For all other SQL let it store into files, and open their Parquet files in DuckDB";

/// Words that are names only in double quotes.
const KEYWORDS: &[&str] = &[
    "select", "from", "where", "order", "by", "limit", "and", "or", "not", "in", "between", "as",
    "group", "join", "union", "distinct", "case",
];

/// Further words that are no second name of a column or table.
const CLAUSES: &[&str] = &[
    "sample",
    "latest",
    "asof",
    "lt",
    "splice",
    "cross",
    "left",
    "inner",
    "outer",
    "on",
    "intersect",
    "except",
    "window",
    "horizon",
    "pivot",
];

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|k| word.eq_ignore_ascii_case(k))
}

/// Parses one statement, perhaps with a semicolon behind it.
pub(super) fn parse(sql: &str) -> Result<Statement, SqlError> {
    let mut parser = Parser { sql, tokens: tokens(sql)?, next: 0, depth: 0 };
    let statement = parser.statement()?;
    parser.take_sign(";");
    match parser.peek() {
        Kind::End => Ok(statement),
        _ => Err(parser.unexpected()),
    }
}

/// Returns whether a statement has nothing but spaces, comments and semicolons.
pub(super) fn is_empty(sql: &str) -> bool {
    let nothing = |kind: &Kind| matches!(kind, Kind::End | Kind::Sign(";"));
    tokens(sql).is_ok_and(|tokens| tokens.iter().all(|t| nothing(&t.kind)))
}

/// The tokens of a statement, and how many of them were taken.
pub(super) struct Parser<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    next: usize,
    /// How many parentheses of a condition are open.
    pub(super) depth: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> &Kind {
        self.peek_at(0)
    }

    /// Returns the token that comes so many tokens later.
    pub(super) fn peek_at(&self, later: usize) -> &Kind {
        self.tokens.get(self.next + later).map_or(&Kind::End, |t| &t.kind)
    }

    /// Returns where the next token begins.
    pub(super) fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.sql.len(), |t| t.at)
    }

    /// Takes the next token; behind the last one there are only more ends.
    pub(super) fn advance(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.next += 1;
        kind
    }

    pub(super) fn is_word_at(&self, later: usize, word: &str) -> bool {
        matches!(self.peek_at(later), Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let there = self.is_word_at(0, word);
        self.next += usize::from(there);
        there
    }

    /// Takes several keywords, all or none.
    pub(super) fn take_words(&mut self, words: &[&str]) -> bool {
        let there = words.iter().enumerate().all(|(i, word)| self.is_word_at(i, word));
        self.next += if there { words.len() } else { 0 };
        there
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Kind::Sign(s) if *s == sign);
        self.next += usize::from(there);
        there
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), SqlError> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.expected(&format!("'{sign}'"))) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.take_word(word) { Ok(()) } else { Err(self.expected(&format!("'{word}'"))) }
    }

    pub(super) fn expected(&self, what: &str) -> SqlError {
        SqlError::new(self.at(), format!("{what} expected"))
    }

    /// Returns the error about the next token, which has no meaning where it stands.
    pub(super) fn unexpected(&self) -> SqlError {
        let text = self.tokens.get(self.next).map_or("", |t| &self.sql[t.at..t.end]);
        let what = if text.is_empty() { "the end of the statement" } else { text };
        SqlError::new(self.at(), format!("unexpected token [{what}]; {HELP}"))
    }

    /// Takes a name with or without quotes, which may be single ones too.
    pub(super) fn name(&mut self, what: &str) -> Result<Named, SqlError> {
        let at = self.at();
        match self.peek() {
            Kind::Word(word) if is_one_of(word, KEYWORDS) => {
                let why = "SQL keywords have to be enclosed in double quotes";
                Err(SqlError::new(
                    at,
                    format!("table and column names that are {why}, such as \"{word}\""),
                ))
            }
            Kind::Word(text) | Kind::Name(text) | Kind::Text(text) => {
                let text = text.clone();
                self.next += 1;
                Ok(Named { text, at })
            }
            _ => Err(self.expected(what)),
        }
    }

    fn statement(&mut self) -> Result<Statement, SqlError> {
        if self.take_word("select") {
            return self.select();
        }
        if self.take_word("show") {
            return self.show();
        }
        if self.take_words(&["create", "table"]) {
            return self.create().map(Statement::Create);
        }
        if self.take_words(&["truncate", "table"]) {
            return self.name("table name").map(Statement::Truncate);
        }
        if self.take_words(&["drop", "table"]) {
            let if_exists = self.take_words(&["if", "exists"]);
            return Ok(Statement::Drop { table: self.name("table name")?, if_exists });
        }
        // A table by itself stands for all of its columns.
        let named = matches!(self.peek(), Kind::Word(_) | Kind::Name(_));
        let ends = match self.peek_at(1) {
            Kind::End | Kind::Sign(";" | "(") => true,
            Kind::Word(word) => is_one_of(word, &["where", "order", "limit"]),
            _ => false,
        };
        if !named || !ends {
            return Err(self.unexpected());
        }
        self.from(vec![Item::All])
    }

    fn show(&mut self) -> Result<Statement, SqlError> {
        let constant = |name: &str, value: &str| {
            Ok(Statement::Constants(vec![(name.into(), Constant::Text(value.into()))]))
        };
        let source = if self.take_word("tables") {
            Source::TableNames
        } else if self.take_words(&["columns", "from"]) {
            Source::Columns(self.name("table name")?)
        } else if self.take_word("parameters") {
            Source::Parameters
        } else if self.take_words(&["time", "zone"]) {
            return constant("TimeZone", "UTC");
        } else if self.take_word("server_version") {
            return constant("server_version", env!("CARGO_PKG_VERSION"));
        } else {
            return Err(self.unexpected());
        };
        let items = vec![Item::All];
        Ok(Statement::Query(Query {
            items,
            source,
            condition: None,
            order: Vec::new(),
            limit: None,
        }))
    }

    fn select(&mut self) -> Result<Statement, SqlError> {
        if let Some(constants) = self.constants()? {
            return Ok(Statement::Constants(constants));
        }
        let mut items = vec![self.item()?];
        while self.take_sign(",") {
            items.push(self.item()?);
        }
        if !self.take_word("from") {
            return Err(self.unexpected());
        }
        self.from(items)
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.take_sign("*") {
            return Ok(Item::All);
        }
        if self.is_word_at(0, "count") && *self.peek_at(1) == Kind::Sign("(") {
            self.next += 2;
            let _ = self.take_sign("*");
            if !self.take_sign(")") {
                return Err(self.unexpected());
            }
            return Ok(Item::Count { alias: self.alias()? });
        }
        let column = self.column("[distinct] column")?;
        if *self.peek() == Kind::Sign("(") {
            return Err(SqlError::new(
                column.at,
                format!("unknown function name: {}(); {HELP}", column.text),
            ));
        }
        Ok(Item::Column { column, alias: self.alias()? })
    }

    /// Takes the name of a column. The name of the only table may stand before it.
    pub(super) fn column(&mut self, what: &str) -> Result<Named, SqlError> {
        let first = match self.peek() {
            Kind::Text(_) => return Err(self.unexpected()),
            Kind::End => return Err(self.expected(what)),
            _ => self.name(what)?,
        };
        if self.take_sign(".") { self.name("column name") } else { Ok(first) }
    }

    fn alias(&mut self) -> Result<Option<String>, SqlError> {
        let said = self.take_word("as");
        let is_name = match self.peek() {
            Kind::Word(word) => !is_one_of(word, KEYWORDS) && !is_one_of(word, CLAUSES),
            Kind::Name(_) => true,
            _ => false,
        };
        if !said && !is_name {
            return Ok(None);
        }
        Ok(Some(self.name("name of a column")?.text))
    }

    /// Parses what follows the columns.
    fn from(&mut self, items: Vec<Item>) -> Result<Statement, SqlError> {
        let source = self.source()?;
        if let (Source::Table(_), Kind::Word(word)) = (&source, self.peek()) {
            // A second name for the table, which the columns may have before them.
            let clause = is_one_of(word, &["where", "order", "limit"]);
            if !clause {
                self.alias()?;
            }
        }
        let at = self.at();
        let condition = if self.take_word("where") {
            if matches!(self.peek(), Kind::End | Kind::Sign(";")) {
                return Err(SqlError::new(at, "empty where clause".into()));
            }
            Some(self.condition()?)
        } else {
            None
        };
        let mut order = Vec::new();
        if self.take_words(&["order", "by"]) {
            order.push(self.order()?);
            while self.take_sign(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.take_word("limit") { Some(self.limit()?) } else { None };
        Ok(Statement::Query(Query { items, source, condition, order, limit }))
    }

    fn source(&mut self) -> Result<Source, SqlError> {
        if *self.peek() == Kind::Sign("(") {
            return Err(self.unexpected());
        }
        let name = self.name("table name or sub-query")?;
        if !self.take_sign("(") {
            return Ok(Source::Table(name));
        }
        let source = match name.text.to_ascii_lowercase().as_str() {
            "tables" | "all_tables" => Source::Tables,
            "wal_tables" => Source::WalTables,
            "table_columns" => Source::Columns(self.name("table name")?),
            _ => {
                let text = format!("unknown function name: {}(); {HELP}", name.text);
                return Err(SqlError::new(name.at, text));
            }
        };
        self.expect_sign(")")?;
        Ok(source)
    }

    fn order(&mut self) -> Result<Order, SqlError> {
        let column = self.column("literal")?;
        let descending = self.take_word("desc");
        if !descending {
            self.take_word("asc");
        }
        Ok(Order { column, descending })
    }

    fn limit(&mut self) -> Result<Limit, SqlError> {
        let at = self.at();
        if matches!(self.peek(), Kind::End | Kind::Sign(";")) {
            return Ok(Limit { low: None, high: None, at });
        }
        let low = if *self.peek() == Kind::Sign(",") { None } else { Some(self.integer()?) };
        if !self.take_sign(",") {
            return Ok(Limit { low: None, high: low, at });
        }
        let number = matches!(self.peek(), Kind::Number(_) | Kind::Sign("-"));
        let high = if number { Some(self.integer()?) } else { None };
        // `limit n,` is the same as `limit n`.
        Ok(if high.is_none() {
            Limit { low: None, high: low, at }
        } else {
            Limit { low, high, at }
        })
    }

    fn integer(&mut self) -> Result<i64, SqlError> {
        let at = self.at();
        match self.constant()?.constant {
            Constant::Integer(value) => Ok(value),
            _ => Err(SqlError::new(at, "a whole number expected".into())),
        }
    }
}
