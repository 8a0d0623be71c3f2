package questdb.ingress;

import java.lang.reflect.Proxy;

/**
 * The functions of questdb_ingress.h that are not on the way of a row. Nothing is written for them in either implementation:
 * name and types of the methods here say how C is called, at the cost of a microsecond.
 */
interface Rare {
    Rare C = (Rare) Proxy.newProxyInstance(Rare.class.getClassLoader(), new Class<?>[] {Rare.class},
            (proxy, method, arguments) -> Native.C.call(method, arguments));

    long questdb_version();

    int questdb_abi_version();

    void questdb_error_free(long error);

    int questdb_error_get_code(long error);

    long questdb_error_code_name(int code);

    long questdb_error_message(long error);

    int questdb_error_outcome(long error);

    long questdb_outcome_name(int outcome);

    boolean questdb_error_retryable(long error);

    boolean questdb_error_in_doubt(long error);

    boolean questdb_error_row_accepted(long error);

    long questdb_error_rows_accepted(long error);

    int questdb_error_attempts(long error);

    int questdb_error_in_doubt_attempts(long error);

    int questdb_error_http_status(long error);

    long questdb_error_retry_after_millis(long error);

    long questdb_error_server_error_id(long error);

    long questdb_error_server_code(long error);

    long questdb_error_server_line(long error);

    long questdb_error_table(long error);

    long questdb_error_bytes_sent(long error);

    long questdb_error_elapsed_millis(long error);

    long questdb_error_earlier_rows_in_doubt(long error);

    long questdb_config_new(long config);

    long questdb_config_from_conf(long conf, long len, long config);

    long questdb_config_from_env(long config);

    long questdb_config_clone(long config, long copy);

    long questdb_config_set(long config, long key, long keyLen, long value, long valueLen);

    long questdb_config_validate(long config);

    void questdb_config_free(long config);

    long questdb_buffer_new(int protocolVersion, long buffer);

    long questdb_buffer_with_limits(int protocolVersion, long maxNameLen, long initBufSize, long maxBufSize, long buffer);

    long questdb_buffer_clone(long buffer, long copy);

    void questdb_buffer_free(long buffer);

    long questdb_buffer_reserve(long buffer, long additional);

    long questdb_buffer_set_marker(long buffer);

    long questdb_buffer_rewind_to_marker(long buffer);

    long questdb_buffer_clear_marker(long buffer);

    long questdb_buffer_clear(long buffer);

    long questdb_buffer_drop_row(long buffer);

    boolean questdb_buffer_is_row_open(long buffer);

    long questdb_buffer_remove_rows(long buffer, long first, long count);

    long questdb_buffer_check_flushable(long buffer);

    long questdb_buffer_len(long buffer);

    long questdb_buffer_capacity(long buffer);

    boolean questdb_buffer_is_transactional(long buffer);

    int questdb_buffer_protocol_version(long buffer);

    long questdb_buffer_max_name_len(long buffer);

    long questdb_buffer_init_buf_size(long buffer);

    long questdb_buffer_max_buf_size(long buffer);

    long questdb_buffer_peek(long buffer, long len);

    long questdb_buffer_append_columns(long buffer, long layout, long rows, long columns, long count, long at);

    long questdb_buffer_arrow(long buffer, long array, long schema, long options);

    long questdb_buffer_arrow_stream(long buffer, long stream, long options);

    long questdb_arrow_options_new(long options);

    long questdb_arrow_options_table(long options, long name, long len);

    long questdb_arrow_options_table_column(long options, long name, long len, long position);

    long questdb_arrow_options_symbols(long options, int symbols);

    long questdb_arrow_options_symbol_column(long options, long name, long len, long position);

    long questdb_arrow_options_at(long options, int stamp, long value);

    long questdb_arrow_options_at_column(long options, long name, long len, long position);

    void questdb_arrow_options_free(long options);

    long questdb_row_layout_new(long table, long len, int stamp, long layout);

    long questdb_row_layout_add(long layout, long name, long len, int kind);

    long questdb_row_layout_column_count(long layout);

    void questdb_row_layout_free(long layout);

    long questdb_sender_from_conf(long conf, long len, long sender);

    long questdb_sender_from_env(long sender);

    long questdb_sender_new(long config, long sender);

    long questdb_sender_buffer(long sender);

    long questdb_sender_new_buffer(long sender, long buffer);

    int questdb_sender_protocol_version(long sender);

    long questdb_sender_max_name_len(long sender);

    long questdb_sender_connect(long sender);

    void questdb_sender_cancel(long sender);

    long questdb_sender_append_columns(long sender, long layout, long rows, long columns, long count, long at);

    long questdb_sender_arrow(long sender, long array, long schema, long options);

    long questdb_sender_arrow_stream(long sender, long stream, long options);

    long questdb_sender_flush_if_due(long sender);

    long questdb_sender_flush_own(long sender);

    long questdb_sender_flush(long sender, long buffer);

    long questdb_sender_flush_and_keep(long sender, long buffer);

    long questdb_sender_flush_and_keep_with_flags(long sender, long buffer, boolean transactional);

    long questdb_sender_begin(long sender, long table, long len);

    boolean questdb_sender_in_transaction(long sender);

    long questdb_sender_commit(long sender);

    long questdb_sender_rollback(long sender);

    long questdb_sender_stat(long sender, int stat);

    long questdb_sender_last_error(long sender, long last);

    long questdb_sender_close(long sender, long timeoutMillis, long unconfirmed);

    void questdb_sender_free(long sender);

    long questdb_pool_from_conf(long conf, long len, long pool);

    long questdb_pool_new(long config, long pool);

    long questdb_pool_new_buffer(long pool, long buffer);

    long questdb_pool_submit(long pool, long buffer, long how, long batch);

    long questdb_pool_next(long pool, long timeoutMillis, long completions, long capacity, long count);

    long questdb_pool_cancel(long pool, long batch, boolean inFlightToo);

    long questdb_pool_close(long pool, long timeoutMillis, long report);

    long questdb_pool_stat(long pool, int counter);

    void questdb_pool_free(long pool);
}
