using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using QuestDB;
using static Tests;

/// <summary>Values of .NET arrive as they are, or are refused.</summary>
internal static class ValueTests
{
    private const long Y2026 = 1767323045000000; // 2026-01-02T03:04:05Z in microseconds

    public static void a_time_of_unspecified_kind_is_utc_and_a_local_one_is_converted()
    {
        var plain = new DateTime(2026, 1, 2, 3, 4, 5);
        var utc = DateTime.SpecifyKind(plain, DateTimeKind.Utc);
        var wire = $"t v={Y2026}t {Y2026}000\n";
        Equal(wire, Wire(b => b.Table("t").Column("v", plain).At(plain)));
        Equal(wire, Wire(b => b.Table("t").Column("v", utc).At(utc)));
        Equal(wire, Wire(b => b.Table("t").Column("v", utc.ToLocalTime()).At(utc.ToLocalTime())));
        var offset = new DateTimeOffset(2026, 1, 2, 5, 4, 5, TimeSpan.FromHours(2));
        Equal(wire, Wire(b => b.Table("t").Column("v", offset).At(offset)));
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Micros))
        {
            Equal(wire, Wire(b => b.Append(row.Set(0, plain), plain)));
            Equal(wire, Wire(b => b.Append(row.Set(0, utc.ToLocalTime()), utc.ToLocalTime())));
            Equal(wire, Wire(b => b.Append(row.Set(0, offset), offset)));
        }
        Console.WriteLine($"  the local zone is {TimeZoneInfo.Local.GetUtcOffset(plain)} from UTC");
    }

    public static void times_beyond_nanoseconds_are_microseconds()
    {
        const long Max = 253402300799999999, Min = -62135596800000000; // of DateTime
        Equal($"t a={Max}t,b={Min}t,c={Max}t,d={Min}t 1\n", Wire(b => b.Table("t").Column("a", DateTime.MaxValue).Column("b", DateTime.MinValue)
            .Column("c", DateTimeOffset.MaxValue).Column("d", DateTimeOffset.MinValue).AtNanos(1)));
        // The same in nanoseconds, as far as these go: the last tick that fits and the first that does not.
        var last = new DateTime(1970, 1, 1).AddTicks(long.MaxValue / 100);
        using (var buffer = new RowBuffer(2))
        {
            buffer.Table("t").Column("a", last).Column("b", last.AddTicks(1)).At(last);
            buffer.Table("t").Column("a", 1L).At(last.AddTicks(1));
            Equal("t a=9223372036854775800n,b=9223372036854775t 9223372036854775800n\nt a=1i 9223372036854775t\n",
                Encoding.UTF8.GetString(buffer.ToBytes()));
        }
        var first = new DateTime(1970, 1, 1).AddTicks(long.MinValue / 100);
        using (var buffer = new RowBuffer(2))
        {
            buffer.Table("t").Column("a", first).Column("b", first.AddTicks(-1)).AtNanos(1);
            Equal("t a=-9223372036854775800n,b=-9223372036854776t 1n\n", Encoding.UTF8.GetString(buffer.ToBytes()));
        }
        Equal(-1L, Times.Micros(-1), "downwards");
        Equal(-1L, Times.Micros(-10));
        Equal(0L, Times.Micros(9));
    }

    public static void a_local_time_at_the_edge_is_not_cut_off()
    {
        foreach (var edge in new[] { DateTime.MaxValue, DateTime.MinValue })
        {
            var local = DateTime.SpecifyKind(edge, DateTimeKind.Local);
            var wanted = Times.Ticks(edge) - TimeZoneInfo.Local.GetUtcOffset(local).Ticks;
            Equal(wanted, Times.Ticks(local));
        }
    }

    public static void times_that_do_not_fit_are_refused()
    {
        using (var buffer = new RowBuffer(2))
        {
            using (var row = buffer.Table("t"))
            {
                row.Column("v", 1L);
                foreach (var time in new[] { DateTime.MinValue, new DateTime(1969, 12, 31), new DateTime(1600, 1, 1) })
                {
                    Fails(ErrorCode.InvalidTimestamp, () => row.At(time));
                    Fails(ErrorCode.InvalidTimestamp, () => row.At(new DateTimeOffset(time, TimeSpan.Zero)));
                }
            }
            using (var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Nanos).Add("w", ColumnKind.Micros))
            {
                foreach (var time in new[] { DateTime.MinValue, DateTime.MaxValue })
                {
                    var e = Fails(ErrorCode.InvalidTimestamp, () => row.Set(0, time));
                    True(e.Message.Contains("2262"), e.Message);
                    Fails(ErrorCode.InvalidTimestamp, () => row.Set(0, new DateTimeOffset(time, TimeSpan.Zero)));
                    Fails(ErrorCode.InvalidTimestamp, () => buffer.Append(row, time));
                    row.Set(1, time);
                }
            }
            using (var batch = new ColumnBatch("t", Stamp.Nanos).Add("v", ColumnKind.Nanos))
            {
                Fails(ErrorCode.InvalidTimestamp, () => batch.Set(0, new[] { DateTime.MaxValue }));
            }
            Equal(0L, buffer.Pending);
        }
    }

    public static void unpaired_surrogates_are_invalid_utf8()
    {
        using (var buffer = new RowBuffer(2))
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("s", ColumnKind.String).Add("y", ColumnKind.Symbol))
        using (var batch = new ColumnBatch("t", Stamp.Now).Add("s", ColumnKind.String))
        {
            foreach (var text in new[] { "a\uD800b", "\uDC00", "x\uDBFF", "\uDC00\uD800", "plain text that is long \uD83D" })
            {
                var calls = new Action<Row>[]
                {
                    r => r.Column("v", text), r => r.Symbol("v", text), r => r.Column(text, 1L), r => r.ColumnDecimal("v", text)
                };
                foreach (var call in calls)
                {
                    using (var open = buffer.Table("t"))
                    {
                        var e = Throws<QuestDBException>(() => call(open));
                        True(e.Code == ErrorCode.InvalidUtf8 || e.Code == ErrorCode.ProtocolVersion, e.Message);
                    }
                }
                Fails(ErrorCode.InvalidUtf8, () => buffer.Table(text));
                Fails(ErrorCode.InvalidUtf8, () => buffer.Append(row.Set(0, text), 1));
                Fails(ErrorCode.InvalidUtf8, () => buffer.Append(row.Set(1, text), 1));
                Fails(ErrorCode.InvalidUtf8, () => buffer.Append(batch.Set(0, new[] { text }), 1));
                Fails(ErrorCode.InvalidUtf8, () => new Sender("http::addr=" + text + ";"));
            }
            using (var open = buffer.Table("t"))
            {
                Fails(ErrorCode.InvalidUtf8, () => open.Column("c", '\uD800'));
            }
        }
    }

    public static void text_is_utf8()
    {
        var texts = new[] { "", "a", "abcd", "abcdefg", "grüß Gott", "日本語", "🙂", "abcd🙂efgh", "\u07FF\u0800\uFFFF", "\0", new string('é', 50000), new string('x', 70001) };
        foreach (var text in texts)
        {
            using (var buffer = new RowBuffer(2))
            {
                buffer.Table("t").Column("v", text).AtNanos(1);
                Equal($"t v=\"{text}\" 1n\n", Encoding.UTF8.GetString(buffer.ToBytes()));
            }
        }
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(20); n > 0; n--)
            {
                var c = random.Next(0x20, random.Next(2) == 0 ? 0x80 : 0x10FFFF);
                text.Append(c >= 0xD800 && c < 0xE000 || c == '"' || c == '\\' || c == 0x7F ? "?" : char.ConvertFromUtf32(c));
            }
            using (var buffer = new RowBuffer(2))
            {
                buffer.Table("t").Column("v", text.ToString()).AtNanos(1);
                Equal($"t v=\"{text}\" 1n\n", Encoding.UTF8.GetString(buffer.ToBytes()));
            }
        }
    }

    public static void a_char_is_text()
    {
        Equal("t,s=x c=\"y\",d=\"ü\" 1\n", Wire(b => b.Table("t").Symbol("s", 'x').Column("c", 'y').Column("d", (char?)'ü').Column("e", (char?)null).AtNanos(1)));
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("s", ColumnKind.Symbol).Add("c", ColumnKind.String))
        {
            Equal("t,s=x c=\"y\" 1\n", Wire(b => b.Append(row.Set(0, 'x').Set(1, 'y'), 1)));
        }
    }

    public static void null_leaves_a_column_out()
    {
        Equal("t b=2i 1\n", Wire(b => b.Table("t").Symbol("s", null).Column("a", (long?)null).Column("b", (long?)2).Column("c", (double?)null)
            .Column("d", (bool?)null).Column("e", (string)null).Column("f", (double[])null).Column("g", (double[,])null)
            .Column("h", (DateTime?)null).Column("i", (DateTimeOffset?)null).Column("j", (decimal?)null).ColumnDecimal("k", null)
            .ColumnDecimal("l", 2, null).AtNanos(1)));
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("a", ColumnKind.String).Add("b", ColumnKind.Long))
        {
            Equal("t b=2i 1\n", Wire(b => b.Append(row.Set(0, "x").Set(0, (string)null).Set(1, (long?)2), 1)));
        }
    }

    public static void null_where_it_means_nothing_is_an_argument_null_exception()
    {
        using (var buffer = new RowBuffer(3))
        using (var row = new PreparedRow("t", Stamp.Nanos).Add("v", ColumnKind.Long))
        using (var batch = new ColumnBatch("t", Stamp.Nanos).Add("v", ColumnKind.Long))
        using (var config = new SenderConfig())
        {
            var open = buffer.Table("t");
            var calls = new Action[]
            {
                () => new Sender((string)null), () => new Sender((SenderConfig)null), () => new SenderConfig(null), () => new PreparedRow(null, Stamp.Now),
                () => new RowBuffer(3).Table(null), () => open.Column(null, 1L), () => open.Column(null, (string)null), () => open.Symbol(null, "x"),
                () => open.Column(null, (long?)null), () => open.Column(null, 1m), () => buffer.Append((PreparedRow)null, 1),
                () => buffer.Append((ColumnBatch)null, 1), () => buffer.Append(batch, null), () => row.Add(null, ColumnKind.Long),
                () => batch.Set(0, (long[])null), () => batch.Set(0, (string[])null), () => batch.Set(0, (decimal[])null),
                () => batch.Set(0, new[] { 1 }, null), () => config.Set(null, "x"), () => config.Set("addr", null)
            };
            for (var i = 0; i < calls.Length; i++)
            {
                Equal(false, string.IsNullOrEmpty(Throws<ArgumentNullException>(calls[i]).ParamName), $"call {i} names its parameter:");
            }
            open.Column("v", 1L).AtNanos(1);
            Equal(1L, buffer.Pending);
        }
    }

    public static void decimals_keep_their_digits()
    {
        var values = new[]
        {
            0m, 0.0m, -12.50m, 1m, -1m, decimal.MaxValue, decimal.MinValue, 0.0000000000000000000000000001m, -18446744073709551616m,
            18446744073709551615m, 79228162514264337593543950335m, -0.79228162514264337593543950335m
        };
        Receiver.Create("cs_digits", "a:DECIMAL", "b:DECIMAL", "c:DECIMAL");
        using (var sender = new Sender(Receiver.Http))
        using (var row = new PreparedRow("cs_digits", Stamp.Micros).Add("c", ColumnKind.Decimal))
        {
            foreach (var value in values)
            {
                sender.Table("cs_digits").Column("a", value).ColumnDecimal("b", value.ToString(CultureInfo.InvariantCulture)).AtMicros(1);
                sender.Append(row.Set(0, value), 1);
            }
        }
        var stored = Regex.Matches(Stored("cs_digits"), "\"(-?[0-9.]+)\",\"(-?[0-9.]+)\",null|null,null,\"(-?[0-9.]+)\"").Cast<Match>().ToList();
        Equal(2 * values.Length, stored.Count, Stored("cs_digits"));
        for (var i = 0; i < values.Length; i++)
        {
            Equal(stored[2 * i].Groups[2].Value, stored[2 * i].Groups[1].Value, "as text and as number:");
            Equal(stored[2 * i].Groups[1].Value, stored[(2 * i) + 1].Groups[3].Value, "prepared:");
            Equal(values[i], decimal.Parse(stored[2 * i].Groups[1].Value, CultureInfo.InvariantCulture));
        }
        Receiver.Create("cs_decimals", "v:DECIMAL");
        using (var sender = new Sender(Receiver.Http))
        {
            sender.Table("cs_decimals").Column("v", -12.50m).AtMicros(1);
        }
        True(Stored("cs_decimals").Contains("\"-12.50"), Stored("cs_decimals"));
        using (var buffer = new RowBuffer(3))
        using (var row = buffer.Table("t"))
        {
            Fails(ErrorCode.InvalidDecimal, () => row.ColumnDecimal("v", -1, 5));
            Fails(ErrorCode.InvalidDecimal, () => row.ColumnDecimal("v", 77, 5));
            Fails(ErrorCode.InvalidDecimal, () => row.ColumnDecimal("v", "twelve"));
        }
    }

    public static void arrays_of_any_rank()
    {
        Func<Action<RowBuffer>, string> bytes = build =>
        {
            using (var buffer = new RowBuffer(2))
            {
                build(buffer);
                return BitConverter.ToString(buffer.ToBytes());
            }
        };
        var flat = new double[] { 1, 2, 3, 4, 5, 6 };
        Equal(bytes(b => b.Table("t").Column("a", flat, 2, 3).AtNow()), bytes(b => b.Table("t").Column("a", new double[,] { { 1, 2, 3 }, { 4, 5, 6 } }).AtNow()));
        Equal(bytes(b => b.Table("t").Column("a", flat, 1, 2, 3).AtNow()), bytes(b => b.Table("t").Column("a", new double[,,] { { { 1, 2, 3 }, { 4, 5, 6 } } }).AtNow()));
        Equal(bytes(b => b.Table("t").Column("a", flat, 6).AtNow()), bytes(b => b.Table("t").Column("a", flat).AtNow()));
        using (var row = new PreparedRow("t", Stamp.Now).Add("a", ColumnKind.DoubleArray))
        {
            Equal(bytes(b => b.Table("t").Column("a", flat, 2, 3).AtNow()), bytes(b => b.Append(row.Set(0, new double[,] { { 1, 2, 3 }, { 4, 5, 6 } }), 0)));
        }
        using (var buffer = new RowBuffer(2))
        using (var row = buffer.Table("t"))
        {
            Fails(ErrorCode.InvalidArray, () => row.Column("a", flat, -1, 6));
            Fails(ErrorCode.InvalidArray, () => row.Column("a", flat, 2, 2));
            Fails(ErrorCode.InvalidArray, () => row.Column("a", flat, int.MaxValue, int.MaxValue));
            True(Fails(ErrorCode.InvalidArray, () => row.Column("a", new[] { new[] { 1.0 } })).Message.Contains("Double[]"), "jagged");
            Fails(ErrorCode.InvalidArray, () => row.Column("a", new[,] { { 1, 2 } }));
            row.Column("a", new double[0, 3]).AtNow();
        }
    }
}
