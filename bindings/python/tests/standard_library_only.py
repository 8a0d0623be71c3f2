"""Runs where nothing but the standard library and this package is installed."""

import importlib.util
import sys

from questdb.ingress import Buffer, IngressError, Sender, ServerTimestamp, TimestampNanos

for name in ("numpy", "pandas", "pyarrow", "polars"):
    assert importlib.util.find_spec(name) is None, f"{name} is installed"
buffer = Buffer(protocol_version=2)
buffer.row("t", symbols={"s": "a"}, columns={"a": 1, "b": 1.5, "c": "é", "d": [1.0, 2.0]}, at=TimestampNanos(1))
assert len(buffer) > 20
try:
    Buffer().row("t", columns={"a": object()}, at=ServerTimestamp)
except TypeError:
    pass
else:
    raise AssertionError("an object was taken")
try:
    with Sender("http", "127.0.0.1", 1, retry_timeout=0) as sender:
        sender.row("t", columns={"a": 1}, at=ServerTimestamp)
except IngressError:
    pass
else:
    raise AssertionError("a server was found at port 1")
known = {"questdb", "questdb_ingress", "__main__"}
# Environments load this one by themselves.
known.add("_distutils_hack")
extra = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - known
assert not extra, extra
