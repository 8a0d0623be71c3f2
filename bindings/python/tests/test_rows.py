"""Buffer and its rows."""

import datetime as dt
import enum
import inspect
import random

import pytest

from questdb.ingress import (
    Buffer,
    IngressError,
    IngressErrorCode,
    Sender,
    ServerTimestamp,
    TimestampMicros,
    TimestampNanos,
)

from build import FREE_THREADED

UTC = dt.timezone.utc


def row(*args, version=1, at=ServerTimestamp, **kwargs):
    """The text of one row."""
    return str(Buffer(protocol_version=version).row(*args, at=at, **kwargs))


def refused(error, match=None, *, table="t", at=ServerTimestamp, code=None, **kwargs):
    """Checks that a row is refused, and leaves the rows before it as they were."""
    buf = Buffer()
    buf.row("before", columns={"x": 1}, at=ServerTimestamp)
    before = bytes(buf)
    with pytest.raises(error, match=match) as raised:
        buf.row(table, at=at, **kwargs)
    if code is not None:
        assert raised.value.code is code
    assert bytes(buf) == before
    assert str(buf.row("after", columns={"x": 2}, at=ServerTimestamp)) == "before x=1i\nafter x=2i\n"
    return raised.value


def test_B1_constructor():
    buf = Buffer()
    assert (buf.init_buf_size, buf.max_name_len) == (65536, 127)
    buf = Buffer(1024, 20)
    assert (buf.init_buf_size, buf.max_name_len) == (1024, 20)
    buf = Buffer(init_buf_size=2048, max_name_len=30)
    assert (buf.init_buf_size, buf.max_name_len) == (2048, 30)
    for name in ("init_buf_size", "max_name_len"):
        with pytest.raises(AttributeError):
            setattr(buf, name, 1)
    for arguments in ((-1,), (1, -1)):
        with pytest.raises(ValueError):
            Buffer(*arguments)
    with pytest.raises(TypeError):
        Buffer("1")


def test_B2_memory():
    buf = Buffer(init_buf_size=1000)
    assert buf.capacity() >= 1000
    buf.reserve(50_000)
    assert buf.capacity() >= 50_000
    with pytest.raises(ValueError):
        buf.reserve(-1)


def test_B2_a_buffer_takes_what_memory_has():
    buf = Buffer()
    text = "x" * 60_000_000
    # Beyond max_buf_size of a sender, which looks at it when it is given the buffer.
    for _ in range(2):
        buf.row("t", columns={"a": text}, at=ServerTimestamp)
    assert len(buf) > 100 << 20
    with pytest.raises(MemoryError):
        buf.reserve(1 << 62)
    assert len(buf) == 2 * (60_000_000 + 7)
    sender = Sender.from_conf("http::addr=127.0.0.1:1;protocol_version=1;")
    sender.establish()
    with pytest.raises(IngressError, match="max_buf_size of this sender is 104857600") as caught:
        sender.flush(buf)
    assert caught.value.code is IngressErrorCode.InvalidApiCall
    sender.close()


def test_B3_contents():
    buf = Buffer(protocol_version=2)
    assert (len(buf), str(buf), bytes(buf)) == (0, "", b"")
    assert not buf
    buf.row("t", columns={"f": -1.0}, at=ServerTimestamp)
    assert len(buf) == len(bytes(buf)) == 15
    assert str(buf).startswith("t f==\x10") and "\ufffd" in str(buf)
    assert "1 rows, 15 bytes" in repr(buf)


def test_B4_clear():
    buf = Buffer(init_buf_size=1)
    for _ in range(100):
        buf.row("t", columns={"s": "x" * 100}, at=ServerTimestamp)
    capacity = buf.capacity()
    buf.clear()
    assert (len(buf), buf.capacity()) == (0, capacity)


COMMON = "?,'\"\\/:)(+*%~\ufeff" + "".join(map(chr, range(16))) + "\x7f"


def test_B5_names():
    for character in COMMON:
        for place in ("{}a", "a{}", "a{}b"):
            name = place.format(character)
            refused(IngressError, code=IngressErrorCode.InvalidName, table=name, columns={"x": 1})
            refused(IngressError, code=IngressErrorCode.InvalidName, columns={name: 1})
            refused(IngressError, code=IngressErrorCode.InvalidName, symbols={name: "x"})
    for name in ("", ".", ".a", "a.", "a..b"):
        refused(IngressError, code=IngressErrorCode.InvalidName, table=name, columns={"x": 1})
    for name in ("", "a.b", "a-b", "."):
        refused(IngressError, code=IngressErrorCode.InvalidName, columns={name: 1})
    assert row("a.b-c", columns={"x y": 1}) == "a.b-c x\\ y=1i\n"


def test_B5_names_that_are_escaped():
    def escape(name):
        return name.replace(" ", "\\ ").replace("=", "\\=")

    chance, buffer, expected = random.Random(5), Buffer(), ""
    names = ["a b", "a=b", "plain", "é é", " ", "=", "long " * 20, "a_b", *(f"name {i}" for i in range(300))]
    for _ in range(2_000):
        table, symbol, *columns = chance.sample(names, chance.randint(2, 6))
        if columns:
            values = {name: i for i, name in enumerate(columns)}
            buffer.row(table, symbols={symbol: "s"}, columns=values, at=ServerTimestamp)
            fields = " " + ",".join(f"{escape(name)}={i}i" for name, i in values.items())
        else:
            buffer.row(table, symbols={symbol: "s"}, at=ServerTimestamp)
            fields = ""
        expected += f"{escape(table)},{escape(symbol)}=s{fields}\n"
        # Each name also as a new object, as keys of a parsed text are.
        names = ["".join(name) if chance.random() < 0.1 else name for name in names]
    assert str(buffer) == expected


def test_B6_max_name_len():
    for name in ("a" * 127, "é" * 63):
        assert name in row(name, columns={name: 1})
    for name in ("a" * 128, "é" * 64):
        for arguments in ({"table": name, "columns": {"x": 1}}, {"columns": {name: 1}}):
            e = refused(IngressError, code=IngressErrorCode.InvalidName, **arguments)
            assert name[:20] in str(e) and "127" in str(e)
    buf = Buffer(max_name_len=3)
    for _ in range(3):
        with pytest.raises(IngressError, match="3"):
            buf.row("t", columns={"four": 1}, at=ServerTimestamp)


def test_B7_signature():
    signature = inspect.signature(Buffer.row)
    kinds = {name: p.kind for name, p in signature.parameters.items()}
    assert list(kinds)[1:] == ["table_name", "symbols", "columns", "at"]
    assert all(kinds[name] is inspect.Parameter.KEYWORD_ONLY for name in ("symbols", "columns", "at"))
    assert signature.parameters["symbols"].default is None
    assert signature.parameters["at"].default is inspect.Parameter.empty
    buf = Buffer()
    for args, kwargs in (
        ((), {"at": ServerTimestamp}),
        (("t", {}), {"at": ServerTimestamp}),
        (("t", {}, {}, ServerTimestamp), {}),
        (("t",), {"at": ServerTimestamp, "strings": {}}),
        (("t",), {"at": ServerTimestamp, "table_name": "u"}),
    ):
        with pytest.raises(TypeError):
            buf.row(*args, **kwargs)
    buf.row(at=ServerTimestamp, columns={"a": 1}, table_name="t")
    assert str(buf) == "t a=1i\n"


def test_B8_at_is_needed():
    refused_text = "needs keyword-only argument at"
    with pytest.raises(TypeError, match=refused_text):
        Buffer().row("t", columns={"a": 1})


def test_B9_at_none():
    refused(
        IngressError,
        "`at` must be of type TimestampNanos, datetime, or ServerTimestamp",
        at=None,
        columns={"a": 1},
        code=IngressErrorCode.InvalidTimestamp,
    )


def test_B10_at():
    columns = {"a": 1}
    moment = dt.datetime(2024, 1, 1, tzinfo=UTC)
    assert row("t", columns=columns, at=TimestampNanos(5)) == "t a=1i 5\n"
    assert row("t", columns=columns, at=TimestampMicros(5)) == "t a=1i 5000\n"
    assert row("t", columns=columns, at=moment) == "t a=1i 1704067200000000000\n"
    assert row("t", columns=columns, at=ServerTimestamp) == "t a=1i\n"
    for at in (5, 1.5, "now", True, object(), dt.timedelta(1)):
        refused(TypeError, at=at, columns=columns)
    e = refused(
        IngressError,
        at=dt.datetime(1960, 1, 1, tzinfo=UTC),
        columns=columns,
        code=IngressErrorCode.InvalidTimestamp,
    )
    assert "-315619200000000" in str(e)


def test_B11_symbols():
    assert row("t", symbols={"s": "a b", "e": "", "n": None}) == "t,s=a\\ b,e=\n"
    for value in (5, b"x", 1.5, [], True):
        refused(TypeError, 'symbol "s": Expected str', symbols={"s": value})
    refused(TypeError, "keys of symbols: Expected str", symbols={5: "x"})
    refused(TypeError, "keys of columns: Expected str", columns={None: 1})
    for argument in ("symbols", "columns"):
        for value in ([("a", "b")], {"a", "b"}, "a", 5):
            refused(TypeError, f"{argument}: Expected dict", **{argument: value})
    refused(TypeError, "table_name: Expected str", table=5, columns={"a": 1})


def test_B12_bool():
    assert row("t", columns={"a": True, "b": False}) == "t a=t,b=f\n"


def test_B13_int():
    for value in (0, 1, -1, 2**31, 2**63 - 1, -(2**63)):
        assert row("t", columns={"a": value}) == f"t a={value}i\n"
    for value in (2**63, -(2**63) - 1, 10**50):
        refused(OverflowError, '"a"', columns={"b": 1, "a": value})


def test_B13_int_of_every_length():
    numbers = [sign * (2**bits + more) for bits in range(63) for more in (-1, 0, 1) for sign in (1, -1)]
    numbers = [number for number in [*numbers, 2**63 - 1, -(2**63)] if -(2**63) <= number < 2**63]
    for number in numbers:
        row = Buffer().row("t", columns={"n": number}, at=ServerTimestamp)
        assert str(row) == f"t n={number}i\n"
    for number in (2**63, -(2**63) - 1, 2**64, 2**90, -(2**90), 2**93 + 1):
        with pytest.raises(OverflowError):
            Buffer().row("t", columns={"n": number}, at=ServerTimestamp)


def test_B14_float():
    texts = {1.0: "1.0", 1e100: "1e100", -0.0: "-0.0", 0.1: "0.1", float("inf"): "Infinity", float("-inf"): "-Infinity"}
    for value, text in texts.items():
        assert row("t", columns={"a": value}) == f"t a={text}\n"
    assert row("t", columns={"a": float("nan")}) == "t a=NaN\n"
    buf = Buffer(protocol_version=2).row("t", columns={"a": 1.5}, at=ServerTimestamp)
    assert bytes(buf) == b"t a==\x10\0\0\0\0\0\0\xf8?\n"


def test_B15_str():
    assert row("t", columns={"a": 'x"\\\n\0é€🚀'}) == 't a="x\\"\\\\\\\n\0é€🚀"\n'
    e = refused(IngressError, columns={"a": "x\ud800y"}, code=IngressErrorCode.InvalidUtf8)
    assert str(e).startswith("Invalid codepoint 0xd800 in string ")
    for arguments in (
        {"symbols": {"a": "\udfff🚀"}},
        {"symbols": {"\ud800": "a"}},
        {"table": "\ud800", "columns": {"a": 1}},
    ):
        refused(IngressError, "Invalid codepoint 0xd", code=IngressErrorCode.InvalidUtf8, **arguments)


@pytest.mark.parametrize("text", ["", "a", "é", "ÿ", "Ā", "€", "\uffff", "🚀", "aé€🚀" * 1000, "\x80", "\u07ff", "\u0800"])
def test_B15_every_width(text):
    assert bytes(Buffer().row("t", columns={"a": text}, at=ServerTimestamp)) == f't a="{text}"\n'.encode()


def test_B16_times():
    values = {
        "a": TimestampMicros(7),
        "b": dt.datetime(1969, 12, 31, tzinfo=UTC),
        "c": dt.datetime(1, 1, 1, tzinfo=UTC),
        "d": dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    }
    assert row("t", columns=values) == "t a=7t,b=-86400000000t,c=-62135596800000000t,d=253402300799999999t\n"


def test_B17_none():
    assert row("t", symbols={"a": None, "b": "x"}, columns={"c": None, "d": 1}) == "t,b=x d=1i\n"
    for arguments in (
        {},
        {"symbols": None, "columns": None},
        {"symbols": {}, "columns": {}},
        {"symbols": {"a": None}, "columns": {"b": None}},
    ):
        assert row("t", **arguments) == ""
        assert row("t", **arguments, at=TimestampNanos(1)) == ""
    buf = Buffer()
    buf.row("t", columns={"a": 1}, at=ServerTimestamp).row("t", at=ServerTimestamp).row("u", columns={"b": 2}, at=ServerTimestamp)
    assert str(buf) == "t a=1i\nu b=2i\n"


def test_B18_order():
    symbols = {name: "x" for name in "zyxcba"}
    columns = {name: 1 for name in "ponmlk"}
    assert row("t", columns=columns, symbols=symbols) == "t,z=x,y=x,x=x,c=x,b=x,a=x p=1i,o=1i,n=1i,m=1i,l=1i,k=1i\n"


def test_B19_failed_rows_leave_no_trace():
    chance = random.Random(19)
    good = [1, 1.5, True, "x", "é", None, TimestampMicros(1), dt.datetime(2024, 1, 1, tzinfo=UTC)]
    bad = [2**63, object(), "\ud800", b"x", 1j, {"a": 1}, dt.timedelta(1)]
    for version in (1, 2, 3):
        buf = Buffer(protocol_version=version)
        for _ in range(300):
            columns = {f"c{i}": chance.choice(good) for i in range(chance.randrange(1, 12))}
            symbols = {f"s{i}": chance.choice(["a", "b c", None]) for i in range(chance.randrange(4))}
            before = bytes(buf)
            broken = dict(columns)
            broken[chance.choice(list(columns))] = chance.choice(bad)
            with pytest.raises((TypeError, OverflowError, IngressError)):
                buf.row("t", symbols=symbols, columns=broken, at=TimestampNanos(1))
            assert bytes(buf) == before
            buf.row("t", symbols=symbols, columns=columns, at=TimestampNanos(1))


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Map(dict):
    pass


class Color(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


def test_B20_derived_classes():
    assert row(Text("t"), symbols=Map({Text("s"): Text("x"), "c": Color.RED}), columns=Map(a=Text("é"))) == 't,s=x,c=red a="é"\n'
    assert row("t", columns={"a": Whole(5), "b": Real(1.5), "c": Level.HIGH, Color.RED: Color.RED}) == (
        't a=5i,b=1.5,c=3i,red="red"\n'
    )

    class Moment(dt.datetime):
        pass

    moment = Moment(2024, 1, 1, tzinfo=UTC)
    assert row("t", columns={"a": moment}, at=moment) == "t a=1704067200000000t 1704067200000000000\n"

    class Index:
        def __index__(self):
            return 7

    assert row("t", columns={"a": Index()}) == "t a=7i\n"
    assert row("t", columns={"a": dt.date(2024, 1, 1)}) == "t a=1704067200000000t\n"


class Zone(dt.tzinfo):
    """Runs code whenever an offset is asked for."""

    def __init__(self, code):
        self.code = code

    def utcoffset(self, moment):
        self.code()
        return dt.timedelta(0)


def test_B21_a_dict_that_changes():
    for change in ("clear", "grow", "replace"):
        buf = Buffer()
        columns = {}

        def code():
            if change == "clear":
                columns.clear()
            elif change == "grow":
                columns.update({f"n{i}": i for i in range(len(columns), len(columns) + 100)})
            else:
                for key in list(columns):
                    columns[key] = "new"

        moment = dt.datetime(2024, 1, 1, tzinfo=Zone(code))
        columns.update({f"é{i}": i for i in range(20)})
        columns["m"] = moment
        columns.update({f"a{i}": f"text {i}" for i in range(20)})
        del moment
        if FREE_THREADED:
            # The row is that of a copy, which nobody else can change.
            buf.row("t", columns=columns, at=ServerTimestamp)
            assert 'a19="text 19"' in str(buf)
        elif change == "replace":
            buf.row("t", columns=columns, at=ServerTimestamp)
            assert 'a19="new"' in str(buf)
        else:
            with pytest.raises(RuntimeError, match="columns changed"):
                buf.row("t", columns=columns, at=ServerTimestamp)
            assert len(buf) == 0

    class Bad:
        def __index__(self):
            raise KeyError("from inside")

    refused(KeyError, "from inside", columns={"a": 1, "b": Bad()})


def test_B22_returns_self():
    buf = Buffer()
    assert buf.row("t", columns={"a": 1}, at=ServerTimestamp) is buf
    assert buf.row("t", at=ServerTimestamp) is buf


@pytest.mark.parametrize("call", ["row", "clear", "len", "bytes", "capacity", "reserve", "str", "repr"])
def test_B23_calls_from_within(call):
    buf = Buffer()
    buf.row("before", columns={"x": 1}, at=ServerTimestamp)
    calls = {
        "row": lambda: buf.row("inner", columns={"x": 1}, at=ServerTimestamp),
        "clear": buf.clear,
        "len": lambda: len(buf),
        "bytes": lambda: bytes(buf),
        "capacity": buf.capacity,
        "reserve": lambda: buf.reserve(1 << 20),
        "str": lambda: str(buf),
        "repr": lambda: repr(buf),
    }
    seen = []

    def code():
        try:
            calls[call]()
        except IngressError as e:
            seen.append(e.code)

    moment = dt.datetime(2024, 1, 1, tzinfo=Zone(code))
    buf.row("t", columns={"m": moment, "x": 1}, at=moment)
    assert seen == [IngressErrorCode.InvalidApiCall] * 2
    assert str(buf) == "before x=1i\nt m=1704067200000000t,x=1i 1704067200000000000\n"


def test_E17_versions():
    assert Buffer().protocol_version == 1
    for version in (1, 2, 3):
        assert Buffer(protocol_version=version).protocol_version == version
    for version in (None, 0, 4, "2", 1.5):
        with pytest.raises(IngressError) as raised:
            Buffer(protocol_version=version)
        assert raised.value.code is IngressErrorCode.ProtocolVersionError


def test_rows_are_removed_by_number():
    buf = Buffer()
    for n in range(1, 5):
        buf.row("t", columns={"n": n}, at=ServerTimestamp)
    buf.remove_rows(2, 2)
    assert str(buf) == "t n=1i\nt n=4i\n"
    buf.remove_rows(1)
    assert str(buf) == "t n=4i\n"
    with pytest.raises(IngressError):
        buf.remove_rows(7)


def test_a_buffer_can_be_derived():
    class Mine(Buffer):
        def one(self, n):
            return self.row("t", columns={"n": n}, at=ServerTimestamp)

    mine = Mine()
    assert mine.one(1).one(2) is mine
    assert str(mine) == "t n=1i\nt n=2i\n"
