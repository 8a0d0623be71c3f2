"""The arguments of ``dataframe``."""

import datetime as dt
import inspect

import pytest
from frames import np, pd, refused, rows, sent
from questdb.ingress import (
    Buffer,
    IngressError,
    IngressErrorCode,
    Sender,
    SenderTransaction,
    ServerTimestamp,
    TimestampMicros,
    TimestampNanos,
)

CALL = IngressErrorCode.InvalidApiCall
NAN = float("nan")


def test_P6_installation_check():
    buf = Buffer()
    df = pd.DataFrame({"a": [1, 2]})
    assert buf.dataframe(df, table_name="test", at=ServerTimestamp) is buf
    assert str(buf) == "test a=1i\ntest a=2i\n"


@pytest.mark.parametrize("cls", [Buffer, Sender])
def test_F1_signature(cls):
    parameters = inspect.signature(cls.dataframe).parameters
    # That a sender can use threads is more than the official package has.
    more = {"threads": 0} if cls is Sender else {}
    assert list(parameters) == ["self", "df", "table_name", "table_name_col", "symbols", "at", *more]
    defaults = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    assert defaults == {"table_name": None, "table_name_col": None, "symbols": "auto", **more}
    assert all(parameters[n].kind is inspect.Parameter.KEYWORD_ONLY for n in list(parameters)[2:])


def test_F1_signature_of_transactions():
    assert list(inspect.signature(SenderTransaction.dataframe).parameters) == ["self", "df", "symbols", "at"]


@pytest.mark.parametrize("df", [[1], {"a": 1}, None, 5, "x", pd.Series([1]).values])
def test_F1_not_a_frame(df):
    message = refused(df, CALL)
    name = type(df).__name__
    assert message.startswith("Bad argument `df`: Expected") and name in message


def test_B08_at_is_mandatory():
    with pytest.raises(TypeError, match=r"dataframe\(\) needs keyword-only argument at"):
        Buffer().dataframe(pd.DataFrame({"a": [1]}), table_name="t")
    with pytest.raises(TypeError):
        Buffer().dataframe(pd.DataFrame({"a": [1]}), "t", at=ServerTimestamp)


def test_B09_at_None():
    message = refused(pd.DataFrame({"a": [1]}), IngressErrorCode.InvalidTimestamp, at=None)
    assert message == "`at` must be of type TimestampNanos, datetime, or ServerTimestamp"


def test_F02_both_tables():
    message = refused(pd.DataFrame({"a": ["x"]}), CALL, table_name="t", table_name_col="a")
    assert message == "Can specify only one of `table_name` or `table_name_col`."


def test_F03_name_of_the_index():
    df = pd.DataFrame({"a": [1]})
    buffer = Buffer()
    for name in (None, 42):
        df.index.name = name
        with pytest.raises(IngressError, match=r"df\.index\.name = 'tbl_name'") as caught:
            buffer.dataframe(df, at=ServerTimestamp)
        assert caught.value.code is CALL
    df.index.name = "readings"
    assert bytes(buffer.dataframe(df, at=ServerTimestamp)) == b"readings a=1i\n"


def test_F03_wrong_names():
    df = pd.DataFrame({"a": [1]})
    with pytest.raises(TypeError):
        Buffer().dataframe(df, table_name=5, at=ServerTimestamp)
    assert "'?'" in refused(df, CALL, table_name="a?b")
    df.index.name = "a?b"
    with pytest.raises(IngressError, match="index name"):
        Buffer().dataframe(df, at=ServerTimestamp)


@pytest.mark.parametrize("column", ["t", 1, -1, np.int64(1)])
@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_F04_table_column(column, dtype):
    df = pd.DataFrame({"b": [1, 2, 3], "t": ["x", "y", "x"]}).astype({"t": dtype})
    assert sent(df, table_name_col=column) == b"x b=1i\ny b=2i\nx b=3i\n"


def test_F04_table_column_refused():
    df = pd.DataFrame({"b": [1, 2], "t": ["x", None], "e": ["x", ""]})
    assert "out of range" in refused(df, CALL, table_name_col=3)
    assert "out of range" in refused(df, CALL, table_name_col=-4)
    assert "'zz' not found" in refused(df, CALL, table_name_col="zz")
    assert "must be a column name" in refused(df, CALL, table_name_col=1.5)
    assert "must be a column name" in refused(df, CALL, table_name_col=True)
    assert "Must be a strings column" in refused(df, table_name_col="b")
    assert ": Expected a table name" in refused(df, table_name_col="t")
    assert "column 'e' at row index 1 ('')" in refused(df, table_name_col="e")


TEXTS = {"c": pd.Categorical(["p", "q"]), "o": ["r", "s"], "n": [1, 2]}


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ("auto", b't,c=p o="r",n=1i\nt,c=q o="s",n=2i\n'),
        (True, b"t,c=p,o=r n=1i\nt,c=q,o=s n=2i\n"),
        (False, b't c="p",o="r",n=1i\nt c="q",o="s",n=2i\n'),
        ([], b't c="p",o="r",n=1i\nt c="q",o="s",n=2i\n'),
        (["o"], b't,o=r c="p",n=1i\nt,o=s c="q",n=2i\n'),
        ((1,), b't,o=r c="p",n=1i\nt,o=s c="q",n=2i\n'),
        ([-2, "c"], b"t,c=p,o=r n=1i\nt,c=q,o=s n=2i\n"),
    ],
)
def test_F05_symbols(symbols, expected):
    assert sent(pd.DataFrame(TEXTS), symbols=symbols) == expected


def test_F05_F06_symbols_refused():
    df = pd.DataFrame(TEXTS)
    for symbols in ("o", 1, {"o": 1}, {"o"}, None):
        assert "Must be a bool or a tuple or list" in refused(df, CALL, symbols=symbols)
    assert "Elements must be" in refused(df, CALL, symbols=[1.5])
    assert "'zz' not found" in refused(df, CALL, symbols=["zz"])
    assert "9 index out of range" in refused(df, CALL, symbols=[9])
    assert "Bad dtype `int64` for the 'n' column: Must be a strings" in refused(df, symbols=["n"])


@pytest.mark.parametrize("at", ["d", 1, -1])
@pytest.mark.parametrize("version", [1, 2])
def test_F07_F08_F10_at_column(at, version):
    stamps = pd.to_datetime(["2024-01-01T00:00:00.123456789", None, "1970-01-01T00:00:00.0"])
    df = pd.DataFrame({"a": [1, 2, 3], "d": stamps.astype("datetime64[ns]")})
    unit = b"" if version == 1 else b"n"
    assert sent(df, version, at=at) == b"t a=1i 1704067200123456789%b\nt a=2i\nt a=3i 0%b\n" % (unit, unit)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (TimestampNanos(5), b"5n"),
        (TimestampMicros(5), b"5t"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), b"1704067200000000000n"),
        (pd.Timestamp("2024-01-01T00:00:00.000000001"), b"1704067200000000001n"),
        (dt.datetime(2500, 1, 1, tzinfo=dt.timezone.utc), b"16725225600000000t"),
    ],
)
def test_F07_constant_at(at, expected):
    assert sent(pd.DataFrame({"a": [1]}), 2, at=at) == b"t a=1i %b\n" % expected


def test_F07_at_refused():
    df = pd.DataFrame({"a": [1, 2], "d": pd.to_datetime(["2024", "1960"])})
    assert "Must be a datetime64" in refused(df, CALL, at="a")
    assert "'x' not found" in refused(df, CALL, at="x")
    assert "7 index out of range" in refused(df, CALL, at=7)
    for at in (1.5, b"d", True):
        assert "Unsupported type" in refused(df, CALL, at=at)
    message = refused(df, at="d")
    assert "column 'd' at row index 1 (Timestamp('1960-01-01 00:00:00'))" in message
    old = dt.datetime(1960, 1, 1, tzinfo=dt.timezone.utc)
    assert "is negative" in refused(df, IngressErrorCode.InvalidTimestamp, at=old)


def test_F09_zones():
    naive = pd.to_datetime(["2024-03-31T02:30", "2024-10-27T02:30"])
    zoned = naive.tz_localize("UTC").tz_convert("Europe/Berlin")
    expected = rows(*({"d": TimestampNanos(n)} for n in naive.astype("datetime64[ns]").astype("int64")))
    for column in (naive, zoned):
        assert sent(pd.DataFrame({"d": column.astype(f"datetime64[ns{', Europe/Berlin' if column is zoned else ''}]")})) == expected


def test_F11_index_and_duplicates():
    df = pd.DataFrame({"a": [1]}, index=pd.Index([7], name="i"))
    assert sent(df) == b"t a=1i\n"
    two = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert '"a" is declared twice' in refused(two, IngressErrorCode.InvalidName)


def test_F11_names_that_differ_in_case():
    for names in (["a", "A"], ["grün", "n", "GRÜN"]):
        df = pd.DataFrame([range(len(names))], columns=names)
        said = refused(df, IngressErrorCode.InvalidName)
        assert repr(names[0]) in said and repr(names[-1]) in said
    # Columns that are not sent under their names clash with none.
    df = pd.DataFrame({"a": [1], "A": pd.to_datetime(["2024-01-01"]), "T": ["x"], "t": [2]})
    assert sent(df, table_name_col="T", at="A") == b"x a=1i,t=2i 1704067200000000000\n"
    pa = pytest.importorskip("pyarrow")
    assert "'a' and 'A' are one" in refused(pa.table({"a": [1], "b": [2], "A": [3]}), IngressErrorCode.InvalidName)
    table = pa.table({"a": [1], "A": pa.array([0], pa.timestamp("us"))})
    assert sent(table, at="A") == b"t a=1i 0\n"


def test_F12_names():
    assert "Expected str, not an object of type int" in refused(pd.DataFrame({1: [1]}), CALL)
    for name in ("a?b", "", "a.b", "x" * 128):
        assert refused(pd.DataFrame({name: [1]}), IngressErrorCode.InvalidName)
    assert sent(pd.DataFrame({"ä ö": [1]})) == "t ä\\ ö=1i\n".encode()


def test_F13_empty():
    for df in (pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame(index=[1, 2])):
        assert sent(df) == b""


def test_F14_rows_of_nulls():
    assert refused(pd.DataFrame({"a": [None, "x"]})) == (
        "Bad dataframe row at index 0: All values are nulls. Ensure at least one column is not null."
    )
    df = pd.DataFrame({"a": pd.array([*range(9000), None], dtype="Int64")})
    assert "at index 9000" in refused(df)
    assert "at index 0" in refused(pd.DataFrame({"a": [None, None]}))
    assert sent(pd.DataFrame({"a": [NAN]})) == b"t a=NaN\n"


def test_F15_place_of_errors():
    column = [True] * 5000
    column[4567] = None
    message = refused(pd.DataFrame({"a": range(5000), "b": column}))
    assert message == (
        "Failed to serialize value of column 'b' at row index 4567 (None): Cannot insert null values into a boolean column."
    )


def test_F17_frame_is_not_changed():
    df = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["p", None])})
    copy = df.copy(deep=True)
    sent(df)
    pd.testing.assert_frame_equal(df, copy)


def test_one_column_has_one_role():
    df = pd.DataFrame({"a": ["x"], "d": pd.to_datetime(["2024"])})
    assert "both the `table_name_col`" in refused(df, CALL, table_name_col="d", at="d")
    assert "`table_name_col` column as a symbol" in refused(df, CALL, table_name_col="a", symbols=["a"])
    assert "`at` column as a symbol" in refused(df, CALL, at="d", symbols=[1])


def test_F16_F18_many_pieces():
    """Frames of more rows than are read at a time come out as their parts do."""
    count = 10_000
    stamps = pd.Series(np.arange(count) * 10**9).where(np.arange(count) % 1000 != 7)
    df = pd.DataFrame(
        {
            "a": np.arange(count, dtype="int32"),
            "b": [f"text {i} é" if i % 3 else None for i in range(count)],
            "c": pd.Categorical([f"s{i % 7}" for i in range(count)]),
            "d": pd.array([i if i % 5 else None for i in range(count)], dtype="Int64"),
            "when": stamps.astype("datetime64[ns]"),
            "table": [f"t{i // 3 % 4}" for i in range(count)],
        }
    )
    for version in (1, 2):
        whole = sent(df, version, at="when", table_name_col="table")
        parts = [sent(df.iloc[i : i + 37], version, at="when", table_name_col="table") for i in range(0, count, 37)]
        assert whole == b"".join(parts)
