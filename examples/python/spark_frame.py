"""A Spark data frame goes to QuestDB: each partition by a task of its own, which has a sender of its own and takes the batches as
they lie in Arrow's memory. The connection string is the argument.

A task that fails runs again. Rows of its first run may have been stored before it failed, so the table must deduplicate:

CREATE TABLE readings (time TIMESTAMP, sensor SYMBOL, value DOUBLE) TIMESTAMP(time) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(time, sensor)
"""

import sys

import pyarrow
from pyspark.sql import SparkSession
from questdb_ingress import Sender


def sender_of(conf):
    """Returns the work of a task: it sends the batches of a partition, and returns the number of rows."""

    def send(batches):
        rows = 0
        with Sender.from_conf(conf) as sender:
            for batch in batches:
                sender.dataframe(batch, table_name="readings", symbols=["sensor"], at="time")
                rows += batch.num_rows
        yield pyarrow.record_batch({"rows": [rows]})

    return send


def run(conf):
    # Two tasks at a time; one that fails is run up to four times. A cluster has spark.task.maxFailures for that.
    spark = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false").getOrCreate()
    readings = spark.range(0, 100_000, numPartitions=8).selectExpr(
        "timestamp_seconds(1704067200 + id) AS time", "concat('s', id % 10) AS sensor", "id / 10 AS value"
    )
    sent = [row.rows for row in readings.mapInArrow(sender_of(conf), "rows long").collect()]
    spark.stop()
    print(f"{sum(sent)} rows in {len(sent)} tasks")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
