//! How much the values of a column differ, which decides how its Parquet file encodes them.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};

/// So many values are looked at.
const SAMPLE: usize = 4096;
/// A dictionary of more values does not stay in the processor's caches: finding a value in it takes longer than all else that is
/// done with the value.
const LARGEST: usize = 1 << 15;

/// Returns whether a column has most likely so many different numbers that a dictionary of them costs more than it saves. These are
/// the first values of the column.
pub(crate) fn is_wide(column: &ArrayRef) -> bool {
    let values = if let Some(doubles) = column.as_primitive_opt::<Float64Type>() {
        sample(column, |row| doubles.value(row).to_bits())
    } else if let Some(longs) = column.as_primitive_opt::<Int64Type>() {
        sample(column, |row| longs.value(row).cast_unsigned())
    } else if let Some(micros) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        sample(column, |row| micros.value(row).cast_unsigned())
    } else if let Some(nanos) = column.as_primitive_opt::<TimestampNanosecondType>() {
        sample(column, |row| nanos.value(row).cast_unsigned())
    } else {
        return false;
    };
    // Few rows make a small file, whatever it costs.
    if values.len() < SAMPLE {
        return false;
    }
    let different: HashSet<u64> = values.iter().copied().collect();
    // Of so many random ones among `LARGEST`, this many are expected to be there already.
    values.len() - different.len() < SAMPLE * SAMPLE / (2 * LARGEST)
}

/// Returns values at equal distances, fewer if some rows have none.
fn sample(column: &ArrayRef, value: impl Fn(usize) -> u64) -> Vec<u64> {
    let step = (column.len() / SAMPLE).max(1);
    let rows = (0..column.len()).step_by(step).filter(|row| column.is_valid(*row));
    rows.take(SAMPLE).map(value).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Float64Array, Int64Array, StringArray, TimestampNanosecondArray};

    use super::*;

    /// Numbers that look random, of which so many are different.
    fn numbers(different: u64) -> impl Iterator<Item = u64> {
        (0..20_000u64).map(move |n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % different)
    }

    fn longs(different: u64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(numbers(different).map(u64::cast_signed)))
    }

    #[test]
    fn columns_of_many_different_numbers_are_wide() {
        assert!(is_wide(&longs(1 << 40)) && is_wide(&longs(100_000)));
        assert!(!is_wide(&longs(10_000)) && !is_wide(&longs(1)));
        let doubles = numbers(1 << 40).map(f64::from_bits);
        assert!(is_wide(&(Arc::new(Float64Array::from_iter_values(doubles)) as ArrayRef)));
        let times = TimestampNanosecondArray::from_iter_values(0..20_000);
        assert!(is_wide(&(Arc::new(times.with_timezone("UTC")) as ArrayRef)));
    }

    #[test]
    fn few_values_and_texts_are_not() {
        assert!(!is_wide(&longs(1 << 40).slice(0, 4000)));
        let sparse: Int64Array = (0..20_000).map(|n| (n % 6 == 0).then_some(n)).collect();
        assert!(!is_wide(&(Arc::new(sparse) as ArrayRef)));
        let texts = StringArray::from_iter_values((0..20_000).map(|n| n.to_string()));
        assert!(!is_wide(&(Arc::new(texts) as ArrayRef)));
    }
}
