"""All rows or none, in one table. The connection string is the argument."""

import sys

from questdb_ingress import Sender, TimestampNanos


class Overdrawn(Exception):
    """The account has not enough money."""


def run(conf):
    with Sender.from_conf(conf) as sender:
        # A transaction is never flushed automatically. The end of the block commits it.
        with sender.transaction("ledger") as transaction:
            transaction.row(columns={"amount": -100.0}, at=TimestampNanos(1700000000000000000))
            transaction.row(columns={"amount": 100.0}, at=TimestampNanos(1700000000000000001))

        # An exception rolls it back: nothing of it is stored.
        try:
            with sender.transaction("ledger") as transaction:
                transaction.row(columns={"amount": -1e9}, at=TimestampNanos(1700000000000000002))
                raise Overdrawn
        except Overdrawn:
            pass


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
