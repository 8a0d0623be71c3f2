using System;
using System.Threading;
using QuestDB;
#if NET6_0_OR_GREATER
using System.Runtime.InteropServices;
#endif

/// <summary>A service that writes rows until SIGTERM or Ctrl-C and then ends within a second, also if the server is down.</summary>
internal static class Service
{
    internal static void Run(string conf)
    {
        using (var stop = new CancellationTokenSource())
        using (var ended = new ManualResetEvent(false))
        {
            Console.CancelKeyPress += (_, e) =>
            {
                e.Cancel = true;
                stop.Cancel();
            };
#if NET6_0_OR_GREATER
            using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, e => { e.Cancel = true; stop.Cancel(); }))
#else
            // .NET Core raises this on SIGTERM, and ends when it returns.
            AppDomain.CurrentDomain.ProcessExit += (_, __) =>
            {
                try
                {
                    stop.Cancel();
                    ended.WaitOne();
                }
                catch (ObjectDisposedException)
                {
                    // an ordinary end
                }
            };
#endif
            {
                Work(conf, stop.Token);
                ended.Set();
            }
        }
    }

    private static void Work(string conf, CancellationToken stop)
    {
        using (var sender = new Sender(conf + "lazy_connect=on;")) // starts also while the server is down
        {
            Console.WriteLine("running");
            // A flush that runs or begins when the token is cancelled ends at once; the rows stay.
            using (sender.CancelOn(stop))
            {
                for (long n = 0; !stop.IsCancellationRequested; n++)
                {
                    Row(sender, n);
                    stop.WaitHandle.WaitOne(1);
                }
            }
            try
            {
                Console.WriteLine(sender.Close(TimeSpan.FromMilliseconds(500)));
            }
            catch (QuestDBException)
            {
                Console.WriteLine(sender.CloseResult); // what is left could be stored elsewhere: sender.ToBytes()
            }
        }
    }

    private static void Row(Sender sender, long n)
    {
        try
        {
            using (var row = sender.Table("heartbeats"))
            {
                row.Column("n", n).At(DateTime.UtcNow);
            }
        }
        catch (SendCanceledException e)
        {
            Console.WriteLine($"cancelled, {e.Outcome}, row kept {e.RowAccepted}");
        }
        catch (QuestDBException e)
        {
            Console.WriteLine($"{e.Code}, {e.Outcome}, {sender.Pending} rows wait: {e.Message}");
        }
    }
}
