package questdb.ingress;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/** Calls through JNA's direct mapping, for Java before 22. */
final class JnaNative implements Native {
    /** C's bool is a byte, which JNA's boolean is not. */
    private static final class Functions {
        static native int questdb_abi_version();

        static native long questdb_sender_from_conf(long conf, long len, long sender);

        static native long questdb_sender_buffer(long sender);

        static native void questdb_sender_free(long sender);

        static native long questdb_sender_close(long sender, long timeoutMillis, long unconfirmed);

        static native long questdb_sender_at_nanos(long sender, long nanos);

        static native long questdb_sender_at_micros(long sender, long micros);

        static native long questdb_sender_at_now(long sender);

        static native long questdb_sender_flush_own(long sender);

        static native long questdb_sender_begin(long sender, long table, long len);

        static native long questdb_sender_commit(long sender);

        static native long questdb_sender_rollback(long sender);

        static native long questdb_sender_stat(long sender, int stat);

        static native long questdb_sender_append_row(long sender, long layout, long cells, long count, long at);

        static native long questdb_buffer_set_marker(long buffer);

        static native long questdb_buffer_rewind_to_marker(long buffer);

        static native long questdb_buffer_clear(long buffer);

        static native long questdb_buffer_row_count(long buffer);

        static native long questdb_buffer_table(long buffer, long name, long len);

        static native long questdb_buffer_symbol(long buffer, long name, long len, long value, long valueLen);

        static native long questdb_buffer_column_bool(long buffer, long name, long len, byte value);

        static native long questdb_buffer_column_i64(long buffer, long name, long len, long value);

        static native long questdb_buffer_column_f64(long buffer, long name, long len, double value);

        static native long questdb_buffer_column_str(long buffer, long name, long len, long value, long valueLen);

        static native long questdb_buffer_column_ts_micros(long buffer, long name, long len, long micros);

        static native long questdb_buffer_column_ts_nanos(long buffer, long name, long len, long nanos);

        static native long questdb_buffer_column_f64_arr(long buffer, long name, long len, long array);

        static native long questdb_buffer_column_dec_str(long buffer, long name, long len, long value, long valueLen);

        static native long questdb_buffer_column_dec_i64(long buffer, long name, long len, int scale, long unscaled);

        static native long questdb_buffer_column_dec(long buffer, long name, long len, int scale, long unscaled, long unscaledLen);

        static native long questdb_row_layout_new(long table, long len, int stamp, long layout);

        static native long questdb_row_layout_add(long layout, long name, long len, int kind);

        static native void questdb_row_layout_free(long layout);

        static native void questdb_error_free(long error);

        static native int questdb_error_get_code(long error);

        static native long questdb_error_message(long error);

        static native int questdb_error_outcome(long error);

        static native byte questdb_error_retryable(long error);

        static native byte questdb_error_in_doubt(long error);

        static native byte questdb_error_row_accepted(long error);

        static native int questdb_error_attempts(long error);

        static native int questdb_error_http_status(long error);

        static native long questdb_error_retry_after_millis(long error);

        static native long questdb_error_server_line(long error);

        static native long questdb_error_table(long error);

        static native long questdb_error_server_error_id(long error);

        static {
            String folder = System.getProperty("questdb.library.path");
            if (folder != null) {
                NativeLibrary.addSearchPath("questdb_ingress", folder);
            }
            com.sun.jna.Native.register(Functions.class, "questdb_ingress");
        }
    }

    @Override
    public long address(ByteBuffer direct) {
        return Pointer.nativeValue(com.sun.jna.Native.getDirectBufferPointer(direct));
    }

    @Override
    public String text(long address) {
        return address == 0 ? "" : new Pointer(address).getString(0, "UTF-8");
    }

    @Override
    public int questdb_abi_version() {
        return Functions.questdb_abi_version();
    }

    @Override
    public long questdb_sender_from_conf(long conf, long len, long sender) {
        return Functions.questdb_sender_from_conf(conf, len, sender);
    }

    @Override
    public long questdb_sender_buffer(long sender) {
        return Functions.questdb_sender_buffer(sender);
    }

    @Override
    public void questdb_sender_free(long sender) {
        Functions.questdb_sender_free(sender);
    }

    @Override
    public long questdb_sender_close(long sender, long timeoutMillis, long unconfirmed) {
        return Functions.questdb_sender_close(sender, timeoutMillis, unconfirmed);
    }

    @Override
    public long questdb_sender_at_nanos(long sender, long nanos) {
        return Functions.questdb_sender_at_nanos(sender, nanos);
    }

    @Override
    public long questdb_sender_at_micros(long sender, long micros) {
        return Functions.questdb_sender_at_micros(sender, micros);
    }

    @Override
    public long questdb_sender_at_now(long sender) {
        return Functions.questdb_sender_at_now(sender);
    }

    @Override
    public long questdb_sender_flush_own(long sender) {
        return Functions.questdb_sender_flush_own(sender);
    }

    @Override
    public long questdb_sender_begin(long sender, long table, long len) {
        return Functions.questdb_sender_begin(sender, table, len);
    }

    @Override
    public long questdb_sender_commit(long sender) {
        return Functions.questdb_sender_commit(sender);
    }

    @Override
    public long questdb_sender_rollback(long sender) {
        return Functions.questdb_sender_rollback(sender);
    }

    @Override
    public long questdb_sender_stat(long sender, int stat) {
        return Functions.questdb_sender_stat(sender, stat);
    }

    @Override
    public long questdb_sender_append_row(long sender, long layout, long cells, long count, long at) {
        return Functions.questdb_sender_append_row(sender, layout, cells, count, at);
    }

    @Override
    public long questdb_buffer_set_marker(long buffer) {
        return Functions.questdb_buffer_set_marker(buffer);
    }

    @Override
    public long questdb_buffer_rewind_to_marker(long buffer) {
        return Functions.questdb_buffer_rewind_to_marker(buffer);
    }

    @Override
    public long questdb_buffer_clear(long buffer) {
        return Functions.questdb_buffer_clear(buffer);
    }

    @Override
    public long questdb_buffer_row_count(long buffer) {
        return Functions.questdb_buffer_row_count(buffer);
    }

    @Override
    public long questdb_buffer_table(long buffer, long name, long len) {
        return Functions.questdb_buffer_table(buffer, name, len);
    }

    @Override
    public long questdb_buffer_symbol(long buffer, long name, long len, long value, long valueLen) {
        return Functions.questdb_buffer_symbol(buffer, name, len, value, valueLen);
    }

    @Override
    public long questdb_buffer_column_bool(long buffer, long name, long len, boolean value) {
        return Functions.questdb_buffer_column_bool(buffer, name, len, (byte) (value ? 1 : 0));
    }

    @Override
    public long questdb_buffer_column_i64(long buffer, long name, long len, long value) {
        return Functions.questdb_buffer_column_i64(buffer, name, len, value);
    }

    @Override
    public long questdb_buffer_column_f64(long buffer, long name, long len, double value) {
        return Functions.questdb_buffer_column_f64(buffer, name, len, value);
    }

    @Override
    public long questdb_buffer_column_str(long buffer, long name, long len, long value, long valueLen) {
        return Functions.questdb_buffer_column_str(buffer, name, len, value, valueLen);
    }

    @Override
    public long questdb_buffer_column_ts_micros(long buffer, long name, long len, long micros) {
        return Functions.questdb_buffer_column_ts_micros(buffer, name, len, micros);
    }

    @Override
    public long questdb_buffer_column_ts_nanos(long buffer, long name, long len, long nanos) {
        return Functions.questdb_buffer_column_ts_nanos(buffer, name, len, nanos);
    }

    @Override
    public long questdb_buffer_column_f64_arr(long buffer, long name, long len, long array) {
        return Functions.questdb_buffer_column_f64_arr(buffer, name, len, array);
    }

    @Override
    public long questdb_buffer_column_dec_str(long buffer, long name, long len, long value, long valueLen) {
        return Functions.questdb_buffer_column_dec_str(buffer, name, len, value, valueLen);
    }

    @Override
    public long questdb_buffer_column_dec_i64(long buffer, long name, long len, int scale, long unscaled) {
        return Functions.questdb_buffer_column_dec_i64(buffer, name, len, scale, unscaled);
    }

    @Override
    public long questdb_buffer_column_dec(long buffer, long name, long len, int scale, long unscaled, long unscaledLen) {
        return Functions.questdb_buffer_column_dec(buffer, name, len, scale, unscaled, unscaledLen);
    }

    @Override
    public long questdb_row_layout_new(long table, long len, int stamp, long layout) {
        return Functions.questdb_row_layout_new(table, len, stamp, layout);
    }

    @Override
    public long questdb_row_layout_add(long layout, long name, long len, int kind) {
        return Functions.questdb_row_layout_add(layout, name, len, kind);
    }

    @Override
    public void questdb_row_layout_free(long layout) {
        Functions.questdb_row_layout_free(layout);
    }

    @Override
    public void questdb_error_free(long error) {
        Functions.questdb_error_free(error);
    }

    @Override
    public int questdb_error_get_code(long error) {
        return Functions.questdb_error_get_code(error);
    }

    @Override
    public long questdb_error_message(long error) {
        return Functions.questdb_error_message(error);
    }

    @Override
    public int questdb_error_outcome(long error) {
        return Functions.questdb_error_outcome(error);
    }

    @Override
    public boolean questdb_error_retryable(long error) {
        return Functions.questdb_error_retryable(error) != 0;
    }

    @Override
    public boolean questdb_error_in_doubt(long error) {
        return Functions.questdb_error_in_doubt(error) != 0;
    }

    @Override
    public boolean questdb_error_row_accepted(long error) {
        return Functions.questdb_error_row_accepted(error) != 0;
    }

    @Override
    public int questdb_error_attempts(long error) {
        return Functions.questdb_error_attempts(error);
    }

    @Override
    public int questdb_error_http_status(long error) {
        return Functions.questdb_error_http_status(error);
    }

    @Override
    public long questdb_error_retry_after_millis(long error) {
        return Functions.questdb_error_retry_after_millis(error);
    }

    @Override
    public long questdb_error_server_line(long error) {
        return Functions.questdb_error_server_line(error);
    }

    @Override
    public long questdb_error_table(long error) {
        return Functions.questdb_error_table(error);
    }

    @Override
    public long questdb_error_server_error_id(long error) {
        return Functions.questdb_error_server_error_id(error);
    }
}
