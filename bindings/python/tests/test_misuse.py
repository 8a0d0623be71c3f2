"""What a hostile or careless program may hand over: the process survives, and no wrong bytes are made."""

import datetime as dt
import gc
import socket
import subprocess
import sys
import time

import pytest
from frames import np, pd, sent
from questdb.ingress import Buffer, IngressError, IngressErrorCode, Sender, ServerTimestamp, TimestampMicros


def test_utcoffset_of_derived_classes():
    """Python checks what time zones say, but not what a derived class of datetime does."""

    class Odd(dt.datetime):
        offset = dt.timedelta()

        def utcoffset(self):
            return self.offset

    buffer = Buffer()
    day = dt.timedelta(days=1)
    for offset in (dt.timedelta(days=106751991), -dt.timedelta(days=106751991), dt.timedelta.max, dt.timedelta.min, day, -day):
        Odd.offset = offset
        for moment in (Odd(1, 1, 1), Odd(9999, 12, 31), Odd(2024, 1, 1, tzinfo=dt.timezone.utc)):
            with pytest.raises(ValueError, match=r"utcoffset\(\) returned a day or more"):
                buffer.row("t", columns={"a": moment}, at=ServerTimestamp)
            with pytest.raises(ValueError, match=r"utcoffset\(\) returned a day or more"):
                TimestampMicros.from_datetime(moment)
    assert bytes(buffer) == b""
    Odd.offset = day - dt.timedelta(microseconds=1)
    buffer.row("t", columns={"a": Odd(1970, 1, 2)}, at=ServerTimestamp)
    assert bytes(buffer) == b"t a=1t\n"


@pytest.mark.parametrize("year", [2**62, -(2**62), 10**9, 0, 10_000])
def test_parts_of_derived_dates(year):
    odd = type("Odd", (dt.date,), {"year": year})(2024, 1, 1)
    buffer = Buffer()
    with pytest.raises(ValueError, match="is no date"):
        buffer.row("t", columns={"a": odd}, at=ServerTimestamp)
    assert bytes(buffer) == b""


def test_sizes_of_more_than_128_bits():
    for call in (Buffer, Buffer().reserve, lambda size: Buffer(max_name_len=size)):
        with pytest.raises(ValueError, match="does not fit 64 bits"):
            call(10**40)


def test_class_that_runs_code_when_it_is_asked_for_its_module():
    """Texts of objects are borrowed while the others are read: no code may run that could drop them."""
    texts = np.array([f"{i:a>40}" for i in range(50)], dtype=object)

    class Meta(type):
        @property
        def __module__(cls):
            texts[:] = None
            gc.collect()
            Meta.others = [f"{i:Z>40}" for i in range(5000)]
            return "pandas"

    NAType = Meta("NAType", (), {})
    others = np.array(["x"] + [NAType() for _ in range(49)], dtype=object)
    frame = pd.DataFrame({"a": pd.Series(texts, copy=False), "b": pd.Series(others, copy=False)}, copy=False)
    texts = frame["a"].to_numpy()
    buffer = Buffer()
    with pytest.raises(IngressError):
        buffer.dataframe(frame, table_name="t", at=ServerTimestamp)
    assert bytes(buffer) == b""


def test_categories_of_arrow_booleans():
    pytest.importorskip("pyarrow")
    categories = pd.Index([True, False], dtype="bool[pyarrow]")
    frame = pd.DataFrame({"a": pd.Categorical.from_codes([0, 1, 0], categories)})
    assert sent(frame) == b"t a=t\nt a=f\nt a=t\n"


def of_arrow(array, rows):
    return pd.DataFrame({"a": pd.Series(array, dtype=pd.ArrowDtype(array.type)), "n": range(rows)})


def test_missing_texts_of_a_dictionary():
    """A row is without a value too if its code is that of a missing text."""
    pa = pytest.importorskip("pyarrow")
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1], pa.int8()), pa.array(["x", None, "z"]))
    expected = b"t,a=x n=0i\nt n=1i\nt,a=z n=2i\nt n=3i\nt n=4i\n"
    assert sent(of_arrow(array, 5)) == expected
    assert sent(pa.table({"a": array, "n": range(5)})) == expected
    chunks = pa.chunked_array([array.slice(0, 1), array.slice(1, 0), array.slice(1)])
    assert sent(of_arrow(chunks, 5)) == expected
    assert sent(of_arrow(array, 5), symbols=False) == b't a="x",n=0i\nt n=1i\nt a="z",n=2i\nt n=3i\nt n=4i\n'
    nothing = pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int32()), pa.nulls(1, pa.string()))
    assert sent(of_arrow(nothing, 3)) == b"t n=0i\nt n=1i\nt n=2i\n"


@pytest.mark.parametrize("form", ["values", "codes", "runs"])
def test_encoded_integers_beside_missing_ones(form):
    """They are not sent as doubles, which do not hold them."""
    pa = pytest.importorskip("pyarrow")
    large = 2**60 + 1
    if form == "values":
        array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array([large, None]))
    elif form == "codes":
        array = pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int8()), pa.array([large]))
    else:
        array = pa.RunEndEncodedArray.from_arrays([1, 2, 3], [large, None, large])
    assert sent(of_arrow(array, 3)) == b"t a=%di,n=0i\nt n=1i\nt a=%di,n=2i\n" % (large, large)


def test_errors_of_a_stream_after_a_flush(receiver):
    """The exception tells how many rows were sent, as it does for a bad value."""
    pa = pytest.importorskip("pyarrow")
    schema = pa.schema([("n", pa.int64())])

    def batches():
        yield pa.record_batch([pa.array(range(1000), pa.int64())], schema=schema)
        raise ValueError("no more")

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;auto_flush_interval=off;") as sender:
        with pytest.raises(IngressError, match="no more") as caught:
            sender.dataframe(reader, table_name="t", at=ServerTimestamp)
        assert caught.value.dataframe_rows == 600
        assert len(sender) == 0
    assert len(receiver.rows("t")) == 600


PROGRAM = """
import resource
import numpy as np
from questdb_ingress import Buffer, ServerTimestamp
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
buffer = Buffer(protocol_version=2)
try:
    buffer.row("t", columns={"a": np.broadcast_to(np.int8(1), (2**30,))}, at=ServerTimestamp)
except MemoryError as e:
    print(e)
assert bytes(buffer) == b""
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its memory as Linux does")
def test_array_that_is_larger_than_memory():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no memory for an array of 1073741824 elements\n"


LONG_TEXT = """
import resource
from questdb_ingress import Buffer, ServerTimestamp
buffer, text = Buffer(protocol_version=2), "\\u00e9" * (300 << 20)
resource.setrlimit(resource.RLIMIT_AS, (800 << 20, 800 << 20))
for row in ({"columns": {"a": text}}, {"symbols": {"a": text}}):
    try:
        buffer.row("t", at=ServerTimestamp, **row)
    except MemoryError as e:
        print(e)
    assert bytes(buffer) == b""
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its memory as Linux does")
def test_text_whose_utf_8_form_is_larger_than_memory():
    done = subprocess.run([sys.executable, "-c", LONG_TEXT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no memory for the UTF-8 form of a text\n" * 2


def test_secrets_with_lone_surrogates():
    """The environment of a program has such texts. Python's own error would have the whole text in its arguments."""
    for make in (
        lambda: Sender.from_conf("http::addr=h:1;username=u;password=hide\udcffme;"),
        lambda: Sender("http", "h", 1, username="u", password="hide\udcffme"),
        lambda: Sender.from_conf("http::addr=h:1;", token="hide\udcffme"),
        lambda: Sender("http", "hide\udcffme", 1),
    ):
        with pytest.raises(IngressError, match="has a lone surrogate") as caught:
            make()
        e = caught.value
        assert e.code is IngressErrorCode.InvalidUtf8
        assert "hide" not in repr(e) + str(e.args) + repr(e.__cause__) + repr(e.__context__)


def test_names_with_lone_surrogates(receiver):
    frame, other = pd.DataFrame({"a": [1]}), pd.DataFrame({"a\ud800": [1]})
    named = frame.rename_axis(index="t\ud800")
    for df, arguments in ((frame, {"table_name": "t\ud800"}), (other, {"table_name": "t"}), (named, {})):
        with pytest.raises(IngressError, match="has no UTF-8 form") as caught:
            Buffer().dataframe(df, at=ServerTimestamp, **arguments)
        assert caught.value.code is IngressErrorCode.InvalidUtf8
    with Sender.from_conf(receiver.http) as sender:
        with pytest.raises(IngressError, match="has no UTF-8 form"), sender.transaction("t\ud800"):
            pass


def test_masked_arrays():
    """The memory of a masked element has any number."""
    buffer = Buffer(protocol_version=2)
    for bad in (np.ma.array([1.0, 2.0], mask=[False, True]), np.ma.array([1, 2], mask=[True, False]), np.ma.masked):
        for columns in ({"a": bad}, {"a": [bad]}):
            with pytest.raises((ValueError, TypeError), match="masked elements|holds an object of type MaskedArray"):
                buffer.row("t", columns=columns, at=ServerTimestamp)
        with pytest.raises((ValueError, IngressError), match="masked elements"):
            buffer.dataframe(pd.DataFrame({"a": pd.Series([np.ones(2), bad], dtype=object)}), table_name="t", at=ServerTimestamp)
    assert bytes(buffer) == b""
    buffer.row("t", columns={"a": np.ma.array([1.0, 2.0])}, at=ServerTimestamp)
    other = Buffer(protocol_version=2)
    other.row("t", columns={"a": np.array([1.0, 2.0])}, at=ServerTimestamp)
    assert bytes(buffer) == bytes(other)


def test_mask_that_is_shorter_than_its_column():
    frame = pd.DataFrame({"a": pd.array([1, 2, 3], dtype="Int64")})
    frame["a"].array._mask = np.array([True])
    if len(frame["a"].array._mask) == 3:
        frame._mgr.blocks[0].values._mask = np.array([True])
    with pytest.raises((IngressError, ValueError, IndexError)):
        Buffer().dataframe(frame, table_name="t", at=ServerTimestamp)


DAEMON = """
import ctypes, threading, time
from questdb_ingress import Sender, ServerTimestamp

def flush():
    sender = Sender.from_conf("http::addr=127.0.0.1:%d;auto_flush=off;protocol_version=2;retry_timeout=0;")
    sender.establish()
    sender.row("t", columns={"a": 1}, at=ServerTimestamp)
    sender.flush()

threading.Thread(target=flush, daemon=True).start()
time.sleep(0.5)
# Called by the interpreter as the last of its end. It waits for the parent.
ctypes.pythonapi.Py_AtExit(ctypes.CDLL(None).getchar)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls the library of C as Linux has it")
def test_end_of_the_interpreter_while_a_daemon_thread_waits():
    """The thread does not ask for signals, which only the main thread handles: there is no interpreter to ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = [sys.executable, "-c", DAEMON % server.getsockname()[1]]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(1)
            errors = process.communicate(b"x", timeout=60)[1]
            assert (process.returncode, errors) == (0, b"")
