"""The package itself: names, imports, metadata."""

import subprocess
import sys

import questdb.ingress as qi
from questdb.ingress import Buffer, ServerTimestamp

from build import FREE_THREADED

NAMES = {
    "Buffer", "IngressError", "IngressErrorCode", "Protocol", "Sender", "SenderTransaction", "ServerTimestamp",
    "TimestampMicros", "TimestampNanos", "TlsCa", "TaggedEnum", "VERSION", "WARN_HIGH_RECONNECTS",
}  # fmt: skip
#: What the official package does not have.
MORE = {"Completion", "Outcome", "Pool", "PoolReport", "ServerTimestampType", "Ticket"}


def python(code, **kwargs):
    """Runs Python code in a process of its own and returns what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, **kwargs
    ).stdout


def test_P1_names():
    assert NAMES <= set(dir(qi))
    assert NAMES | MORE == set(qi.__all__)
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


def test_P4_extra():
    from importlib import metadata

    wheel = metadata.metadata("questdb-ingress")
    assert wheel.get_all("Provides-Extra") == ["dataframe"]
    needed = {line.partition(";")[0].strip() for line in wheel.get_all("Requires-Dist")}
    assert needed == {"pandas", "pyarrow", "numpy"}
    assert wheel["Requires-Python"] == ">=3.11"
    assert wheel["Version"] == qi.VERSION


def test_beside_the_official_package(tmp_path):
    """Its native module would be imported instead of ours, and nobody would notice."""
    import shutil
    from pathlib import Path

    import questdb
    import questdb_ingress

    for name in ("questdb", "questdb_ingress"):
        source = Path({"questdb": questdb, "questdb_ingress": questdb_ingress}[name].__file__).parent
        shutil.copytree(source, tmp_path / name)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport {{}} as m; print(m.__file__)"
    assert str(tmp_path) in python(code.format("questdb.ingress"))
    (tmp_path / "questdb" / "ingress.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    assert str(tmp_path) in python(code.format("questdb_ingress")), "the name of its own works beside it"
    done = subprocess.run([sys.executable, "-c", code.format("questdb.ingress")], capture_output=True, text=True)
    assert "ImportError: two packages are installed" in done.stderr
    assert "pip uninstall questdb questdb-ingress" in done.stderr


def test_layouts_are_agreed():
    """Where the layout of objects is known, it is used; on other versions and builds the same is done by documented functions."""
    import datetime

    from questdb_ingress import _native

    Buffer().row("t", columns={"a": datetime.datetime(2024, 1, 1), "b": "é", "c": 1.5}, at=ServerTimestamp)
    known = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 15)
    known = known and sys.maxsize > 2**32 and sys.byteorder == "little" and not FREE_THREADED
    assert _native._layouts() == (known, known)
