"""Rows in a program with an event loop: flushes run beside it. The connection string is the argument."""

import asyncio
import sys
import time

from questdb_ingress import Sender, TimestampNanos


async def ticks(loop_is_free, done):
    """Counts how often the loop comes round while rows are sent."""
    while not done.is_set():
        loop_is_free.append(time.monotonic())
        await asyncio.sleep(0.001)


async def produce(sender, batches):
    """Fills one buffer while the other one is sent."""
    filling, sending, flush = sender.new_buffer(), sender.new_buffer(), None
    for batch in range(batches):
        for number in range(1000):
            filling.row(
                "readings",
                symbols={"sensor": f"s{number % 10}"},
                columns={"value": batch + number / 1000},
                at=TimestampNanos(1700000000000000000 + batch * 1000 + number),
            )
            if number % 100 == 0:
                await asyncio.sleep(0)  # other tasks run
        if flush:
            await flush
        filling, sending = sending, filling
        flush = asyncio.create_task(sender.flush_async(sending))
    await flush


async def run(conf):
    loop_is_free, done = [], asyncio.Event()
    counter = asyncio.create_task(ticks(loop_is_free, done))
    # The sender's own buffer stays empty, so the end of the block sends nothing and does not wait.
    with Sender.from_conf(conf) as sender:
        await produce(sender, 20)
    done.set()
    await counter
    print(f"20,000 rows sent, the loop came round {len(loop_is_free)} times meanwhile")


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1] if len(sys.argv) > 1 else "http::addr=localhost:9000;"))
