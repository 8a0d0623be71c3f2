"""Drop the bad row, keep the rest: a row that cannot be built, and one that the server refuses. The connection string is the
argument.
"""

import sys

from questdb_ingress import IngressError, Outcome, Sender, ServerTimestamp

# The third cannot be written; the fourth is text where the others are numbers, which only the server can know.
VALUES = [1, 2, 10**30, "four", 5]


def run(conf):
    with Sender.from_conf(conf) as sender:
        for value in VALUES:
            try:
                sender.row("measurements", columns={"value": value}, at=ServerTimestamp)
            except OverflowError as error:
                print("left out:", error)  # only this row is dropped
        flush_good_rows(sender)


def flush_good_rows(sender):
    """Sends what the server takes. A refused row is named by its number, removed, and the rest sent again."""
    while True:
        try:
            return sender.flush()
        except IngressError as error:
            if error.outcome is not Outcome.Rejected or not error.server_line:
                raise  # nothing is known about a single row
            print("refused:", error)
            sender.remove_rows(error.server_line)


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
