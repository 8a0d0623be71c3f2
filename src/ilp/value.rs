//! The values of columns: how each is written, quickly where it can be.

use super::array::DenseArray;
use super::number::{self, DOUBLE_ROOM, INTEGER_ROOM, integer};
use super::write::{Out, Quick, Tail, escape};
use super::{ProtocolVersion, array, decimal};
use crate::error::{Error, Result, err};
use crate::table::ArrayView;
use crate::text::Text;

/// A value of a column.
pub(super) trait Value: Copy {
    /// What [`Value::quick`] writes at most, besides the text.
    const ROOM: usize;
    /// The first version that has such values.
    const NEEDS: ProtocolVersion = ProtocolVersion::V1;

    /// Text that [`Value::quick`] writes.
    #[inline(always)]
    fn text(&self) -> &[u8] {
        &[]
    }

    /// Writes the value if that needs nothing special; otherwise says false, and what was written is forgotten.
    fn quick(self, out: &mut Quick) -> bool;

    /// Writes the value or says what is wrong with it.
    fn write(self, out: &mut Tail<'_>, version: ProtocolVersion) -> Result<()>;
}

impl Value for bool {
    const ROOM: usize = 1;

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        out.byte(if self { b't' } else { b'f' });
        true
    }

    fn write(self, out: &mut Tail<'_>, _: ProtocolVersion) -> Result<()> {
        out.byte(if self { b't' } else { b'f' });
        Ok(())
    }
}

/// An integer and the letter that says what it counts.
#[derive(Clone, Copy)]
pub(super) struct Integer(pub(super) i64, pub(super) u8);

impl Integer {
    /// A timestamp column in nanoseconds; version 1 has microseconds only.
    #[inline(always)]
    pub(super) fn nanos(nanos: i64, version: ProtocolVersion) -> Integer {
        if version == ProtocolVersion::V1 {
            Integer(nanos / 1000, b't')
        } else {
            Integer(nanos, b'n')
        }
    }
}

impl Value for Integer {
    const ROOM: usize = INTEGER_ROOM;

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        integer(out, self.0, self.1);
        true
    }

    fn write(self, out: &mut Tail<'_>, _: ProtocolVersion) -> Result<()> {
        integer(out, self.0, self.1);
        Ok(())
    }
}

/// A double as its bits.
#[derive(Clone, Copy)]
pub(super) struct DoubleBits(pub(super) f64);

impl Value for DoubleBits {
    const ROOM: usize = 16;

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        out.put(number::BINARY_DOUBLE, 2);
        out.put(self.0.to_bits().to_le_bytes(), 8);
        true
    }

    fn write(self, out: &mut Tail<'_>, _: ProtocolVersion) -> Result<()> {
        out.put(number::BINARY_DOUBLE, 2);
        out.put(self.0.to_bits().to_le_bytes(), 8);
        Ok(())
    }
}

/// A double as text.
#[derive(Clone, Copy)]
pub(super) struct Decimals(pub(super) f64);

impl Value for Decimals {
    const ROOM: usize = DOUBLE_ROOM;

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        number::double(out, self.0);
        true
    }

    fn write(self, out: &mut Tail<'_>, _: ProtocolVersion) -> Result<()> {
        number::double(out, self.0);
        Ok(())
    }
}

impl Value for Text<'_> {
    const ROOM: usize = 2 + 16;

    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.as_bytes()
    }

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        out.byte(b'"');
        let plain = out.text::<true>(self.as_bytes(), !self.is_known_utf8());
        out.byte(b'"');
        plain
    }

    fn write(self, out: &mut Tail<'_>, _: ProtocolVersion) -> Result<()> {
        escape::string(out, self)
    }
}

impl Value for &ArrayView<'_> {
    const ROOM: usize = DenseArray::ROOM;
    const NEEDS: ProtocolVersion = ProtocolVersion::V2;

    #[inline(always)]
    fn text(&self) -> &[u8] {
        DenseArray::of(self).map_or(&[], |dense| dense.data())
    }

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        DenseArray::of(self).is_some_and(|dense| {
            dense.write(out);
            true
        })
    }

    fn write(self, out: &mut Tail<'_>, version: ProtocolVersion) -> Result<()> {
        needs(ProtocolVersion::V2, version, "arrays")?;
        array::array(out, self);
        Ok(())
    }
}

/// A decimal as text.
#[derive(Clone, Copy)]
pub(super) struct DecimalText<'a>(pub(super) Text<'a>);

impl Value for DecimalText<'_> {
    const ROOM: usize = 1;
    const NEEDS: ProtocolVersion = ProtocolVersion::V3;

    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        let good = decimal::is_good_text(self.0.as_bytes());
        if good {
            out.slice(self.0.as_bytes());
            out.byte(b'd');
        }
        good
    }

    fn write(self, out: &mut Tail<'_>, version: ProtocolVersion) -> Result<()> {
        needs(ProtocolVersion::V3, version, "decimals")?;
        decimal::text(out, self.0.as_bytes())
    }
}

/// A decimal as scale and big-endian integer.
#[derive(Clone, Copy)]
pub(super) struct Decimal<'a>(pub(super) u32, pub(super) &'a [u8]);

impl Value for Decimal<'_> {
    const ROOM: usize = decimal::HEAD;
    const NEEDS: ProtocolVersion = ProtocolVersion::V3;

    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.1
    }

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        let Some(head) = decimal::head(self.0, self.1.len()) else { return false };
        out.put(head, decimal::HEAD);
        out.slice(self.1);
        decimal::is_short(self.1)
    }

    fn write(self, out: &mut Tail<'_>, version: ProtocolVersion) -> Result<()> {
        needs(ProtocolVersion::V3, version, "decimals")?;
        decimal::binary(out, self.0, self.1)
    }
}

/// A decimal as scale and integer, written with as few bytes as it needs.
#[derive(Clone, Copy)]
pub(super) struct DecimalInteger(pub(super) u32, pub(super) i128);

impl Value for DecimalInteger {
    const ROOM: usize = decimal::HEAD + size_of::<i128>();
    const NEEDS: ProtocolVersion = ProtocolVersion::V3;

    #[inline(always)]
    fn quick(self, out: &mut Quick) -> bool {
        let (bytes, len) = decimal::shortest(self.1);
        let Some(head) = decimal::head(self.0, len) else { return false };
        out.put(head, decimal::HEAD);
        out.put(bytes, len);
        true
    }

    fn write(self, out: &mut Tail<'_>, version: ProtocolVersion) -> Result<()> {
        needs(ProtocolVersion::V3, version, "decimals")?;
        decimal::integer(out, self.0, self.1)
    }
}

#[inline]
fn needs(needed: ProtocolVersion, version: ProtocolVersion, what: &str) -> Result<()> {
    if version < needed { Err(too_old(needed, version, what)) } else { Ok(()) }
}

#[cold]
#[inline(never)]
fn too_old(needed: ProtocolVersion, version: ProtocolVersion, what: &str) -> Error {
    let (needed, version) = (needed as u8, version as u8);
    err!(ProtocolVersion, "{what} need protocol version {needed}, the buffer has version {version}")
}
