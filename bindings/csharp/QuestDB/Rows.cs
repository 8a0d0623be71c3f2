using System;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>
    /// Rows that wait to be sent: those of a <see cref="Sender"/> or of a <see cref="RowBuffer"/>. One call at a time may use
    /// them; one that meets another fails with <see cref="ErrorCode.InvalidState"/>. A call that fails changes nothing.
    /// </summary>
    public abstract unsafe class Rows : Guarded
    {
        internal readonly Scratch Scratch = new Scratch();
        private long begun;
        private long open; // the number of the open row, 0 without one

        internal Rows() { }

        /// <summary>The number of complete rows that were not sent.</summary>
        public long Pending
        {
            get
            {
                Enter();
                var rows = Native.questdb_buffer_row_count(Memory);
                Exit();
                return (long)rows;
            }
        }

        /// <summary>Whether a row was begun and neither ended nor dropped.</summary>
        public bool IsRowOpen => Number(b => (UIntPtr)Native.questdb_buffer_is_row_open(b)) != 0;

        /// <summary>The bytes of the rows, the open one included.</summary>
        public long Length => Number(Native.questdb_buffer_len);

        /// <summary>The bytes that fit in before the memory grows.</summary>
        public long Capacity => Number(Native.questdb_buffer_capacity);

        /// <summary>Whether all rows are of one table, so that the server stores all of them or none.</summary>
        public bool IsTransactional => Number(b => (UIntPtr)Native.questdb_buffer_is_transactional(b)) != 0;

        /// <summary>The version of the protocol, 1, 2 or 3.</summary>
        public virtual int ProtocolVersion => (int)Number(b => (UIntPtr)Native.questdb_buffer_protocol_version(b));

        /// <summary>The longest name of a table or a column, in bytes.</summary>
        public virtual int MaxNameLength => (int)Number(Native.questdb_buffer_max_name_len);

        /// <summary>The bytes of memory to begin with.</summary>
        public long InitialSize => Number(Native.questdb_buffer_init_buf_size);

        /// <summary>The most bytes that the rows may have.</summary>
        public long MaxSize => Number(Native.questdb_buffer_max_buf_size);

        internal IntPtr Memory; // the questdb_buffer


        /// <summary>
        /// Begins a row. Chain its columns and end it by At…; or, where something in between may throw, let <c>using</c> drop
        /// the row if it was not ended:
        /// <c>using (var row = sender.Table("trades")) { row.Column("price", Price()); row.AtNow(); }</c>
        /// </summary>
        public Row Table(string name)
        {
            if (name == null)
            {
                throw new ArgumentNullException(nameof(name));
            }
            Enter();
            var text = Name(name);
            var error = Native.questdb_buffer_table(Memory, text, Scratch.Length);
            if (error != IntPtr.Zero)
            {
                Exit();
                Check(error);
            }
            open = ++begun;
            var row = new Row(this, open);
            Exit();
            return row;
        }

        /// <summary>Drops the open row only. Without one this does nothing.</summary>
        public void DropRow() => Change(Native.questdb_buffer_drop_row);

        /// <summary>
        /// Removes complete rows by their number, counted from 1 as <see cref="QuestDBException.ServerLine"/> counts: what the
        /// server refused goes, and the rest can be sent.
        /// </summary>
        public void RemoveRows(long first, long count) =>
            Change(b => Native.questdb_buffer_remove_rows(b, Size(first, nameof(first)), Size(count, nameof(count))));

        /// <summary>Drops all rows that were not sent.</summary>
        public void Clear() => Change(Native.questdb_buffer_clear);

        /// <summary>Remembers this place, which must lie between two rows.</summary>
        public void SetMarker() => Change(Native.questdb_buffer_set_marker);

        /// <summary>Drops the rows after the marker, and the marker.</summary>
        public void RewindToMarker() => Change(Native.questdb_buffer_rewind_to_marker);

        /// <summary>Forgets the marker; the rows stay.</summary>
        public void ClearMarker() => Change(Native.questdb_buffer_clear_marker);

        /// <summary>Makes room for so many more bytes.</summary>
        public void Reserve(long bytes) => Change(b => Native.questdb_buffer_reserve(b, Size(bytes, nameof(bytes))));

        /// <summary>Throws unless the rows can be sent, which an open row prevents.</summary>
        public void CheckFlushable() => Change(Native.questdb_buffer_check_flushable);

        /// <summary>Returns an independent copy of the rows.</summary>
        public RowBuffer Clone()
        {
            Enter();
            try
            {
                Check(Native.questdb_buffer_clone(Memory, out var copy));
                return new RowBuffer(copy);
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Returns a copy of the bytes as they will be sent.</summary>
        public byte[] ToBytes()
        {
            Enter();
            try
            {
                var bytes = Native.questdb_buffer_peek(Memory, out var length);
                var copy = new byte[(long)length];
                fixed (byte* to = copy)
                {
                    Buffer.MemoryCopy(bytes, to, copy.LongLength, copy.LongLength);
                }
                return copy;
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Appends a prepared row, whose cells are NULL afterwards.</summary>
        public void Append(PreparedRow row, long at)
        {
            if (row == null)
            {
                throw new ArgumentNullException(nameof(row));
            }
            Enter();
            var left = row.TryEnter();
            if (left != null)
            {
                Exit();
                throw left;
            }
            var error = AppendRow(row.Layout.Pointer, row.Cells, (UIntPtr)(uint)row.Columns, at);
            row.ClearCells();
            row.Exit();
            Exit();
            Check(error);
        }

        /// <summary>Appends a prepared row at a time in the unit of the row's stamp.</summary>
        public void Append(PreparedRow row, DateTime at) => Append(row, row.Time(Times.Ticks(at)));

        /// <summary>Appends a prepared row at a time, which is converted to the unit of the row's stamp.</summary>
        public void Append(PreparedRow row, DateTimeOffset at) => Append(row, row.Time(Times.Ticks(at)));

        /// <summary>Appends a row for every time, or none of them; the values of the batch are gone afterwards.</summary>
        public void Append(ColumnBatch batch, long[] at)
        {
            if (at == null)
            {
                throw new ArgumentNullException(nameof(at));
            }
            fixed (long* times = at)
            {
                long none; // C requires an address even if there are no times
                AppendBatch(batch, at.Length, times == null ? &none : times);
            }
        }

        /// <summary>Appends so many rows, of which the server sets the time.</summary>
        public void Append(ColumnBatch batch, int rows) => AppendBatch(batch, rows, null);

        /// <summary>
        /// Appends a batch of Apache Arrow from its own memory and releases it. The arguments are the addresses of a struct
        /// ArrowArray of the type struct, with a child for each column, and of its ArrowSchema, which the exporters of the package
        /// Apache.Arrow fill. A buffer takes all rows or none. A sender takes them piece by piece and sends each time that a limit
        /// of auto-flush is reached; <see cref="QuestDBException.RowsAccepted"/> tells how many it took. If a row is wrong and none
        /// was sent, none is taken.
        /// <para>The array is taken, whatever happens: its release callback is called exactly once. The schema is only read. Both
        /// must be what Arrow's C data interface says: lengths of memory cannot be checked, and a wrong address ends the process.</para>
        /// </summary>
        public void AppendArrow(IntPtr array, IntPtr schema, ArrowOptions options) =>
            ArrowOptions.Take(
                this,
                options,
                made => ArrowBatch(array, schema, made),
                () => Native.questdb_buffer_arrow(IntPtr.Zero, array, schema, IntPtr.Zero));

        /// <summary>Appends all batches of a stream, each as AppendArrow does, and releases it: the address of a struct ArrowArrayStream.</summary>
        public void AppendArrowStream(IntPtr stream, ArrowOptions options) =>
            ArrowOptions.Take(
                this,
                options,
                made => ArrowStream(stream, made),
                () => Native.questdb_buffer_arrow_stream(IntPtr.Zero, stream, IntPtr.Zero));

        /// <summary>Enters for a call of a row, which must still be open.</summary>
        internal void Enter(long row)
        {
            Enter();
            if (row != open)
            {
                Exit();
                throw new QuestDBException(ErrorCode.InvalidState, "this row was ended or dropped; Table begins a row");
            }
        }

        internal abstract IntPtr EndRow(Stamp unit, long at);

        internal abstract IntPtr AppendRow(IntPtr layout, Cell* cells, UIntPtr count, long at);

        internal abstract IntPtr AppendColumns(IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at);

        internal abstract IntPtr ArrowBatch(IntPtr array, IntPtr schema, IntPtr options);

        internal abstract IntPtr ArrowStream(IntPtr stream, IntPtr options);

        internal void End(long row, Stamp unit, long at)
        {
            Enter(row);
            var error = EndRow(unit, at);
            if (error == IntPtr.Zero)
            {
                open = 0;
                Exit();
                return;
            }
            Look();
            Exit();
            Check(error);
        }

        // The runtime calls C more slowly within "try", so the calls that build rows have none: between Enter and Exit only
        // the growing of the scratch memory can throw.

        /// <summary>A name for the call that has entered. If there is no memory for it, leaves the rows and throws.</summary>
        internal byte* Name(string name)
        {
            Scratch.Clear();
            return More(name);
        }

        /// <summary>Another text for the same call.</summary>
        internal byte* More(string text)
        {
            if (!Scratch.Fits(text))
            {
                MakeRoom(text);
            }
            return Scratch.Text(text, nameof(text));
        }

        private void MakeRoom(string text)
        {
            try
            {
                Scratch.MakeRoom(text);
            }
            catch
            {
                Exit();
                throw;
            }
        }

        /// <summary>Ends the use of a row: drops it if it is still open. Never throws.</summary>
        internal void Abandon(long row)
        {
            if (Disposed || row == 0)
            {
                return;
            }
            try
            {
                Enter();
            }
            catch (Exception e) when (e is QuestDBException || e is ObjectDisposedException)
            {
                return; // the row stays open, and the next call that needs it closed reports that
            }
            if (row == open)
            {
                Take(Native.questdb_buffer_drop_row(Memory));
                Look();
            }
            Exit();
        }

        /// <summary>After a call that may have ended or dropped the row.</summary>
        internal void Look()
        {
            if (Native.questdb_buffer_is_row_open(Memory) == 0)
            {
                open = 0;
            }
        }

        /// <summary>A number that C takes as size_t.</summary>
        internal static UIntPtr Size(long number, string name)
        {
            if (number < 0 || (UIntPtr.Size == 4 && number > uint.MaxValue))
            {
                throw new QuestDBException(
                    ErrorCode.InvalidArgument, $"{name} is {number}, which is {(number < 0 ? "below zero" : "more than memory can have")}");
            }
            return (UIntPtr)(ulong)number;
        }

        private void Change(Func<IntPtr, IntPtr> call)
        {
            Enter();
            try
            {
                var error = call(Memory);
                Look();
                Check(error);
            }
            finally
            {
                Exit();
            }
        }

        internal long Number(Func<IntPtr, UIntPtr> call)
        {
            Enter();
            try
            {
                return (long)call(Memory);
            }
            finally
            {
                Exit();
            }
        }

        private void AppendBatch(ColumnBatch batch, int rows, long* at)
        {
            if (batch == null)
            {
                throw new ArgumentNullException(nameof(batch));
            }
            Enter();
            try
            {
                batch.Enter();
                try
                {
                    var columns = batch.Filled(rows, at == null);
                    IntPtr error;
                    fixed (ColumnData* first = columns)
                    {
                        error = AppendColumns(batch.Layout.Pointer, (UIntPtr)(uint)rows, first, (UIntPtr)(uint)batch.Columns, at);
                    }
                    batch.ClearValues();
                    Check(error);
                }
                finally
                {
                    batch.Exit();
                }
            }
            finally
            {
                Exit();
            }
        }
    }
}
