using System;
using System.Runtime.InteropServices;

namespace QuestDB
{
    /// <summary>A sender of the C library; freed with its last reference.</summary>
    internal sealed class SenderHandle : SafeHandle
    {
        public SenderHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            Native.questdb_sender_free(handle);
            return true;
        }
    }

    /// <summary>A row layout of the C library; freed with its last reference.</summary>
    internal sealed class LayoutHandle : SafeHandle
    {
        public LayoutHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            Native.questdb_row_layout_free(handle);
            return true;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct Cell
    {
        public uint Kind;
        public uint Scale;
        public long Value; // an integer, the bits of a double, or an address
        public UIntPtr Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct DoubleArray
    {
        public UIntPtr Dimensions;
        public UIntPtr* Shape;
        public IntPtr Strides;
        public byte* Data;
        public UIntPtr DataLength;
        public UIntPtr Origin;
    }

    /// <summary>
    /// The functions of questdb_ingress.h under their own names. Where the row path passes the buffer that a sender lends, it
    /// does so as a plain pointer, and the caller keeps the sender alive.
    /// </summary>
    internal static unsafe class Native
    {
        private const string Lib = "questdb_ingress";

        [DllImport(Lib)] internal static extern uint questdb_abi_version();
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_from_conf(byte* conf, UIntPtr len, out SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_buffer(SenderHandle sender);
        [DllImport(Lib)] internal static extern void questdb_sender_free(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_close(SenderHandle sender, ulong millis, out ulong unconfirmed);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_nanos(SenderHandle sender, long nanos);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_micros(SenderHandle sender, long micros);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_now(SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush_own(SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_begin(SenderHandle sender, byte* table, UIntPtr len);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_commit(SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_rollback(SenderHandle sender);
        [DllImport(Lib)] internal static extern ulong questdb_sender_stat(SenderHandle sender, uint stat);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_append_row(
            SenderHandle sender, LayoutHandle layout, Cell* cells, UIntPtr count, long at);

        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_set_marker(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_rewind_to_marker(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_clear(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_row_count(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_table(IntPtr buffer, byte* name, UIntPtr len);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_symbol(
            IntPtr buffer, byte* name, UIntPtr len, byte* value, UIntPtr valueLen);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_bool(IntPtr buffer, byte* name, UIntPtr len, byte value);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_i64(IntPtr buffer, byte* name, UIntPtr len, long value);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_f64(IntPtr buffer, byte* name, UIntPtr len, double value);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_str(
            IntPtr buffer, byte* name, UIntPtr len, byte* value, UIntPtr valueLen);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_ts_micros(IntPtr buffer, byte* name, UIntPtr len, long micros);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_ts_nanos(IntPtr buffer, byte* name, UIntPtr len, long nanos);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_f64_arr(
            IntPtr buffer, byte* name, UIntPtr len, DoubleArray* array);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_dec_str(
            IntPtr buffer, byte* name, UIntPtr len, byte* value, UIntPtr valueLen);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_dec_i64(
            IntPtr buffer, byte* name, UIntPtr len, uint scale, long unscaled);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_dec(
            IntPtr buffer, byte* name, UIntPtr len, uint scale, byte* unscaled, UIntPtr unscaledLen);

        [DllImport(Lib)] internal static extern IntPtr questdb_row_layout_new(
            byte* table, UIntPtr len, uint stamp, out LayoutHandle layout);
        [DllImport(Lib)] internal static extern IntPtr questdb_row_layout_add(LayoutHandle layout, byte* name, UIntPtr len, uint kind);
        [DllImport(Lib)] internal static extern void questdb_row_layout_free(IntPtr layout);

        [DllImport(Lib)] internal static extern void questdb_error_free(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_get_code(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_message(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_outcome(IntPtr error);
        [DllImport(Lib)] internal static extern byte questdb_error_retryable(IntPtr error);
        [DllImport(Lib)] internal static extern byte questdb_error_in_doubt(IntPtr error);
        [DllImport(Lib)] internal static extern byte questdb_error_row_accepted(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_attempts(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_http_status(IntPtr error);
        [DllImport(Lib)] internal static extern long questdb_error_retry_after_millis(IntPtr error);
        [DllImport(Lib)] internal static extern ulong questdb_error_server_line(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_table(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_server_error_id(IntPtr error);
    }
}
