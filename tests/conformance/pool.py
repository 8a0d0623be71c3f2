#!/usr/bin/env python3
"""Runs an example of the pool against a server that counts, and looks at what the server got: what a program says of itself must
be that.

usage: pool.py [--no-signal] "NAME=COMMAND"...

The command is given a connection string, the number of batches of each of four producers, and a file for rows that failed; a batch
has ten rows. Some platforms do not report SIGTERM to programs, which --no-signal says. No verdict depends on time: a program ends by itself, or when it is told to after the server has seen rows.
"""

import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# After so long a program hangs.
PATIENCE = 300
ENDLESS = 1 << 24


class Server(ThreadingHTTPServer):
    """Answers every request with one status, and keeps the lines that it has answered."""

    daemon_threads = True

    def __init__(self, status):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def conf(self):
        return f"http::addr=127.0.0.1:{self.server_port};protocol_version=1;"

    def wait_for(self, lines):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.lines) >= lines, PATIENCE)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        got = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        with self.server.changed:
            self.server.lines += got
            self.server.changed.notify_all()
        self.send_response(self.server.status)
        if self.server.status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def values(lines, producer):
    """The values of one producer, in the order in which they arrived."""
    return [int(value) for name, value in re.findall(r"^events,producer=(\w+) value=(\d+)i", "\n".join(lines), re.M) if name == producer]


def run(command, status, batches, stop):
    """Returns what the program said and ended with, what the server got, and what is in the file."""
    server = Server(status)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "failed.txt")
        process = subprocess.Popen([*command, server.conf, str(batches), str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            if stop and server.wait_for(200):
                process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=PATIENCE)[0]
        finally:
            process.kill()
        server.shutdown()
        return said, process.returncode, server.lines, path.read_text().splitlines()


def wrong(command, status, batches, stop):
    """Says what was wrong; nothing if all was well."""
    said, code, got, kept = run(command, status, batches, stop)
    told = re.search(r"(\d+) rows stored, (\d+) (?:not stored|refused), (\d+) in doubt", said)
    if not told:
        return f"it said {said!r}, exit code {code}"
    stored, refused, doubt = map(int, told.groups())
    bad = []
    # A JVM that was ended by a signal says so, and so does .NET; their end was orderly nevertheless.
    if code not in ((0, 128 + signal.SIGTERM) if stop else (0,)):
        bad.append(f"exit code {code}")
    if (stored, refused, doubt, len(kept)) != ((len(got), 0, 0, 0) if status == 204 else (0, len(got), 0, len(got))):
        bad.append(f"it said {stored} stored, {refused} not, {doubt} in doubt; the server got {len(got)}, the file has {len(kept)}")
    if status != 204 and sorted(got) != sorted(kept):
        bad.append("the file has other rows than those that were refused")
    if len(got) % 10 or (not stop and len(got) != 40 * batches) or (stop and len(got) >= 40 * batches):
        bad.append(f"{len(got)} rows of {40 * batches}")
    names = sorted(set(re.findall(r"producer=(\w+)", "\n".join(got))))
    for name in names:
        if values(got, name) != list(range(len(values(got, name)))):
            bad.append(f"the rows of {name} are not in their order")
    return "; ".join(bad) and "; ".join(bad) + f"\n{said}"


def main():
    failed = 0
    cases = [("all rows", 204, 30, False), ("refused rows", 400, 5, False)]
    if "--no-signal" not in sys.argv:
        cases.append(("SIGTERM", 204, ENDLESS, True))
    for word in sys.argv[1:]:
        name, _, command = word.partition("=")
        for what, status, batches, stop in cases if command else []:
            problem = wrong(shlex.split(command), status, batches, stop)
            print(f"conformance: {'FAILED' if problem else 'ok'}: {name}, {what}" + (f"\n{problem}" if problem else ""), flush=True)
            failed += bool(problem)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
