using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>A batch that is not complete.</summary>
    internal sealed class Batch
    {
        /// <summary>What depends on the task never runs in the thread that ends it.</summary>
        internal readonly TaskCompletionSource<Completion> Done =
            new TaskCompletionSource<Completion>(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What C returns with the completion.</summary>
        internal ulong Id;

        /// <summary>What C knows the batch by, once it has taken it.</summary>
        internal ulong Number;

        internal long Rows;
    }

    /// <summary>
    /// The batches of a pool that are not complete, the pool in C, and the thread that reads its completions. No thread of the
    /// program waits inside C: batches are offered without waiting, and who finds no room waits here for the next completion.
    /// This object leads to its <see cref="Pool"/> only while there are batches, so that one that is forgotten can be freed.
    /// </summary>
    internal sealed partial class Batches
    {
        /// <summary>The reader looks this often whether it is still needed.</summary>
        private const int ReadMillis = 200;

        /// <summary>A submit that waits tries again after so long even if no completion was read.</summary>
        private const int AgainMillis = 100;

        /// <summary>How long after a close completions may still come.</summary>
        private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

        private readonly PoolHandle handle;

        /// <summary>Guards what follows, and is pulsed with each change of it that anybody waits for.</summary>
        private readonly object turn = new object();
        private readonly Dictionary<ulong, Batch> open = new Dictionary<ulong, Batch>();
        private ulong batches;
        private TaskCompletionSource<bool> read = NewSignal(); // ends when completions were read, which may have made room
        private bool closing;
        private bool abandoned;
        private Thread reader;
#pragma warning disable 414 // It is not read: it only keeps the pool from being collected.
        private Pool pool;
#pragma warning restore 414

        // What became of the batches that were not complete when the close began.
        private long unsentRows;
        private long rowsInDoubt;
        private QuestDBException firstError;

        internal Batches(PoolHandle handle)
        {
            this.handle = handle;
        }

        internal PoolHandle Handle => handle;

        private static TaskCompletionSource<bool> NewSignal() =>
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);

        internal static QuestDBException Closed() => new QuestDBException(ErrorCode.InvalidState, "the pool is closed");

        /// <summary>Throws if the pool is closed.</summary>
        internal void CheckOpen()
        {
            lock (turn)
            {
                if (closing)
                {
                    throw Closed();
                }
            }
        }

        // --- submitting -----------------------------------------------------------------------------------------------

        /// <summary>Submits the rows; the calling thread waits for room, and not for the completion.</summary>
        internal Task<Completion> Submit(Pool from, RowBuffer rows, SubmitOptions how, CancellationToken token)
        {
            rows.Enter();
            try
            {
                for (var offer = new Offer(this, from, rows, how, token); ;)
                {
                    var signal = Signal();
                    var wait = offer.Make();
                    if (wait < 0)
                    {
                        return Ended(offer.Batch, token);
                    }
                    WaitFor(signal, wait, token);
                }
            }
            finally
            {
                rows.Exit();
            }
        }

        /// <summary>
        /// Submits the rows, and waits for the completion; no thread waits for room. The asynchronous part does not know the pool:
        /// Mono would keep it from being collected for that.
        /// </summary>
        internal Task<Completion> SubmitAsync(Pool from, RowBuffer rows, SubmitOptions how, CancellationToken token)
        {
            rows.Enter();
            try
            {
                return Take(new Offer(this, from, rows, how, token), rows, token);
            }
            catch
            {
                rows.Exit();
                throw;
            }
        }

        private async Task<Completion> Take(Offer offer, RowBuffer rows, CancellationToken token)
        {
            try
            {
                for (;;)
                {
                    var signal = Signal();
                    var wait = offer.Make();
                    if (wait < 0)
                    {
                        break;
                    }
                    await Task.WhenAny(signal, Task.Delay(wait, token)).ConfigureAwait(false);
                }
            }
            finally
            {
                rows.Exit();
            }
            return await Ended(offer.Batch, token).ConfigureAwait(false);
        }

        private static void WaitFor(Task signal, int millis, CancellationToken token)
        {
            try
            {
                signal.Wait(millis, token);
            }
            catch (OperationCanceledException)
            {
                // The next offer says so.
            }
        }

        private Task Signal()
        {
            lock (turn)
            {
                return read.Task;
            }
        }

        /// <summary>Notes a batch that will come, and starts the reader.</summary>
        private Batch Expect(Pool from, long rows)
        {
            lock (turn)
            {
                if (closing)
                {
                    throw Closed();
                }
                if (reader == null)
                {
                    var thread = new Thread(Read) { IsBackground = true, Name = "questdb pool" };
                    thread.Start();
                    reader = thread;
                }
                var batch = new Batch { Id = ++batches, Rows = rows };
                open.Add(batch.Id, batch);
                pool = from;
                Monitor.PulseAll(turn);
                return batch;
            }
        }

        /// <summary>Removes a batch; null if it is not open. Without a completion nothing is counted.</summary>
        private Batch Remove(ulong id, Completion done)
        {
            lock (turn)
            {
                open.TryGetValue(id, out var batch);
                open.Remove(id);
                if (batch != null && done?.Error != null && closing)
                {
                    var certain = done.Outcome == Outcome.NotSent || done.Outcome == Outcome.Rejected;
                    unsentRows += certain ? done.Rows : 0;
                    rowsInDoubt += certain ? 0 : done.Rows;
                    firstError = firstError ?? done.Error;
                }
                if (open.Count == 0)
                {
                    pool = null;
                }
                Monitor.PulseAll(turn);
                return batch;
            }
        }

        /// <summary>Waits for the completion. A token that ends the batch cancels the task.</summary>
        private async Task<Completion> Ended(Batch batch, CancellationToken token)
        {
            Completion done;
            using (token.Register(() => Cancel(batch)))
            {
                done = await batch.Done.Task.ConfigureAwait(false);
            }
            if (token.IsCancellationRequested && done.Error?.Code == ErrorCode.Cancelled)
            {
                throw new SendCanceledException(done);
            }
            return done;
        }

        /// <summary>Cancels a batch unless it is complete, also if it is being sent.</summary>
        internal void Cancel(Batch batch)
        {
            try
            {
                Check(Native.questdb_pool_cancel(handle, batch.Number, 1));
            }
            catch (ObjectDisposedException)
            {
                // The pool was freed, so the batch is complete.
            }
        }

        /// <summary>Waits until there are no batches; false if the time was too short.</summary>
        internal bool Drain(ulong millis, CancellationToken token)
        {
            using (token.Register(Wake))
            {
                lock (turn)
                {
                    for (var watch = Stopwatch.StartNew(); open.Count > 0;)
                    {
                        token.ThrowIfCancellationRequested();
                        var waited = (ulong)watch.ElapsedMilliseconds;
                        if (waited >= millis)
                        {
                            return false;
                        }
                        Monitor.Wait(turn, (int)Math.Min(millis - waited, 1000));
                    }
                    return true;
                }
            }
        }

        private void Wake()
        {
            lock (turn)
            {
                Monitor.PulseAll(turn);
            }
        }

        internal ulong Stat(PoolStat stat)
        {
            return Native.questdb_pool_stat(handle, (uint)stat);
        }

        // --- reading --------------------------------------------------------------------------------------------------

        /// <summary>Hands completions over as long as anybody needs the pool.</summary>
        private void Read()
        {
            var got = new CompletionData[64];
            unsafe
            {
                got[0].Size = (UIntPtr)(uint)sizeof(CompletionData);
            }
            while (Stays())
            {
                var count = UIntPtr.Zero;
                try
                {
                    Check(Native.questdb_pool_next(handle, ReadMillis, got, (UIntPtr)(uint)got.Length, out count));
                }
                catch (Exception)
                {
                    Thread.Sleep(ReadMillis); // a defect in C must not keep a processor busy
                }
                for (var i = 0; i < (int)count; i++)
                {
                    Completed(got[i]);
                }
                if (count != UIntPtr.Zero)
                {
                    NoteRead();
                }
            }
            handle.Dispose();
        }

        /// <summary>Waits for batches; false if none will come.</summary>
        private bool Stays()
        {
            lock (turn)
            {
                while (open.Count == 0 && !abandoned)
                {
                    Monitor.Wait(turn);
                }
                return open.Count > 0;
            }
        }

        private void Completed(CompletionData data)
        {
            Completion done = null;
            Exception failed = null;
            try
            {
                done = new Completion(data);
            }
            catch (Exception e)
            {
                failed = e; // no memory, say; the task is not left open for that
            }
            var batch = Remove(data.UserData, done);
            if (failed == null)
            {
                batch?.Done.TrySetResult(done);
            }
            else
            {
                batch?.Done.TrySetException(failed);
            }
        }

        private void NoteRead()
        {
            TaskCompletionSource<bool> before;
            lock (turn)
            {
                before = read;
                read = NewSignal();
            }
            before.TrySetResult(true);
        }

        // --- the end --------------------------------------------------------------------------------------------------

        /// <summary>Whether this call is the first one to close.</summary>
        internal bool BeginClose()
        {
            bool first;
            lock (turn)
            {
                first = !closing;
                closing = true;
                Monitor.PulseAll(turn);
            }
            NoteRead(); // wakes those who wait for room
            return first;
        }

        /// <summary>Waits for the completions of the last batches, and completes as in doubt what C did not get back from the system.</summary>
        internal void EndAll()
        {
            List<Batch> late;
            lock (turn)
            {
                for (var watch = Stopwatch.StartNew(); open.Count > 0 && watch.Elapsed < Late;)
                {
                    Monitor.Wait(turn, 100);
                }
                late = open.Values.ToList();
            }
            foreach (var batch in late)
            {
                var error = new QuestDBException(ErrorCode.Timeout, "the batch had not ended when the pool was freed; it may be stored");
                var done = new Completion(batch.Rows, error);
                Remove(batch.Id, done)?.Done.TrySetResult(done);
            }
        }

        /// <summary>
        /// Returns what the close has achieved. C counts from when its own close begins, and so would leave out what ended
        /// between that and the call of the program.
        /// </summary>
        internal PoolReport Report(long earlierRowsInDoubt, QuestDBException error)
        {
            lock (turn)
            {
                return new PoolReport(unsentRows, rowsInDoubt, earlierRowsInDoubt, firstError ?? error);
            }
        }

        /// <summary>Frees the pool; the reader does if there is one, when it has no more batches to read.</summary>
        internal void Abandon()
        {
            lock (turn)
            {
                closing = true;
                abandoned = true;
                Monitor.PulseAll(turn);
                if (reader != null)
                {
                    return;
                }
            }
            handle.Dispose();
        }
    }
}
