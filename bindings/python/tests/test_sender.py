"""The life of a sender: establish, rows, flushes, close."""

import gc
import json
import logging
import socket
import threading
import time

import pytest

from questdb.ingress import (
    Buffer,
    IngressError,
    IngressErrorCode,
    Outcome,
    Protocol,
    Sender,
    ServerTimestamp,
    TimestampNanos,
)
from servers import HttpServer, TcpServer, closed_port

CODE = IngressErrorCode
ROW = {"columns": {"a": 1}, "at": ServerTimestamp}


def raises(code, match=None):
    """Expects an IngressError with this code."""

    class Check:
        def __enter__(self):
            self._context = pytest.raises(IngressError, match=match)
            self._raised = self._context.__enter__()
            return self._raised

        def __exit__(self, *exception):
            done = self._context.__exit__(*exception)
            if done:
                assert self._raised.value.code is code, repr(self._raised.value)
            return done

    return Check()


@pytest.fixture(params=["http", "tcp"])
def conf(request, receiver):
    return getattr(receiver, request.param)


def wait_for(condition):
    """Waits for what another process or thread does; a test that waits for ever is ended by its runner."""
    while not condition():
        time.sleep(0.005)


def test_L1_establish(conf, receiver):
    sender = Sender.from_conf(conf)
    sender.establish()
    with raises(CODE.InvalidApiCall, "establish"):
        sender.establish()
    sender.close()
    with raises(CODE.InvalidApiCall, r"establish\(\) can't be called after close\(\)."):
        sender.establish()


def test_L1_establish_tcp_connects():
    with TcpServer() as server:
        sender = Sender.from_conf(server.conf)
        assert server.connections == []
        sender.establish()
        wait_for(lambda: server.connections)
        sender.close(flush=False)


def test_L2_before_establish(conf, receiver):
    sender = Sender.from_conf(conf, auto_flush_rows=1)
    assert sender.row("t", **ROW) is sender
    sender.row("t", columns={"a": 2}, at=ServerTimestamp)
    assert str(sender) == "t a=1i\nt a=2i\n"
    with raises(CODE.InvalidApiCall, r"flush\(\) can't be called: Not connected."):
        sender.flush()
    with sender:
        sender.flush()
    wait_for(lambda: len(receiver.rows("t")) == 2)


def test_L2_never_established():
    sender = Sender("tcp", "127.0.0.1", closed_port())
    sender.row("t", **ROW)
    with raises(CODE.InvalidApiCall, "1 rows"):
        sender.close()
    assert len(sender) == 7
    sender = Sender("tcp", "127.0.0.1", closed_port())
    sender.close()
    sender.close()


def test_L3_with(conf, receiver):
    with Sender.from_conf(conf) as sender:
        sender.row("t", **ROW)
    wait_for(lambda: len(receiver.rows("t")) == 1)
    with pytest.raises(KeyError, match="mine"):
        with Sender.from_conf(conf) as sender:
            sender.row("never", **ROW)
            raise KeyError("mine")
    with raises(CODE.InvalidApiCall, "closed"):
        sender.row("never", **ROW)
    assert receiver.rows("never") == []


CALLS = {
    "row": lambda s: s.row("t", **ROW),
    "flush": lambda s: s.flush(),
    "new_buffer": lambda s: s.new_buffer(),
    "establish": lambda s: s.establish(),
    "clear": lambda s: s.clear(),
    "remove_rows": lambda s: s.remove_rows(1),
    "transaction": lambda s: s.transaction("t").__enter__(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("within", [False, True])
def test_L4_closed(call, within, receiver):
    sender = Sender.from_conf(receiver.http)
    sender.establish()
    transaction = sender.transaction("t").__enter__() if within else None
    sender.close(flush=not within)
    sender.close()
    sender.close(flush=False)
    with raises(CODE.InvalidApiCall, "can't be called"):
        CALLS[call](sender)
    assert (len(sender), str(sender), bytes(sender)) == (0, "", b"")
    sender.stats(), repr(sender), sender.auto_flush, sender.max_name_len, sender.protocol_version, sender.cancel()
    if transaction is not None:
        for method in (lambda: transaction.row(**ROW), transaction.commit):
            with raises(CODE.InvalidApiCall):
                method()
        transaction.rollback()


def test_L4_a_failed_close_keeps_the_rows():
    with HttpServer(lambda request: (400, b"no")) as server:
        sender = Sender.from_conf(server.conf)
        sender.establish()
        sender.row("t", **ROW)
        with pytest.raises(IngressError):
            sender.close()
        sender.close()
        assert str(sender) == "t a=1i\n"
        with raises(CODE.InvalidApiCall, r"row\(\) can't be called: Sender is closed."):
            sender.row("t", **ROW)
        assert len(server.bodies) == 1


def test_L5_pending(conf):
    sender = Sender.from_conf(conf)
    assert (len(sender), str(sender)) == (0, "")
    sender.row("t", symbols={"é": "x"}, at=TimestampNanos(5))
    assert str(sender) == "t,é=x 5\n" or str(sender) == "t,é=x 5n\n"
    assert len(sender) == len(bytes(sender)) == len(str(sender).encode())


def test_L6_row_is_that_of_a_buffer(conf):
    sender, buffer = Sender.from_conf(conf, protocol_version=2), Buffer(protocol_version=2)
    arguments = {"symbols": {"s": "a", "n": None}, "columns": {"b": 1, "c": 1.5, "d": "x", "e": None}, "at": TimestampNanos(7)}
    assert sender.row("t", **arguments) is sender
    assert bytes(sender) == bytes(buffer.row("t", **arguments))
    for bad in ({"columns": {"a": object()}, "at": ServerTimestamp}, {"columns": {"a": 1}}, {"columns": {"a": 1}, "at": None}):
        with pytest.raises((TypeError, IngressError)):
            sender.row("t", **bad)
        assert bytes(sender) == bytes(buffer)


def test_L7_auto_flush_by_rows():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_rows=3, auto_flush_interval=False) as sender:
            for n in range(7):
                sender.row("t", columns={"a": n}, at=ServerTimestamp)
        assert [body.count(b"\n") for body in server.bodies] == [3, 3, 1]


def test_L7_auto_flush_by_bytes():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_bytes=20, auto_flush_rows=False, auto_flush_interval=False) as sender:
            for n in range(7):
                sender.row("t", **ROW)
        assert [len(body) for body in server.bodies] == [21, 21, 7]


def test_L7_auto_flush_by_time():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_interval=1) as sender:
            time.sleep(0.05)  # far more than the coarse clock needs
            sender.row("t", **ROW)
            assert len(server.bodies) == 1, "the first row after an idle time flushes itself"
        with Sender.from_conf(server.conf, auto_flush_interval=3_600_000) as sender:
            sender.row("t", **ROW)
            assert len(server.bodies) == 1
        assert len(server.bodies) == 2


def test_L8_auto_flush_fails():
    with HttpServer(lambda request: (400, b'{"code":"invalid","message":"failed","line":1,"errorId":"7-1"}')) as server:
        with pytest.raises(ZeroDivisionError), Sender.from_conf(server.conf, auto_flush_rows=2) as sender:
            sender.row("t", **ROW)
            with raises(CODE.ServerFlushError, "the row is in the buffer") as raised:
                sender.row("t", **ROW)
            e = raised.value
            assert (e.row_accepted, e.outcome, e.http_status) == (True, Outcome.Rejected, 400)
            assert str(sender) == "t a=1i\n" * 2
            sender.clear()
            assert len(sender) == 0
            1 / 0


def test_L9_an_empty_flush_sends_nothing():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf) as sender:
            assert sender.flush() is None
            sender.flush(Buffer())
        assert server.requests == []


def test_L10_clear(conf, receiver):
    with Sender.from_conf(conf) as sender:
        buffer = sender.new_buffer()
        buffer.row("t", **ROW)
        sender.flush(buffer, clear=False)
        assert len(buffer) == 7
        sender.flush(buffer, True)
        assert len(buffer) == 0
        with pytest.raises(ValueError, match="The internal buffer must always be cleared."):
            sender.flush(clear=False)
    wait_for(lambda: len(receiver.rows("t")) == 2)


def test_L11_transactional(receiver):
    with Sender.from_conf(receiver.http) as sender:
        buffer = sender.new_buffer()
        buffer.row("t", **ROW).row("t", **ROW)
        sender.flush(buffer, transactional=True)
        assert len(buffer) == 0 and len(receiver.rows("t")) == 2
        buffer.row("t", **ROW).row("u", **ROW)
        for clear in (True, False):
            with raises(CODE.InvalidApiCall, "Buffer contains lines for multiple tables"):
                sender.flush(buffer, clear, transactional=True)
        assert len(buffer) == 14
        sender.row("t", **ROW).flush(transactional=True)
        sender.row("t", **ROW).row("u", **ROW)
        with raises(CODE.InvalidApiCall, "Buffer contains lines for multiple tables"):
            sender.flush(transactional=True)
        with pytest.raises(TypeError):
            sender.flush(buffer, transaction=True)
    with Sender.from_conf(receiver.tcp) as sender:
        buffer = Buffer().row("t", **ROW)
        with raises(CODE.InvalidApiCall, "HTTP"):
            sender.flush(buffer, transactional=True)


def test_L12_one_buffer_to_several_senders(receiver, start_receiver):
    other = start_receiver()
    buffer = Buffer().row("t", **ROW)
    with Sender.from_conf(receiver.http) as first, Sender.from_conf(other.http) as second:
        first.flush(buffer, clear=False)
        second.flush(buffer, clear=False)
    assert len(receiver.rows("t")) == len(other.rows("t")) == 1


def test_L13_new_buffer(receiver):
    sender = Sender("http", "127.0.0.1", receiver.http_port, init_buf_size=16384, max_name_len=20, protocol_version=2)
    buffer = sender.new_buffer()
    assert (buffer.init_buf_size, buffer.max_name_len, buffer.protocol_version) == (16384, 20, 2)
    with Sender.from_conf(receiver.http) as sender:
        assert sender.new_buffer().protocol_version == sender.protocol_version


def test_L14_other_buffers_bypass_auto_flush():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_rows=1) as sender:
            buffer = sender.new_buffer()
            for _ in range(5):
                buffer.row("t", **ROW)
            assert server.bodies == []
            sender.flush(buffer)
        assert [body.count(b"\n") for body in server.bodies] == [5]


def test_L15_server_error():
    answer = {"code": "invalid", "message": "failed to parse line protocol: error in line 2: table: u, column: a", "line": 2, "errorId": "ab-3"}
    with HttpServer(lambda request: (400, json.dumps(answer).encode())) as server:
        sender = Sender.from_conf(server.conf, auto_flush=False)
        sender.establish()
        for n in range(3):
            sender.row("t", columns={"a": n}, at=ServerTimestamp)
        with raises(CODE.ServerFlushError, "failed to parse line protocol") as raised:
            sender.flush()
        e = raised.value
        assert (e.outcome, e.kind, e.in_doubt, e.retryable) == (Outcome.Rejected, "REJECTED", False, False)
        assert (e.http_status, e.server_line, e.server_code, e.server_error_id, e.attempts) == (400, 2, "invalid", "ab-3", 1)
        assert e.bytes_sent == 21 and e.elapsed > 0
        assert str(sender) == "t a=0i\nt a=1i\nt a=2i\n"
        sender.remove_rows(e.server_line)
        assert str(sender) == "t a=0i\nt a=2i\n"
        stats = sender.stats()
        assert stats["failed_flushes"] == 1 and stats["last_error"].server_line == 2
        sender.close(flush=False)


def test_L16_retries():
    answers = iter([(500, b"no"), (503, b"no"), (204, b"")])
    with HttpServer(lambda request: next(answers)) as server:
        with Sender.from_conf(server.conf) as sender:
            sender.row("t", **ROW)
            sender.flush()
            assert sender.stats()["rows_committed"] == 1
        assert len(server.bodies) == 3
    with HttpServer(lambda request: (500, b"no")) as server:
        with Sender.from_conf(server.conf, retry_timeout=0) as sender:
            sender.row("t", **ROW)
            with raises(CODE.ServerFlushError) as raised:
                sender.flush()
            assert raised.value.attempts == 1 and raised.value.in_doubt
            assert len(server.bodies) == 1
            sender.clear()


def test_L17_tcp_server_goes_away():
    with TcpServer() as server:
        sender = Sender.from_conf(server.conf, auto_flush=False)
        sender.establish()
        sender.row("t", **ROW).flush()
        wait_for(lambda: server.data)
        for connection in server.connections:
            connection.shutdown(socket.SHUT_RDWR)
        assert server.ended.wait(60)
        with raises(CODE.SocketError) as raised:
            for _ in range(1000):
                sender.row("t", **ROW).flush()
        assert raised.value.earlier_rows_in_doubt >= 1
        sender.close(flush=False)


def test_L20_errors_and_reprs_are_not_logged(caplog, capfd, receiver):
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(IngressError):
            with Sender("http", "127.0.0.1", closed_port(), token="hidden-token", retry_timeout=0) as sender:
                sender.row("t", **ROW)
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_L21_garbage(receiver, capfd):
    for conf in (receiver.http, receiver.tcp):
        sender = Sender.from_conf(conf)
        sender.establish()
        sender.row("t", **ROW)
        transaction = sender.transaction("t")
        del sender, transaction
        gc.collect()
    assert receiver.rows("t") == []
    assert capfd.readouterr() == ("", "")


def test_R2_codes_of_failures():
    with raises(CODE.CouldNotResolveAddr):
        Sender("tcp", "no.such.host.invalid", 1).establish()
    with HttpServer(lambda request: (404, b"not here")) as server:
        with Sender.from_conf(server.conf) as sender:
            sender.row("t", **ROW)
            with raises(CODE.HttpNotSupported):
                sender.flush()
            sender.clear()
    with HttpServer(lambda request: (401, b"who")) as server:
        with Sender.from_conf(server.conf) as sender:
            sender.row("t", **ROW)
            with raises(CODE.AuthError):
                sender.flush()
            sender.clear()
    with TcpServer() as server, raises(CODE.TlsError):
        # What answers is no TLS.
        threading.Thread(target=lambda: server.arrived.wait() and server.connections[0].sendall(b"hello\n" * 100), daemon=True).start()
        Sender(Protocol.Tcps, "127.0.0.1", server.port).establish()


def test_S13_auth_timeout():
    with TcpServer(reads=False) as server:
        key = "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48"
        x, y = "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU", "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac"
        sender = Sender("tcp", "127.0.0.1", server.port, username="u", token=key, token_x=x, token_y=y, auth_timeout=50)
        with pytest.raises(IngressError) as raised:
            sender.establish()
        assert raised.value.kind == "TIMEOUT" or raised.value.code is CODE.AuthError


def test_S20_request_timeout():
    with HttpServer(lambda request: None) as server:
        with Sender.from_conf(server.conf, request_timeout=50, retry_timeout=0, request_min_throughput=0) as sender:
            sender.row("t", **ROW)
            with raises(CODE.SocketError) as raised:
                sender.flush()
            assert (raised.value.kind, raised.value.outcome) == ("TIMEOUT", Outcome.InDoubt)
            sender.clear()
