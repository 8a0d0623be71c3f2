package questdb.ingress;

import static questdb.ingress.QuestDbException.check;

/**
 * Rows of one's own: filled by any thread, one at a time, and sent by {@link Sender#flush(Buffer)}. Made by
 * {@link Sender#newBuffer}, which takes version and limits from the sender, or by hand.
 */
public final class Buffer extends Rows<Buffer> {
    Buffer(long address, Thread builder) {
        super("buffer", address, address, Rare.C::questdb_buffer_free);
        builder(builder);
    }

    /** Makes an empty buffer for version 1, 2 or 3 of the protocol, with the default limits. */
    public static Buffer of(int protocolVersion) {
        Memory memory = new Memory();
        long out = memory.out();
        check(Rare.C.questdb_buffer_new(protocolVersion, out));
        return new Buffer(memory.result(), null);
    }

    /** Makes an empty buffer with limits in bytes: the longest name, the memory to begin with and the most that it may hold. */
    public static Buffer of(int protocolVersion, long maxNameLen, long initBufSize, long maxBufSize) {
        Memory memory = new Memory();
        long out = memory.out();
        check(Rare.C.questdb_buffer_with_limits(protocolVersion, maxNameLen, initBufSize, maxBufSize, out));
        return new Buffer(memory.result(), null);
    }

    @Override
    public void atNanos(long nanos) {
        enterRow();
        try {
            ended(C.questdb_buffer_at_nanos(buffer, nanos));
        } finally {
            leave();
        }
    }

    @Override
    public void atMicros(long micros) {
        enterRow();
        try {
            ended(C.questdb_buffer_at_micros(buffer, micros));
        } finally {
            leave();
        }
    }

    @Override
    public void atNow() {
        enterRow();
        try {
            ended(C.questdb_buffer_at_now(buffer));
        } finally {
            leave();
        }
    }

    @Override
    public void append(PreparedRow row, long at) {
        long layout = row.enterCells();
        try {
            enter();
            try {
                check(C.questdb_buffer_append_row(buffer, layout, row.cells(), row.columns(), at));
                row.empty();
            } finally {
                leave();
            }
        } finally {
            row.leave();
        }
    }

    @Override
    public void append(ColumnBatch batch, long[] at) {
        long layout = batch.enter();
        try {
            long rows = batch.rows(at);
            enter();
            try {
                check(Rare.C.questdb_buffer_append_columns(buffer, layout, rows, batch.data(), batch.columns(), batch.at(at)));
                batch.empty();
            } finally {
                leave();
            }
        } finally {
            batch.leave();
        }
    }

    @Override
    public void appendArrow(long array, long schema, ArrowOptions options) {
        ArrowOptions.take(this, options, made -> Rare.C.questdb_buffer_arrow(buffer, array, schema, made),
                () -> Rare.C.questdb_buffer_arrow(0, array, schema, 0));
    }

    @Override
    public void appendArrowStream(long stream, ArrowOptions options) {
        ArrowOptions.take(this, options, made -> Rare.C.questdb_buffer_arrow_stream(buffer, stream, made),
                () -> Rare.C.questdb_buffer_arrow_stream(0, stream, 0));
    }
}
