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

    public Row symbol(String name, String value) {
        open().symbol(name, value);
        return this;
    }

    public Row symbol(String name, char value) {
        open().symbol(name, value);
        return this;
    }

    public Row column(String name, boolean value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, Boolean value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, long value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, double value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, Number value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, String value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, char value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, Character value) {
        open().column(name, value);
        return this;
    }

    public Row column(String name, Instant value) {
        open().column(name, value);
        return this;
    }

    public Row columnMicros(String name, long micros) {
        open().columnMicros(name, micros);
        return this;
    }

    public Row columnNanos(String name, long nanos) {
        open().columnNanos(name, nanos);
        return this;
    }

    public Row column(String name, double[] values, int... shape) {
        open().column(name, values, shape);
        return this;
    }

    public Row column(String name, BigDecimal value) {
        open().column(name, value);
        return this;
    }

    public Row columnDecimal(String name, String value) {
        open().columnDecimal(name, value);
        return this;
    }

    public Row columnDecimal(String name, int scale, long unscaled) {
        open().columnDecimal(name, scale, unscaled);
        return this;
    }

    public Row columnDecimal(String name, int scale, byte[] unscaled) {
        open().columnDecimal(name, scale, unscaled);
        return this;
    }

    public void at(Instant time) {
        open().at(time);
    }

    public void atNanos(long nanos) {
        open().atNanos(nanos);
    }

    public void atMicros(long micros) {
        open().atMicros(micros);
    }

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
