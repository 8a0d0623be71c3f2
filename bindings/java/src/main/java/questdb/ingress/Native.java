package questdb.ingress;

import java.nio.ByteBuffer;

/**
 * Functions of questdb_ingress.h under their own names; pointers are addresses. Here are those on the way of a row, written
 * out for speed; {@link Rare} has the others. Java 22 and newer call them through the Foreign Function and Memory API, older
 * ones through JNA.
 */
interface Native {
    /** The implementation for the Java that runs. */
    Native C = load();

    private static Native load() {
        if ("32".equals(System.getProperty("sun.arch.data.model"))) {
            throw new IllegalStateException("this package is for 64-bit Java");
        }
        if (Runtime.version().feature() >= 22) {
            try {
                return (Native) Class.forName("questdb.ingress.FfmNative").getDeclaredConstructor().newInstance();
            } catch (ClassNotFoundException e) {
                // The jar was built by an older JDK. JNA also works on newer ones.
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot call the library questdb_ingress: " + e.getCause(), e);
            }
        }
        return new JnaNative();
    }

    /** Where a direct buffer begins. */
    long address(ByteBuffer direct);

    /** Text that ends with a NUL; empty for NULL. */
    String text(long address);

    /** A copy of memory of C. */
    byte[] bytes(long address, long len);

    /** Calls the function that a method of {@link Rare} is named after. */
    Object call(java.lang.reflect.Method function, Object[] arguments);

    long questdb_sender_at_nanos(long sender, long nanos);

    long questdb_sender_at_micros(long sender, long micros);

    long questdb_sender_at_now(long sender);

    long questdb_sender_append_row(long sender, long layout, long cells, long count, long at);

    long questdb_buffer_append_row(long buffer, long layout, long cells, long count, long at);

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

    long questdb_buffer_at_nanos(long buffer, long nanos);

    long questdb_buffer_at_micros(long buffer, long micros);

    long questdb_buffer_at_now(long buffer);
}
