package questdb.ingress;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Memory outside the heap for the arguments of a call or a row: taken bit by bit, given back all at once. */
final class Memory {
    private ByteBuffer block = allocate(1024);
    private long address = Native.C.address(block);
    private int used;
    /** Blocks that became too small; what they hold is still pointed to. */
    private final List<ByteBuffer> full = new ArrayList<>();
    private int length;

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    void clear() {
        used = 0;
        if (!full.isEmpty()) {
            full.clear();
        }
    }

    private int take(int size) {
        if (size > block.capacity() - used) {
            full.add(block);
            block = allocate(Math.addExact(Math.multiplyExact(2, block.capacity()), size));
            address = Native.C.address(block);
            used = 0;
        }
        int at = used;
        used = Math.min((at + size + 7) & ~7, block.capacity());
        return at;
    }

    /** The address of the text in UTF-8; {@link #length} then tells its bytes. */
    long text(String text) {
        int size = text.length();
        int at = take(size);
        for (int i = 0; i < size; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return bytes(text.getBytes(StandardCharsets.UTF_8));
            }
            block.put(at + i, (byte) c);
        }
        length = size;
        return address + at;
    }

    long bytes(byte[] bytes) {
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
        if (shape.length == 0) {
            shape = new int[] {values.length};
        }
        int at = take(48 + 8 * shape.length + 8 * values.length);
        long sizes = address + at + 48;
        long data = sizes + 8L * shape.length;
        block.putLong(at, shape.length).putLong(at + 8, sizes).putLong(at + 16, 0);
        block.putLong(at + 24, data).putLong(at + 32, 8L * values.length).putLong(at + 40, 0);
        for (int i = 0; i < shape.length; i++) {
            block.putLong(at + 48 + 8 * i, shape[i]);
        }
        block.slice(at + 48 + 8 * shape.length, 8 * values.length).order(ByteOrder.nativeOrder()).asDoubleBuffer().put(values);
        return address + at;
    }

    /** Room for a pointer or a number that C returns; read it by {@link #result}. */
    long out() {
        clear();
        block.putLong(take(8), 0);
        return address;
    }

    long result() {
        return block.getLong(0);
    }
}
