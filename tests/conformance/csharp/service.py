#!/usr/bin/env python3
"""Ends the example service by a signal while its server refuses connections, and while it never answers.

usage: service.py SIGNAL RUNS COMMAND...

Every run must end within a second and what a busy machine adds, which is measured: by the start-up before, and by how late a thread
wakes meanwhile. The flush that was under way must be reported as cancelled, with the outcome that fits.
"""
import signal
import socket
import subprocess
import sys
import threading
import time


class Silent:
    """Takes requests and never answers."""

    def __init__(self):
        self.asked = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.read, args=(self.listener.accept()[0],), daemon=True).start()

    def read(self, connection):
        while data := connection.recv(65536):
            if b"heartbeats" in data:
                self.asked.set()


class Lateness:
    """Measures how late this machine wakes a thread, while it is entered."""

    def __enter__(self):
        self.worst, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.is_set():
            begin = time.monotonic()
            self.over.wait(0.005)
            self.worst = max(self.worst, time.monotonic() - begin - 0.005)

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def run(number, command, address, asked):
    """Returns what the service said, how long it took to end, and how long it may take."""
    conf = f"http::addr={address};protocol_version=2;auto_flush_rows=10;request_timeout=60000;retry_timeout=60000;"
    begin = time.monotonic()
    process = subprocess.Popen([*command, "service", conf], stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    said = process.stdout.readline()
    start_up = time.monotonic() - begin
    if asked:
        asked.wait(60)
    else:
        time.sleep(0.3)  # until it tries to connect; too short a time would only make the test easier
    begin = time.monotonic()
    with Lateness() as late:
        process.send_signal(number)
        said += process.communicate(timeout=120)[0]
        took = time.monotonic() - begin
    return said, took, 1 + start_up + 10 * late.worst


def main():
    number, runs, command = signal.Signals[sys.argv[1]], int(sys.argv[2]), sys.argv[3:]
    failed = 0
    for what, outcome in (("refuses", "NotSent"), ("is silent", "InDoubt")):
        for _ in range(runs):
            silent = Silent() if outcome == "InDoubt" else None
            address = "127.0.0.1:%d" % silent.listener.getsockname()[1] if silent else "127.0.0.1:1"
            said, took, limit = run(number, command, address, silent and silent.asked)
            bad = []
            if took > limit:
                bad.append("it took too long")
            if f"cancelled, {outcome}, row kept True" not in said or " rows unconfirmed" not in said:
                bad.append(f"it said {said!r}")
            failed += bool(bad)
            print(f"{number.name}, server {what}: ended in {took * 1000:.0f} ms, of {limit * 1000:.0f} ms", *bad, sep="; ")
    print(f"{2 * runs - failed} of {2 * runs}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
