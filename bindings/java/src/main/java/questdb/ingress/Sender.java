package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/**
 * Sends rows to QuestDB.
 *
 * <pre>sender.table("trades").symbol("side", "buy").column("price", 2615.54).atNanos(nanos);</pre>
 *
 * <p>One thread may use a sender at a time; a second one gets INVALID_STATE. {@link #cancel}, {@link #stat}, {@link #lastError}
 * and {@link #close} may be called by any thread at any time. No order of calls crashes the process.
 *
 * <p>A call that waits for the server ends within about 100 ms when its thread is interrupted, or by {@link #cancel}: with
 * CANCELLED and the true outcome. The rows are kept, and the thread stays marked as interrupted.
 */
public final class Sender extends Rows<Sender> {
    /** The counters, in the order of their numbers; the last one goes up and down. */
    public enum Stat {
        FLUSHES, FAILED_FLUSHES, ROWS_COMMITTED, BYTES_COMMITTED, ROWS_SUBMITTED, BYTES_SUBMITTED, RETRIES_CONNECT,
        RETRIES_CONNECTION, RETRIES_TIMEOUT, RETRIES_BUSY, RETRIES_SERVER, IN_DOUBT_ATTEMPTS, RECONNECTS,
        FAILED_AUTO_FLUSHES, AUTO_FLUSH_WAIT_MILLIS
    }

    private static final Duration CLOSE = Duration.ofSeconds(10);
    /** How long a call that was cancelled may take to end. */
    private static final long PATIENCE = 30_000_000_000L;
    private static final VarHandle CALLER;

    static {
        try {
            CALLER = MethodHandles.lookup().findVarHandle(Sender.class, "caller", Thread.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long handle;
    /** Who is inside a call that may wait. */
    private Thread caller;
    /** Held while C is called besides a call that is inside, and while the sender is freed. */
    private final Object beside = new Object();
    /** While it is set no call that may wait begins: so a cancel hits the call that it is meant for. */
    private volatile boolean cancelling;
    private boolean freed;
    private long unconfirmed;
    private final long[] lastStats = new long[Stat.values().length];
    private QuestDbException lastError;

    private Sender(long handle) {
        super("sender", handle, Rare.C.questdb_sender_buffer(handle), Rare.C::questdb_sender_free);
        this.handle = handle;
        Interrupts.add(this);
    }

    /** Makes a sender from a configuration string such as {@code http::addr=localhost:9000;}. */
    public static Sender fromConf(String conf) {
        Memory text = new Memory();
        long at = text.text(conf);
        return made(out -> Rare.C.questdb_sender_from_conf(at, text.length(), out), () -> Reference.reachabilityFence(text));
    }

    /** Makes a sender from the configuration string in the environment variable {@code QDB_CLIENT_CONF}. */
    public static Sender fromEnv() {
        return made(Rare.C::questdb_sender_from_env, () -> { });
    }

    /** Makes a sender from a configuration, which can be used again. */
    public static Sender from(Config config) {
        // The configuration is copied, because the thread below may go on when the caller of this method was interrupted.
        Config copy = config.copy();
        return made(out -> copy.number(c -> Rare.C.questdb_sender_new(c, out)), copy::close);
    }

    private static Sender made(LongUnaryOperator call, Runnable end) {
        return new Sender(Opening.open(call, Rare.C::questdb_sender_free, end));
    }

    /** Returns the version of the C library, such as {@code 0.1.0}. */
    public static String libraryVersion() {
        return C.text(Rare.C.questdb_version());
    }

    @Override
    public void atNanos(long nanos) {
        long sender = enterRow();
        try {
            mayWait();
            ended(C.questdb_sender_at_nanos(sender, nanos));
        } finally {
            waited();
        }
    }

    @Override
    public void atMicros(long micros) {
        long sender = enterRow();
        try {
            mayWait();
            ended(C.questdb_sender_at_micros(sender, micros));
        } finally {
            waited();
        }
    }

    @Override
    public void atNow() {
        long sender = enterRow();
        try {
            mayWait();
            ended(C.questdb_sender_at_now(sender));
        } finally {
            waited();
        }
    }

    @Override
    public void append(PreparedRow row, long at) {
        long layout = row.enterCells();
        try {
            long sender = enter();
            try {
                mayWait();
                check(C.questdb_sender_append_row(sender, layout, row.cells(), row.columns(), at));
                row.empty();
            } catch (QuestDbException e) {
                if (e.rowAccepted()) {
                    row.empty();
                }
                throw e;
            } finally {
                waited();
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
            long sender = enter();
            try {
                mayWait();
                check(Rare.C.questdb_sender_append_columns(
                        sender, layout, rows, batch.data(), batch.columns(), batch.at(at)));
                batch.empty();
            } catch (QuestDbException e) {
                if (e.rowAccepted()) {
                    batch.empty();
                }
                throw e;
            } finally {
                waited();
            }
        } finally {
            batch.leave();
        }
    }

    @Override
    public void appendArrow(long array, long schema, ArrowOptions options) {
        ArrowOptions.take(this, options, made -> Rare.C.questdb_sender_arrow(handle, array, schema, made),
                () -> Rare.C.questdb_sender_arrow(0, array, schema, 0));
    }

    @Override
    public void appendArrowStream(long stream, ArrowOptions options) {
        ArrowOptions.take(this, options, made -> Rare.C.questdb_sender_arrow_stream(handle, stream, made),
                () -> Rare.C.questdb_sender_arrow_stream(0, stream, 0));
    }

    @Override
    void enterToSend() {
        enter();
        mayWait();
    }

    @Override
    void leaveSent() {
        waited();
    }

    /** Sends all rows; after an exception all of them are still there. */
    public void flush() {
        waiting(Rare.C::questdb_sender_flush_own);
    }

    /** Sends all rows if a limit of auto-flush is reached. */
    public void flushIfDue() {
        waiting(Rare.C::questdb_sender_flush_if_due);
    }

    /** Sends a buffer and empties it; after an exception it is as it was. */
    public void flush(Buffer rows) {
        with(rows, buffer -> waiting(sender -> Rare.C.questdb_sender_flush(sender, buffer)));
    }

    /** Sends a buffer and leaves it as it is, for example to send it to another server too. */
    public void flushAndKeep(Buffer rows) {
        with(rows, buffer -> waiting(sender -> Rare.C.questdb_sender_flush_and_keep(sender, buffer)));
    }

    /** Sends as {@link #flushAndKeep(Buffer)} does; transactional refuses what the server could store in part: several tables, and TCP. */
    public void flushAndKeep(Buffer rows, boolean transactional) {
        with(rows, buffer ->
                waiting(sender -> Rare.C.questdb_sender_flush_and_keep_with_flags(sender, buffer, transactional)));
    }

    /** Connects now if the configuration leaves that to the first flush; otherwise does nothing. */
    public void connect() {
        waiting(Rare.C::questdb_sender_connect);
    }

    /** Begins a transaction on one table, after sending the rows that wait. Over HTTP only. */
    public void begin(String table) {
        waiting(sender -> Rare.C.questdb_sender_begin(sender, fresh(table), memory.length()));
    }

    /** Sends the rows of the transaction; the server stores all or none. After an exception it stays open with its rows. */
    public void commit() {
        waiting(Rare.C::questdb_sender_commit);
    }

    /** Drops the rows of the transaction, the open one too. */
    public void rollback() {
        long sender = enter();
        try {
            check(Rare.C.questdb_sender_rollback(sender));
            rowEnded();
        } finally {
            leave();
        }
    }

    /** Whether a transaction is open. */
    public boolean inTransaction() {
        return number(buffer -> Rare.C.questdb_sender_in_transaction(handle) ? 1 : 0) == 1;
    }

    /** Makes an empty buffer with the version and the limits of this sender, for any thread to fill. */
    public Buffer newBuffer() {
        long sender = enter();
        try {
            long out = memory.out();
            check(Rare.C.questdb_sender_new_buffer(sender, out));
            return new Buffer(memory.result(), null);
        } finally {
            leave();
        }
    }

    @Override
    public int protocolVersion() {
        return (int) number(buffer -> Rare.C.questdb_sender_protocol_version(handle));
    }

    @Override
    public long maxNameLen() {
        return number(buffer -> Rare.C.questdb_sender_max_name_len(handle));
    }

    /** Returns a counter, after the end as it was then. Any thread may ask at any time. */
    public long stat(Stat stat) {
        synchronized (beside) {
            long count = freed ? lastStats[stat.ordinal()] : Rare.C.questdb_sender_stat(handle, stat.ordinal());
            Reference.reachabilityFence(this);
            return count;
        }
    }

    /** Returns the last error of a flush, also one that a later flush made good. Any thread may ask at any time. */
    public Optional<QuestDbException> lastError() {
        synchronized (beside) {
            return Optional.ofNullable(freed ? lastError : readLastError());
        }
    }

    private QuestDbException readLastError() {
        Memory result = new Memory();
        long out = result.out();
        check(Rare.C.questdb_sender_last_error(handle, out));
        Reference.reachabilityFence(this);
        return result.result() == 0 ? null : QuestDbException.taken(result.result(), 0);
    }

    /**
     * Ends the call that another thread is inside, if it waits for the server: that call fails with CANCELLED and the true
     * outcome. Returns when it has ended, after about 100 ms at most; later calls are not affected. Any thread at any time.
     */
    public void cancel() {
        long call = turn();
        while (call > 1 && call == turn() && Thread.currentThread() != (Thread) CALLER.getAcquire(this)) {
            cancel(call);
            LockSupport.parkNanos(2_000_000);
        }
    }

    private void cancel(long call) {
        synchronized (beside) {
            cancelling = true;
            if (turn() == call && !freed) {
                Rare.C.questdb_sender_cancel(handle);
            }
            cancelling = false;
            Reference.reachabilityFence(this);
        }
    }

    /** Cancels a call whose thread was interrupted. Whether any call is inside. */
    boolean endIfInterrupted() {
        long call = turn();
        Thread thread = (Thread) CALLER.getAcquire(this);
        if (call > 1 && thread != null && thread.isInterrupted()) {
            cancel(call);
        }
        return call != 0;
    }

    /**
     * Sends the complete rows within the time, ends the connection and returns how many rows were not handed over, which is
     * 0. What went wrong is thrown: {@link QuestDbException#unconfirmedRows} and
     * {@link QuestDbException#earlierRowsInDoubt} then tell how many rows it concerns; a row left open is INVALID_STATE, though
     * the complete ones were sent. Negative is 0, parts of a millisecond count as a whole one.
     *
     * <p>From another thread it lets no further call begin, waits for the call that is inside, and cancels it when the time
     * is over. An interrupt that comes while it runs ends it; one that came before does not keep it from sending.
     *
     * <p>Closing again does nothing if nothing was left, and else is INVALID_STATE with the same count.
     */
    public long close(Duration timeout) {
        long millis = Time.millis(timeout);
        boolean interrupted = Thread.interrupted();
        try {
            shut();
            long left = waitToClose(millis);
            try {
                return freed ? closedBefore() : closeNow(left);
            } finally {
                waited();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Closes as {@link #close(Duration)} does with ten seconds. */
    @Override
    public void close() {
        close(CLOSE);
    }

    /** Waits until no call is inside, and returns how many milliseconds are left. */
    private long waitToClose(long millis) {
        long start = System.nanoTime();
        boolean over = false;
        while (!tryEnter()) {
            long waited = System.nanoTime() - start;
            over |= Thread.currentThread().isInterrupted() || waited / 1_000_000 >= millis;
            if (over) {
                cancel(turn());
            }
            if (waited - PATIENCE > 0 && waited / 1_000_000 - PATIENCE / 1_000_000 >= millis) {
                throw inUse();
            }
            LockSupport.parkNanos(1_000_000);
        }
        return over ? 0 : Math.max(0, millis - (System.nanoTime() - start) / 1_000_000);
    }

    private long closedBefore() {
        if (unconfirmed == 0) {
            return 0;
        }
        throw QuestDbException.unconfirmed(
                "the sender was closed before, and " + unconfirmed + " rows were not confirmed", unconfirmed);
    }

    private long closeNow(long millis) {
        mayWait();
        long out = memory.out();
        long error = Rare.C.questdb_sender_close(handle, millis, out);
        unconfirmed = memory.result();
        QuestDbException failure = error == 0 ? null : QuestDbException.taken(error, unconfirmed);
        synchronized (beside) {
            for (Stat stat : Stat.values()) {
                lastStats[stat.ordinal()] = Rare.C.questdb_sender_stat(handle, stat.ordinal());
            }
            lastError = readLastError();
            freed = true;
            free();
        }
        Interrupts.remove(this);
        rowEnded();
        if (failure != null) {
            throw failure;
        }
        return unconfirmed;
    }

    /** A call that may wait for the server. */
    private void waiting(LongUnaryOperator call) {
        long sender = enter();
        try {
            if (Thread.currentThread().isInterrupted()) {
                throw Opening.interrupted();
            }
            mayWait();
            check(call.applyAsLong(sender));
        } finally {
            waited();
        }
    }

    private static void with(Buffer rows, java.util.function.LongConsumer call) {
        if (rows == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the buffer is null");
        }
        long buffer = rows.enter();
        try {
            call.accept(buffer);
        } finally {
            rows.leave();
        }
    }

    private void mayWait() {
        number();
        CALLER.setRelease(this, Thread.currentThread());
        if (cancelling || !Interrupts.awake) {
            attend();
        }
    }

    private void attend() {
        synchronized (beside) {
            // Whoever cancels the call before this one has finished when the lock is free.
        }
        if (!Interrupts.awake) {
            Interrupts.wake();
        }
    }

    /** Ends a call that may have waited. */
    private void waited() {
        CALLER.setRelease(this, null);
        leave();
    }
}
