using System;
using System.Diagnostics;
using QuestDB;

/// <summary>
/// Rows of every type into QuestDB: the argument is the configuration string. Or a word before it: <c>bad-row</c> drops the row
/// that the server refuses and keeps the rest, <c>service</c> ends in time on SIGTERM, <c>cost</c> measures without a server.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var word = args.Length > 0 ? args[0] : "";
        var conf = args.Length > 0 ? args[args.Length - 1] : "http::addr=localhost:9000;auto_flush_rows=1000;";
        try
        {
            switch (word)
            {
                case "bad-row": BadRow.Run(conf); break;
                case "service": Service.Run(conf); break;
                case "cost": Cost(); break;
                default: Types(conf); break;
            }
            return 0;
        }
        catch (QuestDBException e)
        {
            Console.Error.WriteLine($"code {e.Code}, outcome {e.Outcome}, may be repeated {e.Retryable}: {e.Message}");
            return 1;
        }
    }

    private static void Types(string conf)
    {
        using (var sender = new Sender(conf))
        {
            EveryType(sender, new DateTime(2026, 1, 2, 3, 4, 5));
            sender.Flush();
            Prepared(sender, 1767323045000000000);
            Console.WriteLine(sender.Close(TimeSpan.FromSeconds(10)));
        }
    }

    private static void EveryType(Sender sender, DateTime now)
    {
        sender.Table("csharp_types")
            .Symbol("symbol", "ETH-USD")
            .Column("bool", true)
            .Column("long", -42L)
            .Column("double", 2615.54)
            .Column("string", "grüß \"Gott\"\n")
            .ColumnMicros("micros", 1767323045000006)
            .Column("nanos", now)
            .Column("array", new double[] { 1, 2, 3, 4, 5, 6 }, 2, 3)
            .At(now);
        // Decimals go into a column that exists: create table csharp_decimals (price decimal(18, 4), …)
        if (Environment.GetEnvironmentVariable("WITH_DECIMALS") != null)
        {
            sender.Table("csharp_decimals").Column("price", -12.50m).AtMicros(1);
        }
        // What throws between Table and At… would leave its row open; "using" drops it, and only it.
        try
        {
            using (var row = sender.Table("csharp_types"))
            {
                row.Column("not a * name", 1L).At(now);
            }
        }
        catch (QuestDBException e)
        {
            Console.WriteLine($"as expected: {e.Code}: {e.Message}");
        }
    }

    /// <summary>Rows by one call each; auto-flush sends them in batches.</summary>
    private static void Prepared(Sender sender, long start)
    {
        using (var row = new PreparedRow("csharp_trades", Stamp.Nanos))
        {
            row.Add("side", Kind.Symbol).Add("price", Kind.Double).Add("amount", Kind.Long).Add("book", Kind.DoubleArray);
            for (var i = 0; i < 2500; i++)
            {
                row.Set(0, i % 2 == 0 ? "buy" : "sell").Set(1, 2600 + (i / 100.0)).Set(3, new double[] { 1, i });
                if (i % 10 != 0) // otherwise NULL
                {
                    row.Set(2, (long)i);
                }
                sender.Append(row, start + i);
            }
        }
        Console.WriteLine($"{sender[Stat.RowsCommitted]} rows committed by auto-flush, {sender.Pending} wait");
    }

    /// <summary>What a call and a row cost; nothing is sent.</summary>
    private static void Cost()
    {
        const int Rows = 1000000;
        // Never connected to: without auto-flush and with a version given, rows only gather.
        var sender = new Sender("http::addr=127.0.0.1:1;protocol_version=2;auto_flush=off;");
        var row = new PreparedRow("trades", Stamp.Nanos);
        row.Add("side", Kind.Symbol).Add("amount", Kind.Long).Add("price", Kind.Double);
        var names = new[] { "empty call", "row by columns", "prepared row" };
        var calls = new Action<int>[]
        {
            i => { var pending = sender.Pending; },
            i => sender.Table("trades").Symbol("side", "buy").Column("amount", (long)i).Column("price", 2615.54).AtNanos(i),
            i => sender.Append(row.Set(0, "buy").Set(1, (long)i).Set(2, 2615.54), i),
        };
        for (var round = 0; round < 4; round++)
        {
            for (var kind = 0; kind < calls.Length; kind++)
            {
                var watch = Stopwatch.StartNew();
                for (var i = 0; i < Rows; i++)
                {
                    calls[kind](i);
                    if (i % 10000 == 0)
                    {
                        sender.Clear();
                    }
                }
                Console.WriteLine($"{names[kind],-16} {watch.Elapsed.TotalMilliseconds * 1e6 / Rows,7:F1} ns");
            }
        }
    }
}
