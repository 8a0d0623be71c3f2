using System;

namespace QuestDB
{
    /// <summary>What became of a batch of a <see cref="Pool"/>.</summary>
    public sealed class Completion
    {
        internal Completion(CompletionData data)
        {
            Outcome = (Outcome)data.Outcome;
            Rows = (long)data.Rows;
            Bytes = (long)data.Bytes;
            Attempts = (int)data.Attempts;
            InDoubtAttempts = (int)data.InDoubtAttempts;
            FailedRows = data.FailedRows == IntPtr.Zero ? null : new RowBuffer(BufferHandle.Of(data.FailedRows));
            Error = QuestDBException.Take(data.Error);
        }

        /// <summary>A batch of which nothing is known.</summary>
        internal Completion(long rows, QuestDBException error)
        {
            Outcome = Outcome.InDoubt;
            Rows = rows;
            Error = error;
        }

        /// <summary>What is known about the rows: Committed (HTTP) and Submitted (TCP) are successes.</summary>
        public Outcome Outcome { get; }

        /// <summary>How many rows the batch had.</summary>
        public long Rows { get; }

        /// <summary>How many bytes the batch had.</summary>
        public long Bytes { get; }

        /// <summary>How many attempts were made to send it.</summary>
        public int Attempts { get; }

        /// <summary>How many of them ended in doubt.</summary>
        public int InDoubtAttempts { get; }

        /// <summary>Why the batch failed; null after a success.</summary>
        public QuestDBException Error { get; }

        /// <summary>
        /// The rows of a batch that failed, to submit them again or to keep them elsewhere; null after a success. The buffer is
        /// the caller's own: dispose of it, or leave that to the garbage collector.
        /// </summary>
        public RowBuffer FailedRows { get; }

        /// <summary>Returns this completion, or throws its error.</summary>
        public Completion OrThrow()
        {
            if (Error != null)
            {
                throw Error.ToThrow();
            }
            return this;
        }
    }

    /// <summary>How a batch is submitted: <c>new SubmitOptions { OrderKey = 7 }</c>.</summary>
    public sealed class SubmitOptions
    {
        /// <summary>Batches with the same key go out one after the other, in the order of their submission. Null is no order.</summary>
        public long? OrderKey { get; set; }

        /// <summary>How long to wait while the queue is full, as Close takes times; null is acquire_timeout_ms.</summary>
        public TimeSpan? Timeout { get; set; }
    }

    /// <summary>What Close left behind, of the batches of a pool that were not complete when it was called.</summary>
    public sealed class PoolReport
    {
        internal PoolReport(long unsentRows, long rowsInDoubt, long earlierRowsInDoubt, QuestDBException error)
        {
            UnsentRows = unsentRows;
            RowsInDoubt = rowsInDoubt;
            EarlierRowsInDoubt = earlierRowsInDoubt;
            Error = error;
        }

        /// <summary>Rows of batches that were refused or not sent.</summary>
        public long UnsentRows { get; }

        /// <summary>Rows of batches that may be stored.</summary>
        public long RowsInDoubt { get; }

        /// <summary>How many rows that went over TCP at any time may be lost.</summary>
        public long EarlierRowsInDoubt { get; }

        /// <summary>The first error of such a batch, or of the end of a connection; null if all went well.</summary>
        public QuestDBException Error { get; }

        /// <summary>One line for a log.</summary>
        public override string ToString() => Error == null
            ? "closed"
            : $"closed, {UnsentRows} rows unsent, {RowsInDoubt} in doubt, {EarlierRowsInDoubt} earlier rows in doubt: {Error.Message}";
    }

    /// <summary>The numbers that a pool keeps.</summary>
    public enum PoolStat
    {
        /// <summary>Batches that wait to be sent.</summary>
        QueuedBatches,

        /// <summary>Batches that are being sent.</summary>
        BatchesInFlight,

        /// <summary>Completions that the pool has not read yet.</summary>
        UnreadCompletions,

        /// <summary>Bytes that count against queue_max_bytes.</summary>
        QueueBytes,

        /// <summary>Threads of the pool in the library, each of which has a connection of its own.</summary>
        Workers,

        /// <summary>Rows of batches that succeeded.</summary>
        RowsSent,

        /// <summary>Rows of batches that certainly were not stored.</summary>
        RowsNotStored,

        /// <summary>Rows of batches that may be stored.</summary>
        RowsInDoubt,

        /// <summary>How many milliseconds a submit waits for room unless it names a time: acquire_timeout_ms.</summary>
        AcquireTimeoutMillis,
    }
}
