"""Fixtures that several files of tests use."""

import pytest

from real_server import RealServer
from receiver import Receiver


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


@pytest.fixture(scope="session")
def not_run(pytestconfig):
    """A function that reports past pytest, which hides what tests print, that something cannot run, and skips the test."""

    def report(reason):
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\nNOT RUN: {reason}", flush=True)
        pytest.skip(reason)

    return report


@pytest.fixture(scope="session")
def real_server(not_run):
    """A real QuestDB, which all tests share."""
    server = RealServer(not_run)
    yield server
    server.close()
