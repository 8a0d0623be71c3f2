package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import questdb.ingress.QuestDbException.Code;

/** Memory outside the heap for the arguments of a call or a row: taken bit by bit, given back all at once. */
final class Memory {
    private static final int FIRST = 1024;
    /** A block larger than this is not kept for later calls. */
    private static final int KEPT = 1 << 20;
    /** The size of a questdb_submit. */
    private static final int SUBMIT = 40;
    /** The most that one argument may take. */
    private static final long MOST = 1 << 30;

    private ByteBuffer block = allocate(FIRST);
    private long address = Native.C.address(block);
    private int used;
    /** Blocks that became too small; what they hold is still pointed to. */
    private final List<ByteBuffer> full = new ArrayList<>();
    private int length;
    private ByteBuffer out;

    static ByteBuffer allocate(long size) {
        if (size > 2 * MOST + KEPT) {
            throw invalid(Code.LIMIT_EXCEEDED, "the arguments of one call take " + size + " bytes, more than " + 2 * MOST);
        }
        try {
            return ByteBuffer.allocateDirect((int) Math.min(size, Integer.MAX_VALUE)).order(ByteOrder.nativeOrder());
        } catch (OutOfMemoryError e) {
            throw invalid(Code.OUT_OF_MEMORY, "no " + size + " bytes outside the heap, see -XX:MaxDirectMemorySize");
        }
    }

    void clear() {
        used = 0;
        if (!full.isEmpty()) {
            full.clear();
            if (block.capacity() > KEPT) {
                replace(allocate(FIRST));
            }
        }
    }

    private void replace(ByteBuffer next) {
        block = next;
        address = Native.C.address(next);
        used = 0;
    }

    private int take(int size) {
        return size <= block.capacity() - used ? taken(size) : takeMore(size);
    }

    private int takeMore(long size) {
        if (size > MOST) {
            throw invalid(Code.LIMIT_EXCEEDED, "an argument of " + size + " bytes is longer than " + MOST);
        }
        ByteBuffer old = block;
        replace(allocate(size + Math.min(2L * old.capacity(), MOST)));
        full.add(old);
        return taken((int) size);
    }

    private int taken(int size) {
        int at = used;
        used = Math.min((at + size + 7) & ~7, block.capacity());
        return at;
    }

    private int take(long size) {
        return size <= block.capacity() - used ? taken((int) size) : takeMore(size);
    }

    /** The address of the text in UTF-8; {@link #length} then tells its bytes. */
    long text(String text) {
        if (text == null) {
            throw invalid(Code.INVALID_ARGUMENT, "a name or a text is null");
        }
        int size = text.length();
        int at = take(size);
        for (int i = 0; i < size; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return wide(text);
            }
            block.put(at + i, (byte) c);
        }
        length = size;
        return address + at;
    }

    /** Text beyond ASCII. */
    private long wide(String text) {
        long size = utf8Length(text);
        int at = take(size);
        put(at, text);
        length = (int) size;
        return address + at;
    }

    /** How many bytes the text is in UTF-8. An unpaired surrogate has none: it is not replaced by something else. */
    static long utf8Length(String text) {
        long size = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                size += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            } else if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                size += 4;
                i++;
            } else {
                throw invalid(Code.INVALID_UTF8,
                        String.format("text is not Unicode: an unpaired surrogate U+%04X at index %d", (int) c, i));
            }
        }
        return size;
    }

    /** Writes text whose length is known, and returns where it ends. */
    private int put(int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            int c = text.codePointAt(i);
            if (c < 0x80) {
                block.put(at++, (byte) c);
                continue;
            }
            int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            block.put(at++, (byte) (0xF0 << 3 - more | c >> 6 * more));
            while (more-- > 0) {
                block.put(at++, (byte) (0x80 | c >> 6 * more & 0x3F));
            }
            i += c < 0x10000 ? 0 : 1;
        }
        return at;
    }

    long bytes(byte[] bytes) {
        if (bytes == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the bytes of a value are null");
        }
        int at = take(bytes.length);
        block.put(at, bytes, 0, bytes.length);
        length = bytes.length;
        return address + at;
    }

    int length() {
        return length;
    }

    /** A questdb_array; without a shape it has one dimension. */
    long array(double[] values, int... shape) {
        if (values == null || shape == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the values or the shape of an array are null");
        }
        int at = take(48 + 8L * Math.max(shape.length, 1) + 8L * values.length);
        array(at, values, shape);
        return address + at;
    }

    /** Writes a questdb_array and what it points to, and returns where that ends. */
    private int array(int at, double[] values, int... shape) {
        int dims = Math.max(shape.length, 1);
        long sizes = address + at + 48;
        long data = sizes + 8L * dims;
        block.putLong(at, dims).putLong(at + 8, sizes).putLong(at + 16, 0);
        block.putLong(at + 24, data).putLong(at + 32, 8L * values.length).putLong(at + 40, 0);
        for (int i = 0; i < dims; i++) {
            block.putLong(at + 48 + 8 * i, shape.length == 0 ? values.length : shape[i]);
        }
        doubles(at + 48 + 8 * dims, values);
        return at + 48 + 8 * dims + 8 * values.length;
    }

    private void doubles(int at, double[] values) {
        block.slice(at, 8 * values.length).order(ByteOrder.nativeOrder()).asDoubleBuffer().put(values);
    }

    long doubles(double[] values) {
        int at = take(8L * values.length);
        doubles(at, values);
        return address + at;
    }

    long longs(long[] values) {
        int at = take(8L * values.length);
        block.slice(at, 8 * values.length).order(ByteOrder.nativeOrder()).asLongBuffer().put(values);
        return address + at;
    }

    /** The number at an address that a method of this object returned, after C has written it. */
    long read(long at) {
        return block.getLong((int) (at - address));
    }

    long ints(int[] values) {
        int at = take(4L * values.length);
        block.slice(at, 4 * values.length).order(ByteOrder.nativeOrder()).asIntBuffer().put(values);
        return address + at;
    }

    /** A questdb_submit; without a key the batch is in no order. */
    long submit(long userData, Long orderKey, long timeoutMillis) {
        int at = take(SUBMIT);
        block.putLong(at, SUBMIT).putLong(at + 8, userData).putLong(at + 16, orderKey == null ? 0 : orderKey);
        block.putLong(at + 24, timeoutMillis).putInt(at + 32, orderKey == null ? 0 : 1).putInt(at + 36, 1);
        return address + at;
    }

    /** A bit for each value, the lowest of each byte first. */
    long bits(boolean[] values) {
        int size = (values.length + 7) / 8;
        int at = take(size);
        for (int i = 0; i < size; i++) {
            int bits = 0;
            for (int bit = 0; bit < 8 && 8 * i + bit < values.length; bit++) {
                bits |= values[8 * i + bit] ? 1 << bit : 0;
            }
            block.put(at + i, (byte) bits);
        }
        return address + at;
    }

    /** Texts one after the other, null as empty; {@code offsets}, one longer, receives where each begins. */
    long texts(String[] texts, int[] offsets) {
        long size = 0;
        for (int i = 0; i < texts.length; i++) {
            size += texts[i] == null ? 0 : utf8Length(texts[i]);
            offsets[i + 1] = (int) Math.min(size, MOST + 1);
        }
        int start = take(size);
        int at = start;
        for (String text : texts) {
            at = text == null ? at : put(at, text);
        }
        length = (int) size;
        return address + start;
    }

    /** As many questdb_array as there are rows, each of one dimension; null as an array without values. */
    long arrays(double[][] rows) {
        long size = 48L * rows.length;
        for (double[] row : rows) {
            size += 8 + (row == null ? 0 : 8L * row.length);
        }
        int start = take(size);
        int data = start + 48 * rows.length;
        for (int i = 0; i < rows.length; i++) {
            double[] row = rows[i] == null ? new double[0] : rows[i];
            int at = start + 48 * i;
            block.putLong(at, 1).putLong(at + 8, address + data).putLong(at + 16, 0);
            block.putLong(at + 24, address + data + 8).putLong(at + 32, 8L * row.length).putLong(at + 40, 0);
            block.putLong(data, row.length);
            doubles(data + 8, row);
            data += 8 + 8 * row.length;
        }
        return address + start;
    }

    /** Room for a pointer or a number that C returns; read it by {@link #result}. It is apart from the arguments. */
    long out() {
        if (out == null) {
            out = allocate(8);
        }
        out.putLong(0, 0);
        return Native.C.address(out);
    }

    long result() {
        return out.getLong(0);
    }
}
