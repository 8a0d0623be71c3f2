"""Takes what senders send and answers as QuestDB does. It is a process of its own, so that only the client's time is measured.

usage: sink.py [--digest]

The first line of its output has the ports of HTTP and TCP. With --digest every line of input is answered by the digest of all rows
that came since the one before. It ends with its input.
"""

import hashlib
import json
import re
import socket
import sys
import threading
import time

SETTINGS = json.dumps({"config": {"line.proto.support.versions": [1, 2, 3], "cairo.max.file.name.length": 127}}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(SETTINGS) + SETTINGS
NO_CONTENT = (
    b"HTTP/1.1 204 OK\r\nServer: questDB/1.0\r\nDate: Sat, 22 Nov 2026 01:02:03 GMT\r\n"
    b"Content-type: application/json; charset=utf-8\r\n\r\n"
)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Rows:
    """What came, as a digest."""

    def __init__(self, is_on):
        self.is_on, self.hash, self.open = is_on, hashlib.sha256(), 0

    def add(self, data):
        if self.is_on:
            self.hash.update(data)

    def taken(self):
        while self.open:  # a connection that is still read
            time.sleep(0.01)
        done, self.hash = self.hash.hexdigest(), hashlib.sha256()
        return done


def http(connection, rows):
    data = memoryview(bytearray(1 << 20))
    got = b""
    while True:
        while b"\r\n\r\n" not in got:
            count = connection.recv_into(data)
            if not count:
                return
            got += data[:count]
        head, _, got = got.partition(b"\r\n\r\n")
        if not head.startswith(b"POST"):
            connection.sendall(OK)
            continue
        need = int(LENGTH.search(head)[1])
        rows.add(got[:need])
        need, got = need - len(got[:need]), got[need:]
        while need:
            count = connection.recv_into(data, min(need, len(data)))
            if not count:
                return
            rows.add(data[:count])
            need -= count
        connection.sendall(NO_CONTENT)


def tcp(connection, rows):
    data = memoryview(bytearray(1 << 20))
    while count := connection.recv_into(data):
        rows.add(data[:count])


def served(serve, connection, rows):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        serve(connection, rows)
    except OSError:
        pass
    finally:
        connection.close()
        rows.open -= 1


def accept(listener, serve, rows):
    while True:
        connection, _ = listener.accept()
        rows.open += 1
        threading.Thread(target=served, args=(serve, connection, rows), daemon=True).start()


def main():
    rows = Rows("--digest" in sys.argv)
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for listener, serve in zip(listeners, (http, tcp)):
        threading.Thread(target=accept, args=(listener, serve, rows), daemon=True).start()
    print(*(listener.getsockname()[1] for listener in listeners), flush=True)
    for _ in sys.stdin:
        print(rows.taken(), flush=True)


if __name__ == "__main__":
    main()
