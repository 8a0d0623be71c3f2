//! Importing a batch appends the very bytes that single calls append for the values that arrow-rs reads.
#![allow(unsafe_code, clippy::unwrap_used, reason = "hands a stream over, and fails by panicking")]

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, UInt64Builder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchIterator, StringArray, TimestampSecondArray,
    UInt64Array,
};
use arrow_schema::{ArrowError, DataType};
use fastrand::Rng;
use questdb_ingress::table::{ArrowOptions, ArrowStream, ArrowSymbols};
use questdb_ingress::{Buffer, ErrorCode, ProtocolVersion};
use questdb_ingress_arrow_tests::calls::{self, Roles};
use questdb_ingress_arrow_tests::{import, random};

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        _ => matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

/// Returns the columns whose type passes.
fn columns(batch: &RecordBatch, fits: impl Fn(&DataType) -> bool) -> Vec<usize> {
    let fields = batch.schema_ref().fields();
    (0..fields.len()).filter(|at| fits(fields[*at].data_type())).collect()
}

#[track_caller]
fn compare(
    batch: &RecordBatch,
    skip: usize,
    in_columns: bool,
    options: &ArrowOptions,
    roles: &Roles,
) {
    let (mut whole, mut single) =
        (Buffer::new(ProtocolVersion::V3), Buffer::new(ProtocolVersion::V3));
    whole.append_arrow(&import(batch, skip, in_columns).unwrap(), options).unwrap();
    calls::append(&mut single, &batch.slice(skip, batch.num_rows() - skip), roles).unwrap();
    assert_eq!(whole.row_count(), single.row_count());
    let rows = whole.peek().iter().zip(single.peek()).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[rows.saturating_sub(80)..bytes.len().min(rows + 80)])
            .into_owned()
    };
    assert!(
        whole.peek() == single.peek(),
        "at byte {rows}:\n{}\n{}",
        around(whole.peek()),
        around(single.peek())
    );
}

#[test]
fn random_batches_of_all_types() {
    let mut random = Rng::with_seed(20);
    for round in 0..400 {
        let rows = *random.choice(&[1, 2, 3, 7, 8, 9, 64, 65, 300, 1000]).unwrap();
        let rarity = *random.choice(&[0, 2, 5, 50]).unwrap();
        let batch = random::batch(&mut random, rows, rarity);
        let skip = random.usize(0..rows);
        // A slice, as arrow-rs exports it.
        let start = random.usize(0..rows);
        let sliced = batch.slice(start, rows - start);
        let dictionaries = columns(&batch, |kind| matches!(kind, DataType::Dictionary(..)));
        let roles = Roles { symbols: dictionaries, ..Roles::default() };
        let options = ArrowOptions::new().table("t").at_now();
        compare(&batch, skip, round % 2 == 0, &options, &roles);
        compare(&sliced, 0, false, &options, &roles);
        let roles = Roles { symbols: columns(&batch, is_text), ..Roles::default() };
        compare(&sliced, 0, false, &options.clone().symbols(ArrowSymbols::Texts), &roles);
        let last = *columns(&batch, is_text).last().unwrap();
        let roles = Roles { symbols: vec![last], ..Roles::default() };
        let some = options.symbols(ArrowSymbols::Columns(vec![last.into()]));
        compare(&batch, skip, round % 2 == 1, &some, &roles);
    }
}

#[test]
fn batches_of_many_pieces_with_tables_and_timestamps() {
    let mut random = Rng::with_seed(21);
    for round in 0..6 {
        let rows = 10_000;
        let batch = random::batch(&mut random, rows, 100);
        let tables: StringArray = (0..rows)
            .map(|row| Some(["a", "bb", "ccc"][row / (1 + 500 * (round % 3)) % 3]))
            .collect();
        let start: i64 = 1_700_000_000;
        let times: TimestampSecondArray =
            (0..rows).map(|row| (row % 3000 > 9).then_some(start + row as i64)).collect();
        let with = |name: &'static str, column: ArrayRef| (name, column);
        let named = batch.schema_ref().fields().iter().map(|f| f.name().clone());
        let all = named.zip(batch.columns().iter().cloned());
        let extra = [with("table", Arc::new(tables)), with("at", Arc::new(times))];
        let extra = extra.map(|(name, column)| (name.to_owned(), column));
        let batch = RecordBatch::try_from_iter_with_nullable(
            all.chain(extra).map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let last = batch.num_columns() - 1;
        let dictionaries = columns(&batch, |kind| matches!(kind, DataType::Dictionary(..)));
        let roles = Roles { symbols: dictionaries, table: Some(last - 1), at: Some(last) };
        let options = ArrowOptions::new().table_column("table").at_column("at");
        compare(&batch, random.usize(0..5000), round % 2 == 0, &options, &roles);
    }
}

#[test]
fn a_stream_of_chunks_makes_the_rows_of_its_batches() {
    let mut random = Rng::with_seed(22);
    let whole = random::batch(&mut random, 2000, 10);
    let chunks: Vec<_> = (0..20).map(|i| Ok(whole.slice(i * 100, 100))).collect();
    let failing = [Err(ArrowError::ExternalError("the network is gone".into()))];
    let options = ArrowOptions::new().table("t").at_now();
    let mut buffer = Buffer::new(ProtocolVersion::V3);
    let stream = |batches: Vec<Result<RecordBatch, ArrowError>>| {
        let reader = RecordBatchIterator::new(batches, whole.schema());
        let mut raw = FFI_ArrowArrayStream::new(Box::new(reader));
        // SAFETY: both libraries declare the struct of the interface.
        unsafe { ArrowStream::import((&raw mut raw).cast()) }.unwrap()
    };
    let broken = chunks.iter().map(|chunk| chunk.as_ref().unwrap().clone()).map(Ok).chain(failing);
    let e = buffer.append_arrow_stream(&mut stream(broken.collect()), &options).unwrap_err();
    assert!(e.message().starts_with("batch 20: the Arrow stream failed"), "{e}");
    assert!(e.message().contains("the network is gone"), "{e}");
    assert!(buffer.is_empty());
    buffer.append_arrow_stream(&mut stream(chunks), &options).unwrap();
    let mut single = Buffer::new(ProtocolVersion::V3);
    let symbols = columns(&whole, |kind| matches!(kind, DataType::Dictionary(..)));
    calls::append(&mut single, &whole, &Roles { symbols, ..Roles::default() }).unwrap();
    assert!(buffer.peek() == single.peek());
}

#[test]
fn errors_name_rows_of_the_batch_behind_the_first_piece() {
    let rows = 9_000;
    let fine = || Arc::new(Int64Array::from_iter_values(0..rows));
    let bad = |row: i64| if row == 8_999 { u64::MAX } else { 1 };
    let big = UInt64Array::from_iter_values((0..rows).map(bad));
    let mut lists = ListBuilder::new(UInt64Builder::new());
    for row in 0..rows {
        lists.append_value([Some(bad(row))]);
    }
    let late = TimestampSecondArray::from_iter_values(
        (0..rows).map(|row| if row == 8_999 { -1 } else { row }),
    );
    let cases: [(ArrayRef, &str, ErrorCode); 3] = [
        (
            Arc::new(big),
            "column \"x\" (position 1): row 8999: 18446744073709551615 is over 9223372036854775807, the greatest 64-bit integer",
            ErrorCode::InvalidArgument,
        ),
        (
            Arc::new(lists.finish()),
            "column \"x\" (position 1): row 8999: 18446744073709551615 is over 9223372036854775807, the greatest 64-bit integer",
            ErrorCode::InvalidArgument,
        ),
        (Arc::new(late), "row 8999: ", ErrorCode::InvalidTimestamp),
    ];
    for (column, expected, code) in cases {
        let batch = RecordBatch::try_from_iter([("n", fine() as ArrayRef), ("x", column)]).unwrap();
        let mut options = ArrowOptions::new().table("t").at_now();
        if code == ErrorCode::InvalidTimestamp {
            options = options.at_column("x");
        }
        let mut buffer = Buffer::new(ProtocolVersion::V3);
        buffer.table("before").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        let e = buffer.append_arrow(&import(&batch, 0, false).unwrap(), &options).unwrap_err();
        assert!(e.message().starts_with(expected), "{e}");
        assert_eq!(e.code(), code);
        assert_eq!((buffer.peek(), buffer.row_count()), (b"before x=1i\n".as_slice(), 1));
        assert!(buffer.is_transactional());
    }
}
