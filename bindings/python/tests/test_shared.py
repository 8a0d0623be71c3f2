"""Threads that share buffers, senders and what a call reads: every call does its work or says that another one is at it, none is
lost, and nothing breaks. Where there is a lock of the interpreter, it changes hands as often as it can; a free-threaded build runs
the threads at the same time.
"""

import os
import sys
import threading
import time

import pytest

from questdb.ingress import Buffer, IngressError, IngressErrorCode, Sender, ServerTimestamp

SECONDS = 20 if os.environ.get("QUESTDB_LONG") else 1.5
CODE = IngressErrorCode


@pytest.fixture(autouse=True)
def quick_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*works, seconds=SECONDS):
    """Calls each of the functions again and again in a thread of its own, and returns what they raised that no call may raise."""
    end, wrong = time.monotonic() + seconds, []
    start = threading.Barrier(len(works))

    def run(work):
        start.wait()
        try:
            while time.monotonic() < end and not wrong:
                try:
                    work()
                except IngressError as e:
                    if e.code is not CODE.InvalidApiCall and e.kind != "CANCELLED":
                        raise
        except BaseException as e:
            wrong.append(e)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_one_buffer_and_every_method():
    buffer = Buffer(protocol_version=2)
    names = {f"c{i}": i * 1.5 for i in range(20)}
    whole = bytes(Buffer(protocol_version=2).row("t", columns=names, at=ServerTimestamp))
    torn = []

    def look():
        if bytes(buffer).replace(whole, b""):
            torn.append(bytes(buffer))

    wrong = together(
        lambda: buffer.row("t", columns=names, at=ServerTimestamp),
        lambda: buffer.row("t", columns=names, at=ServerTimestamp),
        look,
        lambda: (len(buffer), str(buffer), repr(buffer), buffer.capacity(), buffer.row_count),
        lambda: (time.sleep(0.001), buffer.clear()),
        lambda: buffer.reserve(1000),
    )
    assert (wrong, torn) == ([], [])


def test_a_bad_row_among_good_ones():
    buffer, added = Buffer(), []

    def good():
        buffer.row("t", columns={"a": 1, "b": "x"}, at=ServerTimestamp)
        added.append(1)

    def bad():
        with pytest.raises((TypeError, IngressError)):
            buffer.row("t", columns={"a": 1, "b": object()}, at=ServerTimestamp)

    assert together(good, good, bad, bad) == []
    assert str(buffer) == 't a=1i,b="x"\n' * len(added)


def test_dicts_that_change_while_rows_are_made_of_them():
    """The values of a row are those of the dict at some time, or the call says that it changed."""
    columns = {f"c{i}": f"value {i}" for i in range(50)}
    symbols = {f"s{i}": f"symbol {i}" for i in range(10)}

    def change():
        for key in list(columns):
            columns[key] = "".join(["other ", key])
        columns.pop("c7", None)
        columns["c7"] = "".join(["again ", "é"])
        symbols["s3"] = "".join(["fresh ", "text"])

    def rows():
        buffer = Buffer()
        for _ in range(20):
            try:
                buffer.row("t", symbols=symbols, columns=columns, at=ServerTimestamp)
            except RuntimeError as e:
                assert "changed" in str(e)

    assert together(rows, rows, rows, change) == []


def test_names_that_all_threads_share():
    """Each buffer remembers names by their objects, which other threads use and drop."""

    def rows():
        buffer = Buffer()
        for i in range(100):
            buffer.row("".join(["t", str(i % 5)]), columns={"".join(["c", str(i % 7)]): i}, at=ServerTimestamp)
        assert len(str(buffer).splitlines()) == 100

    assert together(*[rows] * 4) == []


def test_one_sender_and_every_method(receiver):
    sender = Sender.from_conf(receiver.http, auto_flush_rows=500, auto_flush_interval="off")
    sender.establish()
    added, flushed = [], Buffer(protocol_version=2)

    def row():
        try:
            sender.row("t", columns={"a": 1}, at=ServerTimestamp)
        except IngressError as e:
            if not e.row_accepted:
                raise
        added.append(1)

    def transaction():
        time.sleep(0.005)
        transaction = sender.transaction("t").__enter__()
        for _ in range(1_000_000):
            try:
                return transaction.rollback()
            except IngressError:
                # Another thread was using the sender.
                time.sleep(0)

    wrong = together(
        row,
        row,
        # A flush has the sender for most of the time if it begins again at once.
        lambda: (time.sleep(0.005), sender.flush()),
        lambda: (time.sleep(0.005), sender.flush(flushed.row("u", columns={"a": 1}, at=ServerTimestamp))),
        lambda: (sender.stats(), sender.protocol_version, sender.auto_flush_rows),
        lambda: (len(sender), sender.row_count, bytes(sender), sender.new_buffer()),
        transaction,
    )
    assert wrong == []
    sender.close()
    assert len(receiver.rows("t")) == len(added) > 0


def test_cancel_and_close_while_others_send(receiver):
    for _ in range(20):
        sender = Sender.from_conf(receiver.http, auto_flush_rows=10, auto_flush_interval="off")
        sender.establish()
        wrong = together(
            lambda: sender.row("t", columns={"a": 1}, at=ServerTimestamp),
            lambda: sender.flush(),
            sender.cancel,
            lambda: (time.sleep(0.02), sender.close()),
            seconds=0.05,
        )
        assert wrong == []
        sender.cancel()


def test_frames_by_many_threads():
    pd = pytest.importorskip("pandas")
    df = pd.DataFrame({"n": range(3000), "s": pd.Categorical(["a", "b", "c"] * 1000), "o": pd.Series(["x", "é", None] * 1000, dtype=object)})
    expected = bytes(Buffer(protocol_version=2).dataframe(df, table_name="t", at=ServerTimestamp))
    shared = Buffer(protocol_version=2)

    def own():
        assert bytes(Buffer(protocol_version=2).dataframe(df, table_name="t", at=ServerTimestamp)) == expected

    def one():
        shared.clear()
        shared.dataframe(df, table_name="t", at=ServerTimestamp)

    assert together(own, own, one, one) == []
