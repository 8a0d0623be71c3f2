"""Reads what the receiver's file store wrote with pyarrow, pandas, polars and DuckDB, and compares values and types.

Called by ci/receiver-files with the folder of the store."""

import datetime
import decimal
import sys
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

folder = Path(sys.argv[1])
part = next((folder / "db" / "every%20type").rglob("*.parquet"))
UTC = datetime.timezone.utc
MOMENT = datetime.datetime(2024, 1, 1, tzinfo=UTC)
MICRO = datetime.timedelta(microseconds=1)
VALUES = {
    "timestamp": [MOMENT + MICRO, MOMENT + 2 * MICRO, MOMENT + 3 * MICRO],
    "sym": ["Zürich", "a b", None],
    "txt": ["x\U0001f600", "", None],
    "lng": [2**63 - 1, -1, None],
    "dbl": [0.1, -1e300, None],
    "boo": [True, False, None],
    "micros": [MOMENT + MICRO, MOMENT + 2 * MICRO, None],
    "l256": [b"\x01" * 32, b"\xff" * 32, None],
    "uuid": [b"\x01" * 16, b"\xff" * 16, None],
    "arr": [[1.5, 2.5], [], None],
    "mat": [[[1.0, 2.0], [3.0, 4.0]], [], None],
    "dec": [decimal.Decimal("12.345"), decimal.Decimal("-0.001"), None],
    "wide": [decimal.Decimal("0.01"), decimal.Decimal("-0.07"), None],
}
# Nanoseconds since 1970, which the datetime of Python cannot express.
NANOS = [1_704_067_200_000_000_001, 1_704_067_200_000_000_002, None]
passed = failed = 0


def case(title):
    def run(test):
        global passed, failed
        try:
            test()
            passed += 1
            print("ok:", title)
        except Exception as error:  # What fails is counted, and the others run.
            failed += 1
            print("FAILED:", title, type(error).__name__, error)

    return run


def same(found, expected, what):
    assert found == expected, f"{what}: {found!r}, not {expected!r}"


@case("pyarrow: values and types")
def _():
    table = pyarrow.parquet.read_table(part)
    times, nanos = pyarrow.timestamp("us", "UTC"), pyarrow.timestamp("ns", "UTC")
    doubles = pyarrow.list_(pyarrow.float64())
    types = {
        "timestamp": times, "sym": pyarrow.dictionary(pyarrow.int32(), pyarrow.utf8()), "txt": pyarrow.utf8(),
        "lng": pyarrow.int64(), "dbl": pyarrow.float64(), "boo": pyarrow.bool_(), "nanos": nanos, "micros": times,
        "l256": pyarrow.binary(32), "uuid": pyarrow.binary(16), "arr": doubles, "mat": pyarrow.list_(doubles),
        "dec": pyarrow.decimal128(18, 3), "wide": pyarrow.decimal256(76, 2),
    }
    same({f.name: f.type for f in table.schema}, types, "types")
    for name, values in VALUES.items():
        same(table[name].to_pylist(), values, name)
    same(table["nanos"].cast(pyarrow.int64()).to_pylist(), NANOS, "nanos")


@case("pyarrow: rows are sorted, compressed and described as such")
def _():
    file = pyarrow.parquet.ParquetFile(part)
    group = file.metadata.row_group(0)
    same(group.column(0).compression, "SNAPPY", "compression")
    same([c.column_index for c in group.sorting_columns], [0], "sorted by")
    same(group.column(0).statistics.min, VALUES["timestamp"][0], "first time")


@case("pandas: values and types")
def _():
    frame = pandas.read_parquet(part)
    same(str(frame["timestamp"].dtype), "datetime64[us, UTC]", "timestamp")
    same(str(frame["nanos"].dtype), "datetime64[ns, UTC]", "nanos")
    same(str(frame["sym"].dtype), "category", "sym")
    same(list(frame["sym"])[:2], VALUES["sym"][:2], "sym")
    same(list(frame["txt"])[:2], VALUES["txt"][:2], "txt")
    same([v.value for v in frame["nanos"][:2]], NANOS[:2], "nanos")
    same(list(frame["dec"])[:2], VALUES["dec"][:2], "dec")
    same([list(v) for v in frame["arr"][:2]], VALUES["arr"][:2], "arr")


@case("polars: values and types")
def _():
    # Polars has no decimals of more than 38 digits.
    names = [name for name in [*VALUES, "nanos"] if name != "wide"]
    frame = polars.read_parquet(part, columns=names)
    schema = frame.schema
    same(schema["timestamp"], polars.Datetime("us", "UTC"), "timestamp")
    same(schema["nanos"], polars.Datetime("ns", "UTC"), "nanos")
    assert schema["sym"] in (polars.Categorical, polars.String), schema["sym"]
    same(schema["txt"], polars.String, "txt")
    same(schema["dec"], polars.Decimal(18, 3), "dec")
    same(schema["mat"], polars.List(polars.List(polars.Float64)), "mat")
    for name in names:
        if name != "nanos":
            same(frame[name].to_list(), VALUES[name], name)
    same(frame["nanos"].cast(polars.Int64).to_list(), NANOS, "nanos")


@case("DuckDB: values and types")
def _():
    names = [name for name in VALUES if name != "wide"]
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    rows = db.sql(f"select {', '.join(names)} from '{part}' order by timestamp")
    types = dict(zip(rows.columns, map(str, rows.types)))
    expected = {
        "timestamp": "TIMESTAMP WITH TIME ZONE", "sym": "VARCHAR", "txt": "VARCHAR", "lng": "BIGINT", "dbl": "DOUBLE",
        "boo": "BOOLEAN", "l256": "BLOB", "uuid": "BLOB", "arr": "DOUBLE[]", "mat": "DOUBLE[][]", "dec": "DECIMAL(18,3)",
    }
    for name, duck in expected.items():
        same(types[name], duck, name)
    values = [name for name in names if name not in ("timestamp", "micros")]
    for row, found in enumerate(rows.project(", ".join(values)).fetchall()):
        for name, value in zip(values, found):
            same(value, VALUES[name][row], name)
    micros = db.sql(f"select epoch_us(timestamp) from '{part}' order by 1").fetchall()
    same([value for (value,) in micros], [1_704_067_200_000_000 + n for n in (1, 2, 3)], "timestamp")


@case("all files of a table, by time")
def _():
    files = f"{folder}/db/trades/*/*.parquet"
    # 20 requests with 50 rows over five days.
    count, days = duckdb.sql(f"select count(*), count(distinct timestamp::date) from '{files}'").fetchall()[0]
    same((count, len(list((folder / "db/trades").iterdir()))), (1000, 5), "rows and folders")
    same(polars.scan_parquet(files).select(polars.len()).collect().item(), 1000, "polars")
    same(pyarrow.dataset.dataset(folder / "db/trades").count_rows(), 1000, "pyarrow")
    same(len(pandas.read_parquet(folder / "db/trades")), 1000, "pandas")
    times = duckdb.sql(f"select id, n from '{files}' where id = 7 order by timestamp").fetchall()
    same([n for _, n in times], list(range(50)), "one request")


print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
