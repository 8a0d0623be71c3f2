"""Every type of value that a row takes goes to a real QuestDB, and is read back by SQL with the type as it is stored."""

import datetime as D
import decimal
import enum
import zoneinfo

import pytest
from questdb_ingress import IngressError, Outcome, Sender, TimestampMicros, TimestampNanos

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

UTC = D.timezone.utc
AT = TimestampNanos(1_700_000_000_000_000_001)
MOMENT = D.datetime(2024, 2, 29, 12, 30, 15, 123456)


class Text(str):
    """A string of a class of its own."""


class Level(enum.IntEnum):
    HIGH = 3


class Case:
    """A value, and what the server stores: the type of the column and the cell, and both in version 1 where they differ."""

    def __init__(self, name, value, kind, cell, v1=None, since=1):
        self.name, self.value, self.since = name, value, since
        self.kind, self.cell = kind, cell
        self.v1 = v1 or (kind, cell)

    def expected(self, version):
        return self.v1 if version == 1 else (self.kind, self.cell)


CASES = [
    Case("true", True, "BOOLEAN", True),
    Case("false", False, "BOOLEAN", False),
    Case("int", 5, "LONG", 5),
    Case("int_largest", 2**63 - 1, "LONG", 2**63 - 1),
    Case("int_smallest_is_null", -(2**63), "LONG", None),
    Case("int_of_a_class", Level.HIGH, "LONG", 3),
    Case("float", 1.5, "DOUBLE", 1.5),
    Case("float_exact", 0.1 + 0.2, "DOUBLE", 0.1 + 0.2),
    Case("float_smallest", 5e-324, "DOUBLE", 5e-324),
    Case("float_nan_is_null", float("nan"), "DOUBLE", None),
    Case("str", "plain", "VARCHAR", "plain"),
    Case("str_empty", "", "VARCHAR", ""),
    Case("str_any", 'grüß 東京 🙂 "quoted" back\\slash\nline, a=b', "VARCHAR", 'grüß 東京 🙂 "quoted" back\\slash\nline, a=b'),
    Case("str_of_a_class", Text("own"), "VARCHAR", "own"),
    Case("str_numpy", np.str_("np"), "VARCHAR", "np"),
    Case("micros", TimestampMicros(1), "TIMESTAMP", "1970-01-01T00:00:00.000001Z"),
    Case(
        "nanos",
        TimestampNanos(1_999),
        "TIMESTAMP_NS",
        "1970-01-01T00:00:00.000001999Z",
        v1=("TIMESTAMP", "1970-01-01T00:00:00.000001Z"),
    ),
    Case("datetime_utc", MOMENT.replace(tzinfo=UTC), "TIMESTAMP", "2024-02-29T12:30:15.123456Z"),
    Case(
        "datetime_zone",
        MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo")),
        "TIMESTAMP",
        "2024-02-29T03:30:15.123456Z",
    ),
    Case("datetime_before_1970", D.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "TIMESTAMP", "1969-12-31T23:59:59.000000Z"),
    Case("date", D.date(2024, 2, 29), "TIMESTAMP", "2024-02-29T00:00:00.000000Z"),
    *(Case(f"np_{name}", np.dtype(name).type(7), "LONG", 7) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")),
    Case("np_bool", np.bool_(True), "BOOLEAN", True),
    Case("np_float16", np.float16(1.5), "DOUBLE", 1.5),
    Case("np_float32", np.float32(0.1), "DOUBLE", float(np.float32(0.1))),
    Case("np_float64", np.float64(0.1), "DOUBLE", 0.1),
    Case("np_datetime_s", np.datetime64("2024-02-29T12:30:15", "s"), "TIMESTAMP", "2024-02-29T12:30:15.000000Z"),
    Case("np_datetime_D", np.datetime64("2024-02-29", "D"), "TIMESTAMP", "2024-02-29T00:00:00.000000Z"),
    Case("np_datetime_us", np.datetime64("2024-02-29T12:30:15.123456", "us"), "TIMESTAMP", "2024-02-29T12:30:15.123456Z"),
    Case(
        "np_datetime_ns",
        np.datetime64("2024-02-29T12:30:15.123456789", "ns"),
        "TIMESTAMP_NS",
        "2024-02-29T12:30:15.123456789Z",
        v1=("TIMESTAMP", "2024-02-29T12:30:15.123456Z"),
    ),
    Case(
        "pd_timestamp",
        pd.Timestamp("2024-02-29T12:30:15.123456789", tz="UTC").as_unit("ns"),
        "TIMESTAMP_NS",
        "2024-02-29T12:30:15.123456789Z",
        v1=("TIMESTAMP", "2024-02-29T12:30:15.123456Z"),
    ),
    Case("array", np.array([1.5, -2.5]), "ARRAY[]", [1.5, -2.5], since=2),
    Case("array_2d", np.arange(6.0).reshape(2, 3), "ARRAY[][]", [[0, 1, 2], [3, 4, 5]], since=2),
    Case("array_turned", np.arange(6.0).reshape(2, 3).T, "ARRAY[][]", [[0, 3], [1, 4], [2, 5]], since=2),
    Case("array_swapped", np.array([1.0, 2.0], dtype=">f8"), "ARRAY[]", [1, 2], since=2),
    Case("array_of_ints", np.array([1, 2], dtype="i4"), "ARRAY[]", [1, 2], since=2),
    Case("list", [[1, 2.5], [3, 4]], "ARRAY[][]", [[1, 2.5], [3, 4]], since=2),
    Case("decimal", decimal.Decimal("-12.50"), "DECIMAL(18,4)", "-12.5000", since=3),
    Case("decimal_small", decimal.Decimal("1e-4"), "DECIMAL(18,4)", "0.0001", since=3),
    # These have no value: the column is left out.
    *(Case(f"nothing_{i}", value, None, None) for i, value in enumerate([None, pd.NA, pd.NaT])),
]


@pytest.mark.parametrize("transport", ["http", "tcp"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_values_of_every_type(real_server, transport, version):
    table = f"values_{transport}_{version}"
    cases = [case for case in CASES if case.since <= version]
    declared = [f"{case.name} {case.kind}" for case in cases if "DECIMAL" in str(case.kind)]
    columns = ", ".join(["symbol SYMBOL", *declared, "timestamp TIMESTAMP"])
    real_server.sql(f"create table {table} ({columns}) timestamp(timestamp) partition by day wal")
    conf = f"{getattr(real_server, transport)}protocol_version={version};"
    with Sender.from_conf(conf) as sender:
        sender.row(table, symbols={"symbol": "a b,c=d"}, columns={case.name: case.value for case in cases}, at=AT)
    types, (row,) = real_server.read(table, 1)
    assert row["symbol"] == "a b,c=d" and types["symbol"] == "SYMBOL"
    assert row["timestamp"] == "2023-11-14T22:13:20.000000Z"
    found = {case.name: (types.get(case.name), row.get(case.name)) for case in cases}
    expected = {case.name: case.expected(version) for case in cases}
    assert found == expected


def test_what_the_server_says_of_a_bad_row(real_server):
    with Sender.from_conf(real_server.http) as sender:
        sender.row("refused", columns={"value": 1}, at=AT)
        sender.flush()
        sender.row("refused", columns={"value": 2}, at=AT)
        sender.row("refused", columns={"value": "three"}, at=AT)
        with pytest.raises(IngressError, match="cast error from protocol type: STRING to column type: LONG") as caught:
            sender.flush()
        error = caught.value
        assert (error.outcome, error.http_status, error.server_line, error.table) == (Outcome.Rejected, 400, 2, "refused")
        sender.remove_rows(error.server_line)
    _, rows = real_server.read("refused", 2)
    assert [row["value"] for row in rows] == [1, 2]


def test_a_transaction_is_stored_whole(real_server):
    with Sender.from_conf(real_server.http) as sender:
        with sender.transaction("whole") as transaction:
            for number in range(1000):
                transaction.row(columns={"number": number}, at=TimestampNanos(number + 1))
    _, rows = real_server.read("whole", 1000)
    assert [row["number"] for row in rows] == list(range(1000))
