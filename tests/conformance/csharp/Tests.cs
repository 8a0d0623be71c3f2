using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Threading;
using QuestDB;

/// <summary>
/// The tests of the C# package: every public method of the classes named …Tests is one. Arguments are names of tests or parts of
/// names; without any all run. Started at the root of the repository, with the built library and receiver in target/debug or where
/// QUESTDB_TARGET says.
/// </summary>
internal static class Tests
{
    /// <summary>A port that refuses; nothing is asked of it before the first flush.</summary>
    internal const string Down = "http::addr=127.0.0.1:1;protocol_version=2;auto_flush=off;";

    /// <summary>After so many minutes a test hangs.</summary>
    private const int Patience = 4;

    private static TestReceiver receiver;

    /// <summary>One receiver for all tests: each uses tables of its own.</summary>
    internal static TestReceiver Receiver => receiver ?? (receiver = new TestReceiver(
        Path.Combine(Environment.GetEnvironmentVariable("QUESTDB_TARGET") ?? "target/debug", "questdb-receiver"), "--create-decimals"));

    private static int Main(string[] wanted)
    {
        var tests = Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => type.Name.EndsWith("Tests") && type != typeof(Tests))
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(test => wanted.Length == 0 || wanted.Any(word => test.Name.Contains(word)))
            .OrderBy(test => test.Name, StringComparer.Ordinal);
        int passed = 0, failed = 0;
        foreach (var test in tests)
        {
            var problem = Problem(test);
            Console.WriteLine(problem == null ? $"ok {test.Name}" : $"FAILED {test.Name}: {problem}");
            passed += problem == null ? 1 : 0;
            failed += problem == null ? 0 : 1;
        }
        receiver?.Dispose();
        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static string Problem(MethodInfo test)
    {
        string problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                test.Invoke(null, null);
            }
            catch (TargetInvocationException e)
            {
                problem = e.InnerException.ToString();
            }
        });
        thread.IsBackground = true;
        thread.Start();
        return thread.Join(TimeSpan.FromMinutes(Patience)) ? problem : "hangs";
    }

    internal static void Equal<T>(T wanted, T found, string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(wanted, found))
        {
            throw new Exception($"{what} wanted {wanted}, found {found}");
        }
    }

    internal static void True(bool condition, string what)
    {
        if (!condition)
        {
            throw new Exception("not so: " + what);
        }
    }

    internal static T Throws<T>(Action call) where T : Exception
    {
        try
        {
            call();
        }
        catch (T e)
        {
            return e;
        }
        throw new Exception($"no {typeof(T).Name} was thrown");
    }

    internal static QuestDBException Fails(ErrorCode code, Action call)
    {
        var e = Throws<QuestDBException>(call);
        Equal(code, e.Code, e.Message);
        return e;
    }

    /// <summary>The rows of a table at the receiver, as JSON; empty without such a table.</summary>
    internal static string Stored(string table)
    {
        var line = Receiver.Tables().FirstOrDefault(t => t.Contains($"\"table\":\"{table}\""));
        if (line == null)
        {
            return "";
        }
        var from = line.IndexOf("\"rows\":[", StringComparison.Ordinal) + 8;
        return line.Substring(from, line.IndexOf("],\"table\"", StringComparison.Ordinal) - from);
    }

    /// <summary>What the rows look like on the wire, in version 1 where all of it is text.</summary>
    internal static string Wire(Action<RowBuffer> build)
    {
        using (var buffer = new RowBuffer(1))
        {
            build(buffer);
            return Encoding.UTF8.GetString(buffer.ToBytes());
        }
    }

    /// <summary>Waits for what another thread is about to do.</summary>
    internal static void Until(Func<bool> so, string what)
    {
        for (var watch = Stopwatch.StartNew(); !so(); Thread.Sleep(1))
        {
            True(watch.Elapsed < TimeSpan.FromMinutes(1), what + " within a minute");
        }
    }
}

/// <summary>A server for one test: every connection is given to a script.</summary>
internal sealed class Server : IDisposable
{
    private readonly TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
    private readonly List<Socket> sockets = new List<Socket>();
    private readonly List<string> lines = new List<string>();
    private int requests;

    /// <param name="script">Gets the connection and the number of connections before it.</param>
    internal Server(Action<Server, Socket, int> script)
    {
        listener.Start();
        new Thread(() =>
        {
            try
            {
                for (var i = 0; ; i++)
                {
                    var number = i;
                    while (!listener.Pending())
                    {
                        Thread.Sleep(1); // a thread that waits in accept would not notice the end everywhere
                    }
                    var socket = listener.AcceptSocket();
                    lock (sockets)
                    {
                        sockets.Add(socket);
                    }
                    new Thread(() => Quietly(() => script(this, socket, number))) { IsBackground = true }.Start();
                }
            }
            catch (Exception e) when (e is SocketException || e is ObjectDisposedException || e is InvalidOperationException)
            {
                // the end
            }
        })
        { IsBackground = true }.Start();
    }

    internal string Address => "127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port;

    internal string Http => $"http::addr={Address};protocol_version=2;";

    internal string Tcp => $"tcp::addr={Address};protocol_version=2;";

    internal int Requests => Volatile.Read(ref requests);

    /// <summary>The lines of all requests.</summary>
    internal List<string> Lines
    {
        get
        {
            lock (lines)
            {
                return lines.ToList();
            }
        }
    }

    /// <summary>Counts as a request what a script says.</summary>
    internal void Note() => Interlocked.Increment(ref requests);

    /// <summary>Reads requests and never answers.</summary>
    internal static Server Silent() => new Server((server, socket, _) =>
    {
        while (server.ReadRequest(socket))
        {
        }
    });

    /// <summary>Answers every request in the same way.</summary>
    internal static Server Answering(string head, string body = "") => new Server((server, socket, _) =>
    {
        while (server.ReadRequest(socket))
        {
            socket.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        }
    });

    /// <summary>Reads a whole request; false at the end of the connection.</summary>
    internal bool ReadRequest(Socket socket)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n"))
        {
            if (socket.Receive(one) == 0)
            {
                return false;
            }
            head.Append((char)one[0]);
        }
        var length = head.ToString().ToLowerInvariant().Split('\n').Where(l => l.StartsWith("content-length:"))
            .Select(l => int.Parse(l.Substring(15).Trim())).FirstOrDefault();
        var body = new byte[65536];
        var text = new StringBuilder();
        while (length > 0)
        {
            var read = socket.Receive(body, Math.Min(length, body.Length), SocketFlags.None);
            if (read == 0)
            {
                return false;
            }
            length -= read;
            text.Append(Encoding.UTF8.GetString(body, 0, read));
        }
        lock (lines)
        {
            lines.AddRange(text.ToString().Split('\n').Where(line => line.Length > 0));
        }
        Interlocked.Increment(ref requests);
        return true;
    }

    public void Dispose()
    {
        listener.Stop();
        lock (sockets)
        {
            foreach (var socket in sockets)
            {
                Quietly(() => socket.Shutdown(SocketShutdown.Both)); // wakes a thread that waits for it
                socket.Close();
            }
        }
    }

    private static void Quietly(Action script)
    {
        try
        {
            script();
        }
        catch (Exception e) when (e is SocketException || e is ObjectDisposedException)
        {
            // the peer is gone
        }
    }
}
