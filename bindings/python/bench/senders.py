"""Rows and frames through a sender into a sink: processor time of the client, for this package and for the official one."""

import sys
from pathlib import Path

from common import Case, main, spent
from rows import PRICES, SYMBOLS, stamps

ROWS = 200_000
FRAME_ROWS = 1_000_000


def sending(work, settings=""):
    """A case that sends: `work` returns what is called with the established sender. The end of the sender is a part of the time."""

    def setup(module, version, conf, **options):
        full = f"{conf}protocol_version={version};auto_flush_interval=off;{settings}"
        prepared = work(module)

        def once():
            sender = module.Sender.from_conf(full)
            sender.establish()

            def all_of_it():
                prepared(sender, **options)
                sender.close()

            return spent(all_of_it), None

        return once

    return setup


def rows(module):
    times = stamps(module)

    def work(sender):
        for i in range(ROWS):
            sender.row("trades", symbols=SYMBOLS[i % 6], columns=PRICES[i % 100], at=times[i % 1000])

    return work


def one_at_a_time(count):
    def prepare(module):
        times = stamps(module)

        def work(sender):
            for i in range(count):
                sender.row("trades", symbols=SYMBOLS[i % 6], columns=PRICES[i % 100], at=times[i % 1000])
                sender.flush()

        return work

    return prepare


def frame(columns, rows=FRAME_ROWS):
    """A case that sends a data frame, which `columns` makes."""

    def prepare(module):
        import numpy
        import pandas

        at = pandas.date_range("2024-01-01", periods=rows, freq="us")
        made = pandas.DataFrame({**columns(numpy, pandas, numpy.arange(rows)), "at": at})

        def work(sender, **options):
            sender.dataframe(made, table_name="frame", at="at", **options)

        return work

    return prepare


def numbers(numpy, pandas, i):
    return {f"i{n}": i * (n + 1) for n in range(3)} | {f"f{n}": i * 0.37 + n for n in range(3)}


def symbols(numpy, pandas, i):
    names = pandas.array([f"symbol {n}" for n in range(100)], dtype=object)
    codes = {"a": i % 100, "b": i // 7 % 100}
    return {
        **{name: pandas.Categorical.from_codes(code, names) for name, code in codes.items()},
        **{f"f{n}": i * 0.37 + n for n in range(3)},
    }


def fifty_floats(numpy, pandas, i):
    return {f"f{n}": i * 0.37 + n for n in range(50)}


def strings(numpy, pandas, i):
    return {f"s{n}": pandas.array([f"text {n} {k}" for k in i], dtype="object") for n in range(3)}


CASES = [
    Case("Sender.row, auto-flush, HTTP", sending(rows), {2: 3.4}, sink="http"),
    Case("Sender.row, auto-flush, TCP", sending(rows), {2: 3.4}, sink="tcp"),
    Case("row and flush, 2,000 times, HTTP", sending(one_at_a_time(2_000)), {2: 8.0}, sink="http"),
    Case("row and flush, 20,000 times, TCP", sending(one_at_a_time(20_000)), {2: 1.0}, sink="tcp"),
    Case("Sender.dataframe, 3 int, 3 float", sending(frame(numbers)), {2: 4.0}, sink="http", threads=(1, 2)),
    Case("Sender.dataframe, 2 symbols, 3 float", sending(frame(symbols)), {2: 6.5}, sink="http", threads=(1, 2)),
    Case("Sender.dataframe, 50 float", sending(frame(fifty_floats, 200_000)), {2: 4.5}, sink="http", threads=(1, 2)),
    Case("Sender.dataframe, 3 object strings", sending(frame(strings)), {2: 4.0}, sink="http"),
]

if __name__ == "__main__":
    sys.exit(main(Path(__file__), CASES))
