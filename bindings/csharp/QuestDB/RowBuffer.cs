using System;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>Rows apart from a sender: any thread fills them, and any sender sends them.</summary>
    public sealed unsafe class RowBuffer : Rows
    {
        private readonly BufferHandle handle;

        /// <summary>Makes an empty buffer for version 1, 2 or 3 of the protocol, with the default limits.</summary>
        public RowBuffer(int protocolVersion)
        {
            Library.Check();
            Check(Native.questdb_buffer_new(unchecked((uint)protocolVersion), out handle));
            Memory = handle.Pointer;
        }

        /// <summary>Makes an empty buffer with limits in bytes: the longest name, the memory to begin with, and the most that the rows may have.</summary>
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

        internal override IntPtr EndRow(Stamp unit, long at)
        {
            switch (unit)
            {
                case Stamp.Nanos: return Native.questdb_buffer_at_nanos(Memory, at);
                case Stamp.Micros: return Native.questdb_buffer_at_micros(Memory, at);
                default: return Native.questdb_buffer_at_now(Memory);
            }
        }

        internal override IntPtr AppendRow(IntPtr layout, Cell* cells, UIntPtr count, long at) =>
            Native.questdb_buffer_append_row(Memory, layout, cells, count, at);

        internal override IntPtr AppendColumns(IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at) =>
            Native.questdb_buffer_append_columns(Memory, layout, rows, columns, count, at);

        internal override IntPtr ArrowBatch(IntPtr array, IntPtr schema, IntPtr options) =>
            Native.questdb_buffer_arrow(Memory, array, schema, options);

        internal override IntPtr ArrowStream(IntPtr stream, IntPtr options) =>
            Native.questdb_buffer_arrow_stream(Memory, stream, options);
    }

    /// <summary>The C library itself.</summary>
    public static unsafe class Library
    {
        private const uint AbiVersion = 1;

        /// <summary>The version of the library, such as <c>0.1.0</c>.</summary>
        public static string Version => Text(Native.questdb_version());

        /// <summary>Throws if these classes do not fit the library that was loaded.</summary>
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
