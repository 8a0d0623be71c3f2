"""The package itself: names, imports, metadata."""

import subprocess
import sys

import questdb.ingress as qi
from questdb.ingress import Buffer, ServerTimestamp

NAMES = {
    "Buffer", "IngressError", "IngressErrorCode", "Protocol", "Sender", "SenderTransaction", "ServerTimestamp",
    "TimestampMicros", "TimestampNanos", "TlsCa", "TaggedEnum", "VERSION", "WARN_HIGH_RECONNECTS",
}  # fmt: skip


def python(code, **kwargs):
    """Runs Python code in a process of its own and returns what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, **kwargs
    ).stdout


def test_P1_names():
    assert NAMES <= set(dir(qi))
    assert NAMES | {"Outcome", "ServerTimestampType"} == set(qi.__all__)
    import questdb
    import questdb_ingress

    assert questdb_ingress.Buffer is qi.Buffer
    assert questdb.__version__ == questdb_ingress.__version__ == qi.VERSION


def test_P2_standard_library_only():
    code = (
        "import sys, questdb.ingress as q\n"
        "q.Buffer().row('t', symbols={'a': 'b'}, columns={'c': 1.5, 'd': 'x'}, at=q.TimestampNanos.now())\n"
        "print([m for m in ('pandas', 'numpy', 'pyarrow', 'polars', 'asyncio', 'decimal') if m in sys.modules])"
    )
    assert python(code) == "[]\n"


def test_P5_installation_check():
    buf = Buffer()
    assert buf.row("test", symbols={"a": "b"}, at=ServerTimestamp) is buf
    assert str(buf) == "test,a=b\n"
