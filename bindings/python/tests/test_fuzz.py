"""Random rows: what is written is what another encoder writes, and no argument can break a buffer."""

import datetime as dt
import gc
import json
import os
import random
import sys

import pytest

from questdb.ingress import Buffer, IngressError, ServerTimestamp, TimestampMicros, TimestampNanos

ROUNDS = int(os.environ.get("QUESTDB_FUZZ_ROUNDS", "3000"))
SEED = int(os.environ.get("QUESTDB_FUZZ_SEED", "1"))


def escaped(text, characters):
    for c in characters:
        text = text.replace(c, "\\" + c)
    return text


def name(text):
    return escaped(text, "\\ ,=") if "\\" not in text else text


def expected(table, symbols, columns, at):
    """A row of version 1, written by the documentation."""

    def value(v):
        if isinstance(v, bool):
            return "t" if v else "f"
        if isinstance(v, int):
            return f"{v}i"
        if isinstance(v, str):
            return '"' + escaped(v, '\\"\n\r').replace("\\\n", "\\\n") + '"'
        if isinstance(v, TimestampMicros):
            return f"{v.value}t"
        return f"{(v - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1)}t"

    symbols = [f",{name(k)}=" + escaped(v, "\\ ,=\n\r") for k, v in symbols.items() if v is not None]
    columns = [f"{name(k)}={value(v)}" for k, v in columns.items() if v is not None]
    if not symbols and not columns:
        return ""
    end = "" if at is ServerTimestamp else f" {at.value}"
    return escaped(table, " ,") + "".join(symbols) + (" " + ",".join(columns) if columns else "") + end + "\n"


ALPHABET = "abcXYZ019_ =,\"\\é€🚀ÿĀ"
NAMES = "abcXYZ019_ =éÿ€🚀"


def text(chance, alphabet, least=0):
    return "".join(chance.choice(alphabet) for _ in range(chance.randrange(least, 12)))


def a_value(chance):
    kind = chance.randrange(7)
    if kind == 0:
        return chance.random() < 0.5
    if kind == 1:
        return chance.choice([0, 1, -1, 2**31, 2**62, -(2**63), 2**63 - 1, chance.randrange(1000)])
    if kind == 2:
        return None
    if kind == 3:
        return TimestampMicros(chance.randrange(2**62))
    if kind == 4:
        return dt.datetime.fromtimestamp(chance.randrange(-(10**10), 10**11), dt.timezone.utc)
    return text(chance, ALPHABET)


def test_B19_random_rows_are_what_they_should_be():
    chance = random.Random(SEED)
    tables = [text(chance, "abcé_€", 1) for _ in range(5)]
    for _ in range(ROUNDS // 30):
        buffer, want = Buffer(), ""
        for _ in range(30):
            table = chance.choice(tables)
            keys = list(dict.fromkeys(text(chance, NAMES, 1) for _ in range(chance.randrange(8))))
            cut = chance.randrange(len(keys) + 1)
            symbols = {k: chance.choice([None, text(chance, ALPHABET)]) for k in keys[:cut]}
            columns = {k: a_value(chance) for k in keys[cut:]}
            at = chance.choice([ServerTimestamp, TimestampNanos(chance.randrange(2**63))])
            buffer.row(table, symbols=symbols, columns=columns, at=at)
            want += expected(table, symbols, columns, at)
        assert str(buffer) == want, f"seed {SEED}"


class Hostile:
    """An object whose conversions do what they can to break the call that asks for them."""

    def __init__(self, chance, buffer, columns):
        self.act = lambda: act(chance, buffer, columns)

    def __index__(self):
        return self.act()

    @property
    def __array_struct__(self):
        return self.act()


class HostileZone(dt.tzinfo):
    def __init__(self, chance, buffer, columns):
        self.act = lambda: act(chance, buffer, columns)

    def utcoffset(self, moment):
        result = self.act()
        return dt.timedelta(minutes=result % 60) if isinstance(result, int) else result


def act(chance, buffer, columns):
    kind = chance.randrange(10)
    if kind == 0:
        columns.clear()
    elif kind == 1:
        columns.update({f"new{i}": object() for i in range(chance.randrange(50))})
    elif kind == 2:
        for key in list(columns)[: chance.randrange(5)]:
            del columns[key]
    elif kind == 3:
        for key in list(columns):
            columns[key] = f"{key} again"
    elif kind == 4:
        gc.collect()
    elif kind == 5:
        raise KeyError("hostile")
    elif kind == 6:
        return object()
    elif kind in (7, 8):
        with pytest.raises(IngressError):
            chance.choice([buffer.clear, lambda: buffer.row("x", columns={"a": 1}, at=ServerTimestamp), lambda: bytes(buffer)])()
    return chance.randrange(2**63)


def test_B21_hostile_values():
    chance = random.Random(SEED)
    for _ in range(ROUNDS // 3):
        buffer = Buffer(protocol_version=chance.choice([1, 2, 3]))
        buffer.row("first", columns={"a": 1}, at=ServerTimestamp)
        before = bytes(buffer)
        columns = {}
        for i in range(chance.randrange(1, 15)):
            kind = chance.randrange(4)
            if kind == 0:
                value = Hostile(chance, buffer, columns)
            elif kind == 1:
                value = dt.datetime(2024, 1, 1, tzinfo=HostileZone(chance, buffer, columns))
            else:
                value = chance.choice([1, 1.5, f"text {i}", f"é {i}", None, True])
            columns["".join(["c", str(i)])] = value
        at = chance.choice([ServerTimestamp, dt.datetime(2024, 1, 1, tzinfo=HostileZone(chance, buffer, columns))])
        try:
            buffer.row("t", columns=columns, at=at)
        except (KeyError, RuntimeError, TypeError, ValueError, OverflowError, IngressError):
            assert bytes(buffer) == before
        else:
            assert bytes(buffer).startswith(before)
        buffer.row("last", columns={"a": 1}, at=ServerTimestamp)
        assert bytes(buffer).endswith(b"last a=1i\n")


def test_fresh_keys():
    """Keys of a parsed text are new objects each time."""
    document = json.dumps({"symbols": {"s é": "a", "t": "b"}, "columns": {f"c{i}": i for i in range(10)}})
    buffer, first = Buffer(), None
    for _ in range(2000):
        row = json.loads(document)
        buffer.clear()
        buffer.row("".join(["ta", "ble"]), **row, at=ServerTimestamp)
        first = first or bytes(buffer)
        assert bytes(buffer) == first


def test_names_without_end():
    buffer = Buffer()
    for i in range(5000):
        buffer.clear()
        for _ in range(3):
            key = f"name{i}"
            buffer.row(f"table{i}", columns={key: i, "fixed": 1}, at=ServerTimestamp)
        assert str(buffer) == f"table{i} name{i}={i}i,fixed=1i\n" * 3


def test_B15_non_ascii_text_leaves_no_copy():
    """`PyUnicode_AsUTF8AndSize` would leave one in each string for good."""
    values = ["é" * 1000 + str(i) for i in range(50)] + ["🚀" * 1000 + str(i) for i in range(50)]
    keys = ["é" + str(i) for i in range(100)]
    sizes = [sys.getsizeof(text) for text in values + keys]
    buffer = Buffer()
    for key, value in zip(keys, values):
        buffer.row("té", symbols={key: value}, columns={"x" + key: value}, at=ServerTimestamp)
    assert [sys.getsizeof(text) for text in values + keys] == sizes


def test_references_are_given_back():
    chance = random.Random(SEED)
    buffer = Buffer()
    symbols = {"".join(["sym", str(i)]): "".join(["v", str(i)]) for i in range(3)}
    columns = {"".join(["c", str(i)]): v for i, v in enumerate([10**10, 1.5 * 7, "".join(["x", "é"]), object()])}
    objects = [*symbols, *symbols.values(), *columns, *columns.values()]
    for _ in range(5):
        with pytest.raises(TypeError):
            buffer.row("t", symbols=symbols, columns=columns, at=ServerTimestamp)
    counts = [sys.getrefcount(o) for o in objects]
    for _ in range(1000):
        with pytest.raises(TypeError):
            buffer.row("t", symbols=symbols, columns=columns, at=ServerTimestamp)
    assert [sys.getrefcount(o) for o in objects] == counts
    kept = [sys.getrefcount(key) for key in [*symbols, *columns]]
    del buffer, chance
    # The buffer held one reference to each name that came again.
    assert [sys.getrefcount(key) for key in [*symbols, *columns]] == [count - 1 for count in kept]
