"""For pytest: the fixture ``questdb_receiver``, a receiver of the test's own."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from . import Receiver


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "questdb_receiver(conf): what the receiver of this test is configured with, as text or as a mapping"
    )


@pytest.fixture
def questdb_receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    """A server that takes rows as QuestDB does, without tables, until the test ends."""
    marker = request.node.get_closest_marker("questdb_receiver")
    with Receiver(*(marker.args if marker else ())) as receiver:
        yield receiver


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Shows with a failed test what its receiver has refused."""
    report = (yield).get_result()
    receiver = getattr(item, "funcargs", {}).get("questdb_receiver")
    if report.when == "call" and report.failed and isinstance(receiver, Receiver):
        lines = [f"{r['code']} line {r['line']}: {r['message']}: {r['text']}" for r in receiver.refusals()]
        if lines:
            report.sections.append(("rows that questdb_receiver refused", "\n".join(lines)))
