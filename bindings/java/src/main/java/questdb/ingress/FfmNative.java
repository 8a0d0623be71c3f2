package questdb.ingress;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Calls through the Foreign Function and Memory API. */
final class FfmNative implements Native {
    /** Calls that neither block nor call back skip the change of the thread's state. */
    private static final Linker.Option[] SHORT = {Linker.Option.critical(false)};
    private static final Linker.Option[] LONG = {};
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBRARY = library();
    private static final Map<Method, MethodHandle> RARE = new ConcurrentHashMap<>();

    private static final MethodHandle SENDER_AT_NANOS =
            find("questdb_sender_at_nanos", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_AT_MICROS =
            find("questdb_sender_at_micros", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_AT_NOW =
            find("questdb_sender_at_now", LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SENDER_APPEND_ROW =
            find("questdb_sender_append_row", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_APPEND_ROW =
            find("questdb_buffer_append_row", LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
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
    private static final MethodHandle BUFFER_AT_NANOS =
            find("questdb_buffer_at_nanos", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_AT_MICROS =
            find("questdb_buffer_at_micros", SHORT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BUFFER_AT_NOW =
            find("questdb_buffer_at_now", SHORT, JAVA_LONG, JAVA_LONG);

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

    private static MethodHandle find(Method function) {
        Class<?>[] types = function.getParameterTypes();
        MemoryLayout[] arguments = Stream.of(types).map(FfmNative::layout).toArray(MemoryLayout[]::new);
        MethodHandle handle = find(function.getName(), LONG, layout(function.getReturnType()), arguments);
        return handle.asSpreader(Object[].class, types.length);
    }

    private static MemoryLayout layout(Class<?> type) {
        return type == void.class ? null : type == long.class ? JAVA_LONG : type == int.class ? JAVA_INT : JAVA_BOOLEAN;
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
    public byte[] bytes(long address, long len) {
        return address == 0 ? new byte[0] : MemorySegment.ofAddress(address).reinterpret(len).toArray(JAVA_BYTE);
    }

    @Override
    public Object call(Method function, Object[] arguments) {
        MethodHandle handle = RARE.computeIfAbsent(function, FfmNative::find);
        try {
            return handle.invoke(arguments);
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
    public long questdb_sender_append_row(long sender, long layout, long cells, long count, long at) {
        try {
            return (long) SENDER_APPEND_ROW.invokeExact(sender, layout, cells, count, at);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_append_row(long buffer, long layout, long cells, long count, long at) {
        try {
            return (long) BUFFER_APPEND_ROW.invokeExact(buffer, layout, cells, count, at);
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
    public long questdb_buffer_at_nanos(long buffer, long nanos) {
        try {
            return (long) BUFFER_AT_NANOS.invokeExact(buffer, nanos);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_at_micros(long buffer, long micros) {
        try {
            return (long) BUFFER_AT_MICROS.invokeExact(buffer, micros);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    @Override
    public long questdb_buffer_at_now(long buffer) {
        try {
            return (long) BUFFER_AT_NOW.invokeExact(buffer);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }
}
