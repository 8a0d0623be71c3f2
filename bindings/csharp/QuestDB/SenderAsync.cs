using System;
using System.Threading;
using System.Threading.Tasks;

namespace QuestDB
{
    /// <content>
    /// Calls that wait, and how they are cancelled. The asynchronous ones wait in a thread of their own, so that the thread
    /// pool stays free however long a server does not answer.
    /// </content>
    public sealed partial class Sender
    {
        /// <summary>Does the same as <see cref="Connect"/>, waiting in a thread of its own.</summary>
        public Task ConnectAsync(CancellationToken token = default(CancellationToken)) => WaitAsync(ConnectCall, token);

        /// <summary>Sends all rows; after an exception all of them are still there.</summary>
        public Task FlushAsync(CancellationToken token = default(CancellationToken)) => WaitAsync(FlushCall, token);

        /// <summary>Sends the rows of a buffer and clears it; after an exception all of them are still there.</summary>
        public Task FlushAsync(RowBuffer buffer, CancellationToken token = default(CancellationToken)) =>
            WaitAsync(FlushCall(buffer), token, buffer);

        /// <summary>Does the same as <see cref="FlushAndKeep"/>, waiting in a thread of its own.</summary>
        public Task FlushAndKeepAsync(
            RowBuffer buffer, bool transactional = false, CancellationToken token = default(CancellationToken)) =>
            WaitAsync(KeepCall(buffer, transactional), token, buffer);

        /// <summary>Does the same as <see cref="FlushIfDue"/>, waiting in a thread of its own.</summary>
        public Task FlushIfDueAsync(CancellationToken token = default(CancellationToken)) => WaitAsync(FlushIfDueCall, token);

        /// <summary>Does the same as <see cref="Begin"/>, waiting in a thread of its own.</summary>
        public Task BeginAsync(string table, CancellationToken token = default(CancellationToken)) =>
            WaitAsync(BeginCall(table), token);

        /// <summary>Does the same as <see cref="Commit"/>, waiting in a thread of its own.</summary>
        public Task CommitAsync(CancellationToken token = default(CancellationToken)) => WaitAsync(CommitCall, token);

        /// <summary>Does the same as <see cref="Close"/>, waiting in a thread of its own.</summary>
        public async Task<CloseResult> CloseAsync(TimeSpan timeout, CancellationToken token = default(CancellationToken))
        {
            await WaitAsync(CloseCall(timeout), token).ConfigureAwait(false);
            return closed;
        }

        private void Wait(Func<IntPtr> call, CancellationToken token, RowBuffer buffer = null)
        {
            EnterBoth(call, buffer);
            try
            {
                Run(call, token);
            }
            finally
            {
                buffer?.Exit();
                Exit();
            }
        }

        private async Task WaitAsync(Func<IntPtr> call, CancellationToken token, RowBuffer buffer = null)
        {
            EnterBoth(call, buffer);
            try
            {
                await Task.Factory.StartNew(
                    () => Run(call, token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                    .ConfigureAwait(false);
            }
            finally
            {
                buffer?.Exit();
                Exit();
            }
        }

        private void EnterBoth(Func<IntPtr> call, RowBuffer buffer)
        {
            Enter();
            if (buffer == null)
            {
                return;
            }
            try
            {
                buffer.Enter();
            }
            catch
            {
                Exit();
                throw;
            }
        }

        private void Run(Func<IntPtr> call, CancellationToken token)
        {
            cancelled = false;
            try
            {
                if (token.IsCancellationRequested)
                {
                    throw new SendCanceledException(
                        new QuestDBException(ErrorCode.Cancelled, "the call was cancelled before it began"));
                }
                using (token.CanBeCanceled ? new Cancellation(handle, token) : null)
                {
                    QuestDBException.Check(call());
                }
            }
            catch (SendCanceledException)
            {
                cancelled = true;
                throw;
            }
        }
    }

    /// <summary>
    /// Cancels the calls of a sender from when a token is cancelled until this is disposed of. The library ends only a call
    /// that has begun, so it is told again and again.
    /// </summary>
    internal sealed class Cancellation : IDisposable
    {
        private readonly object turn = new object();
        private readonly SenderHandle handle;
        private readonly CancellationTokenRegistration registration;
        private bool ended;

        internal Cancellation(SenderHandle handle, CancellationToken token)
        {
            this.handle = handle;
            registration = token.Register(Begin);
        }

        public void Dispose()
        {
            registration.Dispose();
            lock (turn)
            {
                ended = true; // after this, no cancellation of this call can reach a later one
            }
        }

        /// <summary>Asks the library once to end the call that is running.</summary>
        internal static void Cancel(SenderHandle handle)
        {
            try
            {
                Native.questdb_sender_cancel(handle);
            }
            catch (ObjectDisposedException)
            {
                // The sender was freed, so no call is running any more.
            }
        }

        private void Begin() => new Thread(Repeat) { IsBackground = true, Name = "questdb cancel" }.Start();

        private void Repeat()
        {
            for (;;)
            {
                lock (turn)
                {
                    if (ended || handle.IsClosed)
                    {
                        return;
                    }
                    Cancel(handle);
                }
                Thread.Sleep(2);
            }
        }
    }

#if NETCOREAPP3_0_OR_GREATER
    /// <content>For <c>await using</c>.</content>
    public sealed partial class Sender : IAsyncDisposable
    {
        /// <summary>Does the same as Dispose, which may take DisposeTimeout, in a thread of its own.</summary>
        public ValueTask DisposeAsync() => new ValueTask(Task.Factory.StartNew(
            Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }
#endif
}
