//! The values of some rows of a column, as the client takes them: where they lie if it reads them so, otherwise converted into
//! memory that is used for one piece after the other.
#![expect(unsafe_code, reason = "reads the memory of arrays")]

use std::ops::Range;

use client::Text;
use client::table::{ArrayView, Bits, Codes, ColumnData, ColumnKind, ColumnValues, Offsets};

use super::arrays::Arrays;
use super::column::{Dictionary, Part, Picked, Values};
use super::memory::{Memory, Numbers, Type, Validity, bit, pack};
use super::times::{NAT, Times};

/// What is wrong with a value.
pub(crate) struct Bad {
    /// The row, counted from the first one that was asked for.
    pub(crate) row: usize,
    pub(crate) why: String,
}

impl Bad {
    #[cold]
    pub(crate) fn at(row: usize, why: impl Into<String>) -> Bad {
        Bad { row, why: why.into() }
    }
}

/// Memory for converted values of one column.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) integers: Vec<i64>,
    pub(crate) doubles: Vec<f64>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) bits: Vec<u8>,
    /// The texts of objects, which are valid until the piece was appended.
    pub(crate) texts: Vec<Text<'static>>,
    /// Which of the texts were encoded, and where they are in `bytes`.
    pub(crate) encoded: Vec<(usize, Range<usize>)>,
    /// One text that is being encoded.
    pub(crate) word: Vec<u8>,
    pub(crate) arrays: Arrays,
}

/// Bits that say which values there are, from bit `first` on.
#[derive(Clone, Copy)]
pub(crate) struct Valid<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) first: usize,
}

impl Valid<'_> {
    #[inline]
    pub(crate) fn has(&self, row: usize) -> bool {
        bit(self.bytes, self.first, row)
    }
}

/// The values of some rows.
pub(crate) struct Piece<'a> {
    pub(crate) values: PieceValues<'a>,
    pub(crate) valid: Option<Valid<'a>>,
}

pub(crate) enum PieceValues<'a> {
    Plain(ColumnValues<'a>),
    /// Booleans, a bit for each.
    Bits(Valid<'a>),
    Arrays(Vec<ArrayView<'a>>),
}

impl<'a> Piece<'a> {
    pub(crate) fn new(values: ColumnValues<'a>, valid: Option<Valid<'a>>) -> Piece<'a> {
        Piece { values: PieceValues::Plain(values), valid }
    }

    /// Returns what the client takes.
    pub(crate) fn data(&self) -> ColumnData<'_> {
        let values = match &self.values {
            PieceValues::Plain(values) => *values,
            PieceValues::Bits(bits) => ColumnValues::Bits(Bits::new(bits.bytes, bits.first)),
            PieceValues::Arrays(views) => ColumnValues::Arrays(views),
        };
        let validity = self.valid.map(|valid| Bits::new(valid.bytes, valid.first));
        ColumnData { values, validity }
    }

    /// Returns whether row `row` has a value.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.valid.is_none_or(|valid| valid.has(row))
    }

    /// Returns the text of row `row`, if there is one.
    pub(crate) fn text(&self, row: usize) -> Option<&[u8]> {
        if !self.has(row) {
            return None;
        }
        match &self.values {
            PieceValues::Plain(ColumnValues::Texts(texts)) => {
                texts.get(row).map(|text| text.as_bytes())
            }
            PieceValues::Plain(ColumnValues::Text { offsets, bytes }) => {
                bytes.get(range(*offsets, row)?)
            }
            PieceValues::Plain(ColumnValues::Dictionary { codes, offsets, bytes }) => {
                bytes.get(range(*offsets, code(*codes, row)?)?)
            }
            _ => None,
        }
    }

    /// Returns the doubles.
    pub(crate) fn doubles(&self) -> Option<&[f64]> {
        match &self.values {
            PieceValues::Plain(ColumnValues::F64(values)) => Some(values),
            _ => None,
        }
    }

    /// Returns whether row `row` has the boolean that is true.
    pub(crate) fn bool(&self, row: usize) -> bool {
        match &self.values {
            PieceValues::Plain(ColumnValues::Bytes(bytes)) => {
                bytes.get(row).is_some_and(|byte| *byte != 0)
            }
            PieceValues::Bits(bits) => bits.has(row),
            _ => false,
        }
    }

    /// Returns the integers, of which times are some.
    pub(crate) fn integers(&self) -> Option<&[i64]> {
        match &self.values {
            PieceValues::Plain(ColumnValues::I64(values)) => Some(values),
            _ => None,
        }
    }
}

fn range(offsets: Offsets<'_>, i: usize) -> Option<Range<usize>> {
    let pair = match offsets {
        Offsets::I32(offsets) => (i64::from(*offsets.get(i)?), i64::from(*offsets.get(i + 1)?)),
        Offsets::I64(offsets) => (*offsets.get(i)?, *offsets.get(i + 1)?),
    };
    Some(usize::try_from(pair.0).ok()?..usize::try_from(pair.1).ok()?)
}

fn code(codes: Codes<'_>, i: usize) -> Option<usize> {
    match codes {
        Codes::I8(codes) => usize::try_from(*codes.get(i)?).ok(),
        Codes::I16(codes) => usize::try_from(*codes.get(i)?).ok(),
        Codes::I32(codes) => usize::try_from(*codes.get(i)?).ok(),
        Codes::I64(codes) => usize::try_from(*codes.get(i)?).ok(),
        Codes::U8(codes) => codes.get(i).copied().map(usize::from),
        Codes::U16(codes) => codes.get(i).copied().map(usize::from),
        Codes::U32(codes) => usize::try_from(*codes.get(i)?).ok(),
        Codes::U64(codes) => usize::try_from(*codes.get(i)?).ok(),
    }
}

impl Part {
    /// Returns the values of `rows`, rows of the frame that are all in this part. Objects are read by [`super::objects::read`].
    ///
    /// # Errors
    /// The first value that cannot be sent.
    ///
    /// # Safety
    /// The memory that the part describes must live for `'a`.
    pub(crate) unsafe fn read<'a>(
        &'a self,
        kind: ColumnKind,
        rows: Range<usize>,
        scratch: &'a mut Scratch,
    ) -> Result<Piece<'a>, Bad> {
        let rows = rows.start - self.rows.start..rows.end - self.rows.start;
        let Scratch { integers, doubles, bytes, bits, .. } = scratch;
        // SAFETY: in all branches the rows are within the part, and the caller vouches for its memory.
        unsafe {
            match &self.values {
                Values::Times(times) => self.times(*times, rows, integers, bits),
                Values::Codes(codes, texts) => self.codes(*codes, texts, rows, integers, bits),
                Values::Picked(codes, values) => {
                    let space = (integers, doubles, bytes, bits);
                    picked(*codes, values, kind, rows, space)
                }
                Values::Numbers(numbers) if numbers.kind == Type::Bool => {
                    no_missing(self.valid(&rows, bits), rows.len())?;
                    bools(*numbers, rows, bytes)
                }
                Values::Bits(values) => {
                    no_missing(self.valid(&rows, bits), rows.len())?;
                    let (bytes, first) = values.from(rows.start);
                    Ok(Piece { values: PieceValues::Bits(Valid { bytes, first }), valid: None })
                }
                Values::Numbers(numbers) => {
                    let valid = self.valid(&rows, bits);
                    if numbers.kind.is_float() {
                        let values = floats(*numbers, rows, doubles);
                        return Ok(Piece::new(ColumnValues::F64(values), valid));
                    }
                    let values = integral(*numbers, rows, valid, integers)?;
                    Ok(Piece::new(ColumnValues::I64(values), valid))
                }
                Values::Texts(places, text) => {
                    let valid = self.valid(&rows, bits);
                    let places = offsets(*places, rows.start..rows.end + 1, integers);
                    let bytes = text.from(0).0;
                    Ok(Piece::new(ColumnValues::Text { offsets: places, bytes }, valid))
                }
                Values::Objects(..) => Err(Bad::at(0, "objects are not read without the lock")),
            }
        }
    }

    /// Returns which rows have a value, or nothing if all have one.
    ///
    /// # Safety
    /// As [`Part::read`].
    pub(crate) unsafe fn valid<'a>(
        &self,
        rows: &Range<usize>,
        bits: &'a mut Vec<u8>,
    ) -> Option<Valid<'a>> {
        match self.valid {
            Validity::All => None,
            Validity::MissingBytes(missing) => {
                // SAFETY: the caller vouches for the rows.
                let packed = unsafe { pack_bytes(missing, rows, bits) };
                packed.then_some(Valid { bytes: bits, first: 0 })
            }
            Validity::Bits(valid) => {
                // SAFETY: as above.
                let (bytes, first) = unsafe { valid.from(rows.start) };
                Some(Valid { bytes, first })
            }
        }
    }

    /// # Safety
    /// As [`Part::read`].
    unsafe fn times<'a>(
        &self,
        times: Times,
        rows: Range<usize>,
        integers: &'a mut Vec<i64>,
        bits: &'a mut Vec<u8>,
    ) -> Result<Piece<'a>, Bad> {
        let start = rows.start;
        if !matches!(self.valid, Validity::All) {
            // SAFETY: the caller vouches for the rows.
            let valid = unsafe { self.valid(&rows, bits) };
            let has = |i| valid.is_none_or(|valid: Valid<'_>| valid.has(i));
            // SAFETY: as above.
            let values = unsafe { times.read(rows, has, integers) };
            // SAFETY: as above.
            let values = values.map_err(|row| unsafe { too_far(times, start, row) })?;
            return Ok(Piece::new(ColumnValues::I64(values), valid));
        }
        // SAFETY: as above.
        let values = unsafe { times.read(rows, |_| true, integers) };
        // SAFETY: as above.
        let values = values.map_err(|row| unsafe { too_far(times, start, row) })?;
        let any = values.iter().fold(false, |any, value| any | (*value == NAT));
        let any = any && pack(values.len(), bits, |i| values.get(i) == Some(&NAT));
        let valid = any.then_some(Valid { bytes: bits, first: 0 });
        Ok(Piece::new(ColumnValues::I64(values), valid))
    }

    /// # Safety
    /// As [`Part::read`].
    unsafe fn codes<'a>(
        &self,
        codes: Numbers,
        texts: &'a Dictionary,
        rows: Range<usize>,
        integers: &'a mut Vec<i64>,
        bits: &'a mut Vec<u8>,
    ) -> Result<Piece<'a>, Bad> {
        // SAFETY: the caller vouches for the rows.
        let codes = unsafe { numbered(codes, rows.clone(), integers) };
        let valid = match self.valid {
            Validity::All => negative(codes, bits).then_some(Valid { bytes: bits, first: 0 }),
            // SAFETY: as above.
            _ => unsafe { self.valid(&rows, bits) },
        };
        let (offsets, bytes) = (Offsets::I64(&texts.offsets), texts.bytes.as_slice());
        Ok(Piece::new(ColumnValues::Dictionary { codes, offsets, bytes }, valid))
    }
}

/// # Safety
/// The array must have this row.
#[cold]
unsafe fn too_far(times: Times, start: usize, row: usize) -> Bad {
    let mut count = Vec::new();
    // SAFETY: the caller vouches for the row.
    unsafe { times.counts.integers(start + row..start + row + 1, &mut count) };
    Bad::at(
        row,
        format!("the time {} is outside of what 64 bits hold", count.first().unwrap_or(&0)),
    )
}

/// Refuses missing values, which no column of booleans has.
pub(crate) fn no_missing(valid: Option<Valid<'_>>, rows: usize) -> Result<(), Bad> {
    match valid.and_then(|valid| (0..rows).find(|row| !valid.has(*row))) {
        Some(row) => Err(Bad::at(row, "Cannot insert null values into a boolean column.")),
        None => Ok(()),
    }
}

/// # Safety
/// As [`Part::read`].
unsafe fn pack_bytes(missing: Memory, rows: &Range<usize>, bits: &mut Vec<u8>) -> bool {
    // SAFETY: the caller vouches for the rows.
    unsafe {
        match missing.slice::<u8>(rows.clone()) {
            Some(bytes) => {
                let any = bytes.iter().fold(0, |any, byte| any | byte) != 0;
                any && pack(bytes.len(), bits, |i| bytes.get(i).is_some_and(|byte| *byte != 0))
            }
            None => pack(rows.len(), bits, |i| missing.read::<u8>(rows.start + i) != 0),
        }
    }
}

/// # Safety
/// As [`Part::read`].
unsafe fn bools<'a>(
    numbers: Numbers,
    rows: Range<usize>,
    bytes: &'a mut Vec<u8>,
) -> Result<Piece<'a>, Bad> {
    // SAFETY: the caller vouches for the rows.
    let values = match unsafe { numbers.memory.slice(rows.clone()) } {
        Some(values) => values,
        None => {
            bytes.clear();
            // SAFETY: as above.
            bytes.extend(rows.map(|i| unsafe { numbers.memory.read::<u8>(i) }));
            bytes
        }
    };
    Ok(Piece::new(ColumnValues::Bytes(values), None))
}

/// # Safety
/// As [`Part::read`].
unsafe fn floats(numbers: Numbers, rows: Range<usize>, out: &mut Vec<f64>) -> &[f64] {
    // SAFETY: the caller vouches for the rows; every pattern of bits is a double.
    unsafe {
        if numbers.kind == Type::F64
            && !numbers.swapped
            && let Some(values) = numbers.memory.slice(rows.clone())
        {
            return values;
        }
        out.clear();
        numbers.doubles(rows, out);
    }
    out
}

/// # Safety
/// As [`Part::read`].
unsafe fn integral<'a>(
    numbers: Numbers,
    rows: Range<usize>,
    valid: Option<Valid<'_>>,
    out: &'a mut Vec<i64>,
) -> Result<&'a [i64], Bad> {
    // SAFETY: the caller vouches for the rows.
    unsafe {
        if numbers.kind == Type::I64
            && !numbers.swapped
            && let Some(values) = numbers.memory.slice(rows.clone())
        {
            return Ok(values);
        }
        out.clear();
        numbers.integers(rows, out);
    }
    let wrong =
        |(i, n): &(usize, &i64)| numbers.too_large(**n) && valid.is_none_or(|valid| valid.has(*i));
    match out.iter().enumerate().find(wrong) {
        Some((row, number)) => Err(Bad::at(
            row,
            format!(
                "{} is too large: columns of integers have 63 bits and a sign",
                number.cast_unsigned()
            ),
        )),
        None => Ok(out),
    }
}

/// # Safety
/// As [`Part::read`].
unsafe fn offsets<'a>(places: Numbers, rows: Range<usize>, out: &'a mut Vec<i64>) -> Offsets<'a> {
    // SAFETY: the caller vouches for the rows.
    unsafe {
        match places.kind {
            Type::I32 => {
                if let Some(offsets) = places.memory.slice(rows.clone()) {
                    return Offsets::I32(offsets);
                }
            }
            _ => {
                if let Some(offsets) = places.memory.slice(rows.clone()) {
                    return Offsets::I64(offsets);
                }
            }
        }
        out.clear();
        places.integers(rows, out);
    }
    Offsets::I64(out)
}

/// # Safety
/// As [`Part::read`].
unsafe fn numbered<'a>(codes: Numbers, rows: Range<usize>, out: &'a mut Vec<i64>) -> Codes<'a> {
    let memory = codes.memory;
    let same = || rows.clone();
    // SAFETY: the caller vouches for the rows.
    unsafe {
        let codes = match codes.kind {
            _ if codes.swapped => None,
            Type::I8 => memory.slice(same()).map(Codes::I8),
            Type::I16 => memory.slice(same()).map(Codes::I16),
            Type::I32 => memory.slice(same()).map(Codes::I32),
            Type::I64 => memory.slice(same()).map(Codes::I64),
            Type::U8 => memory.slice(same()).map(Codes::U8),
            Type::U16 => memory.slice(same()).map(Codes::U16),
            Type::U32 => memory.slice(same()).map(Codes::U32),
            _ => None,
        };
        if let Some(codes) = codes {
            return codes;
        }
    }
    out.clear();
    // SAFETY: as above.
    unsafe { codes.integers(rows, out) };
    Codes::I64(out)
}

/// Writes bits for the codes that are not negative. Returns false, and no bits, if none is.
fn negative(codes: Codes<'_>, bits: &mut Vec<u8>) -> bool {
    fn below_zero<T: Copy + Default + PartialOrd>(codes: &[T], bits: &mut Vec<u8>) -> bool {
        let any = codes.iter().fold(false, |any, code| any | (*code < T::default()));
        any && pack(codes.len(), bits, |i| codes.get(i).is_some_and(|code| *code < T::default()))
    }
    match codes {
        Codes::I8(codes) => below_zero(codes, bits),
        Codes::I16(codes) => below_zero(codes, bits),
        Codes::I32(codes) => below_zero(codes, bits),
        Codes::I64(codes) => below_zero(codes, bits),
        _ => false,
    }
}

type Space<'a> = (&'a mut Vec<i64>, &'a mut Vec<f64>, &'a mut Vec<u8>, &'a mut Vec<u8>);

/// # Safety
/// As [`Part::read`].
unsafe fn picked<'a>(
    codes: Numbers,
    values: &Picked,
    kind: ColumnKind,
    rows: Range<usize>,
    (integers, doubles, bytes, bits): Space<'a>,
) -> Result<Piece<'a>, Bad> {
    integers.clear();
    // SAFETY: the caller vouches for the rows.
    unsafe { codes.integers(rows, integers) };
    let any = negative(Codes::I64(integers), bits);
    let valid = any.then_some(Valid { bytes: bits, first: 0 });
    let place = |code: i64| usize::try_from(code).unwrap_or(usize::MAX);
    let values = match values {
        Picked::Doubles(values) => {
            doubles.clear();
            let value = |code| values.get(place(code)).copied().unwrap_or(f64::NAN);
            doubles.extend(integers.iter().map(|code| value(*code)));
            ColumnValues::F64(doubles)
        }
        Picked::Integers(values) => {
            for code in integers.iter_mut() {
                *code = values.get(place(*code)).copied().unwrap_or(0);
            }
            if kind == ColumnKind::Bool {
                no_missing(valid, integers.len())?;
                bytes.clear();
                bytes.extend(integers.iter().map(|value| u8::from(*value != 0)));
                return Ok(Piece::new(ColumnValues::Bytes(bytes), None));
            }
            ColumnValues::I64(integers)
        }
    };
    Ok(Piece::new(values, valid))
}
