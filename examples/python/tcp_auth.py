"""ILP over TCP, authenticated with an ECDSA key. The connection string is the argument, such as
tcp::addr=localhost:9009;username=testUser1;token=<d>;token_x=<x>;token_y=<y>;
"""

import sys

from questdb_ingress import Sender, TimestampMicros


def run(conf):
    # Connects and signs the server's challenge; an IngressError, AuthError, if the server refuses the key in time.
    with Sender.from_conf(conf) as sender:
        sender.row(
            "meters",
            symbols={"room": "hall"},
            columns={"celsius": 21.5, "valid": True},
            at=TimestampMicros(1700000000000000),
        )
    # TCP has no acknowledgement: success means that the kernel took the bytes. A server that refuses them closes the connection,
    # which a later flush reports.


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} CONNECTION_STRING")
    run(sys.argv[1])
