package questdb.ingress;

import java.nio.ByteBuffer;

/**
 * The functions of questdb_ingress.h under their own names; pointers are addresses. Java 22 and newer call them through the
 * Foreign Function and Memory API, older ones through JNA.
 */
interface Native {
    /** The one implementation that this build holds. */
    Native C = load();

    private static Native load() {
        String kind = Runtime.version().feature() >= 22 ? "Ffm" : "Jna";
        try {
            return (Native) Class.forName("questdb.ingress." + kind + "Native").getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this jar was built for another Java: it has no " + kind + "Native", e);
        }
    }

    /** Where a direct buffer begins. */
    long address(ByteBuffer direct);

    /** Text that ends with a NUL; empty for NULL. */
    String text(long address);

    int questdb_abi_version();

    long questdb_sender_from_conf(long conf, long len, long sender);

    long questdb_sender_buffer(long sender);

    void questdb_sender_free(long sender);

    long questdb_sender_close(long sender, long timeoutMillis, long unconfirmed);

    long questdb_sender_at_nanos(long sender, long nanos);

    long questdb_sender_at_micros(long sender, long micros);

    long questdb_sender_at_now(long sender);

    long questdb_sender_flush_own(long sender);

    long questdb_sender_begin(long sender, long table, long len);

    long questdb_sender_commit(long sender);

    long questdb_sender_rollback(long sender);

    long questdb_sender_stat(long sender, int stat);

    long questdb_sender_append_row(long sender, long layout, long cells, long count, long at);

    long questdb_buffer_set_marker(long buffer);

    long questdb_buffer_rewind_to_marker(long buffer);

    long questdb_buffer_clear(long buffer);

    long questdb_buffer_row_count(long buffer);

    long questdb_buffer_table(long buffer, long name, long len);

    long questdb_buffer_symbol(long buffer, long name, long len, long value, long valueLen);

    long questdb_buffer_column_bool(long buffer, long name, long len, boolean value);

    long questdb_buffer_column_i64(long buffer, long name, long len, long value);

    long questdb_buffer_column_f64(long buffer, long name, long len, double value);

    long questdb_buffer_column_str(long buffer, long name, long len, long value, long valueLen);

    long questdb_buffer_column_ts_micros(long buffer, long name, long len, long micros);

    long questdb_buffer_column_ts_nanos(long buffer, long name, long len, long nanos);

    long questdb_buffer_column_f64_arr(long buffer, long name, long len, long array);

    long questdb_buffer_column_dec_str(long buffer, long name, long len, long value, long valueLen);

    long questdb_buffer_column_dec_i64(long buffer, long name, long len, int scale, long unscaled);

    long questdb_buffer_column_dec(long buffer, long name, long len, int scale, long unscaled, long unscaledLen);

    long questdb_row_layout_new(long table, long len, int stamp, long layout);

    long questdb_row_layout_add(long layout, long name, long len, int kind);

    void questdb_row_layout_free(long layout);

    void questdb_error_free(long error);

    int questdb_error_get_code(long error);

    long questdb_error_message(long error);

    int questdb_error_outcome(long error);

    boolean questdb_error_retryable(long error);

    boolean questdb_error_in_doubt(long error);

    boolean questdb_error_row_accepted(long error);

    int questdb_error_attempts(long error);

    int questdb_error_http_status(long error);

    long questdb_error_retry_after_millis(long error);

    long questdb_error_server_line(long error);

    long questdb_error_table(long error);

    long questdb_error_server_error_id(long error);
}
