"""A polars data frame goes to QuestDB, from where it lies in memory. The connection string is the argument."""

import sys
from datetime import datetime

import polars
from questdb_ingress import Sender


def trades():
    return polars.DataFrame(
        {
            "symbol": ["ETH-USD", "BTC-USD", "ETH-USD"],
            "price": [2615.54, 39269.98, None],
            "amount": [3, None, 5],
            "time": [datetime(2024, 1, 1, 0, 0, second) for second in range(3)],
        },
        schema_overrides={"symbol": polars.Categorical},
    )


def run(conf):
    with Sender.from_conf(conf) as sender:
        sender.dataframe(trades(), table_name="trades", at="time")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
