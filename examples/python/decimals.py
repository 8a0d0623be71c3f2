"""Decimals, exact. QuestDB needs the columns to exist, for example
CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), ts TIMESTAMP) …
The connection string is the argument.
"""

import sys
from decimal import Decimal

from questdb_ingress import Sender, TimestampNanos


def run(conf):
    with Sender.from_conf(conf) as sender:
        sender.row(
            "invoices",
            columns={
                "net": Decimal("1234.50"),
                # An integer of cents.
                "tax": Decimal(23456).scaleb(-2),
                "rate": Decimal("-0.0001"),
            },
            at=TimestampNanos(1700000000000000000),
        )


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
