package questdb.ingress;

import java.util.Optional;

/**
 * What {@link Pool#close} left behind, of the batches that were not complete when it was called.
 *
 * @param unsentRows rows of batches that were refused or not sent
 * @param rowsInDoubt rows of batches that may be stored
 * @param earlierRowsInDoubt how many rows that went over TCP at any time may be lost
 * @param error the first error of such a batch, or of the end of a connection; empty if all went well
 */
public record PoolReport(long unsentRows, long rowsInDoubt, long earlierRowsInDoubt, Optional<QuestDbException> error) { }
