using System;
using QuestDB;

/// <summary>A row with a column of every type.</summary>
internal static class EveryType
{
    internal static void Run(string conf)
    {
        var now = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        using (var sender = new Sender(conf))
        {
            sender.Table("every_type")
                .Symbol("symbol", "ETH-USD")
                .Column("bool", true)
                .Column("long", -42L)
                .Column("double", 2615.54)
                .Column("string", "grüß \"Gott\"\n")
                .ColumnMicros("micros", 1767323045000000)
                .Column("nanos", now)
                .Column("array", new double[] { 1, 2, 3, 4, 5, 6 }, 2, 3) // two rows of three
                .At(now);
            sender.Close(TimeSpan.FromSeconds(10)); // sends the rest
        }
    }
}
