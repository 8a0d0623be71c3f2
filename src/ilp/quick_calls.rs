//! The calls of [`Buffer`] as far as they need nothing special, for callers who want no more than that inlined.
//!
//! Each does what the call of the same name does and says true, or does nothing and says false: then that call has to do
//! it. They cannot panic, and most need no stack frame.

use super::ProtocolVersion;
use super::buffer::Buffer;
use super::timestamp::Stamp;
use super::value::{Decimals, DoubleBits, Integer};
use crate::name::{ColumnName, NameRef};
use crate::text::Text;

type Column<'a> = NameRef<'a, ColumnName>;

impl Buffer {
    #[inline(always)]
    pub(crate) fn quick_bool(&mut self, name: Column<'_>, value: bool) -> bool {
        self.quick_column(name, value)
    }

    #[inline(always)]
    pub(crate) fn quick_i64(&mut self, name: Column<'_>, value: i64) -> bool {
        self.quick_column(name, Integer(value, b'i'))
    }

    #[inline(always)]
    pub(crate) fn quick_f64(&mut self, name: Column<'_>, value: f64) -> bool {
        if self.protocol_version() == ProtocolVersion::V1 {
            self.quick_decimals(name, value)
        } else {
            self.quick_column(name, DoubleBits(value))
        }
    }

    /// Apart, since it calls others.
    #[inline(never)]
    fn quick_decimals(&mut self, name: Column<'_>, value: f64) -> bool {
        self.quick_column(name, Decimals(value))
    }

    #[inline(always)]
    pub(crate) fn quick_str(&mut self, name: Column<'_>, value: Text<'_>) -> bool {
        self.quick_column(name, value)
    }

    #[inline(always)]
    pub(crate) fn quick_ts_micros(&mut self, name: Column<'_>, micros: i64) -> bool {
        self.quick_column(name, Integer(micros, b't'))
    }

    #[inline(always)]
    pub(crate) fn quick_ts_nanos(&mut self, name: Column<'_>, nanos: i64) -> bool {
        let version = self.protocol_version();
        self.quick_column(name, Integer::nanos(nanos, version))
    }

    #[inline(always)]
    pub(crate) fn quick_at_nanos(&mut self, nanos: i64) -> bool {
        self.lines_mut().quick_at(Stamp::Nanos(nanos))
    }

    #[inline(always)]
    pub(crate) fn quick_at_micros(&mut self, micros: i64) -> bool {
        self.lines_mut().quick_at(Stamp::Micros(micros))
    }
}
