"""The receiver in tests in Python. The client is a socket, so that none has to be installed."""

import contextlib
import gc
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import questdb.testing
from questdb.testing import Receiver, ReceiverError, ReceiverTimeout

pytest_plugins = ["pytester"]


def post(receiver, lines, **headers):
    """Sends rows and returns the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", receiver.http_port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", "/write", lines.encode(), headers)
        return connection.getresponse().status


def send(receiver, lines):
    with socket.create_connection(("127.0.0.1", receiver.tcp_port)) as connection:
        connection.sendall(lines.encode())


def test_rows_arrive_over_both_ports(questdb_receiver):
    r = questdb_receiver
    assert r.http_conf == f"http::addr=127.0.0.1:{r.http_port};"
    assert r.tcp_conf == f"tcp::addr=127.0.0.1:{r.tcp_port};"
    assert post(r, "t,s=a x=1i,f=2.5,b=f 1000\n") == 204
    send(r, 't,s=b v="text" 2000\n')
    first, second = r.wait_for_rows("t", 2)
    assert first == {"s": "a", "x": 1, "f": 2.5, "b": False, "timestamp": "1970-01-01T00:00:00.000001Z"}
    assert second == {"s": "b", "v": "text", "timestamp": "1970-01-01T00:00:00.000002Z"}
    assert {c["name"]: c["type"] for c in r.table("t")["columns"]}["v"] == "VARCHAR"
    assert [(t["table"], t["row_count"]) for t in r.tables()] == [("t", 2)]
    assert r.stats == (2, 1, 2, r.stats.bytes, 0)
    r.clear()
    assert r.row_count("t") == 0 and r.tables() == []


def test_each_test_has_its_own(questdb_receiver):
    assert questdb_receiver.tables() == []


def test_refusals_are_told(questdb_receiver):
    assert post(questdb_receiver, 't x=1i 1\nt x="no" 2\n') == 400
    (refused,) = questdb_receiver.refusals()
    assert (refused["code"], refused["line"], refused["listener"]) == ("CAST", 2, "http")


@pytest.mark.questdb_receiver({"http.token": "secret", "line.tcp.enabled": False})
def test_a_mark_configures_the_receiver(questdb_receiver):
    assert (questdb_receiver.tcp_port, questdb_receiver.tcp_conf) == (0, "")
    assert post(questdb_receiver, "t x=1i\n") == 401
    assert post(questdb_receiver, "t x=1i\n", Authorization="Bearer secret") == 204


def test_errors_are_exceptions():
    with pytest.raises(ReceiverError, match=r"no\.such\.key") as told:
        Receiver("no.such.key=1")
    assert told.value.code == "CONFIG"
    with Receiver() as receiver:
        with pytest.raises(TimeoutError) as told:
            receiver.wait_for_rows("t", 1, timeout=0.01)
        assert isinstance(told.value, ReceiverTimeout)
        with pytest.raises(ReceiverError) as told:
            receiver.rows("t")
        assert told.value.code == "NO_TABLE"
        with pytest.raises(ReceiverError, match="GEOHASH"):
            receiver.create_table("t", {"x": "GEOHASH"})
    receiver.close()
    assert repr(receiver) == "<questdb.testing.Receiver closed>"
    for call in (receiver.tables, receiver.clear, lambda: receiver.stats, lambda: receiver.arrow("t")):
        with pytest.raises(ReceiverError, match="closed"):
            call()


def test_tables_can_be_made_and_read_after_the_stop(questdb_receiver):
    questdb_receiver.create_table("t", {"d": "DECIMAL", "a": "DOUBLE[][]"})
    assert post(questdb_receiver, "t d=1.50d 1000\n") == 204
    questdb_receiver.stop()
    assert questdb_receiver.rows("t")[0]["d"] == "1.50"
    questdb_receiver.create_table("none", {})


def test_arrow_is_read_by_pyarrow(questdb_receiver):
    pyarrow = pytest.importorskip("pyarrow")
    r = questdb_receiver
    r.create_table("t", {"d": "DECIMAL"})
    assert post(r, 't,s=a d=1.5d,x=1i,v="hi" 1000\nt,s=b d=0.25d 2000\nt,s=a x=-3i,b=t,h=0x1fi 3000\n') == 204
    rows = r.arrow("t")
    for _ in range(2):
        table = pyarrow.table(rows)
        table.validate(full=True)
        assert str(table.schema.field("d").type) == "decimal128(38, 2)"
        assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
        assert table.column("s").to_pylist() == ["a", "b", "a"]
        assert [str(d) for d in table.column("d").to_pylist()] == ["1.50", "0.25", "None"]
        assert table.column("x").to_pylist() == [1, None, -3]
        assert table.column("v").to_pylist() == ["hi", None, None]
        assert table.column("b").to_pylist() == [None, None, True]
        assert table.column("h").to_pylist()[2][:2] == b"\x1f\0"
    r.create_table("arrays", {"a": "DOUBLE[][]"})
    line = b"arrays a==\x0e\x0a\x02" + (2).to_bytes(4, "little") + (1).to_bytes(4, "little")
    with socket.create_connection(("127.0.0.1", r.tcp_port)) as connection:
        connection.sendall(line + b"\0\0\0\0\0\0\xf0?" + b"\0\0\0\0\0\0\0@" + b" 1000\n")
    assert r.wait_for_rows("arrays")[0]["a"] == [[1.0], [2.0]]
    assert pyarrow.table(r.arrow("arrays")).column("a").to_pylist() == [[[1.0], [2.0]]]


def test_arrow_outlives_the_receiver_and_is_released_unread():
    pyarrow = pytest.importorskip("pyarrow")
    with Receiver() as receiver:
        assert post(receiver, "t x=1i 1000\n" * 1000) == 204
        kept, unread = receiver.arrow("t"), receiver.arrow("t")
        capsule = unread.__arrow_c_stream__()
        reader = pyarrow.RecordBatchReader.from_stream(kept)
        del unread, capsule
        receiver.arrow("t")
        gc.collect()
    assert sum(len(batch) for batch in reader) == 1000


def test_arrow_is_read_by_polars(questdb_receiver):
    polars = pytest.importorskip("polars")
    assert post(questdb_receiver, "t,s=a x=1i 1000\nt,s=b x=2i 2000\n") == 204
    frame = polars.DataFrame(questdb_receiver.arrow("t"))
    assert frame["x"].sum() == 3 and frame["s"].to_list() == ["a", "b"]


def test_threads_share_a_receiver_that_one_of_them_closes():
    receiver = Receiver()
    wrong = []

    def work():
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    send(receiver, "t x=1i\n")
                receiver.tables()
                receiver.row_count("t")
        except ReceiverError as e:
            wrong.append(e.code)

    def wait():
        with contextlib.suppress(ReceiverError):
            receiver.wait_for_rows("never", 1, timeout=60)

    threads = [threading.Thread(target=target) for target in (work, work, work, wait)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    receiver.close()
    for thread in threads:
        thread.join()
    assert set(wrong) <= {"CLOSED"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_leaves_the_receiver_to_its_parent():
    script = """if True:
        import os, warnings
        warnings.simplefilter("ignore")
        from questdb.testing import Receiver, ReceiverError
        r = Receiver()
        child = os.fork()
        if child == 0:
            try:
                r.tables()
            except ReceiverError as e:
                os._exit(7 if e.code == "CLOSED" and r.close() is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert r.tables() == []
    """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_a_wait():
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Receiver() as receiver:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                receiver.wait_for_rows("never", 1, timeout=60)
    finally:
        signal.signal(signal.SIGINT, old)


def test_a_failed_test_shows_what_was_refused(pytester):
    pytester.makepyfile(
        """
        import socket

        def test_sends_nonsense(questdb_receiver):
            with socket.create_connection(("127.0.0.1", questdb_receiver.tcp_port)) as connection:
                connection.sendall(b"no row\\n")
                connection.recv(1)
            assert questdb_receiver.row_count("t") == 1
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*rows that questdb_receiver refused*", "* line 1: *no row*"])


def test_the_module_replaces_no_file_of_another_package():
    folder = pathlib.Path(questdb.testing.__file__).parent
    ours = sorted(p.name for p in folder.iterdir() if p.name != "__pycache__")
    assert "testing.py" in ours
    # Only the module's own file is of this package: the folder may be shared with a client's.
    source = pathlib.Path(__file__).parents[1] / "python" / "questdb"
    assert sorted(p.name for p in source.iterdir() if p.name != "__pycache__") == ["testing.py"]


def test_how_long_a_receiver_takes(capsys):
    """Prints, and judges nothing: the machine may be busy."""
    started, whole = [], []
    for _ in range(20):
        begin = time.perf_counter()
        with Receiver() as receiver:
            started.append(time.perf_counter() - begin)
            assert post(receiver, "t x=1i\n") == 204
            assert receiver.wait_for_rows("t")[0]["x"] == 1
        whole.append(time.perf_counter() - begin)
    with capsys.disabled():
        print(f"\nproof: least of 20: start {min(started) * 1e3:.2f} ms, a test with its own receiver {min(whole) * 1e3:.2f} ms")
