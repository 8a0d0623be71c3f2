//! Structs built by hand: who releases them, what contradicts the interface, what cannot be sent. Whether values arrive as
//! they should is tested against another library of Arrow, in `tests/arrow`.
#![allow(unsafe_code, reason = "plays the producer of structs")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::error::{Error, ErrorCode};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::timestamp::TimestampMicros;

/// An array to be exported, with any mistake that a test wants.
#[derive(Clone)]
struct Plan {
    name: &'static str,
    format: String,
    length: i64,
    nulls: i64,
    offset: i64,
    buffers: Vec<Option<Vec<u8>>>,
    children: Vec<Plan>,
    dictionary: Option<Box<Plan>>,
    buffer_count: Option<i64>,
    /// Bytes by which the buffers are out of alignment.
    shift: usize,
}

fn plan(name: &'static str, format: &str, length: i64, buffers: Vec<Option<Vec<u8>>>) -> Plan {
    let (children, dictionary) = (Vec::new(), None);
    let format = format.to_owned();
    let (nulls, offset, buffer_count, shift) = (0, 0, None, 0);
    Plan { name, format, length, nulls, offset, buffers, children, dictionary, buffer_count, shift }
}

/// Returns the bytes of numbers.
macro_rules! bytes {
    ($type:ty: $($value:expr),*) => {
        Some([$(<$type>::to_ne_bytes($value).to_vec()),*].concat())
    };
}

fn batch_of(columns: Vec<Plan>) -> Plan {
    let rows = columns.first().map_or(0, |column| column.length);
    Plan { children: columns, ..plan("", "+s", rows, vec![None]) }
}

/// What an exported struct owns.
struct Owned<T> {
    _texts: [CString; 2],
    // 64 bits wide, so that the buffers are aligned.
    _memory: Vec<Vec<u64>>,
    _buffers: Vec<*const c_void>,
    children: Vec<*mut T>,
    dictionary: *mut T,
    released: Arc<AtomicUsize>,
}

fn owned<T>(
    plan: &Plan,
    released: &Arc<AtomicUsize>,
    export: fn(&Plan, &Arc<AtomicUsize>) -> T,
) -> Box<Owned<T>> {
    let (mut memory, mut buffers) = (Vec::new(), Vec::new());
    for buffer in &plan.buffers {
        let Some(bytes) = buffer else {
            buffers.push(ptr::null());
            continue;
        };
        let mut words = vec![0u64; bytes.len().div_ceil(8) + 2];
        // SAFETY: there is room for all bytes.
        unsafe {
            ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                words.as_mut_ptr().cast::<u8>().add(plan.shift),
                bytes.len(),
            )
        };
        buffers.push(words.as_ptr().cast::<u8>().wrapping_add(plan.shift).cast());
        memory.push(words);
    }
    let exported = |plan: &Plan| Box::into_raw(Box::new(export(plan, released)));
    Box::new(Owned {
        _texts: [CString::new(plan.name).unwrap(), CString::new(plan.format.as_str()).unwrap()],
        _memory: memory,
        _buffers: buffers,
        children: plan.children.iter().map(exported).collect(),
        dictionary: plan.dictionary.as_deref().map_or(ptr::null_mut(), exported),
        released: Arc::clone(released),
    })
}

macro_rules! releases {
    ($name:ident, $type:ty) => {
        unsafe extern "C" fn $name(raw: *mut $type) {
            // SAFETY: these are the pointers that the export below made.
            unsafe {
                let owned = Box::from_raw((*raw).private_data.cast::<Owned<$type>>());
                for member in owned.children.iter().chain([&owned.dictionary]) {
                    if !member.is_null() {
                        let mut member = Box::from_raw(*member);
                        member.release.unwrap()(&mut *member);
                    }
                }
                owned.released.fetch_add(1, Ordering::Relaxed);
                (*raw).release = None;
            }
        }
    };
}
releases!(release_array, ArrowArray);
releases!(release_schema, ArrowSchema);

fn array(plan: &Plan, released: &Arc<AtomicUsize>) -> ArrowArray {
    let mut owned = owned(plan, released, array);
    ArrowArray {
        length: plan.length,
        null_count: plan.nulls,
        offset: plan.offset,
        n_buffers: plan.buffer_count.unwrap_or(plan.buffers.len() as i64),
        n_children: plan.children.len() as i64,
        buffers: owned._buffers.as_mut_ptr(),
        children: owned.children.as_mut_ptr(),
        dictionary: owned.dictionary,
        release: Some(release_array),
        private_data: Box::into_raw(owned).cast(),
    }
}

fn schema(plan: &Plan, released: &Arc<AtomicUsize>) -> ArrowSchema {
    let mut owned = owned(&Plan { buffers: Vec::new(), ..plan.clone() }, released, schema);
    ArrowSchema {
        format: owned._texts[1].as_ptr(),
        name: owned._texts[0].as_ptr(),
        n_children: plan.children.len() as i64,
        children: owned.children.as_mut_ptr(),
        dictionary: owned.dictionary,
        release: Some(release_schema),
        private_data: Box::into_raw(owned).cast(),
        ..ArrowSchema::released()
    }
}

/// Imports a batch. All that was exported is released when the batch is, which is checked here if there is none.
fn import(plan: &Plan) -> Result<ArrowBatch, Error> {
    let (arrays, schemas) = <[Arc<AtomicUsize>; 2]>::default().into();
    let (mut array, mut schema) = (array(plan, &arrays), schema(plan, &schemas));
    // SAFETY: both follow the interface, but for the mistakes that the importer can see.
    let imported = unsafe { ArrowBatch::import(&mut array, &schema) };
    assert!(array.release.is_none() && schema.release.is_some(), "{imported:?}");
    // SAFETY: the schema was made here and is still to be released.
    unsafe { release_schema(&mut schema) };
    assert_eq!(arrays.load(Ordering::Relaxed) > 0, imported.is_err());
    imported
}

fn to_now() -> ArrowOptions {
    ArrowOptions::new().table("t").at_now()
}

/// Returns the rows of a batch as lines of version 1.
fn lines(columns: Vec<Plan>, options: &ArrowOptions) -> Result<String, Error> {
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    buffer.table("before")?.column_i64("x", 1)?.at_now()?;
    let appended =
        import(&batch_of(columns)).and_then(|batch| buffer.append_arrow(&batch, options));
    let text = String::from_utf8(buffer.peek().to_vec()).unwrap();
    let text = text.strip_prefix("before x=1i\n").unwrap().to_owned();
    assert!(appended.is_ok() || (text.is_empty() && buffer.row_count() == 1), "{text}");
    appended.map(|()| text)
}

fn refused(columns: Vec<Plan>, options: &ArrowOptions) -> String {
    lines(columns, options).unwrap_err().message().to_owned()
}

fn numbers(name: &'static str) -> Plan {
    plan(name, "l", 3, vec![None, bytes!(i64: 1, 2, 3)])
}

fn words(name: &'static str) -> Plan {
    plan(name, "u", 3, vec![None, bytes!(i32: 0, 1, 3, 3), Some(b"abb".to_vec())])
}

fn dictionary(name: &'static str) -> Plan {
    let values = plan("", "u", 2, vec![None, bytes!(i32: 0, 1, 3), Some(b"xyz".to_vec())]);
    Plan {
        dictionary: Some(Box::new(values)),
        ..plan(name, "c", 3, vec![None, bytes!(i8: 1, 0, 1)])
    }
}

fn times(name: &'static str) -> Plan {
    let validity = Some(vec![0b101]);
    Plan { nulls: 1, ..plan(name, "tsu:UTC", 3, vec![validity, bytes!(i64: 7, 99, 8)]) }
}

#[test]
fn options_decide_table_symbols_and_timestamps() {
    let columns = || vec![numbers("n"), words("w"), dictionary("d"), times("ts")];
    let options = ArrowOptions::new().table("t").at_column("ts");
    let expected = "t,d=yz n=1i,w=\"a\" 7000\nt,d=x n=2i,w=\"bb\"\nt,d=yz n=3i,w=\"\" 8000\n";
    assert_eq!(lines(columns(), &options).unwrap(), expected);
    assert_eq!(lines(columns(), &options.clone().at_column(3)).unwrap(), expected);

    let options = to_now().symbols(ArrowSymbols::Texts);
    let expected = "t,w=a,d=yz n=1i,ts=7t\nt,w=bb,d=x n=2i\nt,w=,d=yz n=3i,ts=8t\n";
    assert_eq!(lines(columns(), &options).unwrap(), expected);

    let at = TimestampMicros::new(5);
    let options = to_now().at(at).unwrap().symbols(ArrowSymbols::Columns(vec![1.into()]));
    let expected = "t,w=a n=1i,d=\"yz\" 5000\nt,w=bb n=2i,d=\"x\" 5000\nt,w= n=3i,d=\"yz\" 5000\n";
    let some = vec![numbers("n"), words("w"), dictionary("d")];
    assert_eq!(lines(some, &options).unwrap(), expected);

    let options = to_now().table_column("d");
    let some = vec![numbers("n"), dictionary("d")];
    assert_eq!(lines(some, &options).unwrap(), "yz n=1i\nx n=2i\nyz n=3i\n");
}

#[test]
fn buffers_need_no_alignment() {
    fn shifted(plan: Plan) -> Plan {
        let dictionary = plan.dictionary.map(|values| Box::new(shifted(*values)));
        let children = plan.children.into_iter().map(shifted).collect();
        Plan { shift: 1, dictionary, children, ..plan }
    }
    let list = Plan {
        children: vec![plan("item", "g", 3, vec![None, bytes!(f64: 1.0, 2.0, 3.0)])],
        ..plan("a", "+L", 3, vec![None, bytes!(i64: 0, 1, 1, 3)])
    };
    let double = plan("g", "g", 3, vec![None, bytes!(f64: 1.0, 2.0, 3.0)]);
    let wide = dictionary("wide");
    let wide = Plan { buffers: vec![None, bytes!(u64: 1, 0, 1)], format: "L".to_owned(), ..wide };
    let columns = vec![numbers("n"), words("w"), dictionary("d"), wide, times("ts"), double, list];
    let whole = |columns: Vec<Plan>| {
        let mut buffer = Buffer::new(ProtocolVersion::V2);
        buffer.append_arrow(&import(&batch_of(columns)).unwrap(), &to_now()).unwrap();
        buffer.peek().to_vec()
    };
    assert_eq!(whole(columns.clone()), whole(columns.into_iter().map(shifted).collect()));
}

#[test]
fn slices_keep_the_memory_and_count_from_their_first_row() {
    let released = Arc::new(AtomicUsize::new(0));
    let plan = batch_of(vec![numbers("n"), dictionary("d")]);
    let (mut array, mut schema) = (array(&plan, &released), schema(&plan, &Arc::default()));
    // SAFETY: both follow the interface.
    let batch = unsafe { ArrowBatch::import(&mut array, &schema) }.unwrap();
    // SAFETY: the schema was made here and is still to be released.
    unsafe { release_schema(&mut schema) };
    assert_eq!((batch.row_count(), batch.column_count()), (3, 2));
    assert_eq!((batch.column_name(1), batch.column_name(2)), (Some("d"), None));
    let last = batch.slice(1..3).unwrap().slice(1..2).unwrap();
    assert_eq!(batch.slice(1..4).unwrap_err().message(), "there are no rows 1 to 4 of 3");
    drop(batch);
    assert_eq!(released.load(Ordering::Relaxed), 0);
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    buffer.append_arrow(&last, &to_now()).unwrap();
    assert_eq!(buffer.peek(), b"t,d=yz n=3i\n");
    // Other threads may release it.
    std::thread::scope(|scope| scope.spawn(move || drop(last)).join().unwrap());
    assert_eq!(released.load(Ordering::Relaxed), 4);
}

#[test]
fn what_cannot_be_sent_is_told_with_column_row_and_remedy() {
    let cases = [
        (
            vec![numbers("a"), plan("x", "tiD", 3, vec![None, Some(vec![0; 24])])],
            "column \"x\" (position 1): Arrow type \"tiD\" (interval[days, ms]) cannot be sent; cast it to int64, or to utf8",
        ),
        (
            vec![plan("x", "L", 2, vec![None, bytes!(u64: 1, 1 << 63)])],
            "column \"x\" (position 0): row 1: 9223372036854775808 is over 9223372036854775807, the greatest 64-bit integer",
        ),
        (
            vec![plan("x", "tss:", 2, vec![None, bytes!(i64: 1, i64::MAX / 1000)])],
            "column \"x\" (position 0): row 1: 9223372036854775 times 1000000 microseconds is out of range",
        ),
        (
            vec![Plan {
                children: vec![plan("item", "u", 1, vec![None, bytes!(i32: 0, 0), None])],
                ..plan("x", "+l", 1, vec![None, bytes!(i32: 0, 1)])
            }],
            "column \"x\" (position 0): Arrow type \"+l\" (list) cannot be sent; only lists of numbers can be sent: cast its values to float64",
        ),
        (
            vec![Plan {
                dictionary: Some(Box::new(numbers(""))),
                ..plan("x", "c", 1, vec![None, bytes!(i8: 0)])
            }],
            "column \"x\" (position 0): a dictionary of the Arrow type \"l\" (int64) cannot be sent; cast it to the type of its values",
        ),
        (
            vec![plan("x", "d:5,-2", 1, vec![None, Some(vec![0; 16])])],
            "column \"x\" (position 0): Arrow type \"d:5,-2\" (decimal) cannot be sent; cast it to a decimal with a scale of 0 to 76",
        ),
        (
            vec![numbers("x"), numbers("x")],
            "column \"x\" (position 1): column \"x\" is declared twice",
        ),
        (
            vec![plan("x", "u", 1, vec![None, bytes!(i32: 0, 1), Some(vec![0xFF])])],
            "row 0: cell 0, column \"x\": \"\\xff\" is not valid UTF-8 at byte 0",
        ),
        (
            vec![Plan { nulls: 1, ..plan("x", "l", 2, vec![Some(vec![1]), bytes!(i64: 1, 2)]) }],
            "row 1: every cell of the row is null: a row needs a symbol or column",
        ),
    ];
    for (columns, expected) in cases {
        assert_eq!(refused(columns, &to_now()), expected);
    }
}

#[test]
fn options_must_fit_the_columns() {
    let columns = || vec![numbers("n"), words("w")];
    let cases = [
        (ArrowOptions::new().at_now(), "no table was chosen"),
        (ArrowOptions::new().table("t"), "no designated timestamp was chosen"),
        (to_now().at_column("ts"), "there is no timestamp column \"ts\" among the 2 columns"),
        (
            to_now().at_column(2),
            "there is no timestamp column at position 2, which counts from 0, among the 2 columns",
        ),
        (
            to_now().at_column("n"),
            "the timestamp column \"n\" (position 0) has the Arrow type \"l\" (int64); cast it to a timestamp",
        ),
        (
            to_now().table_column(0),
            "the table column \"n\" (position 0) has the Arrow type \"l\" (int64); cast it to utf8",
        ),
        (
            to_now().symbols(ArrowSymbols::Columns(vec!["n".into()])),
            "the symbol column \"n\" (position 0) has the Arrow type \"l\" (int64); cast it to utf8",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(refused(columns(), &options), expected);
    }
    let missing = Plan { nulls: 1, ..words("w") };
    let missing = Plan {
        buffers: vec![Some(vec![0b101]), missing.buffers[1].clone(), missing.buffers[2].clone()],
        ..missing
    };
    assert_eq!(
        refused(vec![numbers("n"), missing], &to_now().table_column("w")),
        "column \"w\" (position 1): row 1: the name of the table is null"
    );
}

#[test]
fn structs_that_contradict_themselves_are_refused() {
    let list = |offsets, items| Plan {
        children: vec![plan("item", "g", items, vec![None, bytes!(f64: 1.0, 2.0)])],
        ..plan("x", "+l", 3, vec![None, offsets])
    };
    let far = Plan {
        children: vec![list(bytes!(i32: 0, 1, 2, 2), 2)],
        ..plan("x", "+w:9", 1, vec![None])
    };
    let cases: Vec<(&str, Plan)> = vec![
        ("an array has -1 values", Plan { length: -1, ..numbers("x") }),
        ("an array has the offset -1", Plan { offset: -1, ..numbers("x") }),
        ("is longer than memory can be", Plan { offset: isize::MAX as i64, ..numbers("x") }),
        ("an array has 2 values where 3 are due", Plan { length: 2, ..numbers("x") }),
        ("an array has 3 buffers where 2 are due", Plan { buffer_count: Some(3), ..numbers("x") }),
        ("an array has -1 buffers", Plan { buffer_count: Some(-1), ..numbers("x") }),
        ("has no buffer 1", plan("x", "l", 3, vec![None, None])),
        ("an array with nulls has no validity", Plan { nulls: 1, ..numbers("x") }),
        (
            "offset 3 of an array is -1",
            plan("x", "u", 3, vec![None, bytes!(i32: 0, 0, 0, -1), None]),
        ),
        (
            "texts of 9 bytes have no buffer 2",
            plan("x", "u", 3, vec![None, bytes!(i32: 0, 0, 0, 9), None]),
        ),
        (
            "a list has 0 children instead of 1",
            plan("x", "+l", 3, vec![None, bytes!(i32: 0, 0, 0, 0)]),
        ),
        ("an array has 1 values where 2 are due", list(bytes!(i32: 0, 1, 2, 2), 1)),
        ("an array has 3 values where 27 are due", Plan { length: 3, ..far }),
        (
            "an array of views has no lengths",
            plan("x", "vu", 3, vec![None, Some(vec![0; 48]), None, None]),
        ),
        (
            "buffer 2 has -1 bytes",
            plan("x", "vu", 3, vec![None, Some(vec![0; 48]), None, bytes!(i64: -1)]),
        ),
        (
            "buffer 2 of 5 bytes is NULL",
            plan("x", "vu", 3, vec![None, Some(vec![0; 48]), None, bytes!(i64: 5)]),
        ),
    ];
    for (expected, column) in cases {
        let batch = Plan { length: 3, ..batch_of(vec![column]) };
        let e = import(&batch).unwrap_err();
        assert!(e.message().contains(expected), "{expected}: {e}");
        assert_eq!(e.code(), ErrorCode::InvalidArgument);
    }
    let e = import(&numbers("x")).unwrap_err();
    assert_eq!(
        e.message(),
        "a batch of rows must have the Arrow type \"+s\" (struct), this one has \"l\" (int64)"
    );
    let missing =
        Plan { nulls: 1, buffers: vec![Some(vec![0b011])], ..batch_of(vec![numbers("x")]) };
    assert_eq!(
        import(&missing).unwrap_err().message(),
        "row 2 is null as a whole: only columns can be null"
    );
}

#[test]
fn values_that_point_outside_are_refused() {
    let view = |len: i32, block: i32, place: i32| {
        plan(
            "x",
            "vu",
            1,
            vec![None, bytes!(i32: len, 0, block, place), Some(vec![b'a'; 20]), bytes!(i64: 20)],
        )
    };
    let good = lines(vec![view(13, 0, 7)], &to_now()).unwrap();
    assert_eq!(good, format!("t x=\"{}\"\n", "a".repeat(13)));
    for view in [
        view(13, 0, 8),
        view(13, 1, 0),
        view(13, -1, 0),
        view(13, 0, -1),
        view(-1, 0, 0),
        view(i32::MAX, 0, 7),
    ] {
        let e = refused(vec![view], &to_now());
        assert_eq!(
            e,
            "column \"x\" (position 0): row 0: the text is outside the memory of the array"
        );
    }
    let texts = plan("x", "u", 2, vec![None, bytes!(i32: 0, 9, 3), Some(b"abc".to_vec())]);
    assert!(refused(vec![texts], &to_now()).contains("ascending pair within 3 bytes"));
    let mut codes = dictionary("x");
    codes.buffers[1] = bytes!(i8: 1, 2, -1);
    assert!(refused(vec![codes], &to_now()).contains("outside the dictionary of 2 texts"));
    let lists = Plan {
        children: vec![plan("item", "g", 2, vec![None, bytes!(f64: 1.0, 2.0)])],
        ..plan("x", "+l", 2, vec![None, bytes!(i32: 0, 9, 2)])
    };
    let e = refused(vec![lists], &to_now());
    assert_eq!(e, "column \"x\" (position 0): row 0: a list ends at element 9 of 2");
}

#[test]
fn schemas_without_end_end() {
    let mut deep = plan("x", "g", 1, vec![None, bytes!(f64: 1.0)]);
    for _ in 0..40 {
        deep = Plan { children: vec![deep], ..plan("x", "+w:1", 1, vec![None]) };
    }
    assert!(refused(vec![deep], &to_now()).contains("(fixed_size_list) cannot be sent"));
    let mut deep = words("x");
    for _ in 0..40 {
        deep = Plan {
            dictionary: Some(Box::new(deep)),
            ..plan("x", "c", 1, vec![None, bytes!(i8: 0)])
        };
    }
    assert!(refused(vec![deep], &to_now()).contains("a dictionary of the Arrow type"));
}

/// A stream of batches that ends with an error or without.
struct Batches {
    left: Vec<Plan>,
    fails: bool,
    released: Arc<AtomicUsize>,
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: this is the stream that `stream` made.
    unsafe {
        let batches = &*(*stream).private_data.cast::<Batches>();
        out.write(schema(&batches.left[0], &Arc::default()));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: this is the stream that `stream` made.
    unsafe {
        let batches = &mut *(*stream).private_data.cast::<Batches>();
        if batches.left.is_empty() {
            return if batches.fails { 5 } else { 0 };
        }
        out.write(array(&batches.left.remove(0), &Arc::default()));
    }
    0
}

unsafe extern "C" fn last_error(_: *mut ArrowArrayStream) -> *const c_char {
    c"the disk\nis gone".as_ptr()
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: this is the stream that `stream` made.
    unsafe {
        let batches = Box::from_raw((*stream).private_data.cast::<Batches>());
        batches.released.fetch_add(1, Ordering::Relaxed);
        (*stream).release = None;
    }
}

fn stream(left: Vec<Plan>, fails: bool, released: &Arc<AtomicUsize>) -> ArrowStream {
    let batches = Box::new(Batches { left, fails, released: Arc::clone(released) });
    let mut raw = ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(batches).cast(),
    };
    // SAFETY: the stream follows the interface.
    unsafe { ArrowStream::import(&mut raw) }.unwrap()
}

#[test]
fn a_stream_is_appended_as_a_whole_or_not_at_all() {
    let released = Arc::new(AtomicUsize::new(0));
    let batches = || vec![batch_of(vec![numbers("n")]), batch_of(vec![numbers("n")])];
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    buffer.append_arrow_stream(&mut stream(batches(), false, &released), &to_now()).unwrap();
    assert_eq!(buffer.peek(), b"t n=1i\nt n=2i\nt n=3i\n".repeat(2));

    let failing = &mut stream(batches(), true, &released);
    let e = buffer.append_arrow_stream(failing, &to_now()).unwrap_err();
    assert_eq!(
        e.message(),
        "batch 2: the Arrow stream failed with the error number 5: \"the disk\\nis gone\""
    );
    let mut broken = batches();
    broken[1].children[0].offset = -1;
    let e =
        buffer.append_arrow_stream(&mut stream(broken, false, &released), &to_now()).unwrap_err();
    assert_eq!(e.message(), "batch 1: column \"n\" (position 0): an array has the offset -1");
    assert_eq!(buffer.row_count(), 6);
    assert_eq!(released.load(Ordering::Relaxed), 2, "the failing stream lives on");
    // It gives what it gave before.
    let left: Vec<_> = failing.by_ref().take(2).collect();
    assert!(left.iter().all(|batch| batch.as_ref().unwrap().row_count() == 3));
}
