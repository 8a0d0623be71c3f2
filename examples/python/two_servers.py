"""Sends one buffer to two servers. The arguments are their connection strings."""

import sys

from questdb_ingress import Sender, TimestampNanos


def run(confs):
    with Sender.from_conf(confs[0]) as first, Sender.from_conf(confs[1]) as second:
        # A server accepts buffers of its own protocol version and of older ones: the older of the two versions.
        older = min(first, second, key=lambda sender: sender.protocol_version)
        rows = older.new_buffer()
        for number in range(3):
            rows.row("pulses", columns={"number": number}, at=TimestampNanos(1700000000000000000 + number))
        first.flush(rows, clear=False)
        second.flush(rows)  # clears the buffer, which can be filled again


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} CONNECTION_STRING CONNECTION_STRING")
    run(sys.argv[1:3])
