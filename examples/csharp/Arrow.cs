using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using QuestDB;

/// <summary>
/// Apache Arrow: a batch is sent from its own memory. Usually the exporters of the package Apache.Arrow fill the two structs,
/// CArrowArrayExporter and CArrowSchemaExporter; here they are filled by hand, so that this needs no other package.
/// </summary>
internal static class Arrow
{
    private const long Start = 1700000000000000000;

    internal static void Run(string conf)
    {
        // [doc]
        // The designated timestamps come from the column "time", and the texts of "symbol" become symbols.
        var options = new ArrowOptions().Table("ticks").AtColumn("time").SymbolColumn("symbol");
        using (var batch = new ArrowBatch(3))
        using (var sender = new Sender(conf))
        {
            batch.Add("time", "tsn:", null, batch.Memory(new[] { Start, Start + 1, Start + 2 }));
            batch.Add("price", "g", new byte[] { 0x05 }, batch.Memory(new[] { 43210.5, 0, 2616 })); // row 1 has none
            batch.Add("symbol", "u", null, batch.Memory(new[] { 0, 7, 14, 21 }), batch.Memory("BTC-USDETH-USDETH-USD"));
            sender.AppendArrow(batch.Array(), batch.Schema(), options); // releases the array, whatever happens
            sender.Close(TimeSpan.FromSeconds(10));
        }
        // [/doc]
    }
}

/// <summary>A batch whose memory this object holds until it is disposed of.</summary>
internal sealed class ArrowBatch : IDisposable
{
    // The values stay until Dispose, so releasing is no more than a mark. The delegates live as long as the program.
    private static readonly Release ReleaseArray = array => Marshal.WriteIntPtr(array, 64, IntPtr.Zero);
    private static readonly Release ReleaseSchema = schema => Marshal.WriteIntPtr(schema, 56, IntPtr.Zero);
    private readonly List<IntPtr> memory = new List<IntPtr>();
    private readonly List<IntPtr> arrays = new List<IntPtr>();
    private readonly List<IntPtr> schemas = new List<IntPtr>();
    private readonly int rows;

    private delegate void Release(IntPtr released);

    internal ArrowBatch(int rows)
    {
        this.rows = rows;
    }

    public void Dispose() => memory.ForEach(Marshal.FreeHGlobal);

    /// <summary>Adds a column of a type of the C data interface; a bit that is 0 in <paramref name="valid"/> is NULL.</summary>
    internal void Add(string name, string type, byte[] valid, params IntPtr[] buffers)
    {
        var all = new[] { valid == null ? IntPtr.Zero : Memory(valid) }.Concat(buffers).ToArray();
        arrays.Add(Struct(rows, -1, 0, all.Length, 0, (long)Memory(all), 0, 0, Callback(ReleaseArray), 0)); // -1: not counted
        schemas.Add(Struct((long)Memory(type + "\0"), (long)Memory(name + "\0"), 0, 0, 0, 0, 0, Callback(ReleaseSchema), 0));
    }

    /// <summary>The address of the struct ArrowArray.</summary>
    internal IntPtr Array() =>
        Struct(rows, 0, 0, 1, arrays.Count, (long)Memory(new long[1]), (long)Memory(arrays.ToArray()), 0, Callback(ReleaseArray), 0);

    /// <summary>The address of the struct ArrowSchema.</summary>
    internal IntPtr Schema() =>
        Struct((long)Memory("+s\0"), (long)Memory("\0"), 0, 0, schemas.Count, (long)Memory(schemas.ToArray()), 0, Callback(ReleaseSchema), 0);

    internal IntPtr Memory(string text) => Memory(Encoding.UTF8.GetBytes(text));

    internal IntPtr Memory<T>(T[] values) where T : struct
    {
        var size = Marshal.SizeOf(typeof(T));
        var made = Marshal.AllocHGlobal(Math.Max(size * values.Length, 1));
        memory.Add(made);
        for (var i = 0; i < values.Length; i++)
        {
            Marshal.StructureToPtr(values[i], made + size * i, false);
        }
        return made;
    }

    /// <summary>All fields of both structs are 64 bits long in a process of 64 bits.</summary>
    private IntPtr Struct(params long[] fields) => Memory(fields);

    private static long Callback(Release release) => (long)Marshal.GetFunctionPointerForDelegate(release);
}
