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
def real_server():
    """A real QuestDB, which all tests share; without one they are skipped."""
    server = RealServer()
    yield server
    server.close()
