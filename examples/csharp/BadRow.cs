using System;
using QuestDB;

/// <summary>
/// One row that the server refuses does not hold the others: it is told by its number, removed, and the rest is sent.
/// </summary>
internal static class BadRow
{
    internal static void Run(string conf)
    {
        using (var sender = new Sender(conf + "auto_flush=off;"))
        {
            for (var i = 0; i < 1000; i++)
            {
                using (var row = sender.Table("csharp_bad_row"))
                {
                    if (i == 500)
                    {
                        row.Column("value", "not a number"); // the column is a number since the first row
                    }
                    else
                    {
                        row.Column("value", (double)i);
                    }
                    row.AtMicros(1767323045000000 + i);
                }
            }
            FlushGoodRows(sender);
            Console.WriteLine(sender.Close(TimeSpan.FromSeconds(10)));
        }
    }

    /// <summary>Sends all rows that the server takes; those that it refuses are reported and dropped.</summary>
    private static void FlushGoodRows(Sender sender)
    {
        for (;;)
        {
            try
            {
                sender.Flush();
                return;
            }
            catch (QuestDBException e) when (e.Outcome == Outcome.Rejected && !e.Retryable && e.ServerLine > 0)
            {
                Console.WriteLine($"row {e.ServerLine} of {sender.Pending} is refused and dropped: {e.Message}");
                sender.RemoveRows(e.ServerLine, 1); // store it elsewhere, if it matters
            }
        }
    }
}
