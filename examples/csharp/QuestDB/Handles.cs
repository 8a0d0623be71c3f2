using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace QuestDB
{
    /// <summary>A handle of the C library, which is freed once and after its last user.</summary>
    internal abstract class Handle : SafeHandle
    {
        protected Handle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>The pointer, for a caller that holds the gate of the owner.</summary>
        internal IntPtr Pointer => handle;
    }

    internal sealed class SenderHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.questdb_sender_free(handle);
            return true;
        }
    }

    internal sealed class BufferHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.questdb_buffer_free(handle);
            return true;
        }
    }

    internal sealed class LayoutHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.questdb_row_layout_free(handle);
            return true;
        }
    }

    internal sealed class ConfigHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.questdb_config_free(handle);
            return true;
        }
    }

    /// <summary>
    /// Lets one call at a time use an object: a call that meets another one fails, and freeing waits until the object is not
    /// used. It is not bound to a thread, since an asynchronous call ends in another one than it began in.
    /// </summary>
    internal struct Gate
    {
        private const int Waiting = 1; // disposed, and who did it waits for the call that runs
        private const int Left = 2; // disposed, and that call frees the handle

        private int held; // 1 while a call runs, and for ever once the handle is freed
        private int disposed;
        private int calls;

        internal bool Held => Volatile.Read(ref held) != 0;

        internal bool Disposed => Volatile.Read(ref disposed) != 0;

        /// <summary>Tells one call from the next.</summary>
        internal int Calls => Volatile.Read(ref calls);

        internal void Enter(object owner, SafeHandle handle)
        {
            if (Interlocked.CompareExchange(ref held, 1, 0) != 0)
            {
                Refuse(owner);
            }
            if (disposed != 0)
            {
                Exit(handle);
                Refuse(owner);
            }
            calls++;
        }

        internal void Exit(SafeHandle handle)
        {
            Volatile.Write(ref held, 0);
            if (disposed == Left)
            {
                Free(handle);
            }
        }

        /// <summary>From now on every call fails; false if that was so before.</summary>
        internal bool BeginDispose() => Interlocked.CompareExchange(ref disposed, Waiting, 0) == 0;

        /// <summary>Takes the gate for good, unless a call runs.</summary>
        internal bool TryHold() => Interlocked.CompareExchange(ref held, 1, 0) == 0;

        /// <summary>Frees the handle, or leaves that to the call that runs, and if it does not notice, to the finalizer.</summary>
        internal void Free(SafeHandle handle)
        {
            Interlocked.Exchange(ref disposed, Left);
            if (TryHold())
            {
                handle.Dispose();
            }
        }

        private void Refuse(object owner)
        {
            var name = owner.GetType().Name;
            if (Disposed)
            {
                throw new ObjectDisposedException(name);
            }
            throw new QuestDBException(
                ErrorCode.InvalidState, $"the {name} is used by another thread, or by an asynchronous call that has not ended");
        }
    }
}
