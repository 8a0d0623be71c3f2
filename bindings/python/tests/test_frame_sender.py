"""``dataframe`` of senders and transactions."""

import threading
import time

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
