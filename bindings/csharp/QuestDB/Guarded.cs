using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace QuestDB
{
    /// <summary>
    /// An object of the C library that one call at a time may use: a call that meets another one fails, and freeing waits until
    /// no call runs. The guard is not bound to a thread, since an asynchronous call ends in another one than it began in.
    /// </summary>
    public abstract class Guarded : IDisposable
    {
        private const int Waiting = 1; // Disposed: whoever disposed it waits for the running call.
        private const int Left = 2; // Disposed: the running call frees the handle.

        private int held; // 1 while a call runs, and for ever once the handle is freed
        private int disposed;
        private int calls;

        internal Guarded() { }

        internal abstract Handle Handle { get; }

        internal bool Held => Volatile.Read(ref held) != 0;

        internal bool Disposed => Volatile.Read(ref disposed) != 0;

        /// <summary>A number that every call changes.</summary>
        internal int Calls => Volatile.Read(ref calls);

        /// <summary>Frees the object, or lets the call that uses it do so. Never throws.</summary>
        public virtual void Dispose()
        {
            if (BeginDispose())
            {
                Free();
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Enter()
        {
            var refusal = TryEnter();
            if (refusal != null)
            {
                throw refusal;
            }
        }

        /// <summary>Returns null if the object may be used, until Exit, or else why it may not.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Exception TryEnter()
        {
            if (Interlocked.CompareExchange(ref held, 1, 0) != 0)
            {
                return Refusal();
            }
            calls++;
            return disposed == 0 ? null : LeaveDisposed();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Exit()
        {
            Volatile.Write(ref held, 0);
            if (disposed == Left)
            {
                Free();
            }
        }

        /// <summary>Makes every later call fail; false if that was so before.</summary>
        internal bool BeginDispose() => Interlocked.CompareExchange(ref disposed, Waiting, 0) == 0;

        /// <summary>Takes the object for good, unless a call runs.</summary>
        internal bool TryHold() => Interlocked.CompareExchange(ref held, 1, 0) == 0;

        /// <summary>Frees the handle, or leaves that to the call that runs, and if it does not notice, to the finalizer.</summary>
        internal void Free()
        {
            Interlocked.Exchange(ref disposed, Left);
            if (TryHold())
            {
                Handle.Dispose();
            }
        }

        private Exception LeaveDisposed()
        {
            Exit();
            return Refusal();
        }

        private Exception Refusal()
        {
            var name = GetType().Name;
            if (Disposed)
            {
                return new ObjectDisposedException(name);
            }
            return new QuestDBException(
                ErrorCode.InvalidState, $"the {name} is used by another thread, or by an asynchronous call that has not ended");
        }
    }
}
