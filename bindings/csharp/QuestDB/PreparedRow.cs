using System;
using System.Runtime.InteropServices;

namespace QuestDB
{
    /// <summary>
    /// A table whose columns are named once. Cells are set by the number of their column, then Append of a sender or a buffer
    /// ends the row by one call into C. Cells that were not set since the last row, or to null, are NULL.
    /// </summary>
    public sealed unsafe class PreparedRow : Prepared
    {
        private enum CellKind : uint
        {
            Null = 0, Bool = 1, Long = 2, Double = 3, Text = 4, Array = 5, Decimal = 6
        }

        public PreparedRow(string table, Stamp stamp) : base(table, stamp) { }

        ~PreparedRow()
        {
            Marshal.FreeHGlobal((IntPtr)Cells);
        }

        internal Cell* Cells { get; private set; }

        /// <summary>Adds a column; its number is the count of those before. Cells that were set become NULL.</summary>
        public PreparedRow Add(string name, Kind kind)
        {
            Enter();
            try
            {
                var cells = (Cell*)Marshal.AllocHGlobal(sizeof(Cell) * (Columns + 1));
                try
                {
                    AddColumn(name, kind);
                }
                catch
                {
                    Marshal.FreeHGlobal((IntPtr)cells);
                    ClearCells();
                    throw;
                }
                Marshal.FreeHGlobal((IntPtr)Cells);
                Cells = cells;
                ClearCells();
                return this;
            }
            finally
            {
                Exit();
            }
        }

        public PreparedRow Set(int column, bool value) => Put(column, CellKind.Bool, value ? 1 : 0);

        /// <summary>Also for times, in the unit of the column.</summary>
        public PreparedRow Set(int column, long value) => Put(column, CellKind.Long, value);

        public PreparedRow Set(int column, double value) =>
            Put(column, CellKind.Double, BitConverter.DoubleToInt64Bits(value));

        /// <summary>A symbol, a string or the text of a decimal.</summary>
        public PreparedRow Set(int column, string value)
        {
            Enter();
            try
            {
                CheckColumn(column);
                return value == null
                    ? Cell(column, CellKind.Null, 0)
                    : Cell(column, CellKind.Text, (long)Scratch.Text(value, nameof(value)));
            }
            finally
            {
                Exit();
            }
        }

        public PreparedRow Set(int column, char value) => Set(column, value.ToString());

        /// <summary>A time of unspecified kind is UTC. What does not fit into nanoseconds is refused by a column of them.</summary>
        public PreparedRow Set(int column, DateTime value) => Set(column, Time(column, Times.Ticks(value)));

        public PreparedRow Set(int column, DateTimeOffset value) => Set(column, Time(column, Times.Ticks(value)));

        /// <summary>An array in row-major order; without a shape it has one dimension.</summary>
        public PreparedRow Set(int column, double[] values, params int[] shape)
        {
            Enter();
            try
            {
                CheckColumn(column);
                return values == null
                    ? Cell(column, CellKind.Null, 0)
                    : Cell(column, CellKind.Array, (long)Scratch.Array(values, shape));
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>A rectangular array of doubles of any rank, such as double[,].</summary>
        public PreparedRow Set(int column, Array values)
        {
            Enter();
            try
            {
                CheckColumn(column);
                return values == null
                    ? Cell(column, CellKind.Null, 0)
                    : Cell(column, CellKind.Array, (long)Scratch.Array(values));
            }
            finally
            {
                Exit();
            }
        }

        public PreparedRow Set(int column, decimal value)
        {
            var parts = new Decimals(value);
            return Set(column, (int)parts.Scale, parts.ToBytes());
        }

        /// <summary>A decimal, its unscaled value a big-endian two's complement integer.</summary>
        public PreparedRow Set(int column, int scale, byte[] unscaled)
        {
            Enter();
            try
            {
                CheckColumn(column);
                return unscaled == null
                    ? Cell(column, CellKind.Null, 0)
                    : Cell(column, CellKind.Decimal, (long)Scratch.Bytes(unscaled, nameof(unscaled)), unchecked((uint)scale));
            }
            finally
            {
                Exit();
            }
        }

        public PreparedRow Set(int column, bool? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, long? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, double? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, char? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, decimal? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, DateTime? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow Set(int column, DateTimeOffset? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        public PreparedRow SetNull(int column) => Put(column, CellKind.Null, 0);

        /// <summary>Within Enter and Exit.</summary>
        internal void ClearCells()
        {
            for (var i = 0; i < Columns; i++)
            {
                Cells[i].Kind = 0;
            }
            Scratch.Clear();
        }

        private PreparedRow Put(int column, CellKind kind, long value)
        {
            Enter();
            if ((uint)column >= (uint)Columns)
            {
                Exit();
                CheckColumn(column);
            }
            Cell(column, kind, value);
            Exit();
            return this;
        }

        private PreparedRow Cell(int column, CellKind kind, long value, uint scale = 0)
        {
            Cells[column] = new Cell { Kind = (uint)kind, Scale = scale, Value = value, Length = Scratch.Length };
            return this;
        }
    }
}
