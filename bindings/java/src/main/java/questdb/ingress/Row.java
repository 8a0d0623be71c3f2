package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.math.BigDecimal;
import java.time.Instant;
import questdb.ingress.QuestDbException.Code;

/**
 * One row, which is dropped when it is left without having been ended, so that an exception on the way costs this row only:
 *
 * <pre>
 * try (Row row = sender.row("trades")) {
 *     row.symbol("side", side()).column("price", price());
 *     row.at(now);
 * }
 * </pre>
 *
 * The calls are those of {@link Rows}. After it has ended they are INVALID_STATE.
 */
public final class Row implements AutoCloseable {
    private final Rows<?> rows;

    Row(Rows<?> rows) {
        this.rows = rows;
    }

    private Rows<?> open() {
        if (!rows.isOpen(this)) {
            throw invalid(Code.INVALID_STATE, "this row was ended or dropped before");
        }
        return rows;
    }

    /** Appends a symbol; null leaves the column out. */
    public Row symbol(String name, String value) {
        open().symbol(name, value);
        return this;
    }

    /** Appends a symbol of one character. */
    public Row symbol(String name, char value) {
        open().symbol(name, value);
        return this;
    }

    /** Appends a boolean. */
    public Row column(String name, boolean value) {
        open().column(name, value);
        return this;
    }

    /** Appends a boolean; null leaves the column out. */
    public Row column(String name, Boolean value) {
        open().column(name, value);
        return this;
    }

    /** Appends an integer. The server reads the smallest as NULL. */
    public Row column(String name, long value) {
        open().column(name, value);
        return this;
    }

    /** Appends a double. */
    public Row column(String name, double value) {
        open().column(name, value);
        return this;
    }

    /** Appends a boxed number as the column that its own type would be; null leaves the column out. */
    public Row column(String name, Number value) {
        open().column(name, value);
        return this;
    }

    /** Appends a string; null leaves the column out. */
    public Row column(String name, String value) {
        open().column(name, value);
        return this;
    }

    /** Appends a string of one character. */
    public Row column(String name, char value) {
        open().column(name, value);
        return this;
    }

    /** Appends a string of one character; null leaves the column out. */
    public Row column(String name, Character value) {
        open().column(name, value);
        return this;
    }

    /** Appends a time: in nanoseconds from 1677 to 2262, else in microseconds. null leaves the column out. */
    public Row column(String name, Instant value) {
        open().column(name, value);
        return this;
    }

    /** Appends a timestamp in microseconds since 1970. */
    public Row columnMicros(String name, long micros) {
        open().columnMicros(name, micros);
        return this;
    }

    /** Appends a timestamp in nanoseconds since 1970. */
    public Row columnNanos(String name, long nanos) {
        open().columnNanos(name, nanos);
        return this;
    }

    /** Appends an array in row-major order; without a shape it has one dimension. */
    public Row column(String name, double[] values, int... shape) {
        open().column(name, values, shape);
        return this;
    }

    /** Appends a decimal; null leaves the column out. */
    public Row column(String name, BigDecimal value) {
        open().column(name, value);
        return this;
    }

    /** Appends a decimal that is given as text, such as {@code -12.50}; null leaves the column out. */
    public Row columnDecimal(String name, String value) {
        open().columnDecimal(name, value);
        return this;
    }

    /** Appends the decimal {@code unscaled} / 10^{@code scale}. */
    public Row columnDecimal(String name, int scale, long unscaled) {
        open().columnDecimal(name, scale, unscaled);
        return this;
    }

    /** Appends a decimal whose unscaled value is a big-endian two's complement integer. */
    public Row columnDecimal(String name, int scale, byte[] unscaled) {
        open().columnDecimal(name, scale, unscaled);
        return this;
    }

    /** Ends the row at a time, which may not be before 1970; sends when a limit of auto-flush is reached. */
    public void at(Instant time) {
        open().at(time);
    }

    /** Ends the row at a number of nanoseconds since 1970. */
    public void atNanos(long nanos) {
        open().atNanos(nanos);
    }

    /** Ends the row at a number of microseconds since 1970. */
    public void atMicros(long micros) {
        open().atMicros(micros);
    }

    /** Ends the row without a time: the server sets it, so deduplication cannot recognise a row that is sent twice. */
    public void atNow() {
        open().atNow();
    }

    /** Drops the row, unless it was ended: then this does nothing. */
    @Override
    public void close() {
        if (rows.isOpen(this)) {
            rows.dropRow();
        }
    }
}
