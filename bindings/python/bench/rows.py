"""Rows into a buffer: processor time of this package and of the official one."""

import datetime as D
import json
import sys
from pathlib import Path

from common import Case, Spent, main, spent

ROWS = 200_000
ROOM = 64 << 20
SYMBOLS = [{"symbol": symbol, "side": side} for symbol in ("ETH-USD", "BTC-USD", "SOL-USD") for side in ("buy", "sell")]
PRICES = [{"price": 2615.54 + i * 0.37, "amount": 0.00044 * i} for i in range(100)]
MIXED = [
    {"a": i, "b": i * 1.5, "c": True, "d": f"hello {i}", "e": -i, "f": 0.1 * i, "g": "text", "h": False} for i in range(100)
]
NOON = D.datetime(2023, 11, 14, 12, 0, 0, 123456, tzinfo=D.timezone.utc)


def stamps(module):
    return [module.TimestampNanos(1_700_000_000_000_000_000 + i * 1000) for i in range(1000)]


def filling(work, fresh=False):
    """A case that fills a buffer: `work` is called with the buffer and the timestamps.

    Programs use their buffers again, so the first round is not timed; with `fresh` each round has a new buffer, whose memory the
    kernel brings in page by page while it is filled.
    """

    def setup(module, version, _):
        times = stamps(module)
        kept = module.Buffer(protocol_version=version, init_buf_size=ROOM)
        work(kept, times, module)

        def once():
            buffer = module.Buffer(protocol_version=version, init_buf_size=ROOM) if fresh else kept
            buffer.clear()
            return spent(lambda: work(buffer, times, module)), bytes(buffer)

        return once

    return setup


def two_symbols_two_floats(buffer, times, _):
    for i in range(ROWS):
        buffer.row("trades", symbols=SYMBOLS[i % 6], columns=PRICES[i % 100], at=times[i % 1000])


def literals(buffer, times, _):
    for i in range(ROWS):
        buffer.row(
            "trades",
            symbols={"symbol": "ETH-USD", "side": "sell"},
            columns={"price": 2615.54, "amount": 0.00044},
            at=times[i % 1000],
        )


def ten_mixed(buffer, times, _):
    for i in range(ROWS // 2):
        buffer.row("mix", symbols=SYMBOLS[i % 6], columns=MIXED[i % 100], at=times[i % 1000])


def with_datetimes(zone):
    def work(buffer, times, module):
        later = [NOON.replace(tzinfo=zone) + D.timedelta(microseconds=i) for i in range(100)]
        rows = [dict(row, g=later[i], h=module.TimestampMicros(1_700_000_000_000_000 + i)) for i, row in enumerate(MIXED)]
        for i in range(ROWS // 2):
            buffer.row("mix", symbols=SYMBOLS[i % 6], columns=rows[i % 100], at=later[i % 100])

    return work


def one_integer(buffer, _, module):
    for i in range(ROWS):
        buffer.row("t", columns={"i": i}, at=module.ServerTimestamp)


def from_json(module, version, _):
    """Keys are new strings in every row. Reading the text is not a part of the time."""
    times = stamps(module)
    buffer = module.Buffer(protocol_version=version, init_buf_size=ROOM)
    text = json.dumps({"symbols": SYMBOLS[0], "columns": PRICES[3]})

    def once():
        buffer.clear()
        times_spent = []
        for _ in range(5):
            rows = [json.loads(text) for _ in range(ROWS // 10)]

            def work(rows=rows):
                for i, row in enumerate(rows):
                    buffer.row("trades", symbols=row["symbols"], columns=row["columns"], at=times[i % 1000])

            times_spent.append(spent(work))
        return Spent(*map(sum, zip(*times_spent))), bytes(buffer)

    return once


CASES = [
    Case("row: 2 symbols, 2 floats, nanoseconds", filling(two_symbols_two_floats), {1: 2.4, 2: 3.3}),
    Case("row: the same, new buffers", filling(two_symbols_two_floats, fresh=True)),
    Case("row: the same, dict literals", filling(literals), {2: 2.3}),
    Case("row: the same, keys fresh from JSON", from_json, {2: 2.3}),
    Case("row: 10 mixed", filling(ten_mixed), {1: 3.1, 2: 3.1}),
    Case("row: 10 mixed with datetimes in UTC", filling(with_datetimes(D.timezone.utc)), {2: 4.5}),
    Case("row: 10 mixed with local datetimes", filling(with_datetimes(None))),
    Case("row: 1 integer", filling(one_integer)),
]

if __name__ == "__main__":
    sys.exit(main(Path(__file__), CASES))
