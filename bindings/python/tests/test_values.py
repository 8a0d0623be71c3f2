"""Values beyond those of the official package: numpy, pandas, decimals, arrays, nanoseconds."""

import datetime as dt
import decimal
import struct

import pytest

from questdb.ingress import Buffer, IngressError, IngressErrorCode, ServerTimestamp, TimestampMicros, TimestampNanos

np = pytest.importorskip("numpy")


def one(value, version=1, **kwargs):
    """The bytes of a column's value."""
    buf = Buffer(protocol_version=version).row("t", columns={"a": value}, at=ServerTimestamp, **kwargs)
    text = bytes(buf)
    assert text.startswith(b"t a=") and text.endswith(b"\n")
    return text[4:-1]


def array(shape, *numbers):
    """An array of doubles as version 2 writes it."""
    head = b"=\x0e\x0a" + bytes([len(shape)]) + b"".join(struct.pack("<i", n) for n in shape)
    return head + struct.pack(f"<{len(numbers)}d", *numbers)


def test_N2_numpy_scalars():
    for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.longlong):
        assert one(kind(7)) == b"7i"
    assert one(np.int8(-7)) == b"-7i"
    assert one(np.int64(-(2**63))) == b"-9223372036854775808i"
    with pytest.raises(OverflowError, match='"a"'):
        one(np.uint64(2**63))
    assert one(np.float64(0.1)) == b"0.1"
    assert one(np.float32(0.1)) == b"0.10000000149011612"
    assert one(np.float16(0.1)) == b"0.0999755859375"
    assert [one(np.float16(x)) for x in ("inf", "-inf", "nan", "6e-8", "-0.0")] == [
        b"Infinity", b"-Infinity", b"NaN", b"5.960464477539063e-8", b"-0.0",
    ]  # fmt: skip
    assert (one(np.bool_(True)), one(np.bool_(False))) == (b"t", b"f")
    assert one(np.str_("é")) == '"é"'.encode()
    assert one(np.array(5)) == b"5i"
    for value in (np.complex128(1), np.bytes_(b"x"), np.timedelta64(1, "s"), np.void(b"x")):
        with pytest.raises(TypeError):
            one(value)


@pytest.mark.filterwarnings("error")
def test_N2_numpy_times():
    assert one(np.datetime64("2024-01-01T00:00:00.123456789"), 2) == b"1704067200123456789n"
    assert one(np.datetime64("2024-01-01T00:00:00.123456789")) == b"1704067200123456t"
    for unit in ("us", "ms", "s", "m", "h", "D", "M", "Y", "25s"):
        assert one(np.datetime64("2024-01-01", unit.lstrip("25")).astype(f"datetime64[{unit}]"), 2) == b"1704067200000000t"
    assert one(np.datetime64("1969-12-31", "ns"), 2) == b"-86400000000000n"
    assert one(np.datetime64(-1, "us"), 2) == b"-1t"
    buf = Buffer().row("t", columns={"a": np.datetime64("NaT"), "b": 1}, at=np.datetime64("2024-01-01", "s"))
    assert str(buf) == "t b=1i 1704067200000000000\n"
    with pytest.raises(IngressError):
        Buffer().row("t", columns={"b": 1}, at=np.datetime64("NaT"))
    with pytest.raises(OverflowError):
        one(np.datetime64(2**62, "s"))


def test_N2_pandas_scalars():
    pd = pytest.importorskip("pandas")
    text = "2024-01-01T00:00:00.123456789"
    assert one(pd.Timestamp(text), 2) == b"1704067200123456789n"
    assert one(pd.Timestamp(text, tz="Asia/Tokyo"), 2) == b"1704034800123456789n"
    assert one(pd.Timestamp(text).as_unit("us"), 2) == b"1704067200123456t"
    buf = Buffer().row("t", columns={"a": pd.NaT, "b": pd.NA, "c": 1}, at=pd.Timestamp(text))
    assert str(buf) == "t c=1i 1704067200123456789\n"
    with pytest.raises(IngressError) as raised:
        Buffer().row("t", columns={"a": 1}, at=pd.NaT)
    assert raised.value.code is IngressErrorCode.InvalidTimestamp


def test_N2_nanoseconds():
    assert one(TimestampNanos(1234567), 2) == b"1234567n"
    assert one(TimestampNanos(1234567), 1) == b"1234t"
    assert one(TimestampMicros(1234567), 2) == b"1234567t"
    buf = Buffer(protocol_version=2).row("t", columns={"a": 1}, at=TimestampMicros(5))
    assert bytes(buf) == b"t a=1i 5t\n"
    buf = Buffer(protocol_version=2).row("t", columns={"a": 1}, at=TimestampNanos(5))
    assert bytes(buf) == b"t a=1i 5n\n" or bytes(buf) == b"t a=1i 5\n"


def test_N2_decimals():
    for text in ("1.25", "-0.001", "0", "123456789012345678901234567890.5"):
        assert one(decimal.Decimal(text), 3) == text.encode() + b"d"
    with pytest.raises(IngressError) as raised:
        one(decimal.Decimal("1.25"), 2)
    assert raised.value.code is IngressErrorCode.ProtocolVersionError
    with pytest.raises(IngressError) as raised:
        one(decimal.Decimal("1e1000"), 3)
    assert raised.value.code is IngressErrorCode.DecimalError


def test_N2_arrays():
    flat = np.array([1.5, 2.5, 3.5])
    assert one(flat, 2) == array([3], 1.5, 2.5, 3.5)
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert one(cube, 2) == array([2, 3, 4], *range(24))
    views = [cube.T, cube[:, ::-1], cube[::-1, ::-1, ::-1], cube[:, 1:2, ::2], np.asfortranarray(cube), cube[1], cube[0:0],
             np.broadcast_to(flat, (2, 3)), cube[..., 3]]  # fmt: skip
    for view in views:
        assert one(view, 2) == array(view.shape, *view.ravel().tolist())
    for kind in ("f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f8", ">f4", ">f2", ">i8", ">i4", ">u2", "?"):
        values = np.array([[1, 0], [1, 1]]).astype(kind)
        assert one(values, 2) == array([2, 2], 1, 0, 1, 1), kind
        assert one(values[:, ::-1], 2) == array([2, 2], 0, 1, 1, 1), kind
    packed = np.frombuffer(b"x" + struct.pack("<3d", 1, 2, 3), dtype="f8", offset=1)
    assert one(packed, 2) == array([3], 1, 2, 3)
    fields = np.zeros(2, dtype=[("a", "i1"), ("b", "f8")])
    fields["b"] = [1, 2]
    assert one(fields["b"], 2) == array([2], 1, 2)
    flat.setflags(write=False)
    assert one(flat, 2) == array([3], 1.5, 2.5, 3.5)


def test_N2_arrays_refused():
    for value in (np.array(["a"]), np.array([None]), np.array([1j]), np.array(["2024"], "M8[s]"), np.zeros(1, np.longdouble)):
        with pytest.raises(TypeError):
            one(value, 2)
    with pytest.raises(OverflowError):
        one(np.array([2**53 + 1]), 2)
    with pytest.raises(IngressError) as raised:
        one(np.array([1.0]), 1)
    assert raised.value.code is IngressErrorCode.ProtocolVersionError
    with pytest.raises((IngressError, ValueError)):
        one(np.zeros([1] * 33) if np.__version__ >= "2" else [[[[]]]] * 3, 2)


def test_N2_lists():
    assert one([1, 2.5, np.float32(3)], 2) == array([3], 1, 2.5, 3)
    assert one([(1, 2), [3, 4]], 2) == array([2, 2], 1, 2, 3, 4)
    assert one([], 2) == array([0])
    assert one([[], []], 2) == array([2, 0])
    for value in ([1, [2]], [[1], 2], [[1, 2], [3]], [[], [1]], [[[1]], [1]]):
        with pytest.raises(ValueError, match="same length"):
            one(value, 2)
    for value in (["a"], [None], [object()], [b"x"], [[1], [None]]):
        with pytest.raises(TypeError):
            one(value, 2)
    with pytest.raises(OverflowError):
        one([2**53 + 1], 2)
    deep = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises((ValueError, IngressError)):
        one(deep, 2)
    loop = []
    loop.append(loop)
    with pytest.raises((ValueError, IngressError)):
        one(loop, 2)


def test_N2_array_interfaces_that_lie():
    class Lies:
        def __init__(self, value):
            self.value = value

        @property
        def __array_struct__(self):
            if isinstance(self.value, Exception):
                raise self.value
            return self.value

    for value in (None, 5, "x"):
        with pytest.raises((TypeError, ValueError)):
            one(Lies(value), 2)
    with pytest.raises(KeyError):
        one(Lies(KeyError("x")), 2)


def test_N2_values_of_other_types():
    for value in (object(), b"x", {}, {1}, 1j, dt.time(1), dt.timedelta(1), type, iter([])):
        with pytest.raises(TypeError, match='"a"'):
            one(value, 3)
