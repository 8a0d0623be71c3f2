package questdb.ingress;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Calls through the Foreign Function and Memory API. */
final class FfmNative implements Native {
    /** Calls that neither block nor call back skip the change of the thread's state. */
    private static final Linker.Option[] SHORT = {Linker.Option.critical(false)};
    private static final Linker.Option[] LONG = {};
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBRARY = library();

    private static final MethodHandle ABI_VERSION =
            find("questdb_abi_version", LONG, JAVA_INT);
    private static final MethodHandle SENDER_FROM_CONF =
            find("questdb_sender_from_conf", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_BUFFER =
            find("questdb_sender_buffer", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_FREE =
            find("questdb_sender_free", LONG, null, JAVA_LONG);
    private static final MethodHandle SENDER_CLOSE =
            find("questdb_sender_close", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_AT_NANOS =
            find("questdb_sender_at_nanos", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_AT_MICROS =
            find("questdb_sender_at_micros", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_AT_NOW =
            find("questdb_sender_at_now", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_FLUSH_OWN =
            find("questdb_sender_flush_own", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_BEGIN =
            find("questdb_sender_begin", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_COMMIT =
            find("questdb_sender_commit", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_ROLLBACK =
            find("questdb_sender_rollback", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_STAT =
            find("questdb_sender_stat", LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SENDER_APPEND_ROW =
            find("questdb_sender_append_row", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_SET_MARKER =
            find("questdb_buffer_set_marker", SHORT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_REWIND_TO_MARKER =
            find("questdb_buffer_rewind_to_marker", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_CLEAR =
            find("questdb_buffer_clear", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_ROW_COUNT =
            find("questdb_buffer_row_count", SHORT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_TABLE =
            find("questdb_buffer_table", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_SYMBOL =
            find("questdb_buffer_symbol", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_BOOL =
            find("questdb_buffer_column_bool", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_BOOLEAN);
    private static final MethodHandle BUFFER_COLUMN_I64 =
            find("questdb_buffer_column_i64", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_F64 =
            find("questdb_buffer_column_f64", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_DOUBLE);
    private static final MethodHandle BUFFER_COLUMN_STR =
            find("questdb_buffer_column_str", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_TS_MICROS =
            find("questdb_buffer_column_ts_micros", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_TS_NANOS =
            find("questdb_buffer_column_ts_nanos", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_F64_ARR =
            find("questdb_buffer_column_f64_arr", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_DEC_STR =
            find("questdb_buffer_column_dec_str", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_DEC_I64 =
            find("questdb_buffer_column_dec_i64", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle BUFFER_COLUMN_DEC =
            find("questdb_buffer_column_dec", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ROW_LAYOUT_NEW =
            find("questdb_row_layout_new", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ROW_LAYOUT_ADD =
            find("questdb_row_layout_add", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle ROW_LAYOUT_FREE =
            find("questdb_row_layout_free", LONG, null, JAVA_LONG);
    private static final MethodHandle ERROR_FREE =
            find("questdb_error_free", LONG, null, JAVA_LONG);
    private static final MethodHandle ERROR_GET_CODE =
            find("questdb_error_get_code", LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ERROR_MESSAGE =
            find("questdb_error_message", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ERROR_OUTCOME =
            find("questdb_error_outcome", LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ERROR_RETRYABLE =
            find("questdb_error_retryable", LONG, JAVA_BOOLEAN, JAVA_LONG);
    private static final MethodHandle ERROR_IN_DOUBT =
            find("questdb_error_in_doubt", LONG, JAVA_BOOLEAN, JAVA_LONG);
    private static final MethodHandle ERROR_ROW_ACCEPTED =
            find("questdb_error_row_accepted", LONG, JAVA_BOOLEAN, JAVA_LONG);
    private static final MethodHandle ERROR_ATTEMPTS =
            find("questdb_error_attempts", LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ERROR_HTTP_STATUS =
            find("questdb_error_http_status", LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ERROR_RETRY_AFTER_MILLIS =
            find("questdb_error_retry_after_millis", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ERROR_SERVER_LINE =
            find("questdb_error_server_line", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ERROR_TABLE =
            find("questdb_error_table", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ERROR_SERVER_ERROR_ID =
            find("questdb_error_server_error_id", LONG, JAVA_LONG, JAVA_LONG);

    private static SymbolLookup library() {
        String folder = System.getProperty("questdb.library.path");
        String file = System.mapLibraryName("questdb_ingress");
        return folder == null
                ? SymbolLookup.libraryLookup(file, Arena.global())
                : SymbolLookup.libraryLookup(Path.of(folder, file), Arena.global());
    }

    private static MethodHandle find(String name, Linker.Option[] options, MemoryLayout result, MemoryLayout... arguments) {
        FunctionDescriptor shape =
                result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments);
        return LINKER.downcallHandle(LIBRARY.find(name).orElseThrow(() -> new UnsatisfiedLinkError(name)), shape, options);
    }

    private static AssertionError impossible(Throwable t) {
        return new AssertionError("a C function cannot throw", t);
    }

    @Override
    public long address(ByteBuffer direct) {
        return MemorySegment.ofBuffer(direct).address();
    }

    @Override
    public String text(long address) {
        return address == 0 ? "" : MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
    }

    @Override
    public int questdb_abi_version() {
        try {
            return (int) ABI_VERSION.invokeExact();
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_from_conf(long conf, long len, long sender) {
        try {
            return (long) SENDER_FROM_CONF.invokeExact(conf, len, sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_buffer(long sender) {
        try {
            return (long) SENDER_BUFFER.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public void questdb_sender_free(long sender) {
        try {
            SENDER_FREE.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_close(long sender, long timeoutMillis, long unconfirmed) {
        try {
            return (long) SENDER_CLOSE.invokeExact(sender, timeoutMillis, unconfirmed);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_at_nanos(long sender, long nanos) {
        try {
            return (long) SENDER_AT_NANOS.invokeExact(sender, nanos);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_at_micros(long sender, long micros) {
        try {
            return (long) SENDER_AT_MICROS.invokeExact(sender, micros);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_at_now(long sender) {
        try {
            return (long) SENDER_AT_NOW.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_flush_own(long sender) {
        try {
            return (long) SENDER_FLUSH_OWN.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_begin(long sender, long table, long len) {
        try {
            return (long) SENDER_BEGIN.invokeExact(sender, table, len);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_commit(long sender) {
        try {
            return (long) SENDER_COMMIT.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_rollback(long sender) {
        try {
            return (long) SENDER_ROLLBACK.invokeExact(sender);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_stat(long sender, int stat) {
        try {
            return (long) SENDER_STAT.invokeExact(sender, stat);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_sender_append_row(long sender, long layout, long cells, long count, long at) {
        try {
            return (long) SENDER_APPEND_ROW.invokeExact(sender, layout, cells, count, at);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_set_marker(long buffer) {
        try {
            return (long) BUFFER_SET_MARKER.invokeExact(buffer);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_rewind_to_marker(long buffer) {
        try {
            return (long) BUFFER_REWIND_TO_MARKER.invokeExact(buffer);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_clear(long buffer) {
        try {
            return (long) BUFFER_CLEAR.invokeExact(buffer);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_row_count(long buffer) {
        try {
            return (long) BUFFER_ROW_COUNT.invokeExact(buffer);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_table(long buffer, long name, long len) {
        try {
            return (long) BUFFER_TABLE.invokeExact(buffer, name, len);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_symbol(long buffer, long name, long len, long value, long valueLen) {
        try {
            return (long) BUFFER_SYMBOL.invokeExact(buffer, name, len, value, valueLen);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_bool(long buffer, long name, long len, boolean value) {
        try {
            return (long) BUFFER_COLUMN_BOOL.invokeExact(buffer, name, len, value);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_i64(long buffer, long name, long len, long value) {
        try {
            return (long) BUFFER_COLUMN_I64.invokeExact(buffer, name, len, value);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_f64(long buffer, long name, long len, double value) {
        try {
            return (long) BUFFER_COLUMN_F64.invokeExact(buffer, name, len, value);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_str(long buffer, long name, long len, long value, long valueLen) {
        try {
            return (long) BUFFER_COLUMN_STR.invokeExact(buffer, name, len, value, valueLen);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_ts_micros(long buffer, long name, long len, long micros) {
        try {
            return (long) BUFFER_COLUMN_TS_MICROS.invokeExact(buffer, name, len, micros);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_ts_nanos(long buffer, long name, long len, long nanos) {
        try {
            return (long) BUFFER_COLUMN_TS_NANOS.invokeExact(buffer, name, len, nanos);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_f64_arr(long buffer, long name, long len, long array) {
        try {
            return (long) BUFFER_COLUMN_F64_ARR.invokeExact(buffer, name, len, array);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_dec_str(long buffer, long name, long len, long value, long valueLen) {
        try {
            return (long) BUFFER_COLUMN_DEC_STR.invokeExact(buffer, name, len, value, valueLen);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_dec_i64(long buffer, long name, long len, int scale, long unscaled) {
        try {
            return (long) BUFFER_COLUMN_DEC_I64.invokeExact(buffer, name, len, scale, unscaled);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_column_dec(long buffer, long name, long len, int scale, long unscaled, long unscaledLen) {
        try {
            return (long) BUFFER_COLUMN_DEC.invokeExact(buffer, name, len, scale, unscaled, unscaledLen);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_row_layout_new(long table, long len, int stamp, long layout) {
        try {
            return (long) ROW_LAYOUT_NEW.invokeExact(table, len, stamp, layout);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_row_layout_add(long layout, long name, long len, int kind) {
        try {
            return (long) ROW_LAYOUT_ADD.invokeExact(layout, name, len, kind);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public void questdb_row_layout_free(long layout) {
        try {
            ROW_LAYOUT_FREE.invokeExact(layout);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public void questdb_error_free(long error) {
        try {
            ERROR_FREE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public int questdb_error_get_code(long error) {
        try {
            return (int) ERROR_GET_CODE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_error_message(long error) {
        try {
            return (long) ERROR_MESSAGE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public int questdb_error_outcome(long error) {
        try {
            return (int) ERROR_OUTCOME.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public boolean questdb_error_retryable(long error) {
        try {
            return (boolean) ERROR_RETRYABLE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public boolean questdb_error_in_doubt(long error) {
        try {
            return (boolean) ERROR_IN_DOUBT.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public boolean questdb_error_row_accepted(long error) {
        try {
            return (boolean) ERROR_ROW_ACCEPTED.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public int questdb_error_attempts(long error) {
        try {
            return (int) ERROR_ATTEMPTS.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public int questdb_error_http_status(long error) {
        try {
            return (int) ERROR_HTTP_STATUS.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_error_retry_after_millis(long error) {
        try {
            return (long) ERROR_RETRY_AFTER_MILLIS.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_error_server_line(long error) {
        try {
            return (long) ERROR_SERVER_LINE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_error_table(long error) {
        try {
            return (long) ERROR_TABLE.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_error_server_error_id(long error) {
        try {
            return (long) ERROR_SERVER_ERROR_ID.invokeExact(error);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }
}
