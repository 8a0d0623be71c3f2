"""Frames that come by Arrow's interfaces: pyarrow, polars, DuckDB, and whatever else has them."""

import datetime as dt
import decimal

import pytest
from frames import np, pd, refused, rows, sent
from questdb.ingress import IngressErrorCode, TimestampMicros, TimestampNanos

pa = pytest.importorskip("pyarrow")

CALL = IngressErrorCode.InvalidApiCall
UTC = dt.timezone.utc

#: A type, its values, and what single rows say.
TYPES = [
    (pa.bool_(), [True, False, None], None),
    *((kind, [0, 1, -7, None], None) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())),
    *((kind, [0, 1, 200, None], None) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    *((kind, [0.0, -1.5, None], None) for kind in (pa.float16(), pa.float32(), pa.float64())),
    *((kind, ["a", "", None, "é 🙂"], None) for kind in (pa.string(), pa.large_string(), pa.string_view())),
    *((pa.timestamp(unit, zone), [5, None], micros) for unit, micros in (("s", 5_000_000), ("ms", 5000), ("us", 5)) for zone in (None, "Asia/Tokyo")),
    (pa.timestamp("ns"), [5, None], TimestampNanos(5)),
    (pa.date32(), [dt.date(2024, 1, 1), None], 1_704_067_200_000_000),
    (pa.date64(), [dt.date(2024, 1, 1), None], 1_704_067_200_000_000),
]  # fmt: skip


def expected_rows(values, wanted):
    for i, value in enumerate(values):
        if value is None:
            yield {"n": i}
        elif wanted is None:
            yield {"a": value, "n": i}
        else:
            yield {"a": TimestampMicros(wanted) if isinstance(wanted, int) else wanted, "n": i}


def table_of(kind, values):
    return pa.table({"a": pa.array(values, kind), "n": pa.array(range(len(values)))})


FORMS = ("table", "batch", "reader", "sliced", "chunks", "array", "pandas")
# pandas itself does not know views.
CASES = [(form, *case) for form in FORMS for case in TYPES if form != "pandas" or case[0] != pa.string_view()]


@pytest.mark.parametrize(("form", "kind", "values", "wanted"), CASES, ids=lambda x: str(x) if isinstance(x, (str, pa.DataType)) else "")
def test_N4_types(kind, values, wanted, form):
    if form == "pandas" and pa.types.is_boolean(kind):
        values = values[:2]
    table = table_of(kind, values)
    if form == "batch":
        table = table.to_batches()[0]
    elif form == "reader":
        table = table.to_reader()
    elif form == "sliced":
        table = pa.concat_tables([table, table]).combine_chunks().slice(len(values))
    elif form == "chunks":
        table = pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1)])
    elif form == "array":
        table = table.to_struct_array().combine_chunks()
    elif form == "pandas":
        table = table.to_pandas(types_mapper=pd.ArrowDtype)
    # A reader can be read once only.
    versions = (2,) if form == "reader" else (1, 2)
    for version in versions:
        assert sent(table, version) == rows(*expected_rows(values, wanted), version=version)


@pytest.mark.parametrize("index", ["int8", "int16", "int32", "int64", "uint8", "uint32"])
@pytest.mark.parametrize("form", ["table", "pandas"])
def test_N4_dictionaries(index, form):
    codes = pa.array([1, 0, None, 1], getattr(pa, index)())
    column = pa.DictionaryArray.from_arrays(codes, pa.array(["x", "y z"]))
    df = pa.table({"a": column, "n": pa.array(range(4))})
    if form == "pandas":
        df = df.to_pandas(types_mapper=pd.ArrowDtype)
    expected = [({"a": "y z"}, {"n": 0}), ({"a": "x"}, {"n": 1}), {"n": 2}, ({"a": "y z"}, {"n": 3})]
    assert sent(df) == rows(*expected)
    assert sent(df, symbols=False) == rows(*({**r[0], **r[1]} if isinstance(r, tuple) else r for r in expected))


def test_N4_decimals_and_lists():
    table = pa.table(
        {"d": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(9, 2)), "l": pa.array([None, [1.0, 2.5]])}
    )
    data = sent(table, 3)
    assert data.startswith(b"t d==\x17\x02") and data.endswith(sent(table.select(["l"]).slice(1), 3))
    assert sent(pa.table({"l": [[1.0, 2.5]]}), 2) == rows({"l": [1.0, 2.5]}, version=2)


def test_N4_roles():
    table = pa.table(
        {
            "when": pa.array([1, None, 3], pa.timestamp("ns")),
            "name": pa.array(["one", "two", "one"]),
            "text": pa.array(["p", "q", None]),
            "n": pa.array([1, 2, 3]),
        }
    )
    arguments = {"at": "when", "table_name_col": -3, "symbols": ["text"]}
    assert sent(table, **arguments) == b"one,text=p n=1i 1\ntwo,text=q n=2i\none n=3i 3\n"
    assert sent(table, at=0, table_name_col=1, symbols=True) == b"one,text=p n=1i 1\ntwo,text=q n=2i\none n=3i 3\n"
    assert sent(table.select(["n"]), at=TimestampNanos(7)) == b"t n=1i 7\nt n=2i 7\nt n=3i 7\n"
    assert "not found" in refused(table, CALL, at="zz")
    assert "out of range" in refused(table, CALL, symbols=[9])


def test_N4_refused():
    assert "row index 1" in refused(pa.table({"a": pa.array([1, 2**63], pa.uint64())}))
    assert "at index 1" in refused(pa.table({"a": pa.array([1, None])}))
    assert "cast it to utf8" in refused(pa.table({"a": pa.array([b"x"])}))
    chunks = [pa.table({"a": pa.array([1, 2])}), pa.table({"a": pa.array([3, None])})]
    assert "at index 3" in refused(pa.concat_tables(chunks))


def test_N4_empty():
    assert sent(pa.table({"a": pa.array([], pa.int64())})) == b""
    assert sent(pa.schema([("a", pa.int64())]).empty_table().to_reader()) == b""


def test_N4_polars():
    pl = pytest.importorskip("polars")
    df = pl.DataFrame(
        {
            "b": [True, False],
            "i": pl.Series([1, None], dtype=pl.Int32),
            "u": pl.Series([1, 2], dtype=pl.UInt8),
            "f": pl.Series([0.5, float("nan")], dtype=pl.Float32),
            "s": ["text", "a longer text than fits into a view"],
            "c": pl.Series(["x", None], dtype=pl.Categorical),
            "d": [dt.datetime(2024, 1, 1), None],
            "a": pl.Series([dt.date(2024, 1, 1), None]),
        }
    )
    one = {"b": True, "i": 1, "u": 1, "f": 0.5, "s": "text"}
    one |= {"d": dt.datetime(2024, 1, 1, tzinfo=UTC), "a": dt.datetime(2024, 1, 1, tzinfo=UTC)}
    two = {"b": False, "u": 2, "f": float("nan"), "s": "a longer text than fits into a view"}
    for version in (1, 2):
        assert sent(df, version) == rows(({"c": "x"}, one), two, version=version)
    assert sent(df[1:], 2) == rows(two, version=2)


def test_N4_duckdb():
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql("select i, 'text ' || i as s from range(3) t(i)")
    assert sent(relation) == rows(*({"i": i, "s": f"text {i}"} for i in range(3)))


def test_N4_errors_of_a_stream():
    schema = pa.schema([("a", pa.int64())])

    def batches():
        yield pa.record_batch([[1, 2]], schema=schema)
        raise ValueError("the source ended")

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    assert "the source ended" in refused(reader, CALL)


def test_N4_object_with_an_interface():
    class Stream:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    class Batch(Stream):
        __arrow_c_stream__ = None

        def __arrow_c_array__(self, requested_schema=None):
            return self.table.to_batches()[0].__arrow_c_array__(requested_schema)

    table = pa.table({"a": [1, 2]})
    assert sent(Stream(table)) == b"t a=1i\nt a=2i\n"
    assert sent(Batch(table)) == b"t a=1i\nt a=2i\n"

    class Wrong:
        def __arrow_c_stream__(self, requested_schema=None):
            return "no capsule"

    with pytest.raises((TypeError, ValueError)):
        sent(Wrong())


def test_chunks_of_columns_differ():
    a = pa.chunked_array([np.arange(5), np.arange(5, 9000)])
    b = pa.chunked_array([[str(i) for i in range(4200)], [str(i) for i in range(4200, 9000)]])
    df = pd.DataFrame({"a": pd.arrays.ArrowExtensionArray(a), "b": pd.arrays.ArrowExtensionArray(b), "c": np.arange(9000)})
    assert sent(df) == rows(*({"a": i, "b": str(i), "c": i} for i in range(9000)))
