package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import questdb.ingress.QuestDbException.Code;

/**
 * A table whose columns are named once. Cells are set by the number of their column, then {@link Rows#append} ends the row
 * by one call into C. Cells that were not set since the last row are NULL.
 */
public final class PreparedRow extends Layout<PreparedRow> {
    private static final int CELL = 24;
    private static final int BOOL = 1;
    private static final int LONG = 2;
    private static final int DOUBLE = 3;
    private static final int TEXT = 4;
    private static final int ARRAY = 5;
    private static final int DECIMAL = 6;

    private ByteBuffer cells = Memory.allocate(0);
    private long address;
    private int columns;
    /** Whose row it is, from the first cell until it is appended or cleared: only that thread may set cells. */
    private final AtomicReference<Thread> setter = new AtomicReference<>();

    /** Makes a row without columns for a table. The stamp says where the times of its rows come from. */
    public PreparedRow(String table, Stamp stamp) {
        super("prepared row", table, stamp);
    }

    /** Sets a cell of a column of booleans. */
    public PreparedRow set(int column, boolean value) {
        check(column);
        cell(column, BOOL, value ? 1 : 0);
        return this;
    }

    /** Sets a number, or a time in the unit of the column. */
    public PreparedRow set(int column, long value) {
        check(column);
        cell(column, LONG, value);
        return this;
    }

    /** Sets a cell of a column of doubles. */
    public PreparedRow set(int column, double value) {
        check(column);
        cell(column, DOUBLE, Double.doubleToRawLongBits(value));
        return this;
    }

    /** Sets a symbol, a string or the text of a decimal; null is NULL. */
    public PreparedRow set(int column, String value) {
        if (value == null) {
            return setNull(column);
        }
        check(column);
        cell(column, TEXT, memory.text(value));
        length(column, 0);
        return this;
    }

    /** Sets a symbol or a string of one character. */
    public PreparedRow set(int column, char value) {
        return set(column, String.valueOf(value));
    }

    /** Sets a time; one that the unit of the column cannot tell is INVALID_TIMESTAMP. */
    public PreparedRow set(int column, Instant value) {
        if (value == null) {
            return setNull(column);
        }
        Kind kind = kind(column);
        if (kind != Kind.NANOS && kind != Kind.MICROS) {
            throw invalid(Code.INVALID_ARGUMENT, "column " + column + " holds no times: it is " + kind);
        }
        return set(column, kind == Kind.NANOS ? Time.nanos(value) : Time.micros(value));
    }

    /** Sets an array in row-major order; without a shape it has one dimension. null is NULL. */
    public PreparedRow set(int column, double[] values, int... shape) {
        if (values == null) {
            return setNull(column);
        }
        check(column);
        cell(column, ARRAY, memory.array(values, shape));
        return this;
    }

    /** Sets a decimal with its scale; null is NULL. */
    public PreparedRow set(int column, BigDecimal value) {
        if (value == null) {
            return setNull(column);
        }
        BigDecimal decimal = Decimals.sent(value);
        return set(column, decimal.scale(), decimal.unscaledValue().toByteArray());
    }

    /** Sets a decimal whose unscaled value is a big-endian two's complement integer; null is NULL. */
    public PreparedRow set(int column, int scale, byte[] unscaled) {
        if (unscaled == null) {
            return setNull(column);
        }
        check(column);
        cell(column, DECIMAL, memory.bytes(unscaled));
        length(column, scale);
        return this;
    }

    /** Sets a cell to NULL, as it is at the beginning. */
    public PreparedRow setNull(int column) {
        check(column);
        cell(column, 0, 0);
        return this;
    }

    /** Makes all cells NULL. */
    public void clear() {
        own();
        empty();
    }

    /** Begins a call with the cells. */
    long enterCells() {
        own();
        return enter();
    }

    long cells() {
        return address;
    }

    void empty() {
        for (int i = 0; i < columns; i++) {
            cells.putInt(CELL * i, 0);
        }
        memory.clear();
        setter.setRelease(null);
    }

    @Override
    void resize(int count) {
        ByteBuffer more = Memory.allocate((long) CELL * count);
        cells = more;
        address = Native.C.address(more);
        columns = count;
        empty();
    }

    @Override
    PreparedRow self() {
        return this;
    }

    @Override
    void own() {
        Thread me = Thread.currentThread();
        if (setter.getPlain() != me && !setter.compareAndSet(null, me)) {
            throw inUse();
        }
    }

    private void check(int column) {
        own();
        if (column < 0 || column >= columns) {
            throw invalid(Code.INVALID_ARGUMENT, "there is no column " + column + ": " + columns + " were added");
        }
    }

    private void cell(int column, int kind, long value) {
        cells.putInt(CELL * column, kind).putLong(CELL * column + 8, value);
    }

    private void length(int column, int scale) {
        cells.putInt(CELL * column + 4, scale).putLong(CELL * column + 16, memory.length());
    }
}
