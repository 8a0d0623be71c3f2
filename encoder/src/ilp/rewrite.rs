//! Rewrites complete rows for a server whose protocol version is older than the one they were written for. It reads the
//! encoder's own output and writes what the older version would have written.
//!
//! A sender that connects late does not know its server's version when the first row begins. It assumes the newest one, and
//! this code runs only if that was wrong.

use super::ProtocolVersion;
use super::buffer::Buffer;
use super::read_back::{Piece, read_row, unreadable};
use super::value::{DoubleText, Feature, Nanos, no_room};
use super::write::{Draft, Store};
use crate::error::{Error, Result, err};
use crate::quoted::shown;

impl Buffer {
    /// Marks the version of the rows as assumed, until [`Buffer::convert`] learns which one the server speaks.
    pub(crate) fn assume_version(&mut self) {
        self.assumed = true;
    }

    /// Returns whether the version of the rows was assumed.
    pub(crate) fn version_is_assumed(&self) -> bool {
        self.assumed
    }

    /// Gives a buffer whose version was assumed the version that the server speaks, and the longest name that the server
    /// takes. Complete rows are rewritten; while a row is open nothing happens.
    ///
    /// Rows that fit into `max_buf_size` as they were written may exceed it afterwards: they can be sent, and no further row
    /// is taken before that. `go_on` is called now and then and can stop the work, because many rows take long.
    ///
    /// # Errors
    /// `ProtocolVersion` with the number of the row if it has a value that the version does not have, `OutOfMemory`, and
    /// those of `go_on`. On failure nothing has changed.
    pub(crate) fn convert(
        &mut self,
        version: ProtocolVersion,
        max_name_len: usize,
        go_on: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        if !self.assumed || self.lines.is_row_open() {
            return Ok(());
        }
        if version < self.lines.version {
            self.rewrite(version, go_on)?;
        }
        self.lines.become_version(version, max_name_len);
        self.assumed = false;
        Ok(())
    }

    #[cold]
    fn rewrite(
        &mut self,
        version: ProtocolVersion,
        go_on: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        /// So many rows take well under a millisecond.
        const ROWS_AT_ONCE: usize = 1000;
        let old = self.lines.store.as_slice();
        let mut new = Store::new(usize::MAX);
        new.reserve(old.len())?;
        let (mut at, mut rows) = (0, 0);
        let mut marked = self.marker.map(|_| 0);
        while at < old.len() {
            if rows % ROWS_AT_ONCE == 0 {
                go_on()?;
            }
            let mut draft = new.draft();
            let len = row(&old[at..], version, &mut draft).map_err(|e| in_row(e, rows + 1))?;
            draft.keep();
            at += len;
            rows += 1;
            if self.marker.is_some_and(|marker| marker.rows == rows) {
                marked = Some(new.len());
            }
        }
        if let (Some(marker), Some(len)) = (&mut self.marker, marked) {
            marker.len = len;
        }
        new.limit_to(self.lines.store.max());
        self.lines.store = new;
        Ok(())
    }
}

/// Rewrites the first row and returns how many bytes it took.
fn row(bytes: &[u8], version: ProtocolVersion, out: &mut Draft<'_>) -> Result<usize> {
    read_row(bytes, |piece| match piece {
        Piece::Start(start) => out.slices([start]),
        Piece::Column { separator, name, value } => {
            out.slices([&[separator], name, b"="])?;
            write_value(value, version, out).map_err(|e| in_column(e, name))
        }
        Piece::End(None) => out.slices([b"\n"]),
        Piece::End(Some(text)) => {
            out.slices([b" "])?;
            stamp(text, version, out)
        }
    })
}

fn write_value(value: &[u8], version: ProtocolVersion, out: &mut Draft<'_>) -> Result<()> {
    let needs = match value {
        [b'=', 23, ..] => Feature::DECIMALS,
        // Besides quoted text and binary values, only decimals end in this letter.
        [first, .., b'd'] if *first != b'"' && *first != b'=' => Feature::DECIMALS,
        [b'=', 14, ..] => Feature::ARRAYS,
        _ => Feature::ANY,
    };
    if version < needs.since {
        return Err(too_old(needs, version));
    }
    let written = match value {
        [b'=', 16, bits @ ..] if version.is_text() => {
            let bits = bits.try_into().map_err(|_| unreadable())?;
            out.value(DoubleText(f64::from_bits(u64::from_le_bytes(bits))), version)?
        }
        [first, digits @ .., b'n'] if version.is_text() && !matches!(first, b'"' | b'=') => {
            out.value(Nanos(number_of(&value[..=digits.len()])?), version)?
        }
        _ => return out.slices([value]),
    };
    if written { Ok(()) } else { Err(no_room()) }
}

/// Writes a designated timestamp and the end of the row. The older form is always nanoseconds, without a letter that says
/// so.
fn stamp(text: &[u8], version: ProtocolVersion, out: &mut Draft<'_>) -> Result<()> {
    match text {
        [nanos @ .., b'n'] if version.is_text() => out.slices([nanos])?,
        [micros @ .., b't'] if version.is_text() => {
            let micros = number_of(micros)?;
            let Some(nanos) = micros.checked_mul(1000) else {
                return Err(err!(
                    ProtocolVersion,
                    "the designated timestamp is {micros} microseconds, the server speaks protocol version 1, which reaches to {}",
                    i64::MAX / 1000
                ));
            };
            out.slices([nanos.to_string().as_bytes()])?;
        }
        other => out.slices([other])?,
    }
    out.slices([b"\n"])
}

fn number_of(text: &[u8]) -> Result<i64> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(unreadable)
}

#[cold]
fn too_old(Feature { since, what }: Feature, version: ProtocolVersion) -> Error {
    let (since, version) = (since as u8, version as u8);
    err!(
        ProtocolVersion,
        "{what} need protocol version {since}, the server speaks version {version}; remove_rows removes the row, and connect before the first row tells the version in time"
    )
}

#[cold]
fn in_row(e: Error, row: usize) -> Error {
    let mut error = e.context(format_args!("row {row} of the buffer"));
    error.facts_mut().server_line = row as u64;
    error
}

#[cold]
fn in_column(e: Error, written: &[u8]) -> Error {
    let name: Vec<u8> = written.iter().copied().filter(|byte| *byte != b'\\').collect();
    e.context(format_args!("column {}", shown(&String::from_utf8_lossy(&name))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::BufferOptions;
    use super::*;
    use crate::error::ErrorCode;
    use crate::table::ArrayView;
    use ProtocolVersion::{V1, V2, V3};

    /// What a column can hold, including what the older versions lack.
    #[derive(Debug, Clone)]
    enum Cell {
        Symbol(String),
        Bool(bool),
        Integer(i64),
        Double(f64),
        Text(String),
        Micros(i64),
        Nanos(i64),
        Array(Vec<f64>),
        Decimal(Option<i64>),
        DecimalText(&'static str),
    }

    #[derive(Debug, Clone, Copy)]
    enum End {
        Nanos(i64),
        Micros(i64),
        Now,
    }

    type OneRow = (String, Vec<Cell>, End);

    fn write(buffer: &mut Buffer, (table, cells, end): &OneRow) -> Result<()> {
        buffer.table(table.as_str())?;
        for cell in cells {
            if let Cell::Symbol(text) = cell {
                buffer.symbol("s =", text.as_str())?;
            }
        }
        for cell in cells {
            match cell {
                Cell::Symbol(_) => &mut *buffer,
                Cell::Bool(v) => buffer.column_bool("b", *v)?,
                Cell::Integer(v) => buffer.column_i64("i", *v)?,
                Cell::Double(v) => buffer.column_f64("d d", *v)?,
                Cell::Text(v) => buffer.column_str("q=n", v.as_str())?,
                Cell::Micros(v) => buffer.column_ts_micros("t", *v)?,
                Cell::Nanos(v) => buffer.column_ts_nanos("n", *v)?,
                Cell::Array(v) => {
                    let shape = [v.len()];
                    let view = ArrayView::c_major(&shape, v)?;
                    buffer.column_f64_arr("a", &view)?
                }
                Cell::Decimal(v) => buffer.column_dec_i64("c", 2, *v)?,
                Cell::DecimalText(v) => buffer.column_dec_str("e", *v)?,
            };
        }
        buffer.column_bool("end", true)?;
        match end {
            End::Nanos(v) => buffer.at_nanos(*v),
            End::Micros(v) => buffer.at_micros(*v),
            End::Now => buffer.at_now(),
        }
    }

    fn cell() -> impl Strategy<Value = Cell> {
        let text = "[a-z0-9 ,=\n\r\"\\\\\u{e9}\u{20ac}dnt]{0,12}";
        prop_oneof![
            text.prop_map(Cell::Symbol),
            any::<bool>().prop_map(Cell::Bool),
            any::<i64>().prop_map(Cell::Integer),
            any::<f64>().prop_map(Cell::Double),
            prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(1e16)]
                .prop_map(Cell::Double),
            text.prop_map(Cell::Text),
            any::<i64>().prop_map(Cell::Micros),
            any::<i64>().prop_map(Cell::Nanos),
            prop::collection::vec(any::<f64>(), 0..4).prop_map(Cell::Array),
            any::<Option<i64>>().prop_map(Cell::Decimal),
            prop::sample::select(vec!["1.5", "-1e3", "NaN", "Infinity", "0"])
                .prop_map(Cell::DecimalText),
        ]
    }

    fn one_row() -> impl Strategy<Value = OneRow> {
        let end = prop_oneof![
            (0..=i64::MAX).prop_map(End::Nanos),
            (0..=i64::MAX / 1000).prop_map(End::Micros),
            Just(End::Now),
        ];
        ("[ab =]{1,4}", prop::collection::vec(cell(), 0..6), end)
    }

    fn assumed() -> Buffer {
        let mut buffer = Buffer::new(V3);
        buffer.assume_version();
        buffer
    }

    proptest! {
        /// A buffer that learns the version late must hold what a buffer holds that knew it from the start.
        #[test]
        fn late_is_as_early(rows in prop::collection::vec(one_row(), 0..6), marked in 0_usize..6) {
            for version in [V1, V2, V3] {
                let (mut late, mut early) = (assumed(), Buffer::new(version));
                let mut refused = 0;
                for (i, row) in rows.iter().enumerate() {
                    if i == marked {
                        late.set_marker().unwrap();
                        early.set_marker().unwrap();
                    }
                    write(&mut late, row).unwrap();
                    if let Err(e) = write(&mut early, row) {
                        prop_assert_eq!(e.code(), ErrorCode::ProtocolVersion);
                        early.drop_row();
                        refused += 1;
                    }
                }
                let before = late.peek().to_vec();
                while let Err(e) = late.convert(version, 127, &mut || Ok(())) {
                    prop_assert!(refused > 0, "{}", e);
                    prop_assert_eq!(e.code(), ErrorCode::ProtocolVersion);
                    prop_assert!(late.version_is_assumed() && late.protocol_version() == V3);
                    if refused == rows.len() {
                        prop_assert_eq!(late.peek(), &before[..]);
                    }
                    // The message names the row.
                    let number = e.message().strip_prefix("row ").unwrap().split(' ').next().unwrap();
                    late.remove_rows(number.parse().unwrap(), 1).unwrap();
                    refused -= 1;
                }
                prop_assert_eq!(refused, 0);
                prop_assert_eq!(late.peek(), early.peek());
                prop_assert_eq!(late.row_count(), early.row_count());
                prop_assert_eq!(late.is_transactional(), early.is_transactional());
                prop_assert!(!late.version_is_assumed() && late.protocol_version() == version);
                if marked < rows.len() {
                    late.rewind_to_marker().unwrap();
                    early.rewind_to_marker().unwrap();
                    prop_assert_eq!(late.peek(), early.peek());
                }
                // Both must also go on in the same way.
                let next = ("z".to_owned(), vec![Cell::Double(0.5), Cell::Nanos(-1999)], End::Micros(7));
                write(&mut late, &next).unwrap();
                write(&mut early, &next).unwrap();
                prop_assert_eq!(late.peek(), early.peek());
            }
        }
    }

    #[test]
    fn what_an_older_version_lacks_is_named_with_its_row_and_column() {
        let mut buffer = assumed();
        buffer.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        let view = ArrayView::c_major(&[1], &[1.0]).unwrap();
        buffer.table("t").unwrap().column_f64_arr("a b", &view).unwrap().at_now().unwrap();
        let e = buffer.convert(V1, 127, &mut || Ok(())).unwrap_err();
        let want = "row 2 of the buffer: column \"a b\": arrays need protocol version 2, the server speaks version 1; ";
        assert!(e.message().starts_with(want), "{e}");
        buffer.clear();
        buffer.table("t").unwrap().column_bool("x", true).unwrap().at_micros(i64::MAX).unwrap();
        assert_eq!(
            buffer.convert(V1, 127, &mut || Ok(())).unwrap_err().code(),
            ErrorCode::ProtocolVersion
        );
        buffer.convert(V2, 127, &mut || Ok(())).unwrap();
        assert_eq!(buffer.peek(), b"t x=t 9223372036854775807t\n");
    }

    #[test]
    fn an_open_row_and_the_limits_stay() {
        let mut buffer = assumed();
        buffer.table("t").unwrap().column_f64("x", 0.5).unwrap();
        buffer.convert(V1, 20, &mut || Ok(())).unwrap();
        assert!(buffer.version_is_assumed());
        buffer.at_now().unwrap();
        buffer.convert(V1, 20, &mut || Ok(())).unwrap();
        assert_eq!((buffer.peek(), buffer.max_name_len()), (&b"t x=0.5\n"[..], 20));
        assert_eq!(
            buffer.table("n".repeat(21).as_str()).unwrap_err().code(),
            ErrorCode::InvalidName
        );
        // Text may be longer than bits: rows that fitted before can still be sent, and no other row is taken before that.
        let options =
            BufferOptions { init_buf_size: 1, max_buf_size: 20, ..BufferOptions::new(V3) };
        let mut small = Buffer::with_options(options).unwrap();
        small.assume_version();
        small
            .table("t")
            .unwrap()
            .column_f64("x", -1.2345678901234567e-300)
            .unwrap()
            .at_now()
            .unwrap();
        small.convert(V1, 127, &mut || Ok(())).unwrap();
        assert!(small.len() > small.max_buf_size(), "{:?}", small.peek());
        assert_eq!(small.table("t").map(drop).unwrap_err().code(), ErrorCode::LimitExceeded);
        small.clear();
        small.table("t").unwrap();

        // Many rows take long: whoever asked may stop the work, and then nothing has changed.
        let mut buffer = assumed();
        for _ in 0..2500 {
            buffer.table("t").unwrap().column_f64("x", 0.5).unwrap().at_now().unwrap();
        }
        let (before, mut asked) = (buffer.peek().to_vec(), 0);
        let stopped = buffer.convert(V1, 127, &mut || {
            asked += 1;
            if asked == 3 { Err(err!(Cancelled, "enough")) } else { Ok(()) }
        });
        assert_eq!(stopped.unwrap_err().code(), ErrorCode::Cancelled);
        assert_eq!((buffer.peek(), buffer.version_is_assumed()), (&before[..], true));
    }
}
