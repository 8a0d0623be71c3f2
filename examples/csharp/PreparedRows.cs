using System;
using QuestDB;

/// <summary>Prepared rows: the table and its columns are named once, then there is one call for a row or for a batch of rows.</summary>
internal static class PreparedRows
{
    private const long Start = 1700000000000000000;

    internal static void Run(string conf)
    {
        using (var sender = new Sender(conf))
        using (var row = new PreparedRow("quotes", Stamp.Nanos))
        using (var batch = new ColumnBatch("quotes", Stamp.Nanos))
        {
            // One row: a cell for each column. The last one is not set, which is NULL.
            row.Add("symbol", ColumnKind.Symbol).Add("price", ColumnKind.Double).Add("size", ColumnKind.Long);
            sender.Append(row.Set(0, "BTC-USD").Set(1, 43210.5), Start);

            // Three rows: an array for each column. The second row has no size.
            batch.Add("symbol", ColumnKind.Symbol).Add("price", ColumnKind.Double).Add("size", ColumnKind.Long);
            batch.Set(0, new[] { "BTC-USD", "ETH-USD", "ETH-USD" })
                .Set(1, new[] { 43211, 2615.5, 2616 })
                .Set(2, new long[] { 5, 0, 7 }, new[] { true, false, true });
            sender.Append(batch, new[] { Start + 1, Start + 2, Start + 3 });
            sender.Close(TimeSpan.FromSeconds(10));
        }
    }
}
