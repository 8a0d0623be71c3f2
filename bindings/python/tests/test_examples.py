"""Every program of examples/python runs against the receiver, and the rows that it stored are looked at.

`every_type`, `decimals` and `bad_row` exist in every language; what they store is judged by tests/conformance/programs.py.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from receiver import KEY, KEY_ID
from servers import closed_port

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"
#: Programs that have a test of another kind: by tests/conformance, or against a real server, which deduplicates.
ELSEWHERE = {"every_type", "decimals", "bad_row", "dask_tasks", "ray_tasks", "spark_frame"}


def started(name, *arguments, **options):
    command = [sys.executable, EXAMPLES / f"{name}.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options)


def said(name, *arguments, code=0):
    """Runs a program to its end, and returns what it printed."""
    with started(name, *arguments) as program:
        out, err = program.communicate(timeout=120)
    assert program.returncode == code, out + err
    return out + err


def values(receiver, table, column):
    return [row.get(column) for row in receiver.rows(table)]


def test_there_is_a_test_for_every_program():
    here = {name.removeprefix("test_").removeprefix("S14_") for name in globals()}
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


def test_arrays(receiver):
    said("arrays", receiver.http)
    (row,) = receiver.rows("books")
    assert row == {
        "whole": "[[10.5,10.4,10.3],[10.6,10.7,10.8]]",
        "turned": "[[10.5,10.6],[10.4,10.7],[10.3,10.8]]",
        "back": "[10.8,10.7,10.6]",
        "best": "[10.5,10.6]",
        "timestamp": "2023-11-14T22:13:20.000000000Z",
    }


def test_auto_flush(receiver):
    conf = receiver.http + "auto_flush_rows=1000;auto_flush_interval=off;"
    assert said("auto_flush", conf) == "10000 rows in 10 requests, 0 unconfirmed\n"
    assert len(receiver.rows("ticks")) == 10_000


def test_auto_flush_when_the_server_is_down():
    conf = f"http::addr=127.0.0.1:{closed_port()};protocol_version=2;retry_timeout=0;auto_flush_rows=1000;auto_flush_interval=off;"
    output = said("auto_flush", conf, code=1)
    assert "0 rows in 0 requests, 1000 unconfirmed\n" in output and "row 999 waits in the sender\n" in output


def test_two_servers(start_receiver):
    newer, older = start_receiver(), start_receiver()
    confs = newer.http, older.http + "protocol_version=1;"
    for pair in (confs, confs[::-1]):
        said("two_servers", *pair)
    for receiver in (newer, older):
        assert values(receiver, "pulses", "number") == ["0", "1", "2"] * 2
        assert receiver.types("pulses")["timestamp"] == "TIMESTAMP", "of the older version"


def test_tcp_auth(start_receiver):
    receiver = start_receiver("--ecdsa", KEY_ID, KEY["token_x"], KEY["token_y"])
    key = "".join(f"{name}={value};" for name, value in KEY.items())
    said("tcp_auth", f"{receiver.tcp}username={KEY_ID};{key}")
    receiver.wait_for("meters", 1)
    row = {"room": "hall", "celsius": "21.5", "valid": "true", "timestamp": "2023-11-14T22:13:20.000000Z"}
    assert receiver.rows("meters") == [row]
    # The protocol has no message for a refused key. If the connection ends in time the program reports it, and in no case does its
    # row arrive.
    with started("tcp_auth", f"{receiver.tcp}username=stranger;{key}") as program:
        program.communicate(timeout=120)
    assert program.returncode in (0, 1)
    assert receiver.rows("meters") == [row]


def test_S14_https_ca(start_receiver, certificates):
    receiver = start_receiver(*certificates.options, "--user", "admin", "quest")
    conf = receiver.http + "username=admin;password=quest;"
    assert conf.startswith("https::")
    said("https_ca", conf, certificates.ca)
    assert receiver.rows("secrets") == [{"word": "caffè", "timestamp": "2023-11-14T22:13:20.000000000Z"}]
    # With another authority the certificate is refused before anything is sent.
    assert "certificate" in said("https_ca", conf, certificates.stranger, code=1)
    assert len(receiver.rows("secrets")) == 1


def test_asyncio_flush(receiver):
    assert said("asyncio_flush", receiver.http).startswith("20,000 rows sent, the loop came round ")
    assert len(set(values(receiver, "readings", "timestamp"))) == 20_000


def test_pool(receiver, tmp_path):
    failed = tmp_path / "failed.txt"
    assert said("pool", receiver.http, "3", str(failed)) == "120 rows stored, 0 not stored, 0 in doubt\n"
    assert (len(receiver.rows("events")), failed.read_text()) == (120, "")
    # What is refused goes to the file.
    receiver.clear()
    receiver.command("create events value:boolean")
    assert said("pool", receiver.http, "2", str(failed)) == "0 rows stored, 80 not stored, 0 in doubt\n"
    assert len(failed.read_text().splitlines()) == 80


def test_pool_ends_in_order(receiver, tmp_path):
    with started("pool", receiver.http, "1000000000", str(tmp_path / "failed.txt")) as program:
        receiver.wait_for("events", 100)
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert out == f"{len(receiver.rows('events'))} rows stored, 0 not stored, 0 in doubt\n"


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
