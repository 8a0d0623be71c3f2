using System;
using System.IO;
using System.Linq;
using System.Text;
using QuestDB;
using static Tests;

/// <summary>What else the library can do.</summary>
internal static class WrapperTests
{
    public static void buffers_of_ones_own()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        using (var buffer = sender.NewBuffer())
        {
            Equal(sender.ProtocolVersion, buffer.ProtocolVersion);
            Equal(sender.MaxNameLength, buffer.MaxNameLength);
            buffer.Table("cs_buffers").Column("v", 1L).AtNanos(1);
            buffer.SetMarker();
            buffer.Table("cs_buffers").Column("v", 2L).AtNanos(2);
            buffer.RewindToMarker();
            buffer.Table("cs_buffers").Column("v", 3L).AtNanos(3);
            using (var copy = buffer.Clone())
            {
                sender.FlushAndKeep(buffer);
                Equal(2L, buffer.Pending);
                sender.FlushAndKeep(buffer, true);
                buffer.Clear();
                sender.Flush(copy);
                Equal(0L, copy.Pending);
            }
            Equal(6, Stored("cs_buffers").Split(']').Length - 1);
            buffer.Table("a").Column("v", 1L).AtNow();
            True(buffer.IsTransactional, "one table");
            buffer.Table("b").Column("v", 1L).AtNow();
            True(!buffer.IsTransactional, "two tables");
            Throws<QuestDBException>(() => sender.FlushAndKeep(buffer, true));
        }
    }

    public static void limits_of_buffers()
    {
        using (var buffer = new RowBuffer(2, 20, 1024, 4096))
        {
            Equal(2, buffer.ProtocolVersion);
            Equal(20, buffer.MaxNameLength);
            Equal(1024L, buffer.InitialSize);
            Equal(4096L, buffer.MaxSize);
            True(buffer.Capacity >= 1024, "room");
            buffer.Reserve(2000);
            True(buffer.Capacity >= 2000, "more room");
            Fails(ErrorCode.LimitExceeded, () => buffer.Reserve(5000));
            Fails(ErrorCode.InvalidArgument, () => buffer.Reserve(-1));
            Fails(ErrorCode.InvalidName, () => buffer.Table(new string('x', 21)));
            buffer.CheckFlushable();
            buffer.Table("t");
            Equal(1L, buffer.Length);
            Fails(ErrorCode.InvalidState, () => buffer.CheckFlushable());
            Fails(ErrorCode.InvalidState, () => buffer.SetMarker());
            buffer.DropRow();
            buffer.ClearMarker();
            Fails(ErrorCode.InvalidState, () => buffer.RewindToMarker());
        }
        foreach (var version in new[] { -1, 0, 4, int.MaxValue })
        {
            Fails(ErrorCode.InvalidArgument, () => new RowBuffer(version));
        }
        Fails(ErrorCode.InvalidArgument, () => new RowBuffer(2, -1, -1, -1));
    }

    public static void flush_if_due()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush_rows=3;auto_flush_interval=off;"))
        using (var row = new PreparedRow("cs_due", Stamp.Nanos).Add("v", ColumnKind.Long))
        {
            sender.Append(row.Set(0, 1L), 1);
            sender.FlushIfDue();
            Equal(1L, sender.Pending);
            sender.Append(row.Set(0, 2L), 2);
            sender.Append(row.Set(0, 3L), 3);
            sender.FlushIfDue();
            Equal(0L, sender.Pending);
        }
    }

    public static void configurations_typed_and_cloned()
    {
        using (var config = new SenderConfig(Receiver.Http) { AutoFlush = false, UserAgent = "c#", RequestTimeout = TimeSpan.FromSeconds(5) })
        using (var copy = config.Clone())
        {
            copy.Addr = "127.0.0.1:1";
            copy.ProtocolVersion = 2;
            copy.RetryTimeout = TimeSpan.Zero;
            config.Validate();
            using (var sender = new Sender(config)) // the copy's address is not this one's
            {
                sender.Table("cs_config").Column("v", 1L).AtNanos(1);
                sender.Flush();
            }
            using (var sender = new Sender(copy) { DisposeTimeout = TimeSpan.Zero })
            {
                sender.Table("cs_config").Column("v", 1L).AtNanos(1);
                Fails(ErrorCode.Connection, () => sender.Flush());
            }
        }
        using (var config = new SenderConfig())
        {
            Fails(ErrorCode.Config, () => config.Validate());
            config.Protocol = Protocol.Https;
            config.Addr = "localhost";
            config.TlsCa = TlsCa.WebpkiAndOsRoots;
            config.TlsVerify = true;
            config.Delivery = Delivery.AtMostOnce;
            config.ProtocolVersion = null;
            config.AutoFlushRows = null;
            config.AutoFlushBytes = 1000;
            config.AutoFlushInterval = TimeSpan.FromTicks(1); // a millisecond
            config.ConnectTimeout = TimeSpan.FromSeconds(1);
            config.AutoFlushMaxBackoff = TimeSpan.FromSeconds(1);
            config.RetryMaxBackoff = TimeSpan.FromSeconds(1);
            config.RequestMinThroughput = 0;
            config.TcpUserTimeout = null;
            config.KeepaliveIdle = TimeSpan.FromSeconds(5);
            config.KeepaliveInterval = TimeSpan.FromSeconds(5);
            config.KeepaliveCount = 4;
            config.InitBufSize = 1024;
            config.MaxBufSize = 1 << 20;
            config.MaxNameLen = 100;
            config.Username = "u";
            config.Password = "geheim";
            config.AuthTimeout = TimeSpan.FromSeconds(3);
            config.Validate();
            Fails(ErrorCode.Config, () => config.RequestTimeout = TimeSpan.FromSeconds(-1));
            Fails(ErrorCode.Config, () => config.ConnectTimeout = System.Threading.Timeout.InfiniteTimeSpan);
            Fails(ErrorCode.Config, () => config.Set("no_such_key", "1"));
            config.Validate(); // a refused value changes nothing
        }
    }

    public static void a_sender_is_made_while_the_server_is_down()
    {
        using (var config = new SenderConfig("http::addr=127.0.0.1:1;retry_timeout=0;auto_flush=off;") { LazyConnect = true })
        using (var sender = new Sender(config) { DisposeTimeout = TimeSpan.Zero })
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            Equal(Outcome.NotSent, Throws<QuestDBException>(() => sender.Connect()).Outcome);
            Throws<QuestDBException>(() => sender.ConnectAsync().GetAwaiter().GetResult());
            Equal(1L, sender.Pending);
        }
        using (var sender = new Sender(Receiver.Http + "lazy_connect=on;"))
        {
            sender.Table("cs_lazy").Column("v", 1L).AtNanos(1);
            sender.Connect();
            Equal(3, sender.ProtocolVersion);
            sender.Flush();
        }
        True(Stored("cs_lazy") != "", "the row");
    }

    public static void every_option_has_a_property()
    {
        var keys = File.ReadAllLines("doc/options.md").Where(line => line.StartsWith("### `")).Select(line => line.Split('`')[1]).ToList();
        True(keys.Count > 25, $"{keys.Count} options are documented");
        var missing = keys.Where(key => typeof(SenderConfig).GetProperty(
            // A TimeSpan has its unit, so no property is named after one.
            string.Concat((key.EndsWith("_ms") ? key.Substring(0, key.Length - 3) : key).Split('_').Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)))) == null);
        Equal("", string.Join(" ", missing));
    }

    public static void from_the_environment()
    {
        var conf = Environment.GetEnvironmentVariable("QDB_CLIENT_CONF");
        if (conf == null)
        {
            Fails(ErrorCode.Config, () => Sender.FromEnvironment());
            Fails(ErrorCode.Config, () => SenderConfig.FromEnvironment());
            return;
        }
        using (var sender = Sender.FromEnvironment())
        using (var config = SenderConfig.FromEnvironment())
        using (var other = new Sender(config))
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            Equal(1L, sender.Pending);
            sender.Clear();
        }
    }

    public static void errors_tell_all_they_know()
    {
        const string Body = "{\"code\":\"invalid\",\"message\":\"failed to parse line protocol\",\"line\":2,\"errorId\":\"id-7\"}";
        using (var server = Server.Answering("400 Bad Request\r\nContent-Type: application/json", Body))
        using (var sender = new Sender(server.Http + "auto_flush=off;") { DisposeTimeout = TimeSpan.Zero })
        {
            sender.Table("a").Column("v", 1L).AtNanos(1);
            sender.Table("b").Column("v", 2L).AtNanos(2);
            var e = Fails(ErrorCode.Rejected, () => sender.Flush());
            Equal("REJECTED", e.CodeName);
            Equal(Outcome.Rejected, e.Outcome);
            Equal("REJECTED", e.OutcomeName);
            Equal(400, e.HttpStatus);
            Equal("invalid", e.ServerCode);
            Equal("id-7", e.ServerErrorId);
            Equal(2L, e.ServerLine);
            Equal(1, e.Attempts);
            Equal(0, e.InDoubtAttempts);
            Equal(0L, e.EarlierRowsInDoubt);
            True(!e.Retryable && !e.InDoubt && !e.RowAccepted, "neither");
            True(e.RetryAfter == null, "no wait");
            Equal(sender.Length, e.BytesSent);
            True(e.Elapsed >= TimeSpan.Zero && e.Elapsed < TimeSpan.FromMinutes(1), e.Elapsed.ToString());
            Equal(e.Message, sender.LastError.Message);
            Equal(1L, sender[Stat.FailedFlushes]);
        }
        using (var server = Server.Answering("503 Busy\r\nRetry-After: 7"))
        using (var sender = new Sender(server.Http + "retry_timeout=0;auto_flush=off;") { DisposeTimeout = TimeSpan.Zero })
        {
            sender.Table("a").Column("v", 1L).AtNanos(1);
            var e = Fails(ErrorCode.Unavailable, () => sender.Flush());
            Equal(TimeSpan.FromSeconds(7), e.RetryAfter.Value);
            True(e.Retryable, "may be repeated");
        }
    }

    public static void column_batches()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        using (var batch = new ColumnBatch("cs_batch", Stamp.Nanos))
        using (var row = new PreparedRow("cs_rows", Stamp.Nanos))
        {
            batch.Add("y", ColumnKind.Symbol).Add("d", ColumnKind.Symbol).Add("b", ColumnKind.Bool).Add("i", ColumnKind.Long).Add("f", ColumnKind.Double)
                .Add("s", ColumnKind.String).Add("u", ColumnKind.Micros).Add("n", ColumnKind.Nanos).Add("a", ColumnKind.DoubleArray);
            Equal(9, batch.Columns);
            var time = new DateTime(2026, 1, 2, 3, 4, 5);
            batch.Set(0, new[] { "x", null, "grün" }).Set(1, new[] { 1, 0, -1 }, new[] { "buy", "sell" }).Set(2, new[] { true, false, true })
                .Set(3, new long[] { 1, 2, 3 }, new[] { true, false, true }).Set(4, new[] { 0.5, 1.5, 2.5 }).Set(5, new[] { "", "two", null })
                .Set(6, new[] { time, time, time }).Set(7, new[] { new DateTimeOffset(time), new DateTimeOffset(time), new DateTimeOffset(time) })
                .Set(8, new[] { new double[] { 1, 2 }, null, new double[0] });
            using (var buffer = sender.NewBuffer())
            {
                buffer.Append(batch, new long[] { 1, 2, 3 });
                Equal(3L, buffer.Pending);
            }
            Fails(ErrorCode.InvalidArgument, () => sender.Append(batch, new long[] { 1, 2, 3 })); // the values are gone
            batch.Set(0, new[] { "x", null, "grün" }).Set(1, new[] { 1, 0, -1 }, new[] { "buy", "sell" }).Set(2, new[] { true, false, true })
                .Set(3, new long[] { 1, 2, 3 }, new[] { true, false, true }).Set(4, new[] { 0.5, 1.5, 2.5 }).Set(5, new[] { "", "two", null })
                .Set(6, new long[] { 1, 2, 3 }).Set(7, new long[] { 4, 5, 6 }).Set(8, new[] { new double[] { 1, 2 }, null, new double[0] });
            Fails(ErrorCode.InvalidArgument, () => sender.Append(batch, new long[] { 1, 2 })); // three values for two rows
            sender.Append(batch, new long[] { 1, 2, 3 });
            sender.Flush();
        }
        var rows = Stored("cs_batch");
        foreach (var part in new[] { "\"x\"", "\"grün\"", "\"buy\"", "\"sell\"", "\"true\"", "\"2.5\"", "\"two\"", "\"[1.0,2.0]\"" })
        {
            True(rows.Contains(part), part + " in " + rows);
        }
        True(!rows.Contains("\"2\"") && rows.Contains("\"3\""), "the second number is NULL: " + rows);
        using (var buffer = new RowBuffer(3))
        using (var batch = new ColumnBatch("t", Stamp.Now).Add("p", ColumnKind.Decimal))
        {
            buffer.Append(batch.Set(0, new[] { 1.5m, -2.25m }, new[] { true, true }), 2);
            buffer.Append(batch.Set(0, new decimal[0]), 0);
            Equal(2L, buffer.Pending);
            Throws<ArgumentOutOfRangeException>(() => buffer.Append(batch.Set(0, new decimal[0]), -1));
            Throws<ArgumentOutOfRangeException>(() => batch.Set(1, new long[0]));
            Fails(ErrorCode.InvalidArgument, () => batch.Set(0, new long[2], new bool[3]));
            Fails(ErrorCode.InvalidArgument, () => buffer.Append(batch.Set(0, new[] { 5 }, new[] { "1" }), 1));
        }
    }

    public static void a_column_batch_checks_its_dictionary()
    {
        using (var buffer = new RowBuffer(2))
        using (var batch = new ColumnBatch("t", Stamp.Now).Add("s", ColumnKind.Symbol))
        {
            foreach (var code in new[] { 2, 1000000, -2, int.MinValue, int.MaxValue })
            {
                Throws<QuestDBException>(() => buffer.Append(batch.Set(0, new[] { 0, code }, new[] { "a", "b" }), 2));
                Equal(0L, buffer.Pending);
            }
            buffer.Append(batch.Set(0, new[] { 0, 1, 0 }, new[] { "a", "b" }), 3);
            Equal("t,s=a\nt,s=b\nt,s=a\n", Encoding.UTF8.GetString(buffer.ToBytes()));
        }
    }

    public static void the_receiver_helper()
    {
        True(Receiver.Http.StartsWith("http::addr=127.0.0.1:"), Receiver.Http);
        True(Receiver.Tcp.StartsWith("tcp::addr=127.0.0.1:"), Receiver.Tcp);
        var wrong = Throws<IOException>(() => Receiver.Create("cs_helper", "v:NO_TYPE"));
        True(wrong.Message.Contains("NO_TYPE"), wrong.Message);
        Receiver.Create("cs_helper", "v:LONG");
        True(Receiver.Tables().Any(t => t.Contains("cs_helper")), "the table is there");
        using (var sender = new Sender(Receiver.Tcp + "protocol_version=2;"))
        {
            sender.Table("cs_helper").Column("v", 1L).AtMicros(1);
        }
        Until(() => Stored("cs_helper") != "", "the row");
    }

    public static void the_library_says_its_version()
    {
        True(Library.Version.Split('.').Length == 3, Library.Version);
    }
}
