package questdb.ingress;

import static questdb.ingress.QuestDbException.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A table whose columns are named once. Cells are set by the number of their column, then {@link Sender#append} ends the row
 * by one call into C. Cells that were not set since the last row are NULL.
 */
public final class PreparedRow implements AutoCloseable {
    /** What a column holds, in the order of the numbers, from 1. */
    public enum Kind {
        SYMBOL, BOOL, LONG, DOUBLE, STRING, MICROS, NANOS, DOUBLE_ARRAY, DECIMAL
    }

    /** Where the time of a row comes from, in the order of the numbers, from 1. */
    public enum Stamp {
        NANOS, MICROS, NOW
    }

    private static final int CELL = 24;
    private static final int BOOL = 1;
    private static final int LONG = 2;
    private static final int DOUBLE = 3;
    private static final int TEXT = 4;
    private static final int ARRAY = 5;
    private static final int DECIMAL = 6;

    private final Memory memory = new Memory();
    private ByteBuffer cells = ByteBuffer.allocateDirect(0);
    private long layout;
    private long address;
    private int columns;

    public PreparedRow(String table, Stamp stamp) {
        Memory result = new Memory();
        long out = result.out();
        check(Native.C.questdb_row_layout_new(memory.text(table), memory.length(), stamp.ordinal() + 1, out));
        layout = result.result();
    }

    /** Adds a column; its number is the count of those before. Cells that were set become NULL. */
    public PreparedRow add(String name, Kind kind) {
        memory.clear();
        check(Native.C.questdb_row_layout_add(layout, memory.text(name), memory.length(), kind.ordinal() + 1));
        columns++;
        cells = ByteBuffer.allocateDirect(CELL * columns).order(ByteOrder.nativeOrder());
        address = Native.C.address(cells);
        memory.clear();
        return this;
    }

    public PreparedRow set(int column, boolean value) {
        return cell(column, BOOL, value ? 1 : 0);
    }

    /** Also for times. */
    public PreparedRow set(int column, long value) {
        return cell(column, LONG, value);
    }

    public PreparedRow set(int column, double value) {
        return cell(column, DOUBLE, Double.doubleToRawLongBits(value));
    }

    /** A symbol, a string or the text of a decimal. */
    public PreparedRow set(int column, String value) {
        return cell(column, TEXT, memory.text(value)).length(column, 0);
    }

    /** An array in row-major order; without a shape it has one dimension. */
    public PreparedRow set(int column, double[] values, int... shape) {
        return cell(column, ARRAY, memory.array(values, shape));
    }

    /** A decimal, its unscaled value a big-endian two's complement integer. */
    public PreparedRow set(int column, int scale, byte[] unscaled) {
        return cell(column, DECIMAL, memory.bytes(unscaled)).length(column, scale);
    }

    @Override
    public void close() {
        Native.C.questdb_row_layout_free(layout);
        layout = 0;
    }

    long layout() {
        return layout;
    }

    long cells() {
        return address;
    }

    int columns() {
        return columns;
    }

    void clear() {
        for (int i = 0; i < columns; i++) {
            cells.putInt(CELL * i, 0);
        }
        memory.clear();
    }

    private PreparedRow cell(int column, int kind, long value) {
        cells.putInt(CELL * column, kind).putLong(CELL * column + 8, value);
        return this;
    }

    private PreparedRow length(int column, int scale) {
        cells.putInt(CELL * column + 4, scale).putLong(CELL * column + 16, memory.length());
        return this;
    }
}
