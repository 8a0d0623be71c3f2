"""Small servers that answer as a test says."""

import socket
import threading


def listener():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(50)
    return server


def closed_port():
    """A port at which nobody listens."""
    with listener() as server:
        return server.getsockname()[1]


class HttpServer:
    """Answers each request with what `answer(request)` returns: status and body, or None to answer nothing until the end.

    A request is a tuple of the request line and the body.
    """

    def __init__(self, answer):
        self._answer = answer
        self._listener = listener()
        self.port = self._listener.getsockname()[1]
        self.requests = []
        self.arrived = threading.Event()
        self._ended = threading.Event()
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def conf(self):
        return f"http::addr=127.0.0.1:{self.port};protocol_version=1;"

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                while line := lines.readline():
                    length = 0
                    while (header := lines.readline().strip().lower()) != b"":
                        if header.startswith(b"content-length:"):
                            length = int(header.split(b":")[1])
                    request = (line.decode().strip(), lines.read(length))
                    self.requests.append(request)
                    self.arrived.set()
                    answer = self._answer(request)
                    if answer is None:
                        self._ended.wait()
                        return
                    status, body = answer
                    kind = "application/json" if body.startswith(b"{") else "text/plain"
                    head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall((head if status != 204 else "HTTP/1.1 204 No Content\r\n\r\n").encode() + body)
        except OSError:
            pass

    @property
    def bodies(self):
        """What was written, request by request."""
        return [body for line, body in self.requests if line.startswith("POST")]

    def close(self):
        self._ended.set()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class TcpServer:
    """Takes connections and reads what comes, or nothing of it; `data` is what the first connection sent."""

    def __init__(self, reads=True):
        self._listener = listener()
        self.port = self._listener.getsockname()[1]
        self.conf = f"tcp::addr=127.0.0.1:{self.port};"
        self.connections = []
        self.data = b""
        self.arrived = threading.Event()
        self.ended = threading.Event()
        self._reads = reads
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            self.arrived.set()
            if self._reads:
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        try:
            while part := connection.recv(65536):
                self.data += part
        except OSError:
            pass
        connection.close()
        self.ended.set()

    def close(self):
        self._listener.close()
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
