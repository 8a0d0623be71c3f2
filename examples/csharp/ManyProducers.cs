using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using QuestDB;
#if NET6_0_OR_GREATER
using System.Runtime.InteropServices;
#endif

/// <summary>
/// Many producers, one pool: each hands its rows over and goes on, and the rows of batches that failed go to a file. Those in
/// doubt may be stored already: sent again without dedup keys they may be there twice. Ends after so many batches of each, or in
/// order on SIGTERM or Ctrl-C.
/// </summary>
internal sealed class ManyProducers
{
    private readonly CancellationTokenSource stop = new CancellationTokenSource();
    private readonly Stream file;
    private readonly int batches;
    private long stored, notStored, inDoubt;

    private ManyProducers(Stream file, int batches)
    {
        this.file = file;
        this.batches = batches;
    }

    internal static void Run(string conf, int batches, string path)
    {
        using (var file = new FileStream(path, FileMode.Append))
        using (var pool = new Pool(conf))
        {
            var all = new ManyProducers(file, batches);
            var ended = new ManualResetEvent(false);
            Console.CancelKeyPress += (_, e) => { e.Cancel = true; all.stop.Cancel(); };
#if NET6_0_OR_GREATER
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, e => { e.Cancel = true; all.stop.Cancel(); });
#else
            // .NET Core raises this on SIGTERM, and ends when it returns.
            AppDomain.CurrentDomain.ProcessExit += (_, __) => { all.stop.Cancel(); ended.WaitOne(); };
#endif
            Task.WhenAll("abcd".Select(name => Task.Run(() => all.Produce(pool, name)))).Wait();
            Console.WriteLine($"{all.stored} rows stored, {all.notStored} not stored, {all.inDoubt} in doubt");
            file.Flush();
            ended.Set();
        }
    }

    private async Task Produce(Pool pool, char name)
    {
        var ordered = new SubmitOptions { OrderKey = name }; // the batches of one producer stay in their order
        using (var buffer = pool.NewBuffer())
        {
            for (long row = 0; row < batches * 10L && !(stop.IsCancellationRequested && row % 10 == 0); row++)
            {
                buffer.Table("events").Symbol("producer", name.ToString()).Column("value", row).AtNow();
                if (row % 10 == 9)
                {
                    Ended(await pool.SubmitAsync(buffer, ordered)); // Submit would go on before the batch is complete
                }
            }
        }
    }

    private void Ended(Completion done)
    {
        lock (file)
        {
            stored += done.Error == null ? done.Rows : 0;
            inDoubt += done.Error?.InDoubt == true ? done.Rows : 0;
            notStored += done.Error?.InDoubt == false ? done.Rows : 0;
            var rows = done.FailedRows?.ToBytes() ?? new byte[0];
            file.Write(rows, 0, rows.Length);
        }
    }
}
