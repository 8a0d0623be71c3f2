"""The servers that the cases run against: the embedded receiver and QuestDB."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from decimal import Decimal

PATIENCE = 60


def canonical(kind, text, lossy):
    """One spelling for equal values. QuestDB (`lossy`) has no null booleans, and shows no NaN and no infinities."""
    if kind == "BOOLEAN" and text is None and lossy:
        return "false"
    if text is None or text == "*":
        return text
    if kind == "DOUBLE":
        value = float(text)
        return None if lossy and value - value != 0 else repr(value)
    if kind.startswith("DECIMAL"):
        return str(Decimal(text).normalize() + 0)
    if kind.startswith("DOUBLE["):
        value = json.loads(text.replace("NaN", "null").replace("-inf", "null").replace("inf", "null"))
        return json.dumps(value)
    if kind == "LONG" and lossy and int(text) == -2**63:
        return None
    return text


def table(columns, rows, lossy):
    kinds = [kind for _, kind in columns]
    shown = [[name, "DECIMAL" if kind.startswith("DECIMAL") else kind] for name, kind in columns]
    return {"columns": shown, "rows": [[canonical(k, c, lossy) for k, c in zip(kinds, row)] for row in rows]}


def wait(runs, fetch):
    """Fetches the tables until all the rows are there that are expected; what is compared later may still differ."""
    expected = {}
    for run in runs:
        for name, want in run.expected.items():
            expected[name.lower()] = want if isinstance(want, int) else len(want["rows"])
    deadline = time.monotonic() + PATIENCE
    while True:
        stored = fetch()
        rows = {name: len(t["rows"]) for name, t in stored.items()}
        if all(rows.get(n, 0) >= count for n, count in expected.items()) or time.monotonic() > deadline:
            return stored
        time.sleep(0.2)


class Receiver:
    title, kind = "embedded receiver", "receiver"

    def __init__(self, args):
        self.program, self.http, self.tcp, self.saved = args.receiver, 0, 0, []
        self.lock = threading.Lock()
        self.start()

    def start(self):
        command = [self.program, "--http", str(self.http), "--tcp", str(self.tcp), "--commands"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        ports = [int(self.process.stdout.readline().rstrip(";\n").rpartition(":")[2]) for _ in range(2)]
        self.http, self.tcp = ports

    def command(self, line):
        answers = []
        with self.lock:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            while (answer := self.process.stdout.readline()).startswith("{"):
                answers.append(json.loads(answer))
        if answer != "\n":
            raise RuntimeError(f"receiver: {answer!r}")
        return answers

    def restart(self):
        self.saved += self.command("tables")
        self.stop()
        self.start()

    def create(self, name, columns):
        self.command(" ".join(["create", name, *columns]))

    def tables(self, runs):
        return wait(runs, self.fetch)

    def fetch(self):
        stored = {}
        for got in self.saved + self.command("tables"):
            name = got["table"].lower()
            fresh = table(got["columns"], got["rows"], False)
            if name in stored:
                stored[name]["rows"] += fresh["rows"]
            else:
                stored[name] = fresh
        return stored

    def normal(self, want):
        return table(want["columns"], want["rows"], False)

    def stop(self):
        self.process.kill()
        self.process.wait()


class QuestDB:
    kind = "questdb"

    def __init__(self, args):
        name = os.path.basename(args.jar)
        self.title = "QuestDB " + name.removeprefix("questdb-").removesuffix(".jar")
        self.jar, self.java = args.jar, args.java
        self.root = tempfile.mkdtemp(prefix="questdb-")
        self.http, self.tcp = free_port(), free_port()
        self.start()

    def start(self):
        os.makedirs(self.root + "/conf", exist_ok=True)
        settings = {"http.bind.to": f"127.0.0.1:{self.http}", "line.tcp.net.bind.to": f"127.0.0.1:{self.tcp}",
                    "pg.enabled": "false", "http.min.enabled": "false", "telemetry.enabled": "false",
                    "shared.worker.count": "2", "line.tcp.commit.interval.default": "200",
                    # Otherwise a column of one row takes 16 MiB, and all cases 30 GB.
                    "cairo.writer.data.append.page.size": "64k", "cairo.wal.writer.data.append.page.size": "64k"}
        with open(self.root + "/conf/server.conf", "w", encoding="utf-8") as conf:
            conf.writelines(f"{k}={v}\n" for k, v in settings.items())
        command = [self.java, "-Xmx512m", "-XX:+UseSerialGC", "-p", self.jar, "-m", "io.questdb/io.questdb.ServerMain",
                   "-d", self.root]
        with open(self.root + "/log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.query("select 1")
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.2)

    def query(self, sql):
        url = f"http://127.0.0.1:{self.http}/exec?" + urllib.parse.urlencode({"query": sql})
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer, strict=False)  # control characters come as they are

    def restart(self):
        self.process.terminate()
        self.process.wait()
        self.start()

    def create(self, name, columns):
        kinds = [c.rpartition(":") for c in columns] + [("timestamp", "", "TIMESTAMP")]
        parts = ", ".join(f"{n} {'DECIMAL(38, 6)' if k == 'DECIMAL' else k}" for n, _, k in kinds)
        self.query(f"create table '{name}' ({parts}) timestamp(timestamp) partition by day wal")

    def tables(self, runs):
        return wait(runs, self.fetch)

    def fetch(self):
        stored = {}
        for (name,) in self.query("select table_name from tables()")["dataset"]:
            got = self.query(f"select * from '{name}'")
            columns = [[c["name"], c["type"] + "[]" * (c.get("dim", 0) if c["type"] == "ARRAY" else 0)]
                       for c in got["columns"]]
            columns = [[n, k.replace("ARRAY", "DOUBLE")] for n, k in columns]
            rows = [[spelled(cell) for cell in row] for row in got["dataset"]]
            stored[name.lower()] = table(columns, rows, True)
        return stored

    def normal(self, want):
        return table(want["columns"], want["rows"], True)

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def spelled(cell):
    if cell is None or isinstance(cell, str):
        return cell
    return json.dumps(cell)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
