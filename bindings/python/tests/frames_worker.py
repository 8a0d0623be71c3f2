"""Makes frames at random, by one package or the other, and writes what became of them to standard output.

usage: frames_worker.py MODULE VERSION SEED COUNT FIRST
       frames_worker.py MODULE show SEED NUMBER

The same numbers make the same frames in every process. Written is a pickled object for each frame: the bytes that it added, or the
name of the exception. The second form prints the frame with a number.
"""

import importlib
import pickle
import random
import sys

import numpy as np
import pandas as pd

PANDAS = int(pd.__version__.split(".")[0])
WORDS = ["", "a", "b c", "x=y", "p,q", 'quo"te', "back\\slash", "line\nfeed", "é", "東京", "🙂", "long " * 30]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"]


def some(r, rows, values, nulls=(None,)):
    """Returns values of which some may be missing."""
    share = r.choice([0, 0, 0.2, 1 if r.random() < 0.2 else 0.5])
    return [r.choice(nulls) if r.random() < share else r.choice(values) for _ in range(rows)]


def stamps(r, rows, first):
    share = r.choice([0, 0, 0.3])
    numbers = [np.iinfo("int64").min if r.random() < share else r.randrange(first, 4 * 10**18) for _ in range(rows)]
    return np.array(numbers, "int64").view("datetime64[ns]")


def column(r, rows):
    """Returns the kind of a column, and its values."""
    kind = r.choice(
        ["integers", "floats", "bool", "nullable", "boolean", "objects", "numbers", "texts", "categories", "times", "arrow"]
    )
    if kind == "integers":
        dtype = np.dtype(r.choice(INTEGERS))
        info = np.iinfo(dtype)
        values = [info.min, min(info.max, 2**63 - 1), 0, 1, 77]
        if r.random() < 0.02:
            values.append(info.max)
        return kind, pd.Series(some(r, rows, values, [5]), dtype=dtype)
    if kind == "floats":
        values = [0.0, -0.0, 1.5, 1e30, -1e-7, float("inf"), float("nan"), 0.1]
        return kind, pd.Series(np.array(some(r, rows, values, [2.0])).astype(r.choice(["float32", "float64"])))
    if kind == "bool":
        return kind, pd.Series(some(r, rows, [True, False], [True]), dtype=bool)
    if kind == "nullable":
        dtype = r.choice(NULLABLE)
        return kind, pd.Series(pd.array(some(r, rows, [0, 1, 100], [pd.NA]), dtype=dtype))
    if kind == "boolean":
        return kind, pd.Series(pd.array(some(r, rows, [True, False], [pd.NA, True]), dtype="boolean"))
    if kind == "objects":
        values = r.choice([[True, False], [1, -5, 2**63 - 1], [1.5, float("inf")], WORDS])
        return kind, pd.Series(some(r, rows, values, [None, float("nan"), pd.NA]), dtype=object)
    if kind == "numbers":
        return kind, pd.Series(some(r, rows, [1, 2.5, 2**63, "x", True], [None]), dtype=object)
    if kind == "texts":
        # The last one is pandas' own from version 3 on.
        dtype = r.choice(["object", "string[python]", "string[pyarrow]", "str" if PANDAS > 2 else "object"])
        return kind, pd.Series(some(r, rows, WORDS), dtype=dtype)
    if kind == "categories":
        words = WORDS if r.random() < 0.9 else [str(i) for i in range(r.choice([200, 40_000]))]
        codes = [r.randrange(-1, len(words)) if r.random() < 0.7 else r.randrange(len(words)) for _ in range(rows)]
        return kind, pd.Series(pd.Categorical.from_codes(codes, words))
    if kind == "times" and r.random() < 0.1:
        unit = r.choice(["s", "ms", "us", "ns"])
        return "spans", pd.Series(np.array([r.choice([0, 5, -5, 2**40]) for _ in range(rows)], f"timedelta64[{unit}]"))
    if kind == "times":
        times = pd.Series(stamps(r, rows, -(10**18)))
        if r.random() < 0.3:
            # From version 3 on pandas makes these of most texts and datetimes.
            times = times.astype(r.choice(["datetime64[us]", "datetime64[us]", "datetime64[ms]", "datetime64[s]"]))
        elif r.random() < 0.3:
            times = times.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
        return kind, times
    import pyarrow as pa

    values, dtype = r.choice([([1, 2, -3], pa.int32()), ([1.5, 2.5], pa.float64()), ([7, 8], pa.uint16())])
    return kind, pd.Series(pd.array(some(r, rows, values), dtype=pd.ArrowDtype(dtype)))


def case(seed, number, package):
    """Returns a frame, the arguments and the kinds of its columns."""
    r = random.Random(f"{seed} {number}")
    rows = r.choice([0, 1, 2, 3, 10, 40, 5000 if r.random() < 0.05 else 20])
    names = r.sample(["a", "b c", "é", "x=y", "tab", "last"], r.randrange(1, 6))
    kinds, columns = {}, {}
    for name in names:
        kinds[name], columns[name] = column(r, rows)
    df = pd.DataFrame(columns)
    arguments = {"at": package.ServerTimestamp, "table_name": "trades"}
    if r.random() < 0.5:
        arguments["at"] = r.choice([package.TimestampNanos(17), "when", len(names)])
        if not isinstance(arguments["at"], package.TimestampNanos):
            df["when"] = stamps(r, rows, 0 if r.random() < 0.9 else -(10**17))
            kinds["when"] = "stamps"
    if r.random() < 0.3:
        del arguments["table_name"]
        arguments["table_name_col"] = r.choice(["table", -1])
        tables = some(r, rows, ["one", "two", "drei ä"], ["one"])
        df["table"] = pd.Series(tables, dtype=r.choice(["object", "category", "string[pyarrow]"]))
        kinds["table"] = "table"
    if r.random() < 0.5:
        arguments["symbols"] = r.choice([True, False, "auto", [], [0], names[:1], (-1,)])
    if rows > 2 and r.random() < 0.3:
        df = df.iloc[r.randrange(rows) :: r.choice([1, 2])]
    return df, arguments, kinds


def show(module, seed, number):
    df, arguments, kinds = case(seed, number, importlib.import_module(module))
    print(kinds, arguments, df, df.dtypes, sep="\n")


def main():
    if sys.argv[2] == "show":
        return show(sys.argv[1], sys.argv[3], int(sys.argv[4]))
    module, version, seed, count, first = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    package = importlib.import_module(module)
    for number in range(first, count):
        df, arguments, _ = case(seed, number, package)
        buffer = package.Buffer(protocol_version=version)
        try:
            buffer.dataframe(df, **arguments)
            result = bytes(buffer)
        except Exception as e:
            result = f"{type(e).__name__}: {e}" if not bytes(buffer) else f"{type(e).__name__} in {bytes(buffer)!r:.200}"
        sys.stdout.buffer.write(pickle.dumps(result))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
