using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using QuestDB;
using static Tests;

/// <summary>No order of calls and no thread crashes the process; what runs can be cancelled; ending takes its time and no more.</summary>
internal static class ThreadTests
{
    /// <summary>Long: a flush to a silent server does not end by itself while a test runs.</summary>
    private const string Long = "request_timeout=600000;retry_timeout=600000;auto_flush=off;";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static void a_second_thread_is_refused()
    {
        using (var server = Server.Silent())
        using (var sender = new Sender(server.Http + Long))
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Long))
        using (var batch = new ColumnBatch("t", Stamp.Nanos).Add("v", ColumnKind.Long))
        using (var buffer = new RowBuffer(2))
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            var flush = sender.FlushAsync();
            Until(() => server.Requests == 1, "the request");
            var calls = new Action[]
            {
                () => sender.Table("t"), () => sender.DropRow(), () => sender.Clear(), () => sender.RemoveRows(1, 1),
                () => { var n = sender.Pending; }, () => { var n = sender.ProtocolVersion; }, () => { var n = sender.InTransaction; },
                () => { var n = sender.IsRowOpen; }, () => sender.Append(row, 1), () => sender.Append(batch.Set(0, new long[0]), 0),
                () => sender.Flush(), () => sender.Flush(buffer), () => sender.FlushAndKeep(buffer), () => sender.FlushIfDue(),
                () => sender.Begin("t"), () => sender.Commit(), () => sender.Rollback(), () => sender.Connect(),
                () => sender.Close(Second), () => sender.NewBuffer(), () => sender.Clone(), () => sender.ToBytes(),
                () => sender.SetMarker(), () => sender.RewindToMarker(), () => sender.Reserve(1),
                () => sender.FlushAsync().GetAwaiter().GetResult(), () => sender.CloseAsync(Second).GetAwaiter().GetResult()
            };
            foreach (var call in calls)
            {
                var e = Fails(ErrorCode.InvalidState, call);
                True(e.Message.Contains("used by another thread"), e.Message);
            }
            Equal(0L, sender[Stat.Flushes]); // these at any time
            True(sender.LastError == null, "no error yet");
            sender.Cancel();
            Throws<SendCanceledException>(() => flush.GetAwaiter().GetResult());
            Equal(1L, sender.Pending);
            buffer.Table("t").Column("v", 1L).AtNanos(1); // a refused flush of it has let it go
        }
    }

    /// <summary>Whatever several threads do with the same objects, freeing included, the process lives and every call ends.</summary>
    public static void misuse_from_many_threads()
    {
        for (var round = 0; round < 20; round++)
        {
            using (var server = round % 2 == 0 ? Server.Answering("204 No Content") : Server.Silent())
            {
                Misuse(server, round);
            }
        }
    }

    private static void Misuse(Server server, int seed)
    {
        var sender = new Sender(server.Http + "auto_flush_rows=50;request_timeout=300;retry_timeout=0;") { DisposeTimeout = TimeSpan.Zero };
        var buffer = new RowBuffer(2);
        var row = new PreparedRow("p", Stamp.Nanos).Add("s", ColumnKind.Symbol).Add("v", ColumnKind.Long).Add("a", ColumnKind.DoubleArray);
        var batch = new ColumnBatch("b", Stamp.Nanos).Add("s", ColumnKind.Symbol).Add("v", ColumnKind.Double);
        var config = new SenderConfig(server.Http);
        var shared = sender.Table("t");
        var text = new string('x', 5000);
        var calls = new Action<int>[]
        {
            i => sender.Table("t").Symbol("s", text).Column("v", i).AtNanos(i), i => shared.Column("c" + i, text), i => shared.AtNow(),
            i => { using (var r = sender.Table("t")) { r.Column("d", 1.5m); } }, i => shared = sender.Table("u"),
            i => sender.DropRow(), i => sender.RemoveRows(1, i % 3), i => sender.Clear(), i => sender.Flush(), i => sender.FlushIfDue(),
            i => sender.FlushAsync(), i => sender.Append(row.Set(0, text).Set(1, i).Set(2, new double[] { 1, i }), i),
            i => row.Add("c" + i, ColumnKind.Long), i => row.Set(0, "y"), i => buffer.Append(row, i), i => batch.Set(0, new[] { "a", null, text }),
            i => batch.Set(1, new double[] { 1, 2, 3 }), i => buffer.Append(batch, new long[] { 1, 2, 3 }),
            i => sender.Append(batch, new long[] { 1, 2, 3 }), i => buffer.Table("t").Column("v", text).AtNow(), i => buffer.Clear(),
            i => buffer.ToBytes(), i => buffer.Clone().Dispose(), i => sender.ToBytes(), i => sender.Flush(buffer),
            i => sender.FlushAndKeep(buffer), i => sender.NewBuffer().Dispose(), i => sender.Begin("t"), i => sender.Rollback(),
            i => { var n = sender[Stat.Flushes]; }, i => { var e = sender.LastError; }, i => { var n = sender.Pending; },
            i => config.Set("user_agent", text.Substring(0, i % 100)), i => config.Clone().Dispose(), i => config.Validate(),
            i => { if (i % 50 == 0) { sender.Cancel(); } }, i => { if (i % 500 == 499) { sender.Close(TimeSpan.Zero); } },
            i => { if (i % 500 == 499) { sender.Dispose(); } }, i => { if (i % 400 == 399) { row.Dispose(); } },
            i => { if (i % 400 == 399) { buffer.Dispose(); } }, i => { if (i % 400 == 399) { batch.Dispose(); } },
            i => { if (i % 400 == 399) { config.Dispose(); } }
        };
        Exception wrong = null;
        var threads = Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            var random = new Random((seed * 100) + number);
            for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 150;)
            {
                try
                {
                    calls[random.Next(calls.Length)](random.Next(1000));
                }
                catch (Exception e) when (e is QuestDBException || e is ObjectDisposedException || e is SendCanceledException)
                {
                    wrong = (e as QuestDBException)?.Code == ErrorCode.Internal ? e : wrong;
                }
                catch (Exception e)
                {
                    wrong = e;
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        foreach (var thing in new IDisposable[] { sender, buffer, row, batch, config })
        {
            thing.Dispose();
            thing.Dispose();
        }
        True(wrong == null, "an exception of another kind: " + wrong);
    }

    public static void close_from_another_thread_is_refused_and_dispose_cancels()
    {
        for (var i = 0; i < 5; i++)
        {
            using (var server = Server.Silent())
            {
                var sender = new Sender(server.Http + Long);
                sender.Table("t").Column("v", 1L).AtNanos(1);
                Exception found = null;
                var worker = new Thread(() =>
                {
                    try
                    {
                        sender.Flush();
                    }
                    catch (Exception e)
                    {
                        found = e;
                    }
                });
                worker.Start();
                Until(() => server.Requests == 1, "the request");
                Fails(ErrorCode.InvalidState, () => sender.Close(Second));
                sender.Dispose();
                worker.Join();
                Equal(Outcome.InDoubt, ((SendCanceledException)found).Outcome);
                Equal(1L, sender.CloseResult.UnconfirmedRows);
                Equal(1, server.Requests, "nothing is sent by Dispose after a cancelled call:");
            }
        }
    }

    public static void use_after_dispose_is_told()
    {
        var sender = new Sender(Down);
        var open = sender.Table("t");
        var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Long);
        var batch = new ColumnBatch("t", Stamp.Nanos).Add("v", ColumnKind.Long);
        var buffer = new RowBuffer(2);
        var config = new SenderConfig(Down);
        var calls = new Action[]
        {
            () => sender.Table("t"), () => open.Column("v", 1L), () => open.AtNow(), () => sender.Flush(), () => sender.DropRow(),
            () => sender.Close(Second), () => sender.FlushAsync().GetAwaiter().GetResult(), () => { var n = sender.Pending; },
            () => { var n = sender[Stat.Flushes]; }, () => { var e = sender.LastError; }, () => sender.NewBuffer(),
            () => row.Set(0, 1L), () => row.Add("w", ColumnKind.Long), () => batch.Set(0, new long[0]), () => batch.Add("w", ColumnKind.Long),
            () => buffer.Table("t"), () => buffer.ToBytes(), () => config.Set("addr", "x"), () => config.Clone(), () => new Sender(config)
        };
        foreach (var thing in new IDisposable[] { sender, row, batch, buffer, config })
        {
            thing.Dispose();
            thing.Dispose();
        }
        foreach (var call in calls)
        {
            Throws<ObjectDisposedException>(call);
        }
        open.Dispose(); // these never throw
        sender.Cancel();
        using (sender.CancelOn(new CancellationToken(true)))
        {
        }
        using (var other = new Sender(Down))
        {
            Throws<ObjectDisposedException>(() => other.Append(row, 1));
            Throws<ObjectDisposedException>(() => other.Flush(buffer));
            other.Table("t").Column("v", 1L).AtNow(); // and it is free for others again
        }
    }

    public static void dispose_neither_throws_nor_hides_the_real_error()
    {
        Sender kept = null;
        Throws<DivideByZeroException>(() =>
        {
            using (var sender = new Sender(Down + "retry_timeout=0;"))
            {
                kept = sender;
                sender.Table("t").Column("v", 1L).AtNanos(1);
                throw new DivideByZeroException();
            }
        });
        Equal(1L, kept.CloseResult.UnconfirmedRows);
        Equal(ErrorCode.Connection, kept.CloseResult.Error.Code);
        True(kept.CloseResult.ToString().Contains("1 rows unconfirmed"), kept.CloseResult.ToString());
    }

    public static void dispose_sends_what_is_left()
    {
        var sender = new Sender(Receiver.Http + "auto_flush=off;");
        sender.Table("cs_dispose").Column("v", 1L).AtNanos(1);
        sender.Table("cs_dispose").Column("v", 2L);
        sender.Dispose();
        Equal("[\"1\",\"1970-01-01T00:00:00.000000001Z\"]", Stored("cs_dispose"));
        Equal(0L, sender.CloseResult.UnconfirmedRows);
        Equal(ErrorCode.InvalidState, sender.CloseResult.Error.Code, "the row that was left open");
    }

    public static void a_flush_is_cancelled_with_the_true_outcome()
    {
        using (var server = Server.Silent())
        using (var sender = new Sender(server.Http + Long))
        using (var stop = new CancellationTokenSource())
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            var flush = sender.FlushAsync(stop.Token);
            Until(() => server.Requests == 1, "the request");
            var watch = Stopwatch.StartNew();
            stop.Cancel();
            var e = Throws<OperationCanceledException>(() => flush.GetAwaiter().GetResult()) as SendCanceledException;
            Console.WriteLine($"  cancelled in {watch.ElapsedMilliseconds} ms");
            True(watch.Elapsed < TimeSpan.FromSeconds(10), $"at once, not in {watch.Elapsed}");
            True(flush.IsCanceled, "the task is cancelled, not faulted");
            Equal(Outcome.InDoubt, e.Outcome);
            Equal(ErrorCode.Cancelled, e.Error.Code);
            Equal(1L, sender.Pending);

            var before = Throws<SendCanceledException>(() => sender.Flush(stop.Token));
            Equal(Outcome.NotSent, before.Outcome, "with a token that is cancelled already");
            Equal(1, server.Requests);
        }
    }

    public static void what_was_not_sent_is_told_when_cancelled()
    {
        using (var sender = new Sender(Down + Long.Replace("auto_flush=off;", "")))
        using (var stop = new CancellationTokenSource())
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            var flush = sender.FlushAsync(stop.Token); // refused, tried again and again
            Until(() => sender[Stat.RetriesConnect] > 0, "a retry");
            stop.Cancel();
            Equal(Outcome.NotSent, Throws<SendCanceledException>(() => flush.GetAwaiter().GetResult()).Outcome);
        }
    }

    public static void every_call_that_waits_can_be_cancelled()
    {
        var calls = new Dictionary<string, Func<Sender, CancellationToken, Task>>
        {
            ["flush"] = (s, t) => s.FlushAsync(t),
            ["flush of a buffer"] = (s, t) => s.FlushAsync(Filled(), t),
            ["flush and keep"] = (s, t) => s.FlushAndKeepAsync(Filled(), true, t),
            ["begin"] = (s, t) => s.BeginAsync("t", t),
            ["close"] = (s, t) => s.CloseAsync(Timeout.InfiniteTimeSpan, t),
            ["flush in a thread"] = (s, t) => Task.Run(() => s.Flush(t)),
            ["close in a thread"] = (s, t) => Task.Run(() => s.Close(TimeSpan.FromHours(1), t))
        };
        foreach (var call in calls)
        {
            using (var server = Server.Silent())
            using (var sender = new Sender(server.Http + Long))
            using (var stop = new CancellationTokenSource())
            {
                sender.Table("t").Column("v", 1L).AtNanos(1);
                var task = call.Value(sender, stop.Token);
                Until(() => server.Requests == 1, "the request of " + call.Key);
                stop.Cancel();
                Equal(Outcome.InDoubt, Throws<SendCanceledException>(() => task.GetAwaiter().GetResult()).Outcome, call.Key);
            }
        }
        using (var server = Server.Silent())
        using (var sender = new Sender(server.Http + Long))
        using (var stop = new CancellationTokenSource())
        {
            sender.Begin("t");
            sender.Table("t").Column("v", 1L).AtNanos(1);
            var commit = sender.CommitAsync(stop.Token);
            Until(() => server.Requests == 1, "the request of commit");
            stop.Cancel();
            Throws<SendCanceledException>(() => commit.GetAwaiter().GetResult());
            True(sender.InTransaction, "the transaction is kept");
        }
    }

    public static void an_automatic_flush_is_cancelled_and_keeps_its_row()
    {
        using (var server = Server.Silent())
        using (var sender = new Sender(server.Http + "request_timeout=600000;auto_flush_rows=1;"))
        using (var stop = new CancellationTokenSource())
        using (sender.CancelOn(stop.Token))
        {
            var at = Task.Run(() => sender.Table("t").Column("v", 1L).AtNanos(1));
            Until(() => server.Requests == 1, "the request");
            stop.Cancel();
            True(Throws<SendCanceledException>(() => at.GetAwaiter().GetResult()).RowAccepted, "the row is kept");
            Equal(1L, sender.Pending);
            sender.Dispose(); // sends nothing: whoever cancels wants to end
            Equal(1L, sender.CloseResult.UnconfirmedRows);
            Equal(1, server.Requests);
        }
    }

    public static void cancelling_does_not_reach_later_calls()
    {
        using (var server = new Server((me, socket, number) =>
        {
            while (me.ReadRequest(socket))
            {
                if (me.Requests % 2 == 0)
                {
                    socket.Send(System.Text.Encoding.ASCII.GetBytes("HTTP/1.1 204 No Content\r\n\r\n"));
                }
            }
        }))
        using (var sender = new Sender(server.Http + Long))
        {
            for (var i = 0; i < 50; i++)
            {
                sender.Table("t").Column("v", 1L).AtNanos(1);
                using (var stop = new CancellationTokenSource())
                {
                    var flush = sender.FlushAsync(stop.Token);
                    Until(() => server.Requests == (2 * i) + 1, "the request");
                    stop.Cancel();
                    Throws<SendCanceledException>(() => flush.GetAwaiter().GetResult());
                    sender.Flush();
                    Equal(0L, sender.Pending);
                }
            }
        }
    }

    public static void asynchronous_calls_send()
    {
        Func<Task> work = async () =>
        {
            using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
            {
                await sender.ConnectAsync();
                sender.Table("cs_async").Column("v", 1L).AtNanos(1);
                await sender.FlushAsync();
                await sender.FlushIfDueAsync();
                await sender.BeginAsync("cs_async");
                sender.Table("cs_async").Column("v", 2L).AtNanos(2);
                await sender.CommitAsync();
                using (var buffer = sender.NewBuffer())
                {
                    buffer.Table("cs_async").Column("v", 3L).AtNanos(3);
                    await sender.FlushAndKeepAsync(buffer);
                    await sender.FlushAsync(buffer);
                }
                sender.Table("cs_async").Column("v", 4L).AtNanos(4);
                Equal(0L, (await sender.CloseAsync(TimeSpan.FromSeconds(10))).UnconfirmedRows);
            }
        };
        work().GetAwaiter().GetResult();
        Equal(5, Stored("cs_async").Split(']').Length - 1);
    }

    public static void close_times_below_zero_are_none_and_short_ones_not()
    {
        Equal(0UL, Times.Millis(TimeSpan.FromSeconds(-5)));
        Equal(0UL, Times.Millis(TimeSpan.MinValue));
        Equal(0UL, Times.Millis(TimeSpan.Zero));
        Equal(1UL, Times.Millis(TimeSpan.FromTicks(1)));
        Equal(1UL, Times.Millis(TimeSpan.FromMilliseconds(1)));
        Equal(2UL, Times.Millis(TimeSpan.FromTicks(10001)));
        Equal(922337203685478UL, Times.Millis(TimeSpan.MaxValue));
        Equal(ulong.MaxValue, Times.Millis(Timeout.InfiniteTimeSpan));
        using (var server = Server.Silent())
        using (var sender = new Sender(server.Http + Long))
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            Fails(ErrorCode.Timeout, () => sender.Close(TimeSpan.FromSeconds(-5))); // and not after ten minutes
            Equal(1L, sender.CloseResult.UnconfirmedRows);
        }
    }

    public static void a_silent_server_does_not_hold_the_thread_pool()
    {
        using (var server = Server.Silent())
        {
            var senders = Enumerable.Range(0, 40).Select(_ => new Sender(server.Http + Long)).ToList();
            senders.ForEach(s => s.Table("t").Column("v", 1L).AtNanos(1));
            var flushes = senders.Select(s => s.FlushAsync()).ToList();
            Until(() => server.Requests == 40, "the requests");
            True(Task.Run(() => 1).Wait(TimeSpan.FromSeconds(30)), "the pool has threads");
            senders.ForEach(s => s.Dispose());
            flushes.ForEach(f => Throws<SendCanceledException>(() => f.GetAwaiter().GetResult()));
        }
    }

    private static RowBuffer Filled()
    {
        var buffer = new RowBuffer(2);
        buffer.Table("t").Column("v", 1L).AtNanos(1);
        return buffer;
    }
}
