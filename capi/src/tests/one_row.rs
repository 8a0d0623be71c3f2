//! A call with a single row of columns, which takes a way of its own, does what a call with more rows does.

use std::ffi::c_void;
use std::ptr;

use super::told;
use super::world::{array, column_data};
use crate::buffer::{questdb_buffer, questdb_buffer_free, questdb_buffer_new, questdb_buffer_peek};
use crate::column_data::{ValuesKind, questdb_column_data};
use crate::layout::{
    questdb_buffer_append_columns, questdb_row_layout, questdb_row_layout_add,
    questdb_row_layout_free, questdb_row_layout_new,
};

const AT: [i64; 2] = [1_700_000_000_000_000_000; 2];
const KINDS: std::ops::RangeInclusive<u32> = 0..=10;

/// Two equal values in each form that columns have, some of them wrong.
fn forms(each: &mut dyn FnMut(&str, questdb_column_data)) {
    let data = column_data(&0);
    let of = |kind: ValuesKind, values: *const c_void| questdb_column_data {
        kind: kind as u32,
        values,
        ..data
    };
    each("integers", of(ValuesKind::I64, [-5_i64; 2].as_ptr().cast()));
    each("doubles", of(ValuesKind::F64, [2.5_f64; 2].as_ptr().cast()));
    each("doubles that are none", of(ValuesKind::F64, [f64::NAN; 2].as_ptr().cast()));
    for byte in [0_u8, 1, 2] {
        each("bytes", of(ValuesKind::Bytes, [byte; 2].as_ptr().cast()));
    }
    for (first_bit, bits) in [(0, [3_u8, 0]), (7, [0x80, 1]), (6, [0x3f, 0])] {
        each(
            "bits",
            questdb_column_data { first_bit, ..of(ValuesKind::Bits, bits.as_ptr().cast()) },
        );
    }
    for text in ["abab", "", "1212", "=,=,", "éé", "\0\0"] {
        let half = i32::try_from(text.len() / 2).unwrap();
        let (narrow, wide) = ([0, half, 2 * half], [0, half, 2 * half].map(i64::from));
        let texts = questdb_column_data {
            offset_width: 4,
            offsets: narrow.as_ptr().cast(),
            text: text.as_ptr(),
            text_len: text.len(),
            ..of(ValuesKind::Text, ptr::null())
        };
        let wide = questdb_column_data { offset_width: 8, offsets: wide.as_ptr().cast(), ..texts };
        for texts in [texts, wide] {
            each(text, texts);
            for (width, codes) in [(1, 0_u64), (2, 1), (4, 1), (8, 1), (8, 2), (3, 0)] {
                let codes = match width {
                    1 => [codes; 2],
                    2 => [codes | codes << 16; 2],
                    4 => [codes | codes << 32; 2],
                    _ => [codes; 2],
                };
                let dictionary = questdb_column_data {
                    kind: ValuesKind::Dictionary as u32,
                    width,
                    values: codes.as_ptr().cast(),
                    dictionary_len: 2,
                    ..texts
                };
                each("a dictionary", dictionary);
            }
        }
        each("offsets of a wrong width", questdb_column_data { offset_width: 2, ..texts });
        each("text that is too short", questdb_column_data { text_len: 0, ..texts });
    }
    let torn = [0_i32, 1, 2];
    each(
        "a text that is no UTF-8",
        questdb_column_data {
            offset_width: 4,
            offsets: torn.as_ptr().cast(),
            text: [0xff_u8; 2].as_ptr(),
            text_len: 2,
            ..of(ValuesKind::Text, ptr::null())
        },
    );
    let arrays = [array(), array()];
    each("arrays", of(ValuesKind::Arrays, arrays.as_ptr().cast()));
    for (scale, width) in [(0, 1), (2, 2), (76, 1), (77, 1), (1, 32), (1, 33), (1, 0)] {
        let bytes = [7_u8; 66];
        let decimals = of(ValuesKind::Decimals, bytes.as_ptr().cast());
        each("decimals", questdb_column_data { scale, width, ..decimals });
    }
    each("no kind", questdb_column_data { kind: 99, ..data });
    for kind in [ValuesKind::I64, ValuesKind::F64, ValuesKind::Bytes, ValuesKind::Arrays] {
        each("no values", of(kind, ptr::null()));
    }
}

/// Appends `rows` rows twice. Returns what a call answered and what the buffer holds.
fn appended(
    layout: *mut questdb_row_layout,
    data: &questdb_column_data,
    rows: usize,
    at: *const i64,
) -> (Option<(u32, String)>, Vec<u8>) {
    let mut buffer: *mut questdb_buffer = ptr::null_mut();
    // SAFETY: `buffer` is a place for the handle.
    assert_eq!(told(unsafe { questdb_buffer_new(3, &raw mut buffer) }), None);
    let call = || {
        // SAFETY: both handles live, and no other reference to them does.
        let (buffer, layout) = unsafe { (buffer.as_mut(), layout.as_ref()) };
        // SAFETY: `data` is one column with at least `rows` values, or wrong in a way that is told, and `at` NULL or as long.
        told(unsafe { questdb_buffer_append_columns(buffer, layout, rows, data, 1, at) })
    };
    let answers = [call(), call()];
    assert_eq!(answers[0], answers[1]);
    let [answer, _] = answers;
    let mut len = 0;
    // SAFETY: the buffer lives until it is freed below, and is not changed in between.
    let bytes = unsafe {
        let bytes = questdb_buffer_peek(buffer.as_ref(), &raw mut len);
        std::slice::from_raw_parts(bytes.cast::<u8>(), len).to_vec()
    };
    // SAFETY: made above, and given up here.
    unsafe { questdb_buffer_free(buffer) };
    (answer, bytes)
}

#[test]
fn one_row_of_columns_is_as_one_of_many() {
    let (mut good, mut bad) = (0, 0);
    for kind in KINDS {
        for stamp in [1_u32, 3] {
            let mut layout: *mut questdb_row_layout = ptr::null_mut();
            // SAFETY: a name of one byte, and a place for the handle.
            let made = unsafe { questdb_row_layout_new(c"t".as_ptr(), 1, stamp, &raw mut layout) };
            assert_eq!(told(made), None);
            // SAFETY: the layout lives until it is freed below.
            let added = unsafe { questdb_row_layout_add(layout.as_mut(), c"c".as_ptr(), 1, kind) };
            if told(added).is_none() {
                forms(&mut |what, data| {
                    for (validity, first) in
                        [(None, 0), (Some([3_u8, 0]), 0), (Some([0x7f, 0xfe]), 7)]
                    {
                        let data = questdb_column_data {
                            validity: validity.as_ref().map_or(ptr::null(), |bits| bits.as_ptr()),
                            validity_first_bit: first,
                            ..data
                        };
                        for at in [AT.as_ptr(), ptr::null()] {
                            let (one, row) = appended(layout, &data, 1, at);
                            let (two, rows) = appended(layout, &data, 2, at);
                            let context =
                                format!("{what} in a column of kind {kind}, stamps {stamp}");
                            assert_eq!(
                                one.as_ref().map(|e| e.0),
                                two.as_ref().map(|e| e.0),
                                "{context}: {one:?} {two:?}"
                            );
                            assert_eq!([&row[..], &row[..]].concat(), rows, "{context}");
                            *(if one.is_none() { &mut good } else { &mut bad }) += 1;
                        }
                    }
                });
            }
            // SAFETY: made above, and given up here.
            questdb_row_layout_free(Some(unsafe { Box::from_raw(layout) }));
        }
    }
    assert!(good > 300 && bad > 300, "{good} good, {bad} bad");
}
