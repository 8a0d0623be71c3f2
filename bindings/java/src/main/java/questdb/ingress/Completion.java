package questdb.ingress;

import java.util.Optional;
import questdb.ingress.QuestDbException.Outcome;

/**
 * What became of a batch of a {@link Pool}.
 *
 * @param outcome what is known about the rows: COMMITTED (HTTP) and SUBMITTED (TCP) are successes
 * @param rows how many rows the batch had
 * @param bytes how many bytes the batch had
 * @param attempts how many attempts were made to send it
 * @param inDoubtAttempts how many of them ended in doubt
 * @param error why it failed; empty after a success
 * @param failedRows the rows of a batch that failed, to submit them again or to keep them elsewhere; empty after a success. The
 *     buffer is the receiver's own: it may close it, or leave that to the garbage collector
 */
public record Completion(Outcome outcome, long rows, long bytes, int attempts, int inDoubtAttempts,
        Optional<QuestDbException> error, Optional<Buffer> failedRows) {

    /** Returns this completion, or throws its error. */
    public Completion orThrow() {
        if (error.isPresent()) {
            throw error.get();
        }
        return this;
    }
}
