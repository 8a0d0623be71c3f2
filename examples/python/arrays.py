"""Arrays of doubles, also parts and transposed views of numpy's memory. The connection string is the argument."""

import sys

import numpy as np

from questdb_ingress import Sender, TimestampNanos


def run(conf):
    # An order book: two sides, three levels each.
    book = np.array([[10.5, 10.4, 10.3], [10.6, 10.7, 10.8]])
    with Sender.from_conf(conf) as sender:
        sender.row(
            "books",
            columns={
                "whole": book,
                # The same memory with the dimensions swapped.
                "turned": book.T,
                # The second row backwards.
                "back": book[1, ::-1],
                # Without numpy: lists of numbers, nested as deep as the array has dimensions.
                "best": [10.5, 10.6],
            },
            at=TimestampNanos(1700000000000000000),
        )


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
