"""Starts questdb-receiver, a server that takes rows as QuestDB does, for tests."""

import json
import os
import shutil
import subprocess
import threading
import time

KEY_ID = "testUser1"
#: The key that the other tests of this repository use as well.
KEY = {
    "token": "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48",
    "token_x": "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU",
    "token_y": "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac",
}


class Receiver:
    """A receiver on free ports, until ``close``. Options are those of the program."""

    def __init__(self, *options):
        program = os.environ.get("QUESTDB_RECEIVER") or shutil.which("questdb-receiver")
        if not program:
            raise RuntimeError("the receiver is missing, name its program in QUESTDB_RECEIVER")
        self._process = subprocess.Popen(
            [program, "--http", "0", "--tcp", "0", "--commands", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._lock = threading.Lock()
        self.http = self._line()
        self.tcp = self._line()

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the receiver ended")
        return line.rstrip("\n")

    @staticmethod
    def _addr(conf):
        return conf.partition("addr=")[2].partition(";")[0]

    @property
    def http_port(self):
        return int(self._addr(self.http).rpartition(":")[2])

    @property
    def tcp_port(self):
        return int(self._addr(self.tcp).rpartition(":")[2])

    def command(self, text):
        """Sends a command and returns the objects that it answers."""
        with self._lock:
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()
            answers = []
            while line := self._line():
                if not line.startswith("{"):
                    raise RuntimeError(line)
                answers.append(json.loads(line))
            return answers

    def rows(self, table):
        """Returns the rows of a table as dicts of text, without those that are None."""
        for answer in self.command("tables"):
            if answer["table"] == table:
                names = [name for name, _ in answer["columns"]]
                return [
                    {name: cell for name, cell in zip(names, row) if cell is not None}
                    for row in answer["rows"]
                ]
        return []

    def wait_for(self, table, count, seconds=60):
        """Waits until a table has so many rows: TCP does not say when they are stored."""
        deadline = time.monotonic() + seconds
        while len(self.rows(table)) < count:
            assert time.monotonic() < deadline, f"{table} has {len(self.rows(table))} rows, not {count}"
            time.sleep(0.02)

    def types(self, table):
        """Returns the types of the columns of a table."""
        for answer in self.command("tables"):
            if answer["table"] == table:
                return dict(answer["columns"])
        return {}

    def clear(self):
        self.command("clear")

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
