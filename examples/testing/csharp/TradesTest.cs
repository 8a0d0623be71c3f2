using System;
using QuestDB;

/// <summary>A test of one's own, as a program so that it needs no framework: the receiver runs in its process.</summary>
internal static class TradesTest
{
    /// <summary>What is tested.</summary>
    private static void Store(string conf, string symbol, double price, DateTime at)
    {
        using (var sender = new Sender(conf))
        {
            using (var row = sender.Table("trades"))
            {
                row.Symbol("symbol", symbol).Column("price", price).At(at);
            }
            sender.Close(TimeSpan.FromSeconds(10));
        }
    }

    private static int Main()
    {
        using (var receiver = new InProcessReceiver())
        {
            Store(receiver.Conf, "ETH-USD", 2615.54, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
            receiver.WaitForRows("trades", 1, TimeSpan.FromSeconds(10));
            var json = receiver.TableJson("trades");
            if (!json.Contains("{\"symbol\":\"ETH-USD\",\"price\":2615.54,\"timestamp\":\"2026-01-02T03:04:05.000000"))
            {
                Console.Error.WriteLine(json);
                return 1;
            }
        }
        Console.WriteLine("a trade is stored: ok");
        return 0;
    }
}
