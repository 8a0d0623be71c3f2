package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import questdb.ingress.QuestDbException.Code;

/**
 * Many rows of one table, given column by column: each column is an array with a value for each row, and {@link Rows#append}
 * adds them all by one call into C. A null in an array, or a false of {@link #valid}, is NULL.
 */
public final class ColumnBatch extends Layout<ColumnBatch> {
    private static final int SIZE = 80;
    private static final int BITS = 2;
    private static final int I64 = 3;
    private static final int F64 = 4;
    private static final int TEXT = 5;
    private static final int DICTIONARY = 6;
    private static final int ARRAYS = 7;
    private static final int DECIMALS = 8;
    private static final int DECIMAL_BYTES = 32;

    private ByteBuffer data = Memory.allocate(0);
    private long address;
    /** Rows of each column; -1 where none were given. */
    private int[] lengths = {};

    /** Makes a batch without columns for a table. The stamp says where the times of its rows come from. */
    public ColumnBatch(String table, Stamp stamp) {
        super("column batch", table, stamp);
    }

    /** Sets booleans. */
    public ColumnBatch set(int column, boolean[] values) {
        enterColumn(column, values);
        try {
            column(column, BITS, values.length, memory.bits(values));
        } finally {
            leave();
        }
        return this;
    }

    /** Sets numbers, or times in the unit of the column. */
    public ColumnBatch set(int column, long[] values) {
        enterColumn(column, values);
        try {
            column(column, I64, values.length, memory.longs(values));
        } finally {
            leave();
        }
        return this;
    }

    /** Sets doubles. */
    public ColumnBatch set(int column, double[] values) {
        enterColumn(column, values);
        try {
            column(column, F64, values.length, memory.doubles(values));
        } finally {
            leave();
        }
        return this;
    }

    /** Sets symbols, strings or the text of decimals; null is NULL. */
    public ColumnBatch set(int column, String[] values) {
        enterColumn(column, values);
        try {
            int[] offsets = new int[values.length + 1];
            long text = memory.texts(values, offsets);
            int length = memory.length();
            long starts = memory.ints(offsets);
            long validity = validity(values);
            int at = column(column, TEXT, values.length, 0);
            data.putInt(at + 12, 4).putLong(at + 32, starts).putLong(at + 40, text).putLong(at + 48, length);
            data.putLong(at + 64, validity);
        } finally {
            leave();
        }
        return this;
    }

    /** Sets symbols or strings that repeat: each row names one of the texts by its index; a negative index is NULL. */
    public ColumnBatch set(int column, int[] codes, String[] texts) {
        enterColumn(column, codes);
        try {
            if (texts == null) {
                throw invalid(Code.INVALID_ARGUMENT, "the texts of column " + column + " are null");
            }
            int[] offsets = new int[texts.length + 1];
            long text = memory.texts(texts, offsets);
            int length = memory.length();
            long starts = memory.ints(offsets);
            boolean[] valid = new boolean[codes.length];
            for (int i = 0; i < codes.length; i++) {
                // A code beyond the texts counts as valid, so that C refuses it.
                valid[i] = codes[i] >= 0 && (codes[i] >= texts.length || texts[codes[i]] != null);
            }
            long validity = memory.bits(valid);
            int at = column(column, DICTIONARY, codes.length, memory.ints(codes));
            data.putInt(at + 4, 4).putInt(at + 12, 4).putLong(at + 32, starts).putLong(at + 40, text).putLong(at + 48, length);
            data.putLong(at + 56, texts.length).putLong(at + 64, validity);
        } finally {
            leave();
        }
        return this;
    }

    /** Sets times; those that the unit of the column cannot tell are INVALID_TIMESTAMP. null is NULL. */
    public ColumnBatch set(int column, Instant[] values) {
        Kind kind = kind(column);
        if (values == null || kind != Kind.NANOS && kind != Kind.MICROS) {
            throw invalid(Code.INVALID_ARGUMENT, "column " + column + " takes no such values: it is " + kind);
        }
        long[] numbers = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            numbers[i] = values[i] == null ? 0 : kind == Kind.NANOS ? Time.nanos(values[i]) : Time.micros(values[i]);
        }
        enterColumn(column, values);
        try {
            long validity = validity(values);
            int at = column(column, I64, values.length, memory.longs(numbers));
            data.putLong(at + 64, validity);
        } finally {
            leave();
        }
        return this;
    }

    /** Sets decimals; all are sent with the decimal places of the one that has most. null is NULL. */
    public ColumnBatch set(int column, BigDecimal[] values) {
        enterColumn(column, values);
        try {
            int scale = 0;
            BigDecimal[] sent = new BigDecimal[values.length];
            for (int i = 0; i < values.length; i++) {
                sent[i] = Decimals.sent(values[i] == null ? BigDecimal.ZERO : values[i]);
                scale = Math.max(scale, sent[i].scale());
            }
            if ((long) DECIMAL_BYTES * values.length > Integer.MAX_VALUE / 2) {
                throw invalid(Code.LIMIT_EXCEEDED, values.length + " decimals are more than one batch takes");
            }
            byte[] bytes = new byte[DECIMAL_BYTES * values.length];
            for (int i = 0; i < values.length; i++) {
                byte[] number = Decimals.sent(sent[i].setScale(scale)).unscaledValue().toByteArray();
                int end = DECIMAL_BYTES * (i + 1);
                java.util.Arrays.fill(bytes, end - DECIMAL_BYTES, end - number.length, (byte) (number[0] >> 7));
                System.arraycopy(number, 0, bytes, end - number.length, number.length);
            }
            long validity = validity(values);
            int at = column(column, DECIMALS, values.length, memory.bytes(bytes));
            data.putInt(at + 4, DECIMAL_BYTES).putInt(at + 8, scale).putLong(at + 64, validity);
        } finally {
            leave();
        }
        return this;
    }

    /** Sets arrays of one dimension; null is NULL. */
    public ColumnBatch set(int column, double[][] values) {
        enterColumn(column, values);
        try {
            long validity = validity(values);
            int at = column(column, ARRAYS, values.length, memory.arrays(values));
            data.putLong(at + 64, validity);
        } finally {
            leave();
        }
        return this;
    }

    /** Says which rows of a column of numbers have a value; the others are NULL. The column must have been set before. */
    public ColumnBatch valid(int column, boolean[] valid) {
        enterColumn(column, valid);
        try {
            if (valid.length != lengths[column]) {
                throw invalid(Code.INVALID_ARGUMENT,
                        "column " + column + " has " + Math.max(lengths[column], 0) + " values, not " + valid.length);
            }
            data.putLong(SIZE * column + 64, memory.bits(valid));
        } finally {
            leave();
        }
        return this;
    }

    /** Drops all values. */
    public void clear() {
        enter();
        empty();
        leave();
    }

    long data() {
        return address;
    }

    /** How many rows there are: every column and the times must say the same. */
    long rows(long[] at) {
        if ((at == null) != (stamp() == Stamp.NOW)) {
            throw invalid(Code.INVALID_ARGUMENT, at == null ? "the times of the rows are null"
                    : "the server sets the times of this batch: give null");
        }
        int rows = at != null ? at.length : lengths.length > 0 ? Math.max(lengths[0], 0) : 0;
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] != rows) {
                throw invalid(Code.INVALID_ARGUMENT,
                        "column " + i + " has " + (lengths[i] < 0 ? "no" : lengths[i]) + " values for " + rows + " rows");
            }
        }
        return rows;
    }

    /** The times outside the heap, until the batch is emptied. */
    long at(long[] at) {
        return at == null ? 0 : memory.longs(at);
    }

    void empty() {
        java.util.Arrays.fill(lengths, -1);
        memory.clear();
    }

    @Override
    void resize(int count) {
        data = Memory.allocate((long) SIZE * count);
        address = Native.C.address(data);
        lengths = new int[count];
        empty();
    }

    @Override
    ColumnBatch self() {
        return this;
    }

    private void enterColumn(int column, Object values) {
        kind(column);
        if (values == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the values of column " + column + " are null");
        }
        enter();
    }

    private long validity(Object[] values) {
        boolean[] valid = new boolean[values.length];
        for (int i = 0; i < values.length; i++) {
            valid[i] = values[i] != null;
        }
        return memory.bits(valid);
    }

    /** Begins the description of a column; every field that is not set is 0. */
    private int column(int column, int kind, int rows, long values) {
        int at = SIZE * column;
        for (int i = 0; i < SIZE; i += 8) {
            data.putLong(at + i, 0);
        }
        data.putInt(at, kind).putLong(at + 16, values);
        lengths[column] = rows;
        return at;
    }
}
