"""Batches of Arrow go to QuestDB as they come, without the whole ever being in memory. The connection string is the argument.

Whatever has Arrow's stream interface is sent in the same way: a reader of Parquet files, a relation of DuckDB, a data frame.
"""

import sys

import pyarrow
from questdb_ingress import Sender

SCHEMA = pyarrow.schema(
    [
        ("time", pyarrow.timestamp("us")),
        ("sensor", pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
        ("value", pyarrow.float64()),
    ]
)


def batches(count=10, rows=10_000):
    """Makes batches one after the other."""
    for first in range(0, count * rows, rows):
        numbers = range(first, first + rows)
        yield pyarrow.record_batch(
            [
                pyarrow.array([1704067200_000_000 + number for number in numbers], SCHEMA.field("time").type),
                pyarrow.array([f"s{number % 10}" for number in numbers]).dictionary_encode().cast(SCHEMA.field("sensor").type),
                pyarrow.array([number / 10 for number in numbers], pyarrow.float64()),
            ],
            schema=SCHEMA,
        )


def run(conf):
    reader = pyarrow.RecordBatchReader.from_batches(SCHEMA, batches())
    with Sender.from_conf(conf) as sender:
        sender.dataframe(reader, table_name="readings", at="time")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
