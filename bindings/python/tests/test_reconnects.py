"""The warning of senders that are made for a few rows, again and again."""

import warnings

import pytest
import questdb.ingress
import questdb_ingress
from questdb.ingress import Sender

from servers import HttpServer
from test_sender import ROW


@pytest.fixture
def server():
    with HttpServer(lambda request: (204, b"")) as server:
        # A warning ends what other tests have left of a burst.
        while not short_lives(server, 1):
            pass
        yield server


def short_lives(server, count):
    """Returns the warnings that senders with short lives cause."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(count):
            with Sender.from_conf(server.conf) as sender:
                sender.row("t", **ROW)
    return [str(warning.message) for warning in caught if warning.category is UserWarning]


def test_a_burst_of_senders_is_warned_of(server):
    found = short_lives(server, 60)
    assert len(found) == 2, "one for each 25"
    assert "WARN_HIGH_RECONNECTS" in found[0]


@pytest.mark.parametrize("module", [questdb_ingress, questdb.ingress])
def test_the_warning_can_be_turned_off(server, module, monkeypatch):
    monkeypatch.setattr(module, "WARN_HIGH_RECONNECTS", False)
    assert short_lives(server, 60) == []


def test_senders_that_live_together_are_no_burst(server):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        senders = [Sender.from_conf(server.conf) for _ in range(60)]
        for sender in senders:
            sender.establish()
            sender.row("t", **ROW)
        for sender in senders:
            sender.flush()
    for sender in senders:
        sender.close()


def test_a_warning_that_is_an_error_comes_before_the_connection(server):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = len(server.requests)
        with pytest.raises(UserWarning):
            for _ in range(60):
                sender = Sender.from_conf(server.conf)
                sender.establish()
                sender.close()
        assert len(server.requests) == before
        # The sender is as it was.
        sender.establish()
        sender.row("t", **ROW)
        sender.close()
        assert len(server.bodies) > 0
