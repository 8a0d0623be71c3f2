"""A real QuestDB for the tests that need one, started as the conformance suite starts it."""

import contextlib
import importlib.util
import os
import time
import types
from pathlib import Path

import pytest

def _suite(name):
    """Returns a module of the conformance suite: the one that starts servers, or the one that breaks requests."""
    path = Path(__file__).parents[3] / "tests" / "conformance" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def jar_and_java(not_run):
    """Returns the paths that ci/setup has told, or ends the test; in CI that is a failure."""
    jar, java = os.environ.get("QUESTDB_JAR_17"), os.environ.get("QUESTDB_JAVA_17", "java")
    if jar and Path(jar).is_file():
        return jar, java
    reason = "no jar of QuestDB, see ci/setup"
    if os.environ.get("QUESTDB_TESTS_REQUIRED"):
        pytest.fail(reason)
    return not_run(f"tests against a real server: {reason}")


class RealServer:
    """A running server with a data folder of its own."""

    def __init__(self, not_run):
        jar, java = jar_and_java(not_run)
        self._server = _suite("servers").QuestDB(types.SimpleNamespace(jar=jar, java=java))
        self.http = f"http::addr=127.0.0.1:{self._server.http};"
        self.tcp = f"tcp::addr=127.0.0.1:{self._server.tcp};"

    @contextlib.contextmanager
    def proxy(self):
        """A proxy in front of the server that breaks the requests that its plan names."""
        proxy = _suite("proxy").Proxy(self._server)
        try:
            yield proxy
        finally:
            proxy.stop()

    def sql(self, statement):
        """Returns the rows of the answer."""
        return self._server.query(statement).get("dataset", [])

    def read(self, table, count):
        """Returns types by column, and rows as dicts, once so many are there."""
        deadline = time.monotonic() + 60
        while True:
            answer = self._server.query(f"select * from '{table}'") if self.exists(table) else {"dataset": [], "columns": []}
            if len(answer["dataset"]) >= count or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        types_by_name = {c["name"]: c["type"] + "[]" * c.get("dim", 0) * (c["type"] == "ARRAY") for c in answer["columns"]}
        return types_by_name, [dict(zip(types_by_name, row)) for row in answer["dataset"]]

    def exists(self, table):
        return any(name == table for (name,) in self.sql("select table_name from tables()"))

    def close(self):
        self._server.stop()
