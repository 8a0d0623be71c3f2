"""Fixtures that several files of tests use."""

import sys

import pytest

from certificates import Certificates
from real_server import RealServer
from receiver import Receiver

#: Without the interpreter's lock a test of the lock is left out.
GIL_ENABLED = getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.fixture(scope="session")
def shared_receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def receiver(shared_receiver):
    """An empty receiver, which ends when the last test does."""
    shared_receiver.clear()
    return shared_receiver


@pytest.fixture
def start_receiver():
    """Starts receivers with options, which end with the test."""
    started = []

    def start(*options):
        started.append(Receiver(*options))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


def pytest_collection_modifyitems(items):
    """What other systems lack is there on Linux, so nothing is left out there by the name of the system, without a word."""
    if sys.platform == "linux":
        left_out = [item.nodeid for item in items for mark in item.iter_markers("skipif") if mark.args[0] and GIL_ENABLED]
        if left_out:
            raise pytest.UsageError(f"these tests must run on Linux: {', '.join(left_out)}")


def pytest_terminal_summary(terminalreporter):
    """Names each test that did not run, as the other checks do, so that a skipped one does not pass for one that passed."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        terminalreporter.write_line(f"NOT RUN: {report.nodeid}: {reason}")


@pytest.fixture(scope="session")
def not_run():
    """A function that skips the test, for what cannot run here."""
    return pytest.skip


@pytest.fixture(scope="session")
def certificates(tmp_path_factory, not_run):
    """Certificates of a server and of authorities."""
    return Certificates(tmp_path_factory.mktemp("certificates"), not_run)


@pytest.fixture(scope="session")
def real_server(not_run):
    """A real QuestDB, which all tests share."""
    server = RealServer(not_run)
    yield server
    server.close()
