package questdb.ingress;

import static questdb.ingress.QuestDbException.check;

import java.time.Duration;
import java.time.Instant;

/**
 * Sends rows to QuestDB. A row is built by chained calls and ended by {@code at…}:
 *
 * <pre>sender.table("trades").symbol("side", "buy").column("price", 2615.54).atNanos(nanos);</pre>
 *
 * A call that fails throws {@link QuestDbException} and changes nothing: the row stays open, to be completed or dropped by
 * {@link #dropRow}. One thread may use a sender at a time. Rows of one shape are cheaper as {@link PreparedRow}s.
 */
public final class Sender implements AutoCloseable {
    /** The counters, in the order of their numbers. */
    public enum Stat {
        FLUSHES, FAILED_FLUSHES, ROWS_COMMITTED, BYTES_COMMITTED, ROWS_SUBMITTED, BYTES_SUBMITTED, RETRIES_CONNECT,
        RETRIES_CONNECTION, RETRIES_TIMEOUT, RETRIES_BUSY, RETRIES_SERVER, IN_DOUBT_ATTEMPTS, RECONNECTS
    }

    private static final int ABI_VERSION = 1;

    private final Native c = Native.C;
    private final Memory memory = new Memory();
    private long handle;
    private long rows;
    private boolean open;

    private Sender(String conf) {
        if (c.questdb_abi_version() != ABI_VERSION) {
            throw new IllegalStateException("the questdb_ingress library does not fit this class");
        }
        Memory result = new Memory();
        long out = result.out();
        check(c.questdb_sender_from_conf(memory.text(conf), memory.length(), out));
        handle = result.result();
        rows = c.questdb_sender_buffer(handle);
    }

    /** Makes a sender from a configuration string such as {@code http::addr=localhost:9000;}. */
    public static Sender fromConf(String conf) {
        return new Sender(conf);
    }

    /** Begins a row. */
    public Sender table(String name) {
        long at = fresh(name);
        check(c.questdb_buffer_set_marker(rows));
        check(c.questdb_buffer_table(rows, at, memory.length()));
        open = true;
        return this;
    }

    /** Symbols come before other columns. */
    public Sender symbol(String name, String value) {
        long at = fresh(name);
        int length = memory.length();
        check(c.questdb_buffer_symbol(rows, at, length, memory.text(value), memory.length()));
        return this;
    }

    public Sender column(String name, boolean value) {
        check(c.questdb_buffer_column_bool(rows, fresh(name), memory.length(), value));
        return this;
    }

    /** The server reads the smallest number as NULL. */
    public Sender column(String name, long value) {
        check(c.questdb_buffer_column_i64(rows, fresh(name), memory.length(), value));
        return this;
    }

    public Sender column(String name, double value) {
        check(c.questdb_buffer_column_f64(rows, fresh(name), memory.length(), value));
        return this;
    }

    public Sender column(String name, String value) {
        long at = fresh(name);
        int length = memory.length();
        check(c.questdb_buffer_column_str(rows, at, length, memory.text(value), memory.length()));
        return this;
    }

    public Sender column(String name, Instant value) {
        return columnNanos(name, nanos(value));
    }

    /** Microseconds since 1970. */
    public Sender columnMicros(String name, long micros) {
        check(c.questdb_buffer_column_ts_micros(rows, fresh(name), memory.length(), micros));
        return this;
    }

    /** Nanoseconds since 1970. */
    public Sender columnNanos(String name, long nanos) {
        check(c.questdb_buffer_column_ts_nanos(rows, fresh(name), memory.length(), nanos));
        return this;
    }

    /** An array in row-major order; without a shape it has one dimension. */
    public Sender column(String name, double[] values, int... shape) {
        long at = fresh(name);
        int length = memory.length();
        check(c.questdb_buffer_column_f64_arr(rows, at, length, memory.array(values, shape)));
        return this;
    }

    public Sender column(String name, java.math.BigDecimal value) {
        return value.scale() < 0 || value.scale() > 76
                ? columnDecimal(name, value.toString())
                : columnDecimal(name, value.scale(), value.unscaledValue().toByteArray());
    }

    /** A decimal as text, such as {@code -12.50}. */
    public Sender columnDecimal(String name, String value) {
        long at = fresh(name);
        int length = memory.length();
        check(c.questdb_buffer_column_dec_str(rows, at, length, memory.text(value), memory.length()));
        return this;
    }

    public Sender columnDecimal(String name, int scale, long unscaled) {
        check(c.questdb_buffer_column_dec_i64(rows, fresh(name), memory.length(), scale, unscaled));
        return this;
    }

    /** The unscaled value is a big-endian two's complement integer. */
    public Sender columnDecimal(String name, int scale, byte[] unscaled) {
        long at = fresh(name);
        int length = memory.length();
        check(c.questdb_buffer_column_dec(rows, at, length, scale, memory.bytes(unscaled), memory.length()));
        return this;
    }

    /** Ends the row, and sends all rows when a limit of auto-flush is reached. */
    public void at(Instant time) {
        atNanos(nanos(time));
    }

    public void atNanos(long nanos) {
        ended(c.questdb_sender_at_nanos(handle, nanos));
    }

    public void atMicros(long micros) {
        ended(c.questdb_sender_at_micros(handle, micros));
    }

    /** The server sets the time; deduplication cannot recognise such rows. */
    public void atNow() {
        ended(c.questdb_sender_at_now(handle));
    }

    /** Ends a prepared row, whose cells are NULL afterwards. */
    public void append(PreparedRow row, long at) {
        try {
            check(c.questdb_sender_append_row(handle, row.layout(), row.cells(), row.columns(), at));
        } finally {
            row.clear();
        }
    }

    /** Drops the row being built. */
    public void dropRow() {
        if (open) {
            open = false;
            check(c.questdb_buffer_rewind_to_marker(rows));
        }
    }

    /** Drops all rows that were not sent. */
    public void clear() {
        open = false;
        check(c.questdb_buffer_clear(rows));
    }

    /** Complete rows that were not sent. */
    public long pending() {
        return c.questdb_buffer_row_count(rows);
    }

    /** Sends all rows; after an exception all of them are still there. */
    public void flush() {
        check(c.questdb_sender_flush_own(handle));
    }

    /** Begins a transaction on one table; HTTP only. */
    public void begin(String table) {
        check(c.questdb_sender_begin(handle, fresh(table), memory.length()));
    }

    /** Sends the rows of the transaction; the server stores all or none. */
    public void commit() {
        check(c.questdb_sender_commit(handle));
    }

    public void rollback() {
        open = false;
        check(c.questdb_sender_rollback(handle));
    }

    public long stat(Stat stat) {
        return c.questdb_sender_stat(handle, stat.ordinal());
    }

    /**
     * Sends what is left within the time, ends the connection and returns how many rows the server did not confirm (HTTP)
     * or the kernel did not take (TCP). Closing again does nothing.
     */
    public long close(Duration timeout) {
        if (handle == 0) {
            return 0;
        }
        try {
            long out = memory.out();
            check(c.questdb_sender_close(handle, timeout.toMillis(), out));
            return memory.result();
        } finally {
            c.questdb_sender_free(handle);
            handle = 0;
            rows = 0;
        }
    }

    /** As {@link #close(Duration)} with ten seconds. */
    @Override
    public void close() {
        close(Duration.ofSeconds(10));
    }

    private long fresh(String text) {
        memory.clear();
        return memory.text(text);
    }

    private void ended(long error) {
        try {
            check(error);
            open = false;
        } catch (QuestDbException e) {
            open = open && !e.rowAccepted();
            throw e;
        }
    }

    private static long nanos(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
    }
}
