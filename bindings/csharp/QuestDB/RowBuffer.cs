using System;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>Rows of one's own, apart from a sender: filled in any thread and sent by any sender.</summary>
    public sealed unsafe class RowBuffer : Rows
    {
        private readonly BufferHandle handle;

        /// <summary>For a version of the protocol, 1, 2 or 3, with the limits that are defaults.</summary>
        public RowBuffer(int protocolVersion)
        {
            Library.Check();
            Check(Native.questdb_buffer_new(unchecked((uint)protocolVersion), out handle));
            Memory = handle.Pointer;
        }

        /// <summary>With limits in bytes: the longest name, the memory to begin with, and the most that the rows may have.</summary>
        public RowBuffer(int protocolVersion, long maxNameLength, long initialSize, long maxSize)
        {
            Library.Check();
            Check(Native.questdb_buffer_with_limits(
                unchecked((uint)protocolVersion),
                Size(maxNameLength, nameof(maxNameLength)),
                Size(initialSize, nameof(initialSize)),
                Size(maxSize, nameof(maxSize)),
                out handle));
            Memory = handle.Pointer;
        }

        internal RowBuffer(BufferHandle handle)
        {
            this.handle = handle;
            Memory = handle.Pointer;
        }

        internal override Handle Handle => handle;

        internal override IntPtr EndRow(Unit unit, long at)
        {
            switch (unit)
            {
                case Unit.Nanos: return Native.questdb_buffer_at_nanos(Memory, at);
                case Unit.Micros: return Native.questdb_buffer_at_micros(Memory, at);
                default: return Native.questdb_buffer_at_now(Memory);
            }
        }

        internal override IntPtr AppendRow(IntPtr layout, Cell* cells, UIntPtr count, long at) =>
            Native.questdb_buffer_append_row(Memory, layout, cells, count, at);

        internal override IntPtr AppendColumns(IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at) =>
            Native.questdb_buffer_append_columns(Memory, layout, rows, columns, count, at);
    }

    /// <summary>The C library itself.</summary>
    public static unsafe class Library
    {
        private const uint AbiVersion = 1;

        /// <summary>Such as <c>0.1.0</c>.</summary>
        public static string Version => Text(Native.questdb_version());

        /// <summary>Refuses a library that these classes do not fit.</summary>
        internal static void Check()
        {
            var version = Native.questdb_abi_version();
            if (version != AbiVersion)
            {
                throw new InvalidOperationException(
                    $"the questdb_ingress library has ABI version {version}, these classes need {AbiVersion}");
            }
        }
    }
}
