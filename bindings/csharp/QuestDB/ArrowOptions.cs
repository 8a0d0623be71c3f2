using System;
using System.Collections.Generic;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>Which texts of a batch of Apache Arrow become symbols; all others become strings.</summary>
    public enum ArrowSymbols
    {
        /// <summary>The columns that are dictionaries, the default.</summary>
        Dictionaries = 1,

        /// <summary>All columns of texts.</summary>
        Texts = 2,

        /// <summary>The columns that SymbolColumn names.</summary>
        Listed = 3,
    }

    /// <summary>
    /// What the columns of a batch of Apache Arrow are to QuestDB. A table and a timestamp have to be chosen:
    /// <c>new ArrowOptions().Table("trades").AtColumn("time").SymbolColumn("side")</c>. Each method returns options with one
    /// choice more and leaves its own as they are, so that any number of threads can share them. A choice that is wrong is an
    /// error of the call that appends. Columns are chosen by name, of several of one name the first, or by position, from 0.
    /// </summary>
    public sealed unsafe class ArrowOptions
    {
        private readonly List<Func<IntPtr, Scratch, IntPtr>> choices;

        /// <summary>Makes options that choose neither a table nor a timestamp yet, and make symbols of dictionaries.</summary>
        public ArrowOptions() : this(new List<Func<IntPtr, Scratch, IntPtr>>()) { }

        private ArrowOptions(List<Func<IntPtr, Scratch, IntPtr>> choices)
        {
            this.choices = choices;
        }

        private delegate IntPtr ColumnChoice(IntPtr options, byte* name, UIntPtr length, UIntPtr position);

        /// <summary>Sends all rows to one table.</summary>
        public ArrowOptions Table(string name)
        {
            Required(name);
            return With((options, scratch) =>
            {
                var text = scratch.Fresh(name, nameof(name));
                return Native.questdb_arrow_options_table(options, text, scratch.Length);
            });
        }

        /// <summary>Sends each row to the table that a column of texts names; the column itself is not sent.</summary>
        public ArrowOptions TableColumn(string name) => Column(Native.questdb_arrow_options_table_column, name);

        /// <summary>Chooses the column of tables by position.</summary>
        public ArrowOptions TableColumn(int position) => Column(Native.questdb_arrow_options_table_column, position);

        /// <summary>Chooses which texts become symbols, and forgets the columns that were listed.</summary>
        public ArrowOptions Symbols(ArrowSymbols symbols) =>
            With((options, scratch) => Native.questdb_arrow_options_symbols(options, unchecked((uint)symbols)));

        /// <summary>Adds a column of texts to the list of those that become symbols; columns that are not listed no longer do.</summary>
        public ArrowOptions SymbolColumn(string name) => Column(Native.questdb_arrow_options_symbol_column, name);

        /// <summary>Adds a column to the list of symbols by position.</summary>
        public ArrowOptions SymbolColumn(int position) => Column(Native.questdb_arrow_options_symbol_column, position);

        /// <summary>
        /// Takes the designated timestamps from a column of the type timestamp or date; the column itself is not sent. Rows
        /// without a value get the server's time.
        /// </summary>
        public ArrowOptions AtColumn(string name) => Column(Native.questdb_arrow_options_at_column, name);

        /// <summary>Chooses the column of designated timestamps by position.</summary>
        public ArrowOptions AtColumn(int position) => Column(Native.questdb_arrow_options_at_column, position);

        /// <summary>Gives all rows the same designated timestamp, as At of a row does.</summary>
        public ArrowOptions At(DateTime time) => At(Times.Ticks(time));

        /// <summary>Gives all rows the same designated timestamp, as At of a row does.</summary>
        public ArrowOptions At(DateTimeOffset time) => At(Times.Ticks(time));

        /// <summary>Gives all rows the same designated timestamp; nanoseconds since 1970.</summary>
        public ArrowOptions AtNanos(long nanos) => At(Stamp.Nanos, nanos);

        /// <summary>Gives all rows the same designated timestamp; microseconds since 1970.</summary>
        public ArrowOptions AtMicros(long micros) => At(Stamp.Micros, micros);

        /// <summary>Lets the server set the designated timestamps when it receives the rows.</summary>
        public ArrowOptions AtNow() => At(Stamp.Now, 0);

        /// <summary>
        /// Makes the call that takes over a batch or a stream for these rows; where that cannot be made, the call that only
        /// releases them, which is the same without rows.
        /// </summary>
        internal static void Take(Rows rows, ArrowOptions options, Func<IntPtr, IntPtr> call, Func<IntPtr> release)
        {
            var taken = false;
            var made = IntPtr.Zero;
            try
            {
                if (options == null)
                {
                    throw new ArgumentNullException(nameof(options));
                }
                made = options.Made();
                rows.Enter();
                try
                {
                    taken = true;
                    Check(call(made));
                }
                finally
                {
                    rows.Exit();
                }
            }
            finally
            {
                Native.questdb_arrow_options_free(made);
                if (!taken)
                {
                    Native.questdb_error_free(release());
                }
            }
        }

        private static void Required(string name)
        {
            if (name == null)
            {
                throw new ArgumentNullException(nameof(name));
            }
        }

        private ArrowOptions At(long ticks) =>
            Times.FitNanos(ticks) ? AtNanos(Times.Nanos(ticks)) : AtMicros(Times.Micros(ticks));

        private ArrowOptions At(Stamp stamp, long value) =>
            With((options, scratch) => Native.questdb_arrow_options_at(options, (uint)stamp, value));

        private ArrowOptions Column(ColumnChoice function, string name)
        {
            Required(name);
            return With((options, scratch) =>
            {
                var text = scratch.Fresh(name, nameof(name));
                return function(options, text, scratch.Length, UIntPtr.Zero);
            });
        }

        private ArrowOptions Column(ColumnChoice function, int position)
        {
            var at = Rows.Size(position, nameof(position));
            return With((options, scratch) => function(options, null, UIntPtr.Zero, at));
        }

        private ArrowOptions With(Func<IntPtr, Scratch, IntPtr> choice) =>
            new ArrowOptions(new List<Func<IntPtr, Scratch, IntPtr>>(choices) { choice });

        /// <summary>Makes the options in C, for one call; the caller frees them.</summary>
        private IntPtr Made()
        {
            Library.Check();
            Check(Native.questdb_arrow_options_new(out var options));
            try
            {
                var scratch = new Scratch();
                foreach (var choice in choices)
                {
                    Check(choice(options, scratch));
                }
                GC.KeepAlive(scratch);
                return options;
            }
            catch
            {
                Native.questdb_arrow_options_free(options);
                throw;
            }
        }
    }
}
