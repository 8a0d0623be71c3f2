//! What a statement says, before tables are looked at.

/// A name or text, and where it stands in the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) at: usize,
}

/// A statement that the receiver understands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    Query(Query),
    /// One row of values that come from no table, each with the name of its column.
    Constants(Vec<(String, Constant)>),
    Create(Create),
    Truncate(Named),
    Drop {
        table: Named,
        if_exists: bool,
    },
}

/// `select … from … where … order by … limit …`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) items: Vec<Item>,
    pub(super) source: Source,
    pub(super) condition: Option<Condition>,
    /// The columns of `order by`, the most significant first.
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<Limit>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Table(Named),
    /// `tables()`.
    Tables,
    /// `show tables`.
    TableNames,
    /// `wal_tables()`.
    WalTables,
    /// `show columns from …` and `table_columns('…')`.
    Columns(Named),
    /// `show parameters`.
    Parameters,
}

/// An item of a list of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    All,
    Column {
        column: Named,
        alias: Option<String>,
    },
    /// `count()`.
    Count {
        alias: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: Named,
    pub(super) descending: bool,
}

/// `limit n` and `limit low,high`; a missing number is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) low: Option<i64>,
    pub(super) high: Option<i64>,
    pub(super) at: usize,
}

/// What a `where` asks of each row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Compare {
        column: Named,
        operator: Operator,
        value: Operand,
    },
    Between {
        column: Named,
        low: Operand,
        high: Operand,
        not: bool,
    },
    /// `in '…'`: within the interval that a time stands for, or equal to a text.
    In {
        column: Named,
        values: Vec<Operand>,
        list: bool,
        not: bool,
    },
    /// A column of booleans by itself.
    True {
        column: Named,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Returns the operator that says the same with its sides exchanged.
    pub(super) fn mirrored(self) -> Operator {
        match self {
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            same => same,
        }
    }
}

/// A value in a condition, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) constant: Constant,
    pub(super) at: usize,
}

/// A value that a statement names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// `now()`.
    Now,
    /// `wait_wal_table('…')`, which is true at once: what was acknowledged can be read.
    Waited(Named),
}

/// `create table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Create {
    pub(super) table: Named,
    pub(super) if_not_exists: bool,
    /// The columns with the words of their types, such as `double[]`.
    pub(super) columns: Vec<(Named, Named)>,
    pub(super) designated: Option<Named>,
    pub(super) partition_by: Option<Named>,
    /// The columns of `dedup upsert keys(…)`.
    pub(super) keys: Vec<Named>,
}
