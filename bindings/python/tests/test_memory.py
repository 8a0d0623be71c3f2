"""Memory and references: nothing is kept that a call has used. A leak of one object in a call shows as thousands of them."""

import gc
import itertools
import sys
from pathlib import Path

import pytest
from questdb_ingress import Buffer, IngressError, Sender, ServerTimestamp, TimestampMicros, TimestampNanos

CALLS = 2_000
PAGE = 4096


def resident():
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("there is no /proc/self/statm")
    return int(statm.read_text().split()[1]) * PAGE


def growth(work, calls=CALLS):
    """Returns by how many blocks of the interpreter, and by how many bytes, this process grows while `work` is called."""
    for _ in range(calls):
        work()
    gc.collect()
    blocks, before = sys.getallocatedblocks(), resident()
    for _ in range(calls):
        work()
    gc.collect()
    return sys.getallocatedblocks() - blocks, resident() - before


def is_stable(work, calls=CALLS):
    # A leak is there in every round; what something else does meanwhile is not.
    rounds = [growth(work, calls) for _ in range(3)]
    assert min(blocks for blocks, _ in rounds) < calls // 10, rounds
    assert min(grown for _, grown in rounds) < 4 * 2**20, rounds



def failing(*raised):
    def call(work):
        with pytest.raises(raised):
            work()

    return call


def test_rows_keep_nothing():
    buffer, numbers = Buffer(protocol_version=2), itertools.count(2**40)

    def work():
        number = next(numbers)  # so that every object is new
        buffer.row(
            f"table{number % 7}",
            symbols={f"s{number % 5}": f"grüß {number}"},
            columns={f"c{number % 5}": number, "f": number / 3, "t": f"text {number}", "n": TimestampNanos(number)},
            at=TimestampMicros(number),
        )
        buffer.clear()

    is_stable(work)


def test_references_of_arguments_are_given_back():
    buffer = Buffer(protocol_version=2)
    table, key, text, number, float_, at = "table_" + str(1), "key_" + str(2), "ü" * 50, 2**70 >> 8, 1.5e300, TimestampNanos(5)
    symbols, columns = {key: text}, {"a" + key: text, "b" + key: number, "c" + key: float_, "d" + key: at}
    objects = [table, key, text, number, float_, at, symbols, columns]
    buffer.row(table, symbols=symbols, columns=columns, at=at)  # names may be kept, once
    before = [sys.getrefcount(each) for each in objects]
    for _ in range(100):
        buffer.row(table, symbols=symbols, columns=columns, at=at)
    # A name that is seen again is kept, so a few references more are right, and a hundred are not.
    assert all(after - b <= 2 for b, after in zip(before, map(sys.getrefcount, objects)))


def test_text_that_is_not_ascii_does_not_grow():
    # CPython would keep a copy inside of every string whose UTF-8 is asked for.
    texts = ["é" * 1000 + str(i) for i in range(1000)]
    buffer = Buffer()
    size = sum(map(sys.getsizeof, texts))
    for text in texts:
        buffer.row("t", symbols={"s": text}, columns={"c": text}, at=ServerTimestamp)
        buffer.clear()
    assert sum(map(sys.getsizeof, texts)) == size


@pytest.mark.parametrize(
    "columns",
    [{"a": 2**70}, {"a": object}, {"a?b": 1}, {"a": "\ud800"}, {"a": [[1.0], [1.0, 2.0]]}, {"a": 1, 5: 2}],
    ids=["overflow", "type", "name", "surrogate", "array", "key"],
)
def test_errors_of_rows_keep_nothing(columns):
    buffer = Buffer(protocol_version=2)
    raises = failing(IngressError, TypeError, ValueError, OverflowError)
    is_stable(lambda: raises(lambda: buffer.row("t", symbols={"s": "x" * 100}, columns=columns, at=ServerTimestamp)), 500)


def test_new_names_are_not_kept_for_ever():
    buffer, numbers = Buffer(), itertools.count()

    def work():
        number = next(numbers)
        buffer.row(f"table {number}", columns={f"column {number}": number}, at=ServerTimestamp)
        buffer.clear()

    is_stable(work, 5_000)


def test_buffers_and_senders_go_with_their_last_reference():
    def work():
        buffer = Buffer(protocol_version=2)
        buffer.row("t", columns={"a": 1}, at=ServerTimestamp)
        sender = Sender.from_conf("http::addr=127.0.0.1:1;protocol_version=2;")
        sender.row("t", columns={"a": 1}, at=ServerTimestamp)
        sender.new_buffer()

    is_stable(work, 300)


def test_flushes_and_their_errors_keep_nothing(receiver):
    with Sender.from_conf(receiver.http) as sender:
        sender.row("kept", columns={"a": 1}, at=ServerTimestamp)
        sender.flush()

        def work():
            sender.row("kept", columns={"a": "no number"}, at=ServerTimestamp)
            with pytest.raises(IngressError):
                sender.flush()
            sender.clear()

        is_stable(work, 200)


def frames():
    pd = pytest.importorskip("pandas")
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    columns = {"i": [1, 2, 3], "f": [1.5, 2.5, None], "t": ["a", "é", None]}
    frame = pd.DataFrame(columns)
    frame["c"] = pd.Categorical(["x", "y", None])
    frame["d"] = pd.to_datetime([1, 2, 3])
    return {
        "pandas": frame,
        "pandas_arrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "pyarrow": pa.table(columns),
        "polars": pl.DataFrame(columns),
    }


@pytest.mark.parametrize("library", ["pandas", "pandas_arrow", "pyarrow", "polars"])
def test_frames_keep_nothing(library):
    frame, buffer = frames()[library], Buffer(protocol_version=2)

    def work():
        buffer.dataframe(frame, table_name="t", at=ServerTimestamp)
        buffer.clear()

    is_stable(work, 500)


@pytest.mark.parametrize("library", ["pandas", "pyarrow", "polars"])
def test_errors_of_frames_keep_nothing(library):
    frame, buffer = frames()[library], Buffer(protocol_version=2)
    raises = failing(IngressError, TypeError, ValueError)
    is_stable(lambda: raises(lambda: buffer.dataframe(frame, table_name="t?", at=ServerTimestamp)), 300)
    is_stable(lambda: raises(lambda: buffer.dataframe(frame, table_name="t", at="no such column")), 300)


def test_large_buffers_ask_for_large_pages():
    """A fault for each page of 4 KiB takes as long as writing it. Whether the kernel has large pages free is its own matter."""
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    smaps = Path("/proc/self/smaps")
    if not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists() or not smaps.exists():
        pytest.skip("this kernel has no large pages, or does not tell of them")
    rows = 40_000
    df = pd.DataFrame({f"column_{i}": np.arange(rows) * 0.5 for i in range(50)})
    buffer = Buffer(protocol_version=2)
    buffer.dataframe(df, table_name="t", at=ServerTimestamp)
    sizes = []
    for line in smaps.read_text().splitlines():
        if line.startswith("Size:"):
            sizes.append(int(line.split()[1]) * 1024)
        elif line.startswith("VmFlags:") and "hg" not in line.split():
            sizes.pop()
    assert max(sizes, default=0) >= len(buffer) > 36 * 2**20
