package questdb.ingress;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.stream.Stream;

/** Calls through JNA, for Java before 22: those on the way of a row through its direct mapping. */
final class JnaNative implements Native {
    /** C's bool is a byte, which JNA's boolean is not. */
    private static final class Functions {
        static native long questdb_sender_at_nanos(long sender, long nanos);

        static native long questdb_sender_at_micros(long sender, long micros);

        static native long questdb_sender_at_now(long sender);

        static native long questdb_sender_append_row(long sender, long layout, long cells, long count, long at);

        static native long questdb_buffer_append_row(long buffer, long layout, long cells, long count, long at);

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

        static native long questdb_buffer_at_nanos(long buffer, long nanos);

        static native long questdb_buffer_at_micros(long buffer, long micros);

        static native long questdb_buffer_at_now(long buffer);
    }

    private static final NativeLibrary LIBRARY = library();

    static {
        com.sun.jna.Native.register(Functions.class, LIBRARY);
    }

    private static NativeLibrary library() {
        String folder = System.getProperty("questdb.library.path");
        if (folder != null) {
            NativeLibrary.addSearchPath("questdb_ingress", folder);
        }
        return NativeLibrary.getInstance("questdb_ingress");
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
    public byte[] bytes(long address, long len) {
        return address == 0 ? new byte[0] : new Pointer(address).getByteArray(0, Math.toIntExact(len));
    }

    @Override
    public Object call(Method function, Object[] arguments) {
        Function c = LIBRARY.getFunction(function.getName());
        Object[] plain = arguments == null ? new Object[0] : Stream.of(arguments).map(JnaNative::plain).toArray();
        Class<?> result = function.getReturnType();
        return result != boolean.class ? c.invoke(result, plain) : (Object) ((byte) c.invoke(byte.class, plain) != 0);
    }

    private static Object plain(Object argument) {
        return argument instanceof Boolean flag ? (Object) (byte) (flag ? 1 : 0) : argument;
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
    public long questdb_sender_append_row(long sender, long layout, long cells, long count, long at) {
        return Functions.questdb_sender_append_row(sender, layout, cells, count, at);
    }

    @Override
    public long questdb_buffer_append_row(long buffer, long layout, long cells, long count, long at) {
        return Functions.questdb_buffer_append_row(buffer, layout, cells, count, at);
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
        return Functions.questdb_buffer_column_bool(buffer, name, len, value ? (byte) 1 : (byte) 0);
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
    public long questdb_buffer_at_nanos(long buffer, long nanos) {
        return Functions.questdb_buffer_at_nanos(buffer, nanos);
    }

    @Override
    public long questdb_buffer_at_micros(long buffer, long micros) {
        return Functions.questdb_buffer_at_micros(buffer, micros);
    }

    @Override
    public long questdb_buffer_at_now(long buffer) {
        return Functions.questdb_buffer_at_now(buffer);
    }
}
