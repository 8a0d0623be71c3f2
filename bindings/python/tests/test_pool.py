"""``Pool``: rows from any thread, what became of each batch, event loops, the end."""

import asyncio
import gc
import os
import select
import signal
import threading
import time
import weakref
from datetime import timedelta

import pytest

from questdb_ingress import Buffer, IngressError, Outcome, Pool, ServerTimestamp
from servers import HttpServer

WAIT = 60


def filled(pool, count=1, table="t"):
    buffer = pool.new_buffer()
    for number in range(count):
        buffer.row(table, columns={"x": number}, at=ServerTimestamp)
    return buffer


class Gate:
    """A server that answers once it may, in the order of the requests."""

    def __init__(self, answers=()):
        self.open = threading.Event()
        self.bodies = []
        self._answers = list(answers)
        self.server = HttpServer(self._answer)

    def _answer(self, request):
        self.open.wait()
        self.bodies.append(request[1])
        return self._answers.pop(0) if self._answers else (204, b"")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.server.close()


def test_a_batch_and_what_became_of_it(receiver):
    with Pool.from_conf(receiver.http) as pool:
        buffer = filled(pool, 3)
        size = len(buffer)
        ticket = pool.submit(buffer)
        assert len(buffer) == 0 and buffer.row_count == 0
        done = ticket.wait(WAIT)
        assert (done.outcome, done.rows, done.bytes, done.error, done.failed_rows) == (Outcome.Committed, 3, size, None, None)
        assert done.batch == ticket.batch and done.attempts == 1 and done.in_doubt_attempts == 0
        assert ticket.wait(0) is done
        done.raise_for_error()
        # The buffer is filled again.
        assert pool.submit(buffer.row("t", columns={"x": 7}, at=ServerTimestamp)).wait(WAIT).rows == 1
        assert pool.stats()["rows_sent"] == 4
        assert repr(pool).startswith("<questdb_ingress.Pool http 127.0.0.1:")
    assert len(receiver.rows("t")) == 4


def test_many_threads(receiver):
    with Pool.from_conf(receiver.http + "sender_pool_max=4;") as pool:

        def produce(name):
            buffer = pool.new_buffer()
            for number in range(20):
                buffer.row("many", symbols={"who": name}, columns={"n": number}, at=ServerTimestamp)
                tickets.append(pool.submit(buffer, order_key=ord(name)))

        tickets = []
        threads = [threading.Thread(target=produce, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pool.drain(WAIT)
        assert {ticket.wait(0).outcome for ticket in tickets} == {Outcome.Committed}
    rows = receiver.rows("many")
    for name in "abcd":
        assert [int(row["n"]) for row in rows if row["who"] == name] == list(range(20))


def test_refused_rows_come_back(receiver):
    with Pool.from_conf(receiver.http) as pool:
        pool.submit(filled(pool)).wait(WAIT).raise_for_error()
        bad = pool.new_buffer().row("t", columns={"x": "text"}, at=ServerTimestamp)
        rows = bytes(bad)
        done = pool.submit(bad).wait(WAIT)
        assert (done.outcome, done.rows, bytes(done.failed_rows)) == (Outcome.Rejected, 1, rows)
        assert "x" in str(done.error) and done.error.server_line == 1
        with pytest.raises(IngressError) as raised:
            done.raise_for_error()
        assert raised.value is done.error
        # The others are not held.
        assert pool.submit(filled(pool)).wait(WAIT).outcome is Outcome.Committed


def test_await(receiver):
    async def one(pool, number):
        buffer = pool.new_buffer().row("loop", columns={"n": number}, at=ServerTimestamp)
        return await pool.submit(buffer)

    async def run():
        with Pool.from_conf(receiver.http + "sender_pool_max=2;") as pool:
            done = await asyncio.gather(*(one(pool, number) for number in range(200)))
            assert {each.outcome for each in done} == {Outcome.Committed}
            ticket = pool.submit(filled(pool))
            # Any number of tasks may wait for one ticket, and again afterwards.
            first, second = await asyncio.gather(*(asyncio.ensure_future(wait(ticket)) for _ in range(2)))
            assert first is second is await ticket is ticket.wait(0)

    async def wait(ticket):
        return await ticket

    asyncio.run(run())
    asyncio.run(run())
    assert len(receiver.rows("loop")) == 400


def test_a_cancelled_task_leaves_the_batch():
    async def run():
        with Gate() as gate:
            pool = Pool.from_conf(gate.server.conf)
            ticket = pool.submit(filled(pool))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(waits(ticket), 0.05)
            gate.open.set()
            assert (await ticket).outcome is Outcome.Committed
            assert pool.close(WAIT).error is None

    async def waits(ticket):
        return await ticket

    asyncio.run(run())


def test_the_loop_is_free_while_a_batch_is_sent():
    async def run():
        with Gate() as gate:
            pool = Pool.from_conf(gate.server.conf)
            task = asyncio.ensure_future(waits(pool.submit(filled(pool))))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not task.done()
            gate.open.set()
            assert (await task).rows == 1
            pool.close(WAIT)

    async def waits(ticket):
        return await ticket

    asyncio.run(run())


def test_cancel():
    with Gate() as gate:
        pool = Pool.from_conf(gate.server.conf + "sender_pool_max=1;")
        sent = pool.submit(filled(pool))
        assert gate.server.arrived.wait(WAIT)
        waits = pool.submit(filled(pool))
        assert waits.cancel()
        done = waits.wait(WAIT)
        assert (done.outcome, done.error.kind, len(done.failed_rows) > 0) == (Outcome.NotSent, "CANCELLED", True)
        assert not waits.cancel()
        assert sent.cancel(in_flight_too=True)
        assert sent.wait(WAIT).outcome is Outcome.InDoubt
        gate.open.set()
        pool.close(WAIT)


def test_a_full_queue():
    with Gate() as gate:
        pool = Pool.from_conf(gate.server.conf + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=120;")
        first = pool.submit(filled(pool, 100))
        rest = filled(pool, 100)
        rows = bytes(rest)
        for timeout, told in ((None, 120), (0, 0), (0.06, 60), (timedelta(milliseconds=70), 70)):
            with pytest.raises(IngressError, match=f"no room in the queue within {told} ms") as raised:
                pool.submit(rest, timeout=timeout)
            assert raised.value.kind == "TIMEOUT" and raised.value.retryable and bytes(rest) == rows
        threading.Timer(0.1, gate.open.set).start()
        assert pool.submit(rest, timeout=WAIT).wait(WAIT).rows == 100
        assert first.wait(WAIT).rows == 100
        with pytest.raises(IngressError) as raised:
            pool.submit(filled(pool, 1000))
        assert raised.value.kind == "LIMIT_EXCEEDED"
        pool.close(WAIT)


def test_the_end():
    with Gate() as gate:
        pool = Pool.from_conf(gate.server.conf + "sender_pool_max=1;")
        sent = pool.submit(filled(pool, 2))
        assert gate.server.arrived.wait(WAIT)
        waits = pool.submit(filled(pool, 3))
        with pytest.raises(TimeoutError):
            waits.wait(0.01)
        assert not pool.drain(0)
        report = pool.close(0)
        assert (report.unsent_rows, report.rows_in_doubt, report.earlier_rows_in_doubt) == (3, 2, 0)
        assert isinstance(report.error, IngressError)
        assert (waits.wait(WAIT).outcome, sent.wait(WAIT).outcome) == (Outcome.NotSent, Outcome.InDoubt)
        with pytest.raises(IngressError) as raised:
            pool.submit(filled(pool))
        assert raised.value.kind == "INVALID_STATE"
        gate.open.set()


def test_the_end_of_a_block_raises(receiver):
    with pytest.raises(IngressError), Pool.from_conf(receiver.http) as pool:
        pool.submit(filled(pool)).wait(WAIT)
        with Gate([(400, b"")]) as gate:
            refused = Pool.from_conf(gate.server.conf)
            with refused:
                refused.submit(filled(refused))
                gate.open.set()


def test_batches_without_a_ticket(receiver):
    with Pool.from_conf(receiver.http) as pool:
        assert pool.next(0) is None
        numbers = set()
        for _ in range(3):
            numbers.add(pool.submit(filled(pool)).batch)
        gc.collect()
        while numbers:
            assert select.select([pool], [], [], WAIT)[0] == [pool]
            done = pool.next(0)
            numbers.remove(done.batch)
            assert done.outcome is Outcome.Committed
        assert pool.next(0) is None


def test_wrong_arguments(receiver):
    with Pool.from_conf(receiver.http) as pool:
        for wrong in (-1, float("nan")):
            with pytest.raises(ValueError, match="timeout must not be negative"):
                pool.submit(filled(pool), timeout=wrong)
        with pytest.raises(TypeError, match="timeout must be seconds or a timedelta, not str"):
            pool.drain("1")
        with pytest.raises(TypeError):
            pool.submit(b"t x=1i\n")
        with pytest.raises(OverflowError):
            pool.submit(filled(pool), order_key=2**64)
        assert pool.submit(Buffer(protocol_version=2).row("old", columns={"x": 1.5}, at=ServerTimestamp)).wait(WAIT).error is None
        assert pool.submit(pool.new_buffer()).wait(WAIT).rows == 0
    with pytest.raises(TypeError):
        Pool()
    with pytest.raises(IngressError, match="sender_pool_max"):
        Pool.from_conf("http::addr=127.0.0.1:1;sender_pool_max=0;")


@pytest.mark.parametrize("call", ["wait", "drain", "submit", "next", "close"])
def test_signals_interrupt_what_waits(call):
    class Interrupted(Exception):
        pass

    def handler(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with Gate() as gate:
            pool = Pool.from_conf(gate.server.conf + "sender_pool_max=1;queue_max_bytes=1024;")
            ticket = pool.submit(filled(pool, 100))
            rest = filled(pool, 100)
            works = {
                "wait": ticket.wait,
                "drain": pool.drain,
                "submit": lambda: pool.submit(rest, timeout=WAIT),
                "next": pool.next,
                "close": lambda: pool.close(WAIT),
            }
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Interrupted):
                works[call]()
            gate.open.set()
            assert ticket.wait(WAIT).outcome is Outcome.Committed
            assert pool.close(WAIT).error is None
    finally:
        signal.signal(signal.SIGALRM, before)


def test_fork(receiver):
    with Pool.from_conf(receiver.http) as pool:
        ticket = pool.submit(filled(pool))
        assert ticket.wait(WAIT).rows == 1
        buffer = filled(pool)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                pool.submit(buffer)
            except IngressError as e:
                code = 0 if e.kind == "INVALID_STATE" else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert pool.submit(buffer).wait(WAIT).outcome is Outcome.Committed


def test_forgotten_pools_end(receiver):
    pool = Pool.from_conf(receiver.http)
    ticket = pool.submit(filled(pool))
    ticket.wait(WAIT)
    gone = weakref.ref(pool)
    del pool, ticket
    gc.collect()
    assert gone() is None
    # Its threads end by themselves.
    deadline = time.monotonic() + WAIT
    while any(thread.startswith("questdb-pool") for thread in threads()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [thread for thread in threads() if thread.startswith("questdb-pool")]


def threads():
    names = []
    for number in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{number}/comm") as file:
                names.append(file.read())
        except FileNotFoundError:
            pass
    return names
