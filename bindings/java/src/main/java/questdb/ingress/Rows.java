package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/**
 * Rows being built, of a {@link Sender} or in a {@link Buffer}. A row is built by chained calls and ended by {@code at…}. A
 * call that fails changes nothing: the row stays open, to be completed or dropped by {@link #dropRow}; what may fail on the way
 * is better built as a {@link Row}, which is dropped when it is left without having been ended.
 *
 * <p>A value that is null is NULL: its column is left out. The thread that began a row builds and ends it; any thread may drop it.
 */
public abstract class Rows<T extends Rows<T>> extends Handle {
    static final Native C = Native.C;

    final Memory memory = new Memory();
    final long buffer;
    /** The thread that builds the open row. */
    private Thread builder;
    private Row row;

    Rows(String what, long address, long buffer, LongConsumer free) {
        super(what, address, free);
        this.buffer = buffer;
    }

    @SuppressWarnings("unchecked")
    private T self() {
        return (T) this;
    }

    /** Begins a row, which the calls of this object build and {@link #at} ends. Until then no other row can be begun. */
    public T table(String name) {
        enterRow();
        try {
            check(C.questdb_buffer_table(buffer, fresh(name), memory.length()));
            builder = Thread.currentThread();
        } finally {
            leave();
        }
        return self();
    }

    /** Begins a row that is dropped unless it is ended: {@code try (Row row = sender.row("trades")) { … row.at(now); }}. */
    public Row row(String table) {
        Row begun = new Row(this);
        table(table);
        row = begun;
        return begun;
    }

    /** Appends a symbol; null leaves the column out. Symbols come before other columns. */
    public T symbol(String name, String value) {
        enterRow();
        try {
            long at = fresh(name);
            int length = memory.length();
            if (value != null) {
                check(C.questdb_buffer_symbol(buffer, at, length, memory.text(value), memory.length()));
            }
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a symbol of one character. */
    public T symbol(String name, char value) {
        return symbol(name, String.valueOf(value));
    }

    /** Appends a boolean. */
    public T column(String name, boolean value) {
        enterRow();
        try {
            check(C.questdb_buffer_column_bool(buffer, fresh(name), memory.length(), value));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a boolean; null leaves the column out. */
    public T column(String name, Boolean value) {
        return value == null ? nothing(name) : column(name, value.booleanValue());
    }

    /** Appends an integer. The server reads the smallest, {@code Long.MIN_VALUE}, as NULL. */
    public T column(String name, long value) {
        enterRow();
        try {
            check(C.questdb_buffer_column_i64(buffer, fresh(name), memory.length(), value));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a double. NaN and the infinities are sent as they are. */
    public T column(String name, double value) {
        enterRow();
        try {
            check(C.questdb_buffer_column_f64(buffer, fresh(name), memory.length(), value));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a boxed number as the column that its own type would be; null leaves the column out, others are INVALID_ARGUMENT. */
    public T column(String name, Number value) {
        if (value == null) {
            return nothing(name);
        } else if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return column(name, value.longValue());
        } else if (value instanceof Double || value instanceof Float) {
            return column(name, value.doubleValue());
        } else if (value instanceof BigDecimal decimal) {
            return column(name, decimal);
        } else if (value instanceof BigInteger integer) {
            return column(name, new BigDecimal(integer));
        }
        throw invalid(Code.INVALID_ARGUMENT, "column " + name + ": there is no column for a " + value.getClass().getName());
    }

    /** Appends a string; null leaves the column out. */
    public T column(String name, String value) {
        enterRow();
        try {
            long at = fresh(name);
            int length = memory.length();
            if (value != null) {
                check(C.questdb_buffer_column_str(buffer, at, length, memory.text(value), memory.length()));
            }
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a string of one character. */
    public T column(String name, char value) {
        return column(name, String.valueOf(value));
    }

    /** Appends a string of one character; null leaves the column out. */
    public T column(String name, Character value) {
        return column(name, value == null ? null : value.toString());
    }

    /** Appends a time: in nanoseconds from 1677 to 2262, else in microseconds; INVALID_TIMESTAMP where these cannot tell it either. */
    public T column(String name, Instant value) {
        return value == null ? nothing(name)
                : Time.fitsNanos(value) ? columnNanos(name, Time.nanos(value)) : columnMicros(name, Time.micros(value));
    }

    /** Appends a timestamp in microseconds since 1970. */
    public T columnMicros(String name, long micros) {
        enterRow();
        try {
            check(C.questdb_buffer_column_ts_micros(buffer, fresh(name), memory.length(), micros));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a timestamp in nanoseconds since 1970. */
    public T columnNanos(String name, long nanos) {
        enterRow();
        try {
            check(C.questdb_buffer_column_ts_nanos(buffer, fresh(name), memory.length(), nanos));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends an array in row-major order; without a shape it has one dimension. null leaves the column out. */
    public T column(String name, double[] values, int... shape) {
        enterRow();
        try {
            long at = fresh(name);
            int length = memory.length();
            if (values != null) {
                check(C.questdb_buffer_column_f64_arr(buffer, at, length, memory.array(values, shape)));
            }
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a decimal; one that needs more than 76 digits or 76 decimal places is INVALID_DECIMAL. null leaves the column out. */
    public T column(String name, BigDecimal value) {
        if (value == null) {
            return nothing(name);
        }
        BigDecimal decimal = Decimals.sent(value);
        BigInteger unscaled = decimal.unscaledValue();
        return unscaled.bitLength() < 64
                ? columnDecimal(name, decimal.scale(), unscaled.longValue())
                : columnDecimal(name, decimal.scale(), unscaled.toByteArray());
    }

    /** Appends a decimal that is given as text, such as {@code -12.50}; null leaves the column out. */
    public T columnDecimal(String name, String value) {
        enterRow();
        try {
            long at = fresh(name);
            int length = memory.length();
            if (value != null) {
                check(C.questdb_buffer_column_dec_str(buffer, at, length, memory.text(value), memory.length()));
            }
        } finally {
            leave();
        }
        return self();
    }

    /** Appends the decimal {@code unscaled} / 10^{@code scale}. */
    public T columnDecimal(String name, int scale, long unscaled) {
        enterRow();
        try {
            check(C.questdb_buffer_column_dec_i64(buffer, fresh(name), memory.length(), scale, unscaled));
        } finally {
            leave();
        }
        return self();
    }

    /** Appends a decimal whose unscaled value is a big-endian two's complement integer; null leaves the column out. */
    public T columnDecimal(String name, int scale, byte[] unscaled) {
        enterRow();
        try {
            long at = fresh(name);
            int length = memory.length();
            if (unscaled != null) {
                check(C.questdb_buffer_column_dec(buffer, at, length, scale, memory.bytes(unscaled), memory.length()));
            }
        } finally {
            leave();
        }
        return self();
    }

    /** Ends the row: in nanoseconds where they can tell the time (until 2262), else in microseconds. */
    public void at(Instant time) {
        if (Time.fitsNanos(time)) {
            atNanos(Time.nanos(time));
        } else {
            atMicros(Time.micros(time));
        }
    }

    /** Ends the row; nanoseconds since 1970. */
    public abstract void atNanos(long nanos);

    /** Ends the row; microseconds since 1970. */
    public abstract void atMicros(long micros);

    /** Ends the row; the server sets the time, and deduplication cannot recognise such rows. */
    public abstract void atNow();

    /**
     * Appends a prepared row, whose cells are NULL afterwards; after an exception they are as they were, unless
     * {@link QuestDbException#rowAccepted}. The time is in the unit of the row's stamp.
     */
    public abstract void append(PreparedRow row, long at);

    /** Appends a prepared row as {@link #append(PreparedRow, long)} does; a time that the unit cannot tell is INVALID_TIMESTAMP. */
    public void append(PreparedRow row, Instant at) {
        append(row, row.stamp().number(at));
    }

    /**
     * Appends all rows of a batch or none, and empties it; after an exception it is as it was, unless
     * {@link QuestDbException#rowAccepted}. The times are in the unit of the batch's stamp; null if the server sets them.
     */
    public abstract void append(ColumnBatch batch, long[] at);

    /**
     * Appends a batch of Apache Arrow from its own memory and releases it. The arguments are the addresses of a struct ArrowArray
     * of the type struct, with a child for each column, and of its ArrowSchema, as {@code Data.exportVectorSchemaRoot} of Arrow
     * Java fills them. A buffer takes all rows or none. A sender takes them piece by piece and sends each time that a limit of
     * auto-flush is reached; {@link QuestDbException#rowsAccepted} tells how many it took. If a row is wrong and none was sent,
     * none is taken.
     *
     * <p>The array is taken, whatever happens: its release callback is called exactly once. The schema is only read. Both must
     * be what Arrow's C data interface says: lengths of memory cannot be checked, and a wrong address ends the JVM.
     */
    public abstract void appendArrow(long array, long schema, ArrowOptions options);

    /**
     * Appends all batches of a stream, each as {@link #appendArrow} does, and releases it: the address of a struct
     * ArrowArrayStream, as {@code Data.exportArrayStream} of Arrow Java fills it.
     */
    public abstract void appendArrowStream(long stream, ArrowOptions options);

    /** Begins a call that may send rows, to be ended by {@link #leaveSent}. */
    void enterToSend() {
        enter();
    }

    void leaveSent() {
        leave();
    }

    /** Drops the open row and nothing else; without one it does nothing. */
    public void dropRow() {
        enter();
        try {
            check(Rare.C.questdb_buffer_drop_row(buffer));
            rowEnded();
        } finally {
            leave();
        }
    }

    /** Whether a row was begun and neither ended nor dropped. */
    public boolean isRowOpen() {
        enter();
        try {
            return Rare.C.questdb_buffer_is_row_open(buffer);
        } finally {
            leave();
        }
    }

    /**
     * Removes complete rows by number, counted from 1 as {@link QuestDbException#serverLine} counts them, so that the others
     * can be sent. An open row stays.
     */
    public void removeRows(long first, long count) {
        if (first < 1 || count < 0) {
            throw invalid(Code.INVALID_ARGUMENT, "rows are counted from 1: there are no " + count + " rows from " + first);
        }
        enter();
        try {
            check(Rare.C.questdb_buffer_remove_rows(buffer, first, count));
        } finally {
            leave();
        }
    }

    /** Drops all rows, the open one too. */
    public void clear() {
        enter();
        try {
            check(Rare.C.questdb_buffer_clear(buffer));
            rowEnded();
        } finally {
            leave();
        }
    }

    /** Returns the number of complete rows that were not sent. */
    public long pending() {
        enter();
        try {
            return C.questdb_buffer_row_count(buffer);
        } finally {
            leave();
        }
    }

    /** Makes room for so many more bytes. */
    public void reserve(long additional) {
        if (additional < 0) {
            throw invalid(Code.INVALID_ARGUMENT, "there is no room of " + additional + " bytes");
        }
        run(() -> Rare.C.questdb_buffer_reserve(buffer, additional));
    }

    /** Remembers this place, which must lie between two rows, for {@link #rewindToMarker}. */
    public void setMarker() {
        run(() -> Rare.C.questdb_buffer_set_marker(buffer));
    }

    /** Drops everything after the marker, an open row too, and the marker. */
    public void rewindToMarker() {
        enter();
        try {
            check(Rare.C.questdb_buffer_rewind_to_marker(buffer));
            rowEnded();
        } finally {
            leave();
        }
    }

    /** Drops the marker. */
    public void clearMarker() {
        run(() -> Rare.C.questdb_buffer_clear_marker(buffer));
    }

    /** Throws INVALID_STATE if a row is open, since the rows could not be sent then. */
    public void checkFlushable() {
        run(() -> Rare.C.questdb_buffer_check_flushable(buffer));
    }

    /** Returns the bytes of the rows, the open one included. */
    public long length() {
        return number(Rare.C::questdb_buffer_len);
    }

    /** Returns the bytes that fit in before the memory grows. */
    public long capacity() {
        return number(Rare.C::questdb_buffer_capacity);
    }

    /** Returns the most bytes that the rows may have. */
    public long maxBufSize() {
        return number(Rare.C::questdb_buffer_max_buf_size);
    }

    /** Returns the bytes of memory that it began with. */
    public long initBufSize() {
        return number(Rare.C::questdb_buffer_init_buf_size);
    }

    /** Returns the longest name of a table or a column, in bytes. */
    public long maxNameLen() {
        return number(Rare.C::questdb_buffer_max_name_len);
    }

    /** Returns the version of the protocol, 1, 2 or 3. */
    public int protocolVersion() {
        return (int) number(Rare.C::questdb_buffer_protocol_version);
    }

    /** Whether all rows are of one table, so that the server stores all of them or none. */
    public boolean isTransactional() {
        return number(at -> Rare.C.questdb_buffer_is_transactional(at) ? 1 : 0) == 1;
    }

    /** Returns a copy of the rows as they would be sent. */
    public byte[] bytes() {
        enter();
        try {
            long out = memory.out();
            long start = Rare.C.questdb_buffer_peek(buffer, out);
            return C.bytes(start, memory.result());
        } finally {
            leave();
        }
    }

    /** Returns an independent copy of the rows. */
    public Buffer copy() {
        enter();
        try {
            long out = memory.out();
            check(Rare.C.questdb_buffer_clone(buffer, out));
            return new Buffer(memory.result(), builder);
        } finally {
            leave();
        }
    }

    /** Begins a call that builds a row: only the thread that began the row may. */
    final long enterRow() {
        long entered = enter();
        if (builder != null && builder != Thread.currentThread()) {
            foreign();
        }
        return entered;
    }

    private void foreign() {
        String name = builder.getName();
        if (Rare.C.questdb_buffer_is_row_open(buffer)) {
            leave();
            throw invalid(Code.INVALID_STATE,
                    "used by another thread: " + name + " began the open row; it ends that row, or dropRow drops it");
        }
        rowEnded();
    }

    /** Passes on what a call that ends a row returned. */
    final void ended(long error) {
        if (error == 0) {
            rowEnded();
            return;
        }
        QuestDbException e = QuestDbException.taken(error, 0);
        if (e.rowAccepted()) {
            rowEnded();
        }
        throw e;
    }

    final void rowEnded() {
        builder = null;
        row = null;
    }

    final void builder(Thread thread) {
        builder = thread;
    }

    /** Whether this is the row that is open. */
    final boolean isOpen(Row asked) {
        return row == asked;
    }

    final long fresh(String text) {
        memory.clear();
        return memory.text(text);
    }

    /** A column that is left out, of a row that could be built. */
    private T nothing(String name) {
        return column(name, (String) null);
    }

    private void run(java.util.function.LongSupplier call) {
        enter();
        try {
            check(call.getAsLong());
        } finally {
            leave();
        }
    }

    final long number(LongUnaryOperator read) {
        enter();
        try {
            return read.applyAsLong(buffer);
        } finally {
            leave();
        }
    }
}
