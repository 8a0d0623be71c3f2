"""Columns of every type of pandas, polars and pyarrow go to a real QuestDB, and are read back by SQL with the type as it is stored.

A column has three rows: a value, a missing one where the type has that, another value.
"""

import datetime as D
import decimal

import pytest
from questdb_ingress import Sender, TimestampNanos

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

UTC = D.timezone.utc
NOON = D.datetime(2024, 2, 29, 12, 30, 15, 123456)
NOON_TEXT = "2024-02-29T12:30:15.123456"
TIMES = [1_700_000_000_000_000 + i for i in range(3)]
DATES = [D.date(2024, 2, 29), None, D.date(1969, 12, 31)]
DAYS = ("TIMESTAMP", ["2024-02-29T00:00:00.000000Z", None, "1969-12-31T00:00:00.000000Z"])
DECIMALS = [decimal.Decimal("1.5"), None, decimal.Decimal("-0.25")]
EXACT = ("DECIMAL(18,4)", ["1.5000", None, "-0.2500"])
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
MICROS = ("TIMESTAMP", [f"{NOON_TEXT}Z", None, "1970-01-01T00:00:00.000001Z"])
SECONDS = ("TIMESTAMP", ["2024-02-29T12:30:15.000000Z", None, "1970-01-01T00:00:01.000000Z"])
NANOS = ("TIMESTAMP_NS", [f"{NOON_TEXT}789Z", None, "1970-01-01T00:00:00.000000001Z"])
WHOLE = ("LONG", [1, None, 3])
NUMBERS = ("DOUBLE", [1.5, None, -2.0])
TEXTS = ("VARCHAR", ["a b", None, "é\"\n"])
SYMBOLS = ("SYMBOL", ["x", None, "y,z"])
ARRAYS = ("ARRAY[]", [[1, 2], None, [3]])
BOOLS = ("BOOLEAN", [True, False, True])


def nanos():
    return np.array([np.datetime64(f"{NOON_TEXT}789", "ns"), np.datetime64("NaT"), np.datetime64(1, "ns")])


def pandas_columns():
    """Returns, by name, a column and what is stored."""
    texts, arrow = ["a b", None, "é\"\n"], pd.ArrowDtype
    columns = {name: (np.array([1, 2, 3], name), ("LONG", [1, 2, 3])) for name in INTEGERS}
    nullable = [name.replace("uint", "UInt").replace("int", "Int") for name in INTEGERS]
    columns |= {f"nullable_{name}": (pd.array([1, None, 3], dtype=name), WHOLE) for name in nullable}
    columns |= {f"arrow_{name}": (pd.array([1, None, 3], dtype=arrow(getattr(pa, name)())), WHOLE) for name in INTEGERS}
    columns |= {name: (np.array([1.5, np.nan, -2], name), NUMBERS) for name in ("float16", "float32", "float64")}
    columns |= {f"nullable_{name}": (pd.array([1.5, None, -2], dtype=name), NUMBERS) for name in ("Float32", "Float64")}
    columns |= {
        "arrow_double": (pd.array([1.5, None, -2], dtype=arrow(pa.float64())), NUMBERS),
        "big_endian": (np.array([1, 2, 3], ">i8"), ("LONG", [1, 2, 3])),
        "bool": (np.array([True, False, True]), BOOLS),
        "boolean": (pd.array([True, False, True], dtype="boolean"), BOOLS),
        "arrow_bool": (pd.array([True, False, True], dtype=arrow(pa.bool_())), BOOLS),
        "objects_int": (pd.Series([1, None, 3], dtype=object), WHOLE),
        "objects_float": (pd.Series([1.5, None, -2.0], dtype=object), NUMBERS),
        "objects_bool": (pd.Series([True, False, True], dtype=object), BOOLS),
        "objects_str": (pd.Series(texts, dtype=object), TEXTS),
        "objects_date": (pd.Series(DATES, dtype=object), DAYS),
        "objects_decimal": (pd.Series(DECIMALS, dtype=object), EXACT),
        "objects_array": (pd.Series([np.array([1.0, 2.0]), None, np.array([3.0])], dtype=object), ARRAYS),
        "string_python": (pd.array(texts, dtype="string[python]"), TEXTS),
        "string_pyarrow": (pd.array(texts, dtype="string[pyarrow]"), TEXTS),
        "arrow_string": (pd.array(texts, dtype=arrow(pa.string())), TEXTS),
        "arrow_large_string": (pd.array(texts, dtype=arrow(pa.large_string())), TEXTS),
        "category": (pd.Categorical(["x", None, "y,z"]), SYMBOLS),
        "datetime_ns": (pd.Series(nanos()), NANOS),
        "datetime_ns_zone": (pd.Series(nanos()).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"), NANOS),
        "datetime_us": (pd.Series(np.array([f"{NOON_TEXT}", "NaT", "1970-01-01T00:00:00.000001"], "M8[us]")), MICROS),
        "datetime_s": (pd.Series(np.array(["2024-02-29T12:30:15", "NaT", "1970-01-01T00:00:01"], "M8[s]")), SECONDS),
        "arrow_timestamp": (pd.array([NOON, None, D.datetime(1970, 1, 1, 0, 0, 0, 1)], dtype=arrow(pa.timestamp("us"))), MICROS),
    }
    return columns


def arrow_columns():
    texts = ["a b", None, "é\"\n"]
    columns = {name: (pa.array([1, None, 3], getattr(pa, name)()), WHOLE) for name in INTEGERS}
    missing = np.array([False, True, False])
    columns |= {f"f{bits}": (pa.array(np.array([1.5, 0, -2], f"f{bits // 8}"), mask=missing), NUMBERS) for bits in (16, 32, 64)}
    columns |= {
        "bool_": (pa.array([True, False, True]), BOOLS),
        "string": (pa.array(texts), TEXTS),
        "large_string": (pa.array(texts, pa.large_string()), TEXTS),
        "string_view": (pa.array(texts, pa.string_view()), TEXTS),
        "timestamp_s": (pa.array([NOON.replace(microsecond=0), None, D.datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("s")), SECONDS),
        "timestamp_us": (pa.array([NOON, None, D.datetime(1970, 1, 1, 0, 0, 0, 1)], pa.timestamp("us")), MICROS),
        "timestamp_us_zone": (pa.array([NOON, None, D.datetime(1970, 1, 1, 0, 0, 0, 1)], pa.timestamp("us", "UTC")), MICROS),
        "timestamp_ns": (pa.array(nanos()), NANOS),
        "date32": (pa.array(DATES, pa.date32()), DAYS),
        "dictionary": (pa.array(["x", None, "y,z"]).dictionary_encode(), SYMBOLS),
        "decimal128": (pa.array(DECIMALS, pa.decimal128(10, 4)), EXACT),
        "decimal256": (pa.array(DECIMALS, pa.decimal256(50, 4)), EXACT),
        "list": (pa.array([[1.0, 2.0], None, [3.0]]), ARRAYS),
    }
    return columns


def polars_columns():
    texts = ["a b", None, "é\"\n"]
    columns = {
        name: (pl.Series([1, None, 3], dtype=getattr(pl, name)), WHOLE)
        for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    }
    columns |= {name: (pl.Series([1.5, None, -2.0], dtype=getattr(pl, name)), NUMBERS) for name in ("Float32", "Float64")}
    columns |= {
        "Boolean": (pl.Series([True, False, True]), BOOLS),
        "String": (pl.Series(texts), TEXTS),
        "Categorical": (pl.Series(["x", None, "y,z"], dtype=pl.Categorical), SYMBOLS),
        "Enum": (pl.Series(["x", None, "y,z"], dtype=pl.Enum(["y,z", "x"])), SYMBOLS),
        "Date": (pl.Series(DATES), DAYS),
        "Datetime_us": (pl.Series([NOON, None, D.datetime(1970, 1, 1, 0, 0, 0, 1)], dtype=pl.Datetime("us")), MICROS),
        "Datetime_ns": (pl.Series(nanos()), NANOS),
        "Decimal": (pl.Series(DECIMALS, dtype=pl.Decimal(10, 4)), EXACT),
        "List": (pl.Series([[1.0, 2.0], None, [3.0]]), ARRAYS),
    }
    return columns


def pandas_frame(columns):
    return pd.DataFrame({**columns, "at": np.array(TIMES, "M8[us]")})


def arrow_table(columns):
    return pa.table({**columns, "at": pa.array(TIMES, pa.timestamp("us"))})


def polars_frame(columns):
    return pl.DataFrame({**columns, "at": pl.Series(TIMES).cast(pl.Datetime("us"))})


LIBRARIES = {
    "pandas": (pandas_columns, pandas_frame),
    "pyarrow": (arrow_columns, arrow_table),
    "polars": (polars_columns, polars_frame),
}


@pytest.mark.parametrize("transport", ["http", "tcp"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_columns_of_every_type(real_server, library, transport):
    make, frame_of = LIBRARIES[library]
    columns = make()
    table = f"frame_{library}_{transport}"
    # A column of decimals must exist before.
    exact = [f"{name} {kind}" for name, (_, (kind, _)) in columns.items() if "DECIMAL" in kind]
    declared = ", ".join([*exact, "timestamp TIMESTAMP"])
    real_server.sql(f"create table {table} ({declared}) timestamp(timestamp) partition by day wal")
    with Sender.from_conf(getattr(real_server, transport) + "protocol_version=3;") as sender:
        sender.dataframe(frame_of({name: column for name, (column, _) in columns.items()}), table_name=table, at="at")
    types, rows = real_server.read(table, 3)
    found = {name: (types.get(name), [row.get(name) for row in rows]) for name in columns}
    assert found == {name: stored for name, (_, stored) in columns.items()}
    assert [row["timestamp"] for row in rows] == [f"2023-11-14T22:13:20.{i:06}Z" for i in range(3)]


def test_F11_names_that_differ_in_case_are_one_to_the_server(real_server):
    """Why frames refuse them: the second value is lost without a word."""
    with Sender.from_conf(real_server.http) as sender:
        sender.row("cases", columns={"a": 1, "A": 2}, at=TimestampNanos(1))
        sender.row("cases", columns={"A": 3}, at=TimestampNanos(2))
    types, rows = real_server.read("cases", 2)
    assert [name for name in types if name != "timestamp"] == ["a"]
    assert [row["a"] for row in rows] == [1, 3]
