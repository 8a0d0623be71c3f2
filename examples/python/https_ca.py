"""HTTPS with your own certificate authority and a user. The arguments are the connection string, such as
https::addr=localhost:9000;username=admin;password=quest; and a file with certificates.
"""

import sys

from questdb_ingress import Sender, TimestampNanos


def run(conf, ca_file):
    # Options given as arguments need no escaping of ';', unlike in a connection string.
    with Sender.from_conf(conf, tls_roots=ca_file) as sender:
        sender.row("secrets", columns={"word": "caffè"}, at=TimestampNanos(1700000000000000000))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} CONNECTION_STRING FILE_WITH_CERTIFICATES")
    run(sys.argv[1], sys.argv[2])
