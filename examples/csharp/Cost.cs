using System;
using System.Diagnostics;
using QuestDB;

/// <summary>What a call and a row cost; nothing is sent.</summary>
internal static class Cost
{
    private const int Rows = 1000000;

    internal static void Run()
    {
        // Never connected to: without auto-flush and with a version given, rows only gather.
        using (var sender = new Sender("http::addr=127.0.0.1:1;protocol_version=2;auto_flush=off;"))
        using (var row = new PreparedRow("trades", Stamp.Nanos))
        {
            row.Add("side", ColumnKind.Symbol).Add("amount", ColumnKind.Long).Add("price", ColumnKind.Double);
            for (var round = 0; round < 4; round++)
            {
                Measure(sender, "empty call", i => { var pending = sender.Pending; });
                Measure(sender, "row by columns", i =>
                    sender.Table("trades").Symbol("side", "buy").Column("amount", (long)i).Column("price", 2615.54).AtNanos(i));
                Measure(sender, "prepared row", i => sender.Append(row.Set(0, "buy").Set(1, (long)i).Set(2, 2615.54), i));
            }
            sender.Clear();
        }
    }

    private static void Measure(Sender sender, string what, Action<int> call)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Rows; i++)
        {
            call(i);
            if (i % 10000 == 0)
            {
                sender.Clear();
            }
        }
        Console.WriteLine($"{what,-16} {watch.Elapsed.TotalMilliseconds * 1e6 / Rows,7:F1} ns");
    }
}
