package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;
import static questdb.ingress.QuestDbException.taken;

import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/**
 * Takes batches of rows from any thread, virtual ones too, and sends them over several connections, on threads of its own. What
 * became of each tells a future.
 *
 * <pre>
 * try (Pool pool = Pool.fromConf("http::addr=localhost:9000;sender_pool_max=4;"); Buffer buffer = pool.newBuffer()) {
 *     buffer.table("trades").symbol("side", "buy").column("price", 2615.54).atNow();
 *     CompletableFuture&lt;Completion&gt; done = pool.submit(buffer); // takes the rows: the buffer can be filled again
 *     done.thenAccept(completion -&gt; completion.failedRows().ifPresent(this::keep));
 * }
 * </pre>
 *
 * <p>Any thread may make any call at any time. A pool must be closed: one that is forgotten is freed once its batches are
 * complete. One thread reads completions and ends futures by an executor, so that nothing that depends on them can hold it.
 */
public final class Pool implements AutoCloseable {
    /** The numbers that a pool keeps, in their order in C. */
    public enum Stat {
        QUEUED_BATCHES, BATCHES_IN_FLIGHT, UNREAD_COMPLETIONS, QUEUE_BYTES, WORKERS, ROWS_SENT, ROWS_NOT_STORED, ROWS_IN_DOUBT
    }

    private static final Duration CLOSE = Duration.ofSeconds(10);
    /** The size of a questdb_pool_report. */
    private static final long REPORT = 32;

    private final Batches batches;
    private final long[] lastStats = new long[Stat.values().length];
    private final CompletableFuture<PoolReport> closed = new CompletableFuture<>();

    private Pool(long handle, Executor executor) {
        batches = new Batches(handle, executor);
        Handle.CLEANER.register(this, batches::abandon);
    }

    /** Makes a pool from a configuration string such as {@code http::addr=localhost:9000;sender_pool_max=4;}. */
    public static Pool fromConf(String conf) {
        return fromConf(conf, null);
    }

    /**
     * Makes a pool whose futures are ended by the executor, which also runs what depends on them. null is that of {@link
     * CompletableFuture}, the common pool. What it refuses goes there too.
     */
    public static Pool fromConf(String conf, Executor executor) {
        Memory text = new Memory();
        long at = text.text(conf);
        return made(out -> Rare.C.questdb_pool_from_conf(at, text.length(), out), () -> Reference.reachabilityFence(text), executor);
    }

    /** Makes a pool from a configuration, which can be used again. */
    public static Pool from(Config config) {
        return from(config, null);
    }

    /** Makes a pool from a configuration, with an executor as {@link #fromConf(String, Executor)} has one. */
    public static Pool from(Config config, Executor executor) {
        // The configuration is copied, because the thread that connects may go on when this one was interrupted.
        Config copy = config.copy();
        return made(out -> copy.number(c -> Rare.C.questdb_pool_new(c, out)), copy::close, executor);
    }

    private static Pool made(LongUnaryOperator call, Runnable end, Executor executor) {
        return new Pool(Opening.open(call, Rare.C::questdb_pool_free, end), executor);
    }

    /** Makes an empty buffer with the version and the limits of this pool, for any thread to fill. */
    public Buffer newBuffer() {
        Memory memory = new Memory();
        long out = memory.out();
        check(batches.call(pool -> Rare.C.questdb_pool_new_buffer(pool, out)));
        Reference.reachabilityFence(this);
        return new Buffer(memory.result(), null);
    }

    /** Submits as {@link #submit(Buffer, SubmitOptions)} does, in no order. */
    public CompletableFuture<Completion> submit(Buffer rows) {
        return submit(rows, new SubmitOptions());
    }

    /**
     * Takes the rows of a buffer, and leaves it empty with memory for the next ones. It waits only while the queue is full, for
     * {@code acquire_timeout_ms} or the time that the options name, and then throws TIMEOUT; an interrupt meanwhile is
     * CANCELLED. The buffer is then as it was. A virtual thread that waits does not hold its carrier.
     *
     * <p>The future ends with a {@link Completion}, exactly once, also if the batch failed. {@code cancel(false)} cancels the
     * batch if it still waits, {@code cancel(true)} also if it is being sent; both return whether it was not complete. The
     * future then ends within about 100 ms, and with the completion too, because only that says what became of the rows: it does
     * not become {@code isCancelled()}, and the batch may have succeeded.
     */
    public CompletableFuture<Completion> submit(Buffer rows, SubmitOptions how) {
        if (rows == null || how == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the buffer or the options are null");
        }
        return batches.submit(this, rows, how);
    }

    /**
     * Waits until no batch waits or is being sent, those included that other threads submit meanwhile; false if the time was too
     * short. An interrupt is CANCELLED. The futures of the last batches may end a moment later.
     */
    public boolean drain(Duration timeout) {
        boolean empty = batches.drain(timeout);
        Reference.reachabilityFence(this);
        return empty;
    }

    /** Returns a number that the pool keeps, after the end as it was then. */
    public long stat(Stat stat) {
        if (closed.isDone()) {
            return lastStats[stat.ordinal()];
        }
        try {
            return batches.call(pool -> Rare.C.questdb_pool_stat(pool, stat.ordinal()));
        } catch (QuestDbException e) {
            closed.join(); // it is freed already, and about to say so
            return lastStats[stat.ordinal()];
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Takes no more batches, sends those it has within the time, cancels the rest, and frees the pool. Every batch has its
     * completion then, and its future ends, on the executor. Submits that wait for room are INVALID_STATE. It takes at most
     * 250 ms longer than its time; 5 s more if the system does not let go of a thread, whose batch is then IN_DOUBT.
     *
     * <p>What went wrong is not thrown but in the report. An interrupt while it runs ends it early. Closing again waits for the
     * first close, and returns the same report.
     */
    public PoolReport close(Duration timeout) {
        long millis = Time.millis(timeout);
        boolean interrupted = Thread.interrupted();
        if (batches.beginClose()) {
            interrupted |= closeFirst(millis);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return closed.join();
    }

    /** Whether it was interrupted. Another thread waits in C, so that this one can be, and need not hold a carrier if it is virtual. */
    private boolean closeFirst(long millis) {
        CompletableFuture<PoolReport> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> closeInC(millis, result), "questdb-ingress-close");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            closeInC(0, result);
        }
        boolean interrupted = false;
        while (!result.isDone()) {
            try {
                result.get();
            } catch (InterruptedException e) {
                interrupted = true;
                closeInC(0, new CompletableFuture<>());
            } catch (ExecutionException e) {
                // It is told below.
            }
        }
        batches.endAll();
        batches.free(pool -> {
            for (Stat stat : Stat.values()) {
                lastStats[stat.ordinal()] = Rare.C.questdb_pool_stat(pool, stat.ordinal());
            }
        });
        batches.abandon();
        result.thenApply(inC -> batches.report(inC.earlierRowsInDoubt(), inC.error().orElse(null)))
                .whenComplete((report, e) -> {
                    if (e == null) {
                        closed.complete(report);
                    } else {
                        closed.completeExceptionally(e);
                    }
                });
        return interrupted;
    }

    /** Closes as {@link #close(Duration)} does with ten seconds, and throws the error of the report. Again it does nothing. */
    @Override
    public void close() {
        if (!closed.isDone()) {
            close(CLOSE).error().ifPresent(e -> {
                throw e;
            });
        }
    }

    private void closeInC(long millis, CompletableFuture<PoolReport> result) {
        try {
            Memory memory = new Memory();
            long at = memory.longs(new long[] {REPORT, 0, 0, 0});
            long error = batches.call(pool -> Rare.C.questdb_pool_close(pool, millis, at));
            Optional<QuestDbException> failed = Optional.ofNullable(error == 0 ? null : taken(error, 0));
            result.complete(new PoolReport(memory.read(at + 8), memory.read(at + 16), memory.read(at + 24), failed));
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        }
    }
}
