using System;
using System.Collections.Generic;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>What a prepared column holds.</summary>
    public enum ColumnKind
    {
        /// <summary>A symbol: text that the server keeps once and refers to by number.</summary>
        Symbol = 1,

        /// <summary>True or false.</summary>
        Bool = 2,

        /// <summary>A 64-bit integer.</summary>
        Long = 3,

        /// <summary>A 64-bit floating point number.</summary>
        Double = 4,

        /// <summary>Text.</summary>
        String = 5,

        /// <summary>A timestamp in microseconds since 1970.</summary>
        Micros = 6,

        /// <summary>A timestamp in nanoseconds since 1970.</summary>
        Nanos = 7,

        /// <summary>An array of doubles, of one or more dimensions.</summary>
        DoubleArray = 8,

        /// <summary>A decimal number.</summary>
        Decimal = 9,
    }

    /// <summary>Where the time of prepared rows comes from.</summary>
    public enum Stamp
    {
        /// <summary>The program gives nanoseconds since 1970.</summary>
        Nanos = 1,

        /// <summary>The program gives microseconds since 1970.</summary>
        Micros = 2,

        /// <summary>The server sets the time when a row arrives.</summary>
        Now = 3,
    }

    /// <summary>A table and its columns, named once. One call at a time may use it.</summary>
    public abstract unsafe class Prepared : Guarded
    {
        internal readonly Scratch Scratch = new Scratch();
        internal readonly LayoutHandle Layout;
        private readonly List<ColumnKind> kinds = new List<ColumnKind>();
        private readonly Stamp stamp;

        internal Prepared(string table, Stamp stamp)
        {
            Library.Check();
            this.stamp = stamp;
            var text = Scratch.Fresh(table, nameof(table));
            Check(Native.questdb_row_layout_new(text, Scratch.Length, (uint)stamp, out Layout));
        }

        /// <summary>How many columns were added.</summary>
        public int Columns { get; private set; }

        internal override Handle Handle => Layout;

        /// <summary>Within Enter and Exit.</summary>
        internal void AddColumn(string name, ColumnKind kind)
        {
            Scratch.Clear();
            var text = Scratch.Text(name, nameof(name));
            Check(Native.questdb_row_layout_add(Layout.Pointer, text, Scratch.Length, (uint)kind));
            kinds.Add(kind);
            Columns = (int)Native.questdb_row_layout_column_count(Layout.Pointer);
        }

        /// <summary>A time in the unit of the stamp.</summary>
        internal long Time(long ticks) => stamp == Stamp.Nanos ? Times.Nanos(ticks) : Times.Micros(ticks);

        /// <summary>A time in the unit of a column.</summary>
        internal long Time(int column, long ticks)
        {
            CheckColumn(column);
            return kinds[column] == ColumnKind.Nanos ? Times.Nanos(ticks) : Times.Micros(ticks);
        }

        internal void CheckColumn(int column)
        {
            if ((uint)column >= (uint)Columns)
            {
                throw new ArgumentOutOfRangeException(nameof(column), $"there is no column {column}, only {Columns} were added");
            }
        }
    }
}
