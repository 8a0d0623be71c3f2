"""Stands between the drivers and a server and does to requests what a case asks for."""
import http.client
import socket
import struct
import threading
import time
from collections import deque

ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


def bound(port=0):
    """A socket that has its port, and refuses who connects until it listens."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Small, so that a large request is still on its way when it is cut off.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.bind(("127.0.0.1", port))
    return s


class Proxy:
    """Requests with rows are passed on unless the plan holds something else for them."""

    def __init__(self, server):
        self.server, self.actions, self.connections = server, deque(), set()
        self.lock = threading.Lock()
        self.refuser = bound()
        self.closed = self.refuser.getsockname()[1]
        self.listeners = {}
        self.http = self.listen(bound(), self.serve_http)
        self.tcp = self.listen(bound(), self.serve_tcp)

    def listen(self, s, serve):
        s.listen(64)
        port = s.getsockname()[1]
        self.listeners[port] = (s, serve)
        threading.Thread(target=self.accept, args=(s, serve), daemon=True).start()
        return port

    def accept(self, s, serve):
        while True:
            try:
                connection = s.accept()[0]
            except OSError:
                return
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self.guarded, args=(serve, connection), daemon=True).start()

    def guarded(self, serve, connection):
        try:
            serve(connection)
        except (OSError, http.client.HTTPException, EOFError):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
            connection.close()

    def plan(self, words):
        if words[0] == "down":
            self.break_all()
            for port, (s, serve) in list(self.listeners.items()):
                s.shutdown(socket.SHUT_RDWR)
                s.close()
                self.listeners[port] = (bound(port), serve)  # so that nobody else takes the port meanwhile
            threading.Timer(int(words[1]) / 1000, self.up).start()
        else:
            self.actions.append(words)

    def up(self):
        for s, serve in list(self.listeners.values()):
            self.listen(s, serve)

    def reset(self):
        self.actions.clear()

    def break_all(self):
        with self.lock:
            for connection in self.connections:
                self.abort(connection)

    @staticmethod
    def abort(connection):
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def stop(self):
        for s, _ in self.listeners.values():
            s.close()
        self.refuser.close()
        self.break_all()

    def serve_tcp(self, client):
        action = self.actions.popleft() if self.actions else ["pass"]
        if action[0] == "reset":
            need = int(action[1])
            while need > 0 and (data := client.recv(65536)):
                need -= len(data)
            # Closed at once: after a shutdown the client could see an end that is clean.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            return client.close()
        backend = socket.create_connection(("127.0.0.1", self.server.tcp))
        threading.Thread(target=self.pump, args=(backend, client), daemon=True).start()
        self.pump(client, backend)

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()

    def serve_http(self, client):
        stream = client.makefile("rb")
        while head := stream.readline():
            method, path, _ = head.decode().split(" ", 2)
            headers = http.client.parse_headers(stream)
            length = int(headers.get("Content-Length", 0))
            rows = method == "POST"
            action = self.actions.popleft() if rows and self.actions else ["pass"]
            if action[0] == "reset-in-body":
                stream.read(min(length, 1000))
                return self.abort(client)
            body = stream.read(length)
            if len(body) < length:
                return None
            if not self.act(client, action, method, path, headers, body):
                return None
        return None

    def act(self, client, action, method, path, headers, body):
        """Does what was planned; false ends the connection."""
        kind, rest = action[0], action[1:]
        if kind == "status":
            more = "".join(f"Retry-After: {w[6:]}\r\n" for w in rest[1:] if w.startswith("after="))
            text = '{"code":"invalid","message":"planned","line":2,"errorId":"ab12-3"}' if "json" in rest else "planned"
            kind = "application/json" if "json" in rest else "text/plain"
            client.sendall(f"HTTP/1.1 {rest[0]} Planned\r\n{more}Content-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n"
                           f"{text}".encode())
            return True
        if kind == "garbage":
            client.sendall(b"220 mail.example ready\r\n")
            return False
        if kind == "close":
            return False
        if kind == "reset":
            self.abort(client)
            return False
        answer = self.forward(method, path, headers, body)
        if kind == "commit-close":
            return False
        if kind == "commit-reset":
            self.abort(client)
            return False
        if kind == "commit-silent":
            client.recv(1)  # until the client gives up
            return False
        if kind == "commit-cut":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of")
            return False
        if kind == "delay":
            time.sleep(int(rest[0]) / 1000)
        client.sendall(answer)
        return True

    def forward(self, method, path, headers, body):
        backend = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=60)
        kept = {k: v for k, v in headers.items() if k.lower() not in ("connection", "content-length", "host")}
        backend.request(method, path, body, kept)
        got = backend.getresponse()
        data = got.read()
        backend.close()
        skipped = ("transfer-encoding", "content-length", "connection", "keep-alive")
        lines = "".join(f"{k}: {v}\r\n" for k, v in got.getheaders() if k.lower() not in skipped)
        length = "" if got.status == 204 else f"Content-Length: {len(data)}\r\n"
        return f"HTTP/1.1 {got.status} {got.reason}\r\n{lines}{length}\r\n".encode() + data
