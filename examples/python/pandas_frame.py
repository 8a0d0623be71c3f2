"""A pandas data frame goes to QuestDB. The connection string is the argument."""

import sys

import pandas
from questdb_ingress import Sender


def trades():
    return pandas.DataFrame(
        {
            "symbol": pandas.Categorical(["ETH-USD", "BTC-USD", "ETH-USD"]),
            "side": pandas.Categorical(["sell", "buy", None]),
            "price": [2615.54, 39269.98, 2615.6],
            "amount": [0.00044, 0.001, None],
            "venue": ["north", "south", None],
            "time": pandas.date_range("2024-01-01", periods=3, freq="s").as_unit("ns"),
        }
    )


def run(conf):
    with Sender.from_conf(conf) as sender:
        # Categories are symbols. What is missing is left out, but a NaN is sent: the server makes it NULL.
        sender.dataframe(trades(), table_name="trades", at="time")


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
