using System;
using System.Linq;
using System.Text;
using System.Threading;
using QuestDB;
using static Tests;

/// <summary>Rows that are complete are never held hostage.</summary>
internal static class RowTests
{
    public static void rows_without_values_do_not_hold_the_others()
    {
        var rows = new[]
        {
            new long?[] { 1, 2 }, new long?[] { 3, null }, new long?[] { null, null }, new long?[] { 5, 6 }, new long?[] { 7, 8 }
        };
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        {
            var refused = 0;
            for (var i = 0; i < rows.Length; i++)
            {
                try
                {
                    using (var row = sender.Table("cs_optionals"))
                    {
                        row.Column("a", rows[i][0]).Column("b", rows[i][1]).AtNanos(i);
                    }
                }
                catch (QuestDBException e)
                {
                    Equal(ErrorCode.InvalidState, e.Code);
                    refused++;
                }
            }
            Equal(1, refused);
            Equal(0L, sender.Close(TimeSpan.FromSeconds(10)).UnconfirmedRows);
        }
        Equal(4, Stored("cs_optionals").Split(']').Length - 1, Stored("cs_optionals"));
    }

    public static void an_exception_of_the_application_drops_its_row_only()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        {
            sender.Table("cs_exception").Column("v", 1L).AtNanos(1);
            Throws<FormatException>(() =>
            {
                using (var row = sender.Table("cs_exception"))
                {
                    row.Column("v", long.Parse("no number")).AtNanos(2);
                }
            });
            True(!sender.IsRowOpen, "the row is dropped");
            sender.Table("cs_exception").Column("v", 3L).AtNanos(3);
            sender.Flush();
        }
        Equal("[\"1\",\"1970-01-01T00:00:00.000000001Z\"],[\"3\",\"1970-01-01T00:00:00.000000003Z\"]", Stored("cs_exception"));
    }

    public static void drop_row_drops_the_open_row_only()
    {
        using (var sender = new Sender(Down + "max_buf_size=2048;"))
        {
            for (var i = 0; i < 24; i++)
            {
                sender.Table("t").Column("v", 1L).AtNanos(i);
            }
            sender.DropRow(); // without an open row: nothing
            Equal(24L, sender.Pending);
            Fails(ErrorCode.LimitExceeded, () => sender.Table("t").Column("s", new string('x', 3000)));
            True(sender.IsRowOpen, "the row is open");
            var e = Fails(ErrorCode.InvalidState, () => sender.Table("t"));
            True(e.Message.Contains("drop"), e.Message);
            Fails(ErrorCode.InvalidState, () => sender.Flush());
            sender.DropRow();
            Equal(24L, sender.Pending);
            Fails(ErrorCode.InvalidName, () => sender.Table("t").Column("a*b", 1L));
            sender.DropRow();
            sender.Table("t").Column("v", 2L).AtNanos(99);
            Equal(25L, sender.Pending);
        }
    }

    public static void a_row_that_was_ended_or_dropped_is_no_row()
    {
        using (var sender = new Sender(Down))
        {
            var row = sender.Table("t").Column("v", 1L);
            row.AtNanos(1);
            Fails(ErrorCode.InvalidState, () => row.Column("v", 2L));
            Fails(ErrorCode.InvalidState, () => row.AtNanos(1));
            var next = sender.Table("t").Column("v", 2L);
            row.Dispose(); // of the first row: the second stays open
            next.AtNanos(2);
            Equal(2L, sender.Pending);
            var third = sender.Table("t");
            sender.Clear();
            Fails(ErrorCode.InvalidState, () => third.Column("v", 1L));
            Fails(ErrorCode.InvalidState, () => default(Row).Column("v", 1L));
            default(Row).Dispose();
        }
    }

    public static void remove_rows_lets_the_rest_go_on()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        {
            for (var i = 0; i < 100; i++)
            {
                using (var row = sender.Table("cs_remove"))
                {
                    (i % 40 == 20 ? row.Column("v", "text") : row.Column("v", (long)i)).AtNanos(i);
                }
            }
            var removed = 0;
            for (var done = false; !done;)
            {
                try
                {
                    sender.Flush();
                    done = true;
                }
                catch (QuestDBException e)
                {
                    Equal(Outcome.Rejected, e.Outcome);
                    Equal("cs_remove", e.Table);
                    sender.RemoveRows(e.ServerLine, 1);
                    removed++;
                }
            }
            Equal(2, removed);
            Equal(0L, sender.Pending);
        }
        Equal(98, Stored("cs_remove").Split(']').Length - 1);
    }

    public static void remove_rows_counts_from_one_and_keeps_an_open_row()
    {
        Equal("t v=1i 1\nt v=4i 4\nt v=5i", Wire(buffer =>
        {
            for (long i = 1; i <= 4; i++)
            {
                buffer.Table("t").Column("v", i).AtNanos(i);
            }
            buffer.Table("t").Column("v", 5L);
            foreach (var wrong in new[] { new[] { 0L, 1L }, new[] { 5L, 1L }, new[] { 3L, 3L }, new[] { -1L, 1L }, new[] { 1L, -1L } })
            {
                Fails(ErrorCode.InvalidArgument, () => buffer.RemoveRows(wrong[0], wrong[1]));
            }
            buffer.RemoveRows(2, 2);
            True(buffer.IsRowOpen, "the row stays open");
        }));
    }

    public static void close_sends_the_complete_rows_and_reports_the_open_one()
    {
        using (var sender = new Sender(Receiver.Http + "auto_flush=off;"))
        {
            sender.Table("cs_close_open").Column("v", 1L).AtNanos(1);
            sender.Table("cs_close_open").Column("v", 2L);
            var e = Fails(ErrorCode.InvalidState, () => sender.Close(TimeSpan.FromSeconds(10)));
            Equal(Outcome.Committed, e.Outcome, e.Message);
            Equal(0L, sender.CloseResult.UnconfirmedRows);
            Equal(e.Message, sender.CloseResult.Error.Message);
        }
        Equal("[\"1\",\"1970-01-01T00:00:00.000000001Z\"]", Stored("cs_close_open"));
    }

    public static void a_closed_sender_takes_no_rows()
    {
        using (var sender = new Sender(Receiver.Http))
        {
            sender.Close(TimeSpan.FromSeconds(10));
            Fails(ErrorCode.InvalidState, () => sender.Table("t").Column("v", 1L).AtNanos(1));
            using (var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Long).Set(0, 1L))
            {
                Fails(ErrorCode.InvalidState, () => sender.Append(row, 1));
            }
            Fails(ErrorCode.InvalidState, () => sender.Begin("t"));
            sender.Close(TimeSpan.FromSeconds(10)); // nothing is left
        }
    }

    public static void closing_again_says_what_the_first_time_left()
    {
        using (var sender = new Sender(Down + "retry_timeout=0;"))
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            Fails(ErrorCode.Connection, () => sender.Close(TimeSpan.FromSeconds(10)));
            Equal(1L, sender.CloseResult.UnconfirmedRows);
            var e = Fails(ErrorCode.InvalidState, () => sender.Close(TimeSpan.FromSeconds(10)));
            True(e.Message.Contains("1 row"), e.Message);
            Equal(1L, sender.CloseResult.UnconfirmedRows);
            Equal(ErrorCode.Connection, sender.CloseResult.Error.Code);
        }
    }

    public static void a_failed_automatic_flush_waits_and_rows_go_on()
    {
        using (var sender = new Sender("http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=0;auto_flush_rows=10;auto_flush_max_backoff=3600000;"))
        {
            sender.DisposeTimeout = TimeSpan.Zero;
            var told = 0;
            for (var i = 0; i < 5000; i++)
            {
                try
                {
                    sender.Table("t").Column("v", 1L).AtNanos(i);
                }
                catch (QuestDBException e)
                {
                    Equal(ErrorCode.Connection, e.Code);
                    True(e.RowAccepted, "the row is in the buffer");
                    told++;
                }
            }
            True(told >= 1 && told < 500, $"{told} attempts, not one for every row");
            Equal(5000L, sender.Pending);
            Equal((long)told, sender[Stat.FailedAutoFlushes]);
            Equal(ErrorCode.Connection, sender.LastError.Code);
            True(sender[Stat.AutoFlushWaitMillis] >= 0, "the wait can be read");
        }
    }

    public static void a_failed_commit_keeps_the_transaction()
    {
        using (var server = new Server((me, socket, number) =>
        {
            while (me.ReadRequest(socket))
            {
                var head = me.Requests == 1 ? "403 Forbidden" : "204 No Content";
                socket.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"));
            }
        }))
        using (var sender = new Sender(server.Http))
        {
            sender.Begin("t");
            sender.Table("t").Column("v", 1L).AtNanos(1);
            Fails(ErrorCode.Auth, () => sender.Commit());
            True(sender.InTransaction, "the transaction is open");
            Equal(1L, sender.Pending);
            sender.Commit();
            True(!sender.InTransaction, "the transaction is over");
            Equal(1L, sender[Stat.RowsCommitted]);
        }
    }

    public static void earlier_rows_in_doubt_are_told_by_an_error()
    {
        using (var server = Resetting())
        using (var sender = new Sender(server.Tcp + "auto_flush=off;") { DisposeTimeout = TimeSpan.Zero })
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            sender.Table("t").Column("v", 2L).AtNanos(2);
            sender.Flush();
            Until(() => server.Requests >= 1, "the reset");
            sender.Table("t").Column("v", 3L).AtNanos(3);
            QuestDBException e = null;
            Until(() => (e = Caught(() => sender.Flush())) != null, "a flush that fails");
            True(e.EarlierRowsInDoubt >= 2, $"2 earlier rows or more, not {e.EarlierRowsInDoubt}: {e.Message}");
        }
    }

    public static void earlier_rows_in_doubt_are_told_by_close()
    {
        using (var server = Resetting())
        using (var sender = new Sender(server.Tcp + "auto_flush=off;"))
        {
            sender.Table("t").Column("v", 1L).AtNanos(1);
            sender.Flush();
            Until(() => server.Requests >= 1, "the reset");
            var e = Fails(ErrorCode.Connection, () => sender.Close(TimeSpan.FromSeconds(10)));
            Equal(1L, e.EarlierRowsInDoubt, e.Message);
            Equal(1L, sender.CloseResult.EarlierRowsInDoubt);
        }
    }

    /// <summary>Resets a connection after its first byte: what was not read is lost.</summary>
    private static Server Resetting() => new Server((me, socket, _) =>
    {
        socket.Receive(new byte[1]);
        socket.LingerState = new System.Net.Sockets.LingerOption(true, 0);
        socket.Close();
        me.Note();
    });

    private static QuestDBException Caught(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (QuestDBException e)
        {
            return e;
        }
    }
}
