"""What the documentation of the official package says wrongly or leaves open."""

import datetime as dt
import time

import pytest

import questdb.ingress as qi
from questdb.ingress import Buffer, IngressError, IngressErrorCode, Sender, ServerTimestamp
from servers import HttpServer


def test_E1_E8_arguments_of_row():
    with pytest.raises(TypeError, match="needs keyword-only argument at"):
        Buffer().row("test", symbols={"a": "b"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'strings'"):
        Buffer().row("test", strings={"a": "b"}, at=ServerTimestamp)


def test_E4_transactional(receiver):
    with Sender.from_conf(receiver.http) as sender:
        with pytest.raises(TypeError, match="transaction"):
            sender.flush(sender.new_buffer(), transaction=True)


def test_E5_one_buffer_two_databases(receiver, start_receiver):
    other = start_receiver()
    with Sender.from_conf(receiver.http) as first, Sender.from_conf(other.http) as second:
        buffer = first.new_buffer()
        buffer.row("t", columns={"a": 1}, at=ServerTimestamp)
        first.flush(buffer, clear=False)
        second.flush(buffer)
        assert len(buffer) == 0
    assert receiver.rows("t")[0]["a"] == other.rows("t")[0]["a"] == "1"


def test_E6_a_set_is_no_dict():
    with pytest.raises(TypeError, match="dict"):
        Buffer().row("t", symbols={"s1", "v1"}, at=ServerTimestamp)


def test_E7_server_timestamp():
    assert not hasattr(qi, "Server")
    assert isinstance(qi.ServerTimestamp, qi.ServerTimestampType)


def test_E10_before_1970():
    before = dt.datetime(1960, 1, 1, tzinfo=dt.timezone.utc)
    assert str(Buffer().row("t", columns={"a": before}, at=ServerTimestamp)) == "t a=-315619200000000t\n"
    with pytest.raises(IngressError) as raised:
        Buffer().row("t", columns={"a": 1}, at=before)
    assert raised.value.code is IngressErrorCode.InvalidTimestamp


def test_E12_E16_without_zone_is_local():
    moment = dt.datetime(2024, 5, 6, 7, 8, 9)
    local = int(time.mktime(moment.timetuple()))
    assert str(Buffer().row("news", columns={"category": moment}, at=moment)) == f"news category={local}000000t {local}000000000\n"


def test_E13_default_port_of_http():
    assert repr(Sender.from_conf("http::addr=localhost;")) == "<questdb_ingress.Sender http localhost:9000>"


def test_E14_unknown_options():
    with pytest.raises(IngressError, match="token"):
        Sender.from_conf("http::addr=localhost;tokn=x;")


def test_E18_no_timer():
    with HttpServer(lambda request: (204, b"")) as server:
        with Sender.from_conf(server.conf, auto_flush_interval=20) as sender:
            sender.row("t", columns={"a": 1}, at=ServerTimestamp)
            count = len(server.bodies)
            time.sleep(0.1)
            assert len(server.bodies) == count, "nothing is sent by itself"
            sender.row("t", columns={"a": 1}, at=ServerTimestamp)
            assert len(sender) == 0, "the row flushes, because the time has passed"


def test_E19_doubled_semicolons():
    with pytest.raises(IngressError, match="a;b.pem"):
        Sender.from_conf("https::addr=localhost;tls_roots=/none/a;;b.pem;")
    with pytest.raises(IngressError):
        Sender.from_conf("https::addr=localhost;tls_roots=/none/a;b.pem;")


