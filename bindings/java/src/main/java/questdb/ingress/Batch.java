package questdb.ingress;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The future of a batch. It ends with a {@link Completion} only, also when it is cancelled. */
final class Batch extends CompletableFuture<Completion> {
    /** What C returns with the completion. */
    final long id;
    final long rows;
    private final Batches batches;
    /** What C knows the batch by, once it has taken it. */
    volatile long number;

    Batch(Batches batches, long id, long rows) {
        this.batches = batches;
        this.id = id;
        this.rows = rows;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return batches.cancel(this, mayInterruptIfRunning);
    }

    @Override
    public Executor defaultExecutor() {
        return batches.executor();
    }
}
