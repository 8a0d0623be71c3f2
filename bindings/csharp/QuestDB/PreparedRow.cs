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

        /// <summary>Makes a row without columns for a table. The stamp says where the times of its rows come from.</summary>
        public PreparedRow(string table, Stamp stamp) : base(table, stamp) { }

        /// <summary>Frees the cells of a row that was never disposed of.</summary>
        ~PreparedRow()
        {
            Marshal.FreeHGlobal((IntPtr)Cells);
        }

        internal Cell* Cells { get; private set; }

        /// <summary>Adds a column; its number is the count of those before. Cells that were set become NULL.</summary>
        public PreparedRow Add(string name, ColumnKind kind)
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

        /// <summary>Sets a cell of a column of booleans.</summary>
        public PreparedRow Set(int column, bool value) => Put(column, CellKind.Bool, value ? 1 : 0);

        /// <summary>Sets a number, or a time in the unit of the column.</summary>
        public PreparedRow Set(int column, long value) => Put(column, CellKind.Long, value);

        /// <summary>Sets a cell of a column of doubles.</summary>
        public PreparedRow Set(int column, double value) =>
            Put(column, CellKind.Double, BitConverter.DoubleToInt64Bits(value));

        /// <summary>Sets a symbol, a string or the text of a decimal; null is NULL.</summary>
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

        /// <summary>Sets a symbol or a string of one character.</summary>
        public PreparedRow Set(int column, char value) => Set(column, value.ToString());

        /// <summary>Sets a time. One of unspecified kind is UTC. A column of nanoseconds refuses what they cannot express.</summary>
        public PreparedRow Set(int column, DateTime value) => Set(column, Time(column, Times.Ticks(value)));

        /// <summary>Sets a time, which is converted to the unit of the column.</summary>
        public PreparedRow Set(int column, DateTimeOffset value) => Set(column, Time(column, Times.Ticks(value)));

        /// <summary>Sets an array in row-major order; without a shape it has one dimension. null is NULL.</summary>
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

        /// <summary>Sets a rectangular array of doubles of any rank, such as <c>double[,]</c>; null is NULL.</summary>
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

        /// <summary>Sets a decimal with its scale: 12.50m keeps its zero.</summary>
        public PreparedRow Set(int column, decimal value)
        {
            var parts = new Decimals(value);
            return Set(column, (int)parts.Scale, parts.ToBytes());
        }

        /// <summary>Sets a decimal whose unscaled value is a big-endian two's complement integer; null is NULL.</summary>
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

        /// <summary>Sets a boolean; null is NULL.</summary>
        public PreparedRow Set(int column, bool? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a number, or a time in the unit of the column; null is NULL.</summary>
        public PreparedRow Set(int column, long? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a double; null is NULL.</summary>
        public PreparedRow Set(int column, double? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a symbol or a string of one character; null is NULL.</summary>
        public PreparedRow Set(int column, char? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a decimal; null is NULL.</summary>
        public PreparedRow Set(int column, decimal? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a time; null is NULL.</summary>
        public PreparedRow Set(int column, DateTime? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a time; null is NULL.</summary>
        public PreparedRow Set(int column, DateTimeOffset? value) => value.HasValue ? Set(column, value.Value) : SetNull(column);

        /// <summary>Sets a cell to NULL, as it is at the beginning.</summary>
        public PreparedRow SetNull(int column) => Put(column, CellKind.Null, 0);

        /// <summary>Makes all cells NULL. The caller is within Enter and Exit.</summary>
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
