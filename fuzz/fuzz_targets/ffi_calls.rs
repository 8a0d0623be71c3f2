//! Makes any sequence of calls of the C functions, including invalid ones. No call crashes, leaks or reads memory that it
//! was not given, a failing one leaves its buffer as it was, and no error reports a defect.

#![no_main]
// Every function here calls what C calls, with handles that keep to the rules of the header.
#![allow(unsafe_op_in_unsafe_fn)]

use std::ptr;

use libfuzzer_sys::fuzz_target;
use questdb_ingress_capi::*;
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::arrow::{Batch, stream_of};
use questdb_ingress_fuzz::handles::{Failed, Handles, borrowed, failed};
use questdb_ingress_fuzz::memory::Memory;

const CONFS: [&[u8]; 4] = [
    b"http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=0;request_timeout=1000;init_buf_size=1024;",
    b"http::addr=127.0.0.1:1;auto_flush_rows=1;protocol_version=3;retry_timeout=0;init_buf_size=1024;",
    b"tcp::addr=127.0.0.1:1;connect_timeout=1000;",
    b"http::addr=db",
];
const OPTIONS: [(&[u8], &[u8]); 6] = [
    (b"protocol", b"https"),
    (b"addr", b"db:1"),
    (b"password", b"secret"),
    (b"retry_timeout", b"x"),
    (b"init_buf_size", b"1024"),
    (b"unknown", b"1"),
];

/// What can be seen of a buffer.
unsafe fn seen(buffer: *mut questdb_buffer) -> (Vec<u8>, usize) {
    // SAFETY: the buffer is NULL or alive, and nobody else uses it now.
    let buffer = unsafe { buffer.as_ref() };
    let mut len = usize::MAX;
    let bytes = questdb_buffer_peek(buffer, &raw mut len);
    assert_eq!((questdb_buffer_len(buffer), bytes.is_null()), (len, buffer.is_none()));
    assert!(len <= questdb_buffer_max_buf_size(buffer));
    assert!(buffer.is_none_or(|_| questdb_buffer_capacity(buffer) >= len));
    assert_eq!(questdb_buffer_protocol_version(buffer) == 0, buffer.is_none());
    let _ = (questdb_buffer_is_transactional(buffer), questdb_buffer_max_name_len(buffer));
    let _ = questdb_buffer_init_buf_size(buffer);
    // SAFETY: the buffer owns that many bytes, and is not changed meanwhile.
    let bytes = if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(bytes, len) } };
    (bytes.to_vec(), questdb_buffer_row_count(buffer))
}

/// Runs a call on a buffer. If the call fails, the buffer is as it was; with NULL it fails.
unsafe fn on_buffer(
    buffer: *mut questdb_buffer,
    call: impl FnOnce(Option<&mut questdb_buffer>) -> Failed,
) {
    let before = seen(buffer);
    // SAFETY: the buffer is NULL or alive, and nobody else uses it during the call.
    let failure = failed(call(unsafe { borrowed(buffer) }));
    assert!(failure || !buffer.is_null());
    assert!(!failure || seen(buffer) == before);
}

unsafe fn build_row(handles: &mut Handles, input: &mut Input<'_>) {
    let buffer = handles.buffer(input.below(5));
    // SAFETY: the name is NULL or alive, and the calls do not change names.
    let column = unsafe { handles.columns[input.below(2)].as_ref() };
    let memory = &mut Memory::default();
    let op = input.below(30);
    let (name, name_len) = memory.name(input);
    match op {
        0 | 1 => on_buffer(buffer, |b| questdb_buffer_table(b, name, name_len)),
        2 => {
            // SAFETY: the name is NULL or alive, and the calls do not change names.
            let table = unsafe { handles.tables[input.below(2)].as_ref() };
            on_buffer(buffer, |b| questdb_buffer_table_named(b, table));
        }
        3 | 4 => {
            let (value, len) = memory.text(input);
            on_buffer(buffer, |b| questdb_buffer_symbol(b, name, name_len, value, len));
        }
        5 => {
            let (value, len) = memory.text(input);
            on_buffer(buffer, |b| questdb_buffer_symbol_named(b, column, value, len));
        }
        6 => on_buffer(buffer, |b| questdb_buffer_column_bool(b, name, name_len, input.byte())),
        7 => on_buffer(buffer, |b| questdb_buffer_column_bool_named(b, column, input.byte())),
        8 => on_buffer(buffer, |b| questdb_buffer_column_i64(b, name, name_len, input.integer())),
        9 => on_buffer(buffer, |b| questdb_buffer_column_i64_named(b, column, input.integer())),
        10 => on_buffer(buffer, |b| questdb_buffer_column_f64(b, name, name_len, input.double())),
        11 => on_buffer(buffer, |b| questdb_buffer_column_f64_named(b, column, input.double())),
        12 => {
            let (value, len) = memory.text(input);
            on_buffer(buffer, |b| questdb_buffer_column_str(b, name, name_len, value, len));
        }
        13 => {
            let (value, len) = memory.text(input);
            on_buffer(buffer, |b| questdb_buffer_column_str_named(b, column, value, len));
        }
        14 => on_buffer(buffer, |b| {
            questdb_buffer_column_ts_micros(b, name, name_len, input.integer())
        }),
        15 => {
            on_buffer(buffer, |b| questdb_buffer_column_ts_micros_named(b, column, input.integer()))
        }
        16 => {
            on_buffer(buffer, |b| {
                questdb_buffer_column_ts_nanos(b, name, name_len, input.integer())
            });
        }
        17 => {
            on_buffer(buffer, |b| questdb_buffer_column_ts_nanos_named(b, column, input.integer()))
        }
        18 => {
            let array = memory.one_array(input);
            on_buffer(buffer, |b| questdb_buffer_column_f64_arr(b, name, name_len, array));
        }
        19 => {
            let array = memory.one_array(input);
            on_buffer(buffer, |b| questdb_buffer_column_f64_arr_named(b, column, array));
        }
        20 => on_buffer(buffer, |b| questdb_buffer_at_nanos(b, input.integer())),
        21 => on_buffer(buffer, |b| questdb_buffer_at_micros(b, input.integer())),
        22 => on_buffer(buffer, |b| questdb_buffer_at_now(b)),
        _ => decimals(buffer, input, memory, (name, name_len), column),
    }
}

unsafe fn decimals(
    buffer: *mut questdb_buffer,
    input: &mut Input<'_>,
    memory: &mut Memory,
    (name, name_len): (*const std::ffi::c_char, usize),
    column: Option<&questdb_column_name>,
) {
    let scale = u32::from(input.byte()) % 80;
    let op = input.below(8);
    let (text, len) = memory.decimal(input);
    let (high, low) = (input.integer(), input.u64());
    match op {
        0 => on_buffer(buffer, |b| questdb_buffer_column_dec_str(b, name, name_len, text, len)),
        1 => on_buffer(buffer, |b| questdb_buffer_column_dec_str_named(b, column, text, len)),
        2 | 3 => {
            let (bytes, len) = memory.bytes(input.bytes());
            let bytes = if len == 0 { ptr::null() } else { bytes.cast() };
            on_buffer(buffer, |b| match op {
                2 => questdb_buffer_column_dec(b, name, name_len, scale, bytes, len),
                _ => questdb_buffer_column_dec_named(b, column, scale, bytes, len),
            });
        }
        4 => on_buffer(buffer, |b| questdb_buffer_column_dec_i64(b, name, name_len, scale, high)),
        5 => on_buffer(buffer, |b| questdb_buffer_column_dec_i64_named(b, column, scale, high)),
        6 => on_buffer(buffer, |b| {
            questdb_buffer_column_dec_i128(b, name, name_len, scale, high, low)
        }),
        _ => {
            on_buffer(buffer, |b| questdb_buffer_column_dec_i128_named(b, column, scale, high, low))
        }
    }
}

unsafe fn whole_buffer(handles: &mut Handles, input: &mut Input<'_>) {
    let place = input.below(5);
    let buffer = handles.buffer(place);
    match input.below(12) {
        0 => {
            let out = if place < 4 { handles.new_buffer(place) } else { ptr::null_mut() };
            failed(questdb_buffer_new(u32::from(input.byte()) % 5, out));
        }
        1 => {
            let (most, first) = (usize::from(input.u16()), usize::from(input.u16()));
            let (longest, version) = (usize::from(input.byte()), u32::from(input.byte()) % 4);
            let out = handles.new_buffer(place);
            failed(questdb_buffer_with_limits(version, longest, first, most, out));
        }
        2 => {
            let to = input.below(2);
            // The copy goes into the other place, because the buffer in this one would be freed first.
            let out = if to == place { ptr::null_mut() } else { handles.new_buffer(to) };
            // SAFETY: the buffer is NULL or alive, and nobody else uses it during the call.
            failed(questdb_buffer_clone(unsafe { borrowed(buffer) }, out));
        }
        3 => {
            let more = input.one(&[0, 1, 100, 70_000, 1 << 40, usize::MAX]);
            on_buffer(buffer, |b| questdb_buffer_reserve(b, more));
        }
        4 => on_buffer(buffer, |b| questdb_buffer_set_marker(b)),
        5 => on_buffer(buffer, |b| questdb_buffer_rewind_to_marker(b)),
        6 => on_buffer(buffer, |b| questdb_buffer_clear_marker(b)),
        7 => on_buffer(buffer, |b| questdb_buffer_clear(b)),
        8 => on_buffer(buffer, |b| questdb_buffer_check_flushable(b)),
        9 => {
            on_buffer(buffer, |b| questdb_buffer_drop_row(b));
            // SAFETY: the buffer is NULL or alive, and nobody else uses it during the call.
            assert!(!questdb_buffer_is_row_open(unsafe { buffer.as_ref() }));
        }
        10 => {
            let (first, count) = (input.below(5), input.one(&[0, 1, 2, usize::MAX]));
            on_buffer(buffer, |b| questdb_buffer_remove_rows(b, first, count));
        }
        // A lent buffer stays; the caller's own are freed when their place is used again.
        _ if place >= 2 => questdb_buffer_free(buffer),
        _ => drop(handles.new_buffer(place)),
    }
}

unsafe fn prepared(handles: &mut Handles, input: &mut Input<'_>) {
    let place = input.below(2);
    let memory = &mut Memory::default();
    // SAFETY: the layout is NULL or alive, and appending does not change it.
    let layout = unsafe { handles.layouts[place].as_ref() };
    assert_eq!(questdb_row_layout_column_count(layout), handles.kinds[place].len());
    let (buffer, sender) = (handles.buffer(input.below(5)), handles.senders[input.below(2)]);
    match input.below(8) {
        0 => {
            let (name, len) = memory.name(input);
            let out = handles.new_layout(place);
            failed(questdb_row_layout_new(name, len, u32::from(input.byte()) % 5, out));
        }
        1 | 2 => {
            let (name, len) = memory.name(input);
            let kind = u32::from(input.byte()) % 11;
            // SAFETY: the layout is NULL or alive, and nobody else uses it during the call.
            let layout = unsafe { borrowed(handles.layouts[place]) };
            if !failed(questdb_row_layout_add(layout, name, len, kind)) {
                handles.kinds[place].push(kind);
            }
        }
        3 | 4 => {
            let cells = memory.cells(input, &handles.kinds[place]);
            let (at, own) = (input.integer(), input.flag());
            // A wrong count must be found before the cells are read.
            let (first, count) = match input.below(16) {
                15 => (ptr::null(), usize::MAX),
                _ => (cells.as_ptr(), cells.len()),
            };
            if own {
                on_sender(sender, |s| questdb_sender_append_row(s, layout, first, count, at));
            } else {
                on_buffer(buffer, |b| questdb_buffer_append_row(b, layout, first, count, at));
            }
        }
        _ => {
            let rows = input.below(4);
            let kinds = &handles.kinds[place];
            let columns: Vec<_> = kinds.iter().map(|k| memory.column(input, *k, rows)).collect();
            let at = if input.below(4) == 0 { ptr::null() } else { memory.stamps(input, rows) };
            let (first, count) = match input.below(16) {
                15 => (ptr::null(), usize::MAX),
                _ => (columns.as_ptr(), columns.len()),
            };
            if input.flag() {
                on_sender(sender, |s| {
                    questdb_sender_append_columns(s, layout, rows, first, count, at)
                });
            } else {
                on_buffer(buffer, |b| {
                    questdb_buffer_append_columns(b, layout, rows, first, count, at)
                });
            }
        }
    }
}

/// Appends a batch or a stream of it. Each array is released once.
unsafe fn arrow(handles: &mut Handles, input: &mut Input<'_>) {
    let memory = &mut Memory::default();
    let mut options = ptr::null_mut();
    failed(questdb_arrow_options_new(&raw mut options));
    for _ in 0..input.below(4) {
        // SAFETY: the options are alive, and nobody else uses them during the call.
        let of = unsafe { borrowed(options) };
        let ((name, len), at) = (memory.name(input), input.below(3));
        let x = c"x".as_ptr();
        let error = match input.below(9) {
            0 => questdb_arrow_options_table(of, name, len),
            1 => questdb_arrow_options_table_column(of, ptr::null(), 0, at),
            2 => questdb_arrow_options_symbols(of, u32::from(input.byte()) % 5),
            3 => questdb_arrow_options_symbol_column(of, x, 1, at),
            4 => questdb_arrow_options_at_column(of, ptr::null(), 0, at),
            5 => questdb_arrow_options_at(of, u32::from(input.byte()) % 5, input.integer()),
            6 => questdb_arrow_options_at(of, 3, 0),
            _ => questdb_arrow_options_table(of, x, 1),
        };
        failed(error);
    }
    let (buffer, sender) = (handles.buffer(input.below(5)), handles.senders[input.below(2)]);
    let (own, whole) = (input.flag(), input.below(4) == 0);
    let mut batch = Batch::new(input);
    // SAFETY: the options are alive and are not changed during the calls.
    let of = unsafe { options.as_ref() };
    let (array, schema) = (&raw mut batch.array, &raw const batch.schema);
    if whole {
        let mut stream = stream_of(&mut batch);
        if own {
            questdb_error_free(questdb_sender_arrow_stream(sender, &raw mut stream, of));
        } else {
            on_buffer(buffer, |b| questdb_buffer_arrow_stream(b, &raw mut stream, of));
        }
        assert!(stream.release.is_none() && batch.released <= 1);
    } else {
        if own {
            let error = questdb_sender_arrow(sender, array, schema, of);
            assert!(questdb_error_rows_accepted(error.as_deref()) <= 8);
            failed(error);
        } else {
            on_buffer(buffer, |b| questdb_buffer_arrow(b, array, schema, of));
        }
        assert!(batch.array.release.is_none() && batch.released == 1);
    }
    // SAFETY: the options were made above and are given up here.
    questdb_arrow_options_free(unsafe { questdb_ingress_fuzz::handles::given(options) });
}

/// Runs a call on a sender. If the call fails, its own buffer is as it was, unless the row was accepted.
unsafe fn on_sender(sender: *mut questdb_sender, call: impl FnOnce(*mut questdb_sender) -> Failed) {
    let own = questdb_sender_buffer(sender);
    let before = seen(own);
    let error = call(sender);
    assert!(error.is_some() || !sender.is_null());
    let accepted = questdb_error_row_accepted(error.as_deref());
    if failed(error) {
        let after = seen(own);
        assert!(
            after == before || accepted && after.0.starts_with(&before.0),
            "{before:?} {after:?}"
        );
    }
}

unsafe fn sending(handles: &mut Handles, input: &mut Input<'_>) {
    let place = input.below(2);
    let sender = if input.below(16) == 15 { ptr::null_mut() } else { handles.senders[place] };
    let buffer = handles.buffer(input.below(5));
    match input.below(24) {
        0..=2 => handles.scripted_sender(input, place),
        3 => make_sender(handles, input, place),
        4 => drop(handles.new_sender(place)),
        5 => {
            let out = if input.below(8) == 7 { ptr::null_mut() } else { handles.new_buffer(place) };
            failed(questdb_sender_new_buffer(sender, out));
        }
        6 => on_sender(sender, |s| questdb_sender_at_nanos(s, input.integer())),
        7 => on_sender(sender, |s| questdb_sender_at_micros(s, input.integer())),
        8 => on_sender(sender, |s| questdb_sender_at_now(s)),
        9 => {
            questdb_sender_cancel(sender);
            on_sender(sender, |s| questdb_sender_connect(s));
            on_sender(sender, |s| questdb_sender_flush_if_due(s));
        }
        10 | 11 => on_sender(sender, |s| questdb_sender_flush_own(s)),
        12..=14 => flush(sender, buffer, input),
        15 | 16 => {
            let memory = &mut Memory::default();
            let (table, len) = memory.name(input);
            on_sender(sender, |s| questdb_sender_begin(s, table, len));
        }
        17 => on_sender(sender, |s| questdb_sender_commit(s)),
        // Rolling back drops rows, and closing may send them even if it then fails.
        18 => drop(failed(questdb_sender_rollback(sender))),
        19 => {
            let mut left = u64::MAX;
            let out = if input.flag() { ptr::null_mut() } else { &raw mut left };
            let own = questdb_sender_buffer(sender);
            let before = seen(own);
            let error = questdb_sender_close(sender, input.u16().into(), out);
            assert!(error.is_some() || !sender.is_null());
            failed(error);
            // Complete rows are sent or stay; an open row is dropped.
            let after = seen(own);
            assert!(before.0.starts_with(&after.0), "{before:?} {after:?}");
            assert!(out.is_null() || left < 1 << 20);
        }
        20 => {
            let version = questdb_sender_protocol_version(sender);
            assert_eq!((1..=3).contains(&version), !sender.is_null());
            assert_eq!(questdb_sender_max_name_len(sender) > 0, !sender.is_null());
        }
        21 => {
            let open = questdb_sender_in_transaction(sender);
            assert!(!open || !sender.is_null());
            let stat = questdb_sender_stat(sender, u32::from(input.byte()) % 16);
            assert!(stat < 1 << 32);
        }
        _ => last_error(sender, input),
    }
}

unsafe fn flush(sender: *mut questdb_sender, buffer: *mut questdb_buffer, input: &mut Input<'_>) {
    let before = seen(buffer);
    let (kind, flag) = (input.below(3), input.byte());
    let error = match kind {
        0 => questdb_sender_flush(sender, buffer),
        1 => questdb_sender_flush_and_keep(sender, buffer),
        _ => questdb_sender_flush_and_keep_with_flags(sender, buffer, flag),
    };
    let after = seen(buffer);
    match (failed(error), kind) {
        (false, 0) => assert!(after.0.is_empty() && after.1 == 0),
        _ => assert_eq!(after, before),
    }
}

unsafe fn last_error(sender: *mut questdb_sender, input: &mut Input<'_>) {
    let mut last = ptr::null_mut();
    let out = if input.below(8) == 7 { ptr::null_mut() } else { &raw mut last };
    failed(questdb_sender_last_error(sender, out));
    // SAFETY: the error is NULL, or owned by this code now.
    failed(unsafe { questdb_ingress_fuzz::handles::given(last) });
}

/// Creates a sender; over the real network it reaches nobody.
unsafe fn make_sender(handles: &mut Handles, input: &mut Input<'_>, place: usize) {
    let memory = &mut Memory::default();
    match input.below(4) {
        0 => {
            let (conf, len) = memory.bytes(CONFS[input.below(3)]);
            let out = handles.new_sender(place);
            failed(questdb_sender_from_conf(conf, len, out));
        }
        1 => drop(failed(questdb_sender_from_env(handles.new_sender(place)))),
        2 => drop(failed(questdb_sender_new(None, handles.new_sender(place)))),
        _ => {
            let from = input.below(2);
            let out = handles.new_sender(place);
            if handles.harmless[from] {
                // SAFETY: the configuration is alive, and nobody else uses it during the call.
                failed(questdb_sender_new(unsafe { borrowed(handles.configs[from]) }, out));
            }
        }
    }
}

/// Makes a sender of a pool, and ends it with a row.
unsafe fn pool_sender(pool: *mut questdb_pool, input: &mut Input<'_>) {
    let mut sender = ptr::null_mut();
    assert_eq!(failed(questdb_pool_new_sender(pool, &raw mut sender)), pool.is_null());
    let own = questdb_sender_buffer(sender);
    on_buffer(own, |b| questdb_buffer_table(b, c"t".as_ptr(), 1));
    on_buffer(own, |b| questdb_buffer_column_i64(b, c"x".as_ptr(), 1, 1));
    failed(questdb_sender_at_now(sender));
    match input.below(4) {
        0 => drop(failed(questdb_sender_flush_own(sender))),
        1 => drop(failed(questdb_sender_begin(sender, c"t".as_ptr(), 1))),
        2 => questdb_sender_cancel(sender),
        _ => {}
    }
    let mut unconfirmed = 0;
    failed(questdb_sender_close(sender, input.below(2) as u64, &raw mut unconfirmed));
    // SAFETY: the buffer is NULL, or alive as long as its sender.
    let rows = unsafe { own.as_ref() }.map_or(0, |own| questdb_buffer_row_count(Some(own)));
    assert_eq!(rows as u64, unconfirmed);
    // SAFETY: the sender is NULL, or was made above and is given up here.
    questdb_sender_free(unsafe { questdb_ingress_fuzz::handles::given(sender) });
}

/// Makes a pool that reaches nobody, and lets a batch go through it.
unsafe fn pooling(handles: &mut Handles, input: &mut Input<'_>) {
    let memory = &mut Memory::default();
    let (conf, len) = memory.bytes(CONFS[input.below(2)]);
    let mut pool = ptr::null_mut();
    let from = input.below(2);
    if handles.harmless[from] && input.flag() {
        // SAFETY: the configuration is alive, and nobody else uses it during the call.
        failed(questdb_pool_new(unsafe { borrowed(handles.configs[from]) }, &raw mut pool));
    } else {
        failed(questdb_pool_from_conf(conf, len, &raw mut pool));
    }
    let at = if input.below(16) == 15 { ptr::null_mut() } else { pool };
    failed(questdb_pool_new_buffer(at, handles.new_buffer(input.below(2))));
    pool_sender(at, input);
    let size = if input.below(8) == 7 { input.byte().into() } else { size_of::<questdb_submit>() };
    let how = questdb_submit {
        size,
        user_data: 1,
        order_key: input.byte().into(),
        timeout_millis: 0,
        has_order_key: input.below(2) as u32,
        has_timeout: 1,
    };
    let mut batch = 0;
    let buffer = handles.buffer(input.below(5));
    on_buffer(buffer, |b| questdb_pool_submit(at, b, &raw const how, &raw mut batch));
    failed(questdb_pool_cancel(at, batch, input.byte()));
    let mut handle = 0;
    failed(questdb_pool_handle(at, &raw mut handle));
    // SAFETY: numbers and pointers may all be 0.
    let mut done: [questdb_completion; 2] = unsafe { std::mem::zeroed() };
    done[0].size = size_of::<questdb_completion>();
    let mut count = 0;
    if input.flag() {
        count = usize::from(!failed(questdb_pool_wait(at, batch, 1, &raw mut done[0])));
    } else {
        failed(questdb_pool_next(at, 1, done.as_mut_ptr(), input.below(3), &raw mut count));
    }
    for done in &done[..count] {
        // SAFETY: both are NULL, or owned by this code now.
        failed(unsafe { questdb_ingress_fuzz::handles::given(done.error) });
        questdb_buffer_free(done.failed_rows);
    }
    failed(questdb_pool_drain(at, input.below(2) as u64));
    assert!(questdb_pool_stat(at, input.byte().into()) < 1 << 32);
    failed(questdb_pool_close(at, 0, ptr::null_mut()));
    // SAFETY: the pool is NULL, or was made above and is given up here.
    questdb_pool_free(unsafe { questdb_ingress_fuzz::handles::given(pool) });
}

unsafe fn configuring(handles: &mut Handles, input: &mut Input<'_>) {
    let place = input.below(2);
    let memory = &mut Memory::default();
    match input.below(9) {
        0 => drop(failed(questdb_config_new(handles.new_config(place)))),
        1 => {
            let (conf, len) = memory.text(input);
            failed(questdb_config_from_conf(conf, len, handles.new_config(place)));
        }
        2 | 3 => {
            let which = input.below(4);
            let (conf, len) = memory.bytes(CONFS[which]);
            let made = !failed(questdb_config_from_conf(conf, len, handles.new_config(place)));
            handles.harmless[place] = made && which < 3;
        }
        4 => drop(failed(questdb_config_from_env(handles.new_config(place)))),
        5 => {
            let (key, value) = OPTIONS[input.below(OPTIONS.len())];
            let (key, key_len) = if input.flag() { memory.bytes(key) } else { memory.name(input) };
            let (value, len) = if input.flag() { memory.bytes(value) } else { memory.text(input) };
            // SAFETY: the configuration is NULL or alive, and nobody else uses it during the call.
            let config = unsafe { borrowed(handles.configs[place]) };
            failed(questdb_config_set(config, key, key_len, value, len));
            handles.harmless[place] = false;
        }
        // SAFETY: the configuration is NULL or alive, and nobody else uses it during the call.
        6 => drop(failed(questdb_config_validate(unsafe { borrowed(handles.configs[place]) }))),
        7 => {
            let to = input.below(2);
            // The copy goes into the other place, because the configuration in this one would be freed first.
            let out = if to == place { ptr::null_mut() } else { handles.new_config(to) };
            // SAFETY: the configuration is NULL or alive, and nobody else uses it during the call.
            let made =
                !failed(questdb_config_clone(unsafe { borrowed(handles.configs[place]) }, out));
            if to != place {
                handles.harmless[to] = made && handles.harmless[place];
            }
        }
        _ => drop(handles.new_config(place)),
    }
}

unsafe fn naming(handles: &mut Handles, input: &mut Input<'_>) {
    let place = input.below(2);
    let memory = &mut Memory::default();
    let (name, len) = memory.name(input);
    match input.below(4) {
        0 => drop(failed(questdb_table_name_new(name, len, handles.new_table(place)))),
        1 | 2 => drop(failed(questdb_column_name_new(name, len, handles.new_column(place)))),
        _ => {
            assert!(failed(questdb_table_name_new(name, len, ptr::null_mut())));
            assert!(failed(questdb_column_name_new(name, len, ptr::null_mut())));
            assert!(!questdb_version().is_null() && questdb_abi_version() == 1);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    // SAFETY: the handles are made, used and freed by this thread alone, and each only while it lives.
    unsafe { run(data) }
});

unsafe fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut handles = Handles::default();
    // Most sequences need a buffer and a table.
    failed(questdb_buffer_with_limits(
        1 + u32::from(input.byte()) % 3,
        127,
        64,
        1 << 16,
        handles.new_buffer(0),
    ));
    if input.flag() {
        handles.scripted_sender(&mut input, 0);
    }
    while !input.is_empty() {
        match input.below(17) {
            0..=6 => build_row(&mut handles, &mut input),
            7 => whole_buffer(&mut handles, &mut input),
            8..=10 => prepared(&mut handles, &mut input),
            11..=13 => sending(&mut handles, &mut input),
            14 if input.below(8) == 7 => pooling(&mut handles, &mut input),
            14 => configuring(&mut handles, &mut input),
            15 => arrow(&mut handles, &mut input),
            _ => naming(&mut handles, &mut input),
        }
    }
}
