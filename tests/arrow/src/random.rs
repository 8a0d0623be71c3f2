//! Random columns of every type.

use std::sync::Arc;

use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use fastrand::Rng;
use half::f16;

/// Makes a batch of `rows` rows with a column of each type. Nulls are as frequent as one in `rarity`.
///
/// # Panics
/// If arrow-rs refuses what is made here.
pub fn batch(random: &mut Rng, rows: usize, rarity: usize) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut maker = Maker { random, rows, rarity };
    maker.plain(&mut columns);
    maker.times(&mut columns);
    maker.decimals(&mut columns);
    maker.texts(&mut columns);
    maker.lists(&mut columns);
    // The last column has a value in each row, so that no row is empty.
    columns.push(Arc::new(Int32Array::from_iter_values(0..rows as i32)));
    let field = |(i, column): (usize, &ArrayRef)| {
        Field::new(format!("c{i}"), column.data_type().clone(), true)
    };
    let fields: Vec<Field> = columns.iter().enumerate().map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

struct Maker<'r> {
    random: &'r mut Rng,
    rows: usize,
    rarity: usize,
}

impl Maker<'_> {
    fn nulls(&mut self) -> Option<NullBuffer> {
        let (rarity, random) = (self.rarity, &mut self.random);
        // Half of the columns have no validity at all.
        if rarity == 0 || random.bool() {
            return None;
        }
        Some((0..self.rows).map(|_| random.usize(0..rarity) != 0).collect())
    }

    fn of<T: ArrowPrimitiveType>(
        &mut self,
        mut value: impl FnMut(&mut Rng) -> T::Native,
    ) -> ArrayRef {
        let values: Vec<T::Native> = (0..self.rows).map(|_| value(self.random)).collect();
        Arc::new(PrimitiveArray::<T>::new(values.into(), self.nulls()))
    }

    fn plain(&mut self, columns: &mut Vec<ArrayRef>) {
        let bits = (0..self.rows).map(|_| self.random.bool()).collect();
        columns.push(Arc::new(BooleanArray::new(bits, self.nulls())));
        columns.push(Arc::new(NullArray::new(self.rows)));
        columns.extend([
            self.of::<Int8Type>(|r| r.i8(..)),
            self.of::<Int16Type>(|r| r.i16(..)),
            self.of::<Int32Type>(|r| r.i32(..)),
            self.of::<Int64Type>(|r| r.i64(..)),
            self.of::<UInt8Type>(|r| r.u8(..)),
            self.of::<UInt16Type>(|r| r.u16(..)),
            self.of::<UInt32Type>(|r| r.u32(..)),
            self.of::<UInt64Type>(|r| r.u64(..) >> r.u32(1..64)),
            self.of::<Float16Type>(|r| f16::from_bits(r.u16(..))),
            self.of::<Float32Type>(|r| f32::from_bits(r.u32(..))),
            self.of::<Float64Type>(|r| f64::from_bits(r.u64(..))),
        ]);
    }

    fn times(&mut self, columns: &mut Vec<ArrayRef>) {
        let day = |r: &mut Rng| i64::from(r.i32(..));
        columns.extend([
            self.of::<TimestampSecondType>(day),
            self.of::<TimestampMillisecondType>(day),
            self.of::<TimestampMicrosecondType>(|r| r.i64(..)),
            self.of::<TimestampNanosecondType>(|r| r.i64(..)),
            self.of::<Date32Type>(|r| r.i32(-1_000_000..1_000_000)),
            self.of::<Date64Type>(day),
            self.of::<Time32SecondType>(|r| r.i32(0..86_400)),
            self.of::<Time32MillisecondType>(|r| r.i32(0..86_400_000)),
            self.of::<Time64MicrosecondType>(|r| r.i64(0..86_400_000_000)),
            self.of::<Time64NanosecondType>(|r| r.i64(..)),
            self.of::<DurationSecondType>(|r| r.i64(..)),
            self.of::<DurationMillisecondType>(|r| r.i64(..)),
            self.of::<DurationMicrosecondType>(|r| r.i64(..)),
            self.of::<DurationNanosecondType>(|r| r.i64(..)),
        ]);
        let zoned: PrimitiveArray<TimestampMicrosecondType> =
            (0..self.rows).map(|_| Some(self.random.i64(0..1 << 50))).collect();
        columns.push(Arc::new(zoned.with_timezone("Europe/Berlin")));
        assert!(matches!(
            columns.last().unwrap().data_type(),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_))
        ));
    }

    fn decimals(&mut self, columns: &mut Vec<ArrayRef>) {
        let [a, b, c, d] = [
            self.of::<Decimal32Type>(|r| r.i32(-999_999_999..=999_999_999)),
            self.of::<Decimal64Type>(|r| r.i64(..) / 10),
            self.of::<Decimal128Type>(|r| r.i128(..) / 10),
            self.of::<Decimal256Type>(|r| {
                i256::from_parts(r.u128(..), r.i128(..) >> r.u32(8..127))
            }),
        ];
        let scaled = |array: &ArrayRef, precision, scale| -> ArrayRef {
            let data = array.to_data().into_builder();
            let kind = match array.data_type() {
                DataType::Decimal32(..) => DataType::Decimal32(precision, scale),
                DataType::Decimal64(..) => DataType::Decimal64(precision, scale),
                DataType::Decimal128(..) => DataType::Decimal128(precision, scale),
                _ => DataType::Decimal256(precision, scale),
            };
            make_array(data.data_type(kind).build().unwrap())
        };
        columns.extend([
            scaled(&a, 9, 2),
            scaled(&b, 18, 0),
            scaled(&c, 38, 10),
            scaled(&d, 76, 30),
        ]);
    }

    fn word(&mut self) -> String {
        // Views keep up to twelve bytes in themselves.
        let len = self.random.usize(0..20);
        (0..len)
            .map(|_| {
                self.random
                    .choice(["a", "b", ",", "=", " ", "\"", "\\", "\n", "\u{e9}", "\u{1F600}"])
                    .unwrap()
            })
            .collect()
    }

    fn words(&mut self) -> Vec<Option<String>> {
        let (rows, rarity) = (self.rows, self.rarity);
        let mut word = |_| {
            let missing = rarity > 0 && self.random.usize(0..rarity) == 0;
            (!missing).then(|| self.word())
        };
        (0..rows).map(&mut word).collect()
    }

    fn texts(&mut self, columns: &mut Vec<ArrayRef>) {
        columns.push(Arc::new(StringArray::from_iter(self.words())));
        columns.push(Arc::new(LargeStringArray::from_iter(self.words())));
        columns.push(Arc::new(StringViewArray::from_iter(self.words())));
        let few = self.random.usize(1..100);
        let values = Maker { random: self.random, rows: few, rarity: 0 }.words();
        let holes = Maker { random: self.random, rows: few, rarity: 4 }.words();
        let [utf8, large, view]: [ArrayRef; 3] = [
            Arc::new(StringArray::from_iter(values)),
            Arc::new(LargeStringArray::from_iter(holes.clone())),
            Arc::new(StringViewArray::from_iter(holes)),
        ];
        columns.extend([
            self.dictionary::<Int8Type>(&utf8, |code| code as i8),
            self.dictionary::<Int16Type>(&large, |code| code as i16),
            self.dictionary::<Int32Type>(&view, |code| code as i32),
            self.dictionary::<Int64Type>(&utf8, |code| code as i64),
            self.dictionary::<UInt8Type>(&utf8, |code| code as u8),
            self.dictionary::<UInt16Type>(&view, |code| code as u16),
            self.dictionary::<UInt32Type>(&utf8, |code| code as u32),
            self.dictionary::<UInt64Type>(&large, |code| code as u64),
        ]);
    }

    fn dictionary<K: ArrowDictionaryKeyType>(
        &mut self,
        values: &ArrayRef,
        key: impl Fn(usize) -> K::Native,
    ) -> ArrayRef {
        let count = values.len();
        let keys: Vec<K::Native> =
            (0..self.rows).map(|_| key(self.random.usize(0..count))).collect();
        let keys = PrimitiveArray::<K>::new(keys.into(), self.nulls());
        Arc::new(DictionaryArray::new(keys, Arc::clone(values)))
    }

    fn lists(&mut self, columns: &mut Vec<ArrayRef>) {
        // One dimension, of integers and of doubles with nulls among them.
        let lengths: Vec<usize> = (0..self.rows).map(|_| self.random.usize(0..5)).collect();
        let count = lengths.iter().sum();
        let nulls = self.nulls();
        let mut leaves = Maker { random: self.random, rows: count, rarity: 3 };
        let (ints, doubles) = (
            leaves.of::<Int16Type>(|r| r.i16(..)),
            leaves.of::<Float64Type>(|r| f64::from(r.i32(..))),
        );
        columns.push(list::<i32>(&lengths, ints, nulls.clone()));
        columns.push(list::<i64>(&lengths, doubles, nulls.clone()));
        // Two dimensions: lists of any number of lists of one length.
        let inner: Vec<usize> =
            lengths.iter().flat_map(|len| vec![self.random.usize(0..4); *len]).collect();
        let floats = Maker { random: self.random, rows: inner.iter().sum(), rarity: 0 }
            .of::<Float64Type>(|r| r.f64());
        columns.push(list::<i32>(&lengths, list::<i64>(&inner, floats, None), nulls.clone()));
        // Lists of a fixed length, and three dimensions with them inside.
        let halves = Maker { random: self.random, rows: self.rows * 3, rarity: 2 }
            .of::<Float16Type>(|r| f16::from_bits(r.u16(..)));
        columns.push(fixed(3, halves, nulls.clone()));
        let singles = Maker { random: self.random, rows: count * 6, rarity: 0 }
            .of::<Float32Type>(|r| r.f32());
        columns.push(list::<i32>(&lengths, fixed(2, fixed(3, singles, None), None), nulls));
    }
}

fn item(values: &ArrayRef) -> Arc<Field> {
    Arc::new(Field::new("item", values.data_type().clone(), true))
}

fn list<O: OffsetSizeTrait>(
    lengths: &[usize],
    values: ArrayRef,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let offsets = OffsetBuffer::<O>::from_lengths(lengths.iter().copied());
    Arc::new(GenericListArray::new(item(&values), offsets, values, nulls))
}

fn fixed(size: i32, values: ArrayRef, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(FixedSizeListArray::new(item(&values), size, values, nulls))
}
