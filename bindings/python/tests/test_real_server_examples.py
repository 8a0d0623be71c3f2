"""The programs of examples/python that need nothing but a server, against a real QuestDB. Those with tasks that run again have a
test of their own; logins and TLS are tested with a real server by the tests of the client.
"""

import pytest

from test_examples import said

#: The table of each program, how many rows it stores, and what the first one has, in order of time.
PROGRAMS = {
    "first_rows": ("trades", 2, {"symbol": "ETH-USD", "price": 2615.54, "amount": 3}),
    "every_type": ("every_type", 1, {"symbol": "ETH-USD", "bool": True, "long": -42, "double": 2615.54, "string": 'grüß "Gott"\n'}),
    "arrays": ("books", 1, {"turned": [[10.5, 10.6], [10.4, 10.7], [10.3, 10.8]], "back": [10.8, 10.7, 10.6], "best": [10.5, 10.6]}),
    "auto_flush": ("ticks", 10_000, {"number": 0}),
    "transaction": ("ledger", 2, {"amount": -100.0}),
    "bad_row": ("measurements", 3, {"value": 1}),
    "asyncio_flush": ("readings", 20_000, {}),
    "pandas_frame": ("trades", 3, {"symbol": "ETH-USD", "price": 2615.54, "venue": "north"}),
    "polars_frame": ("trades", 3, {"price": 2615.54, "amount": 3}),
    "arrow_stream": ("readings", 100_000, {"sensor": "s0", "value": 0.0}),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_X8_program(real_server, program):
    table, count, first = PROGRAMS[program]
    real_server.sql(f"drop table if exists {table}")
    said(program, real_server.http)
    _, rows = real_server.read(table, count)
    assert len(rows) == count
    assert {name: rows[0][name] for name in first} == first


def test_X8_quickstart(real_server):
    for conf in (real_server.http, real_server.tcp):
        for table in ("weather", "temps"):
            real_server.sql(f"drop table if exists {table}")
        assert said("quickstart", conf).startswith("10220 rows in ")
        assert len(real_server.read("weather", 1461)[1]) == 1461
        assert len(real_server.read("temps", 8759)[1]) == 8759


def test_X8_decimals(real_server):
    real_server.sql("drop table if exists invoices")
    real_server.sql(
        "create table invoices (net decimal(18,2), tax decimal(18,2), rate decimal(9,4), timestamp timestamp) "
        "timestamp(timestamp) partition by day wal"
    )
    said("decimals", real_server.http)
    _, (row,) = real_server.read("invoices", 1)
    assert (row["net"], row["tax"], row["rate"]) == ("1234.50", "234.56", "-0.0001")


def test_X8_two_servers(real_server, receiver):
    real_server.sql("drop table if exists pulses")
    said("two_servers", real_server.http, receiver.http)
    assert [row["number"] for row in real_server.read("pulses", 3)[1]] == [0, 1, 2]
    assert [row["number"] for row in receiver.rows("pulses")] == ["0", "1", "2"]


def test_X8_outcome(real_server):
    real_server.sql("drop table if exists results")
    assert "row 2 is wrong (server error " in said("outcome", real_server.http, code=1)
