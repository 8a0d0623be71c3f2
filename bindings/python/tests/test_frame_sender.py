"""``dataframe`` of senders and transactions."""

import threading
import time
from pathlib import Path

import pytest
from frames import np, pd
from questdb.ingress import IngressError, IngressErrorCode, Sender, ServerTimestamp

CALL = IngressErrorCode.InvalidApiCall


def requests(receiver):
    """Returns a sender's number of flushes."""
    return receiver.stats()["flushes"]


def test_L6_rows_arrive(receiver):
    df = pd.DataFrame({"s": pd.Categorical(["a", "b"]), "n": [1, 2], "when": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    for conf in (receiver.http, receiver.tcp):
        receiver.clear()
        with Sender.from_conf(conf) as sender:
            assert sender.dataframe(df, table_name="trades", at="when") is sender
            assert len(sender) > 0
            sender.flush()
        wait_for(lambda: len(receiver.rows("trades")) == 2)
        assert [row["n"] for row in receiver.rows("trades")] in ([1, 2], ["1", "2"])


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("dtype", ["int64", "object", "int64[pyarrow]"])
@pytest.mark.parametrize("rows", [1, 599, 600, 601, 1800, 10_000])
def test_F16_auto_flush(receiver, dtype, rows):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    df = pd.DataFrame({"n": pd.Series(np.arange(rows), dtype=dtype)})
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;auto_flush_interval=off;") as sender:
        sender.dataframe(df, table_name="t", at=ServerTimestamp)
        assert sender.stats()["flushes"] == rows // 600
        assert sender.stats()["rows_committed"] == rows // 600 * 600
        assert str(sender).count("\n") == rows % 600
    assert [int(row["n"]) for row in receiver.rows("t")] == list(range(rows))


def test_F16_auto_flush_of_arrow(receiver):
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"n": np.arange(2000)})
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;auto_flush_interval=off;") as sender:
        sender.dataframe(table, table_name="t", at=ServerTimestamp)
        assert sender.stats()["flushes"] == 3
    assert [int(row["n"]) for row in receiver.rows("t")] == list(range(2000))


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("before", [0, 5])
def test_F16_threads_send_the_same_requests(receiver, threads, before):
    """Frames of every kind: whole requests that threads encode, the rest and objects that the caller does."""
    pa = pytest.importorskip("pyarrow")
    n = np.arange(2000)
    kinds = {
        "numbers": pd.DataFrame({"n": n, "f": n * 0.5}),
        "categories": pd.DataFrame({"n": n, "s": pd.Categorical([f"s{i % 7}" for i in n])}),
        "tables": pd.DataFrame({"n": n, "s": pd.Series([f"x{i}" for i in n], dtype="string[pyarrow]")}),
        "objects": pd.DataFrame({"n": n.astype(object)}),
        "arrow": pa.table({"n": n, "s": [f"x{i}" for i in n]}),
        "batches": pa.Table.from_batches([b for k in range(4) for b in pa.table({"n": n[k * 500 : k * 500 + 500]}).to_batches()]),
    }
    for kind, df in kinds.items():
        receiver.clear()
        with Sender.from_conf(receiver.http + "auto_flush_rows=200;auto_flush_interval=off;") as sender:
            for i in range(before):
                sender.row("t", columns={"n": -i - 1}, at=ServerTimestamp)
            sender.dataframe(df, table_name="t", at=ServerTimestamp, threads=threads)
            assert sender.stats()["flushes"] == (2000 + before) // 200, kind
            assert str(sender).count("\n") == (2000 + before) % 200, kind
        found = [int(row["n"]) for row in receiver.rows("t")]
        assert found == [-i - 1 for i in range(before)] + list(range(2000)), kind


def test_F16_threads_and_errors(receiver):
    """A row that is wrong, and requests that fail, mean the same with threads."""
    bad = pd.DataFrame({"n": np.arange(3000), "s": pd.Series(["x"] * 3000, dtype="string[pyarrow]")})
    times = pd.Series(pd.date_range("2024-01-01", periods=3000, freq="s"))
    times[1500] = pd.Timestamp("1960-01-01")
    bad["at"] = times
    seen = []
    for threads in (0, 1, 3):
        receiver.clear()
        with Sender.from_conf(receiver.http + "auto_flush_rows=400;auto_flush_interval=off;") as sender:
            with pytest.raises(IngressError) as e:
                sender.dataframe(bad, table_name="t", at="at", threads=threads)
            assert e.value.dataframe_rows == 1200 and "1500" in str(e.value)
            assert len(sender) == 0
            seen.append((str(e.value), e.value.code, len(receiver.rows("t"))))
    assert len(set(seen)) == 1
    closed = "http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=0;auto_flush_rows=400;auto_flush_interval=off;"
    good = pd.DataFrame({"n": np.arange(3000)})
    for threads in (0, 1, 3):
        sender = Sender.from_conf(closed)
        sender.establish()
        with pytest.raises(IngressError) as e:
            sender.dataframe(good, table_name="t", at=ServerTimestamp, threads=threads)
        assert (e.value.dataframe_rows, sender.row_count) == (400, 400)
        assert bytes(sender).count(b"\n") == 400 and e.value.outcome.name == "NotSent"
        sender.close(flush=False)


def test_F18_threads_end_with_the_call(receiver):
    df = pd.DataFrame({"n": np.arange(5000)})
    tasks = lambda: len(list(Path("/proc/self/task").iterdir()))  # noqa: E731
    if not Path("/proc/self/task").exists():
        pytest.skip("threads are counted where /proc shows them")
    with Sender.from_conf(receiver.http + "auto_flush_rows=500;auto_flush_interval=off;") as sender:
        before = tasks()
        sender.dataframe(df, table_name="t", at=ServerTimestamp, threads=4)
        wait_for(lambda: tasks() == before)
    with pytest.raises((TypeError, OverflowError)):
        sender.dataframe(df, table_name="t", at=ServerTimestamp, threads=-1)


def test_F16_rows_before_a_frame_count(receiver):
    df = pd.DataFrame({"n": np.arange(1000)})
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;auto_flush_interval=off;") as sender:
        sender.row("t", columns={"n": -1}, at=ServerTimestamp)
        sender.dataframe(df, table_name="t", at=ServerTimestamp)
        assert sender.stats()["rows_committed"] == 600
        assert str(sender).count("\n") == 401


def test_F16_errors_after_a_flush(receiver):
    """What was sent is gone, everything else of the frame is dropped, and the exception tells how many rows were sent."""
    df = pd.DataFrame({"n": pd.Series([*range(1500), "x"], dtype=object)})
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;auto_flush_interval=off;") as sender:
        with pytest.raises(IngressError, match="row index 1500") as caught:
            sender.dataframe(df, table_name="t", at=ServerTimestamp)
        assert caught.value.dataframe_rows == 1200
        assert len(sender) == 0
    assert len(receiver.rows("t")) == 1200


def test_F15_errors_without_a_flush(receiver):
    df = pd.DataFrame({"n": pd.Series([*range(1500), "x"], dtype=object)})
    with Sender.from_conf(receiver.http + "auto_flush=off;") as sender:
        sender.row("t", columns={"n": -1}, at=ServerTimestamp)
        before = bytes(str(sender), "utf-8")
        with pytest.raises(IngressError):
            sender.dataframe(df, table_name="t", at=ServerTimestamp)
        assert bytes(str(sender), "utf-8") == before


def test_L8_failing_flush():
    """If a flush fails, the rows that were appended stay, and later ones are not appended."""
    df = pd.DataFrame({"n": np.arange(1000)})
    conf = "http::addr=127.0.0.1:1;protocol_version=2;auto_flush_rows=600;auto_flush_interval=off;retry_timeout=0;"
    sender = Sender.from_conf(conf)
    sender.establish()
    with pytest.raises(IngressError) as caught:
        sender.dataframe(df, table_name="t", at=ServerTimestamp)
    assert caught.value.dataframe_rows == 600
    assert str(sender).count("\n") == 600
    sender.close(flush=False)


def test_L2_L4_states(receiver):
    df = pd.DataFrame({"n": [1]})
    sender = Sender.from_conf(receiver.http)
    sender.dataframe(df, table_name="t", at=ServerTimestamp)
    sender.establish()
    sender.dataframe(df, table_name="t", at=ServerTimestamp)
    sender.close()
    assert len(receiver.rows("t")) == 2
    with pytest.raises(IngressError, match=r"dataframe\(\) can't be called: Sender is closed") as caught:
        sender.dataframe(df, table_name="t", at=ServerTimestamp)
    assert caught.value.code is CALL


def test_X1_X3_transactions(receiver):
    df = pd.DataFrame({"n": np.arange(2000)})
    with Sender.from_conf(receiver.http + "auto_flush_rows=600;") as sender:
        with sender.transaction("t") as txn:
            assert txn.dataframe(df, at=ServerTimestamp) is txn
            txn.row(columns={"n": -1}, at=ServerTimestamp)
            with pytest.raises(IngressError, match="inside a transaction"):
                sender.dataframe(df, table_name="t", at=ServerTimestamp)
            with pytest.raises(IngressError, match="row index 0"):
                txn.dataframe(pd.DataFrame({"n": [2**63]}, dtype=object), at=ServerTimestamp)
            with pytest.raises(TypeError):
                txn.dataframe(df, table_name="t", at=ServerTimestamp)
            assert sender.stats()["flushes"] == 0
        assert sender.stats()["flushes"] == 1
        with pytest.raises(IngressError, match="already completed"):
            txn.dataframe(df, at=ServerTimestamp)
    assert len(receiver.rows("t")) == 2001


def test_F18_lock_is_free():
    """While numbers are encoded, another thread runs."""
    df = pd.DataFrame({f"c{i}": np.random.default_rng(i).normal(size=200_000) for i in range(20)})
    from questdb.ingress import Buffer

    ticks, stop = [0], threading.Event()

    def tick():
        while not stop.is_set():
            ticks[0] += 1

    thread = threading.Thread(target=tick)
    buffer = Buffer(protocol_version=1)
    buffer.reserve(100_000_000)
    thread.start()
    try:
        # The lock is asked for after 5 ms; a call that held it would let nothing else run.
        before = ticks[0]
        buffer.dataframe(df, table_name="t", at=ServerTimestamp)
        assert ticks[0] - before > 1000
    finally:
        stop.set()
        thread.join()


def test_reading_frames_of_other_threads():
    df = pd.DataFrame({"n": np.arange(50_000), "s": ["é text"] * 50_000})
    from questdb.ingress import Buffer

    expected = bytes(Buffer().dataframe(df, table_name="t", at=ServerTimestamp))
    results = []

    def run():
        results.extend(bytes(Buffer().dataframe(df, table_name="t", at=ServerTimestamp)) == expected for _ in range(5))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 20
