"""Every type of a column of pandas, in every layout of memory."""

import datetime as dt
import decimal

import pytest
from frames import np, pd, refused, rows, sent
from questdb.ingress import Buffer, IngressErrorCode, ServerTimestamp, TimestampMicros, TimestampNanos

NAN = float("nan")
NUMBERS = [
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
]  # fmt: skip


def both(df, *expected, **arguments):
    """Compares with single rows, in both versions of the protocol."""
    for version in (1, 2):
        assert sent(df, version, **arguments) == rows(*expected, version=version)


def limits(dtype):
    """Returns the values at the edges of a type."""
    kind = np.dtype(dtype).kind
    if kind == "f":
        info = np.finfo(dtype)
        return np.array([0, -0.0, info.max, info.min, info.tiny, np.inf, -np.inf, np.nan, 0.1], dtype)
    info = np.iinfo(dtype)
    return np.array([0, 1, info.min, min(info.max, 2**63 - 1)], dtype)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_M4_M7_numbers(dtype, order):
    values = limits(dtype)
    column = values.astype(np.dtype(dtype).newbyteorder(order))
    both(pd.DataFrame({"a": column}), *({"a": value} for value in values.tolist()))


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool", "datetime64[ns]"])
@pytest.mark.parametrize("layout", ["strided", "reversed", "columns", "unaligned", "read-only", "sliced"])
def test_strided_and_unaligned_memory(dtype, layout):
    values = np.arange(12).astype(dtype)
    if layout == "strided":
        column = np.repeat(values, 3)[::3]
    elif layout == "reversed":
        column = values[::-1].copy()[::-1]
    elif layout == "columns":
        column = np.stack([values, values], axis=1)[:, 1]
    elif layout == "unaligned":
        memory = np.zeros(12 * values.itemsize + 1, "uint8")
        column = memory[1:].view(values.dtype)
        column[:] = values
    elif layout == "read-only":
        column = values.copy()
        column.flags.writeable = False
    else:
        column = np.concatenate([values[:5], values])[5:]
    df = pd.DataFrame({"a": pd.Series(column, copy=False)}, copy=False)
    expected = values.astype("int64").tolist() if values.dtype.kind == "M" else values.tolist()
    wrap = TimestampNanos if values.dtype.kind == "M" else lambda value: value
    both(df, *({"a": wrap(value)} for value in expected))


def test_frame_of_one_array():
    array = np.arange(12.0).reshape(4, 3)
    for values in (array, np.asfortranarray(array), array[::2, ::-1]):
        df = pd.DataFrame(values, columns=list("abc"), copy=False)
        both(df, *(dict(zip("abc", row)) for row in values.tolist()))
    both(df.iloc[1:], *(dict(zip("abc", row)) for row in values[1:].tolist()))


def test_M1_bool():
    both(pd.DataFrame({"a": [True, False]}), {"a": True}, {"a": False})


def test_M2_nullable_bool():
    both(pd.DataFrame({"a": pd.array([True, False], dtype="boolean")}), {"a": True}, {"a": False})
    message = refused(pd.DataFrame({"a": pd.array([True, None], dtype="boolean"), "b": [1, 2]}))
    assert message == (
        "Failed to serialize value of column 'a' at row index 1 (<NA>): Cannot insert null values into a boolean column."
    )


def test_M3_objects_bool():
    df = pd.DataFrame({"a": [np.True_, False]}, dtype=object)
    both(df, {"a": True}, {"a": False})
    for null in (None, pd.NA, NAN):
        for column in ([True, null], [null, True]):
            assert "boolean column" in refused(pd.DataFrame({"a": column, "b": [1, 2]}, dtype=object))
    assert "type int" in refused(pd.DataFrame({"a": [True, 1]}, dtype=object))


def test_M4_uint64_too_large():
    message = refused(pd.DataFrame({"a": np.array([1, 2**63], "uint64")}))
    assert "column 'a' at row index 1" in message and str(2**63) in message


@pytest.mark.parametrize("dtype", ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"])
def test_M5_nullable_integers(dtype):
    df = pd.DataFrame({"a": pd.array([None, 5, None, 127], dtype=dtype), "b": [1, 2, 3, 4]})
    both(df, {"b": 1}, {"a": 5, "b": 2}, {"b": 3}, {"a": 127, "b": 4})
    both(df.iloc[1:2], {"a": 5, "b": 2})


def test_M5_UInt64_too_large():
    df = pd.DataFrame({"a": pd.array([None, 2**63], dtype="UInt64"), "b": [1, 2]})
    assert "row index 1" in refused(df)


def test_M6_objects_int():
    df = pd.DataFrame({"a": [None, 2**63 - 1, NAN, -(2**63), pd.NA, np.int8(-3)], "b": range(6)}, dtype=object)
    both(df, {"b": 0}, {"a": 2**63 - 1, "b": 1}, {"b": 2}, {"a": -(2**63), "b": 3}, {"b": 4}, {"a": -3, "b": 5})
    assert "row index 1 (9223372036854775808): int too big" in refused(pd.DataFrame({"a": [1, 2**63]}, dtype=object))
    assert "type str" in refused(pd.DataFrame({"a": [1, "x"]}, dtype=object))
    assert "type bool" in refused(pd.DataFrame({"a": [1, True]}, dtype=object))


def test_M8_objects_float():
    df = pd.DataFrame({"a": [None, 2.5, NAN, np.float32(0.1), pd.NA], "b": range(5)}, dtype=object)
    both(df, {"b": 0}, {"a": 2.5, "b": 1}, {"a": NAN, "b": 2}, {"a": float(np.float32(0.1)), "b": 3}, {"b": 4})


def test_M6_M8_integers_and_floats_in_one_column():
    for column in ([1, 2.5], [1, None, 2.5], [2.5, 1]):
        values = [value for value in column if value is not None]
        df = pd.DataFrame({"a": pd.Series(column, dtype=object), "b": range(len(column))})
        expected = [{"b": i} if v is None else {"a": float(v), "b": i} for i, v in enumerate(column)]
        assert len(values) == 2
        both(df, *expected)


@pytest.mark.parametrize("dtype", ["Float32", "Float64"])
def test_M8_nullable_floats(dtype):
    df = pd.DataFrame({"a": pd.array([1.5, None], dtype=dtype), "b": [1, 2]})
    both(df, {"a": 1.5, "b": 1}, {"b": 2})


TEXT = ["plain", "", 'quo"te', "back\\slash", "line\nfeed", "tab\t", "é", "日本", "😀", "nul\0", "x" * 70_000]


@pytest.mark.parametrize("dtype", ["object", "string", "string[python]", "string[pyarrow]", "str"])
def test_M9_M10_M12_texts(dtype):
    series = pd.Series([*TEXT, None], dtype=dtype)
    df = pd.DataFrame({"a": series, "b": range(len(series))})
    texts = [*({"a": text, "b": i} for i, text in enumerate(TEXT)), {"b": len(TEXT)}]
    both(df, *texts)
    symbols = [({"a": text}, {"b": i}) for i, text in enumerate(TEXT) if "\0" not in text]
    both(df[~df.a.str.contains("\0", regex=False, na=False)], *symbols, {"b": len(TEXT)}, symbols=["a"])
    both(df.iloc[3:6], *texts[3:6])


def test_M10_chunks():
    pa = pytest.importorskip("pyarrow")
    for kind in (pa.string(), pa.large_string()):
        chunks = pa.chunked_array([["a", None], [], ["b"], pa.array(["x", "c", None, "d"], kind).slice(1)], kind)
        array = pd.arrays.ArrowExtensionArray(chunks)
        df = pd.DataFrame({"n": range(6), "a": array})
        both(df, {"n": 0, "a": "a"}, {"n": 1}, {"n": 2, "a": "b"}, {"n": 3, "a": "c"}, {"n": 4}, {"n": 5, "a": "d"})


@pytest.mark.parametrize("count", [1, 3, 300, 70_000])
def test_M11_categories(count):
    names = [f"v {i}" for i in range(count)]
    codes = [0, -1, count - 1, 0]
    df = pd.DataFrame({"a": pd.Categorical.from_codes(codes, names), "n": range(4)})
    expected = [({"a": names[code]} if code >= 0 else {}, {"n": i}) for i, code in enumerate(codes)]
    both(df, *expected)
    as_text = [{**symbols, **columns} for symbols, columns in expected]
    both(df, *as_text, symbols=False)


@pytest.mark.parametrize(
    "values", [[5, 6], [1.5, 2.5], [True, False], ["x", "y"], pd.to_datetime(["2024", "2025"]).astype("datetime64[ns]")]
)
def test_M11_categories_of_other_types(values):
    df = pd.DataFrame({"a": pd.Categorical([values[1], values[0], values[1]])})
    plain = pd.DataFrame({"a": pd.Series([values[1], values[0], values[1]])})
    symbols = ["a"] if isinstance(values[0], str) else []
    for version in (1, 2):
        assert sent(df, version) == sent(plain, version, symbols=symbols)


def test_M11_empty_categories():
    df = pd.DataFrame({"a": pd.Categorical([None, None], categories=[]), "n": [1, 2]})
    both(df, {"n": 1}, {"n": 2})


def test_M12_objects_str_refused():
    assert "row index 1 (5): Expected a string" in refused(pd.DataFrame({"a": ["x", 5]}))
    assert "containing bytes" in refused(pd.DataFrame({"a": [b"x"]}))
    message = refused(pd.DataFrame({"a": pd.Series(["x", "\ud800"], dtype=object)}))
    assert "column 'a' at row index 1" in message and "0xd800" in message


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_M13_datetimes(unit, zone):
    stamps = pd.Series(pd.to_datetime(["2024-01-01T12:34:56", None, "1960-02-03T00:00:00"]).astype(f"datetime64[{unit}]"))
    if zone:
        stamps = stamps.dt.tz_localize("UTC").dt.tz_convert(zone)
    df = pd.DataFrame({"a": stamps, "n": range(3)})
    both(
        df,
        *(
            {"a": TimestampNanos(0), "n": i} if False else {"n": i} if value is pd.NaT else {"a": moment(value, unit), "n": i}
            for i, value in enumerate(stamps)
        ),
    )


def moment(value, unit):
    """Returns a pandas Timestamp as ``row`` takes it, also before 1970."""
    micros = value.value // 1000
    if unit == "ns":
        return value.tz_localize("UTC") if value.tz is None else value
    return dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=micros)


def test_M13_time_out_of_range():
    df = pd.DataFrame({"a": np.array([0, 2**62], "datetime64[s]")})
    assert "row index 1" in refused(df) and str(2**62) in refused(df)


def test_M14_first_value_decides():
    df = pd.DataFrame({"a": [None, NAN, np.str_("x")], "n": range(3)})
    both(df, {"n": 0}, {"n": 1}, {"a": "x", "n": 2})
    df = pd.DataFrame({"a": [None, NAN, pd.NaT], "n": range(3)}, dtype=object)
    both(df, {"n": 0}, {"n": 1}, {"n": 2})

    class Text(str):
        pass

    both(pd.DataFrame({"a": [Text("é"), "x"]}, dtype=object), {"a": "é"}, {"a": "x"})


def test_objects_of_time():
    utc = dt.timezone.utc
    naive = dt.datetime(2024, 1, 1, 12)
    column = [naive, naive.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.date(2024, 1, 2), None, pd.NaT]
    df = pd.DataFrame({"a": pd.Series(column, dtype=object), "n": range(5)})
    # A datetime without a zone is in UTC, as in every column of a frame.
    both(
        df,
        {"a": naive.replace(tzinfo=utc), "n": 0},
        {"a": naive.replace(hour=10, tzinfo=utc), "n": 1},
        {"a": dt.datetime(2024, 1, 2, tzinfo=utc), "n": 2},
        {"n": 3},
        {"n": 4},
    )
    column = [TimestampMicros(5), np.datetime64(7, "ns"), pd.Timestamp(9), TimestampNanos(11)]
    df = pd.DataFrame({"a": pd.Series(column, dtype=object)})
    both(df, *({"a": TimestampNanos(n)} for n in (5000, 7, 9, 11)))
    far = pd.Series([dt.datetime(9999, 1, 1), pd.Timestamp(9)], dtype=object)
    assert "row index 0" in refused(pd.DataFrame({"a": far}))


def test_objects_of_integers_of_every_length():
    numbers = [sign * (2**bits + more) for bits in range(63) for more in (-1, 0, 1) for sign in (1, -1)]
    numbers = [number for number in [*numbers, 2**63 - 1, -(2**63)] if -(2**63) <= number < 2**63]
    both(pd.DataFrame({"n": numbers}, dtype=object), *({"n": number} for number in numbers))
    for number in (-(2**63) - 1, 2**64, 2**90, -(2**90), 2**93 + 1):
        assert "row index 1" in refused(pd.DataFrame({"n": [1, number]}, dtype=object))


def test_objects_of_pandas_times():
    zoned = pd.Timestamp("2024-10-27 00:30:00.123456789", tz="UTC").tz_convert("Europe/Berlin")
    times = [pd.Timestamp("1969-12-31 23:59:59.999999999"), zoned, pd.Timestamp("2024-05-06 07:08:09.000000001"), pd.NaT, None]
    df = pd.DataFrame({"a": pd.Series(times, dtype=object), "n": range(5)})
    expected = [{"a": np.datetime64(time.value, "ns"), "n": i} for i, time in enumerate(times[:3])]
    both(df, *expected, {"n": 3}, {"n": 4})


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_objects_of_pandas_times_of_other_units(unit):
    times = [pd.Timestamp("1915-05-06 07:08:09").as_unit(unit), pd.Timestamp("2024-05-06 07:08:09", tz="Asia/Tokyo").as_unit(unit)]
    df = pd.DataFrame({"a": pd.Series(times, dtype=object)})
    both(df, *({"a": np.datetime64(time.value // 1000, "us")} for time in times))
    # Those with nanoseconds decide for all, wherever they stand.
    df = pd.DataFrame({"a": pd.Series([*times, pd.Timestamp(9)], dtype=object)})
    both(df, *({"a": np.datetime64(time.value, "ns")} for time in [*times, pd.Timestamp(9)]))


def test_a_pandas_time_beyond_the_years_of_datetime():
    for far in (pd.Timestamp(np.datetime64("12000-03-04", "s")), pd.Timestamp(np.datetime64("-2000-03-04", "ms"))):
        times = [far.replace(year=2000), far]
        both(pd.DataFrame({"a": pd.Series(times, dtype=object)}), *({"a": time.to_datetime64()} for time in times))
        expected = rows({"a": far.to_datetime64()})
        assert bytes(Buffer().row("t", columns={"a": far}, at=ServerTimestamp)) == expected


def test_N2_arrays():
    column = [np.array([1.0, 2.0]), None, np.array([[1, 2], [3, 4]], "int32"), [1, 2.5], np.arange(6.0)[::2]]
    df = pd.DataFrame({"a": pd.Series(column, dtype=object), "n": range(5)})
    expected = [{"a": value, "n": i} if value is not None else {"n": i} for i, value in enumerate(column)]
    assert sent(df, 2) == rows(*expected, version=2)
    assert "version 2" in refused(df, version=1)
    assert "row index 1" in refused(pd.DataFrame({"a": [[1.0], [[1.0], [2.0, 3.0]]]}))


def test_N2_decimals():
    column = [decimal.Decimal("1.50"), None, decimal.Decimal("-1e3"), NAN]
    df = pd.DataFrame({"a": pd.Series(column, dtype=object), "n": range(4)})
    expected = [{"a": column[0], "n": 0}, {"n": 1}, {"a": column[2], "n": 2}, {"n": 3}]
    assert sent(df, 3) == rows(*expected, version=3)
    assert "version 3" in refused(df, version=2)


@pytest.mark.parametrize(
    "column",
    [
        # A span that is no column of numpy has no unit of its own, and neither has a time of day.
        pd.Series([dt.timedelta(1)], dtype=object),
        pd.Series([dt.time(1)], dtype=object),
        pd.Series([1j]),
        pd.Series(pd.period_range("2024", periods=1, freq="D")),
        pd.Series(pd.interval_range(0, 1)),
        pd.Series([object()]),
        pd.Series([{"a": 1}]),
        pd.Series([{1, 2}]),
    ],
)
def test_types_that_cannot_be_sent(column):
    message = refused(pd.DataFrame({"good": [1], "bad column": column}))
    assert "'bad column'" in message


def test_sparse_columns():
    both(pd.DataFrame({"a": pd.arrays.SparseArray([1, 0])}), {"a": 1}, {"a": 0})


def test_columns_without_private_attributes_of_pandas():
    """Where pandas looks different inside, columns are read by its public functions, and come out the same."""

    class Hidden:
        def __init__(self, of, *hidden):
            self.of, self.hidden = of, hidden

        def __getattr__(self, name):
            if name in self.hidden:
                raise AttributeError(name)
            return getattr(self.of, name)

    class Frame(pd.DataFrame):
        def __getattribute__(self, name):
            if name == "_mgr" and object.__getattribute__(self, "__dict__").get("hidden"):
                return Hidden(object.__getattribute__(self, "_mgr"), "blocks")
            return super().__getattribute__(name)

    df = Frame(
        {
            "a": [1, 2],
            "b": [1.5, NAN],
            "c": ["x", None],
            "d": pd.Categorical(["p", "q"]),
            "e": pd.array([1, None], dtype="Int64"),
            "f": pd.to_datetime(["2024", None]),
            "g": pd.to_datetime(["2024", "2025"]).tz_localize("Asia/Tokyo"),
            "h": pd.array(["x", None], dtype="string"),
        }
    )
    expected = sent(df, 2)
    object.__setattr__(df, "hidden", True)
    df.__dict__["hidden"] = True
    assert sent(df, 2) == expected


def test_code_of_values_that_touches_the_buffer():
    """What reading a value runs can neither change the buffer nor break the frame."""
    buffer = Buffer()
    column = pd.Series([None, "kept", "also"], dtype=object)
    caught = []

    class Zone(dt.tzinfo):
        def utcoffset(self, _):
            for call in (buffer.clear, lambda: buffer.dataframe(df, table_name="t", at=ServerTimestamp)):
                try:
                    call()
                except Exception as e:
                    caught.append(e)
            column.array[1:] = [None, "new"]
            df.iloc[1, 0] = "other"
            return dt.timedelta(0)

        def dst(self, _):
            return None

    times = pd.Series([dt.datetime(2024, 1, 1, tzinfo=Zone())] * 3, dtype=object)
    df = pd.DataFrame({"a": column, "b": times}, copy=False)
    buffer.row("before", columns={"x": 1}, at=ServerTimestamp)
    buffer.dataframe(df, table_name="t", at=ServerTimestamp)
    assert len(caught) >= 2 and bytes(buffer).startswith(b"before x=1i\nt b=1704067200000000t\n")
    assert bytes(buffer).count(b"\n") == 4


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_M4_time_spans_are_the_number_that_numpy_holds(unit):
    spans = pd.Series(np.array([5, -7, np.iinfo("int64").min, 2**40], f"timedelta64[{unit}]"))
    df = pd.DataFrame({"a": spans, "n": range(4)})
    expected = [{"a": 5, "n": 0}, {"a": -7, "n": 1}, {"n": 2}, {"a": 2**40, "n": 3}]
    both(df, *expected)
    both(df.iloc[::-2], *expected[::-2])
    both(pd.DataFrame({"a": spans[:2].astype("category")}), {"a": 5}, {"a": -7})
    assert "Bad dtype" in refused(df, IngressErrorCode.InvalidApiCall, at="a")


def test_M4_times_of_day_and_durations_of_arrow():
    pa = pytest.importorskip("pyarrow")
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), *map(pa.duration, ("s", "ms", "us", "ns"))):
        plain = pa.array([5, None, 7, 8], pa.int32() if kind.bit_width == 32 else pa.int64())
        column = plain.cast(kind).slice(1)
        of_pandas = pd.DataFrame({"a": pd.arrays.ArrowExtensionArray(pa.chunked_array([column])), "n": range(3)})
        both(of_pandas, {"n": 0}, {"a": 7, "n": 1}, {"a": 8, "n": 2})
        assert sent(pa.table({"a": column, "n": range(3)})) == sent(of_pandas)
