"""Many tasks, one pool: each hands its rows over and goes on, and the rows of batches that failed go to a file. Those in doubt may be
stored already: sent again without dedup keys they may be there twice. Ends after so many batches of each task, or in order on SIGTERM.

python pool.py "http::addr=localhost:9000;" 1000 failed.txt
"""

import asyncio
import signal
import sys
from collections import Counter

from questdb_ingress import Pool, ServerTimestamp


async def produce(pool, name, batches, stopped, ended):
    buffer = pool.new_buffer()
    for batch in range(batches):
        if stopped.is_set():
            break
        for number in range(10):
            buffer.row("events", symbols={"producer": name}, columns={"value": batch * 10 + number}, at=ServerTimestamp)
        # Takes the rows, and the buffer can be filled again. The batches of one producer stay in their order.
        ticket = pool.submit(buffer, order_key=ord(name))
        await ended(ticket)


async def run(conf, batches, path):
    stopped, rows = asyncio.Event(), Counter()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with open(path, "ab") as file, Pool.from_conf(conf) as pool:

        async def ended(ticket):
            done = await ticket
            if done.error is None:
                rows["stored"] += done.rows
                return
            rows["in doubt" if done.error.in_doubt else "not stored"] += done.rows
            file.write(bytes(done.failed_rows))

        await asyncio.gather(*(produce(pool, name, batches, stopped, ended) for name in "abcd"))
    print(f"{rows['stored']} rows stored, {rows['not stored']} not stored, {rows['in doubt']} in doubt")


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["http::addr=localhost:9000;", "1000", "failed.txt"][len(sys.argv) - 1 :]
    asyncio.run(run(arguments[0], int(arguments[1]), arguments[2]))
