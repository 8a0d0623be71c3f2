package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.time.Duration;
import questdb.ingress.QuestDbException.Code;

/**
 * How a batch is submitted to a {@link Pool}: {@code new SubmitOptions().orderKey(7).timeout(Duration.ofMillis(100))}.
 *
 * <p>Each method returns options with one choice more and leaves its own as they are, so that any number of threads can share
 * them.
 */
public final class SubmitOptions {
    final Long orderKey;
    final Duration timeout;

    /** Makes options without an order, that wait for room as long as {@code acquire_timeout_ms} says. */
    public SubmitOptions() {
        this(null, null);
    }

    private SubmitOptions(Long orderKey, Duration timeout) {
        this.orderKey = orderKey;
        this.timeout = timeout;
    }

    /** Batches with the same key go out one after the other, in the order of their submission. */
    public SubmitOptions orderKey(long key) {
        return new SubmitOptions(key, timeout);
    }

    /** How long to wait while the queue is full; negative is 0, parts of a millisecond count as a whole one. */
    public SubmitOptions timeout(Duration time) {
        if (time == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the duration is null");
        }
        return new SubmitOptions(orderKey, time);
    }
}
