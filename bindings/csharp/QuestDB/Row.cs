using System;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>
    /// The row that Table began. It is ended by At…, which sends all rows of a sender when a limit of auto-flush is reached;
    /// disposing of a row that was not ended drops it, and only it. A value of null leaves its column out, which is NULL.
    /// </summary>
    public unsafe struct Row : IDisposable
    {
        private readonly Rows rows;
        private readonly long number;

        internal Row(Rows rows, long number)
        {
            this.rows = rows;
            this.number = number;
        }

        /// <summary>Appends a symbol. Symbols come before all other columns; null leaves the column out.</summary>
        public Row Symbol(string name, string value)
        {
            if (value == null)
            {
                return Nothing(name);
            }
            var to = Begin(name);
            var at = to.Name(name);
            var length = to.Scratch.Length;
            var text = to.More(value);
            return Done(to, Native.questdb_buffer_symbol(to.Memory, at, length, text, to.Scratch.Length));
        }

        /// <summary>Appends a symbol of one character.</summary>
        public Row Symbol(string name, char value) => Symbol(name, value.ToString());

        /// <summary>Appends a boolean.</summary>
        public Row Column(string name, bool value)
        {
            var to = Begin(name);
            var at = to.Name(name);
            return Done(to, Native.questdb_buffer_column_bool(to.Memory, at, to.Scratch.Length, (byte)(value ? 1 : 0)));
        }

        /// <summary>Appends an integer. The server reads the smallest, <c>long.MinValue</c>, as NULL.</summary>
        public Row Column(string name, long value)
        {
            var to = Begin(name);
            var at = to.Name(name);
            return Done(to, Native.questdb_buffer_column_i64(to.Memory, at, to.Scratch.Length, value));
        }

        /// <summary>Appends a double. NaN and the infinities are sent as they are.</summary>
        public Row Column(string name, double value)
        {
            var to = Begin(name);
            var at = to.Name(name);
            return Done(to, Native.questdb_buffer_column_f64(to.Memory, at, to.Scratch.Length, value));
        }

        /// <summary>Appends a string. Text with an unpaired surrogate is refused.</summary>
        public Row Column(string name, string value)
        {
            if (value == null)
            {
                return Nothing(name);
            }
            var to = Begin(name);
            var at = to.Name(name);
            var length = to.Scratch.Length;
            var text = to.More(value);
            return Done(to, Native.questdb_buffer_column_str(to.Memory, at, length, text, to.Scratch.Length));
        }

        /// <summary>Appends a string of one character.</summary>
        public Row Column(string name, char value) => Column(name, value.ToString());

        /// <summary>Appends a timestamp in microseconds since 1970.</summary>
        public Row ColumnMicros(string name, long micros)
        {
            var to = Begin(name);
            var at = to.Name(name);
            return Done(to, Native.questdb_buffer_column_ts_micros(to.Memory, at, to.Scratch.Length, micros));
        }

        /// <summary>Appends a timestamp in nanoseconds since 1970.</summary>
        public Row ColumnNanos(string name, long nanos)
        {
            var to = Begin(name);
            var at = to.Name(name);
            return Done(to, Native.questdb_buffer_column_ts_nanos(to.Memory, at, to.Scratch.Length, nanos));
        }

        /// <summary>Appends a time: in nanoseconds, or in microseconds before 1678 and after 2261. A time of unspecified kind is UTC.</summary>
        public Row Column(string name, DateTime value) => Time(name, Times.Ticks(value));

        /// <summary>Appends a time: in nanoseconds, or in microseconds before 1678 and after 2261.</summary>
        public Row Column(string name, DateTimeOffset value) => Time(name, Times.Ticks(value));

        /// <summary>Appends an array in row-major order; without a shape it has one dimension. null leaves the column out.</summary>
        public Row Column(string name, double[] values, params int[] shape)
        {
            var to = Begin(name);
            try
            {
                if (values != null)
                {
                    var at = to.Scratch.Fresh(name, nameof(name));
                    var length = to.Scratch.Length;
                    Check(Native.questdb_buffer_column_f64_arr(to.Memory, at, length, to.Scratch.Array(values, shape)));
                }
            }
            finally
            {
                to.Exit();
            }
            return this;
        }

        /// <summary>Appends a rectangular array of doubles of any rank, such as <c>double[,]</c>; null leaves the column out.</summary>
        public Row Column(string name, Array values)
        {
            var to = Begin(name);
            try
            {
                if (values != null)
                {
                    var at = to.Scratch.Fresh(name, nameof(name));
                    var length = to.Scratch.Length;
                    Check(Native.questdb_buffer_column_f64_arr(to.Memory, at, length, to.Scratch.Array(values)));
                }
            }
            finally
            {
                to.Exit();
            }
            return this;
        }

        /// <summary>Appends a decimal with its scale: 12.50m keeps its zero.</summary>
        public Row Column(string name, decimal value)
        {
            var parts = new Decimals(value);
            var to = Begin(name);
            try
            {
                var at = to.Scratch.Fresh(name, nameof(name));
                Check(Native.questdb_buffer_column_dec_i128(to.Memory, at, to.Scratch.Length, parts.Scale, parts.High, parts.Low));
            }
            finally
            {
                to.Exit();
            }
            return this;
        }

        /// <summary>Appends a decimal that is given as text, such as <c>-12.50</c>; null leaves the column out.</summary>
        public Row ColumnDecimal(string name, string value)
        {
            if (value == null)
            {
                return Nothing(name);
            }
            var to = Begin(name);
            var at = to.Name(name);
            var length = to.Scratch.Length;
            var text = to.More(value);
            return Done(to, Native.questdb_buffer_column_dec_str(to.Memory, at, length, text, to.Scratch.Length));
        }

        /// <summary>Appends the decimal <c>unscaled</c> / 10^<c>scale</c>.</summary>
        public Row ColumnDecimal(string name, int scale, long unscaled)
        {
            var to = Begin(name);
            try
            {
                var at = to.Scratch.Fresh(name, nameof(name));
                Check(Native.questdb_buffer_column_dec_i64(to.Memory, at, to.Scratch.Length, unchecked((uint)scale), unscaled));
            }
            finally
            {
                to.Exit();
            }
            return this;
        }

        /// <summary>Appends a decimal whose unscaled value is a big-endian two's complement integer; null leaves the column out.</summary>
        public Row ColumnDecimal(string name, int scale, byte[] unscaled)
        {
            var to = Begin(name);
            try
            {
                if (unscaled != null)
                {
                    var at = to.Scratch.Fresh(name, nameof(name));
                    var length = to.Scratch.Length;
                    var bytes = to.Scratch.Bytes(unscaled, nameof(unscaled));
                    Check(Native.questdb_buffer_column_dec(
                        to.Memory, at, length, unchecked((uint)scale), bytes, to.Scratch.Length));
                }
            }
            finally
            {
                to.Exit();
            }
            return this;
        }

        /// <summary>Appends a boolean; null leaves the column out.</summary>
        public Row Column(string name, bool? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends an integer; null leaves the column out.</summary>
        public Row Column(string name, long? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends a double; null leaves the column out.</summary>
        public Row Column(string name, double? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends a string of one character; null leaves the column out.</summary>
        public Row Column(string name, char? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends a decimal; null leaves the column out.</summary>
        public Row Column(string name, decimal? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends a time; null leaves the column out.</summary>
        public Row Column(string name, DateTime? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>Appends a time; null leaves the column out.</summary>
        public Row Column(string name, DateTimeOffset? value) => value.HasValue ? Column(name, value.Value) : Nothing(name);

        /// <summary>
        /// Ends the row in nanoseconds, or in microseconds after 2261. Before 1970 is refused. A time of unspecified kind is UTC.
        /// </summary>
        public void At(DateTime time) => At(Times.Ticks(time));

        /// <summary>Ends the row in nanoseconds, or in microseconds after 2261. Before 1970 is refused.</summary>
        public void At(DateTimeOffset time) => At(Times.Ticks(time));

        /// <summary>Ends the row at a number of nanoseconds since 1970, which may not be negative.</summary>
        public void AtNanos(long nanos) => Owner().End(number, Stamp.Nanos, nanos);

        /// <summary>Ends the row at a number of microseconds since 1970, which may not be negative.</summary>
        public void AtMicros(long micros) => Owner().End(number, Stamp.Micros, micros);

        /// <summary>Ends the row without a time: the server sets it, so deduplication cannot recognise a row that is sent twice.</summary>
        public void AtNow() => Owner().End(number, Stamp.Now, 0);

        /// <summary>Drops the row unless it was ended. Never throws.</summary>
        public void Dispose() => rows?.Abandon(number);

        private Row Time(string name, long ticks) =>
            Times.FitNanos(ticks) ? ColumnNanos(name, Times.Nanos(ticks)) : ColumnMicros(name, Times.Micros(ticks));

        private void At(long ticks)
        {
            if (Times.FitNanos(ticks))
            {
                AtNanos(Times.Nanos(ticks));
            }
            else
            {
                AtMicros(Times.Micros(ticks));
            }
        }

        private Row Nothing(string name)
        {
            Begin(name).Exit();
            return this;
        }

        /// <summary>Leaves the rows, then throws what went wrong.</summary>
        private Row Done(Rows to, IntPtr error)
        {
            to.Exit();
            Check(error);
            return this;
        }

        private Rows Begin(string name)
        {
            if (name == null)
            {
                throw new ArgumentNullException(nameof(name));
            }
            var to = Owner();
            to.Enter(number);
            return to;
        }

        private Rows Owner()
        {
            if (rows == null)
            {
                throw new QuestDBException(ErrorCode.InvalidState, "there is no row; Table begins one");
            }
            return rows;
        }
    }
}
