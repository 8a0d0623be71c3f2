"""Rows go to QuestDB by tasks of Ray, each with a sender of its own. The connection string is the argument.

A task that fails runs again. Rows of its first run may have been stored before it failed, so the table must deduplicate:

CREATE TABLE readings (time TIMESTAMP, sensor SYMBOL, value DOUBLE) TIMESTAMP(time) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(time, sensor)
"""

import sys

import pandas
import ray
from questdb_ingress import IngressError, Sender

PARTITIONS, ROWS = 8, 12_500


def readings(partition):
    """Returns the rows of a partition. A run again makes the same rows."""
    numbers = range(partition * ROWS, (partition + 1) * ROWS)
    return pandas.DataFrame(
        {
            "time": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(numbers, unit="s"),
            "sensor": [f"s{number % 10}" for number in numbers],
            "value": [number / 10 for number in numbers],
        }
    )


@ray.remote(max_retries=3, retry_exceptions=[IngressError])
def send(partition, conf):
    frame = readings(partition)
    with Sender.from_conf(conf) as sender:
        sender.dataframe(frame, table_name="readings", symbols=["sensor"], at="time")
    return len(frame)


def run(conf):
    ray.init(num_cpus=2, include_dashboard=False)
    sent = ray.get([send.remote(partition, conf) for partition in range(PARTITIONS)])
    ray.shutdown()
    print(f"{sum(sent)} rows in {len(sent)} tasks")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
