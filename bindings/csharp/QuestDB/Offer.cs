using System;
using System.Diagnostics;
using System.Threading;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <content>What is submitted, until C has taken it.</content>
    internal sealed partial class Batches
    {
        /// <summary>A batch that is offered to C until there is room.</summary>
        private sealed class Offer
        {
            private readonly Batches batches;
            private readonly RowBuffer rows;
            private readonly CancellationToken token;
            private readonly Stopwatch watch = Stopwatch.StartNew();
            private ulong? millis;
            private SubmitData data;

            internal Offer(Batches batches, Pool from, RowBuffer rows, SubmitOptions how, CancellationToken token)
            {
                this.batches = batches;
                this.rows = rows;
                this.token = token;
                if (how?.Timeout != null)
                {
                    millis = Times.Millis(how.Timeout.Value);
                }
                data.OrderKey = unchecked((ulong)(how?.OrderKey ?? 0));
                data.HasOrderKey = how?.OrderKey == null ? 0u : 1u;
                data.HasTimeout = 1;
                unsafe
                {
                    data.Size = (UIntPtr)(uint)sizeof(SubmitData);
                }
                Batch = batches.Expect(from, (long)Native.questdb_buffer_row_count(rows.Memory));
                data.UserData = Batch.Id;
            }

            internal Batch Batch { get; }

            /// <summary>Returns how long to wait for the next offer, or -1 if C has taken the rows.</summary>
            internal int Make()
            {
                var taken = -1;
                try
                {
                    taken = TryMake();
                    return taken;
                }
                catch
                {
                    batches.Remove(Batch.Id, null);
                    throw;
                }
            }

            private int TryMake()
            {
                if (token.IsCancellationRequested)
                {
                    throw new SendCanceledException(
                        new QuestDBException(ErrorCode.Cancelled, "the submit was cancelled; the rows are still in the buffer"));
                }
                batches.CheckOpen();
                IntPtr error;
                try
                {
                    error = Native.questdb_pool_submit(batches.handle, rows.Memory, ref data, out Batch.Number);
                }
                catch (ObjectDisposedException)
                {
                    throw Closed();
                }
                if (error == IntPtr.Zero)
                {
                    return -1;
                }
                if (Native.questdb_error_get_code(error) != (uint)ErrorCode.Timeout)
                {
                    Check(error);
                }
                var limit = millis ?? (millis = batches.Stat(PoolStat.AcquireTimeoutMillis)).Value;
                var waited = (ulong)watch.ElapsedMilliseconds;
                if (waited >= limit)
                {
                    throw NoRoom(error, limit);
                }
                Native.questdb_error_free(error);
                return (int)Math.Min(limit - waited, AgainMillis);
            }
        }
    }
}
