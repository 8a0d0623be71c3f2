using System;
using System.Runtime.InteropServices;

namespace QuestDB
{
    /// <summary>A handle of the C library, which is freed once and after its last user.</summary>
    internal abstract class Handle : SafeHandle
    {
        protected Handle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>The pointer, for a caller within Enter and Exit of the owner.</summary>
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

    internal sealed class PoolHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.questdb_pool_free(handle);
            return true;
        }
    }

    internal sealed class BufferHandle : Handle
    {
        /// <summary>Owns a buffer that C has given away.</summary>
        internal static BufferHandle Of(IntPtr buffer)
        {
            var made = new BufferHandle();
            made.SetHandle(buffer);
            return made;
        }

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
}
