"""Compares the speed of ``dataframe`` with the official package.

usage: frames.py --ours PYTHON --official PYTHON [--rounds N] [--scale X] [--check] [CASE...]

Each PYTHON is an interpreter of an environment of its own, with pandas and pyarrow and the one package or the other. The processes
take turns; each case is measured in the processor time of the client and counts with its least round. Before anything is
measured, both must have made the same bytes. ``--check`` fails if a mark is missed.
"""

import argparse
import json
import subprocess
import sys
import time

#: Name of the case, rows, marks for versions 2 and 1 of the protocol: how many times as fast as the official package.
CASES = {
    "3 int + 3 float columns": ("numbers", 1_000_000, 3.5, 2.2),
    "2 categoricals + 3 floats + timestamp": ("symbols", 1_000_000, 7.0, 2.3),
    "50 floats": ("wide", 200_000, 7.5, 2.0),
    "3 string[pyarrow]": ("arrow_texts", 1_000_000, 3.8, 3.2),
    "3 object strings": ("object_texts", 1_000_000, 3.0, 2.8),
    "5 datetimes": ("times", 1_000_000, 2.4, 2.1),
    "nullable numbers": ("nullable", 1_000_000, 3.5, None),
    "ArrowDtype numbers": ("arrow_numbers", 1_000_000, 3.2, None),
    "object numbers": ("object_numbers", 1_000_000, 2.6, None),
    "10 rows a call, 3 columns": ("small3", 10, 5.0, None),
    "10 rows a call, 50 columns": ("small50", 10, 5.0, None),
}

#: A frame of few rows is appended so many times in one round.
CALLS = 2000


def frame(kind, rows):
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    r = np.random.default_rng(7)
    ints = lambda: r.integers(-(10**9), 10**9, rows)  # noqa: E731
    floats = lambda: r.normal(1000, 300, rows).round(6)  # noqa: E731
    words = lambda n: [f"some text {i}" for i in r.integers(0, n, rows)]  # noqa: E731
    stamps = pd.to_datetime(1_700_000_000_000_000_000 + np.arange(rows) * 1_000_003)
    if kind in ("numbers", "small3"):
        names = "abcdef" if kind == "numbers" else "abc"
        return pd.DataFrame({n: ints() if i % 2 else floats() for i, n in enumerate(names)})
    if kind == "symbols":
        exchanges = pd.Categorical.from_codes(r.integers(0, 5, rows), [f"EX{i}" for i in range(5)])
        pairs = pd.Categorical.from_codes(r.integers(0, 300, rows), [f"PAIR-{i}" for i in range(300)])
        return pd.DataFrame({"exchange": exchanges, "pair": pairs, "a": floats(), "b": floats(), "c": floats(), "ts": stamps})
    if kind in ("wide", "small50"):
        return pd.DataFrame({f"column_{i}": floats() for i in range(50)})
    if kind == "arrow_texts":
        return pd.DataFrame({n: pd.array(words(1000), dtype="string[pyarrow]") for n in "abc"})
    if kind == "object_texts":
        return pd.DataFrame({n: pd.Series(words(1000), dtype=object) for n in "abc"})
    if kind == "times":
        return pd.DataFrame({n: stamps + pd.Timedelta(i) for i, n in enumerate("abcde")})
    missing = r.integers(0, 10, rows) == 0
    missing[0] = False
    if kind == "nullable":
        columns = {"a": pd.array(ints(), dtype="Int64"), "b": pd.array(floats(), dtype="Float64")}
        columns["a"][missing] = pd.NA
        return pd.DataFrame({**columns, "c": pd.array(r.integers(0, 99, rows), dtype="UInt8")})
    if kind == "arrow_numbers":
        a = pd.array(pa.array(ints(), mask=missing), dtype=pd.ArrowDtype(pa.int64()))
        b = pd.array(pa.array(floats()), dtype=pd.ArrowDtype(pa.float64()))
        c = pd.array(pa.array(r.integers(0, 99, rows).astype("int32")), dtype=pd.ArrowDtype(pa.int32()))
        return pd.DataFrame({"a": a, "b": b, "c": c})
    assert kind == "object_numbers"
    return pd.DataFrame({"a": ints().astype(object), "b": floats().astype(object)})


def worker():
    """Answers each line of standard input: a case, rows and a version."""
    import hashlib

    ours = sys.argv[2] == "ours"
    if ours:
        from questdb_ingress import Buffer, ServerTimestamp
    else:
        from questdb.ingress import Buffer, ServerTimestamp
    frames = {}
    for line in sys.stdin:
        kind, rows, version = json.loads(line)
        if kind not in frames:
            frames.clear()
            frames[kind] = frame(kind, rows)
        df = frames[kind]
        at = "ts" if kind == "symbols" else ServerTimestamp
        calls = CALLS if rows < 100 else 1
        buffer = Buffer(protocol_version=version, init_buf_size=400_000_000 if rows > 100 else 1_000_000)
        buffer.dataframe(df, table_name="t", at=at)
        digest = hashlib.sha256(bytes(buffer)).hexdigest()
        spent = 0
        for _ in range(3 if calls == 1 else 1):
            buffer.clear()
            start = time.process_time()
            for _ in range(calls):
                buffer.dataframe(df, table_name="t", at=at)
                if calls > 1:
                    buffer.clear()
            now = time.process_time() - start
            spent = now if spent == 0 else min(spent, now)
        print(json.dumps([digest, spent / calls]), flush=True)


def main():
    if sys.argv[1:2] == ["--worker"]:
        return worker()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--official", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    workers = {
        side: subprocess.Popen(
            [getattr(options, side), __file__, "--worker", side], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for side in ("official", "ours")
    }

    def ask(side, question):
        process = workers[side]
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            sys.exit(f"the process of the {side} package ended")
        return json.loads(answer)

    missed = []
    print(f"{'ms of CPU time per call':40} {'version':>7} {'official':>9} {'ours':>9} {'ratio':>6} {'mark':>5}")
    for name, (kind, rows, *marks) in CASES.items():
        if options.cases and kind not in options.cases:
            continue
        rows = rows if rows < 100 else int(rows * options.scale)
        for version, mark in zip((2, 1), marks):
            least, digests = {}, set()
            for _ in range(options.rounds):
                for side in workers:
                    digest, spent = ask(side, [kind, rows, version])
                    digests.add(digest)
                    least[side] = min(spent, least.get(side, spent))
            if len(digests) != 1:
                sys.exit(f"{name}: the packages make different bytes in version {version}")
            ratio = least["official"] / least["ours"]
            good = mark is None or ratio >= mark
            if not good:
                missed.append(f"{name}, version {version}")
            shown = f"{mark:5.1f}" if mark else "     "
            times = " ".join(f"{least[side] * 1000:9.3f}" for side in ("official", "ours"))
            print(f"{name:40} {version:>7} {times} {ratio:6.2f} {shown} {'' if good else 'MISSED'}", flush=True)
    for process in workers.values():
        process.stdin.close()
        process.wait()
    if missed:
        print(f"missed: {'; '.join(missed)}")
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
