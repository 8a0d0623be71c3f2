//! The columns of a batch: names and types, read once from an `ArrowSchema`.

use super::c_data::SchemaRef;
use crate::error::{Error, Result, err};
use crate::memory::room;
use crate::quoted::shown;
use crate::table::MAX_ARRAY_DIMS;

/// A column, a child of one, or the values of a dictionary.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// The type as the interface writes it, for messages.
    pub(super) format: String,
    pub(super) kind: Kind,
    /// The element type of a list.
    pub(super) item: Option<Box<Field>>,
    /// The type of the values if this is a dictionary; `kind` is then the type of the codes.
    pub(super) dictionary: Option<Box<Field>>,
}

/// A type, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number(Number),
    /// A count of time, kept as the integer that it is.
    Count(Number),
    /// Points in time: so many of what the column holds make `per` of what is sent.
    Time {
        number: Number,
        factor: i64,
        nanos: bool,
    },
    /// Texts with offsets of 32 or 64 bits.
    Text {
        large: bool,
    },
    /// Texts wherever they lie.
    TextView,
    Decimal {
        scale: i32,
        width: usize,
    },
    List {
        large: bool,
    },
    FixedList {
        size: usize,
    },
    Unsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    F32,
    F64,
}

impl Number {
    /// Returns the length in bytes.
    pub(super) fn width(self) -> usize {
        match self {
            Number::I8 | Number::U8 => 1,
            Number::I16 | Number::U16 | Number::F16 => 2,
            Number::I32 | Number::U32 | Number::F32 => 4,
            Number::I64 | Number::U64 | Number::F64 => 8,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Number::F16 | Number::F32 | Number::F64)
    }
}

const fn time(number: Number, factor: i64, nanos: bool) -> Kind {
    Kind::Time { number, factor, nanos }
}

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The types: how the interface writes them, or how that begins if a colon ends it; how messages call them; what they are.
const TYPES: &[(&str, &str, Kind)] = &[
    ("n", "null", Kind::Null),
    ("b", "bool", Kind::Bool),
    ("c", "int8", Kind::Number(Number::I8)),
    ("C", "uint8", Kind::Number(Number::U8)),
    ("s", "int16", Kind::Number(Number::I16)),
    ("S", "uint16", Kind::Number(Number::U16)),
    ("i", "int32", Kind::Number(Number::I32)),
    ("I", "uint32", Kind::Number(Number::U32)),
    ("l", "int64", Kind::Number(Number::I64)),
    ("L", "uint64", Kind::Number(Number::U64)),
    ("e", "float16", Kind::Number(Number::F16)),
    ("f", "float32", Kind::Number(Number::F32)),
    ("g", "float64", Kind::Number(Number::F64)),
    ("u", "utf8", Kind::Text { large: false }),
    ("U", "large_utf8", Kind::Text { large: true }),
    ("vu", "utf8_view", Kind::TextView),
    ("tdD", "date32", time(Number::I32, 86_400 * MICROS_PER_SECOND, false)),
    ("tdm", "date64", time(Number::I64, 1_000, false)),
    ("tss:", "timestamp[s]", time(Number::I64, MICROS_PER_SECOND, false)),
    ("tsm:", "timestamp[ms]", time(Number::I64, 1_000, false)),
    ("tsu:", "timestamp[us]", time(Number::I64, 1, false)),
    ("tsn:", "timestamp[ns]", time(Number::I64, 1, true)),
    ("tts", "time32[s]", Kind::Count(Number::I32)),
    ("ttm", "time32[ms]", Kind::Count(Number::I32)),
    ("ttu", "time64[us]", Kind::Count(Number::I64)),
    ("ttn", "time64[ns]", Kind::Count(Number::I64)),
    ("tDs", "duration[s]", Kind::Count(Number::I64)),
    ("tDm", "duration[ms]", Kind::Count(Number::I64)),
    ("tDu", "duration[us]", Kind::Count(Number::I64)),
    ("tDn", "duration[ns]", Kind::Count(Number::I64)),
    ("d:", "decimal", Kind::Unsupported),
    ("+l", "list", Kind::List { large: false }),
    ("+L", "large_list", Kind::List { large: true }),
    ("+w:", "fixed_size_list", Kind::Unsupported),
    ("z", "binary", Kind::Unsupported),
    ("Z", "large_binary", Kind::Unsupported),
    ("vz", "binary_view", Kind::Unsupported),
    ("w:", "fixed_size_binary", Kind::Unsupported),
    ("tiM", "interval[months]", Kind::Unsupported),
    ("tiD", "interval[days, ms]", Kind::Unsupported),
    ("tin", "interval[months, days, ns]", Kind::Unsupported),
    ("+vl", "list_view", Kind::Unsupported),
    ("+vL", "large_list_view", Kind::Unsupported),
    ("+s", "struct", Kind::Unsupported),
    ("+m", "map", Kind::Unsupported),
    ("+r", "run_end_encoded", Kind::Unsupported),
    ("+ud:", "dense_union", Kind::Unsupported),
    ("+us:", "sparse_union", Kind::Unsupported),
];

/// What to do with a type that cannot be sent, by how it is written.
const ADVICE: &[(&str, &str)] = &[
    ("ti", "cast it to int64, or to utf8"),
    ("+v", "cast it to a list"),
    ("+s", "make its fields columns of their own"),
    ("+r", "cast it to the type of its values"),
    ("+l", "only lists of numbers can be sent: cast its values to float64"),
    ("+L", "only lists of numbers can be sent: cast its values to float64"),
    ("+w", "only lists of numbers can be sent: cast its values to float64"),
    ("d:", "cast it to a decimal with a scale of 0 to 76"),
    ("", "cast it to utf8"),
];

impl Field {
    /// Reads the columns of a batch.
    pub(super) fn columns(schema: SchemaRef<'_>) -> Result<Vec<Field>> {
        let format = schema.format()?;
        if format != "+s" {
            return Err(err!(
                InvalidArgument,
                "a batch of rows must have the Arrow type \"+s\" (struct), this one has {} ({})",
                shown(format),
                type_name(format)
            ));
        }
        let count = schema.child_count()?;
        let mut fields = room(count, "columns")?;
        for i in 0..count {
            let field = schema.child(i).and_then(|child| Field::read(child, 0));
            fields.push(field.map_err(|e| e.context(format_args!("column {i}")))?);
        }
        Ok(fields)
    }

    fn read(schema: SchemaRef<'_>, depth: usize) -> Result<Field> {
        let format = schema.format()?;
        let mut kind = kind_of(format);
        let (mut item, mut dictionary) = (None, None);
        if let Some(values) = schema.dictionary()? {
            // A dictionary in a list or a dictionary is not read any further, so that no schema recurses without end.
            if depth > 0 {
                kind = Kind::Unsupported;
            } else {
                dictionary = Some(Box::new(Field::read(values, MAX_ARRAY_DIMS)?));
            }
        } else if kind.is_list() {
            if schema.child_count()? != 1 {
                let count = schema.child_count()?;
                return Err(err!(InvalidArgument, "a list has {count} children instead of 1"));
            }
            if depth < MAX_ARRAY_DIMS {
                item = Some(Box::new(Field::read(schema.child(0)?, depth + 1)?));
            } else {
                kind = Kind::Unsupported;
            }
        }
        let name = schema.name()?.to_owned();
        Ok(Field { name, format: format.to_owned(), kind, item, dictionary })
    }

    /// Returns the field itself, or the type of the texts if it is a dictionary.
    pub(super) fn values(&self) -> &Field {
        self.dictionary.as_deref().unwrap_or(self)
    }

    /// Returns whether the values are texts, be it by way of a dictionary.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.values().kind, Kind::Text { .. } | Kind::TextView)
    }

    /// Returns the number of dimensions of a list of numbers, or 0 for anything else.
    pub(super) fn dimensions(&self) -> usize {
        let (mut dims, mut field) = (0, self);
        while let Some(item) = &field.item {
            (dims, field) = (dims + 1, item);
        }
        if matches!(field.kind, Kind::Number(_)) { dims } else { 0 }
    }

    /// Returns the error for a type that cannot be sent.
    #[cold]
    pub(super) fn unsupported(&self) -> Error {
        let (format, name) = (shown(&self.format), type_name(&self.format));
        if let Some(values) = &self.dictionary {
            return err!(
                InvalidArgument,
                "a dictionary of the Arrow type {} ({}) cannot be sent; cast it to the type of its values",
                shown(&values.format),
                type_name(&values.format)
            );
        }
        let advice = ADVICE.iter().find(|(start, _)| self.format.starts_with(start));
        let advice = advice.map_or("", |(_, advice)| advice);
        err!(InvalidArgument, "Arrow type {format} ({name}) cannot be sent; {advice}")
    }

    /// Returns what messages call the type.
    pub(super) fn type_name(&self) -> &'static str {
        type_name(&self.format)
    }
}

impl Kind {
    pub(super) fn is_list(self) -> bool {
        matches!(self, Kind::List { .. } | Kind::FixedList { .. })
    }
}

fn find(format: &str) -> Option<&'static (&'static str, &'static str, Kind)> {
    TYPES.iter().find(|(written, ..)| match written.strip_suffix(':') {
        Some(_) => format.starts_with(written),
        None => format == *written,
    })
}

fn type_name(format: &str) -> &'static str {
    find(format).map_or("unknown", |(_, name, _)| name)
}

fn kind_of(format: &str) -> Kind {
    let fixed = |size: &str| Some(Kind::FixedList { size: size.parse().ok()? });
    let parsed = if let Some(decimal) = format.strip_prefix("d:") {
        decimal_of(decimal)
    } else if let Some(size) = format.strip_prefix("+w:") {
        fixed(size)
    } else {
        find(format).map(|(.., kind)| *kind)
    };
    parsed.unwrap_or(Kind::Unsupported)
}

/// Reads `precision,scale` or `precision,scale,bits`.
fn decimal_of(parameters: &str) -> Option<Kind> {
    let mut numbers = parameters.split(',');
    let _precision: u32 = numbers.next()?.parse().ok()?;
    let scale: i32 = numbers.next()?.parse().ok()?;
    let bits: usize = numbers.next().map_or(Some(128), |bits| bits.parse().ok())?;
    let known = matches!(bits, 32 | 64 | 128 | 256) && numbers.next().is_none();
    (known && (0..=76).contains(&scale)).then_some(Kind::Decimal { scale, width: bits / 8 })
}
