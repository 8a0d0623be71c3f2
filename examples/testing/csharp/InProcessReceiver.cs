using System;
using System.Runtime.InteropServices;
using System.Text;

/// <summary>A server that takes rows as QuestDB does, in the process of the test: the functions of questdb_receiver.h.</summary>
internal sealed class InProcessReceiver : IDisposable
{
    private const uint Http = 1;
    private IntPtr receiver;

    /// <summary>Starts a receiver on free ports. The configuration has lines of server.conf, and may be empty.</summary>
    internal InProcessReceiver(string conf = "")
    {
        var bytes = Encoding.UTF8.GetBytes(conf);
        Check(questdb_receiver_start(bytes, (UIntPtr)bytes.Length, out receiver));
    }

    /// <summary>The connection string for a client.</summary>
    internal string Conf => Marshal.PtrToStringAnsi(questdb_receiver_conf(receiver, Http));

    /// <summary>Waits until a table has so many rows.</summary>
    internal void WaitForRows(string table, int rows, TimeSpan timeout)
    {
        var name = Encoding.UTF8.GetBytes(table);
        Check(questdb_receiver_wait_for_rows(receiver, name, (UIntPtr)name.Length, (UIntPtr)rows, (ulong)timeout.TotalMilliseconds));
    }

    /// <summary>Returns a table as JSON.</summary>
    internal string TableJson(string table)
    {
        var name = Encoding.UTF8.GetBytes(table);
        Check(questdb_receiver_table_json(receiver, name, (UIntPtr)name.Length, out var text));
        try
        {
            var bytes = new byte[(int)questdb_receiver_text_len(text)];
            Marshal.Copy(questdb_receiver_text_data(text), bytes, 0, bytes.Length);
            return Encoding.UTF8.GetString(bytes);
        }
        finally
        {
            questdb_receiver_text_free(text);
        }
    }

    /// <summary>Stops the receiver and forgets its tables.</summary>
    public void Dispose()
    {
        questdb_receiver_free(receiver);
        receiver = IntPtr.Zero;
    }

    private static void Check(IntPtr failed)
    {
        if (failed == IntPtr.Zero)
        {
            return;
        }
        var message = Marshal.PtrToStringAnsi(questdb_receiver_error_message(failed));
        questdb_receiver_error_free(failed);
        throw new InvalidOperationException(message);
    }

    private const string Library = "questdb_receiver";

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_start(byte[] conf, UIntPtr confLen, out IntPtr receiver);

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_conf(IntPtr receiver, uint listener);

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_wait_for_rows(IntPtr receiver, byte[] table, UIntPtr tableLen, UIntPtr rows, ulong timeoutMillis);

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_table_json(IntPtr receiver, byte[] table, UIntPtr tableLen, out IntPtr text);

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_text_data(IntPtr text);

    [DllImport(Library)]
    private static extern UIntPtr questdb_receiver_text_len(IntPtr text);

    [DllImport(Library)]
    private static extern void questdb_receiver_text_free(IntPtr text);

    [DllImport(Library)]
    private static extern IntPtr questdb_receiver_error_message(IntPtr error);

    [DllImport(Library)]
    private static extern void questdb_receiver_error_free(IntPtr error);

    [DllImport(Library)]
    private static extern void questdb_receiver_free(IntPtr receiver);
}
