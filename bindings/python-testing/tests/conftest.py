"""Tests that do not run are named, so that a skipped one does not pass for one that passed."""

import sys

import pytest


def pytest_collection_modifyitems(items):
    """What other systems lack is there on Linux, so nothing is left out there by the name of the system, without a word."""
    if sys.platform == "linux":
        left_out = [item.nodeid for item in items for mark in item.iter_markers("skipif") if mark.args[0]]
        if left_out:
            raise pytest.UsageError(f"these tests must run on Linux: {', '.join(left_out)}")


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        terminalreporter.write_line(f"NOT RUN: {report.nodeid}: {reason}")
