"""Loads real data from CSV files into QuestDB. The connection string is the argument."""

import csv
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from questdb_ingress import Sender

DATA = Path(__file__).parent.parent / "data"


def rows_of(name):
    with open(DATA / name, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def utc(text, form):
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc)


def weather(sender):
    for row in rows_of("seattle-weather.csv"):
        sender.row(
            "weather",
            symbols={"kind": row["weather"]},
            columns={
                "precipitation_mm": float(row["precipitation"]),
                "temp_max_c": float(row["temp_max"]),
                "temp_min_c": float(row["temp_min"]),
                "wind_ms": float(row["wind"]),
            },
            at=utc(row["date"], "%Y/%m/%d"),
        )


def temps(sender):
    for row in rows_of("seattle-temps.csv"):
        sender.row(
            "temps",
            symbols={"city": "Seattle"},
            columns={"temp_f": float(row["temp"])},
            at=utc(row["date"], "%Y/%m/%d %H:%M"),
        )


def run(conf):
    start = time.perf_counter()
    with Sender.from_conf(conf) as sender:
        weather(sender)
        temps(sender)
        sender.flush()
        stats = sender.stats()
    rows = stats["rows_committed"] + stats["rows_submitted"]
    rate = rows / (time.perf_counter() - start)
    print(f"{rows} rows in {stats['flushes']} flushes, {rate:.0f} rows/s")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
