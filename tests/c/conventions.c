/* The conventions of the C API, in particular when it is misused: NULL for every pointer of every function
 * (capi/tests/it/abi.rs checks that none is missing), bad lengths, bad UTF-8, wrong order, numbers out of range,
 * memory that cannot be allocated. */
#include <stdint.h>

#include "arrow_batch.h"
#include "row.h"

/* Passes NULL for one pointer of a function, which must fail with INVALID_ARGUMENT. */
#define NULL_FAILS(function, parameter, ...) FAILS(INVALID_ARGUMENT, function(__VA_ARGS__))
#define NULL_OK(function, parameter, ...) OK(function(__VA_ARGS__))
#define NULL_IS(function, parameter, value, ...) CHECK(function(__VA_ARGS__) == (value))
#define NULL_IGNORED(function, parameter, ...) (function(__VA_ARGS__), CHECK(1))

/* A size that cannot be allocated. A process with 32-bit pointers may well have a quarter of its address space, so it
 * needs more. */
#define NOBODY_HAS (sizeof(void *) == 4 ? SIZE_MAX / 2 + 1 : SIZE_MAX / 4)

#define T QUESTDB_STR("text")

/* The handles that the functions are called on. The buffer has an open row of version 3. */
static questdb_config *config;
static questdb_buffer *buffer;
static questdb_table_name *table;
static questdb_column_name *column;
static questdb_row_layout *layout;
static questdb_sender *sender;
static questdb_arrow_options *arrow_options;

/* Checks a call on `buffer` that must fail with the code and leave the buffer as it was. */
static void keeps(questdb_error *err, uint32_t code, const questdb_buffer *before, const char *what, int line) {
    size_t len = 0, before_len = 0;
    const uint8_t *bytes = questdb_buffer_peek(buffer, &len), *before_bytes = questdb_buffer_peek(before, &before_len);
    check(has_code(err, code), what, __FILE__, line);
    check(len == before_len && memcmp(bytes, before_bytes, len) == 0, what, __FILE__, line);
}

static questdb_buffer *snapshot(void) {
    questdb_buffer *copy = NULL;
    OK(questdb_buffer_clone(buffer, &copy));
    return copy;
}

#define KEEPS(code, call) \
    do { \
        questdb_buffer *before = snapshot(); \
        keeps((call), QUESTDB_ERROR_CODE_##code, before, #call, __LINE__); \
        questdb_buffer_free(before); \
    } while (0)

static questdb_buffer *open_row(uint32_t version) {
    questdb_buffer *made = NULL;
    OK(questdb_buffer_new(version, &made));
    OK(questdb_buffer_table(made, QUESTDB_STR("t")));
    return made;
}

static void set_up(void) {
    OK(questdb_config_from_conf(QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=3;retry_timeout=0;"), &config));
    OK(questdb_sender_new(config, &sender));
    OK(questdb_table_name_new(QUESTDB_STR("t"), &table));
    OK(questdb_column_name_new(QUESTDB_STR("c"), &column));
    OK(questdb_row_layout_new(QUESTDB_STR("t"), QUESTDB_STAMP_NANOS, &layout));
    OK(questdb_row_layout_add(layout, QUESTDB_STR("c"), QUESTDB_COLUMN_KIND_I64));
    OK(questdb_arrow_options_new(&arrow_options));
    OK(questdb_arrow_options_table(arrow_options, T));
    OK(questdb_arrow_options_at(arrow_options, QUESTDB_STAMP_NOW, 0));
    buffer = open_row(3);
}

static void tear_down(void) {
    questdb_config_free(config);
    questdb_buffer_free(buffer);
    questdb_table_name_free(table);
    questdb_column_name_free(column);
    questdb_row_layout_free(layout);
    questdb_sender_free(sender);
    questdb_arrow_options_free(arrow_options);
}

static void null_errors(void) {
    NULL_IGNORED(questdb_error_free, error, NULL);
    NULL_IS(questdb_error_get_code, error, 0, NULL);
    NULL_IS(questdb_error_message, error, NULL, NULL);
    NULL_IS(questdb_error_outcome, error, 0, NULL);
    NULL_IS(questdb_error_retryable, error, false, NULL);
    NULL_IS(questdb_error_in_doubt, error, false, NULL);
    NULL_IS(questdb_error_row_accepted, error, false, NULL);
    NULL_IS(questdb_error_rows_accepted, error, 0, NULL);
    NULL_IS(questdb_error_attempts, error, 0, NULL);
    NULL_IS(questdb_error_in_doubt_attempts, error, 0, NULL);
    NULL_IS(questdb_error_http_status, error, 0, NULL);
    NULL_IS(questdb_error_retry_after_millis, error, -1, NULL);
    NULL_IS(questdb_error_server_error_id, error, NULL, NULL);
    NULL_IS(questdb_error_server_code, error, NULL, NULL);
    NULL_IS(questdb_error_server_line, error, 0, NULL);
    NULL_IS(questdb_error_table, error, NULL, NULL);
    NULL_IS(questdb_error_bytes_sent, error, 0, NULL);
    NULL_IS(questdb_error_earlier_rows_in_doubt, error, 0, NULL);
    NULL_IS(questdb_error_elapsed_millis, error, 0, NULL);
}

static void null_config(void) {
    questdb_config *made = NULL;
    NULL_FAILS(questdb_config_new, config, NULL);
    NULL_FAILS(questdb_config_from_conf, conf, NULL, 5, &made);
    NULL_FAILS(questdb_config_from_conf, config, QUESTDB_STR("http::addr=h;"), NULL);
    NULL_FAILS(questdb_config_from_env, config, NULL);
    NULL_FAILS(questdb_config_set, config, NULL, T, T);
    NULL_FAILS(questdb_config_set, key, config, NULL, 1, T);
    NULL_FAILS(questdb_config_set, value, config, QUESTDB_STR("addr"), NULL, 1);
    NULL_FAILS(questdb_config_clone, config, NULL, &made);
    NULL_FAILS(questdb_config_clone, copy, config, NULL);
    NULL_FAILS(questdb_config_validate, config, NULL);
    NULL_IGNORED(questdb_config_free, config, NULL);
    CHECK(made == NULL);
}

static void null_names(void) {
    questdb_table_name *made_table = NULL;
    questdb_column_name *made_column = NULL;
    NULL_FAILS(questdb_table_name_new, name, NULL, 1, &made_table);
    NULL_FAILS(questdb_table_name_new, table, T, NULL);
    NULL_IGNORED(questdb_table_name_free, table, NULL);
    NULL_FAILS(questdb_column_name_new, name, NULL, 1, &made_column);
    NULL_FAILS(questdb_column_name_new, column, T, NULL);
    NULL_IGNORED(questdb_column_name_free, column, NULL);
    CHECK(made_table == NULL && made_column == NULL);
}

static void null_buffer(void) {
    questdb_buffer *copy = NULL;
    size_t len = 7;
    NULL_FAILS(questdb_buffer_new, buffer, 1, NULL);
    NULL_FAILS(questdb_buffer_with_limits, buffer, 1, 127, 1024, 4096, NULL);
    NULL_FAILS(questdb_buffer_clone, buffer, NULL, &copy);
    NULL_FAILS(questdb_buffer_clone, copy, buffer, NULL);
    NULL_IGNORED(questdb_buffer_free, buffer, NULL);
    NULL_FAILS(questdb_buffer_at_nanos, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_at_micros, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_at_now, buffer, NULL);
    NULL_FAILS(questdb_buffer_reserve, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_drop_row, buffer, NULL);
    NULL_FAILS(questdb_buffer_remove_rows, buffer, NULL, 1, 1);
    NULL_IS(questdb_buffer_is_row_open, buffer, false, NULL);
    NULL_FAILS(questdb_buffer_set_marker, buffer, NULL);
    NULL_FAILS(questdb_buffer_rewind_to_marker, buffer, NULL);
    NULL_FAILS(questdb_buffer_clear_marker, buffer, NULL);
    NULL_FAILS(questdb_buffer_clear, buffer, NULL);
    NULL_FAILS(questdb_buffer_check_flushable, buffer, NULL);
    NULL_IS(questdb_buffer_len, buffer, 0, NULL);
    NULL_IS(questdb_buffer_capacity, buffer, 0, NULL);
    NULL_IS(questdb_buffer_row_count, buffer, 0, NULL);
    NULL_IS(questdb_buffer_is_transactional, buffer, false, NULL);
    NULL_IS(questdb_buffer_protocol_version, buffer, 0, NULL);
    NULL_IS(questdb_buffer_max_name_len, buffer, 0, NULL);
    NULL_IS(questdb_buffer_init_buf_size, buffer, 0, NULL);
    NULL_IS(questdb_buffer_max_buf_size, buffer, 0, NULL);
    NULL_IS(questdb_buffer_peek, buffer, NULL, NULL, &len);
    CHECK(len == 0);
    CHECK(questdb_buffer_peek(buffer, NULL) != NULL);
    NULL_IS(questdb_buffer_peek, len, questdb_buffer_peek(buffer, &len), buffer, NULL);
}

static void null_columns(void) {
    static const size_t shape[] = {1};
    static const double one = 1.0;
    static const uint8_t byte = 1;
    questdb_array array = {1, shape, NULL, (const uint8_t *)&one, sizeof one, 0};
    NULL_FAILS(questdb_buffer_table, buffer, NULL, T);
    NULL_FAILS(questdb_buffer_table, name, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_table_named, buffer, NULL, table);
    NULL_FAILS(questdb_buffer_table_named, name, buffer, NULL);
    NULL_FAILS(questdb_buffer_symbol, buffer, NULL, T, T);
    NULL_FAILS(questdb_buffer_symbol, name, buffer, NULL, 1, T);
    NULL_FAILS(questdb_buffer_symbol, value, buffer, T, NULL, 1);
    NULL_FAILS(questdb_buffer_symbol_named, buffer, NULL, column, T);
    NULL_FAILS(questdb_buffer_symbol_named, name, buffer, NULL, T);
    NULL_FAILS(questdb_buffer_symbol_named, value, buffer, column, NULL, 1);
    NULL_FAILS(questdb_buffer_column_bool, buffer, NULL, T, true);
    NULL_FAILS(questdb_buffer_column_bool, name, buffer, NULL, 1, true);
    NULL_FAILS(questdb_buffer_column_bool_named, buffer, NULL, column, true);
    NULL_FAILS(questdb_buffer_column_bool_named, name, buffer, NULL, true);
    NULL_FAILS(questdb_buffer_column_i64, buffer, NULL, T, 1);
    NULL_FAILS(questdb_buffer_column_i64, name, buffer, NULL, 1, 1);
    NULL_FAILS(questdb_buffer_column_i64_named, buffer, NULL, column, 1);
    NULL_FAILS(questdb_buffer_column_i64_named, name, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_column_f64, buffer, NULL, T, 1.0);
    NULL_FAILS(questdb_buffer_column_f64, name, buffer, NULL, 1, 1.0);
    NULL_FAILS(questdb_buffer_column_f64_named, buffer, NULL, column, 1.0);
    NULL_FAILS(questdb_buffer_column_f64_named, name, buffer, NULL, 1.0);
    NULL_FAILS(questdb_buffer_column_str, buffer, NULL, T, T);
    NULL_FAILS(questdb_buffer_column_str, name, buffer, NULL, 1, T);
    NULL_FAILS(questdb_buffer_column_str, value, buffer, T, NULL, 1);
    NULL_FAILS(questdb_buffer_column_str_named, buffer, NULL, column, T);
    NULL_FAILS(questdb_buffer_column_str_named, name, buffer, NULL, T);
    NULL_FAILS(questdb_buffer_column_str_named, value, buffer, column, NULL, 1);
    NULL_FAILS(questdb_buffer_column_ts_micros, buffer, NULL, T, 1);
    NULL_FAILS(questdb_buffer_column_ts_micros, name, buffer, NULL, 1, 1);
    NULL_FAILS(questdb_buffer_column_ts_micros_named, buffer, NULL, column, 1);
    NULL_FAILS(questdb_buffer_column_ts_micros_named, name, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_column_ts_nanos, buffer, NULL, T, 1);
    NULL_FAILS(questdb_buffer_column_ts_nanos, name, buffer, NULL, 1, 1);
    NULL_FAILS(questdb_buffer_column_ts_nanos_named, buffer, NULL, column, 1);
    NULL_FAILS(questdb_buffer_column_ts_nanos_named, name, buffer, NULL, 1);
    NULL_FAILS(questdb_buffer_column_f64_arr, buffer, NULL, T, &array);
    NULL_FAILS(questdb_buffer_column_f64_arr, name, buffer, NULL, 1, &array);
    NULL_FAILS(questdb_buffer_column_f64_arr, array, buffer, T, NULL);
    NULL_FAILS(questdb_buffer_column_f64_arr_named, buffer, NULL, column, &array);
    NULL_FAILS(questdb_buffer_column_f64_arr_named, name, buffer, NULL, &array);
    NULL_FAILS(questdb_buffer_column_f64_arr_named, array, buffer, column, NULL);
    NULL_FAILS(questdb_buffer_column_dec_str, buffer, NULL, T, QUESTDB_STR("1"));
    NULL_FAILS(questdb_buffer_column_dec_str, name, buffer, NULL, 1, QUESTDB_STR("1"));
    NULL_FAILS(questdb_buffer_column_dec_str, value, buffer, T, NULL, 1);
    NULL_FAILS(questdb_buffer_column_dec_str_named, buffer, NULL, column, QUESTDB_STR("1"));
    NULL_FAILS(questdb_buffer_column_dec_str_named, name, buffer, NULL, QUESTDB_STR("1"));
    NULL_FAILS(questdb_buffer_column_dec_str_named, value, buffer, column, NULL, 1);
    NULL_FAILS(questdb_buffer_column_dec, buffer, NULL, T, 0, &byte, 1);
    NULL_FAILS(questdb_buffer_column_dec, name, buffer, NULL, 1, 0, &byte, 1);
    NULL_FAILS(questdb_buffer_column_dec, unscaled, buffer, T, 0, NULL, 1);
    NULL_FAILS(questdb_buffer_column_dec_named, buffer, NULL, column, 0, &byte, 1);
    NULL_FAILS(questdb_buffer_column_dec_named, name, buffer, NULL, 0, &byte, 1);
    NULL_FAILS(questdb_buffer_column_dec_named, unscaled, buffer, column, 0, NULL, 1);
    NULL_FAILS(questdb_buffer_column_dec_i64, buffer, NULL, T, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i64, name, buffer, NULL, 1, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i64_named, buffer, NULL, column, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i64_named, name, buffer, NULL, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i128, buffer, NULL, T, 0, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i128, name, buffer, NULL, 1, 0, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i128_named, buffer, NULL, column, 0, 0, 1);
    NULL_FAILS(questdb_buffer_column_dec_i128_named, name, buffer, NULL, 0, 0, 1);
    /* Pointers inside the struct of an array. */
    array.shape = NULL;
    KEEPS(INVALID_ARGUMENT, questdb_buffer_column_f64_arr(buffer, T, &array));
    array.shape = shape;
    array.data = NULL;
    KEEPS(INVALID_ARGUMENT, questdb_buffer_column_f64_arr(buffer, T, &array));
    array.data_len = 0;
    KEEPS(INVALID_ARRAY, questdb_buffer_column_f64_arr(buffer, T, &array));
    CHECK(questdb_buffer_len(buffer) == 1); /* only "t": the failed calls added nothing */
}

static void null_rows(void) {
    questdb_row_layout *made = NULL;
    static const int64_t at[] = {1};
    static const int64_t values[] = {1};
    questdb_cell cell;
    questdb_column_data data;
    memset(&cell, 0, sizeof cell);
    memset(&data, 0, sizeof data);
    data.kind = QUESTDB_VALUES_KIND_I64;
    data.values = values;
    NULL_FAILS(questdb_row_layout_new, table, NULL, 1, QUESTDB_STAMP_NANOS, &made);
    NULL_FAILS(questdb_row_layout_new, layout, T, QUESTDB_STAMP_NANOS, NULL);
    CHECK(made == NULL);
    NULL_FAILS(questdb_row_layout_add, layout, NULL, T, QUESTDB_COLUMN_KIND_I64);
    NULL_FAILS(questdb_row_layout_add, name, layout, NULL, 1, QUESTDB_COLUMN_KIND_I64);
    NULL_IS(questdb_row_layout_column_count, layout, 0, NULL);
    NULL_IGNORED(questdb_row_layout_free, layout, NULL);
    NULL_FAILS(questdb_buffer_append_row, buffer, NULL, layout, &cell, 1, 1);
    NULL_FAILS(questdb_buffer_append_row, layout, buffer, NULL, &cell, 1, 1);
    NULL_FAILS(questdb_buffer_append_row, cells, buffer, layout, NULL, 1, 1);
    NULL_FAILS(questdb_sender_append_row, sender, NULL, layout, &cell, 1, 1);
    NULL_FAILS(questdb_sender_append_row, layout, sender, NULL, &cell, 1, 1);
    NULL_FAILS(questdb_sender_append_row, cells, sender, layout, NULL, 1, 1);
    NULL_FAILS(questdb_buffer_append_columns, buffer, NULL, layout, 1, &data, 1, at);
    NULL_FAILS(questdb_buffer_append_columns, layout, buffer, NULL, 1, &data, 1, at);
    NULL_FAILS(questdb_buffer_append_columns, columns, buffer, layout, 1, NULL, 1, at);
    NULL_FAILS(questdb_buffer_append_columns, at, buffer, layout, 1, &data, 1, NULL);
    NULL_FAILS(questdb_sender_append_columns, sender, NULL, layout, 1, &data, 1, at);
    NULL_FAILS(questdb_sender_append_columns, layout, sender, NULL, 1, &data, 1, at);
    NULL_FAILS(questdb_sender_append_columns, columns, sender, layout, 1, NULL, 1, at);
    NULL_FAILS(questdb_sender_append_columns, at, sender, layout, 1, &data, 1, NULL);
}

/* Returns an array, schema or stream that no call has taken yet. */
static struct batch batch;
static struct batch_stream stream;
static struct ArrowArray *array(void) { return batch_init(&batch), &batch.array; }
static struct ArrowArrayStream *a_stream(void) { return batch_stream_init(&stream, 0), &stream.stream; }
#define SCHEMA &batch.schema

static void null_arrow(void) {
    questdb_buffer *empty = NULL;
    OK(questdb_buffer_new(3, &empty));
    NULL_FAILS(questdb_arrow_options_new, options, NULL);
    NULL_FAILS(questdb_arrow_options_table, options, NULL, T);
    NULL_FAILS(questdb_arrow_options_table, name, arrow_options, NULL, 1);
    NULL_FAILS(questdb_arrow_options_table_column, options, NULL, T, 0);
    NULL_FAILS(questdb_arrow_options_table_column, name, arrow_options, NULL, 1, 0);
    NULL_FAILS(questdb_arrow_options_symbols, options, NULL, QUESTDB_ARROW_SYMBOLS_TEXTS);
    NULL_FAILS(questdb_arrow_options_symbol_column, options, NULL, T, 0);
    NULL_FAILS(questdb_arrow_options_symbol_column, name, arrow_options, NULL, 1, 0);
    NULL_FAILS(questdb_arrow_options_at, options, NULL, QUESTDB_STAMP_NOW, 0);
    NULL_FAILS(questdb_arrow_options_at_column, options, NULL, T, 0);
    NULL_FAILS(questdb_arrow_options_at_column, name, arrow_options, NULL, 1, 0);
    NULL_IGNORED(questdb_arrow_options_free, options, NULL);
    NULL_FAILS(questdb_buffer_arrow, buffer, NULL, array(), SCHEMA, arrow_options);
    NULL_FAILS(questdb_buffer_arrow, array, empty, NULL, SCHEMA, arrow_options);
    NULL_FAILS(questdb_buffer_arrow, schema, empty, array(), NULL, arrow_options);
    NULL_FAILS(questdb_buffer_arrow, options, empty, array(), SCHEMA, NULL);
    NULL_FAILS(questdb_buffer_arrow_stream, buffer, NULL, a_stream(), arrow_options);
    NULL_FAILS(questdb_buffer_arrow_stream, stream, empty, NULL, arrow_options);
    NULL_FAILS(questdb_buffer_arrow_stream, options, empty, a_stream(), NULL);
    NULL_FAILS(questdb_sender_arrow, sender, NULL, array(), SCHEMA, arrow_options);
    NULL_FAILS(questdb_sender_arrow, array, sender, NULL, SCHEMA, arrow_options);
    NULL_FAILS(questdb_sender_arrow, schema, sender, array(), NULL, arrow_options);
    NULL_FAILS(questdb_sender_arrow, options, sender, array(), SCHEMA, NULL);
    NULL_FAILS(questdb_sender_arrow_stream, sender, NULL, a_stream(), arrow_options);
    NULL_FAILS(questdb_sender_arrow_stream, stream, sender, NULL, arrow_options);
    NULL_FAILS(questdb_sender_arrow_stream, options, sender, a_stream(), NULL);
    CHECK(questdb_buffer_len(empty) == 0);
    questdb_buffer_free(empty);
}

static void null_sender(void) {
    questdb_sender *made = NULL;
    questdb_buffer *made_buffer = NULL;
    questdb_error *last = NULL;
    uint64_t rows = 9;
    NULL_FAILS(questdb_sender_from_conf, conf, NULL, 5, &made);
    NULL_FAILS(questdb_sender_from_conf, sender, QUESTDB_STR("http::addr=h;"), NULL);
    NULL_FAILS(questdb_sender_from_env, sender, NULL);
    NULL_FAILS(questdb_sender_new, config, NULL, &made);
    NULL_FAILS(questdb_sender_new, sender, config, NULL);
    NULL_IS(questdb_sender_buffer, sender, NULL, NULL);
    NULL_FAILS(questdb_sender_new_buffer, sender, NULL, &made_buffer);
    NULL_FAILS(questdb_sender_new_buffer, buffer, sender, NULL);
    NULL_IS(questdb_sender_protocol_version, sender, 0, NULL);
    NULL_IS(questdb_sender_max_name_len, sender, 0, NULL);
    NULL_FAILS(questdb_sender_at_nanos, sender, NULL, 1);
    NULL_FAILS(questdb_sender_at_micros, sender, NULL, 1);
    NULL_FAILS(questdb_sender_at_now, sender, NULL);
    NULL_FAILS(questdb_sender_flush_if_due, sender, NULL);
    NULL_FAILS(questdb_sender_flush_own, sender, NULL);
    NULL_FAILS(questdb_sender_flush, sender, NULL, buffer);
    NULL_FAILS(questdb_sender_flush, buffer, sender, NULL);
    NULL_FAILS(questdb_sender_flush_and_keep, sender, NULL, buffer);
    NULL_FAILS(questdb_sender_flush_and_keep, buffer, sender, NULL);
    NULL_FAILS(questdb_sender_flush_and_keep_with_flags, sender, NULL, buffer, true);
    NULL_FAILS(questdb_sender_flush_and_keep_with_flags, buffer, sender, NULL, true);
    NULL_FAILS(questdb_sender_begin, sender, NULL, T);
    NULL_FAILS(questdb_sender_begin, table, sender, NULL, 1);
    NULL_IS(questdb_sender_in_transaction, sender, false, NULL);
    NULL_FAILS(questdb_sender_commit, sender, NULL);
    NULL_FAILS(questdb_sender_rollback, sender, NULL);
    NULL_IS(questdb_sender_stat, sender, 0, NULL, QUESTDB_STAT_FLUSHES);
    NULL_FAILS(questdb_sender_last_error, sender, NULL, &last);
    NULL_FAILS(questdb_sender_last_error, last, sender, NULL);
    NULL_FAILS(questdb_sender_close, sender, NULL, 1, &rows);
    CHECK(rows == 0);
    CHECK(made == NULL && made_buffer == NULL && last == NULL);
    questdb_sender *closing = NULL;
    OK(questdb_sender_new(config, &closing));
    NULL_OK(questdb_sender_close, unconfirmed_rows, closing, 1, NULL);
    questdb_sender_free(closing);
    NULL_FAILS(questdb_sender_connect, sender, NULL);
    NULL_IGNORED(questdb_sender_cancel, sender, NULL);
    NULL_IGNORED(questdb_sender_free, sender, NULL);
}

static void null_pool(void) {
    questdb_pool *pool = NULL, *made = NULL;
    questdb_buffer *made_buffer = NULL, *rows = NULL;
    questdb_sender *made_sender = NULL;
    questdb_submit how = {0};
    questdb_completion done = {0};
    questdb_pool_report report = {0};
    intptr_t handle = 0;
    uint64_t number = 9;
    size_t count = 9;
    OK(questdb_pool_new(config, &pool));
    OK(questdb_pool_new_buffer(pool, &rows));
    NULL_FAILS(questdb_pool_from_conf, conf, NULL, 5, &made);
    NULL_FAILS(questdb_pool_from_conf, pool, QUESTDB_STR("http::addr=h;"), NULL);
    NULL_FAILS(questdb_pool_new, config, NULL, &made);
    NULL_FAILS(questdb_pool_new, pool, config, NULL);
    NULL_FAILS(questdb_pool_new_buffer, pool, NULL, &made_buffer);
    NULL_FAILS(questdb_pool_new_buffer, buffer, pool, NULL);
    NULL_FAILS(questdb_pool_new_sender, pool, NULL, &made_sender);
    NULL_FAILS(questdb_pool_new_sender, sender, pool, NULL);
    CHECK(made == NULL && made_buffer == NULL && made_sender == NULL);
    NULL_FAILS(questdb_pool_submit, pool, NULL, rows, &how, &number);
    CHECK(number == 0);
    NULL_FAILS(questdb_pool_submit, buffer, pool, NULL, &how, &number);
    FAILS(INVALID_ARGUMENT, questdb_pool_submit(pool, rows, &how, &number)); /* its size is not set */
    FAILS(INVALID_ARGUMENT, questdb_pool_submit(pool, questdb_sender_buffer(sender), NULL, &number));
    NULL_FAILS(questdb_pool_next, pool, NULL, 0, &done, 1, &count);
    CHECK(count == 0);
    FAILS(INVALID_ARGUMENT, questdb_pool_next(pool, 0, &done, 1, &count)); /* its size is not set */
    done.size = sizeof done;
    NULL_FAILS(questdb_pool_next, completions, pool, 0, NULL, 1, &count);
    NULL_FAILS(questdb_pool_next, count, pool, 0, &done, 1, NULL);
    FAILS(INVALID_ARGUMENT, questdb_pool_next(pool, 0, &done, 0, &count));
    OK(questdb_pool_next(pool, 0, &done, 1, &count));
    CHECK(count == 0);
    NULL_FAILS(questdb_pool_wait, pool, NULL, 1, 0, &done);
    NULL_FAILS(questdb_pool_wait, completion, pool, 1, 0, NULL);
    FAILS(INVALID_ARGUMENT, questdb_pool_wait(pool, 0, 0, &done));
    FAILS(INVALID_STATE, questdb_pool_wait(pool, 77, 0, &done));
    NULL_FAILS(questdb_pool_handle, pool, NULL, &handle);
    CHECK(handle == -1);
    NULL_FAILS(questdb_pool_handle, handle, pool, NULL);
    NULL_FAILS(questdb_pool_cancel, pool, NULL, 1, true);
    FAILS(INVALID_ARGUMENT, questdb_pool_cancel(pool, 0, true));
    OK(questdb_pool_cancel(pool, 77, true));
    NULL_FAILS(questdb_pool_drain, pool, NULL, 0);
    OK(questdb_pool_drain(pool, 0));
    NULL_FAILS(questdb_pool_close, pool, NULL, 0, &report);
    FAILS(INVALID_ARGUMENT, questdb_pool_close(pool, 0, &report)); /* its size is not set */
    NULL_OK(questdb_pool_submit, how, pool, rows, NULL, &number);
    NULL_OK(questdb_pool_submit, batch, pool, rows, NULL, NULL);
    OK(questdb_pool_drain(pool, 10000));
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_UNREAD_COMPLETIONS) == 2);
    NULL_IS(questdb_pool_stat, pool, 0, NULL, QUESTDB_POOL_COUNTER_WORKERS);
    NULL_IS(questdb_pool_stat, pool, 0, NULL, QUESTDB_POOL_COUNTER_ACQUIRE_TIMEOUT_MILLIS);
    CHECK(questdb_pool_stat(pool, 99) == 0);
    NULL_OK(questdb_pool_close, report, pool, 0, NULL);
    FAILS(INVALID_STATE, questdb_pool_submit(pool, rows, NULL, &number));
    NULL_IGNORED(questdb_pool_free, pool, NULL);
    questdb_pool_free(pool);
    questdb_buffer_free(rows);
}

/* Texts that no function may accept, and the error for each kind of argument. */
enum kind { NAME, VALUE, DECIMAL, WHOLE };

static const struct bad_text {
    const char *ptr;
    size_t len;
    uint32_t code[4]; /* one for each kind */
} bad_texts[] = {
#define ALL(code) {QUESTDB_ERROR_CODE_##code, QUESTDB_ERROR_CODE_##code, QUESTDB_ERROR_CODE_##code, QUESTDB_ERROR_CODE_##code}
#define EACH(a, b, c, d) {QUESTDB_ERROR_CODE_##a, QUESTDB_ERROR_CODE_##b, QUESTDB_ERROR_CODE_##c, QUESTDB_ERROR_CODE_##d}
    {NULL, 1, ALL(INVALID_ARGUMENT)},
    {NULL, SIZE_MAX, ALL(INVALID_ARGUMENT)},
    {"a", SIZE_MAX, ALL(INVALID_ARGUMENT)},
    {"a", (size_t)PTRDIFF_MAX + 1, ALL(INVALID_ARGUMENT)},
    /* Lengths that memory could have, but no valid argument has: they must be refused before a byte is read. */
    {"a", PTRDIFF_MAX, EACH(INVALID_NAME, LIMIT_EXCEEDED, INVALID_DECIMAL, INVALID_ARGUMENT)},
    {"a", (size_t)5 << 30, EACH(INVALID_NAME, LIMIT_EXCEEDED, INVALID_DECIMAL, INVALID_ARGUMENT)},
    /* A stray byte, a truncated character, an overlong form, a surrogate, a code point beyond the last one. */
    {"a\xff", 2, EACH(INVALID_UTF8, INVALID_UTF8, INVALID_DECIMAL, INVALID_UTF8)},
    {"a\xe2\x82", 3, EACH(INVALID_UTF8, INVALID_UTF8, INVALID_DECIMAL, INVALID_UTF8)},
    {"\xc0\xaf", 2, EACH(INVALID_UTF8, INVALID_UTF8, INVALID_DECIMAL, INVALID_UTF8)},
    {"\xed\xa0\x80", 3, EACH(INVALID_UTF8, INVALID_UTF8, INVALID_DECIMAL, INVALID_UTF8)},
    {"\xf4\x90\x80\x80", 4, EACH(INVALID_UTF8, INVALID_UTF8, INVALID_DECIMAL, INVALID_UTF8)},
};

/* Makes a call with each bad text as P, N. */
#define BAD_TEXTS(kind, call) \
    for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) { \
        const char *const P = bad_texts[i].ptr; \
        const size_t N = bad_texts[i].len; \
        questdb_buffer *before = snapshot(); \
        keeps((call), bad_texts[i].code[kind], before, #call, __LINE__); \
        questdb_buffer_free(before); \
    }

static void bad_text(void) {
    static const size_t shape[] = {1};
    static const double one = 1.0;
    const questdb_array array = {1, shape, NULL, (const uint8_t *)&one, sizeof one, 0};
    questdb_config *made = NULL;
    questdb_sender *made_sender = NULL;
    questdb_table_name *made_table = NULL;
    questdb_column_name *made_column = NULL;
    questdb_row_layout *made_layout = NULL;
    BAD_TEXTS(NAME, questdb_buffer_symbol(buffer, P, N, T));
    BAD_TEXTS(NAME, questdb_buffer_column_bool(buffer, P, N, true));
    BAD_TEXTS(NAME, questdb_buffer_column_i64(buffer, P, N, 1));
    BAD_TEXTS(NAME, questdb_buffer_column_f64(buffer, P, N, 1.0));
    BAD_TEXTS(NAME, questdb_buffer_column_str(buffer, P, N, T));
    BAD_TEXTS(NAME, questdb_buffer_column_ts_micros(buffer, P, N, 1));
    BAD_TEXTS(NAME, questdb_buffer_column_ts_nanos(buffer, P, N, 1));
    BAD_TEXTS(NAME, questdb_buffer_column_f64_arr(buffer, P, N, &array));
    BAD_TEXTS(NAME, questdb_buffer_column_dec_str(buffer, P, N, QUESTDB_STR("1")));
    BAD_TEXTS(NAME, questdb_buffer_column_dec(buffer, P, N, 0, (const uint8_t *)"1", 1));
    BAD_TEXTS(NAME, questdb_buffer_column_dec_i64(buffer, P, N, 0, 1));
    BAD_TEXTS(NAME, questdb_buffer_column_dec_i128(buffer, P, N, 0, 0, 1));
    BAD_TEXTS(NAME, questdb_table_name_new(P, N, &made_table));
    BAD_TEXTS(NAME, questdb_column_name_new(P, N, &made_column));
    BAD_TEXTS(NAME, questdb_row_layout_new(P, N, QUESTDB_STAMP_NANOS, &made_layout));
    BAD_TEXTS(NAME, questdb_row_layout_add(layout, P, N, QUESTDB_COLUMN_KIND_I64));
    CHECK(questdb_row_layout_column_count(layout) == 1);
    BAD_TEXTS(VALUE, questdb_buffer_symbol(buffer, T, P, N));
    BAD_TEXTS(VALUE, questdb_buffer_symbol_named(buffer, column, P, N));
    BAD_TEXTS(VALUE, questdb_buffer_column_str(buffer, T, P, N));
    BAD_TEXTS(VALUE, questdb_buffer_column_str_named(buffer, column, P, N));
    BAD_TEXTS(DECIMAL, questdb_buffer_column_dec_str(buffer, T, P, N));
    BAD_TEXTS(DECIMAL, questdb_buffer_column_dec_str_named(buffer, column, P, N));
    BAD_TEXTS(WHOLE, questdb_config_from_conf(P, N, &made));
    BAD_TEXTS(WHOLE, questdb_config_set(config, P, N, T));
    BAD_TEXTS(WHOLE, questdb_config_set(config, QUESTDB_STR("token"), P, N));
    BAD_TEXTS(WHOLE, questdb_sender_from_conf(P, N, &made_sender));
    BAD_TEXTS(WHOLE, questdb_sender_begin(sender, P, N));
    CHECK(!made && !made_sender && !made_table && !made_column && !made_layout);
    /* A table name must come first in a row. */
    OK(questdb_buffer_clear(buffer));
    BAD_TEXTS(NAME, questdb_buffer_table(buffer, P, N));
    OK(questdb_buffer_table(buffer, QUESTDB_STR("t")));

    /* With length 0 the pointer is ignored. An empty value is valid, an empty name is not. */
    const char *const nowhere = (const char *)1;
    questdb_buffer *row = open_row(3);
    OK(questdb_buffer_symbol(row, QUESTDB_STR("s"), NULL, 0));
    OK(questdb_buffer_symbol(row, QUESTDB_STR("s2"), nowhere, 0));
    OK(questdb_buffer_column_str(row, QUESTDB_STR("c"), nowhere, 0));
    OK(questdb_buffer_column_dec(row, QUESTDB_STR("d"), 0, NULL, 0));
    FAILS(INVALID_NAME, questdb_buffer_column_i64(row, nowhere, 0, 1));
    FAILS(INVALID_NAME, questdb_buffer_column_i64(row, NULL, 0, 1));
    FAILS(INVALID_DECIMAL, questdb_buffer_column_dec_str(row, QUESTDB_STR("e"), NULL, 0));
    FAILS(CONFIG, questdb_config_from_conf(NULL, 0, &made));
    questdb_buffer_free(row);
}

static void wrong_order(void) {
    questdb_buffer *b = NULL;
    OK(questdb_buffer_new(3, &b));
    FAILS(INVALID_STATE, questdb_buffer_symbol(b, T, T));
    FAILS(INVALID_STATE, questdb_buffer_column_i64(b, T, 1));
    FAILS(INVALID_STATE, questdb_buffer_at_now(b));
    FAILS(INVALID_STATE, questdb_buffer_at_nanos(b, 1));
    FAILS(INVALID_STATE, questdb_buffer_at_micros(b, 1));
    FAILS(INVALID_STATE, questdb_buffer_rewind_to_marker(b));
    OK(questdb_buffer_set_marker(b));
    OK(questdb_buffer_table(b, T));
    FAILS(INVALID_STATE, questdb_buffer_table(b, T));
    FAILS(INVALID_STATE, questdb_buffer_table_named(b, table));
    FAILS(INVALID_STATE, questdb_buffer_at_now(b));
    FAILS(INVALID_STATE, questdb_buffer_set_marker(b));
    FAILS(INVALID_STATE, questdb_buffer_check_flushable(b));
    OK(questdb_buffer_column_i64(b, T, 1));
    FAILS(INVALID_STATE, questdb_buffer_symbol(b, T, T));
    FAILS(INVALID_STATE, questdb_buffer_symbol_named(b, column, T));
    FAILS(INVALID_TIMESTAMP, questdb_buffer_at_nanos(b, -1));
    FAILS(INVALID_TIMESTAMP, questdb_buffer_at_micros(b, INT64_MIN));
    FAILS(INVALID_STATE, questdb_sender_flush(sender, b));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep(sender, b));
    CHECK(questdb_buffer_is_row_open(b));
    OK(questdb_buffer_drop_row(b));
    OK(questdb_buffer_drop_row(b)); /* nothing to drop */
    CHECK(!questdb_buffer_is_row_open(b) && questdb_buffer_len(b) == 0);
    for (int64_t n = 1; n <= 3; n++) {
        OK(questdb_buffer_table(b, T));
        OK(questdb_buffer_column_i64(b, T, n));
        OK(questdb_buffer_at_now(b));
    }
    OK(questdb_buffer_table(b, T)); /* an open row stays */
    FAILS(INVALID_ARGUMENT, questdb_buffer_remove_rows(b, 0, 1));
    FAILS(INVALID_ARGUMENT, questdb_buffer_remove_rows(b, 1, 0));
    FAILS(INVALID_ARGUMENT, questdb_buffer_remove_rows(b, 1, 4));
    FAILS(INVALID_ARGUMENT, questdb_buffer_remove_rows(b, 4, 1));
    FAILS(INVALID_ARGUMENT, questdb_buffer_remove_rows(b, 2, SIZE_MAX));
    OK(questdb_buffer_remove_rows(b, 2, 1));
    CHECK(questdb_buffer_row_count(b) == 2 && questdb_buffer_is_row_open(b));
    OK(questdb_buffer_rewind_to_marker(b));
    CHECK(questdb_buffer_len(b) == 0);
    OK(questdb_buffer_check_flushable(b));
    OK(questdb_sender_flush(sender, b)); /* empty: nothing to send */
    OK(questdb_buffer_clear_marker(b));
    FAILS(INVALID_STATE, questdb_buffer_rewind_to_marker(b));
    questdb_buffer_free(b);
    /* Version 1 has no arrays and no decimals, version 2 has no decimals. */
    b = open_row(2);
    FAILS(PROTOCOL_VERSION, questdb_buffer_column_dec_i64(b, T, 0, 1));
    questdb_buffer_free(b);
}

static void wrong_order_of_senders(void) {
    questdb_sender *s = NULL;
    uint64_t unconfirmed = 0;
    OK(questdb_sender_new(config, &s));
    questdb_buffer *own = questdb_sender_buffer(s);
    CHECK(own && own == questdb_sender_buffer(s));
    questdb_buffer_free(own); /* the buffer is lent, so this does nothing */
    CHECK(questdb_buffer_protocol_version(own) == 3);
    FAILS(INVALID_STATE, questdb_sender_at_now(s));
    FAILS(INVALID_STATE, questdb_sender_commit(s));
    FAILS(INVALID_STATE, questdb_sender_rollback(s));
    FAILS(INVALID_NAME, questdb_sender_begin(s, QUESTDB_STR("a?b")));
    OK(questdb_sender_begin(s, QUESTDB_STR("t")));
    CHECK(questdb_sender_in_transaction(s));
    FAILS(INVALID_STATE, questdb_sender_begin(s, QUESTDB_STR("t")));
    OK(questdb_buffer_table(own, QUESTDB_STR("t")));
    OK(questdb_buffer_column_i64(own, QUESTDB_STR("x"), 1));
    FAILS(INVALID_STATE, questdb_sender_commit(s));
    OK(questdb_sender_at_nanos(s, 1));
    /* The rows of an open transaction cannot be flushed in another way. */
    FAILS(INVALID_STATE, questdb_sender_flush_own(s));
    FAILS(INVALID_STATE, questdb_sender_flush(s, own));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep(s, own));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep_with_flags(s, own, true));
    CHECK(questdb_buffer_row_count(own) == 1);
    /* Nobody listens: the commit fails, and the transaction stays open with its rows. */
    FAILS(CONNECTION, questdb_sender_commit(s));
    CHECK(questdb_sender_in_transaction(s) && questdb_buffer_row_count(own) == 1);
    OK(questdb_sender_rollback(s));
    CHECK(!questdb_sender_in_transaction(s) && questdb_buffer_row_count(own) == 0);
    /* An independent copy of the sender's buffer belongs to the caller. */
    questdb_buffer *copy = NULL;
    OK(questdb_buffer_clone(own, &copy));
    OK(questdb_buffer_table(own, QUESTDB_STR("t")));
    OK(questdb_buffer_column_i64(own, QUESTDB_STR("x"), 1));
    OK(questdb_sender_at_micros(s, 1));
    FAILS(CONNECTION, questdb_sender_flush(s, own));
    FAILS(CONNECTION, questdb_sender_flush_and_keep_with_flags(s, own, true));
    CHECK(questdb_buffer_row_count(own) == 1);
    FAILS(CONNECTION, questdb_sender_close(s, 1000, &unconfirmed));
    CHECK(unconfirmed == 1);
    unconfirmed = 0;
    FAILS(INVALID_STATE, questdb_sender_close(s, 1000, &unconfirmed)); /* closed already; the row is still in the buffer */
    CHECK(unconfirmed == 1 && questdb_buffer_row_count(own) == 1);
    FAILS(INVALID_STATE, questdb_buffer_table(own, QUESTDB_STR("t")));
    FAILS(INVALID_STATE, questdb_sender_at_micros(s, 1));
    OK(questdb_buffer_clear(own));
    OK(questdb_sender_close(s, 1000, &unconfirmed));
    CHECK(unconfirmed == 0);
    FAILS(INVALID_STATE, questdb_buffer_table(own, QUESTDB_STR("t")));
    FAILS(INVALID_STATE, questdb_sender_flush(s, own));
    FAILS(INVALID_STATE, questdb_sender_flush(s, copy));
    FAILS(INVALID_STATE, questdb_sender_flush_own(s));
    questdb_error *last = NULL;
    OK(questdb_sender_last_error(s, &last));
    CHECK(questdb_error_get_code(last) == QUESTDB_ERROR_CODE_CONNECTION);
    CHECK(questdb_error_outcome(last) == QUESTDB_OUTCOME_NOT_SENT);
    CHECK(questdb_error_attempts(last) >= 1);
    CHECK(questdb_error_http_status(last) == 0 && !questdb_error_in_doubt(last));
    CHECK(questdb_sender_stat(s, QUESTDB_STAT_FAILED_FLUSHES) >= 3);
    questdb_sender_free(s);
    questdb_error_free(last); /* the error outlives its sender */
    CHECK(questdb_buffer_row_count(copy) == 0);
    questdb_buffer_free(copy);
}

static void numbers_out_of_range(void) {
    questdb_buffer *b = NULL;
    questdb_row_layout *made = NULL;
    static const uint32_t versions[] = {0, 4, 256, 257, UINT32_MAX};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        FAILS(INVALID_ARGUMENT, questdb_buffer_new(versions[i], &b));
        FAILS(INVALID_ARGUMENT, questdb_buffer_with_limits(versions[i], 127, 1024, 4096, &b));
    }
    FAILS(INVALID_ARGUMENT, questdb_row_layout_new(T, 0, &made));
    FAILS(INVALID_ARGUMENT, questdb_row_layout_new(T, 4, &made));
    FAILS(INVALID_ARGUMENT, questdb_row_layout_new(T, UINT32_MAX, &made));
    FAILS(INVALID_ARGUMENT, questdb_row_layout_add(layout, T, 0));
    FAILS(INVALID_ARGUMENT, questdb_row_layout_add(layout, T, 10));
    FAILS(INVALID_ARGUMENT, questdb_row_layout_add(layout, T, UINT32_MAX));
    CHECK(b == NULL && made == NULL && questdb_row_layout_column_count(layout) == 1);
    KEEPS(INVALID_DECIMAL, questdb_buffer_column_dec_i64(buffer, T, 77, 1));
    KEEPS(INVALID_DECIMAL, questdb_buffer_column_dec_i64(buffer, T, UINT32_MAX, 1));
    KEEPS(INVALID_DECIMAL, questdb_buffer_column_dec_i128(buffer, T, 77, 0, 1));
    KEEPS(INVALID_DECIMAL, questdb_buffer_column_dec(buffer, T, 77, (const uint8_t *)"1", 1));
    KEEPS(INVALID_DECIMAL, questdb_buffer_column_dec(buffer, T, 0, (const uint8_t *)"1", 33));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_column_dec(buffer, T, 0, (const uint8_t *)"1", SIZE_MAX));
    CHECK(questdb_sender_stat(sender, 13) == 0 && questdb_sender_stat(sender, UINT32_MAX) == 0);
    CHECK(strcmp(questdb_error_code_name(0), "UNKNOWN") == 0);
    CHECK(strcmp(questdb_error_code_name(UINT32_MAX), "UNKNOWN") == 0);
    CHECK(strcmp(questdb_error_code_name(QUESTDB_ERROR_CODE_INVALID_UTF8), "INVALID_UTF8") == 0);
    CHECK(strcmp(questdb_outcome_name(0), "IN_DOUBT") == 0);
    CHECK(strcmp(questdb_outcome_name(77), "IN_DOUBT") == 0);
    CHECK(strcmp(questdb_outcome_name(QUESTDB_OUTCOME_COMMITTED), "COMMITTED") == 0);
}

static void memory_that_cannot_be_had(void) {
    questdb_buffer *b = NULL;
    KEEPS(LIMIT_EXCEEDED, questdb_buffer_reserve(buffer, SIZE_MAX));
    KEEPS(LIMIT_EXCEEDED, questdb_buffer_reserve(buffer, (size_t)5 << 30));
    KEEPS(LIMIT_EXCEEDED, questdb_buffer_reserve(buffer, (100u << 20)));
    OK(questdb_buffer_reserve(buffer, 0));
    FAILS(INVALID_ARGUMENT, questdb_buffer_with_limits(1, 127, 4096, 1024, &b));
    FAILS(OUT_OF_MEMORY, questdb_buffer_with_limits(1, 127, SIZE_MAX, SIZE_MAX, &b));
    FAILS(OUT_OF_MEMORY, questdb_buffer_with_limits(1, 127, NOBODY_HAS, SIZE_MAX, &b));
    CHECK(b == NULL);
    OK(questdb_buffer_with_limits(1, 127, 0, SIZE_MAX, &b));
    FAILS(OUT_OF_MEMORY, questdb_buffer_reserve(b, SIZE_MAX));
    FAILS(OUT_OF_MEMORY, questdb_buffer_reserve(b, NOBODY_HAS));
    questdb_error *err = questdb_buffer_reserve(b, (size_t)5 << 30); /* some machines have that much memory */
    CHECK(!err || questdb_error_get_code(err) == QUESTDB_ERROR_CODE_OUT_OF_MEMORY);
    questdb_error_free(err);
    questdb_buffer_free(b);
    /* The limit also applies while rows are built. */
    OK(questdb_buffer_with_limits(1, 16, 64, 64, &b));
    CHECK(questdb_buffer_max_name_len(b) == 16 && questdb_buffer_max_buf_size(b) == 64);
    CHECK(questdb_buffer_init_buf_size(b) == 64 && questdb_buffer_capacity(b) >= 64);
    OK(questdb_buffer_table(b, QUESTDB_STR("t")));
    FAILS(INVALID_NAME, questdb_buffer_column_i64(b, QUESTDB_STR("seventeen_letters"), 1));
    static const char long_text[100] = "x";
    FAILS(LIMIT_EXCEEDED, questdb_buffer_column_str(b, QUESTDB_STR("c"), long_text, sizeof long_text));
    OK(questdb_buffer_column_i64(b, QUESTDB_STR("c"), 1));
    CHECK(questdb_buffer_len(b) == 6);
    questdb_buffer_free(b);
}

static void bad_arrays(void) {
    static const size_t shape[] = {2, 2}, huge[] = {SIZE_MAX, SIZE_MAX}, none[] = {0, 2};
    static const ptrdiff_t strides[] = {16, 8}, far[] = {PTRDIFF_MAX, PTRDIFF_MIN}, back[] = {-16, 8}, zero[] = {0, 0};
    static const double data[4] = {1, 2, 3, 4};
    const questdb_array good = {2, shape, strides, (const uint8_t *)data, sizeof data, 0};
    questdb_array a = good;
    questdb_buffer *b = open_row(3);
    OK(questdb_buffer_column_f64_arr(b, QUESTDB_STR("ok"), &a));
    a.strides = zero;
    OK(questdb_buffer_column_f64_arr(b, QUESTDB_STR("zero"), &a));
    a.shape = none;
    OK(questdb_buffer_column_f64_arr(b, QUESTDB_STR("none"), &a));
    questdb_buffer_free(b);
#define BAD(code, field, value) \
    a = good; \
    a.field = (value); \
    KEEPS(code, questdb_buffer_column_f64_arr(buffer, T, &a)); \
    KEEPS(code, questdb_buffer_column_f64_arr_named(buffer, column, &a))
    BAD(INVALID_ARRAY, dims, 0);
    BAD(INVALID_ARRAY, dims, 33);
    BAD(INVALID_ARRAY, dims, PTRDIFF_MAX / sizeof(size_t));
    BAD(INVALID_ARGUMENT, dims, SIZE_MAX);
    BAD(INVALID_ARRAY, shape, huge);
    BAD(INVALID_ARRAY, strides, far);
    BAD(INVALID_ARRAY, strides, back);
    BAD(INVALID_ARRAY, data_len, sizeof data - 1);
    BAD(INVALID_ARGUMENT, data_len, SIZE_MAX);
    BAD(INVALID_ARRAY, origin, 8);
    BAD(INVALID_ARRAY, origin, SIZE_MAX);
    /* Misaligned pointers: doubles may be anywhere, everything else must be aligned. */
    static uint64_t room[16];
    char *const odd = (char *)room + 1;
    memcpy(odd, shape, sizeof shape);
    BAD(INVALID_ARGUMENT, shape, (const size_t *)(void *)odd);
    memcpy(odd, strides, sizeof strides);
    BAD(INVALID_ARGUMENT, strides, (const ptrdiff_t *)(void *)odd);
    memcpy(odd, &good, sizeof good);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_column_f64_arr(buffer, T, (const questdb_array *)(void *)odd));
    memcpy(odd, data, sizeof data);
    a = good;
    a.data = (const uint8_t *)odd;
    b = open_row(2);
    OK(questdb_buffer_column_f64_arr(b, T, &a));
    questdb_buffer_free(b);
}

static void bad_rows(void) {
    static const int64_t values[] = {1, 2}, times[] = {1, 2};
    static const int32_t offsets[] = {0, 1, 2}, falling[] = {0, 2, 1}, far[] = {0, 1, 99}, minus[] = {-1, 1, 2};
    questdb_cell cells[2];
    memset(cells, 0, sizeof cells);
    OK(questdb_buffer_clear(buffer));
    /* A layout with one column of integers. */
    static const uint32_t wrong[] = {QUESTDB_CELL_KIND_BOOL, QUESTDB_CELL_KIND_F64, QUESTDB_CELL_KIND_TEXT, 7, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cells[0].kind = wrong[i];
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, cells, 1, 1));
    }
    cells[0].kind = QUESTDB_CELL_KIND_ARRAY;
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, cells, 1, 1));
    cells[0].kind = QUESTDB_CELL_KIND_I64;
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, cells, 0, 1));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, cells, 2, 1));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, cells, SIZE_MAX, 1));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_row(buffer, layout, (questdb_cell *)(void *)((char *)cells + 1), 1, 1));
    KEEPS(INVALID_TIMESTAMP, questdb_buffer_append_row(buffer, layout, cells, 1, -1));
    OK(questdb_buffer_append_row(buffer, layout, cells, 1, 1));
    CHECK(questdb_buffer_row_count(buffer) == 1);
    KEEPS(INVALID_NAME, questdb_row_layout_add(layout, QUESTDB_STR("c"), QUESTDB_COLUMN_KIND_STR)); /* added before */

    questdb_column_data data;
#define FRESH(values_kind, pointer) (memset(&data, 0, sizeof data), data.kind = (values_kind), data.values = (pointer))
    FRESH(99, values);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 1, times));
    FRESH(QUESTDB_VALUES_KIND_F64, values);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 1, times));
    FRESH(QUESTDB_VALUES_KIND_I64, NULL);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 1, times));
    FRESH(QUESTDB_VALUES_KIND_I64, (const char *)values + 1);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 1, &data, 1, times));
    FRESH(QUESTDB_VALUES_KIND_I64, values);
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, SIZE_MAX, &data, 1, times));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 0, times));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 2, times));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, SIZE_MAX, times));
    KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, layout, 2, &data, 1, NULL));
    OK(questdb_buffer_append_columns(buffer, layout, 2, &data, 1, times));
    OK(questdb_buffer_append_columns(buffer, layout, 0, &data, 1, times));

    /* A layout with one column of text: offsets that decrease, that are outside of the text, that are negative; widths
     * that do not exist. */
    questdb_row_layout *texts = NULL;
    OK(questdb_row_layout_new(QUESTDB_STR("t"), QUESTDB_STAMP_NOW, &texts));
    OK(questdb_row_layout_add(texts, QUESTDB_STR("s"), QUESTDB_COLUMN_KIND_STR));
    static const struct {
        const void *offsets;
        uint32_t width;
    } bad[] = {{falling, 4}, {far, 4}, {minus, 4}, {offsets, 0}, {offsets, 3}, {offsets, UINT32_MAX}, {NULL, 4}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FRESH(QUESTDB_VALUES_KIND_TEXT, NULL);
        data.offsets = bad[i].offsets;
        data.offset_width = bad[i].width;
        data.text = (const uint8_t *)"ab";
        data.text_len = 2;
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
        /* The same offsets with a dictionary. Its codes must be less than its length. */
        static const uint8_t codes[] = {0, 1};
        data.kind = QUESTDB_VALUES_KIND_DICTIONARY;
        data.values = codes;
        data.width = 1;
        data.dictionary_len = 2;
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
        data.offsets = offsets;
        data.offset_width = 4;
        data.dictionary_len = 1;
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
        data.dictionary_len = SIZE_MAX;
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
        data.dictionary_len = 2;
        data.width = 3;
        KEEPS(INVALID_ARGUMENT, questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
        data.width = 1;
        OK(questdb_buffer_append_columns(buffer, texts, 2, &data, 1, NULL));
    }
    questdb_row_layout_free(texts);
    OK(questdb_buffer_clear(buffer));
    OK(questdb_buffer_table(buffer, QUESTDB_STR("t")));
}

/* Handles are independent, out parameters are written and not read, and text lives as long as its handle. */
static void ownership(void) {
    questdb_config *c = (questdb_config *)1;
    questdb_sender *s = (questdb_sender *)1;
    FAILS(CONFIG, questdb_config_from_conf(QUESTDB_STR("nonsense"), &c));
    CHECK(c == NULL);
    FAILS(CONFIG, questdb_sender_from_conf(QUESTDB_STR("http::addr=h;tokn=secret;"), &s));
    CHECK(s == NULL);
    OK(questdb_config_new(&c));
    FAILS(CONFIG, questdb_config_validate(c));
    FAILS(CONFIG, questdb_config_set(c, QUESTDB_STR("no_such_key"), T));
    OK(questdb_config_set(c, QUESTDB_STR("protocol"), QUESTDB_STR("http")));
    OK(questdb_config_set(c, QUESTDB_STR("addr"), QUESTDB_STR("127.0.0.1:1")));
    OK(questdb_config_set(c, QUESTDB_STR("protocol_version"), QUESTDB_STR("1")));
    OK(questdb_config_validate(c));
    OK(questdb_sender_new(c, &s));
    questdb_config_free(c); /* the sender does not need it any more */
    CHECK(questdb_sender_max_name_len(s) == 127);
    questdb_buffer *b = NULL;
    OK(questdb_sender_new_buffer(s, &b));
    questdb_sender_free(s); /* the buffer does not need the sender either */
    OK(questdb_buffer_table_named(b, table));
    OK(questdb_buffer_column_bool_named(b, column, true));
    OK(questdb_buffer_at_now(b));
    CHECK(questdb_buffer_is_transactional(b) && questdb_buffer_row_count(b) == 1);
    /* A misaligned out parameter, which other languages may pass. */
    char room[2 * sizeof(void *)];
    OK(questdb_buffer_clone(b, (questdb_buffer **)(void *)(room + 1)));
    questdb_buffer_free(b);
    memcpy(&b, room + 1, sizeof b);
    CHECK(questdb_buffer_len(b) == sizeof "t c=t\n" - 1);
    questdb_buffer_free(b);
    /* Messages must not repeat secrets, and their text ends with a NUL. */
    questdb_error *err = questdb_sender_from_conf(QUESTDB_STR("http::addr=h;token=hunter2;username=x;"), &s);
    CHECK(err && !strstr(questdb_error_message(err), "hunter2"));
    CHECK(questdb_error_message(err) == questdb_error_message(err));
    CHECK(questdb_error_table(err) == NULL && questdb_error_server_error_id(err) == NULL);
    CHECK(questdb_error_server_code(err) == NULL && questdb_error_retry_after_millis(err) == -1);
    questdb_error_free(err);
    /* A NUL within a text that a message repeats must not cut off the message. */
    err = questdb_buffer_symbol(buffer, "a\0b?", 4, T);
    CHECK(err && strstr(questdb_error_message(err), "b?"));
    questdb_error_free(err);
    CHECK(questdb_abi_version() == QUESTDB_ABI_VERSION);
    CHECK(strcmp(questdb_version(), QUESTDB_VERSION) == 0);
}

static void null_handles(void) {
    null_errors();
    null_config();
    null_names();
    null_buffer();
}

static void null_pointers(void) {
    null_columns();
    null_rows();
    null_arrow();
    null_sender();
    null_pool();
}

static void beyond_memory(void) {
    bad_arrays();
    bad_rows();
}

int main(int count, char **arguments) {
    choose_rows(count, arguments);
    set_up();
    row("A1", "NULL handles", null_handles);
    row("A2", "NULL for every other pointer", null_pointers);
    row("A3", "lengths and texts that cannot be", bad_text);
    row("A4", "wrong order of a row's calls", wrong_order);
    row("A5", "wrong order of a sender's calls", wrong_order_of_senders);
    row("A6", "enum values and numbers out of range", numbers_out_of_range);
    row("A7", "reserve(huge), beyond limits", memory_that_cannot_be_had);
    row("A8", "arrays and columns beyond their memory", beyond_memory);
    row("A9", "handles freed in any order", ownership);
    tear_down();
    return verdict_of_rows("conventions");
}
