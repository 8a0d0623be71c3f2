using System;
using static QuestDB.QuestDBException;

namespace QuestDB
{
    /// <summary>The counters of a sender.</summary>
    public enum Stat
    {
        Flushes, FailedFlushes, RowsCommitted, BytesCommitted, RowsSubmitted, BytesSubmitted, RetriesConnect,
        RetriesConnection, RetriesTimeout, RetriesBusy, RetriesServer, InDoubtAttempts, Reconnects
    }

    /// <summary>
    /// Sends rows to QuestDB. A row is built by chained calls and ended by At…:
    /// <c>sender.Table("trades").Symbol("side", "buy").Column("price", 2615.54).AtNanos(nanos);</c>
    /// A call that fails throws and changes nothing: the row stays open, to be completed or dropped by DropRow. One thread
    /// may use a sender at a time. Rows of one shape are cheaper as prepared rows.
    /// </summary>
    public sealed unsafe class Sender : IDisposable
    {
        private const uint AbiVersion = 1;
        private const long UnixTicks = 621355968000000000;

        private readonly Scratch scratch = new Scratch();
        private readonly SenderHandle handle;
        private IntPtr rows;
        private bool open;

        /// <summary>Makes a sender from a configuration string such as <c>http::addr=localhost:9000;</c>.</summary>
        public Sender(string conf)
        {
            if (Native.questdb_abi_version() != AbiVersion)
            {
                throw new InvalidOperationException("the questdb_ingress library does not fit this class");
            }
            var text = scratch.Text(conf);
            Check(Native.questdb_sender_from_conf(text, scratch.Length, out handle));
            rows = Native.questdb_sender_buffer(handle);
        }

        /// <summary>Complete rows that were not sent.</summary>
        public long Pending => (long)Native.questdb_buffer_row_count(rows);

        /// <summary>Begins a row.</summary>
        public Sender Table(string name)
        {
            var at = Fresh(name);
            Check(Native.questdb_buffer_set_marker(rows));
            Check(Native.questdb_buffer_table(rows, at, scratch.Length));
            open = true;
            return this;
        }

        /// <summary>Symbols come before other columns.</summary>
        public Sender Symbol(string name, string value)
        {
            var at = Fresh(name);
            var length = scratch.Length;
            var text = scratch.Text(value);
            return Done(Native.questdb_buffer_symbol(rows, at, length, text, scratch.Length));
        }

        public Sender Column(string name, bool value)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_bool(rows, at, scratch.Length, (byte)(value ? 1 : 0)));
        }

        /// <summary>The server reads the smallest number as NULL.</summary>
        public Sender Column(string name, long value)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_i64(rows, at, scratch.Length, value));
        }

        public Sender Column(string name, double value)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_f64(rows, at, scratch.Length, value));
        }

        public Sender Column(string name, string value)
        {
            var at = Fresh(name);
            var length = scratch.Length;
            var text = scratch.Text(value);
            return Done(Native.questdb_buffer_column_str(rows, at, length, text, scratch.Length));
        }

        public Sender Column(string name, DateTimeOffset value) => ColumnNanos(name, Nanos(value));

        /// <summary>Microseconds since 1970.</summary>
        public Sender ColumnMicros(string name, long micros)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_ts_micros(rows, at, scratch.Length, micros));
        }

        /// <summary>Nanoseconds since 1970.</summary>
        public Sender ColumnNanos(string name, long nanos)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_ts_nanos(rows, at, scratch.Length, nanos));
        }

        /// <summary>An array in row-major order; without a shape it has one dimension.</summary>
        public Sender Column(string name, double[] values, params int[] shape)
        {
            var at = Fresh(name);
            var length = scratch.Length;
            return Done(Native.questdb_buffer_column_f64_arr(rows, at, length, scratch.Array(values, shape)));
        }

        public Sender Column(string name, decimal value) =>
            ColumnDecimal(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture));

        /// <summary>A decimal as text, such as <c>-12.50</c>.</summary>
        public Sender ColumnDecimal(string name, string value)
        {
            var at = Fresh(name);
            var length = scratch.Length;
            var text = scratch.Text(value);
            return Done(Native.questdb_buffer_column_dec_str(rows, at, length, text, scratch.Length));
        }

        public Sender ColumnDecimal(string name, int scale, long unscaled)
        {
            var at = Fresh(name);
            return Done(Native.questdb_buffer_column_dec_i64(rows, at, scratch.Length, (uint)scale, unscaled));
        }

        /// <summary>The unscaled value is a big-endian two's complement integer.</summary>
        public Sender ColumnDecimal(string name, int scale, byte[] unscaled)
        {
            var at = Fresh(name);
            var length = scratch.Length;
            var bytes = scratch.Bytes(unscaled);
            return Done(Native.questdb_buffer_column_dec(rows, at, length, (uint)scale, bytes, scratch.Length));
        }

        /// <summary>Ends the row, and sends all rows when a limit of auto-flush is reached.</summary>
        public void At(DateTimeOffset time) => AtNanos(Nanos(time));

        public void AtNanos(long nanos) => Ended(Native.questdb_sender_at_nanos(handle, nanos));

        public void AtMicros(long micros) => Ended(Native.questdb_sender_at_micros(handle, micros));

        /// <summary>The server sets the time; deduplication cannot recognise such rows.</summary>
        public void AtNow() => Ended(Native.questdb_sender_at_now(handle));

        /// <summary>Ends a prepared row, whose cells are NULL afterwards.</summary>
        public void Append(PreparedRow row, long at)
        {
            var error = Native.questdb_sender_append_row(handle, row.Handle, row.Cells, (UIntPtr)row.Columns, at);
            row.Clear();
            Check(error);
        }

        /// <summary>Drops the row being built.</summary>
        public void DropRow()
        {
            if (open)
            {
                open = false;
                Done(Native.questdb_buffer_rewind_to_marker(rows));
            }
        }

        /// <summary>Drops all rows that were not sent.</summary>
        public void Clear()
        {
            open = false;
            Done(Native.questdb_buffer_clear(rows));
        }

        /// <summary>Sends all rows; after an exception all of them are still there.</summary>
        public void Flush() => Check(Native.questdb_sender_flush_own(handle));

        /// <summary>Begins a transaction on one table; HTTP only.</summary>
        public void Begin(string table)
        {
            var at = Fresh(table);
            Check(Native.questdb_sender_begin(handle, at, scratch.Length));
        }

        /// <summary>Sends the rows of the transaction; the server stores all or none.</summary>
        public void Commit() => Check(Native.questdb_sender_commit(handle));

        public void Rollback()
        {
            open = false;
            Check(Native.questdb_sender_rollback(handle));
        }

        public long this[Stat stat] => (long)Native.questdb_sender_stat(handle, (uint)stat);

        /// <summary>
        /// Sends what is left within the time, ends the connection and returns how many rows the server did not confirm
        /// (HTTP) or the kernel did not take (TCP). Closing again does nothing.
        /// </summary>
        public long Close(TimeSpan timeout)
        {
            if (handle.IsClosed)
            {
                return 0;
            }
            var error = Native.questdb_sender_close(handle, (ulong)timeout.TotalMilliseconds, out var unconfirmed);
            rows = IntPtr.Zero;
            handle.Dispose();
            Check(error);
            return (long)unconfirmed;
        }

        /// <summary>As Close with ten seconds.</summary>
        public void Dispose() => Close(TimeSpan.FromSeconds(10));

        private byte* Fresh(string text)
        {
            scratch.Clear();
            return scratch.Text(text);
        }

        private Sender Done(IntPtr error)
        {
            Check(error);
            GC.KeepAlive(this); // and with it what the pointers of the call pointed to
            return this;
        }

        private void Ended(IntPtr error)
        {
            try
            {
                Check(error);
                open = false;
            }
            catch (QuestDBException e)
            {
                open = open && !e.RowAccepted;
                throw;
            }
        }

        private static long Nanos(DateTimeOffset time) => checked((time.UtcTicks - UnixTicks) * 100);
    }
}
