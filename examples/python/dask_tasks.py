"""A Dask data frame goes to QuestDB: each partition by a task of its own, which has a sender of its own. The connection string is
the argument.

A task that fails runs again. Rows of its first run may have been stored before it failed, so the table must deduplicate:

CREATE TABLE readings (time TIMESTAMP, sensor SYMBOL, value DOUBLE) TIMESTAMP(time) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(time, sensor)
"""

import sys

import dask
import dask.dataframe
import pandas
from dask.distributed import Client
from questdb_ingress import Sender


def readings(count=100_000):
    return pandas.DataFrame(
        {
            "time": pandas.date_range("2024-01-01", periods=count, freq="s"),
            "sensor": [f"s{number % 10}" for number in range(count)],
            "value": [number / 10 for number in range(count)],
        }
    )


def send(frame, conf):
    """Sends a partition. An error fails the task; what the error says of the rows does not matter, as the table deduplicates."""
    with Sender.from_conf(conf) as sender:
        sender.dataframe(frame, table_name="readings", symbols=["sensor"], at="time")
    return len(frame)


def run(conf):
    partitions = dask.dataframe.from_pandas(readings(), npartitions=8).to_delayed()
    tasks = [dask.delayed(send)(partition, conf) for partition in partitions]
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        sent = client.gather(client.compute(tasks, retries=3))
    print(f"{sum(sent)} rows in {len(sent)} tasks")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
