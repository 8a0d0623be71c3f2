using System;
using System.Runtime.InteropServices;

namespace QuestDB
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct Cell
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

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct ColumnData
    {
        public uint Kind;
        public uint Width;
        public uint Scale;
        public uint OffsetWidth;
        public void* Values;
        public UIntPtr FirstBit;
        public void* Offsets;
        public byte* Text;
        public UIntPtr TextLength;
        public UIntPtr DictionaryLength;
        public byte* Validity;
        public UIntPtr ValidityFirstBit;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SubmitData
    {
        public UIntPtr Size;
        public ulong UserData;
        public ulong OrderKey;
        public ulong TimeoutMillis;
        public uint HasOrderKey;
        public uint HasTimeout;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CompletionData
    {
        public UIntPtr Size;
        public ulong Batch;
        public ulong UserData;
        public ulong Rows;
        public ulong Bytes;
        public uint Outcome;
        public uint Attempts;
        public uint InDoubtAttempts;
        public uint Reserved;
        public IntPtr Error;
        public IntPtr FailedRows;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ReportData
    {
        public UIntPtr Size;
        public ulong UnsentRows;
        public ulong RowsInDoubt;
        public ulong EarlierRowsInDoubt;
    }

    /// <summary>
    /// The functions of questdb_ingress.h under their own names. Handles are passed as plain pointers where the caller holds
    /// the guard of their owner, which keeps every other thread from using or freeing them. The functions
    /// that any thread may call at any time take the <see cref="SenderHandle"/> or the <see cref="PoolHandle"/>, which count
    /// their users.
    /// </summary>
    internal static unsafe class Native
    {
        private const string Lib = "questdb_ingress";

        [DllImport(Lib)] internal static extern byte* questdb_version();
        [DllImport(Lib)] internal static extern uint questdb_abi_version();

        [DllImport(Lib)] internal static extern IntPtr questdb_config_new(out ConfigHandle config);
        [DllImport(Lib)] internal static extern IntPtr questdb_config_from_conf(byte* conf, UIntPtr len, out ConfigHandle config);
        [DllImport(Lib)] internal static extern IntPtr questdb_config_from_env(out ConfigHandle config);
        [DllImport(Lib)] internal static extern IntPtr questdb_config_clone(IntPtr config, out ConfigHandle copy);
        [DllImport(Lib)] internal static extern IntPtr questdb_config_set(
            IntPtr config, byte* key, UIntPtr keyLen, byte* value, UIntPtr valueLen);
        [DllImport(Lib)] internal static extern IntPtr questdb_config_validate(IntPtr config);
        [DllImport(Lib)] internal static extern void questdb_config_free(IntPtr config);

        [DllImport(Lib)] internal static extern IntPtr questdb_sender_from_conf(byte* conf, UIntPtr len, out SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_from_env(out SenderHandle sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_new(IntPtr config, out SenderHandle sender);
        [DllImport(Lib)] internal static extern void questdb_sender_free(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_buffer(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_new_buffer(IntPtr sender, out BufferHandle buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_connect(IntPtr sender);
        [DllImport(Lib)] internal static extern uint questdb_sender_protocol_version(IntPtr sender);
        [DllImport(Lib)] internal static extern UIntPtr questdb_sender_max_name_len(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_close(IntPtr sender, ulong millis, out ulong unconfirmed);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_nanos(IntPtr sender, long nanos);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_micros(IntPtr sender, long micros);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_at_now(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush_own(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush_if_due(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush(IntPtr sender, IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush_and_keep(IntPtr sender, IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_flush_and_keep_with_flags(
            IntPtr sender, IntPtr buffer, byte transactional);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_begin(IntPtr sender, byte* table, UIntPtr len);
        [DllImport(Lib)] internal static extern byte questdb_sender_in_transaction(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_commit(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_rollback(IntPtr sender);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_append_row(
            IntPtr sender, IntPtr layout, Cell* cells, UIntPtr count, long at);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_append_columns(
            IntPtr sender, IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_arrow(IntPtr sender, IntPtr array, IntPtr schema, IntPtr options);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_arrow_stream(IntPtr sender, IntPtr stream, IntPtr options);

        [DllImport(Lib)] internal static extern ulong questdb_sender_stat(SenderHandle sender, uint stat);
        [DllImport(Lib)] internal static extern IntPtr questdb_sender_last_error(SenderHandle sender, out IntPtr last);
        [DllImport(Lib)] internal static extern void questdb_sender_cancel(SenderHandle sender);

        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_new(uint version, out BufferHandle buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_with_limits(
            uint version, UIntPtr maxNameLen, UIntPtr initBufSize, UIntPtr maxBufSize, out BufferHandle buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_clone(IntPtr buffer, out BufferHandle copy);
        [DllImport(Lib)] internal static extern void questdb_buffer_free(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_reserve(IntPtr buffer, UIntPtr additional);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_set_marker(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_rewind_to_marker(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_clear_marker(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_clear(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_drop_row(IntPtr buffer);
        [DllImport(Lib)] internal static extern byte questdb_buffer_is_row_open(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_remove_rows(IntPtr buffer, UIntPtr first, UIntPtr count);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_check_flushable(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_len(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_capacity(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_row_count(IntPtr buffer);
        [DllImport(Lib)] internal static extern byte questdb_buffer_is_transactional(IntPtr buffer);
        [DllImport(Lib)] internal static extern uint questdb_buffer_protocol_version(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_max_name_len(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_init_buf_size(IntPtr buffer);
        [DllImport(Lib)] internal static extern UIntPtr questdb_buffer_max_buf_size(IntPtr buffer);
        [DllImport(Lib)] internal static extern byte* questdb_buffer_peek(IntPtr buffer, out UIntPtr len);
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
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_dec_i128(
            IntPtr buffer, byte* name, UIntPtr len, uint scale, long high, ulong low);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_column_dec(
            IntPtr buffer, byte* name, UIntPtr len, uint scale, byte* unscaled, UIntPtr unscaledLen);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_at_nanos(IntPtr buffer, long nanos);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_at_micros(IntPtr buffer, long micros);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_at_now(IntPtr buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_append_row(
            IntPtr buffer, IntPtr layout, Cell* cells, UIntPtr count, long at);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_append_columns(
            IntPtr buffer, IntPtr layout, UIntPtr rows, ColumnData* columns, UIntPtr count, long* at);

        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_arrow(IntPtr buffer, IntPtr array, IntPtr schema, IntPtr options);
        [DllImport(Lib)] internal static extern IntPtr questdb_buffer_arrow_stream(IntPtr buffer, IntPtr stream, IntPtr options);

        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_new(out IntPtr options);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_table(IntPtr options, byte* name, UIntPtr len);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_table_column(
            IntPtr options, byte* name, UIntPtr len, UIntPtr position);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_symbols(IntPtr options, uint symbols);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_symbol_column(
            IntPtr options, byte* name, UIntPtr len, UIntPtr position);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_at(IntPtr options, uint stamp, long value);
        [DllImport(Lib)] internal static extern IntPtr questdb_arrow_options_at_column(
            IntPtr options, byte* name, UIntPtr len, UIntPtr position);
        [DllImport(Lib)] internal static extern void questdb_arrow_options_free(IntPtr options);

        [DllImport(Lib)] internal static extern IntPtr questdb_row_layout_new(
            byte* table, UIntPtr len, uint stamp, out LayoutHandle layout);
        [DllImport(Lib)] internal static extern IntPtr questdb_row_layout_add(IntPtr layout, byte* name, UIntPtr len, uint kind);
        [DllImport(Lib)] internal static extern UIntPtr questdb_row_layout_column_count(IntPtr layout);
        [DllImport(Lib)] internal static extern void questdb_row_layout_free(IntPtr layout);

        [DllImport(Lib)] internal static extern IntPtr questdb_pool_from_conf(byte* conf, UIntPtr len, out PoolHandle pool);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_new(IntPtr config, out PoolHandle pool);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_new_buffer(PoolHandle pool, out BufferHandle buffer);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_submit(
            PoolHandle pool, IntPtr buffer, ref SubmitData how, out ulong batch);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_next(
            PoolHandle pool, ulong millis, [In, Out] CompletionData[] completions, UIntPtr capacity, out UIntPtr count);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_cancel(PoolHandle pool, ulong batch, byte inFlightToo);
        [DllImport(Lib)] internal static extern IntPtr questdb_pool_close(PoolHandle pool, ulong millis, ref ReportData report);
        [DllImport(Lib)] internal static extern ulong questdb_pool_stat(PoolHandle pool, uint counter);
        [DllImport(Lib)] internal static extern void questdb_pool_free(IntPtr pool);

        [DllImport(Lib)] internal static extern void questdb_error_free(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_get_code(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_code_name(uint code);
        [DllImport(Lib)] internal static extern byte* questdb_error_message(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_outcome(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_outcome_name(uint outcome);
        [DllImport(Lib)] internal static extern byte questdb_error_retryable(IntPtr error);
        [DllImport(Lib)] internal static extern byte questdb_error_in_doubt(IntPtr error);
        [DllImport(Lib)] internal static extern byte questdb_error_row_accepted(IntPtr error);
        [DllImport(Lib)] internal static extern UIntPtr questdb_error_rows_accepted(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_attempts(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_in_doubt_attempts(IntPtr error);
        [DllImport(Lib)] internal static extern uint questdb_error_http_status(IntPtr error);
        [DllImport(Lib)] internal static extern long questdb_error_retry_after_millis(IntPtr error);
        [DllImport(Lib)] internal static extern ulong questdb_error_server_line(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_table(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_server_error_id(IntPtr error);
        [DllImport(Lib)] internal static extern byte* questdb_error_server_code(IntPtr error);
        [DllImport(Lib)] internal static extern ulong questdb_error_bytes_sent(IntPtr error);
        [DllImport(Lib)] internal static extern ulong questdb_error_elapsed_millis(IntPtr error);
        [DllImport(Lib)] internal static extern ulong questdb_error_earlier_rows_in_doubt(IntPtr error);
    }
}
