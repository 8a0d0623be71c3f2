"""A server for tests that takes rows as QuestDB does, in the process of the test: no JVM, no container.

    from questdb.testing import Receiver

    with Receiver() as receiver:
        run_what_is_tested(receiver.http_conf)       # "http::addr=127.0.0.1:40123;", for any client
        assert receiver.wait_for_rows("trades", 2)[0]["price"] == 2615.54

With pytest, the fixture ``questdb_receiver`` is a receiver of the test's own.
"""

from __future__ import annotations

import ctypes
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ._arrow import capsule
from ._library import HTTP, MONITORING, TCP, ArrowArrayStream, Column, Library

__all__ = ["ArrowRows", "Receiver", "ReceiverError", "ReceiverStats", "ReceiverTimeout"]

_lib: Any = Library()
#: A call into C does not notice Ctrl-C, so that long waits are made of short ones.
_PIECE = 0.1


class ReceiverError(Exception):
    """Why a call on a receiver failed. ``code`` is a word such as ``CONFIG``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReceiverTimeout(ReceiverError, TimeoutError):
    """The expected rows did not arrive in time."""


class ReceiverStats(NamedTuple):
    """Counters of a receiver since its start."""

    connections: int
    requests: int
    rows: int
    bytes: int
    rejected: int


class ArrowRows:
    """The rows of a table at one moment. pyarrow, polars, pandas, DuckDB and others read it by Arrow's PyCapsule interface, for
    example ``pyarrow.table(rows)`` or ``polars.DataFrame(rows)``, once or several times."""

    _first: ArrowArrayStream | None = None

    def __init__(self, receiver: Receiver, table: str) -> None:
        self._receiver, self._table = receiver, table
        self._first = receiver._stream(table)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Returns the stream. Its types are those of the columns, whatever schema is asked for."""
        stream, self._first = self._first, None
        return capsule(stream if stream is not None else self._receiver._stream(self._table))

    def __del__(self) -> None:
        if self._first is not None:
            capsule(self._first)  # which is destroyed at once, and releases the stream


def _raise(failed: int | None) -> None:
    """Raises the error of a call, if there is one."""
    if not failed:
        return
    code = _lib.error_code_name(_lib.error_get_code(failed)).decode()
    message = _lib.error_message(failed).decode()
    _lib.error_free(failed)
    raise (ReceiverTimeout if code == "TIMEOUT" else ReceiverError)(code, message)


def _named(name: str) -> tuple[bytes, int]:
    encoded = name.encode()
    return encoded, len(encoded)


class Receiver:
    """A running receiver, until ``close`` or the end of its ``with``.

    ``conf`` has the keys of QuestDB's ``server.conf``, as text of lines ``key=value`` or as a mapping. Where it does not say
    otherwise, both ports are free ones of 127.0.0.1. An unknown key is a ``ReceiverError``. Any thread may call any method at any
    time. After a fork, the receiver stays with the parent.
    """

    def __init__(self, conf: str | Mapping[str, object] = "") -> None:
        self._handle: int | None = None
        if not isinstance(conf, str):
            conf = "\n".join(f"{key}={_conf_value(value)}" for key, value in conf.items())
        made = ctypes.c_void_p()
        _raise(_lib.start(*_named(conf), ctypes.byref(made)))
        self._lock = threading.Lock()
        self._calls = 0
        self._closed = False
        self._pid = os.getpid()
        self._handle = made.value
        #: The start of a connection string for a client, or ``""`` if the port is switched off.
        self.http_conf: str = (_lib.conf(self._handle, HTTP) or b"").decode()
        self.tcp_conf: str = (_lib.conf(self._handle, TCP) or b"").decode()
        #: The ports, or 0 where one is switched off.
        self.http_port: int = _lib.port(self._handle, HTTP)
        self.tcp_port: int = _lib.port(self._handle, TCP)
        self.monitoring_port: int = _lib.port(self._handle, MONITORING)

    @contextmanager
    def _use(self) -> Iterator[int]:
        """Keeps the receiver from being freed by another thread during a call."""
        with self._lock:
            if self._closed or self._handle is None or self._pid != os.getpid():
                raise ReceiverError("CLOSED", "the receiver is closed, or belongs to the process that forked this one")
            self._calls += 1
        try:
            yield self._handle
        finally:
            with self._lock:
                self._calls -= 1
            self._free_if_unused()

    def _free_if_unused(self) -> None:
        with self._lock:
            if not self._closed or self._calls > 0 or self._handle is None:
                return
            handle, self._handle = self._handle, None
        _lib.free(handle)

    def _json(self, call: Any, *arguments: object) -> Any:
        text = ctypes.c_void_p()
        with self._use() as handle:
            _raise(call(handle, *arguments, ctypes.byref(text)))
        try:
            return json.loads(ctypes.string_at(_lib.text_data(text), _lib.text_len(text)))
        finally:
            _lib.text_free(text)

    def _stream(self, table: str) -> ArrowArrayStream:
        stream = ArrowArrayStream()
        with self._use() as handle:
            _raise(_lib.table_arrow(handle, *_named(table), ctypes.byref(stream)))
        return stream

    def wait_for_rows(self, table: str, rows: int = 1, timeout: float = 10.0) -> list[dict[str, Any]]:
        """Waits until a table has at least so many rows, and returns all of them. Raises ``ReceiverTimeout``."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                with self._use() as handle:
                    millis = int(max(0.0, min(left, _PIECE)) * 1000)
                    _raise(_lib.wait_for_rows(handle, *_named(table), max(rows, 0), millis))
                return self.rows(table)
            except ReceiverTimeout:
                if left <= _PIECE:
                    raise

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Returns the rows of a table in order of arrival. A row has only the cells that have a value: numbers, booleans, lists, and
        text for everything else."""
        rows: list[dict[str, Any]] = self.table(table)["rows"]
        return rows

    def table(self, table: str) -> dict[str, Any]:
        """Returns a table: ``table``, ``timestamp``, ``columns`` with ``name`` and ``type``, and ``rows``."""
        found: dict[str, Any] = self._json(_lib.table_json, *_named(table))
        return found

    def tables(self) -> list[dict[str, Any]]:
        """Returns all tables, with ``row_count`` instead of their rows."""
        found: list[dict[str, Any]] = self._json(_lib.tables_json)
        return found

    def row_count(self, table: str) -> int:
        """Returns how many rows a table has: 0 if there is no such table."""
        rows = ctypes.c_size_t()
        with self._use() as handle:
            _raise(_lib.row_count(handle, *_named(table), ctypes.byref(rows)))
        return rows.value

    def arrow(self, table: str) -> ArrowRows:
        """Returns the rows of a table as they are now, for libraries that read Arrow."""
        return ArrowRows(self, table)

    def refusals(self) -> list[dict[str, Any]]:
        """Returns the last rows and connections that were refused, with ``code``, ``line``, ``message`` and ``text``."""
        found: list[dict[str, Any]] = self._json(_lib.refusals_json)
        return found

    @property
    def stats(self) -> ReceiverStats:
        """The counters."""
        with self._use() as handle:
            return ReceiverStats(*(_lib.get_stat(handle, which) for which in range(1, 6)))

    def create_table(self, table: str, columns: Mapping[str, str]) -> None:
        """Makes an empty table, for column types that rows do not create: names and types such as ``DECIMAL``."""
        pairs = [(*_named(name), *_named(type_name)) for name, type_name in columns.items()]
        array = (Column * max(len(pairs), 1))(*(Column(*pair) for pair in pairs))
        with self._use() as handle:
            _raise(_lib.create_table(handle, *_named(table), array, len(pairs)))

    def clear(self) -> None:
        """Forgets all tables. Clients stay connected."""
        with self._use() as handle:
            _raise(_lib.clear(handle))

    def stop(self) -> None:
        """Stops listening, stores what has arrived and ends the connections. The tables can still be read."""
        with self._use() as handle:
            _raise(_lib.stop(handle))

    def close(self) -> None:
        """Stops the receiver and forgets its tables. Closing it twice does no harm; a call of another thread ends first."""
        if self._handle is None or self._pid != os.getpid():
            return
        with self._lock:
            self._closed = True
        self._free_if_unused()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self.http_conf} {self.tcp_conf}".strip()
        return f"<questdb.testing.Receiver {state}>"


def _conf_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
