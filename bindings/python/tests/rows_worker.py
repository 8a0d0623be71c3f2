"""Makes rows at random, by one package or the other, and writes what became of them to standard output.

usage: rows_worker.py MODULE VERSION SEED COUNT FIRST

The same numbers make the same rows in every process. Written is a pickled list with an entry for each row: the bytes that it
added, or the name of the exception.
"""

import datetime as D
import decimal
import importlib
import pickle
import random
import struct
import sys
import zoneinfo

try:
    import numpy as np
except ImportError:  # rows need no numpy; what differs is told by the caller
    np = None

#: So many rows go into one buffer, so that a row that fails is seen to leave the others alone.
PER_BUFFER = 50

ZONES = [D.timezone.utc, D.timezone(D.timedelta(hours=-3, minutes=-30)), zoneinfo.ZoneInfo("Europe/Berlin")]
TEXTS = ["", "a", "ETH-USD", "a b", "x=y", "a,b", "new\nline", "back\\slash", '"quoted"', "grüß", "東京", "🙂", "tab\t", "cr\r"]
NAMES = ["price", "amount", "a b", "ümlaut", "x=y", "under_score", "UPPER", "42", "名"]
BAD_NAMES = ["", "a?b", "a.b", "a\nb", "a\0b", "a-b", "x" * 128, "~a", "a/b", "\ufeff", "a*b", "+", "..", "a%b", "c,d", "a\\b"]


class Text(str):
    """A string of a class of its own."""


class Whole(int):
    """An integer of a class of its own."""


def text(r):
    kind = r.randrange(20)
    if kind < 12:
        return r.choice(TEXTS)
    if kind < 18:
        return "".join(r.choice("abcXYZ 019,=\\\"\n\réß東🙂") for _ in range(r.randrange(40)))
    if kind == 18:
        return "x" * r.choice([31, 32, 33, 255, 256, 1000, 70_000])
    return r.choice(["\ud800", "a\udfffb", "nul\0", "ok", "\x7f\x01"])


def integer(r):
    edge = r.choice([0, 2**7, 2**15, 2**31, 2**32, 2**53, 2**63])
    return r.choice([r.randrange(-100, 100), edge, -edge, edge - 1, -edge - 1, r.getrandbits(63), -r.getrandbits(63)])


def double(r):
    bits = struct.unpack("<d", r.randbytes(8))[0]
    edges = [0.0, -0.0, 1.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, float("inf"), -float("inf"), float("nan")]
    return r.choice([bits, r.choice(edges), r.random(), float(r.randrange(-1000, 1000)), r.randrange(10**6) / 100])


def moment(r):
    zone = r.choice([None, *ZONES])
    year = r.choice([1970, 1999, 2023, 2024, 2038, 2200])
    naive = D.datetime(year, 1, 2) + D.timedelta(seconds=r.randrange(360 * 86400), microseconds=r.randrange(10**6))
    return naive.replace(tzinfo=zone, fold=r.randrange(2))


def array(r):
    if np is None:
        return 1.5
    shape = [r.randrange(4) for _ in range(r.choice([1, 1, 1, 2, 3]))]
    whole = np.array([double(r) for _ in range(int(np.prod(shape)))], dtype=np.float64).reshape(shape)
    kind = r.randrange(10)
    if kind < 7:
        return whole
    if kind == 7:
        return whole.T
    if kind == 8:
        return whole[::2]
    return whole.astype(r.choice(["f4", "i8", ">f8"])) if np.isfinite(whole).all() and (abs(whole) < 1e9).all() else whole


def dec(r):
    digits = "".join(r.choice("0123456789") for _ in range(r.choice([1, 3, 10, 30, 76, 80])))
    plain = decimal.Decimal(digits).scaleb(-r.randrange(0, 40), decimal.Context(prec=100))
    return r.choice([plain, -plain, decimal.Decimal("NaN"), decimal.Decimal("1e5"), decimal.Decimal("Infinity"), decimal.Decimal("-0.00")])


def extra(r):
    """A value that at most one of the packages takes."""
    choices = [Text("own"), Whole(5), D.date(2024, 2, 29), [1.5, 2.0], b"bytes", object, {1: 2}, 1j, D.timedelta(1)]
    if np is not None:
        choices += [np.int64(-5), np.float32(1.5), np.bool_(True), np.datetime64("2024-01-02T03:04:05.000000006"), np.str_("np")]
    return r.choice(choices)


def value(r, module):
    kind = r.randrange(40)
    if kind < 4:
        return None
    if kind < 8:
        return r.random() < 0.5
    if kind < 15:
        return integer(r)
    if kind < 22:
        return double(r)
    if kind < 29:
        return text(r)
    if kind < 31:
        return module.TimestampMicros(r.choice([0, 1, 1_700_000_000_123_456, r.randrange(2**62)]))
    if kind < 33:
        return module.TimestampNanos(r.choice([0, 999, 1_700_000_000_123_456_789, r.randrange(2**62)]))
    if kind < 35:
        return moment(r)
    if kind < 37:
        return array(r)
    return dec(r) if kind == 37 else extra(r) if kind == 38 else r.choice([True, "plain"])


def at(r, module):
    kind = r.randrange(20)
    if kind < 10:
        return module.TimestampNanos(r.choice([0, 1, 1_700_000_000_000_000_000 + r.randrange(10**9), r.randrange(2**62)]))
    if kind < 13:
        return module.ServerTimestamp
    if kind < 16:
        return moment(r)
    if kind < 18:
        return module.TimestampMicros(r.randrange(2**50)) if hasattr(module, "TimestampMicros") else module.ServerTimestamp
    if kind == 18:
        return D.datetime(1969, 12, 31, tzinfo=D.timezone.utc)
    return r.choice([None, 5, "now", 1.5])


def name(r):
    return r.choice(BAD_NAMES) if r.randrange(60) == 0 else r.choice(NAMES)


def case(r, module):
    """Returns the arguments of a row."""
    table = name(r) if r.randrange(10) else r.choice(["trades", "a.b", "日本", "x y", 5])
    keywords = {"at": at(r, module)}
    if r.randrange(10):
        symbol = lambda: None if r.randrange(8) == 0 else 5 if r.randrange(80) == 0 else text(r)  # noqa: E731
        keywords["symbols"] = r.choice([None, {}]) if r.randrange(8) == 0 else {name(r): symbol() for _ in range(r.randrange(4))}
    if r.randrange(10):
        taken = keywords.get("symbols") or {}
        names = [n for n in (name(r) for _ in range(r.randrange(7))) if n not in taken]
        keywords["columns"] = {n: value(r, module) for n in names}
    return table, keywords


def random_of(seed, number):
    return random.Random(f"{seed}:{number}")


def main():
    module = importlib.import_module(sys.argv[1])
    version, seed, count, first = (int(word) for word in sys.argv[2:6])
    results, buffer, before = [], None, 0
    for number in range(first, first + count):
        if number % PER_BUFFER == 0 or buffer is None:
            buffer, before = module.Buffer(protocol_version=version), 0
        table, keywords = case(random_of(seed, number), module)
        try:
            buffer.row(table, **keywords)
            results.append(bytes(buffer)[before:])
        except Exception as e:
            results.append(type(e).__name__)
            if bytes(buffer)[before:]:
                results[-1] = "a part of a row was left behind"
        before = len(buffer)
    sys.stdout.buffer.write(pickle.dumps(results))


if __name__ == "__main__":
    main()
