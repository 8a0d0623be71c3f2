"""A loop that never calls flush: rows are sent automatically when a limit is reached. The connection string is the argument, such as
http::addr=localhost:9000;auto_flush_rows=1000;auto_flush_interval=500;
"""

import sys

from questdb_ingress import IngressError, Sender, TimestampNanos


def run(conf):
    sender = Sender.from_conf(conf)
    sender.establish()
    try:
        for number in range(10_000):
            add(sender, number)
        sender.close()  # sends the rest
    finally:
        stats = sender.stats()
        print(f"{stats['rows_committed']} rows in {stats['flushes']} requests, {sender.row_count} unconfirmed")
        sender.close(flush=False)


def add(sender, number):
    try:
        sender.row("ticks", columns={"number": number}, at=TimestampNanos(1700000000000000000 + number))
    except IngressError as error:
        # If only the flush failed, the row is in the sender, and the next row would try again. This example stops instead.
        if error.row_accepted:
            print(f"row {number} waits in the sender", file=sys.stderr)
        raise


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
