using System;
using System.Globalization;
using System.Runtime.InteropServices;

namespace QuestDB
{
    /// <summary>
    /// A table whose columns are named once and whose rows are given column by column: the cheapest way for many rows. The
    /// values are copied when they are set; Append of a sender or a buffer appends all rows or none.
    /// </summary>
    public sealed unsafe class ColumnBatch : Prepared
    {
        private enum ValuesKind : uint
        {
            Bytes = 1, Long = 3, Double = 4, Text = 5, Dictionary = 6, Arrays = 7
        }

        private ColumnData[] columns = new ColumnData[0];
        private int[] counts = new int[0]; // how many values each column has, -1 if none were set

        /// <summary>Makes a batch without columns for a table. The stamp says where the times of its rows come from.</summary>
        public ColumnBatch(string table, Stamp stamp) : base(table, stamp) { }

        /// <summary>Adds a column; its number is the count of those before. Values that were set are gone.</summary>
        public ColumnBatch Add(string name, ColumnKind kind)
        {
            Enter();
            try
            {
                ClearValues();
                AddColumn(name, kind);
                columns = new ColumnData[Columns];
                counts = new int[Columns];
                ClearValues();
                return this;
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Sets numbers, or times in the unit of the column. Where valid is false the value is NULL.</summary>
        public ColumnBatch Set(int column, long[] values, bool[] valid = null) =>
            Put(column, values, valid, length => new ColumnData
            {
                Kind = (uint)ValuesKind.Long,
                Values = Copy(length, sizeof(long), to => Marshal.Copy(values, 0, to, length))
            });

        /// <summary>Sets doubles. Where valid is false the value is NULL.</summary>
        public ColumnBatch Set(int column, double[] values, bool[] valid = null) =>
            Put(column, values, valid, length => new ColumnData
            {
                Kind = (uint)ValuesKind.Double,
                Values = Copy(length, sizeof(double), to => Marshal.Copy(values, 0, to, length))
            });

        /// <summary>Sets booleans. Where valid is false the value is NULL.</summary>
        public ColumnBatch Set(int column, bool[] values, bool[] valid = null) =>
            Put(column, values, valid, length =>
            {
                var bytes = Scratch.Take(length);
                for (var i = 0; i < length; i++)
                {
                    bytes[i] = (byte)(values[i] ? 1 : 0);
                }
                return new ColumnData { Kind = (uint)ValuesKind.Bytes, Values = bytes };
            });

        /// <summary>Sets symbols, strings or the text of decimals; null is NULL.</summary>
        public ColumnBatch Set(int column, string[] values) =>
            Put(column, values, Valid(values, v => v != null), length =>
            {
                var data = Texts(values);
                data.Kind = (uint)ValuesKind.Text;
                return data;
            });

        /// <summary>Sets texts by their number in a dictionary; -1 is NULL.</summary>
        public ColumnBatch Set(int column, int[] codes, string[] dictionary)
        {
            if (dictionary == null)
            {
                throw new ArgumentNullException(nameof(dictionary));
            }
            return Put(column, codes, Valid(codes, c => c != -1), length =>
            {
                var data = Texts(dictionary);
                data.Kind = (uint)ValuesKind.Dictionary;
                data.Width = sizeof(int);
                data.DictionaryLength = (UIntPtr)(uint)dictionary.Length;
                data.Values = Copy(length, sizeof(int), to => Marshal.Copy(codes, 0, to, length));
                return data;
            });
        }

        /// <summary>Sets arrays of one dimension; null is NULL.</summary>
        public ColumnBatch Set(int column, double[][] values) =>
            Put(column, values, Valid(values, v => v != null), length =>
            {
                var arrays = (DoubleArray*)Scratch.Take(length * (long)sizeof(DoubleArray));
                for (var i = 0; i < length; i++)
                {
                    arrays[i] = *Scratch.Array(values[i] ?? new double[0], null);
                }
                return new ColumnData { Kind = (uint)ValuesKind.Arrays, Values = arrays };
            });

        /// <summary>Sets decimals, each with its own scale. Where valid is false the value is NULL.</summary>
        public ColumnBatch Set(int column, decimal[] values, bool[] valid = null)
        {
            if (values == null)
            {
                throw new ArgumentNullException(nameof(values));
            }
            var texts = Array.ConvertAll(values, v => v.ToString(CultureInfo.InvariantCulture));
            return Put(column, texts, valid, length =>
            {
                var data = Texts(texts);
                data.Kind = (uint)ValuesKind.Text;
                return data;
            });
        }

        /// <summary>Sets times. Those of unspecified kind are UTC. A column of nanoseconds refuses what they cannot express.</summary>
        public ColumnBatch Set(int column, DateTime[] values, bool[] valid = null)
        {
            if (values == null)
            {
                throw new ArgumentNullException(nameof(values));
            }
            return Set(column, Array.ConvertAll(values, v => Time(column, Times.Ticks(v))), valid);
        }

        /// <summary>Sets times, which are converted to the unit of the column. Where valid is false the value is NULL.</summary>
        public ColumnBatch Set(int column, DateTimeOffset[] values, bool[] valid = null)
        {
            if (values == null)
            {
                throw new ArgumentNullException(nameof(values));
            }
            return Set(column, Array.ConvertAll(values, v => Time(column, Times.Ticks(v))), valid);
        }

        /// <summary>Returns the columns, each of which must have so many values. The caller is within Enter and Exit.</summary>
        internal ColumnData[] Filled(int rows, bool now)
        {
            if (rows < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(rows), $"{rows} rows");
            }
            for (var i = 0; i < Columns; i++)
            {
                if (counts[i] != rows)
                {
                    throw new QuestDBException(
                        ErrorCode.InvalidArgument,
                        counts[i] < 0 ? $"column {i} was not set" : $"column {i} has {counts[i]} values for {rows} rows");
                }
            }
            return columns;
        }

        /// <summary>Forgets all values. The caller is within Enter and Exit.</summary>
        internal void ClearValues()
        {
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] = -1;
            }
            Scratch.Clear();
        }

        private static bool[] Valid<T>(T[] values, Predicate<T> there) =>
            values == null || Array.TrueForAll(values, there) ? null : Array.ConvertAll(values, v => there(v));

        private ColumnBatch Put<T>(int column, T[] values, bool[] valid, Func<int, ColumnData> make)
        {
            if (values == null)
            {
                throw new ArgumentNullException(nameof(values));
            }
            if (valid != null && valid.Length != values.Length)
            {
                throw new QuestDBException(
                    ErrorCode.InvalidArgument, $"column {column} has {values.Length} values and says of {valid.Length} whether they are there");
            }
            Enter();
            try
            {
                CheckColumn(column);
                var data = make(values.Length);
                if (valid != null)
                {
                    data.Validity = Bits(valid);
                }
                columns[column] = data;
                counts[column] = values.Length;
                return this;
            }
            finally
            {
                Exit();
            }
        }

        private byte* Copy(int length, int width, Action<IntPtr> copy)
        {
            var to = Scratch.Take(length * (long)width);
            copy((IntPtr)to);
            return to;
        }

        private byte* Bits(bool[] set)
        {
            var bits = Scratch.Take(((long)set.Length + 7) / 8);
            for (var i = 0; i < set.Length; i++)
            {
                if (i % 8 == 0)
                {
                    bits[i / 8] = 0;
                }
                bits[i / 8] |= (byte)(set[i] ? 1 << (i % 8) : 0);
            }
            return bits;
        }

        /// <summary>Stores the texts one after the other, and where each begins.</summary>
        private ColumnData Texts(string[] texts)
        {
            var offsets = (long*)Scratch.Take(sizeof(long) * ((long)texts.Length + 1));
            long bytes = 0;
            foreach (var text in texts)
            {
                bytes += text == null ? 0 : 3L * text.Length; // UTF-8 needs at most three bytes for a char
            }
            var all = Scratch.Take(bytes);
            long at = 0;
            for (var i = 0; i < texts.Length; i++)
            {
                offsets[i] = at;
                if (texts[i] != null)
                {
                    at += Scratch.Encode(texts[i], all + at);
                }
            }
            offsets[texts.Length] = at;
            return new ColumnData { OffsetWidth = sizeof(long), Offsets = offsets, Text = all, TextLength = (UIntPtr)(ulong)at };
        }
    }
}
