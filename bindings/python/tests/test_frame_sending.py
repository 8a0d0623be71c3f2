"""Frames and the rest of the package: senders, transactions, missing packages, libraries other than pandas."""

import subprocess
import sys
import threading
import time

import pytest

from questdb.ingress import Buffer, IngressError, IngressErrorCode, Sender, ServerTimestamp, TimestampNanos
from servers import HttpServer

pd = pytest.importorskip("pandas")


def test_P3_missing_pandas():
    """A frame of pandas cannot come without pandas; anything else is told what is expected."""
    code = (
        "import sys\n"
        "for name in ('pandas', 'numpy', 'pyarrow'): sys.modules[name] = None\n"
        "from questdb.ingress import Buffer, IngressError, ServerTimestamp\n"
        "try:\n    Buffer().dataframe([1], table_name='t', at=ServerTimestamp)\n"
        "except IngressError as e:\n    print(e.code, e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("InvalidApiCall Bad argument `df`: Expected") and "list" in done.stdout, done.stderr


def test_E2_E3_arguments():
    df = pd.DataFrame({"a": [1, 2]})
    with pytest.raises(TypeError, match="at"):
        Buffer().dataframe(df, table_name="test")
    with pytest.raises((TypeError, IngressError)):
        Buffer().dataframe("weather_sensor", df, at=ServerTimestamp)


def test_E15_missing_booleans():
    df = pd.DataFrame({"a": pd.array([True, None], dtype="boolean")})
    buffer = Buffer()
    with pytest.raises(IngressError, match="null") as raised:
        buffer.dataframe(df, table_name="t", at=ServerTimestamp)
    assert raised.value.code is IngressErrorCode.BadDataFrame
    assert len(buffer) == 0


def test_F16_a_sender_flushes_on_the_way():
    df = pd.DataFrame({"a": range(10)})
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_rows=4, auto_flush_interval=False) as sender:
            assert sender.dataframe(df, table_name="t", at=TimestampNanos(1)) is sender
        assert b"".join(server.bodies) == b"".join(b"t a=%di 1\n" % n for n in range(10))
        assert len(server.bodies) >= 2 and all(body.endswith(b"\n") for body in server.bodies)
        with Sender.from_conf(server.conf, auto_flush_rows=1) as sender:
            count = len(server.bodies)
            with sender.transaction("t") as transaction:
                transaction.dataframe(df, at=ServerTimestamp)
                assert len(server.bodies) == count
            assert len(server.bodies) == count + 1


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no lock")
def test_F18_other_threads_run():
    """The lock is given up: it is never taken away here, because the interval for that is an hour."""
    df = pd.DataFrame({"a": range(1_000_000), "b": [0.5] * 1_000_000})
    ended, counted = threading.Event(), [0]

    def count():
        while not ended.is_set():
            counted[0] += 1
            time.sleep(0)

    buffer, interval = Buffer(init_buf_size=50_000_000), sys.getswitchinterval()
    thread = threading.Thread(target=count)
    thread.start()
    try:
        sys.setswitchinterval(3600)
        before = counted[0]
        buffer.dataframe(df, table_name="t", at=ServerTimestamp)
        during = counted[0] - before
    finally:
        sys.setswitchinterval(interval)
        ended.set()
        thread.join()
    assert during > 0


def test_N3_the_text_type_of_pandas_3():
    # pandas 2.3 has it behind an option, pandas 3 by default.
    with pd.option_context("future.infer_string", True):
        df = pd.DataFrame({"s": ["a", None, "é"], "n": [1, 2, 3]})
    assert str(Buffer().dataframe(df, table_name="t", at=ServerTimestamp)) == 't s="a",n=1i\nt n=2i\nt s="é",n=3i\n'
    df["at"] = pd.to_datetime(["2024-01-01"] * 3).as_unit("us")
    text = str(Buffer().dataframe(df[["n", "at"]], table_name="t", at="at"))
    assert text == "".join(f"t n={n}i 1704067200000000000\n" for n in (1, 2, 3))
    categories = df.assign(s=df["s"].astype("category"))[["s", "n"]]
    assert str(Buffer().dataframe(categories, table_name="t", at=ServerTimestamp)) == "t,s=a n=1i\nt n=2i\nt,s=é n=3i\n"


@pytest.mark.parametrize("library", ["polars", "pyarrow", "stream", "reader"])
def test_N4_other_libraries(library):
    data = {"s": ["a", None, "é"], "n": [1, 2, 3]}
    if library == "polars":
        df = pytest.importorskip("polars").DataFrame(data)
    else:
        table = pytest.importorskip("pyarrow").table(data)
        df = table if library == "pyarrow" else table.to_reader() if library == "reader" else Stream(table)
    assert str(Buffer().dataframe(df, table_name="t", at=ServerTimestamp)) == 't s="a",n=1i\nt n=2i\nt s="é",n=3i\n'


class Stream:
    """An object of an unknown library that speaks Arrow."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)
