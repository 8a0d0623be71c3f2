"""A row with a column of every type. The connection string is the argument."""

import sys
from datetime import datetime, timezone

from questdb_ingress import Sender, TimestampNanos


def run(conf):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    nanos = TimestampNanos(1767323045000000006)
    with Sender.from_conf(conf) as sender:
        sender.row(
            "every_type",
            symbols={"symbol": "ETH-USD"},
            columns={
                "bool": True,
                "long": -42,
                "double": 2615.54,
                "string": 'grüß "Gott"\n',
                "micros": now,
                "nanos": nanos,
                # Two rows of three. An array of numpy is not copied.
                "array": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
                # None leaves the column out.
                "nothing": None,
            },
            at=nanos,
        )


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
