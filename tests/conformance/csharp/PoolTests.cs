using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using QuestDB;
using static Tests;

/// <summary>Pools: rows of many threads, and what became of them. The tests wait for what they want to see, however long it takes.</summary>
internal static class PoolTests
{
    /// <summary>A batch ends only when the test lets it.</summary>
    private const string Patient = "request_timeout=600000;retry_timeout=600000;";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    /// <summary>A server that answers with a status when its gate is open.</summary>
    private sealed class Gate : IDisposable
    {
        internal readonly ManualResetEvent Open;
        internal readonly Server Server;
        internal volatile string Status = "204 No Content";

        internal Gate(bool open)
        {
            Open = new ManualResetEvent(open);
            Server = new Server((server, socket, _) =>
            {
                while (server.ReadRequest(socket))
                {
                    Open.WaitOne();
                    socket.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status}\r\nContent-Length: 0\r\n\r\n"));
                }
            });
        }

        internal string Conf => $"http::addr={Server.Address};protocol_version=1;" + Patient;

        public void Dispose()
        {
            Open.Set();
            Server.Dispose();
        }
    }

    private static RowBuffer Filled(Pool pool, int rows, string table = "t")
    {
        var buffer = pool.NewBuffer();
        for (var i = 0; i < rows; i++)
        {
            buffer.Table(table).Column("v", (long)i).AtNow();
        }
        return buffer;
    }

    private static T Ended<T>(Task<T> task)
    {
        True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(Long), "the task ended");
        return task.GetAwaiter().GetResult();
    }

    public static void a_batch_of_a_pool_and_what_became_of_it()
    {
        using (var pool = new Pool(Receiver.Http))
        using (var buffer = Filled(pool, 3, "cs_pool"))
        {
            var bytes = buffer.Length;
            var task = pool.SubmitAsync(buffer);
            Equal(0L, buffer.Pending, "with room the buffer is free at once");
            var done = Ended(task).OrThrow();
            Equal(Outcome.Committed, done.Outcome);
            Equal(3L, done.Rows);
            Equal(bytes, done.Bytes);
            Equal(1, done.Attempts);
            Equal(0, done.InDoubtAttempts);
            True(done.FailedRows == null, "no failed rows");
            buffer.Table("cs_pool").Column("v", 3L).AtNow();
            Equal(1L, Ended(pool.Submit(buffer)).Rows);
            Equal(0L, Ended(pool.Submit(buffer)).Rows, "an empty one");
            Equal(4, Stored("cs_pool").Split(']').Length - 1);
            Equal(5000L, pool[PoolStat.AcquireTimeoutMillis]);
            var report = pool.Close(Long);
            True(report.Error == null && report.UnsentRows + report.RowsInDoubt + report.EarlierRowsInDoubt == 0, report.ToString());
            True(ReferenceEquals(report, pool.CloseReport), "it is kept");
            Equal(4L, pool[PoolStat.RowsSent], "after the end");
        }
        using (var config = new SenderConfig(Receiver.Tcp))
        using (var pool = new Pool(config))
        {
            Equal(Outcome.Submitted, Ended(pool.SubmitAsync(Filled(pool, 1, "cs_pool_tcp"))).Outcome);
        }
    }

    /// <summary>Batches of one key arrive in the order of their submission, whatever the other threads do.</summary>
    public static void order_of_many_threads_at_a_pool()
    {
        using (var gate = new Gate(true))
        {
            using (var pool = new Pool(gate.Conf + "sender_pool_max=4;queue_max_bytes=4096;acquire_timeout_ms=600000;"))
            {
                Exception wrong = null;
                var threads = Enumerable.Range(0, 8).Select(number => new Thread(() =>
                {
                    try
                    {
                        var order = new SubmitOptions { OrderKey = number };
                        var tasks = new List<Task<Completion>>();
                        var buffer = pool.NewBuffer();
                        for (var i = 0; i < 50; i++)
                        {
                            buffer.Table("t" + number).Column("v", (long)i).AtNow();
                            tasks.Add(pool.Submit(buffer, order));
                        }
                        tasks.ForEach(task => Equal(Outcome.Committed, Ended(task).Outcome));
                    }
                    catch (Exception e)
                    {
                        wrong = e;
                    }
                })).ToList();
                threads.ForEach(thread => thread.Start());
                threads.ForEach(thread => thread.Join());
                True(wrong == null, wrong?.ToString());
                True(pool.Drain(Long), "drained");
                Equal(400L, pool[PoolStat.RowsSent]);
                Equal(0L, pool[PoolStat.QueueBytes]);
            }
            Equal(400, gate.Server.Lines.Count);
            for (var number = 0; number < 8; number++)
            {
                var values = gate.Server.Lines.Where(line => line.StartsWith($"t{number} ")).Select(line => line.Split('=')[1].TrimEnd('i'));
                Equal(string.Join(",", Enumerable.Range(0, 50)), string.Join(",", values));
            }
        }
    }

    public static void refused_rows_of_a_pool_come_back()
    {
        using (var gate = new Gate(true) { Status = "400 Bad Request" })
        using (var pool = new Pool(gate.Conf))
        {
            var buffer = Filled(pool, 2);
            var rows = Encoding.UTF8.GetString(buffer.ToBytes());
            var done = Ended(pool.SubmitAsync(buffer));
            Equal(Outcome.Rejected, done.Outcome);
            Equal(ErrorCode.Rejected, done.Error.Code);
            Fails(ErrorCode.Rejected, () => done.OrThrow());
            Equal(rows, Encoding.UTF8.GetString(done.FailedRows.ToBytes()));
            gate.Status = "204 No Content";
            Equal(Outcome.Committed, Ended(pool.SubmitAsync(done.FailedRows)).Outcome);
            Equal(0L, done.FailedRows.Pending);
            done.FailedRows.Dispose();
        }
    }

    public static void a_token_cancels_batches_of_a_pool_with_the_true_outcome()
    {
        using (var gate = new Gate(false))
        using (var pool = new Pool(gate.Conf + "sender_pool_max=1;"))
        using (var stop = new CancellationTokenSource())
        {
            var sent = pool.SubmitAsync(Filled(pool, 1), null, stop.Token);
            Until(() => gate.Server.Requests == 1, "the request");
            var waits = pool.Submit(Filled(pool, 2), null, stop.Token);
            stop.Cancel();
            var e = Throws<OperationCanceledException>(() => Ended(waits)) as SendCanceledException;
            Equal(Outcome.NotSent, e.Outcome);
            Equal(2L, e.Completion.FailedRows.Pending);
            True(waits.IsCanceled, "the task is cancelled, not faulted");
            e = Throws<SendCanceledException>(() => Ended(sent));
            Equal(Outcome.InDoubt, e.Completion.Outcome);
            Equal(1, e.Completion.InDoubtAttempts);
            Equal(ErrorCode.Cancelled, e.Error.Code);
            Equal(1L, e.Completion.FailedRows.Pending);
            gate.Open.Set();
            var buffer = Filled(pool, 1);
            e = Throws<SendCanceledException>(() => Ended(pool.SubmitAsync(buffer, null, stop.Token)));
            True(e.Completion == null && buffer.Pending == 1, "nothing was submitted");
            using (var other = new CancellationTokenSource())
            {
                Equal(Outcome.Committed, Ended(pool.SubmitAsync(buffer, null, other.Token)).Outcome);
                other.Cancel(); // too late
            }
        }
    }

    public static void a_full_queue_of_a_pool()
    {
        using (var gate = new Gate(false))
        using (var pool = new Pool(gate.Conf + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=30;"))
        using (var stop = new CancellationTokenSource())
        {
            var first = pool.SubmitAsync(Filled(pool, 100));
            var rest = Filled(pool, 100);
            var rows = Encoding.UTF8.GetString(rest.ToBytes());
            foreach (var limit in new[] { 0, 40, -1 })
            {
                var how = new SubmitOptions { Timeout = limit < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(limit) };
                var told = $"no room in the queue within {(limit < 0 ? 30 : limit)} ms";
                var e = Fails(ErrorCode.Timeout, () => pool.Submit(rest, how));
                True(e.Message.Contains(told) && e.Retryable, e.Message);
                e = Fails(ErrorCode.Timeout, () => Ended(pool.SubmitAsync(rest, how)));
                True(e.Message.Contains(told), e.Message);
            }
            Fails(ErrorCode.LimitExceeded, () => pool.Submit(Filled(pool, 1000)));

            var patient = new SubmitOptions { Timeout = Timeout.InfiniteTimeSpan };
            var later = pool.SubmitAsync(rest, patient, stop.Token);
            Fails(ErrorCode.InvalidState, () => { var n = rest.Pending; }); // it is used until there is room
            stop.Cancel();
            True(Throws<SendCanceledException>(() => Ended(later)).Completion == null, "it was not submitted");
            Throws<SendCanceledException>(() => pool.Submit(rest, patient, stop.Token));
            Equal(rows, Encoding.UTF8.GetString(rest.ToBytes()));

            later = pool.SubmitAsync(rest, patient);
            True(!later.IsCompleted, "it waits");
            gate.Open.Set();
            Equal(100L, Ended(later).OrThrow().Rows);
            Equal(100L, Ended(first).OrThrow().Rows);
            Equal(0L, rest.Pending);
        }
    }

    /// <summary>However many submits wait for room, the thread pool is free.</summary>
    public static void submits_that_wait_for_room_hold_no_thread()
    {
        using (var gate = new Gate(false))
        using (var pool = new Pool(gate.Conf + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=600000;"))
        {
            var tasks = new List<Task<Completion>> { pool.SubmitAsync(Filled(pool, 100)) };
            for (var i = 0; i < 100; i++)
            {
                var rows = Filled(pool, 100);
                tasks.Add(Task.Run(() => pool.SubmitAsync(rows)));
            }
            True(Task.Run(() => 1).Wait(Long), "the thread pool has threads");
            gate.Open.Set();
            tasks.ForEach(task => Equal(100L, Ended(task).OrThrow().Rows));
        }
    }

    public static void close_of_a_pool_with_rows_left()
    {
        using (var gate = new Gate(false))
        {
            var pool = new Pool(gate.Conf + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=600000;");
            var tasks = Enumerable.Range(0, 3).Select(_ => pool.SubmitAsync(Filled(pool, 1))).ToList();
            var large = Filled(pool, 125); // finds no room before the close
            var waits = pool.SubmitAsync(large);
            Until(() => gate.Server.Requests == 1, "the request");
            True(!pool.Drain(TimeSpan.FromMilliseconds(1)), "nothing is sent yet");
            var report = pool.Close(TimeSpan.Zero);
            Equal(ErrorCode.Cancelled, report.Error.Code);
            Equal(2L, report.UnsentRows);
            Equal(1L, report.RowsInDoubt);
            Fails(ErrorCode.InvalidState, () => Ended(waits));
            Equal(125L, large.Pending);
            Equal(Outcome.InDoubt, Ended(tasks[0]).Outcome);
            foreach (var task in tasks.Skip(1))
            {
                Equal(Outcome.NotSent, Ended(task).Outcome);
                Equal(1L, task.Result.FailedRows.Pending);
            }
            True(ReferenceEquals(report, Ended(pool.CloseAsync(Long))), "the same report");
            True(Fails(ErrorCode.InvalidState, () => pool.Submit(large)).Message.Contains("closed"), "it says so");
            Fails(ErrorCode.InvalidState, () => pool.NewBuffer());
            pool.Dispose();
            pool.Dispose();
            Throws<ObjectDisposedException>(() => pool.NewBuffer());
            Throws<ObjectDisposedException>(() => Ended(pool.SubmitAsync(large)));
            True(pool.Drain(TimeSpan.Zero), "nothing is left");
            Equal(2L, pool[PoolStat.RowsNotStored]);
            Equal(1L, pool[PoolStat.RowsInDoubt]);
            Equal(0L, pool[PoolStat.Workers]);
        }
    }

    public static void dispose_of_a_pool_sends_what_is_left()
    {
        var pool = new Pool(Receiver.Http);
        var task = pool.SubmitAsync(Filled(pool, 3, "cs_pool_dispose"));
        pool.Dispose();
        Equal(3L, Ended(task).OrThrow().Rows);
        True(pool.CloseReport.Error == null, pool.CloseReport.ToString());
    }

    public static void a_token_ends_the_close_of_a_pool()
    {
        using (var gate = new Gate(false))
        using (var stop = new CancellationTokenSource())
        {
            var pool = new Pool(gate.Conf);
            var task = pool.SubmitAsync(Filled(pool, 1));
            Until(() => gate.Server.Requests == 1, "the request");
            var close = pool.CloseAsync(Timeout.InfiniteTimeSpan, stop.Token);
            stop.Cancel();
            Equal(1L, Ended(close).RowsInDoubt);
            Equal(ErrorCode.Cancelled, close.Result.Error.Code);
            Equal(Outcome.InDoubt, Ended(task).Outcome);
        }
    }

    /// <summary>What throws, blocks, submits or closes after a task does not run in the thread that reads completions.</summary>
    public static void what_depends_on_a_task_of_a_pool_holds_nothing()
    {
        using (var held = new ManualResetEvent(false))
        using (var gate = new Gate(false))
        using (var pool = new Pool(gate.Conf))
        {
            var now = TaskContinuationOptions.ExecuteSynchronously;
            var throwing = pool.SubmitAsync(Filled(pool, 1)).ContinueWith(
                done => { throw new InvalidOperationException(); }, now);
            var blocking = pool.SubmitAsync(Filled(pool, 1)).ContinueWith(done => held.WaitOne(), now);
            Func<Task<Completion>> twice = async () =>
            {
                await pool.SubmitAsync(Filled(pool, 1));
                return await pool.SubmitAsync(Filled(pool, 2));
            };
            var nested = twice();
            gate.Open.Set(); // what depends on the tasks is there
            for (var i = 0; i < 100; i++)
            {
                Equal(1L, Ended(pool.SubmitAsync(Filled(pool, 1))).OrThrow().Rows);
            }
            Equal(2L, Ended(nested).Rows);
            True(!blocking.IsCompleted, "it is still held");
            held.Set();
            True(Ended(blocking), "it went on");
            True(Throws<AggregateException>(() => throwing.Wait()).InnerException is InvalidOperationException, "its own exception");
            True(Ended(pool.SubmitAsync(Filled(pool, 1)).ContinueWith(done => pool.Close(Long), now)).Error == null, "closed");
        }
    }

    /// <summary>Pools that nobody disposes of go with their threads and connections, once their batches are complete.</summary>
    public static void pools_that_nobody_disposes_of_are_freed()
    {
        using (var gate = new Gate(false))
        {
            var tasks = new List<Task<Completion>>();
            Forget(gate.Conf, tasks);
            Until(() => Workers() >= 20, "the threads of the pools");
            GC.Collect();
            gate.Open.Set();
            tasks.ForEach(task => Equal(1L, Ended(task).OrThrow().Rows));
            // Mono looks at stacks without knowing what on them is alive, so that a few may stay there.
            var limit = Type.GetType("Mono.Runtime") == null ? 0 : 5;
            Until(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return Workers() <= limit;
            }, "the end of the pools");
        }
    }

    /// <summary>In a thread of its own, whose stack leads to no pool afterwards.</summary>
    private static void Forget(string conf, List<Task<Completion>> tasks)
    {
        var thread = new Thread(() =>
        {
            for (var i = 0; i < 20; i++)
            {
                var pool = new Pool(conf);
                tasks.Add(pool.SubmitAsync(Filled(pool, 1)));
            }
        });
        thread.Start();
        thread.Join();
    }

    /// <summary>How many threads of pools in C this process has.</summary>
    private static int Workers() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("questdb-pool");
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    });

    /// <summary>What several threads do with one pool, its end included: the process lives, and every task ends.</summary>
    public static void misuse_of_a_pool_from_many_threads()
    {
        for (var round = 0; round < 20; round++)
        {
            using (var gate = new Gate(round % 2 == 0))
            {
                var pool = new Pool(gate.Conf + "sender_pool_max=2;queue_max_bytes=2000;acquire_timeout_ms=1;");
                var tasks = new List<Task<Completion>>();
                Exception wrong = null;
                var threads = Enumerable.Range(0, 6).Select(number => new Thread(() =>
                {
                    try
                    {
                        Anything(pool, new Random((round * 10) + number), tasks);
                    }
                    catch (ObjectDisposedException)
                    {
                        // by another thread
                    }
                    catch (Exception e)
                    {
                        wrong = (e as QuestDBException)?.Code == ErrorCode.InvalidState ? wrong : e;
                    }
                })).ToList();
                threads.ForEach(thread => thread.Start());
                threads.ForEach(thread => thread.Join());
                True(wrong == null, wrong?.ToString());
                pool.Close(TimeSpan.Zero);
                foreach (var task in tasks)
                {
                    var done = Completed(task);
                    True(done == null || ((done.Error == null) == (done.FailedRows == null) && done.Rows == 3), "a true completion");
                }
            }
        }
    }

    /// <summary>Null if the batch was not submitted.</summary>
    private static Completion Completed(Task<Completion> task)
    {
        try
        {
            return Ended(task);
        }
        catch (SendCanceledException e)
        {
            return e.Completion;
        }
        catch (QuestDBException e) when (e.Code == ErrorCode.Timeout || e.Code == ErrorCode.InvalidState)
        {
            return null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private static void Anything(Pool pool, Random random, List<Task<Completion>> tasks)
    {
        for (var i = 0; i < 200; i++)
        {
            switch (random.Next(6))
            {
                case 0:
                case 1:
                case 2:
                    var stop = new CancellationTokenSource();
                    var task = pool.SubmitAsync(Filled(pool, 3), new SubmitOptions { OrderKey = i % 3 }, stop.Token);
                    lock (tasks)
                    {
                        tasks.Add(task);
                    }
                    if (i % 4 == 0)
                    {
                        stop.Cancel();
                    }
                    break;
                case 3:
                    var n = pool[(PoolStat)(i % 9)];
                    break;
                case 4:
                    pool.Drain(TimeSpan.Zero);
                    break;
                default:
                    if (i > 150 && random.Next(20) == 0)
                    {
                        pool.Close(TimeSpan.FromMilliseconds(i % 5));
                    }
                    else if (i > 190)
                    {
                        pool.Dispose();
                    }
                    break;
            }
        }
    }

    public static void wrong_arguments_of_a_pool()
    {
        Fails(ErrorCode.Config, () => new Pool("http::addr=localhost:9000;no_such_key=1;"));
        Throws<ArgumentNullException>(() => new Pool((string)null));
        Throws<ArgumentNullException>(() => new Pool((SenderConfig)null));
        using (var gate = new Gate(true))
        using (var pool = new Pool(gate.Conf))
        using (var buffer = Filled(pool, 1))
        {
            Throws<ArgumentNullException>(() => pool.Submit(null));
            Throws<ArgumentNullException>(() => Ended(pool.SubmitAsync(null)));
            buffer.Table("t").Column("v", 1L);
            Fails(ErrorCode.InvalidState, () => pool.Submit(buffer));
            buffer.DropRow();
            Equal(1L, buffer.Pending);
            buffer.Dispose();
            Throws<ObjectDisposedException>(() => pool.Submit(buffer));
        }
    }
}
