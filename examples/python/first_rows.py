"""Sends rows over any protocol. The connection string is the argument."""

import sys

from questdb_ingress import Sender, TimestampNanos

# [readme]


def run(conf):
    with Sender.from_conf(conf) as sender:
        for price in (2615.54, 2616.1):
            # Flushes by itself when a limit is reached.
            sender.row(
                "trades",
                symbols={"symbol": "ETH-USD"},
                columns={"price": price, "amount": 3},
                at=TimestampNanos.now(),
            )
    # The end of the block has sent the rest; an error says what is known about the rows.


# [/readme]

if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
