//! Our buffer and the official client's as [`Encoder`]s. The variants differ in what the caller has checked before.

use std::str::{Utf8Error, from_utf8};

use questdb::ingress::{self as q, DecimalView, NdArrayView, TimestampMicros, TimestampNanos};
use questdb_ingress::{ArrayView, Buffer, ProtocolVersion, Text as OurText};

use crate::shapes::{Encoder, Name, Names, Text};

pub(crate) const BOOK: [usize; 2] = [20, 5];

#[inline(always)]
pub(crate) fn text(text: Text) -> OurText<'static> {
    OurText::unchecked(text.bytes())
}

pub(crate) fn buffer(version: u8) -> Buffer {
    Buffer::new(match version {
        1 => ProtocolVersion::V1,
        2 => ProtocolVersion::V2,
        _ => ProtocolVersion::V3,
    })
}

/// Our buffer. Values are bytes that the library checks; names are too, unless `CHECKED`.
pub struct Ours<const CHECKED: bool>(pub Buffer);

impl<const CHECKED: bool> Ours<CHECKED> {
    pub fn new(version: u8) -> Self {
        Ours(buffer(version))
    }
}

/// Calls a function of the buffer with the name in the form that is measured.
macro_rules! named {
    ($self:ident, $function:ident, $name:ident $(, $value:expr)*) => {
        if CHECKED {
            $self.0.$function(&$name.ours $(, $value)*).map(drop)
        } else {
            $self.0.$function(text($name.raw) $(, $value)*).map(drop)
        }
    };
}

impl<const CHECKED: bool> Encoder for Ours<CHECKED> {
    type Error = questdb_ingress::Error;

    #[inline(always)]
    fn table(&mut self, names: &Names) -> Result<(), Self::Error> {
        if CHECKED {
            self.0.table(&names.ours).map(drop)
        } else {
            self.0.table(text(names.table)).map(drop)
        }
    }

    #[inline(always)]
    fn symbol(&mut self, name: &Name, value: Text) -> Result<(), Self::Error> {
        named!(self, symbol, name, text(value))
    }

    #[inline(always)]
    fn bool(&mut self, name: &Name, value: bool) -> Result<(), Self::Error> {
        named!(self, column_bool, name, value)
    }

    #[inline(always)]
    fn i64(&mut self, name: &Name, value: i64) -> Result<(), Self::Error> {
        named!(self, column_i64, name, value)
    }

    #[inline(always)]
    fn f64(&mut self, name: &Name, value: f64) -> Result<(), Self::Error> {
        named!(self, column_f64, name, value)
    }

    #[inline(always)]
    fn str(&mut self, name: &Name, value: Text) -> Result<(), Self::Error> {
        named!(self, column_str, name, text(value))
    }

    #[inline(always)]
    fn ts_micros(&mut self, name: &Name, value: i64) -> Result<(), Self::Error> {
        named!(self, column_ts_micros, name, value)
    }

    #[inline(always)]
    fn book(&mut self, name: &Name, value: &'static [f64; 100]) -> Result<(), Self::Error> {
        let view = ArrayView::c_major(&BOOK, value)?;
        named!(self, column_f64_arr, name, &view)
    }

    #[inline(always)]
    fn dec_str(&mut self, name: &Name, value: Text) -> Result<(), Self::Error> {
        named!(self, column_dec_str, name, text(value))
    }

    #[inline(always)]
    fn dec(&mut self, name: &Name, scale: u32, unscaled: Text) -> Result<(), Self::Error> {
        named!(self, column_dec, name, scale, unscaled.bytes())
    }

    #[inline(always)]
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Self::Error> {
        self.0.at_nanos(nanos)
    }

    #[inline(always)]
    fn at_micros(&mut self, micros: i64) -> Result<(), Self::Error> {
        self.0.at_micros(micros)
    }

    fn fresh(&mut self) {
        self.0 = Buffer::new(self.0.protocol_version());
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn bytes(&self) -> &[u8] {
        self.0.peek()
    }
}

/// Names and values were checked before.
pub const PRE: u8 = 0;
/// Names were checked before.
pub const VAL: u8 = 1;
/// Nothing was checked before.
pub const ALL: u8 = 2;

/// The official client. Its Rust API takes text as `str`. If the caller has bytes, they are checked before the call, as its
/// C API does.
pub struct Theirs<const MODE: u8>(pub q::Buffer);

/// What can fail in the official client.
#[derive(Debug)]
pub enum Failure {
    Utf8(Utf8Error),
    Client(questdb::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl From<Utf8Error> for Failure {
    fn from(e: Utf8Error) -> Self {
        Failure::Utf8(e)
    }
}

impl From<questdb::Error> for Failure {
    fn from(e: questdb::Error) -> Self {
        Failure::Client(e)
    }
}

impl<const MODE: u8> Theirs<MODE> {
    pub fn new(version: u8) -> Self {
        Theirs(q::Buffer::new(match version {
            1 => q::ProtocolVersion::V1,
            2 => q::ProtocolVersion::V2,
            _ => q::ProtocolVersion::V3,
        }))
    }

    #[inline(always)]
    fn name(name: &Name) -> Result<q::ColumnName<'static>, Failure> {
        Ok(if MODE == ALL {
            q::ColumnName::new(from_utf8(name.raw.bytes())?)?
        } else {
            name.theirs
        })
    }

    #[inline(always)]
    fn value(value: Text) -> Result<&'static str, Failure> {
        Ok(if MODE == PRE { value.checked_before() } else { from_utf8(value.bytes())? })
    }
}

struct Book<'a>(&'a [f64; 100]);

impl NdArrayView<f64> for Book<'_> {
    type Iter<'a>
        = std::slice::Iter<'a, f64>
    where
        Self: 'a;

    fn ndim(&self) -> usize {
        BOOK.len()
    }

    fn dim(&self, index: usize) -> Result<usize, questdb::Error> {
        Ok(BOOK[index])
    }

    fn as_slice(&self) -> Option<&[f64]> {
        Some(self.0)
    }

    fn iter(&self) -> Self::Iter<'_> {
        self.0.iter()
    }
}

impl<const MODE: u8> Encoder for Theirs<MODE> {
    type Error = Failure;

    #[inline(always)]
    fn table(&mut self, names: &Names) -> Result<(), Failure> {
        let name = if MODE == ALL {
            q::TableName::new(from_utf8(names.table.bytes())?)?
        } else {
            names.theirs
        };
        self.0.table(name)?;
        Ok(())
    }

    #[inline(always)]
    fn symbol(&mut self, name: &Name, value: Text) -> Result<(), Failure> {
        self.0.symbol(Self::name(name)?, Self::value(value)?)?;
        Ok(())
    }

    #[inline(always)]
    fn bool(&mut self, name: &Name, value: bool) -> Result<(), Failure> {
        self.0.column_bool(Self::name(name)?, value)?;
        Ok(())
    }

    #[inline(always)]
    fn i64(&mut self, name: &Name, value: i64) -> Result<(), Failure> {
        self.0.column_i64(Self::name(name)?, value)?;
        Ok(())
    }

    #[inline(always)]
    fn f64(&mut self, name: &Name, value: f64) -> Result<(), Failure> {
        self.0.column_f64(Self::name(name)?, value)?;
        Ok(())
    }

    #[inline(always)]
    fn str(&mut self, name: &Name, value: Text) -> Result<(), Failure> {
        self.0.column_str(Self::name(name)?, Self::value(value)?)?;
        Ok(())
    }

    #[inline(always)]
    fn ts_micros(&mut self, name: &Name, value: i64) -> Result<(), Failure> {
        self.0.column_ts(Self::name(name)?, TimestampMicros::new(value))?;
        Ok(())
    }

    #[inline(always)]
    fn book(&mut self, name: &Name, value: &'static [f64; 100]) -> Result<(), Failure> {
        self.0.column_arr(Self::name(name)?, &Book(value))?;
        Ok(())
    }

    #[inline(always)]
    fn dec_str(&mut self, name: &Name, value: Text) -> Result<(), Failure> {
        self.0.column_dec(Self::name(name)?, DecimalView::try_new_string(Self::value(value)?)?)?;
        Ok(())
    }

    #[inline(always)]
    fn dec(&mut self, name: &Name, scale: u32, unscaled: Text) -> Result<(), Failure> {
        let decimal = DecimalView::try_new_scaled(scale, unscaled.bytes())?;
        self.0.column_dec(Self::name(name)?, decimal)?;
        Ok(())
    }

    #[inline(always)]
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Failure> {
        Ok(self.0.at(TimestampNanos::new(nanos))?)
    }

    #[inline(always)]
    fn at_micros(&mut self, micros: i64) -> Result<(), Failure> {
        Ok(self.0.at(TimestampMicros::new(micros))?)
    }

    fn fresh(&mut self) {
        self.0 = q::Buffer::new(self.0.protocol_version());
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
