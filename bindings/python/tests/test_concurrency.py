"""Threads, signals, event loops, forks and interpreters."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from questdb.ingress import Buffer, IngressError, IngressErrorCode, Outcome, Sender, ServerTimestamp
from servers import HttpServer, TcpServer
from test_sender import ROW, raises, wait_for

CODE = IngressErrorCode


class Gate:
    """A server that answers once it may."""

    def __init__(self):
        self.open = threading.Event()
        self.server = HttpServer(self._answer)

    def _answer(self, request):
        self.open.wait()
        return 204, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.server.close()


def test_L18_other_threads_run_during_a_flush():
    with Gate() as gate, Sender.from_conf(gate.server.conf) as sender:
        sender.row("t", **ROW)
        counted = []

        def count():
            gate.server.arrived.wait()
            # The flush cannot end before the gate opens, so all of this runs during the flush.
            counted.extend(range(100_000))
            gate.open.set()

        thread = threading.Thread(target=count)
        thread.start()
        sender.flush()
        thread.join()
        assert len(counted) == 100_000


@pytest.mark.parametrize("call", ["establish", "close", "transaction", "auto flush"])
def test_L18_other_threads_run_during_other_calls(call):
    with Gate() as gate:
        conf = gate.server.conf
        if call == "establish":
            # The server is asked for its version.
            conf = conf.replace("protocol_version=1;", "")
        sender = Sender.from_conf(conf, auto_flush_rows=2)
        threading.Thread(target=lambda: gate.server.arrived.wait() and gate.open.set()).start()
        if call == "establish":
            with pytest.raises(IngressError):
                # The answer 204 does not say which versions there are.
                sender.establish()
            return
        sender.establish()
        sender.row("t", **ROW)
        if call == "close":
            sender.close()
        elif call == "auto flush":
            sender.row("t", **ROW)
            assert len(sender) == 0
        else:
            with sender.transaction("t"):
                pass
        assert len(gate.server.bodies) == 1


def test_L18_a_sender_in_use_is_refused():
    with Gate() as gate:
        sender = Sender.from_conf(gate.server.conf)
        sender.establish()
        buffer = sender.new_buffer().row("t", **ROW)
        thread = threading.Thread(target=sender.flush, args=(buffer,))
        thread.start()
        gate.server.arrived.wait()
        for what, calls in (
            ("sender", [sender.flush, sender.close, sender.clear, lambda: sender.row("t", **ROW), lambda: len(sender)]),
            ("buffer", [buffer.clear, lambda: buffer.row("t", **ROW), lambda: bytes(buffer)]),
        ):
            for call in calls:
                with raises(CODE.InvalidApiCall, f"the {what} is in use"):
                    call()
        assert sender.stats()["flushes"] == 0
        gate.open.set()
        thread.join()
        assert len(buffer) == 0 and sender.stats()["flushes"] == 1
        sender.close()


def test_L18_cancel():
    with Gate() as gate:
        sender = Sender.from_conf(gate.server.conf)
        sender.establish()
        sender.row("t", **ROW)
        seen = []

        def flush():
            try:
                sender.flush()
            except IngressError as e:
                seen.append(e)

        thread = threading.Thread(target=flush)
        thread.start()
        gate.server.arrived.wait()
        while thread.is_alive():
            sender.cancel()
            thread.join(0.01)
        assert (seen[0].kind, seen[0].outcome) == ("CANCELLED", Outcome.InDoubt)
        assert str(sender) == "t a=1i\n"
        sender.close(flush=False)


WAITING = """
import signal, sys
from questdb_ingress import Sender, ServerTimestamp
# Whoever started the tests may have made the process ignore it, as shells do for what runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
sender = Sender.from_conf(sys.argv[1], **({'auto_flush_rows': 1} if sys.argv[2] == 'row' else {'auto_flush': False}))
if sys.argv[2] == 'establish':
    call = sender.establish
else:
    sender.establish()
    if sys.argv[2] == 'row':
        call = lambda: sender.row('t', columns={'a': 1}, at=ServerTimestamp)
    else:
        sender.row('t', columns={'a': 1}, at=ServerTimestamp)
        call = getattr(sender, sys.argv[2])
try:
    call()
except KeyboardInterrupt as e:
    print('interrupted', type(e.__cause__).__name__, getattr(e.__cause__, 'kind', None), len(sender), flush=True)
    sender.close(flush=False)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
@pytest.mark.parametrize("call", ["flush", "row", "close", "establish"])
def test_L19_ctrl_c_ends_a_call(call):
    with HttpServer(lambda request: None) as server:
        # No limit of time would end the call within the test.
        conf = f"http::addr=127.0.0.1:{server.port};request_timeout=3600000;retry_timeout=3600000;"
        if call != "establish":
            conf += "protocol_version=1;"
        program = subprocess.Popen([sys.executable, "-c", WAITING, conf, call], stdout=subprocess.PIPE, text=True)
        assert server.arrived.wait(60)
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=60)
        rows = 0 if call == "establish" else 7
        assert out == f"interrupted IngressError CANCELLED {rows}\n"
        assert program.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_L19_a_handler_that_does_not_raise():
    with Gate() as gate, Sender.from_conf(gate.server.conf) as sender:
        sender.row("t", **ROW)
        handled = threading.Event()
        before = signal.signal(signal.SIGUSR1, lambda *_: handled.set())
        try:

            def send():
                gate.server.arrived.wait()
                os.kill(os.getpid(), signal.SIGUSR1)
                handled.wait()
                gate.open.set()

            thread = threading.Thread(target=send)
            thread.start()
            sender.flush()
            thread.join()
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert len(sender) == 0


FORK = """
import os, sys
from questdb_ingress import Sender, ServerTimestamp, IngressError, Buffer
sender = Sender.from_conf(sys.argv[1], auto_flush=False)
sender.establish()
sender.row('t', columns={'a': 1}, at=ServerTimestamp)
child = os.fork()
if child == 0:
    said = []
    for call in (sender.flush, lambda: sender.flush(Buffer().row('t', columns={'a': 2}, at=ServerTimestamp)),
                 lambda: sender.transaction('t').__enter__(), sender.close):
        try:
            call()
            said.append('no error')
        except IngressError as e:
            said.append(e.code.name + ' ' + str('fork' in str(e)))
    # A new sender of the child works.
    with Sender.from_conf(sys.argv[1]) as own:
        own.row('t', columns={'a': 3}, at=ServerTimestamp)
    print(said, flush=True)
    os._exit(0)
os.waitpid(child, 0)
sender.flush()
sender.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_L20_fork(receiver, protocol):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK, getattr(receiver, protocol)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = ["InvalidApiCall True"] * 4
    # A transaction is refused because of the rows, before the process is looked at.
    expected[2] = "InvalidApiCall False"
    assert done.stdout == f"{expected}\n"
    wait_for(lambda: len(receiver.rows("t")) == 2)
    assert sorted(row["a"] for row in receiver.rows("t")) == ["1", "3"]


FORK_IN_A_FLUSH = """
import os, sys, threading
from questdb_ingress import Buffer, IngressError, Sender, ServerTimestamp
sender = Sender.from_conf(sys.argv[1], auto_flush=False, request_timeout=3600000)
sender.establish()
buffer = Buffer().row('t', columns={'a': 1}, at=ServerTimestamp)
idle = Buffer().row('t', columns={'a': 2}, at=ServerTimestamp)
sender.row('t', columns={'a': 3}, at=ServerTimestamp)
thread = threading.Thread(target=sender.flush, args=(buffer,))
thread.start()
sys.stdin.readline()  # the request is with the server
child = os.fork()
if child == 0:
    said = []
    for call in (sender.flush, sender.close, lambda: sender.row('t', columns={'a': 4}, at=ServerTimestamp), buffer.clear):
        try:
            call()
            said.append('no error')
        except IngressError as e:
            said.append('in use' in str(e))
    # A buffer that nobody was using is the child's own copy.
    idle.row('t', columns={'a': 5}, at=ServerTimestamp)
    print(said, str(idle).split(), sender.stats()['flushes'], flush=True)
    os._exit(0)
os.waitpid(child, 0)
print('waited', flush=True)
sys.stdin.readline()  # the server has answered
thread.join()
print(len(buffer), str(idle).split(), sender.stats()['flushes'], flush=True)
sender.close(flush=False)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_L20_fork_while_another_thread_flushes():
    with Gate() as gate:
        command = [sys.executable, "-W", "ignore", "-c", FORK_IN_A_FLUSH, gate.server.conf]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert gate.server.arrived.wait(60)
        program.stdin.write("go\n")
        program.stdin.flush()
        assert program.stdout.readline() == "[True, True, True, True] ['t', 'a=2i', 't', 'a=5i'] 0\n"
        assert program.stdout.readline() == "waited\n"
        gate.open.set()
        out, _ = program.communicate("go\n", timeout=60)
        assert (out, program.returncode) == ("0 ['t', 'a=2i'] 1\n", 0)
        assert gate.server.bodies == [b"t a=1i\n"]


def test_threads_with_buffers_of_their_own():
    def work(n):
        buffer = buffers[n]
        for i in range(3000):
            buffer.row("t", symbols={"s": f"s{i % 7}"}, columns={"n": n, "i": i, "é": "é"}, at=ServerTimestamp)

    buffers = [Buffer() for _ in range(6)]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, buffer in enumerate(buffers):
        expected = "".join(f't,s=s{i % 7} n={n}i,i={i}i,é="é"\n' for i in range(3000))
        assert str(buffer) == expected


def test_threads_with_one_buffer():
    """Rows are whole and no call is lost, except those that found the buffer in use and said so."""
    buffer, added = Buffer(), []

    def work(n):
        for i in range(3000):
            try:
                buffer.row("t", columns={"n": n, "i": i}, at=ServerTimestamp)
                added.append((n, i))
            except IngressError as e:
                assert e.code is CODE.InvalidApiCall

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(buffer).splitlines()) == sorted(f"t n={n}i,i={i}i" for n, i in added)


def test_flush_async():
    async def main():
        with Gate() as gate, Sender.from_conf(gate.server.conf) as sender:
            buffer = sender.new_buffer().row("t", **ROW)
            task = asyncio.ensure_future(sender.flush_async(buffer))
            ticks = 0
            while not gate.server.arrived.is_set():
                await asyncio.sleep(0)
                ticks += 1
            # The loop goes on while the flush waits.
            with raises(CODE.InvalidApiCall, "in use"):
                sender.flush()
            gate.open.set()
            assert await task is None
            assert len(buffer) == 0 and ticks > 0
            sender.row("t", **ROW)
            await sender.flush_async()
            assert len(sender) == 0
            with pytest.raises(ValueError):
                await sender.flush_async(clear=False)
            await sender.flush_async(sender.new_buffer().row("t", **ROW), clear=False, transactional=True)
            assert len(gate.server.bodies) == 3

    asyncio.run(main())


def test_flush_async_error():
    async def main():
        with HttpServer(lambda request: (400, b"no")) as server, Sender.from_conf(server.conf) as sender:
            with raises(CODE.ServerFlushError):
                await sender.flush_async(sender.new_buffer().row("t", **ROW))

    asyncio.run(main())


def test_flush_async_cancelled():
    async def main():
        with HttpServer(lambda request: None) as server:
            sender = Sender.from_conf(server.conf, request_timeout=3_600_000)
            sender.establish()
            sender.row("t", **ROW)
            task = asyncio.ensure_future(sender.flush_async())
            while not server.arrived.is_set():
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The flush has ended, so the sender can be used.
            assert str(sender) == "t a=1i\n"
            assert sender.stats()["last_error"].kind == "CANCELLED"
            sender.close(flush=False)

    asyncio.run(main())


def test_subinterpreters_are_refused():
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        interpreters = pytest.importorskip("_interpreters")
    code = "try:\n import questdb_ingress\n said = 'imported'\nexcept ImportError as e:\n said = str(e)\nassert 'interpreter' in said, said"
    # In a process of its own, because a failed check may take the interpreter down.
    program = (
        f"import {interpreters.__name__} as i\nimport questdb_ingress\nn = i.create()\n"
        f"failed = i.run_string(n, {code!r})\nassert failed is None, failed\ni.destroy(n)\nprint('refused')"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.stdout == "refused\n", done.stderr


def test_S20_a_slow_reader_has_its_time():
    """A body that takes longer than request_timeout alone is sent, because the size adds to the limit."""
    with HttpServer(lambda request: (time.sleep(0.3), (204, b""))[1]) as server:
        options = {"request_timeout": 50, "request_min_throughput": 10_000, "retry_timeout": 0}
        with Sender.from_conf(server.conf, **options) as sender:
            sender.row("t", columns={"a": "x" * 600_000}, at=ServerTimestamp)
            sender.flush()
        assert len(server.bodies) == 1


def test_tcp_server_that_does_not_read_is_left_by_ctrl_c():
    with TcpServer(reads=False) as server:
        sender = Sender.from_conf(server.conf, auto_flush=False)
        sender.establish()
        for _ in range(200):
            sender.row("t", columns={"a": "x" * 100_000}, at=ServerTimestamp)
        seen = []

        def flush():
            try:
                sender.flush()
            except IngressError as e:
                seen.append(e.kind)

        thread = threading.Thread(target=flush)
        thread.start()
        while thread.is_alive():
            sender.cancel()
            thread.join(0.01)
        assert seen == ["CANCELLED"]
        sender.close(flush=False)
