using System;
using QuestDB;

/// <summary>
/// Decimals, exact: as a decimal, as an integer with a scale, as bytes. QuestDB needs the columns to exist, for example
/// <c>CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), ts TIMESTAMP) …</c>
/// </summary>
internal static class Decimals
{
    internal static void Run(string conf)
    {
        var minusOne = new byte[] { 0xff, 0xff }; // in two's complement; with the scale 4 it is -0.0001
        using (var sender = new Sender(conf))
        {
            sender.Table("invoices")
                .Column("net", 1234.50m)
                .ColumnDecimal("tax", 2, 23456)
                .ColumnDecimal("rate", 4, minusOne)
                .AtNanos(1700000000000000000);
            sender.Close(TimeSpan.FromSeconds(10));
        }
    }
}
