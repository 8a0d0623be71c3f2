//! One call of every exported function with valid arguments, grouped by what the guard of the function does.
#![expect(unsafe_code, reason = "calls what C calls")]

use std::ffi::c_char;
use std::ptr;

use super::Kind::{Free, Handle, Plain, Silent, Takes};
use super::world::{DATA, array, batch, cell, column_data, completion, lent_buffer, stream};
use super::{Case, told};
use crate::arrow::*;
use crate::buffer::*;
use crate::config::*;
use crate::error::*;
use crate::guard::Failed;
use crate::layout::*;
use crate::name::*;
use crate::pool::*;
use crate::row::*;
use crate::row_values::*;
use crate::sender::*;
use crate::transaction::*;
use crate::version::*;
use client::ErrorCode;

const X: *const c_char = c"x".as_ptr();
const V: *const c_char = c"v".as_ptr();
const DIGIT: *const c_char = c"1".as_ptr();
static AT: i64 = 1;
const KEY: &str = "username";
const HOST: &str = "http::addr=127.0.0.1:1;protocol_version=1;";

/// Tests share the environment, and it has no connection string, so the expected result of the call is that error.
fn without_env(failed: Failed) -> Failed {
    match told(failed) {
        Some((code, _)) if code == ErrorCode::Config as u32 => None,
        Some((_, message)) => crate::guard::failed(err!(Internal, "{message}")),
        None => None,
    }
}

/// There is no batch with this number, so the expected result of the call is that error.
fn waited(failed: Failed) -> Failed {
    match told(failed) {
        Some((code, _)) if code == ErrorCode::InvalidState as u32 => None,
        Some((code, message)) if code == ErrorCode::HandlePoisoned as u32 => {
            crate::guard::failed(err!(HandlePoisoned, "{message}"))
        }
        Some((_, message)) => crate::guard::failed(err!(Internal, "{message}")),
        None => None,
    }
}

pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [ROW_CALLS, OTHER_CALLS, UNGUARDED].into_iter().flatten()
}

/// Functions that change a buffer.
// SAFETY: for all calls in it: the handles belong to a living `World`; text and arrays live as long as the program.
const ROW_CALLS: &[Case] = unsafe {
    &[
        Case(
            "questdb_buffer_column_bool",
            Handle(|w| questdb_buffer_column_bool(w.open(), X, 1, 1)),
        ),
        Case(
            "questdb_buffer_column_bool_named",
            Handle(|w| questdb_buffer_column_bool_named(w.open(), w.column(), 1)),
        ),
        Case(
            "questdb_buffer_column_f64",
            Handle(|w| questdb_buffer_column_f64(w.open(), X, 1, 1.0)),
        ),
        Case(
            "questdb_buffer_column_f64_named",
            Handle(|w| questdb_buffer_column_f64_named(w.open(), w.column(), 1.0)),
        ),
        Case("questdb_buffer_column_i64", Handle(|w| questdb_buffer_column_i64(w.open(), X, 1, 1))),
        Case(
            "questdb_buffer_column_i64_named",
            Handle(|w| questdb_buffer_column_i64_named(w.open(), w.column(), 1)),
        ),
        Case(
            "questdb_buffer_column_str",
            Handle(|w| questdb_buffer_column_str(w.open(), X, 1, V, 1)),
        ),
        Case(
            "questdb_buffer_column_str_named",
            Handle(|w| questdb_buffer_column_str_named(w.open(), w.column(), V, 1)),
        ),
        Case(
            "questdb_buffer_column_ts_micros",
            Handle(|w| questdb_buffer_column_ts_micros(w.open(), X, 1, 1)),
        ),
        Case(
            "questdb_buffer_column_ts_micros_named",
            Handle(|w| questdb_buffer_column_ts_micros_named(w.open(), w.column(), 1)),
        ),
        Case(
            "questdb_buffer_column_ts_nanos",
            Handle(|w| questdb_buffer_column_ts_nanos(w.open(), X, 1, 1)),
        ),
        Case(
            "questdb_buffer_column_ts_nanos_named",
            Handle(|w| questdb_buffer_column_ts_nanos_named(w.open(), w.column(), 1)),
        ),
        Case(
            "questdb_buffer_column_dec_str",
            Handle(|w| questdb_buffer_column_dec_str(w.open(), X, 1, DIGIT, 1)),
        ),
        Case(
            "questdb_buffer_column_dec_str_named",
            Handle(|w| questdb_buffer_column_dec_str_named(w.open(), w.column(), DIGIT, 1)),
        ),
        Case(
            "questdb_buffer_column_dec",
            Handle(|w| questdb_buffer_column_dec(w.open(), X, 1, 0, DATA.as_ptr(), 1)),
        ),
        Case(
            "questdb_buffer_column_dec_named",
            Handle(|w| questdb_buffer_column_dec_named(w.open(), w.column(), 0, DATA.as_ptr(), 1)),
        ),
        Case(
            "questdb_buffer_column_dec_i64",
            Handle(|w| questdb_buffer_column_dec_i64(w.open(), X, 1, 0, 1)),
        ),
        Case(
            "questdb_buffer_column_dec_i64_named",
            Handle(|w| questdb_buffer_column_dec_i64_named(w.open(), w.column(), 0, 1)),
        ),
        Case(
            "questdb_buffer_column_dec_i128",
            Handle(|w| questdb_buffer_column_dec_i128(w.open(), X, 1, 0, 0, 1)),
        ),
        Case(
            "questdb_buffer_column_dec_i128_named",
            Handle(|w| questdb_buffer_column_dec_i128_named(w.open(), w.column(), 0, 0, 1)),
        ),
        Case(
            "questdb_buffer_column_f64_arr",
            Handle(|w| {
                let view = array();
                questdb_buffer_column_f64_arr(w.open(), X, 1, &raw const view)
            }),
        ),
        Case(
            "questdb_buffer_column_f64_arr_named",
            Handle(|w| {
                let view = array();
                questdb_buffer_column_f64_arr_named(w.open(), w.column(), &raw const view)
            }),
        ),
        Case("questdb_buffer_symbol", Handle(|w| questdb_buffer_symbol(w.open(), X, 1, V, 1))),
        Case(
            "questdb_buffer_symbol_named",
            Handle(|w| questdb_buffer_symbol_named(w.open(), w.column(), V, 1)),
        ),
        Case("questdb_buffer_table", Handle(|w| questdb_buffer_table(w.between(), X, 1))),
        Case(
            "questdb_buffer_table_named",
            Handle(|w| questdb_buffer_table_named(w.between(), w.table())),
        ),
        Case("questdb_buffer_at_nanos", Handle(|w| questdb_buffer_at_nanos(w.open(), 1))),
        Case("questdb_buffer_at_micros", Handle(|w| questdb_buffer_at_micros(w.open(), 1))),
        Case("questdb_buffer_at_now", Handle(|w| questdb_buffer_at_now(w.open()))),
        Case(
            "questdb_buffer_append_row",
            Handle(|w| {
                let cells = [cell()];
                questdb_buffer_append_row(
                    w.between(),
                    w.layout().map(|l| &*l),
                    cells.as_ptr(),
                    1,
                    1,
                )
            }),
        ),
        Case(
            "questdb_buffer_append_columns",
            Handle(|w| {
                let data = column_data(&1);
                questdb_buffer_append_columns(
                    w.between(),
                    w.layout().map(|l| &*l),
                    1,
                    &raw const data,
                    1,
                    &raw const AT,
                )
            }),
        ),
        Case(
            "questdb_buffer_clone",
            Handle(|w| questdb_buffer_clone(w.between(), &raw mut w.out.buffer)),
        ),
        Case("questdb_buffer_reserve", Handle(|w| questdb_buffer_reserve(w.between(), 1))),
        Case("questdb_buffer_set_marker", Handle(|w| questdb_buffer_set_marker(w.between()))),
        Case(
            "questdb_buffer_rewind_to_marker",
            Handle(|w| questdb_buffer_rewind_to_marker(w.between())),
        ),
        Case("questdb_buffer_drop_row", Handle(|w| questdb_buffer_drop_row(w.open()))),
        Case("questdb_buffer_remove_rows", Handle(|w| questdb_buffer_remove_rows(w.open(), 1, 1))),
        Case("questdb_buffer_clear_marker", Handle(|w| questdb_buffer_clear_marker(w.between()))),
        Case("questdb_buffer_clear", Handle(|w| questdb_buffer_clear(w.between()))),
        Case(
            "questdb_buffer_check_flushable",
            Handle(|w| questdb_buffer_check_flushable(w.between())),
        ),
    ]
};

/// Functions that make, change and free everything else.
// SAFETY: for all calls in it: the handles belong to a living `World`; text and arrays live as long as the program.
const OTHER_CALLS: &[Case] = unsafe {
    &[
        Case("questdb_sender_at_nanos", Handle(|w| questdb_sender_at_nanos(w.sender, 1))),
        Case("questdb_sender_at_micros", Handle(|w| questdb_sender_at_micros(w.sender, 1))),
        Case("questdb_sender_at_now", Handle(|w| questdb_sender_at_now(w.sender))),
        Case(
            "questdb_sender_append_row",
            Handle(|w| {
                let cells = [cell()];
                questdb_sender_append_row(w.idle, w.layout().map(|l| &*l), cells.as_ptr(), 1, 1)
            }),
        ),
        Case(
            "questdb_sender_append_columns",
            Handle(|w| {
                let data = column_data(&1);
                questdb_sender_append_columns(
                    w.idle,
                    w.layout().map(|l| &*l),
                    1,
                    &raw const data,
                    1,
                    &raw const AT,
                )
            }),
        ),
        Case(
            "questdb_config_set",
            Handle(|w| questdb_config_set(w.config(), KEY.as_ptr().cast(), KEY.len(), V, 1)),
        ),
        Case(
            "questdb_config_clone",
            Handle(|w| questdb_config_clone(w.config(), &raw mut w.out.config)),
        ),
        Case("questdb_config_validate", Handle(|w| questdb_config_validate(w.config()))),
        Case(
            "questdb_arrow_options_table",
            Handle(|w| questdb_arrow_options_table(w.arrow(), X, 1)),
        ),
        Case(
            "questdb_arrow_options_table_column",
            Handle(|w| questdb_arrow_options_table_column(w.arrow(), X, 1, 0)),
        ),
        Case(
            "questdb_arrow_options_symbols",
            Handle(|w| questdb_arrow_options_symbols(w.arrow(), 1)),
        ),
        Case(
            "questdb_arrow_options_symbol_column",
            Handle(|w| questdb_arrow_options_symbol_column(w.arrow(), X, 1, 0)),
        ),
        Case("questdb_arrow_options_at", Handle(|w| questdb_arrow_options_at(w.arrow(), 3, 0))),
        Case(
            "questdb_arrow_options_at_column",
            Handle(|w| questdb_arrow_options_at_column(w.arrow(), X, 1, 0)),
        ),
        Case(
            "questdb_buffer_arrow",
            Handle(|w| {
                let (mut array, schema) = batch();
                questdb_buffer_arrow(
                    w.between(),
                    &raw mut array,
                    &raw const schema,
                    w.arrow().map(|o| &*o),
                )
            }),
        ),
        Case(
            "questdb_buffer_arrow_stream",
            Handle(|w| {
                questdb_buffer_arrow_stream(
                    w.between(),
                    stream().as_mut_ptr(),
                    w.arrow().map(|o| &*o),
                )
            }),
        ),
        Case(
            "questdb_sender_arrow",
            Handle(|w| {
                let (mut array, schema) = batch();
                questdb_sender_arrow(
                    w.idle,
                    &raw mut array,
                    &raw const schema,
                    w.arrow().map(|o| &*o),
                )
            }),
        ),
        Case(
            "questdb_sender_arrow_stream",
            Handle(|w| {
                questdb_sender_arrow_stream(w.idle, stream().as_mut_ptr(), w.arrow().map(|o| &*o))
            }),
        ),
        Case("questdb_row_layout_add", Handle(|w| questdb_row_layout_add(w.layout(), X, 1, 1))),
        Case(
            "questdb_sender_new",
            Handle(|w| questdb_sender_new(w.config(), &raw mut w.out.sender)),
        ),
        Case(
            "questdb_sender_new_buffer",
            Handle(|w| questdb_sender_new_buffer(w.idle, &raw mut w.out.buffer)),
        ),
        Case("questdb_sender_connect", Handle(|w| questdb_sender_connect(w.idle))),
        Case("questdb_sender_flush_if_due", Handle(|w| questdb_sender_flush_if_due(w.idle))),
        Case("questdb_sender_flush_own", Handle(|w| questdb_sender_flush_own(w.idle))),
        Case("questdb_sender_commit", Handle(|w| questdb_sender_commit(w.busy))),
        Case("questdb_sender_rollback", Handle(|w| questdb_sender_rollback(w.busy))),
        Case("questdb_sender_begin", Handle(|w| questdb_sender_begin(w.idle, X, 1))),
        Case("questdb_sender_flush", Handle(|w| questdb_sender_flush(w.idle, w.between))),
        Case(
            "questdb_sender_flush_and_keep",
            Handle(|w| questdb_sender_flush_and_keep(w.idle, questdb_sender_buffer(w.idle))),
        ),
        Case(
            "questdb_sender_flush_and_keep_with_flags",
            Handle(|w| questdb_sender_flush_and_keep_with_flags(w.idle, w.between, 1)),
        ),
        Case("questdb_sender_close", Handle(|w| questdb_sender_close(w.idle, 1, ptr::null_mut()))),
        Case("questdb_pool_new", Handle(|w| questdb_pool_new(w.config(), &raw mut w.out.pool))),
        Case(
            "questdb_pool_new_buffer",
            Handle(|w| questdb_pool_new_buffer(w.pool, &raw mut w.out.buffer)),
        ),
        Case(
            "questdb_pool_new_sender",
            Handle(|w| questdb_pool_new_sender(w.pool, &raw mut w.out.sender)),
        ),
        // The batch cannot reach a server, which nobody waits for.
        Case(
            "questdb_pool_submit",
            Handle(|w| {
                questdb_pool_submit(w.pool, lent_buffer(w.between), ptr::null(), ptr::null_mut())
            }),
        ),
        Case(
            "questdb_pool_next",
            Handle(|w| {
                let mut done = completion();
                questdb_pool_next(w.pool, 0, &raw mut done, 1, &raw mut w.out.count)
            }),
        ),
        Case(
            "questdb_pool_wait",
            Handle(|w| {
                let mut done = completion();
                waited(questdb_pool_wait(w.pool, 1, 0, &raw mut done))
            }),
        ),
        Case("questdb_pool_handle", Handle(|w| questdb_pool_handle(w.pool, &raw mut w.out.handle))),
        Case("questdb_pool_cancel", Handle(|w| questdb_pool_cancel(w.pool, 1, 1))),
        Case("questdb_pool_drain", Handle(|w| questdb_pool_drain(w.pool, 10_000))),
        Case("questdb_pool_close", Handle(|w| questdb_pool_close(w.pool, 1, ptr::null_mut()))),
        Case("questdb_pool_stat", Silent(|w| questdb_pool_stat(w.pool, 4) == 0)),
        Case("questdb_pool_free", Takes(|w| w.free_pool())),
        Case(
            "questdb_pool_from_conf",
            Free(|w| questdb_pool_from_conf(HOST.as_ptr().cast(), HOST.len(), &raw mut w.out.pool)),
        ),
        Case("questdb_buffer_new", Free(|w| questdb_buffer_new(3, &raw mut w.out.buffer))),
        Case(
            "questdb_buffer_with_limits",
            Free(|w| questdb_buffer_with_limits(3, 16, 64, 64, &raw mut w.out.buffer)),
        ),
        Case("questdb_config_new", Free(|w| questdb_config_new(&raw mut w.out.config))),
        Case(
            "questdb_config_from_conf",
            Free(|w| {
                questdb_config_from_conf(HOST.as_ptr().cast(), HOST.len(), &raw mut w.out.config)
            }),
        ),
        Case(
            "questdb_table_name_new",
            Free(|w| questdb_table_name_new(X, 1, &raw mut w.out.table)),
        ),
        Case(
            "questdb_column_name_new",
            Free(|w| questdb_column_name_new(X, 1, &raw mut w.out.column)),
        ),
        Case(
            "questdb_arrow_options_new",
            Free(|w| questdb_arrow_options_new(&raw mut w.out.arrow)),
        ),
        Case(
            "questdb_row_layout_new",
            Free(|w| questdb_row_layout_new(X, 1, 1, &raw mut w.out.layout)),
        ),
        Case(
            "questdb_sender_from_conf",
            Free(|w| {
                questdb_sender_from_conf(HOST.as_ptr().cast(), HOST.len(), &raw mut w.out.sender)
            }),
        ),
        Case(
            "questdb_sender_last_error",
            Free(|w| questdb_sender_last_error(w.idle, &raw mut w.out.error)),
        ),
        Case(
            "questdb_config_from_env",
            Free(|w| without_env(questdb_config_from_env(&raw mut w.out.config))),
        ),
        Case(
            "questdb_sender_from_env",
            Free(|w| without_env(questdb_sender_from_env(&raw mut w.out.sender))),
        ),
        Case(
            "questdb_sender_protocol_version",
            Silent(|w| questdb_sender_protocol_version(w.idle) == 0),
        ),
        Case("questdb_sender_max_name_len", Silent(|w| questdb_sender_max_name_len(w.idle) == 0)),
        Case("questdb_sender_in_transaction", Silent(|w| !questdb_sender_in_transaction(w.idle))),
        Case("questdb_buffer_free", Takes(|w| w.free_buffer())),
        Case("questdb_config_free", Takes(|w| w.free_config())),
        Case("questdb_table_name_free", Takes(|w| w.free_table())),
        Case("questdb_column_name_free", Takes(|w| w.free_column())),
        Case("questdb_row_layout_free", Takes(|w| w.free_layout())),
        Case("questdb_arrow_options_free", Takes(|w| w.free_arrow())),
        Case("questdb_sender_free", Takes(|w| w.free_sender())),
    ]
};

/// Functions that only read fields.
// SAFETY: for all calls in it: the handles belong to a living `World`; text and arrays live as long as the program.
const UNGUARDED: &[Case] = unsafe {
    &[
        Case(
            "questdb_buffer_capacity",
            Plain(|w| {
                let _ = questdb_buffer_capacity(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_init_buf_size",
            Plain(|w| {
                let _ = questdb_buffer_init_buf_size(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_is_transactional",
            Plain(|w| {
                let _ = questdb_buffer_is_transactional(w.open().map(|b| &*b));
            }),
        ),
        Case("questdb_sender_cancel", Plain(|w| questdb_sender_cancel(w.idle))),
        Case(
            "questdb_buffer_is_row_open",
            Plain(|w| {
                let _ = questdb_buffer_is_row_open(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_len",
            Plain(|w| {
                let _ = questdb_buffer_len(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_max_buf_size",
            Plain(|w| {
                let _ = questdb_buffer_max_buf_size(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_max_name_len",
            Plain(|w| {
                let _ = questdb_buffer_max_name_len(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_protocol_version",
            Plain(|w| {
                let _ = questdb_buffer_protocol_version(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_row_count",
            Plain(|w| {
                let _ = questdb_buffer_row_count(w.open().map(|b| &*b));
            }),
        ),
        Case(
            "questdb_buffer_peek",
            Plain(|w| {
                let _ = questdb_buffer_peek(w.open().map(|b| &*b), ptr::null_mut());
            }),
        ),
        Case(
            "questdb_error_attempts",
            Plain(|w| {
                let _ = questdb_error_attempts(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_bytes_sent",
            Plain(|w| {
                let _ = questdb_error_bytes_sent(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_earlier_rows_in_doubt",
            Plain(|w| {
                let _ = questdb_error_earlier_rows_in_doubt(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_elapsed_millis",
            Plain(|w| {
                let _ = questdb_error_elapsed_millis(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_get_code",
            Plain(|w| {
                let _ = questdb_error_get_code(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_http_status",
            Plain(|w| {
                let _ = questdb_error_http_status(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_in_doubt",
            Plain(|w| {
                let _ = questdb_error_in_doubt(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_in_doubt_attempts",
            Plain(|w| {
                let _ = questdb_error_in_doubt_attempts(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_message",
            Plain(|w| {
                let _ = questdb_error_message(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_outcome",
            Plain(|w| {
                let _ = questdb_error_outcome(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_retry_after_millis",
            Plain(|w| {
                let _ = questdb_error_retry_after_millis(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_retryable",
            Plain(|w| {
                let _ = questdb_error_retryable(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_rows_accepted",
            Plain(|w| {
                let _ = questdb_error_rows_accepted(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_row_accepted",
            Plain(|w| {
                let _ = questdb_error_row_accepted(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_server_code",
            Plain(|w| {
                let _ = questdb_error_server_code(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_server_error_id",
            Plain(|w| {
                let _ = questdb_error_server_error_id(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_server_line",
            Plain(|w| {
                let _ = questdb_error_server_line(w.error.as_deref());
            }),
        ),
        Case(
            "questdb_error_table",
            Plain(|w| {
                let _ = questdb_error_table(w.error.as_deref());
            }),
        ),
        Case("questdb_error_free", Plain(|w| questdb_error_free(w.error.take()))),
        Case(
            "questdb_error_code_name",
            Plain(|_| {
                let _ = questdb_error_code_name(1);
            }),
        ),
        Case(
            "questdb_outcome_name",
            Plain(|_| {
                let _ = questdb_outcome_name(1);
            }),
        ),
        Case(
            "questdb_row_layout_column_count",
            Plain(|w| {
                let _ = questdb_row_layout_column_count(w.layout().map(|l| &*l));
            }),
        ),
        Case(
            "questdb_sender_buffer",
            Plain(|w| {
                let _ = questdb_sender_buffer(w.idle);
            }),
        ),
        Case(
            "questdb_sender_stat",
            Plain(|w| {
                let _ = questdb_sender_stat(w.idle, 0);
            }),
        ),
        Case(
            "questdb_version",
            Plain(|_| {
                let _ = questdb_version();
            }),
        ),
        Case(
            "questdb_abi_version",
            Plain(|_| {
                let _ = questdb_abi_version();
            }),
        ),
    ]
};
