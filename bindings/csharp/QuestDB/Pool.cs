using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>
    /// Takes batches of rows from any thread or task and sends them over several connections, on threads of its own:
    /// <c>Completion done = await pool.SubmitAsync(buffer);</c>
    /// <para>
    /// Any thread may make any call at any time. Close or dispose of a pool: one that is forgotten is freed once its batches are
    /// complete. One thread reads completions; nothing that depends on a task runs in it.
    /// </para>
    /// </summary>
    public sealed partial class Pool : IDisposable
    {
        private readonly Batches batches;
        private readonly TaskCompletionSource<PoolReport> closed =
            new TaskCompletionSource<PoolReport>(TaskCreationOptions.RunContinuationsAsynchronously);

        private ulong[] lastStats;
        private int disposed;

        /// <summary>Makes a pool from a configuration string such as <c>http::addr=localhost:9000;sender_pool_max=4;</c>.</summary>
        public unsafe Pool(string conf)
        {
            Library.Check();
            var scratch = new Scratch();
            var text = scratch.Text(conf, nameof(conf));
            Check(Native.questdb_pool_from_conf(text, scratch.Length, out var handle));
            GC.KeepAlive(scratch);
            batches = new Batches(handle);
        }

        /// <summary>Makes a pool from a configuration, which stays as it is.</summary>
        public Pool(SenderConfig config)
        {
            if (config == null)
            {
                throw new ArgumentNullException(nameof(config));
            }
            config.Enter();
            try
            {
                Check(Native.questdb_pool_new(config.Pointer, out var handle));
                batches = new Batches(handle);
            }
            finally
            {
                config.Exit();
            }
        }

        /// <summary>Frees a pool that was forgotten.</summary>
        ~Pool()
        {
            batches?.Abandon();
        }

        /// <summary>How long Dispose may take to send what is left: ten seconds unless set.</summary>
        public TimeSpan DisposeTimeout { get; set; } = TimeSpan.FromSeconds(10);

        /// <summary>What Close or Dispose left behind; null before.</summary>
        public PoolReport CloseReport => closed.Task.IsCompleted ? closed.Task.Result : null;

        /// <summary>A number that the pool keeps, after the end as it was then.</summary>
        public long this[PoolStat stat]
        {
            get
            {
                try
                {
                    return (long)(Volatile.Read(ref lastStats)?[(int)stat] ?? batches.Stat(stat));
                }
                catch (ObjectDisposedException)
                {
                    return (long)Volatile.Read(ref lastStats)[(int)stat]; // written before the pool is freed
                }
            }
        }

        /// <summary>Makes an empty buffer with the version and the limits of this pool, for any thread to fill.</summary>
        public RowBuffer NewBuffer()
        {
            CheckOpen();
            Check(Native.questdb_pool_new_buffer(batches.Handle, out var buffer));
            return new RowBuffer(buffer);
        }

        /// <summary>
        /// Takes the rows of a buffer, and leaves it empty with memory for the next ones. The task ends with what became of
        /// them, also if the batch failed, exactly once.
        /// <para>
        /// Without room in the queue no thread waits: the buffer is used by this call until there is some, for acquire_timeout_ms
        /// or the time of the options, and then the task fails with <see cref="ErrorCode.Timeout"/> and the rows are still
        /// there. With room the buffer can be filled again as soon as this returns.
        /// </para>
        /// <para>
        /// The token cancels the wait, and then the batch, also if it is being sent. The task then ends within about 100 ms as
        /// cancelled, with a <see cref="SendCanceledException"/> whose Completion has the true outcome and the rows; or as
        /// always, if the batch has succeeded.
        /// </para>
        /// </summary>
        public Task<Completion> SubmitAsync(
            RowBuffer rows, SubmitOptions options = null, CancellationToken token = default(CancellationToken))
        {
            CheckSubmit(rows);
            return batches.SubmitAsync(this, rows, options, token);
        }

        /// <summary>
        /// Submits as <see cref="SubmitAsync"/> does, but the calling thread waits for room, and errors of that are thrown. The
        /// buffer can be filled again when this returns, so that many batches of one buffer may be under way.
        /// </summary>
        public Task<Completion> Submit(
            RowBuffer rows, SubmitOptions options = null, CancellationToken token = default(CancellationToken))
        {
            CheckSubmit(rows);
            return batches.Submit(this, rows, options, token);
        }

        /// <summary>
        /// Waits until no batch waits or is being sent, those included that other threads submit meanwhile; false if the time was
        /// too short. The tasks of the last batches may end a moment later.
        /// </summary>
        public bool Drain(TimeSpan timeout, CancellationToken token = default(CancellationToken)) =>
            batches.Drain(Times.Millis(timeout), token);

        /// <summary>
        /// Takes no more batches, sends those it has within the time, cancels the rest, and frees the pool. Every task of a batch
        /// ends then. It takes at most 250 ms longer than its time; 5 s more if the system does not let go of a thread, whose
        /// batch is then InDoubt. What went wrong is not thrown but in the report.
        /// <para>
        /// The token ends it early. Closing again waits for the first close, and returns the same report. Times are those of
        /// <see cref="Sender.Close"/>.
        /// </para>
        /// </summary>
        public PoolReport Close(TimeSpan timeout, CancellationToken token = default(CancellationToken))
        {
            if (batches.BeginClose())
            {
                try
                {
                    closed.TrySetResult(CloseFirst(Times.Millis(timeout), token));
                }
                catch (Exception e)
                {
                    closed.TrySetException(e);
                }
                GC.SuppressFinalize(this);
            }
            return closed.Task.GetAwaiter().GetResult();
        }

        /// <summary>Does the same as <see cref="Close"/>, waiting in a thread of its own.</summary>
        public Task<PoolReport> CloseAsync(TimeSpan timeout, CancellationToken token = default(CancellationToken)) =>
            Task.Factory.StartNew(
                () => Close(timeout, token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        /// <summary>Closes within DisposeTimeout unless Close was called. Never throws: see CloseReport.</summary>
        public void Dispose()
        {
            Interlocked.Exchange(ref disposed, 1);
            try
            {
                Close(DisposeTimeout);
            }
            catch (Exception)
            {
                // An exception from here would hide the one that the program is about to see.
            }
        }

        private void CheckOpen()
        {
            if (Volatile.Read(ref disposed) != 0)
            {
                throw new ObjectDisposedException(nameof(Pool));
            }
            batches.CheckOpen();
        }

        private void CheckSubmit(RowBuffer rows)
        {
            if (rows == null)
            {
                throw new ArgumentNullException(nameof(rows));
            }
            CheckOpen();
        }

        private PoolReport CloseFirst(ulong millis, CancellationToken token)
        {
            QuestDBException error;
            ReportData report;
            using (token.Register(() => Task.Run(() => CloseInC(0, out var _))))
            {
                error = CloseInC(millis, out report);
            }
            batches.EndAll();
            Volatile.Write(ref lastStats, Enum.GetValues(typeof(PoolStat)).Cast<PoolStat>().Select(batches.Stat).ToArray());
            batches.Abandon();
            return batches.Report((long)report.EarlierRowsInDoubt, error);
        }

        private unsafe QuestDBException CloseInC(ulong millis, out ReportData report)
        {
            report = new ReportData { Size = (UIntPtr)(uint)sizeof(ReportData) };
            return Take(Native.questdb_pool_close(batches.Handle, millis, ref report));
        }
    }

#if NETCOREAPP3_0_OR_GREATER
    /// <content>For <c>await using</c>.</content>
    public sealed partial class Pool : IAsyncDisposable
    {
        /// <summary>Does the same as Dispose, which may take DisposeTimeout, in a thread of its own.</summary>
        public ValueTask DisposeAsync() => new ValueTask(Task.Factory.StartNew(
            Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }
#endif
}
