using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using QuestDB;
using static Tests;

/// <summary>Batches and streams of Apache Arrow, whose releases are counted.</summary>
internal static class ArrowTests
{
    private const string Rows = "trades,side=buy price=0.5 1000000000\ntrades,side=sell price=1.5 1000001000\n";
    private static readonly ArrowOptions Trades = new ArrowOptions().Table("trades").AtColumn("at").SymbolColumn("side");

    public static void arrow_batches()
    {
        Equal(Rows, Wire(buffer => Appended(buffer, Trades)));
        Equal(Rows + Rows + Rows, Wire(buffer => Streamed(buffer, 3, false, Trades)));
        using (var sender = new Sender(Receiver.Http + "auto_flush_rows=3;auto_flush_interval=off;"))
        {
            var options = new ArrowOptions().Table("cs_arrow").AtColumn("at");
            Appended(sender, options);
            Appended(sender, options);
            Equal(1L, sender.Pending);
            Streamed(sender, 2, false, options);
            Equal(2L, sender.Pending);
            sender.Close(TimeSpan.FromSeconds(10));
        }
        Equal(8, Stored("cs_arrow").Split(']').Length - 1);
    }

    public static void arrow_options()
    {
        const string Stamped = "buy at=1000000t,price=0.5 STAMP\nsell at=1000001t,price=1.5 STAMP\n";
        var bySide = new ArrowOptions().TableColumn(2).AtColumn("at");
        var cases = new Dictionary<ArrowOptions, string>
        {
            { new ArrowOptions().Table("trades").AtColumn(0).SymbolColumn(2), Rows },
            { new ArrowOptions().Table("trades").AtColumn("at").Symbols(ArrowSymbols.Texts), Rows },
            { new ArrowOptions().Table("t").AtColumn("at"), "t price=0.5,side=\"buy\" 1000000000\nt price=1.5,side=\"sell\" 1000001000\n" },
            { new ArrowOptions().TableColumn("side").AtColumn("at"), "buy price=0.5 1000000000\nsell price=1.5 1000001000\n" },
            { bySide, "buy price=0.5 1000000000\nsell price=1.5 1000001000\n" },
            { bySide.AtNanos(7), Stamped.Replace("STAMP", "7") },
            { bySide.AtMicros(7), Stamped.Replace("STAMP", "7000") },
            { bySide.At(new DateTime(1970, 1, 1, 0, 0, 1, DateTimeKind.Utc)), Stamped.Replace("STAMP", "1000000000") },
            { bySide.At(DateTimeOffset.FromUnixTimeSeconds(1)), Stamped.Replace("STAMP", "1000000000") },
            { bySide.AtNow(), Stamped.Replace(" STAMP", "") },
        };
        foreach (var one in cases)
        {
            Equal(one.Value, Wire(buffer => Appended(buffer, one.Key)));
        }
    }

    public static void arrow_that_is_refused_is_released()
    {
        var closed = new RowBuffer(1);
        closed.Dispose();
        var gone = new Sender(Down);
        gone.Dispose();
        using (var buffer = new RowBuffer(1))
        {
            Throws<ObjectDisposedException>(() => Appended(closed, Trades));
            Throws<ObjectDisposedException>(() => Appended(gone, Trades));
            Throws<ObjectDisposedException>(() => Streamed(gone, 1, false, Trades));
            Throws<ArgumentNullException>(() => Appended(buffer, null));
            Throws<ArgumentNullException>(() => Streamed(buffer, 1, false, null));
            Throws<ArgumentNullException>(() => new ArrowOptions().Table(null));
            Throws<ArgumentNullException>(() => new ArrowOptions().AtColumn(null));
            Fails(ErrorCode.InvalidArgument, () => new ArrowOptions().AtColumn(-1));
            Fails(ErrorCode.InvalidArgument, () => Appended(buffer, new ArrowOptions()));
            Fails(ErrorCode.InvalidArgument, () => Appended(buffer, new ArrowOptions().Table("t")));
            Fails(ErrorCode.InvalidArgument, () => Appended(buffer, new ArrowOptions().Table("t").AtColumn("")));
            Fails(ErrorCode.InvalidArgument, () => Appended(buffer, new ArrowOptions().Table("t").AtNow().Symbols((ArrowSymbols)9)));
            Fails(ErrorCode.InvalidName, () => Appended(buffer, new ArrowOptions().Table("?").AtNow()));
            Fails(ErrorCode.InvalidUtf8, () => Appended(buffer, new ArrowOptions().Table("\ud800").AtNow()));
            Fails(ErrorCode.InvalidArgument, () => buffer.AppendArrow(IntPtr.Zero, IntPtr.Zero, Trades));
            Fails(ErrorCode.InvalidArgument, () => buffer.AppendArrowStream(IntPtr.Zero, Trades));
            True(Fails(ErrorCode.InvalidArgument, () => Streamed(buffer, 2, true, Trades)).Message.Contains("the disk is gone"), "the reason");
            buffer.Table("t");
            Fails(ErrorCode.InvalidState, () => Appended(buffer, Trades));
            buffer.DropRow();
            Equal(0L, buffer.Length);
        }
    }

    public static void arrow_that_cannot_be_sent_is_counted()
    {
        var sender = new Sender("http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=0;auto_flush_rows=3;auto_flush_interval=off;");
        Equal(3L, Fails(ErrorCode.Connection, () => Streamed(sender, 4, false, Trades)).RowsAccepted);
        Equal(3L, sender.Pending);
        sender.Clear();
        sender.Dispose();
    }

    public static void arrow_is_cancelled()
    {
        var sender = new Sender("http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=60000;auto_flush_rows=1;");
        var over = false;
        var canceller = new Thread(() =>
        {
            for (; !Volatile.Read(ref over); Thread.Sleep(5))
            {
                sender.Cancel();
            }
        });
        canceller.Start();
        Throws<SendCanceledException>(() => Appended(sender, Trades));
        Volatile.Write(ref over, true);
        canceller.Join();
        sender.Clear();
        sender.Dispose();
    }

    public static void arrow_misuse_from_many_threads()
    {
        var shared = new RowBuffer(1);
        var wrong = new List<Exception>();
        var threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                try
                {
                    Appended(Volatile.Read(ref shared), Trades);
                    if (i % 50 == 0)
                    {
                        Interlocked.Exchange(ref shared, new RowBuffer(1)).Dispose();
                    }
                }
                catch (Exception e) when (e is ObjectDisposedException || (e as QuestDBException)?.Code == ErrorCode.InvalidState)
                {
                }
                catch (Exception e)
                {
                    lock (wrong)
                    {
                        wrong.Add(e);
                    }
                }
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Equal(0, wrong.Count, wrong.FirstOrDefault()?.ToString());
    }

    /// <summary>Appends a batch, which must be released once whatever happens, and its schema not at all.</summary>
    private static void Appended(Rows rows, ArrowOptions options)
    {
        using (var batch = new Batch())
        {
            try
            {
                rows.AppendArrow(batch.Array, batch.Schema, options);
            }
            finally
            {
                Equal(1, batch.ArraysReleased, "releases of the array");
                Equal(0, batch.SchemasReleased, "releases of the schema");
            }
        }
    }

    private static void Streamed(Rows rows, int batches, bool fails, ArrowOptions options)
    {
        using (var batch = new Batch())
        {
            try
            {
                rows.AppendArrowStream(batch.Stream(batches, fails), options);
            }
            finally
            {
                Equal(1, batch.StreamsReleased, "releases of the stream");
            }
        }
    }

    /// <summary>Two rows: times, doubles and texts. All fields of Arrow's structs have 64 bits in a process of 64 bits.</summary>
    private sealed class Batch : IDisposable
    {
        private const int ArraySize = 80;
        private const int SchemaSize = 72;
        private readonly List<IntPtr> memory = new List<IntPtr>();
        private readonly List<Delegate> callbacks = new List<Delegate>();

        internal Batch()
        {
            var columns = new[]
            {
                Column(Memory(new long[] { 1000000, 1000001 })),
                Column(Memory(new[] { 0.5, 1.5 })),
                Column(Memory(new[] { 0, 3, 7 }), Text("buysell")),
            };
            var types = new[] { Type("tsu:", "at"), Type("g", "price"), Type("u", "side") };
            Array = Memory(new[]
            {
                2L, 0, 0, 1, columns.Length, (long)Memory(new long[1]), (long)Memory(columns), 0, Callback(a => ArraysReleased += Mark(a, ArraySize)), 0,
            });
            Schema = Memory(new[]
            {
                (long)Text("+s"), (long)Text(""), 0, 0, types.Length, (long)Memory(types), 0, Callback(s => SchemasReleased += Mark(s, SchemaSize)), 0,
            });
        }

        private delegate void Release(IntPtr released);

        private delegate int Give(IntPtr stream, IntPtr to);

        private delegate IntPtr Why(IntPtr stream);

        internal IntPtr Array { get; }

        internal IntPtr Schema { get; }

        internal int ArraysReleased { get; private set; }

        internal int SchemasReleased { get; private set; }

        internal int StreamsReleased { get; private set; }

        public void Dispose() => memory.ForEach(Marshal.FreeHGlobal);

        /// <summary>A stream that gives the batch so many times, and then fails if it is told to.</summary>
        internal IntPtr Stream(int batches, bool fails)
        {
            var reason = Text("the disk is gone");
            var fields = new List<long>
            {
                Kept(new Give((stream, to) => Copy(Schema, to, SchemaSize))),
                Kept(new Give((stream, to) =>
                {
                    if (batches-- > 0)
                    {
                        return Copy(Array, to, ArraySize);
                    }
                    Mark(to, ArraySize);
                    return fails ? 5 : 0;
                })),
                Kept(new Why(stream => reason)),
                Callback(s => StreamsReleased += Mark(s, 40)),
                0,
            };
            return Memory(fields.ToArray());
        }

        /// <summary>Marks a struct of that size as released: the last field but one is the callback.</summary>
        private static int Mark(IntPtr released, int size)
        {
            Marshal.WriteInt64(released, size - 16, 0);
            return 1;
        }

        private static int Copy(IntPtr from, IntPtr to, int size)
        {
            var fields = new long[size / 8];
            Marshal.Copy(from, fields, 0, fields.Length);
            Marshal.Copy(fields, 0, to, fields.Length);
            return 0;
        }

        private IntPtr Column(params IntPtr[] buffers) => Memory(new[]
        {
            2L, 0, 0, buffers.Length + 1, 0, (long)Memory(new[] { IntPtr.Zero }.Concat(buffers).ToArray()), 0, 0, Callback(a => Mark(a, ArraySize)), 0,
        });

        private IntPtr Type(string format, string name) => Memory(new[]
        {
            (long)Text(format), (long)Text(name), 0, 0, 0, 0, 0, Callback(s => Mark(s, SchemaSize)), 0,
        });

        private IntPtr Text(string text) => Memory(Encoding.UTF8.GetBytes(text + "\0"));

        private IntPtr Memory<T>(T[] values) where T : struct
        {
            var size = Marshal.SizeOf(typeof(T));
            var made = Marshal.AllocHGlobal(size * values.Length);
            memory.Add(made);
            for (var i = 0; i < values.Length; i++)
            {
                Marshal.StructureToPtr(values[i], made + size * i, false);
            }
            return made;
        }

        private long Callback(Release release) => Kept(release);

        /// <summary>The address of a callback, which this object keeps alive.</summary>
        private long Kept(Delegate callback)
        {
            callbacks.Add(callback);
            return (long)Marshal.GetFunctionPointerForDelegate(callback);
        }
    }
}
