"""A service: workers that send rows until SIGTERM or SIGINT, and an end that takes less than a second, also when the server is
down. The connection string is the argument.
"""

import signal
import sys
import threading

from questdb_ingress import IngressError, Sender, TimestampNanos

#: How long a sender may go on when the service ends.
GRACE = 0.3


def work(number, sender, stop):
    """Sends rows until the service ends. After an error of a flush the rows stay and go with the next flush."""
    while not stop.wait(0.001):
        try:
            sender.row("heartbeats", columns={"worker": number}, at=TimestampNanos.now())
        except IngressError as error:
            print(f"worker {number}: {error.outcome}, row kept {error.row_accepted}", flush=True)
    # What is left gets one more attempt, which the service cuts short if it takes too long.
    try:
        sender.flush()
    except IngressError as error:
        print(f"worker {number}: {error.outcome}, {sender.row_count} rows unconfirmed", flush=True)
    sender.close(flush=False)


def run(conf, workers=8):
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # The service starts also while the server is down.
    senders = [Sender.from_conf(conf + "lazy_connect=on;") for _ in range(workers)]
    threads = [threading.Thread(target=work, args=(i, sender, stop)) for i, sender in enumerate(senders)]
    for sender, thread in zip(senders, threads):
        sender.establish()
        thread.start()
    print("running", flush=True)
    stop.wait()
    for thread in threads:
        thread.join(GRACE / workers)
    while any(thread.is_alive() for thread in threads):
        # Another thread's flush ends by this, with an error that says what is known about its rows.
        for sender in senders:
            sender.cancel()
        for thread in threads:
            thread.join(0.02)


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;")
