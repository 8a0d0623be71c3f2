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
from typing import NamedTuple

ROUNDS = 5
MODULES = {"ours": "questdb_ingress", "official": "questdb.ingress"}


@dataclass
class Case:
    """One kind of work.

    `setup` is called with the module, the version of the protocol and the connection string of the sink (or None). It returns a
    function that does the work once and returns the time that it took, and the bytes that it made or None if they went to
    the sink. `marks` says how many times faster than the official package this one must be, by version. A case that can use
    `threads` also takes their number.
    """

    name: str
    setup: object
    marks: dict = field(default_factory=dict)
    #: Which of the sink's two protocols the work needs.
    sink: str | None = None
    #: Whether different bytes are expected, because the work ends differently.
    compare: bool = True
    #: Numbers of other threads for which the time on the clock is shown too.
    threads: tuple = ()


class Spent(NamedTuple):
    """Seconds of the processor, of all threads, and on the clock."""

    cpu: float
    clock: float


def spent(work):
    """Does the work, and returns what that took."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return Spent(time.process_time() - cpu, time.perf_counter() - clock)


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
    """Does one case in this process and prints the result: the least times, and the digest of the bytes."""
    _, _, kind, name, version, conf, threads = sys.argv
    module = importlib.import_module(MODULES[kind])
    case = next(case for case in cases if case.name == name)
    once = case.setup(module, int(version), conf or None, **({"threads": int(threads)} if threads != "0" else {}))
    times, made = zip(*(once() for _ in range(3)))
    best = Spent(min(time.cpu for time in times), min(time.clock for time in times))
    print(json.dumps([best, hashlib.sha256(made[0]).hexdigest() if made[0] is not None else None]))


def measure(python, script, kind, case, version, sink, threads=0):
    """Runs a case once in a process of its own."""
    conf = sink.confs[case.sink] if case.sink else ""
    command = [python, script, "--child", kind, case.name, str(version), conf, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{kind} {case.name} version {version} failed:\n{done.stderr}")
    best, made = json.loads(done.stdout)
    return Spent(*best), made


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
                        best[kind] = min(best[kind], measure(python, script, kind, case, version, sink)[0].cpu)
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


def clock_table(pythons, script, cases, versions, rounds):
    """Prints the time on the clock of cases that can use threads: of the official package, and of ours without and with them."""
    for case in cases:
        if not case.threads:
            continue
        ways = [("official", 0), ("ours", 0), *(("ours", threads) for threads in case.threads)]
        shown = " | ".join(f"{kind}, {threads} threads" if threads else kind for kind, threads in ways)
        print(f"\n| time on the clock in ms | version | {shown} |\n|---|---|{'---|' * len(ways)}")
        break
    with Sink(digest=False) as sink:
        for case in (case for case in cases if case.threads):
            for version in versions:
                best = dict.fromkeys(ways, float("inf"))
                for _ in range(rounds):
                    for kind, threads in ways:
                        times, _ = measure(pythons[kind], script, kind, case, version, sink, threads)
                        best[kind, threads] = min(best[kind, threads], times.clock)
                print(f"| {case.name} | {version} | {' | '.join(f'{s * 1e3:.1f}' for s in best.values())} |", flush=True)


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
    clock_table(pythons, script, chosen, versions, args.rounds)
    print(f"{missed} marks missed")
    return missed
