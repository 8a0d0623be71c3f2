"""Transactions: rows of one table, stored all or not at all."""

import inspect

import pytest

from questdb.ingress import Buffer, IngressError, IngressErrorCode, Sender, SenderTransaction, ServerTimestamp
from servers import HttpServer
from test_sender import ROW, raises

CODE = IngressErrorCode


@pytest.fixture
def server():
    with HttpServer(lambda request: (204, b"")) as server:
        yield server


def test_X1_signature(server):
    parameters = inspect.signature(SenderTransaction.row).parameters
    assert list(parameters)[1:] == ["symbols", "columns", "at"]
    with Sender.from_conf(server.conf) as sender:
        with sender.transaction("t") as txn:
            assert txn.row(symbols={"s": "x"}, columns={"a": 1}, at=ServerTimestamp) is txn
            assert txn.row(**ROW) is txn
            for call in (lambda: txn.row("t", **ROW), lambda: txn.row(columns={"a": 1}), lambda: txn.row(table_name="t", **ROW)):
                with pytest.raises(TypeError):
                    call()
        assert server.bodies == [b"t,s=x a=1i\nt a=1i\n"]


def test_X1_keywords_of_transaction_and_sender_are_not_mixed_up(server):
    """Call sites with the same keywords share one tuple of names, which is remembered."""
    columns, at = {"a": 1}, ServerTimestamp
    with Sender.from_conf(server.conf) as sender:
        with SenderTransaction(sender, "t") as txn:
            for _ in range(3):
                txn.row(columns=columns, at=at)
            with pytest.raises(TypeError, match="table_name"):
                sender.row(columns=columns, at=at)
        with sender.transaction("t") as txn:
            txn.row(columns=columns, at=at)
        with pytest.raises(TypeError, match="table_name"):
            sender.row(columns=columns, at=at)
        sender.row(table_name="u", columns=columns, at=at)
        with sender.transaction("t") as txn:
            with pytest.raises(TypeError, match="table_name"):
                txn.row(table_name="u", columns=columns, at=at)


def test_X2_pending_rows(server):
    with Sender.from_conf(server.conf) as sender:
        sender.row("before", **ROW)
        with sender.transaction("t") as txn:
            assert server.bodies == [b"before a=1i\n"]
            txn.row(**ROW)
        assert server.bodies == [b"before a=1i\n", b"t a=1i\n"]
    with Sender.from_conf(server.conf, auto_flush=False) as sender:
        sender.row("before", **ROW)
        with raises(CODE.InvalidApiCall, "Sender buffer must be clear when starting a transaction."):
            with sender.transaction("t"):
                pass
        assert len(sender) == 12


def test_X3_no_auto_flush_inside(server):
    with Sender.from_conf(server.conf, auto_flush_rows=1, auto_flush_bytes=1, auto_flush_interval=1) as sender:
        with sender.transaction("t") as txn:
            for _ in range(100_000):
                txn.row(**ROW)
            assert server.bodies == []
        assert [body.count(b"\n") for body in server.bodies] == [100_000]


def test_X4_end_of_the_block(server):
    with Sender.from_conf(server.conf) as sender:
        with sender.transaction("t") as txn:
            txn.row(**ROW)
        assert len(server.bodies) == 1
        with pytest.raises(KeyError):
            with sender.transaction("t") as txn:
                txn.row(**ROW)
                raise KeyError
        assert len(server.bodies) == 1 and len(sender) == 0
        sender.row("t", **ROW)


def test_X5_explicit_ends(server):
    with Sender.from_conf(server.conf) as sender:
        with sender.transaction("t") as txn:
            txn.row(**ROW)
            txn.commit()
            for what, call in (("rollback", txn.rollback), ("commit", txn.commit), ("append rows", lambda: txn.row(**ROW))):
                with raises(CODE.InvalidApiCall, f"Transaction already completed, can't {what}."):
                    call()
        assert len(server.bodies) == 1
        with sender.transaction("t") as txn:
            txn.row(**ROW)
            txn.rollback()
            with raises(CODE.InvalidApiCall, "Transaction already completed, can't rollback."):
                txn.rollback()
        assert len(server.bodies) == 1
        with raises(CODE.InvalidApiCall, "once"):
            txn.__enter__()


def test_X5_what_is_refused_inside(server):
    with Sender.from_conf(server.conf) as sender:
        with sender.transaction("t") as txn:
            with raises(CODE.InvalidApiCall, "Already inside a transaction, can't start another."):
                sender.transaction("u").__enter__()
            with raises(CODE.InvalidApiCall, "Cannot append rows explicitly inside a transaction"):
                sender.row("t", **ROW)
            for call in (sender.flush, lambda: sender.flush(Buffer()), lambda: sender.flush(Buffer(), clear=False)):
                with raises(CODE.InvalidApiCall, "Cannot flush explicitly inside a transaction"):
                    call()
            with raises(CODE.InvalidApiCall, "Cannot clear"):
                sender.clear()
            with raises(CODE.InvalidApiCall, "establish"):
                sender.establish()
            with pytest.raises((TypeError, IngressError)):
                txn.row(columns={"a": object()}, at=ServerTimestamp)
            txn.row(**ROW)
        assert server.bodies == [b"t a=1i\n"]


def test_X5_before_the_block(server):
    with Sender.from_conf(server.conf) as sender:
        txn = sender.transaction("t")
        for call in (lambda: txn.row(**ROW), txn.commit, txn.rollback):
            with raises(CODE.InvalidApiCall, "not started"):
                call()
    sender = Sender.from_conf(server.conf)
    with raises(CODE.InvalidApiCall, "Not connected"):
        sender.transaction("t").__enter__()


def test_X5_closed_inside(server):
    with pytest.raises(IngressError, match="open transaction"):
        with Sender.from_conf(server.conf) as sender:
            with sender.transaction("t") as txn:
                txn.row(**ROW)
                sender.close()
    with raises(CODE.InvalidApiCall):
        txn.row(**ROW)
    assert server.bodies == []
    assert str(sender) == "t a=1i\n"


def test_X5_a_failed_commit_keeps_the_rows():
    answers = iter([(400, b"no"), (204, b"")])
    with HttpServer(lambda request: next(answers)) as server, Sender.from_conf(server.conf) as sender:
        with pytest.raises(IngressError):
            with sender.transaction("t") as txn:
                txn.row(**ROW)
        assert str(sender) == "t a=1i\n"
        txn.commit()
        assert server.bodies == [b"t a=1i\n"] * 2
        sender.row("t", **ROW)
        sender.clear()


def test_X6_http_only(receiver):
    with Sender.from_conf(receiver.tcp) as sender:
        with raises(CODE.InvalidApiCall, "Transactions aren't supported for ILP/TCP."):
            sender.transaction("t").__enter__()


def test_X7_empty(server):
    with Sender.from_conf(server.conf) as sender:
        with sender.transaction("t"):
            pass
        assert server.requests == []
        with raises(CODE.InvalidName):
            sender.transaction("a..b").__enter__()
        with pytest.raises(TypeError):
            sender.transaction(5)
