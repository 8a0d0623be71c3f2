package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;
import questdb.ingress.QuestDbException.Outcome;

/**
 * The batches of a pool that are not complete, the pool in C, and the thread that reads its completions.
 *
 * <p>No thread of the program waits inside C: there a virtual thread would hold its carrier, and no interrupt would reach it.
 * Batches are offered to C without waiting, and who finds no room waits here for the next completion. This object leads to its
 * {@link Pool} only while there are batches, so that one that is forgotten can be freed.
 */
final class Batches implements Runnable {
    /** The reader looks this often whether it is still needed. */
    private static final long READ_MILLIS = 200;
    /** A submit that waits tries again after so long even if no completion was read. */
    private static final long AGAIN_NANOS = 100_000_000;
    /** How long after a close completions may still come. */
    private static final long LATE_NANOS = 5_000_000_000L;
    /** How many completions are read at once, and the size of a questdb_completion. */
    private static final int AT_ONCE = 64;
    private static final int SIZE = 72;
    private static final int ACQUIRE_TIMEOUT = 8;

    /** Takes the tasks that the program's executor refuses. */
    private static final Executor SPARE = new CompletableFuture<>().defaultExecutor();

    private final Executor executor;
    /** Locked for writing to free the handle, and for reading by all other calls of C. */
    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();
    private long handle;
    /** Guards what follows; {@code changed} is signalled with each change of it that anybody waits for. */
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Long, Batch> open = new HashMap<>();
    private long batches;
    /** Changes when completions were read, which may have made room. */
    private long reads;
    private boolean closing;
    /** Nobody needs the reader any more, which then frees the handle. */
    private boolean abandoned;
    private Thread reader;
    private Pool pool;
    /** What became of the batches that were not complete when the close began. */
    private long unsentRows;
    private long rowsInDoubt;
    private QuestDbException firstError;

    Batches(long handle, Executor executor) {
        this.handle = handle;
        this.executor = executor == null ? SPARE : executor;
    }

    Executor executor() {
        return executor;
    }

    /** Makes one call of C, which does not wait, with the pool. */
    long call(LongUnaryOperator call) {
        life.readLock().lock();
        try {
            if (handle == 0) {
                throw closed();
            }
            return call.applyAsLong(handle);
        } finally {
            life.readLock().unlock();
        }
    }

    static QuestDbException closed() {
        return invalid(Code.INVALID_STATE, "the pool is closed");
    }

    private static QuestDbException interrupted(String what) {
        Thread.currentThread().interrupt();
        return invalid(Code.CANCELLED, "this thread was interrupted while it waited " + what);
    }

    // --- submitting ---------------------------------------------------------------------------------------------------

    Batch submit(Pool from, Buffer rows, SubmitOptions how) {
        long buffer = rows.enter();
        try {
            Batch batch = expect(from, Native.C.questdb_buffer_row_count(buffer));
            boolean taken = false;
            try {
                batch.number = offer(batch.id, buffer, rows.memory, how);
                taken = true;
                return batch;
            } finally {
                if (!taken) {
                    remove(batch.id, null);
                }
            }
        } finally {
            rows.leave();
        }
    }

    /** Notes a batch that will come, and starts the reader. */
    private Batch expect(Pool from, long rows) {
        lock.lock();
        try {
            if (closing) {
                throw closed();
            }
            if (reader == null) {
                Thread thread = new Thread(this, "questdb-ingress-pool");
                thread.setDaemon(true);
                thread.start();
                reader = thread;
            }
            Batch batch = new Batch(this, ++batches, rows);
            open.put(batch.id, batch);
            pool = from;
            changed.signalAll();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Removes a batch; null if it is not open. {@code done} is null if there is no completion. */
    private Batch remove(long id, Completion done) {
        lock.lock();
        try {
            Batch batch = open.remove(id);
            if (batch != null && done != null && closing) {
                count(done);
            }
            if (open.isEmpty()) {
                pool = null;
            }
            changed.signalAll();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void count(Completion done) {
        switch (done.outcome()) {
            case NOT_SENT, REJECTED -> unsentRows += done.rows();
            case PARTIAL, IN_DOUBT -> rowsInDoubt += done.rows();
            default -> { }
        }
        firstError = firstError != null ? firstError : done.error().orElse(null);
    }

    /** Offers the rows to C until it takes them, and returns the batch's number. */
    private long offer(long id, long buffer, Memory memory, SubmitOptions how) {
        long start = System.nanoTime();
        long millis = how.timeout == null ? -1 : Time.millis(how.timeout);
        while (true) {
            long seen = reads();
            memory.clear();
            long out = memory.out();
            long wanted = memory.submit(id, how.orderKey, 0);
            long error = call(c -> Rare.C.questdb_pool_submit(c, buffer, wanted, out));
            if (error == 0) {
                return memory.result();
            }
            if (Rare.C.questdb_error_get_code(error) != Code.TIMEOUT.ordinal() + 1) {
                check(error);
            }
            millis = millis >= 0 ? millis : call(c -> Rare.C.questdb_pool_stat(c, ACQUIRE_TIMEOUT));
            long left = TimeUnit.MILLISECONDS.toNanos(millis) - (System.nanoTime() - start);
            if (left <= 0) {
                throw QuestDbException.noRoom(error, millis);
            }
            Rare.C.questdb_error_free(error);
            awaitRoom(seen, Math.min(left, AGAIN_NANOS));
        }
    }

    private long reads() {
        lock.lock();
        try {
            return reads;
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom(long seen, long nanos) {
        lock.lock();
        try {
            for (long left = nanos; reads == seen && !closing && left > 0; ) {
                left = changed.awaitNanos(left);
            }
            if (closing) {
                throw closed();
            }
        } catch (InterruptedException e) {
            throw interrupted("for room; the rows are still in the buffer");
        } finally {
            lock.unlock();
        }
    }

    /** Whether the batch was not complete. */
    boolean cancel(Batch batch, boolean inFlightToo) {
        lock.lock();
        try {
            if (!open.containsKey(batch.id)) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        life.readLock().lock();
        try {
            if (handle != 0) {
                check(Rare.C.questdb_pool_cancel(handle, batch.number, inFlightToo));
            }
            return handle != 0;
        } finally {
            life.readLock().unlock();
        }
    }

    /** Waits until there are no batches; false if the time was too short. */
    boolean drain(Duration timeout) {
        long left = TimeUnit.MILLISECONDS.toNanos(Time.millis(timeout));
        lock.lock();
        try {
            while (!open.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return open.isEmpty();
        } catch (InterruptedException e) {
            throw interrupted("for the batches, which go on");
        } finally {
            lock.unlock();
        }
    }

    // --- reading ------------------------------------------------------------------------------------------------------

    /** Hands completions over as long as anybody needs the pool. */
    @Override
    public void run() {
        ByteBuffer got = Memory.allocate(AT_ONCE * SIZE + Long.BYTES);
        while (stays()) {
            int count = 0;
            try {
                count = read(got);
            } catch (RuntimeException | Error e) {
                // A defect in C, or no memory, must not keep a processor busy. An interrupt is not for this thread.
                sleep();
            }
            for (int i = 0; i < count; i++) {
                completed(got, i * SIZE);
            }
            if (count > 0) {
                noteRead();
            }
        }
        free(null);
    }

    private static void sleep() {
        try {
            Thread.sleep(READ_MILLIS);
        } catch (InterruptedException e) {
            // Nobody has a reason to interrupt it.
        }
    }

    /** Waits for batches; false if none will come. */
    private boolean stays() {
        lock.lock();
        try {
            while (open.isEmpty() && !abandoned) {
                changed.awaitUninterruptibly();
            }
            return !open.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private int read(ByteBuffer got) {
        int counted = AT_ONCE * SIZE;
        got.putLong(0, SIZE).putLong(counted, 0);
        long at = Native.C.address(got);
        check(call(c -> Rare.C.questdb_pool_next(c, READ_MILLIS, at, AT_ONCE, at + counted)));
        return (int) got.getLong(counted);
    }

    private void noteRead() {
        lock.lock();
        try {
            reads++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the future of the completion at {@code at}. What depends on it may take long, block or throw, so that another thread
     * runs it.
     */
    private void completed(ByteBuffer got, int at) {
        Completion done = null;
        Throwable failed = null;
        try {
            done = completion(got, at);
        } catch (RuntimeException | Error e) {
            failed = e;
        }
        Batch batch = remove(got.getLong(at + 16), done);
        if (batch != null) {
            end(batch, done, failed);
        }
    }

    private void end(Batch batch, Completion done, Throwable failed) {
        Runnable task = () -> {
            if (failed == null) {
                batch.complete(done);
            } else {
                batch.completeExceptionally(failed);
            }
        };
        try {
            executor.execute(task);
        } catch (RuntimeException | Error e) {
            // An executor that was shut down, say. No batch is left without its completion for that.
            SPARE.execute(task);
        }
    }

    private static Completion completion(ByteBuffer got, int at) {
        long rows = got.getLong(at + 64);
        Buffer failedRows = rows == 0 ? null : new Buffer(rows, null);
        long error = got.getLong(at + 56);
        return new Completion(QuestDbException.outcome(got.getInt(at + 40)), got.getLong(at + 24), got.getLong(at + 32),
                got.getInt(at + 44), got.getInt(at + 48),
                Optional.ofNullable(error == 0 ? null : QuestDbException.taken(error, 0)), Optional.ofNullable(failedRows));
    }

    // --- the end ------------------------------------------------------------------------------------------------------

    /** Whether this call is the first one to close. */
    boolean beginClose() {
        lock.lock();
        try {
            boolean first = !closing;
            closing = true;
            changed.signalAll();
            return first;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the completions of the last batches, and completes as in doubt what C did not get back from the system. */
    void endAll() {
        awaitAll();
        List<Batch> late;
        lock.lock();
        try {
            late = new ArrayList<>(open.values());
        } finally {
            lock.unlock();
        }
        for (Batch batch : late) {
            QuestDbException error = invalid(Code.TIMEOUT, "the batch had not ended when the pool was freed; it may be stored");
            Completion done = new Completion(Outcome.IN_DOUBT, batch.rows, 0, 0, 0, Optional.of(error), Optional.empty());
            if (remove(batch.id, done) != null) {
                end(batch, done, null);
            }
        }
    }

    private void awaitAll() {
        boolean interrupted = false;
        lock.lock();
        try {
            long end = System.nanoTime() + LATE_NANOS;
            for (long left = LATE_NANOS; !open.isEmpty() && left > 0; left = end - System.nanoTime()) {
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            lock.unlock();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Returns what the close has achieved. C counts from when its own close begins, and so would leave out what ended between
     * that and the call of the program, or after an interrupt.
     */
    PoolReport report(long earlierRowsInDoubt, QuestDbException error) {
        lock.lock();
        try {
            return new PoolReport(unsentRows, rowsInDoubt, earlierRowsInDoubt, Optional.ofNullable(firstError != null ? firstError : error));
        } finally {
            lock.unlock();
        }
    }

    /** Lets the reader end, and frees the handle when it has no more batches to read. */
    void abandon() {
        lock.lock();
        try {
            closing = true;
            abandoned = true;
            changed.signalAll();
            if (reader != null) {
                return;
            }
        } finally {
            lock.unlock();
        }
        free(null);
    }

    /** Frees the handle once, after {@code last} was called with it. */
    void free(java.util.function.LongConsumer last) {
        life.writeLock().lock();
        try {
            if (handle != 0) {
                if (last != null) {
                    last.accept(handle);
                }
                Rare.C.questdb_pool_free(handle);
                handle = 0;
            }
        } finally {
            life.writeLock().unlock();
        }
    }
}
