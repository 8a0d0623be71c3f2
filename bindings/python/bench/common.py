"""Measures the same work by this package and by the official one, in environments and processes of their own.

A benchmark is a list of cases. Each is first done once by both packages, and the bytes are compared. Then processes of the two
packages take turns; what counts is the least processor time of the client, of all its threads. Ratios are comparable only within
one run: the machine is as fast as its other users let it be.
"""

import argparse
import hashlib
import importlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5
MODULES = {"ours": "questdb_ingress", "official": "questdb.ingress"}


@dataclass
class Case:
    """One kind of work.

    `setup` is called with the module, the version of the protocol and the connection string of the sink (or None). It returns a
    function that does the work once and returns the seconds that it took, and the bytes that it made or None if they went to
    the sink. `marks` says how many times faster than the official package this one must be, by version.
    """

    name: str
    setup: object
    marks: dict = field(default_factory=dict)
    #: Which of the sink's two protocols the work needs.
    sink: str | None = None
    #: Whether different bytes are expected, because the work ends differently.
    compare: bool = True


def cpu(work):
    """Returns the processor time of the work, in seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


class Sink:
    """The process that takes what senders send: see sink.py."""

    def __init__(self, digest):
        command = [sys.executable, Path(__file__).parent / "sink.py", *(["--digest"] if digest else [])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = self._process.stdout.readline().split()
        self.confs = {kind: f"{kind}::addr=127.0.0.1:{port};" for kind, port in zip(("http", "tcp"), ports)}

    def digest(self):
        """Returns the digest of what came since the last time."""
        self._process.stdin.write("digest\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()


def child(cases):
    """Does one case in this process and prints the result: seconds, and the digest of the bytes."""
    _, _, kind, name, version, conf = sys.argv
    module = importlib.import_module(MODULES[kind])
    case = next(case for case in cases if case.name == name)
    once = case.setup(module, int(version), conf or None)
    best, made = min((once() for _ in range(3)), key=lambda result: result[0])
    print(json.dumps([best, hashlib.sha256(made).hexdigest() if made is not None else None]))


def measure(python, script, kind, case, version, sink):
    """Runs a case once in a process of its own."""
    conf = sink.confs[case.sink] if case.sink else ""
    command = [python, script, "--child", kind, case.name, str(version), conf]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{kind} {case.name} version {version} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def compare_bytes(pythons, script, cases, versions):
    """Ends the program if the packages do not make the same bytes."""
    with Sink(digest=True) as sink:
        for case in cases:
            for version in versions:
                seen = {}
                for kind, python in pythons.items():
                    _, made = measure(python, script, kind, case, version, sink)
                    seen[kind] = made or sink.digest()
                if case.compare and len(set(seen.values())) != 1:
                    raise SystemExit(f"{case.name}, version {version}: the bytes differ")


def table(pythons, script, cases, versions, rounds):
    """Prints the table, and returns how many marks were missed."""
    missed = 0
    print(f"| {'case':38} | version | official ms | ours ms | ratio | mark |")
    print(f"|{'-' * 40}|---------|-------------|---------|-------|------|")
    with Sink(digest=False) as sink:
        for case in cases:
            for version in versions:
                best = dict.fromkeys(pythons, float("inf"))
                for _ in range(rounds):
                    for kind, python in pythons.items():
                        best[kind] = min(best[kind], measure(python, script, kind, case, version, sink)[0])
                ratio, mark = best["official"] / best["ours"], case.marks.get(version)
                is_missed = mark is not None and ratio < mark
                missed += is_missed
                shown = f"{mark:.1f}" + ("  MISSED" if is_missed else "") if mark else ""
                print(
                    f"| {case.name:38} | {version:7} | {best['official'] * 1e3:11.1f} | {best['ours'] * 1e3:7.1f} "
                    f"| {ratio:4.2f}× | {shown:4} |",
                    flush=True,
                )
    return missed


def main(script, cases):
    """Is the main program of a benchmark."""
    if sys.argv[1:2] == ["--child"]:
        return child(cases)
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--ours", required=True, help="a Python with this package, installed from a wheel as it is shipped")
    parser.add_argument("--official", required=True, help="a Python with questdb==4.1.0")
    parser.add_argument("--case", default="", help="only cases whose name holds this")
    parser.add_argument("--version", type=int, action="append", help="only this version of the protocol")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    pythons = {"ours": args.ours, "official": args.official}
    chosen = [case for case in cases if args.case in case.name]
    versions = args.version or [1, 2]
    compare_bytes(pythons, script, chosen, versions)
    missed = table(pythons, script, chosen, versions, args.rounds)
    print(f"{missed} marks missed")
    return missed
