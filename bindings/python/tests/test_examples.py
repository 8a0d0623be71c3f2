"""Every program of examples/python runs against the receiver, and the rows that it stored are looked at.

`every_type`, `decimals` and `bad_row` exist in every language; what they store is judged by tests/conformance/programs.py.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"
#: Programs that have a test of another kind: by tests/conformance, or against a real server, which deduplicates.
ELSEWHERE = {"every_type", "decimals", "bad_row", "dask_tasks", "ray_tasks", "spark_frame"}


def started(name, conf, **options):
    command = [sys.executable, EXAMPLES / f"{name}.py", conf]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options)


def said(name, conf, code=0):
    """Runs a program to its end, and returns what it printed."""
    with started(name, conf) as program:
        out, err = program.communicate(timeout=120)
    assert program.returncode == code, out + err
    return out + err


def values(receiver, table, column):
    return [row.get(column) for row in receiver.rows(table)]


def test_there_is_a_test_for_every_program():
    here = {name.removeprefix("test_") for name in globals()}
    programs = {path.stem for path in EXAMPLES.glob("*.py")}
    assert programs - here - ELSEWHERE == set()


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_first_rows(receiver, protocol):
    said("first_rows", getattr(receiver, protocol))
    receiver.wait_for("trades", 2)
    assert [(row["symbol"], row["price"], row["amount"]) for row in receiver.rows("trades")] == [
        ("ETH-USD", "2615.54", "3"),
        ("ETH-USD", "2616.1", "3"),
    ]


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_quickstart(receiver, protocol):
    assert said("quickstart", getattr(receiver, protocol)).startswith("10220 rows in ")
    receiver.wait_for("weather", 1461)
    receiver.wait_for("temps", 8759)
    assert receiver.rows("weather")[0] == {
        "kind": "drizzle",
        "precipitation_mm": "0.0",
        "temp_max_c": "12.8",
        "temp_min_c": "5.0",
        "wind_ms": "4.7",
        "timestamp": "2012-01-01T00:00:00.000000Z",
    }


def test_outcome(receiver):
    assert "row 2 is wrong (server error " in said("outcome", receiver.http, code=1)
    assert receiver.rows("results") == []


def test_transaction(receiver):
    said("transaction", receiver.http)
    assert values(receiver, "ledger", "amount") == ["-100.0", "100.0"]


def test_asyncio_flush(receiver):
    assert said("asyncio_flush", receiver.http).startswith("20,000 rows sent, the loop came round ")
    assert len(set(values(receiver, "readings", "timestamp"))) == 20_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_service(receiver, number):
    with started("service", receiver.http + "auto_flush_rows=10;") as program:
        assert program.stdout.readline() == "running\n"
        receiver.wait_for("heartbeats", 10)
        program.send_signal(number)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (0, "", "")


def test_service_while_the_server_is_silent():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        conf = f"http::addr=127.0.0.1:{silent.getsockname()[1]};protocol_version=2;auto_flush_rows=10;"
        with started("service", conf) as program:
            assert program.stdout.readline() == "running\n"
            silent.accept()
            program.send_signal(signal.SIGTERM)
            out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert "rows unconfirmed" in out


def test_pandas_frame(receiver):
    said("pandas_frame", receiver.http)
    assert receiver.rows("trades")[0] == {
        "symbol": "ETH-USD",
        "side": "sell",
        "price": "2615.54",
        "amount": "0.00044",
        "venue": "north",
        "timestamp": "2024-01-01T00:00:00.000000000Z",
    }
    assert values(receiver, "trades", "venue") == ["north", "south", None]


def test_polars_frame(receiver):
    said("polars_frame", receiver.http)
    assert [receiver.types("trades")[name] for name in ("symbol", "price", "amount")] == ["SYMBOL", "DOUBLE", "LONG"]
    assert values(receiver, "trades", "price") == ["2615.54", "39269.98", None]
    assert values(receiver, "trades", "amount") == ["3", None, "5"]


def test_arrow_stream(receiver):
    said("arrow_stream", receiver.http)
    rows = receiver.rows("readings")
    assert len(rows) == 100_000
    assert rows[-1] == {"sensor": "s9", "value": "9999.9", "timestamp": "2024-01-01T00:00:00.099999Z"}
