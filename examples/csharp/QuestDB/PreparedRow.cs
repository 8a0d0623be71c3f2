using System;
using System.Runtime.InteropServices;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>What a prepared column holds.</summary>
    public enum Kind
    {
        Symbol = 1, Bool = 2, Long = 3, Double = 4, String = 5, Micros = 6, Nanos = 7, DoubleArray = 8, Decimal = 9
    }

    /// <summary>Where the time of prepared rows comes from.</summary>
    public enum Stamp
    {
        Nanos = 1, Micros = 2, Now = 3
    }

    /// <summary>
    /// A table whose columns are named once. Cells are set by the number of their column, then Sender.Append ends the row by
    /// one call into C. Cells that were not set since the last row are NULL.
    /// </summary>
    public sealed unsafe class PreparedRow : IDisposable
    {
        private enum CellKind : uint
        {
            Bool = 1, Long = 2, Double = 3, Text = 4, Array = 5, Decimal = 6
        }

        private readonly Scratch scratch = new Scratch();
        private readonly LayoutHandle handle;
        private Cell* cells;

        public PreparedRow(string table, Stamp stamp)
        {
            var text = scratch.Text(table);
            Check(Native.questdb_row_layout_new(text, scratch.Length, (uint)stamp, out handle));
        }

        ~PreparedRow()
        {
            Marshal.FreeHGlobal((IntPtr)cells);
        }

        internal LayoutHandle Handle => handle;

        internal Cell* Cells => cells;

        internal int Columns { get; private set; }

        /// <summary>Adds a column; its number is the count of those before. Cells that were set become NULL.</summary>
        public PreparedRow Add(string name, Kind kind)
        {
            scratch.Clear();
            var text = scratch.Text(name);
            Check(Native.questdb_row_layout_add(handle, text, scratch.Length, (uint)kind));
            Marshal.FreeHGlobal((IntPtr)cells);
            cells = (Cell*)Marshal.AllocHGlobal(sizeof(Cell) * ++Columns);
            Clear();
            return this;
        }

        public PreparedRow Set(int column, bool value) => Put(column, CellKind.Bool, value ? 1 : 0);

        /// <summary>Also for times.</summary>
        public PreparedRow Set(int column, long value) => Put(column, CellKind.Long, value);

        public PreparedRow Set(int column, double value) =>
            Put(column, CellKind.Double, BitConverter.DoubleToInt64Bits(value));

        /// <summary>A symbol, a string or the text of a decimal.</summary>
        public PreparedRow Set(int column, string value) => Put(column, CellKind.Text, (long)scratch.Text(value));

        /// <summary>An array in row-major order; without a shape it has one dimension.</summary>
        public PreparedRow Set(int column, double[] values, params int[] shape) =>
            Put(column, CellKind.Array, (long)scratch.Array(values, shape));

        /// <summary>A decimal, its unscaled value a big-endian two's complement integer.</summary>
        public PreparedRow Set(int column, int scale, byte[] unscaled) =>
            Put(column, CellKind.Decimal, (long)scratch.Bytes(unscaled), (uint)scale);

        public void Dispose() => handle.Dispose();

        internal void Clear()
        {
            for (var i = 0; i < Columns; i++)
            {
                cells[i].Kind = 0;
            }
            scratch.Clear();
        }

        private PreparedRow Put(int column, CellKind kind, long value, uint scale = 0)
        {
            if ((uint)column >= (uint)Columns)
            {
                throw new ArgumentOutOfRangeException(nameof(column));
            }
            cells[column] = new Cell { Kind = (uint)kind, Scale = scale, Value = value, Length = scratch.Length };
            return this;
        }
    }
}
