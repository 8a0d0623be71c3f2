using System;
using System.Diagnostics;
using System.Threading;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>The numbers that a sender keeps: counters, which only grow, and at the end a duration.</summary>
    public enum Stat
    {
        /// <summary>Flushes that succeeded.</summary>
        Flushes,

        /// <summary>Flushes that returned an error.</summary>
        FailedFlushes,

        /// <summary>Rows that the server confirmed (HTTP).</summary>
        RowsCommitted,

        /// <summary>Bytes that the server confirmed (HTTP).</summary>
        BytesCommitted,

        /// <summary>Rows given to the kernel (TCP, which has no confirmation).</summary>
        RowsSubmitted,

        /// <summary>Bytes given to the kernel (TCP).</summary>
        BytesSubmitted,

        /// <summary>Retries because no connection could be made.</summary>
        RetriesConnect,

        /// <summary>Retries because a connection broke.</summary>
        RetriesConnection,

        /// <summary>Retries because time ran out.</summary>
        RetriesTimeout,

        /// <summary>Retries because the server was too busy (408, 425, 429, 503).</summary>
        RetriesBusy,

        /// <summary>Retries because of another server error.</summary>
        RetriesServer,

        /// <summary>Attempts that sent a complete request without learning its fate.</summary>
        InDoubtAttempts,

        /// <summary>Connections made after the first.</summary>
        Reconnects,

        /// <summary>Automatic flushes that failed.</summary>
        FailedAutoFlushes,

        /// <summary>The wait until the next automatic flush after one that failed, in milliseconds; 0 after one that succeeded.</summary>
        AutoFlushWaitMillis,
    }

    /// <summary>What became of the rows when a sender was closed or disposed of.</summary>
    public sealed class CloseResult
    {
        internal CloseResult(long unconfirmed, QuestDBException error)
        {
            UnconfirmedRows = unconfirmed;
            Error = error;
        }

        /// <summary>Complete rows that the server did not confirm (HTTP) or the kernel did not take (TCP). -1 if a call
        /// of another thread did not end, so that Dispose could not look.</summary>
        public long UnconfirmedRows { get; }

        /// <summary>TCP: rows of earlier flushes, reported as sent, of which it is not known whether they arrived.</summary>
        public long EarlierRowsInDoubt => Error?.EarlierRowsInDoubt ?? 0;

        /// <summary>Why rows were not sent, or that a row was left open; null if all went well.</summary>
        public QuestDBException Error { get; }

        /// <summary>One line for a log.</summary>
        public override string ToString() => Error == null
            ? "closed"
            : $"closed, {UnconfirmedRows} rows unconfirmed, {EarlierRowsInDoubt} earlier rows in doubt: {Error.Message}";
    }

    /// <summary>
    /// Sends rows to QuestDB. A row is built by chained calls and ended by At…:
    /// <c>sender.Table("trades").Symbol("side", "buy").Column("price", 2615.54).AtNanos(nanos);</c>
    /// Rows of one shape are cheaper as prepared rows.
    /// <para>
    /// One call at a time may use a sender; one that meets another fails with <see cref="ErrorCode.InvalidState"/> and does
    /// no harm. Any thread may at any time call Cancel, LastError, the statistics and Dispose.
    /// </para>
    /// <para>
    /// Close before the end: it throws if rows were not sent. Dispose never throws; what it could not do says CloseResult.
    /// </para>
    /// </summary>
    public sealed unsafe partial class Sender : Rows
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

        private readonly SenderHandle handle;
        private volatile CloseResult closed;
        private bool cancelled; // whether the last call that could wait was cancelled

        /// <summary>Makes a sender from a configuration string such as <c>http::addr=localhost:9000;</c>.</summary>
        public Sender(string conf)
        {
            Library.Check();
            var text = Scratch.Fresh(conf, nameof(conf));
            Check(Native.questdb_sender_from_conf(text, Scratch.Length, out handle));
            Memory = Native.questdb_sender_buffer(handle.Pointer);
        }

        /// <summary>Makes a sender from a configuration, which stays as it is.</summary>
        public Sender(SenderConfig config)
        {
            if (config == null)
            {
                throw new ArgumentNullException(nameof(config));
            }
            config.Enter();
            try
            {
                Check(Native.questdb_sender_new(config.Pointer, out handle));
            }
            finally
            {
                config.Exit();
            }
            Memory = Native.questdb_sender_buffer(handle.Pointer);
        }

        private Sender(SenderHandle handle)
        {
            this.handle = handle;
            Memory = Native.questdb_sender_buffer(handle.Pointer);
        }

        /// <summary>Makes a sender from the configuration string in the environment variable QDB_CLIENT_CONF.</summary>
        public static Sender FromEnvironment()
        {
            Library.Check();
            Check(Native.questdb_sender_from_env(out var handle));
            return new Sender(handle);
        }

        /// <summary>The version of the protocol that was configured or negotiated.</summary>
        public override int ProtocolVersion => (int)Number(_ => (UIntPtr)Native.questdb_sender_protocol_version(handle.Pointer));

        /// <summary>The longest name that the server accepts, in bytes.</summary>
        public override int MaxNameLength => (int)Number(_ => Native.questdb_sender_max_name_len(handle.Pointer));

        /// <summary>Whether a transaction is open.</summary>
        public bool InTransaction => Number(_ => (UIntPtr)Native.questdb_sender_in_transaction(handle.Pointer)) != 0;

        /// <summary>
        /// How long Dispose may take to send what is left, ten seconds unless set; zero or less makes it send nothing.
        /// </summary>
        public TimeSpan DisposeTimeout { get; set; } = TimeSpan.FromSeconds(10);

        /// <summary>What became of the rows at Close, or at Dispose of a sender that was not closed; null before.</summary>
        public CloseResult CloseResult => closed;

        /// <summary>The last error of a flush, also one that a later flush made good; null without one. Any thread may ask at any time.</summary>
        public QuestDBException LastError
        {
            get
            {
                Check(Native.questdb_sender_last_error(handle, out var last));
                return Take(last);
            }
        }

        /// <summary>Returns a number that the sender keeps. Any thread may ask at any time.</summary>
        public long this[Stat stat] => (long)Native.questdb_sender_stat(handle, (uint)stat);

        internal override Handle Handle => handle;

        /// <summary>Makes an empty buffer with the version and the limits of this sender.</summary>
        public RowBuffer NewBuffer()
        {
            Enter();
            try
            {
                Check(Native.questdb_sender_new_buffer(handle.Pointer, out var buffer));
                return new RowBuffer(buffer);
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Connects now if the configuration leaves that to the first flush; otherwise does nothing.</summary>
        public void Connect(CancellationToken token = default(CancellationToken)) => Wait(ConnectCall, token);

        /// <summary>Sends all rows; after an exception all of them are still there.</summary>
        public void Flush(CancellationToken token = default(CancellationToken)) => Wait(FlushCall, token);

        /// <summary>Sends the rows of a buffer and clears it; after an exception all of them are still there.</summary>
        public void Flush(RowBuffer buffer, CancellationToken token = default(CancellationToken)) =>
            Wait(FlushCall(buffer), token, buffer);

        /// <summary>
        /// Sends the rows of a buffer and leaves them there, for example for another server. Transactional refuses what could
        /// be stored in part: rows of several tables, and TCP.
        /// </summary>
        public void FlushAndKeep(
            RowBuffer buffer, bool transactional = false, CancellationToken token = default(CancellationToken)) =>
            Wait(KeepCall(buffer, transactional), token, buffer);

        /// <summary>Sends all rows if a limit of auto-flush is reached: for services that are idle at times.</summary>
        public void FlushIfDue(CancellationToken token = default(CancellationToken)) => Wait(FlushIfDueCall, token);

        /// <summary>Begins a transaction on one table, after sending the rows that wait; HTTP only.</summary>
        public void Begin(string table, CancellationToken token = default(CancellationToken)) => Wait(BeginCall(table), token);

        /// <summary>Sends the rows of the transaction; the server stores all or none.</summary>
        public void Commit(CancellationToken token = default(CancellationToken)) => Wait(CommitCall, token);

        /// <summary>Drops the rows of the transaction, which were not sent yet, and ends it.</summary>
        public void Rollback()
        {
            Enter();
            try
            {
                var error = Native.questdb_sender_rollback(handle.Pointer);
                Look();
                Check(error);
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>
        /// Sends the complete rows within the time and ends the connection. Throws if rows may not have arrived or a row was
        /// left open; CloseResult, which is also returned, says how many. A time below zero is none, Timeout.InfiniteTimeSpan
        /// is no limit beyond those of the configuration.
        /// </summary>
        public CloseResult Close(TimeSpan timeout, CancellationToken token = default(CancellationToken))
        {
            Wait(CloseCall(timeout), token);
            return closed;
        }

        /// <summary>
        /// Ends the call that is running in another thread: it throws <see cref="SendCanceledException"/>, and its rows stay.
        /// Returns when that call has ended. Without one this does nothing, and calls that begin later are not affected.
        /// </summary>
        public void Cancel()
        {
            var call = Calls;
            for (var watch = Stopwatch.StartNew(); Held && Calls == call && watch.Elapsed < Patience;)
            {
                Cancellation.Cancel(handle);
                Thread.Sleep(1);
            }
        }

        /// <summary>
        /// Until the result is disposed of, every call of this sender that waits, also for an automatic flush, ends when the
        /// token is cancelled, and so do those that begin later.
        /// </summary>
        public IDisposable CancelOn(CancellationToken token) => new Cancellation(handle, token);

        /// <summary>
        /// Sends the complete rows within DisposeTimeout unless Close was called, and frees the sender. Never throws: see
        /// CloseResult. A call that is running in another thread is cancelled first; after a cancelled call nothing is sent,
        /// since whoever cancels wants to end.
        /// </summary>
        public override void Dispose()
        {
            if (!BeginDispose())
            {
                return;
            }
            var interrupted = false;
            for (var watch = Stopwatch.StartNew(); !TryHold(); Thread.Sleep(1))
            {
                interrupted = true;
                Cancellation.Cancel(handle);
                if (watch.Elapsed > Patience)
                {
                    closed = closed ?? new CloseResult(-1, new QuestDBException(
                        ErrorCode.InvalidState, "the sender is used by another thread, whose call did not end when it was cancelled"));
                    Free();
                    return;
                }
            }
            if (closed == null)
            {
                CloseQuietly(interrupted || cancelled ? TimeSpan.Zero : DisposeTimeout);
            }
            handle.Dispose();
        }

        internal override IntPtr EndRow(Stamp unit, long at)
        {
            switch (unit)
            {
                case Stamp.Nanos: return Seen(Native.questdb_sender_at_nanos(handle.Pointer, at));
                case Stamp.Micros: return Seen(Native.questdb_sender_at_micros(handle.Pointer, at));
                default: return Seen(Native.questdb_sender_at_now(handle.Pointer));
            }
        }

        internal override IntPtr AppendRow(IntPtr layout, Cell* cells, UIntPtr count, long at) =>
            Seen(Native.questdb_sender_append_row(handle.Pointer, layout, cells, count, at));

        internal override IntPtr AppendColumns(IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at) =>
            Seen(Native.questdb_sender_append_columns(handle.Pointer, layout, rows, columns, count, at));

        internal override IntPtr ArrowBatch(IntPtr array, IntPtr schema, IntPtr options) =>
            Seen(Native.questdb_sender_arrow(handle.Pointer, array, schema, options));

        internal override IntPtr ArrowStream(IntPtr stream, IntPtr options) =>
            Seen(Native.questdb_sender_arrow_stream(handle.Pointer, stream, options));

        /// <summary>Remembers for Dispose whether an automatic flush was cancelled.</summary>
        private IntPtr Seen(IntPtr error)
        {
            cancelled = error != IntPtr.Zero && Native.questdb_error_get_code(error) == (uint)ErrorCode.Cancelled;
            return error;
        }

        private IntPtr ConnectCall() => Native.questdb_sender_connect(handle.Pointer);

        private IntPtr FlushCall() => Native.questdb_sender_flush_own(handle.Pointer);

        private IntPtr FlushIfDueCall() => Native.questdb_sender_flush_if_due(handle.Pointer);

        private IntPtr CommitCall() => Native.questdb_sender_commit(handle.Pointer);

        private Func<IntPtr> FlushCall(RowBuffer buffer) =>
            () => Native.questdb_sender_flush(handle.Pointer, buffer.Memory);

        private Func<IntPtr> KeepCall(RowBuffer buffer, bool transactional) => () => transactional
            ? Native.questdb_sender_flush_and_keep_with_flags(handle.Pointer, buffer.Memory, 1)
            : Native.questdb_sender_flush_and_keep(handle.Pointer, buffer.Memory);

        private Func<IntPtr> BeginCall(string table) => () =>
        {
            var text = Scratch.Fresh(table, nameof(table));
            return Native.questdb_sender_begin(handle.Pointer, text, Scratch.Length);
        };

        private Func<IntPtr> CloseCall(TimeSpan timeout) => () =>
        {
            var error = Native.questdb_sender_close(handle.Pointer, Times.Millis(timeout), out var unconfirmed);
            var problem = Take(error);
            var first = closed == null;
            if (first)
            {
                closed = new CloseResult((long)unconfirmed, problem);
            }
            if (problem != null)
            {
                cancelled |= problem.Code == ErrorCode.Cancelled;
                throw problem.ToThrow();
            }
            return IntPtr.Zero;
        };

        private void CloseQuietly(TimeSpan timeout)
        {
            try
            {
                CloseCall(timeout)();
            }
            catch (Exception)
            {
                // The error is in CloseResult. An exception from here would hide the one that the program is about to see.
            }
        }
    }
}
