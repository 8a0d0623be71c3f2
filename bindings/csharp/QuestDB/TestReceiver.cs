using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;

namespace QuestDB
{
    /// <summary>
    /// The embedded receiver as a server for tests: the program questdb-receiver, which keeps rows in memory. Http and Tcp are
    /// the connection strings of the free ports that it took.
    /// </summary>
    public sealed class TestReceiver : IDisposable
    {
        private readonly Process process;

        /// <summary>Starts the program with further options, such as <c>--create-decimals</c> or <c>--token TOKEN</c>.</summary>
        public TestReceiver(string program = "questdb-receiver", string options = "")
        {
            process = Process.Start(new ProcessStartInfo(program, "--http 0 --tcp 0 --commands " + options)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                StandardOutputEncoding = new UTF8Encoding(false),
            });
            Http = process.StandardOutput.ReadLine();
            Tcp = process.StandardOutput.ReadLine();
            if (Tcp == null)
            {
                Dispose();
                throw new IOException($"{program} did not start; it says why on its standard error");
            }
        }

        /// <summary>The connection string for HTTP, such as <c>http::addr=127.0.0.1:45678;</c>.</summary>
        public string Http { get; }

        /// <summary>The connection string for TCP, such as <c>tcp::addr=127.0.0.1:45679;</c>.</summary>
        public string Tcp { get; }

        /// <summary>Returns every table as a line of JSON.</summary>
        public IList<string> Tables() => Ask("tables");

        /// <summary>Makes a table. Columns are written NAME:TYPE, with the types as Tables names them.</summary>
        public void Create(string table, params string[] columns) => Ask($"create {table} {string.Join(" ", columns)}");

        /// <summary>Forgets all tables.</summary>
        public void Clear() => Ask("clear");

        /// <summary>Ends the program. Its rows are gone.</summary>
        public void Dispose()
        {
            try
            {
                process.Kill();
                process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // The program has ended already.
            }
            process.Dispose();
        }

        /// <summary>Sends a command. The answer is lines of JSON, then an empty line, or a line that says what was wrong.</summary>
        private IList<string> Ask(string command)
        {
            process.StandardInput.Write(command + "\n");
            process.StandardInput.Flush();
            var lines = new List<string>();
            for (;;)
            {
                var line = process.StandardOutput.ReadLine();
                if (line == string.Empty)
                {
                    return lines;
                }
                if (line == null || line[0] != '{')
                {
                    throw new IOException(line ?? "the receiver has ended");
                }
                lines.Add(line);
            }
        }
    }
}
