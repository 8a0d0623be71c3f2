using System;
using QuestDB;

/// <summary>Drop the bad row, keep the rest: a row that cannot be built, and one that the server refuses.</summary>
internal static class BadRow
{
    internal static void Run(string conf)
    {
        using (var sender = new Sender(conf))
        {
            for (var n = 1; n <= 5; n++)
            {
                try
                {
                    // A row that an exception leaves is dropped; those before it stay.
                    using (var row = sender.Table("measurements"))
                    {
                        Measurement(row, n);
                    }
                }
                catch (QuestDBException e) when (!e.RowAccepted) // otherwise the row is good, and sending it failed
                {
                    Console.WriteLine($"left out: {e.Message}");
                }
            }
            FlushGoodRows(sender);
            sender.Close(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>The third has no value; the fourth is text where the others are numbers, which only the server can know.</summary>
    private static void Measurement(Row row, long n)
    {
        if (n == 4)
        {
            row.Column("value", "four");
        }
        else if (n != 3)
        {
            row.Column("value", n);
        }
        row.AtNow();
    }

    /// <summary>Sends what the server takes. A refused row is named by its number, removed, and the rest sent again.</summary>
    private static void FlushGoodRows(Sender sender)
    {
        for (;;)
        {
            try
            {
                sender.Flush();
                return;
            }
            catch (QuestDBException e) when (e.Outcome == Outcome.Rejected && e.ServerLine > 0)
            {
                Console.WriteLine($"refused: {e.Message}");
                sender.RemoveRows(e.ServerLine, 1); // store it elsewhere, if it matters
            }
        }
    }
}
