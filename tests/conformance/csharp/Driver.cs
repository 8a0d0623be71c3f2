using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using QuestDB;

/// <summary>The conformance driver in C#: commands on standard input, answers on standard output; see ../README.md.</summary>
internal static class Driver
{
    private static Sender sender;
    private static Row open; // the row that Table began
    private static PreparedRow row;
    private static Pool pool;
    private static RowBuffer buffer;
    private static readonly List<Task<Completion>> batches = new List<Task<Completion>>();

    private static void Main()
    {
        var input = new StreamReader(Console.OpenStandardInput(), Encoding.ASCII);
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        for (string line; (line = input.ReadLine()) != null;)
        {
            try
            {
                output.Write("ok " + Command(line.Split(' ')) + "\n");
            }
            catch (QuestDBException e)
            {
                var flags = (e.Retryable ? "r" : "") + (e.InDoubt ? "d" : "") + (e.RowAccepted ? "a" : "");
                output.Write($"err {Name(e.Code)} {Name(e.Outcome)} {flags}. {e.HttpStatus} {e.ServerLine} {e.Message}\n");
            }
        }
    }

    /// <summary>NotSent as NOT_SENT.</summary>
    private static string Name(Enum value)
    {
        var name = value.ToString().Replace("DB", "db");
        return string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : c.ToString())).ToUpperInvariant();
    }

    /// <summary>Undoes the escapes: %XX is a byte, a lone % nothing.</summary>
    private static byte[] Bytes(string word)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < word.Length && word != "%"; i++)
        {
            if (word[i] == '%')
            {
                bytes.Add(byte.Parse(word.Substring(i + 1, 2), NumberStyles.HexNumber));
                i += 2;
            }
            else
            {
                bytes.Add((byte)word[i]);
            }
        }
        return bytes.ToArray();
    }

    private static string Text(string word) => Encoding.UTF8.GetString(Bytes(word));

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);

    private static double Bits(string hex) => BitConverter.Int64BitsToDouble(long.Parse(hex, NumberStyles.HexNumber));

    private static double[] Doubles(string word)
    {
        var data = Bytes(word);
        return Enumerable.Range(0, data.Length / 8).Select(i => BitConverter.ToDouble(data, 8 * i)).ToArray();
    }

    private static int[] Shape(string word) => word.Split('x').Select(int.Parse).ToArray();

    private static void Layout(string[] w)
    {
        row?.Dispose();
        row = new PreparedRow(Text(w[1]), (Stamp)Number(w[2]));
        foreach (var column in w.Skip(3).Select(c => c.Split(':')))
        {
            row.Add(Text(column[0]), (ColumnKind)Number(column[1]));
        }
    }

    private static void Row(string[] w)
    {
        for (var i = 0; i < w.Length - 2; i++)
        {
            var part = w[i + 2].Split(':');
            switch (part[0])
            {
                case "b": row.Set(i, part[1] != "0"); break;
                case "i": row.Set(i, Number(part[1])); break;
                case "f": row.Set(i, Bits(part[1])); break;
                case "t": row.Set(i, Text(part[1])); break;
                case "a": row.Set(i, Doubles(part[2]), Shape(part[1])); break;
                case "d": row.Set(i, (int)Number(part[1]), Bytes(part[2])); break;
            }
        }
        sender.Append(row, Number(w[1]));
    }

    private static void OpenPool(string conf)
    {
        pool = new Pool(conf);
        buffer = pool.NewBuffer();
        batches.Clear();
    }

    private static void Batch(string table, long first, long count, SubmitOptions how)
    {
        buffer.Clear();
        for (var i = first; i < first + count; i++)
        {
            buffer.Table(table).Column("v", i).AtNanos(i);
        }
        batches.Add(pool.Submit(buffer, how));
    }

    private static Completion Done(string number) => batches[(int)Number(number)].GetAwaiter().GetResult();

    private static SubmitOptions Key(string word) => new SubmitOptions { OrderKey = Number(word) };

    private static long Command(string[] w)
    {
        var name = w.Length > 1 && w[0] != "row" && w[0] != "remove" ? Text(w[1]) : "";
        switch (w[0])
        {
            case "open": sender = new Sender(name); break;
            case "pool": OpenPool(name); break;
            case "batch": Batch(name, Number(w[2]), Number(w[3]), Key(w[4])); break;
            case "again": batches.Add(pool.Submit(Done(w[1]).FailedRows, Key(w[2]))); break;
            case "done": return Done(w[1]).OrThrow().Rows;
            case "pool_stat": return pool[(PoolStat)Number(w[1])];
            case "pool_close":
                var report = pool.Close(TimeSpan.FromMilliseconds(Number(w[1])));
                return report.UnsentRows + report.RowsInDoubt;
            case "layout": Layout(w); break;
            case "row": Row(w); break;
            case "table": open = sender.Table(name); break;
            case "symbol": open.Symbol(name, Text(w[2])); break;
            case "bool": open.Column(name, w[2] != "0"); break;
            case "i64": open.Column(name, Number(w[2])); break;
            case "f64": open.Column(name, Bits(w[2])); break;
            case "str": open.Column(name, Text(w[2])); break;
            case "us": open.ColumnMicros(name, Number(w[2])); break;
            case "ns": open.ColumnNanos(name, Number(w[2])); break;
            case "arr": open.Column(name, Doubles(w[3]), Shape(w[2])); break;
            case "dec": open.ColumnDecimal(name, Text(w[2])); break;
            case "dec64": open.ColumnDecimal(name, (int)Number(w[2]), Number(w[3])); break;
            case "decbin": open.ColumnDecimal(name, (int)Number(w[2]), Bytes(w[3])); break;
            case "at_ns": open.AtNanos(Number(w[1])); break;
            case "at_us": open.AtMicros(Number(w[1])); break;
            case "at_now": open.AtNow(); break;
            case "flush": sender.Flush(); break;
            case "begin": sender.Begin(name); break;
            case "commit": sender.Commit(); break;
            case "rollback": sender.Rollback(); break;
            case "drop": sender.DropRow(); break;
            case "remove": sender.RemoveRows(Number(w[1]), Number(w[2])); break;
            case "clear": sender.Clear(); break;
            case "pending": return sender.Pending;
            case "stat": return sender[(Stat)Number(w[1])];
            case "close": return sender.Close(TimeSpan.FromMilliseconds(Number(w[1]))).UnconfirmedRows;
            default: throw new ArgumentException(w[0]);
        }
        return 0;
    }
}
