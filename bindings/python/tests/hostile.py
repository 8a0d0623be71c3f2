"""Objects that lie: what they say of their memory contradicts itself, and what they are asked runs code that breaks the caller.

usage: hostile.py SEED FIRST COUNT PLACE

Runs the cases with these numbers, each in one of the ways of `WAYS`, and writes the number of each to the file PLACE before it runs.
Whatever the objects do, a call returns or raises an exception of Python, leaves the buffer as it was if it raised, and gives back
what it was lent. A pointer that is not NULL is one to what its place needs: no library could find out that it is not.
"""

import collections
import datetime as dt
import decimal
import gc
import os
import random
import sys

import hostile_arrow
import hostile_arrays
from questdb_ingress import Buffer, IngressError, Sender, ServerTimestamp, TimestampNanos

try:
    import numpy as np
    import pandas as pd
except ImportError:  # rows need neither
    np = pd = None


class Wrong(Exception):
    """A promise that was not kept."""


class Trouble:
    """What hostile objects do when they are asked: they change what the call reads, use what it uses, or raise."""

    #: Whether the call has begun.
    armed = False

    def __init__(self, chance, buffer):
        self.chance, self.buffer = chance, buffer
        #: Dicts, lists, arrays of numpy and frames that the call reads.
        self.victims = []
        self.depth = 0

    def act(self):
        chance = self.chance
        if not Trouble.armed:
            # Python and pandas ask while the case is made.
            raise AttributeError("not yet")
        kind = chance.randrange(12)
        self.depth += 1
        try:
            if self.depth > 3:
                return 5
            if kind < 5 and self.victims:
                change(chance, chance.choice(self.victims), self)
            elif kind == 5:
                gc.collect()
            elif kind == 6:
                raise chance.choice([KeyError, RuntimeError, MemoryError, StopIteration, AttributeError])("hostile")
            elif kind == 7:
                return chance.choice([object(), None, "text", 1.5, b"", [], np])
            elif kind < 10:
                self.use_the_buffer()
            return chance.randrange(2**63)
        finally:
            self.depth -= 1

    def use_the_buffer(self):
        """Calls the buffer or sender within a call of it, which is refused."""
        if not Trouble.armed:
            return
        calls = [
            self.buffer.clear,
            lambda: self.buffer.row("x", columns={"a": 1}, at=ServerTimestamp),
            lambda: bytes(self.buffer),
            lambda: len(self.buffer),
        ]
        if isinstance(self.buffer, Sender):
            calls += [self.buffer.flush, self.buffer.close, self.buffer.establish, self.buffer.transaction("t").__enter__]
        if pd is not None:
            calls.append(lambda: self.buffer.dataframe(pd.DataFrame({"a": [1]}), table_name="x", at=ServerTimestamp))
        try:
            self.chance.choice(calls)()
        except IngressError:
            return
        raise Wrong("a call within a call was let through")


def change(chance, victim, trouble):
    """Changes a container while it is read."""
    if isinstance(victim, dict):
        kind = chance.randrange(5)
        if kind == 0:
            victim.clear()
        elif kind == 1:
            victim.update({f"new{i}": object() for i in range(chance.randrange(50))})
        elif kind == 2:
            for key in list(victim)[: chance.randrange(5)]:
                del victim[key]
        elif kind == 3:
            for key in list(victim):
                victim[key] = f"{key} again"
        else:
            victim.update({f"more{i}": Hostile(trouble) for i in range(3)})
    elif isinstance(victim, list):
        kind = chance.randrange(4)
        if kind == 0:
            victim.clear()
        elif kind == 1:
            victim.extend([1.0] * chance.randrange(20))
        elif kind == 2 and victim:
            victim[chance.randrange(len(victim))] = chance.choice([2.0, [1.0], "text", None, victim])
        elif victim:
            victim.pop()
    elif pd is not None and isinstance(victim, pd.DataFrame):
        kind = chance.randrange(3)
        if kind == 0:
            victim.drop(columns=list(victim.columns)[:1], inplace=True)
        elif kind == 1:
            victim["added"] = 1
        elif len(victim.columns):
            victim[victim.columns[0]] = "other"
    elif np is not None and isinstance(victim, np.ndarray) and victim.dtype == object and victim.flags.writeable:
        for i in range(len(victim)):
            if chance.random() < 0.7:
                victim[i] = chance.choice([None, "".join(["fresh ", str(i)]), 1.5, i, [1.0]])


class Hostile:
    """An object whose conversions do what they can to break the call that asks for them."""

    def __init__(self, trouble):
        self.trouble = trouble

    def __index__(self):
        return self.trouble.act()

    def __float__(self):
        result = self.trouble.act()
        return float(result) if isinstance(result, int) else result

    def __getattr__(self, name):
        # Asked for what the object lacks: __array_struct__, dtype, mask, module names of pandas.
        if name.startswith("__") and name not in ("__array_struct__", "__arrow_c_stream__", "__arrow_c_array__"):
            raise AttributeError(name)
        result = self.trouble.act()
        if self.trouble.chance.random() < 0.5:
            raise AttributeError(name)
        return result


class HostileZone(dt.tzinfo):
    def __init__(self, trouble):
        self.trouble = trouble

    def utcoffset(self, moment):
        result = self.trouble.act()
        return dt.timedelta(minutes=result % 60) if isinstance(result, int) else result

    dst = utcoffset

    def tzname(self, moment):
        return self.trouble.act()


class HostileList(list):
    trouble = None

    def __iter__(self):
        for item in super().__iter__():
            self.trouble.act()
            yield item

    def __len__(self):
        result = self.trouble.act()
        return result % 7 if isinstance(result, int) else result


class HostileText(str):
    trouble = None

    def __hash__(self):
        # Only its hash could not be known to the dict otherwise.
        return str.__hash__(self)

    def __eq__(self, other):
        self.trouble.act()
        return str.__eq__(self, other)

    def __str__(self):
        return self.trouble.act()


class HostileDecimal(decimal.Decimal):
    trouble = None

    def __str__(self):
        result = self.trouble.act()
        return str(result) if isinstance(result, int) else result


class HostileInt(int):
    trouble = None

    def __index__(self):
        return self.trouble.act()

    __int__ = __index__


class HostileFloat(float):
    trouble = None

    def __float__(self):
        return self.trouble.act()


def with_trouble(value, trouble):
    value.trouble = trouble
    return value


def a_value(trouble):
    """Returns a value of a row or of an object column."""
    chance = trouble.chance
    kind = chance.randrange(14)
    if kind < 2:
        return Hostile(trouble)
    if kind < 4:
        zone = HostileZone(trouble)
        return dt.datetime(2024, 1, 1, tzinfo=zone)
    if kind == 4:
        numbers = HostileList([1.0, 2.0, 3.0][: chance.randrange(4)])
        if chance.random() < 0.5:
            numbers.append(Hostile(trouble))
        return with_trouble(numbers, trouble)
    if kind == 5:
        numbers = [chance.choice([1.0, 2, Hostile(trouble), [1.0], True]) for _ in range(chance.randrange(6))]
        trouble.victims.append(numbers)
        return chance.choice([numbers, [numbers], (numbers, numbers)])
    if kind == 6:
        return with_trouble(HostileText(f"text {chance.randrange(5)}"), trouble)
    if kind == 7:
        return with_trouble(HostileDecimal("1.5"), trouble)
    if kind == 8:
        return chance.choice([with_trouble(HostileInt(7), trouble), with_trouble(HostileFloat(1.5), trouble)])
    if kind == 9:
        return hostile_arrays.Forged(chance, trouble)
    if kind == 10 and np is not None:
        masked = np.ma.masked_array([1.0, 2.0], mask=[False, chance.random() < 0.5])
        objects = np.array([1.0, Hostile(trouble), "x"], dtype=object)
        return chance.choice([masked, objects, np.array(["a", "b"]), np.zeros(3, "V8"), np.array([1 + 2j])])
    return chance.choice([1, 1.5, "".join(["text ", str(chance.random())]), "é 🚀", None, True, dt.datetime(2024, 1, 1)])


def a_row(trouble):
    chance, buffer = trouble.chance, trouble.buffer
    columns, symbols = {}, {}
    trouble.victims += [columns, symbols]
    for i in range(chance.randrange(1, 12)):
        name = "".join(["c", str(i)])
        columns[with_trouble(HostileText(name), trouble) if chance.random() < 0.1 else name] = a_value(trouble)
    for i in range(chance.randrange(4)):
        symbols["".join(["s", str(i)])] = chance.choice(["".join(["a", str(i)]), None, with_trouble(HostileText("s"), trouble)])
    at = chance.choice([ServerTimestamp, TimestampNanos(5), dt.datetime(2024, 1, 1, tzinfo=HostileZone(trouble)), Hostile(trouble)])
    if chance.random() < 0.1:
        columns = collections.OrderedDict(columns)
    return lambda: buffer.row("t", symbols=symbols, columns=columns, at=at)


def a_frame_of_objects(trouble):
    """A frame whose objects change the frame while it is read."""
    chance, buffer = trouble.chance, trouble.buffer
    rows = chance.choice([1, 2, 5, 40])
    columns = {}
    for i in range(chance.randrange(1, 6)):
        values = np.empty(rows, object)
        kind = chance.randrange(4)
        for row in range(rows):
            fresh = "".join(["fresh ", str(row), "é" * chance.randrange(2)])
            plain = [fresh, 1.5 * row, 10**10 + row, dt.datetime(2024, 1, 1)][kind]
            values[row] = a_value(trouble) if chance.random() < 0.2 else plain
        trouble.victims.append(values)
        columns[f"c{i}"] = values
    # The arrays themselves, not copies of them.
    df = pd.DataFrame({name: pd.Series(values, dtype=object, copy=False) for name, values in columns.items()}, copy=False)
    trouble.victims.append(df)
    arguments = {"table_name": "t", "at": chance.choice([ServerTimestamp, TimestampNanos(5), Hostile(trouble)])}
    if chance.random() < 0.3:
        arguments["symbols"] = chance.choice([True, False, ["c0"], Hostile(trouble), [Hostile(trouble)], with_trouble(HostileList(["c0"]), trouble)])
    if chance.random() < 0.2:
        del arguments["table_name"]
        arguments["table_name_col"] = chance.choice(["c0", -1, Hostile(trouble)])
    return lambda: buffer.dataframe(df, **arguments)


class Column:
    """A column of a frame whose parts are whatever the case says."""

    def __init__(self, parts):
        self.__dict__.update(parts)

    def __len__(self):
        return self.length


class Lying:
    """Holds a hostile class of frames, which exists only if pandas does."""

    @staticmethod
    def frame(chance, trouble):
        rows = chance.choice([0, 1, 3])

        def part():
            return chance.choice(
                [
                    lambda: hostile_arrays.Forged(chance, trouble, length=rows),
                    lambda: np.arange(chance.choice([rows, rows + 3, 0])),
                    lambda: np.array(["a", None, 1] * 3, object)[:rows],
                    lambda: Hostile(trouble),
                    lambda: pd.Index(["a", "b"]),
                    lambda: None,
                    lambda: column(),
                ]
            )()

        def column():
            names = ["_ndarray", "_data", "_mask", "_pa_array", "codes", "categories", "values", "array", "dtype", "_codes"]
            return Column({"length": rows, **{name: part() for name in names if chance.random() < 0.4}})

        class Frame(pd.DataFrame):
            _mgr_lies = False

            @property
            def _constructor(self):
                return Frame

            def __len__(self):
                return rows

            @property
            def columns(self):
                names = chance.choice([["a"], ["a", "b"], [Hostile(trouble)], []])
                return pd.Index(names, dtype=object) if chance.random() < 0.9 else trouble.act()

            def items(self):
                for name in ("a", "b")[: chance.choice([1, 2, 2])]:
                    yield chance.choice([(name, Column({"array": part(), "length": rows})), (name, part()), (name,), name])

        frame = Frame({"a": [1] * rows, "b": [2] * rows})
        if chance.random() < 0.7:
            block = Column({"length": rows, "values": part(), "mgr_locs": chance.choice([[0], [0, 1], [7], [-1], part()])})
            manager = Column({"length": 1, "blocks": chance.choice([(block,), (block, block), [block], (part(),)])})
            object.__setattr__(frame, "_mgr", manager)
        return frame


def a_frame_that_lies(trouble):
    """A frame whose columns are not what pandas would make them."""
    chance, buffer = trouble.chance, trouble.buffer
    df = Lying.frame(chance, trouble)
    return lambda: buffer.dataframe(df, table_name="t", at=ServerTimestamp, symbols=chance.choice(["auto", True, False, [0]]))


def a_batch_of_arrow(trouble):
    chance, buffer = trouble.chance, trouble.buffer
    frame = hostile_arrow.Frame(chance, trouble)
    arguments = {"table_name": "t", "at": chance.choice([ServerTimestamp, ServerTimestamp, TimestampNanos(5), 0])}
    if chance.random() < 0.3:
        arguments["symbols"] = chance.choice([True, False, [0], ["c0"]])
    if chance.random() < 0.1:
        arguments["table_name_col"] = arguments.pop("table_name") and chance.choice(["c0", -1])

    def call():
        try:
            buffer.dataframe(frame, **arguments)
        finally:
            frame.check(Wrong)

    return call


WAYS = [a_row, a_batch_of_arrow]
if pd is not None:
    WAYS += [a_frame_of_objects, a_frame_that_lies]


def run(seed, number):
    chance = random.Random(f"{seed} {number}")
    version = chance.choice([1, 2, 3])
    if chance.random() < 0.2:
        # It is never established, so its rows stay where they are.
        buffer = Sender("http", "127.0.0.1", 1, protocol_version=version)
    else:
        buffer = Buffer(protocol_version=version)
    buffer.row("first", columns={"a": 1}, at=ServerTimestamp)
    before = bytes(buffer)
    trouble = Trouble(chance, buffer)
    call = chance.choice(WAYS)(trouble)
    Trouble.armed = True
    try:
        call()
    except (Wrong, SystemError):
        # The second says that a promise to the interpreter was not kept. What is no Exception at all is a panic.
        raise
    except Exception:
        if bytes(buffer) != before:
            raise Wrong("an error left a part of a row behind") from None
    else:
        if not bytes(buffer).startswith(before):
            raise Wrong("the rows before are gone")
    finally:
        Trouble.armed = False
        # Arrays of numpy and datetimes are none of the objects whose cycles Python collects.
        for victim in trouble.victims:
            if isinstance(victim, (dict, list)):
                victim.clear()
            elif np is not None and isinstance(victim, np.ndarray):
                victim.fill(None)
        trouble.victims.clear()
    buffer.row("last", columns={"a": 1}, at=ServerTimestamp)
    if not bytes(buffer).endswith(b"last a=1i\n"):
        raise Wrong("the buffer takes no rows any more")


def main():
    seed, first, count, place = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    with open(place, "wb", buffering=0) as file:
        for number in range(first, first + count):
            os.pwrite(file.fileno(), b"%-20d" % number, 0)
            run(seed, number)
    print(f"{count} cases")


if __name__ == "__main__":
    main()
