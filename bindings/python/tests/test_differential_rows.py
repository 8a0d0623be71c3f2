"""Random rows by this package and by the official one: the bytes are equal, or the difference is one of a short list.

QUESTDB_LONG=1 makes it 20,000 rows instead of 2,000.
"""

import collections
import copy
import datetime
import decimal
import os
import pickle
import subprocess
from pathlib import Path

import pytest
import questdb_ingress

import official
import rows_worker

np = pytest.importorskip("numpy")

TESTS = Path(__file__).parent
ROWS = 20_000 if os.environ.get("QUESTDB_LONG") else 2_000
SEED = os.environ.get("QUESTDB_SEED", "1")

def only_here(value):
    """Whether only this package takes such a value."""
    if isinstance(value, np.ndarray):
        return value.dtype != np.float64 or not value.flags.c_contiguous
    if isinstance(value, (str, int, float, bool)):
        return type(value) not in (str, int, float, bool)
    return isinstance(value, (list, np.generic)) or type(value) is datetime.date


def is_swapped(value):
    return isinstance(value, np.ndarray) and not value.dtype.isnative


def is_special(value):
    return isinstance(value, decimal.Decimal) and not value.is_finite()


def is_naive(value):
    return isinstance(value, datetime.datetime) and value.tzinfo is None


def plain(name):
    return name in rows_worker.NAMES


def equal_but_for_decimals(row):
    """Whether the rows are equal when the text of each decimal is replaced by what the official package writes: its bytes."""
    if isinstance(row.ours, str) or isinstance(row.theirs, str):
        return False
    ours = row.ours
    for value in row.columns.values():
        if isinstance(value, decimal.Decimal) and not is_special(value):
            scale = max(0, -value.as_tuple().exponent)
            number = binary_at(row.theirs, value, scale)
            if number is None:
                return False
            ours = ours.replace(b"=%sd" % str(value).encode(), b"==\x17%c%c%s" % (scale, len(number), number), 1)
    return ours == row.theirs


def binary_at(line, value, scale):
    """Returns the bytes of the decimal of this value in a line, or None."""
    mark = b"==\x17%c" % scale
    start = -1
    while (start := line.find(mark, start + 1)) >= 0:
        length = line[start + 4]
        number = line[start + 5 : start + 5 + length]
        exact = decimal.Context(prec=200)
        if decimal.Decimal(int.from_bytes(number, "big", signed=True)).scaleb(-scale, exact).compare(value, exact) == 0:
            return number
    return None


def equal_in_utc(row):
    """Whether the rows are equal when datetimes without a zone are taken for UTC, as release 6 takes them."""
    if row.release != "6.0.0" or not any(map(is_naive, (row.at, *row.columns.values()))):
        return False
    utc = lambda value: value.replace(tzinfo=datetime.timezone.utc) if is_naive(value) else value  # noqa: E731
    buffer = questdb_ingress.Buffer(protocol_version=row.version)
    columns = {name: utc(value) for name, value in row.columns.items()}
    try:
        buffer.row(row.table, symbols=row.symbols, columns=columns, at=utc(row.at))
    except Exception:
        return isinstance(row.theirs, str)
    row = copy.copy(row)
    row.ours = bytes(buffer)
    return row.ours == row.theirs or equal_but_for_decimals(row)


class Row:
    """A row of the test, and what both packages made of it: bytes, or the name of an exception."""

    def __init__(self, release, number, version, ours, theirs):
        self.table, keywords = rows_worker.case(rows_worker.random_of(SEED, number), questdb_ingress)
        self.release, self.number, self.version, self.ours, self.theirs = release, number, version, ours, theirs
        self.at = keywords["at"]
        self.symbols = keywords.get("symbols") or {}
        self.columns = keywords.get("columns") or {}
        self.values = [*self.symbols.values(), *self.columns.values()]

    @property
    def refused_here(self):
        return isinstance(self.ours, str) and isinstance(self.theirs, bytes)

    @property
    def refused_there(self):
        return isinstance(self.theirs, str) and isinstance(self.ours, bytes)

    def __str__(self):
        return (
            f"row {self.number}, version {self.version}: {self.table!r} {self.symbols!r} {self.columns!r} {self.at!r}\n"
            f"  here:     {self.ours!r:.2000}\n  official: {self.theirs!r:.2000}"
        )


#: What differs on purpose. The documentation has each of them, with the reason, under its name.
DIFFERENCES = {
    "arrays in another byte order": lambda row: any(map(is_swapped, row.columns.values())),
    "form of decimals": equal_but_for_decimals,
    "value types": lambda row: row.refused_there and any(map(only_here, row.columns.values())),
    "NUL in a symbol": lambda row: row.refused_here and any("\0" in v for v in row.symbols.values() if isinstance(v, str)),
    "decimals that are no numbers": lambda row: any(map(is_special, row.columns.values())),
    "names of missing values": lambda row: (
        row.refused_here and any(v is None and not plain(n) for n, v in (*row.symbols.items(), *row.columns.items()))
    ),
    "rows without a value": lambda row: row.refused_here and row.theirs == b"",
    "datetimes without a zone": equal_in_utc,
}


def made(python, module, version, env):
    command = [python, TESTS / "rows_worker.py", module, str(version), SEED, str(ROWS), "0"]
    done = subprocess.run(command, capture_output=True, env=env)
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("release", official.RELEASES)
def test_random_rows_are_those_of_the_official_package(release, version, tmp_path, not_run):
    try:
        python = official.interpreter(release)
    except official.Absent as reason:
        return not_run(str(reason))
    here, there = official.environments(tmp_path)
    ours = made(python, "questdb_ingress", version, here)
    theirs = made(python, "questdb.ingress", version, there)
    seen, unknown = collections.Counter(), []
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a == b:
            seen["equal" if isinstance(a, bytes) else "refused by both, by the same exception"] += 1
        elif isinstance(a, str) and isinstance(b, str):
            seen["refused by both"] += 1
        else:
            row = Row(release, number, version, a, b)
            reasons = [name for name, applies in DIFFERENCES.items() if applies(row)]
            seen[reasons[0] if reasons else "unknown"] += 1
            if not reasons:
                unknown.append(row)
    print(f"{release}, version {version}, {ROWS} rows: {dict(seen)}")
    assert not unknown, f"{len(unknown)} differ, such as\n" + "\n".join(map(str, unknown[:20]))
    assert seen["equal"] > ROWS // 2
    # What both refuse, they refuse for a reason of the row; most rows have none.
    assert sum(count for name, count in seen.items() if name.startswith("refused")) < ROWS * 2 // 5


def test_the_differences_are_documented():
    text = (TESTS.parents[2] / "doc" / "python.md").read_text(encoding="utf-8")
    missing = [name for name in DIFFERENCES if f"| {name} |" not in text]
    assert not missing
