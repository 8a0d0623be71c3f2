"""What to do after a failed flush: the error says what is known about the rows. The connection string is the argument."""

import sys

from questdb_ingress import IngressError, Outcome, Sender, TimestampNanos


def worth_another_try(error):
    """Returns whether the same rows should be sent again."""
    if error.outcome is Outcome.NotSent:
        return error.retryable  # nothing was stored: again, if it can help
    if error.outcome is Outcome.Rejected:
        # Nothing was stored, and the same rows will be refused again.
        print(f"row {error.server_line} is wrong (server error {error.server_error_id})")
        return False
    print("the rows may have been stored")  # safe only if the table deduplicates
    return error.retryable


def run(conf):
    with Sender.from_conf(conf) as sender:
        rows = sender.new_buffer()
        # The second row has text where the first row made a column of integers: the server refuses it.
        for number, value in enumerate([1, "one"]):
            rows.row("results", columns={"value": value}, at=TimestampNanos(1700000000000000000 + number))
        for attempt in range(3):
            try:
                return sender.flush(rows)  # a failed flush leaves the rows in the buffer
            except IngressError as error:
                if not worth_another_try(error) or attempt == 2:
                    print(f"{error.kind}, {error.outcome}: {error}", file=sys.stderr)
                    raise


if __name__ == "__main__":
    try:
        run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
    except IngressError:
        sys.exit(1)
