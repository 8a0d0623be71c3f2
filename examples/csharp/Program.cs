using System;
using QuestDB;

/// <summary>Runs the example that the first argument names; the second one is the connection string.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var conf = args.Length > 1 ? args[1] : "http::addr=localhost:9000;";
        try
        {
            switch (args.Length > 0 ? args[0] : "")
            {
                case "every_type": EveryType.Run(conf); break;
                case "prepared_rows": PreparedRows.Run(conf); break;
                case "arrow": Arrow.Run(conf); break;
                case "decimals": Decimals.Run(conf); break;
                case "bad_row": BadRow.Run(conf); break;
                case "service": Service.Run(conf); break;
                case "many_producers":
                    ManyProducers.Run(conf, args.Length > 2 ? int.Parse(args[2]) : 1000, args.Length > 3 ? args[3] : "failed.txt");
                    break;
                case "cost": Cost.Run(); break;
                default:
                    Console.Error.WriteLine("usage: every_type | prepared_rows | arrow | decimals | bad_row | service | many_producers | cost [CONF]");
                    return 2;
            }
            return 0;
        }
        catch (QuestDBException e)
        {
            Console.Error.WriteLine($"code {e.Code}, outcome {e.Outcome}, may be repeated {e.Retryable}: {e.Message}");
            return 1;
        }
    }
}
