#!/usr/bin/env python3
"""Runs the same cases through the driver of every language and compares answers and stored tables; see README.md.

usage: supervise.py --receiver PROGRAM [--jar JAR --java JAVA] LANGUAGE=COMMAND...
"""
import argparse
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import servers
from proxy import Proxy

HERE = Path(__file__).parent
WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+')
PATIENCE = 30  # seconds until a driver that does not answer counts as hung


class Wrong(Exception):
    """A case did not go as it should."""


class Case:
    def __init__(self, name, head):
        self.name, self.options = name, dict(word.partition("=")[::2] for word in head)
        self.steps = []

    def allows(self, language, server):
        """Whether the case can be said in this language and judged at this server."""
        only = self.options.get("only", language).split(",")
        return language in only and not {language, server} & set(self.options.get("not", "").split(","))


def read_cases(path):
    cases, repeat = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        words = WORD.findall(line)
        if words[0] == "case":
            cases.append(Case(words[1], words[2:]))
        elif words[0] == "repeat":
            repeat = (int(words[1]), [])
        elif words[0] == "end":
            for i in range(repeat[0]):
                cases[-1].steps += [(n, [w.replace("$i", str(i)) for w in ws]) for n, ws in repeat[1]]
            repeat = None
        else:
            (repeat[1] if repeat else cases[-1].steps).append((number, words))
    return cases


def plain(word):
    """A word of the case file as bytes."""
    if match := re.fullmatch(r"(\d+)\*(.+)", word):
        return int(match[1]) * plain(match[2])
    if word.startswith('x"'):
        return bytes.fromhex(word[2:-1])
    return (json.loads(word) if word.startswith('"') else word).encode()


def escaped(data):
    keep = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
    return "".join(chr(b) if b in keep else f"%{b:02X}" for b in data) or "%"


def double(word):
    return struct.pack("<d", float(word))


def array(words):
    shape, values = words
    return shape, escaped(b"".join(double(v) for v in values.split(",") if v != "-"))


KINDS = {k: str(i) for i, k in enumerate("- symbol bool i64 f64 str us ns arr dec".split())}


def cell(word):
    kind, _, rest = word.partition(":")
    if kind == "f":
        rest = double(rest)[::-1].hex()
    elif kind == "t":
        rest = escaped(plain(rest))
    elif kind == "a":
        rest = ":".join(array(rest.split(":")))
    elif kind == "d":
        scale, data = rest.split(":")
        rest = scale + ":" + escaped(bytes.fromhex(data))
    return f"{kind}:{rest}" if rest else kind


def to_driver(words):
    """A step of the case file as a line for the driver."""
    verb, rest = words[0], words[1:]
    if verb in ("table", "symbol", "str", "dec", "open", "begin", "pool"):
        rest = [escaped(plain(w)) for w in rest]
    elif verb == "f64":
        rest = [escaped(plain(rest[0])), double(rest[1])[::-1].hex()]
    elif verb == "arr":
        rest = [escaped(plain(rest[0])), *array(rest[1:])]
    elif verb == "decbin":
        rest = [escaped(plain(rest[0])), rest[1], escaped(bytes.fromhex(rest[2].strip("-")))]
    elif verb == "batch":
        rest = [escaped(plain(rest[0])), *rest[1:]]
    elif verb == "layout":
        stamps = {"ns": "1", "us": "2", "now": "3"}
        columns = [c.rpartition(":") for c in rest[2:]]
        rest = [escaped(plain(rest[0])), stamps[rest[1]], *(f"{escaped(plain(n))}:{KINDS[k]}" for n, _, k in columns)]
    elif verb == "row":
        rest = [rest[0], *map(cell, rest[1:])]
    elif rest and verb in ("bool", "i64", "us", "ns", "dec64"):
        rest = [escaped(plain(rest[0])), *rest[1:]]
    return " ".join([verb, *rest])


class Driver:
    def __init__(self, language, command):
        self.language, self.command = language, command
        self.process = None

    def ask(self, line):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            encoding="utf-8", errors="replace", bufsize=1)
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().rstrip("\n")
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if not answer:
            code = self.stop()
            raise Wrong(f"the driver crashed or hung (exit code {code}) at: {line[:200]}")
        return answer

    def stop(self):
        process, self.process = self.process, None
        if process is None:
            return 0
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


class Run:
    """One case in one language against one server."""

    def __init__(self, case, driver, server, proxy):
        self.case, self.driver, self.server, self.proxy = case, driver, server, proxy
        self.stem = f"{driver.language}_{case.name}"
        self.expected, self.answers, self.is_open = {}, [], False
        self.table = None

    def filled(self, word):
        ports = (("$http", self.proxy.http), ("$tcp", self.proxy.tcp), ("$closed", self.proxy.closed))
        for name, value in (*((n, f"127.0.0.1:{p}") for n, p in ports), ("$t", self.stem), ("$u", self.stem + "_2")):
            word = word.replace(name, value)
        return word

    def open(self, verb, words):
        base = "tcp::addr=$tcp;protocol_version=3;" if words[:1] == ["tcp"] else "http::addr=$http;"
        if verb == "open" and not any("auto_flush_interval" in word for word in words):
            base += "auto_flush_interval=off;"  # a row of a busy driver would flush because it came late
        conf = words[-1] if words and "::" in words[-1] else base + "".join(w for w in words if w not in ("tcp", "http"))
        answer = self.driver.ask(f"{verb} " + escaped(plain(self.filled(conf))))
        self.is_open = verb == "open" and answer.startswith("ok")
        return answer

    def run(self):
        self.proxy.reset()
        try:
            for number, words in self.case.steps:
                self.step(number, [self.filled(w) for w in words])
            if self.is_open:
                self.driver.ask("close 5000")
        except Wrong:
            self.driver.stop()
            raise

    def step(self, number, words):
        verb, wanted = words[0], "ok"
        if "=>" in words:
            at = words.index("=>")
            words, wanted = words[:at], " ".join(words[at + 1:])
        if verb == "server":
            return self.proxy.plan(words[1:])
        if verb == "restart":
            return self.server.restart()
        if verb == "create":
            return self.server.create(words[1], words[2:])
        if verb == "expect":
            self.table = {"columns": [list(plain(w).decode().rpartition(":")[::2]) for w in words[2:] if w != "none"], "rows": []}
            self.expected[plain(words[1]).decode()] = self.table
            return None
        if verb == "=":
            self.table["rows"].append([None if w == "null" else "*" if w == "*" else plain(w).decode() for w in words[1:]])
            return None
        if verb == "count":
            self.expected[words[1]] = int(words[2])
            return None
        answer = self.open(verb, words[1:]) if verb in ("open", "pool") else self.driver.ask(to_driver(words))
        if verb == "close":
            self.is_open = False
        shown = " ".join(answer.split(" ")[:5])
        if not (answer + " ").startswith(wanted + " "):
            raise Wrong(f"line {number}: {' '.join(words)[:100]}: wanted {wanted!r}, got {answer!r}")
        self.answers.append(shown)
        return None

    def compare(self, stored):
        """Holds the stored tables of this case against what was expected."""
        for name, want in self.expected.items():
            got = stored.get(name.lower())
            rows = len(got["rows"]) if got else 0
            if isinstance(want, int):
                if rows != want:
                    raise Wrong(f"table {name}: wanted {want} rows, got {rows}")
                continue
            if not want["columns"]:
                if got and rows:
                    raise Wrong(f"table {name}: wanted none, got {rows} rows")
                continue
            if not got:
                raise Wrong(f"table {name}: it does not exist")
            want = self.server.normal(want)
            if got["columns"] != want["columns"]:
                raise Wrong(f"table {name}: wanted columns {want['columns']}, got {got['columns']}")
            if len(want["rows"]) != rows or not all(map(same_row, want["rows"], got["rows"])):
                raise Wrong(f"table {name}: wanted {want['rows'][:5]}, got {got['rows'][:5]}")

    def rows(self):
        return sum(want if isinstance(want, int) else len(want["rows"]) for want in self.expected.values())


def same_row(want, got):
    return len(want) == len(got) and all(w in ("*", g) for w, g in zip(want, got))


def run_cases(server, cases, driver, results, runs):
    """Runs the cases in one language, through a proxy of its own. Fills results[case][language] with None or what was wrong."""
    proxy = Proxy(server)
    try:
        for case in cases:
            if case.allows(driver.language, server.kind):
                run = Run(case, driver, server, proxy)
                try:
                    run.run()
                    results[case.name][driver.language] = None
                    runs.append(run)
                except Wrong as wrong:
                    results[case.name][driver.language] = str(wrong)
    finally:
        proxy.stop()


def run_server(server, cases, drivers, results):
    """Fills results[case][language] with None or what was wrong; returns how many rows were expected."""
    runs = []
    for case in cases:
        if any(case.allows(driver.language, server.kind) for driver in drivers):
            results[case.name] = {}
    apart = [case for case in cases if any(words[0] == "restart" for _, words in case.steps)]
    together = [case for case in cases if case not in apart]
    try:
        # Each language has tables of its own and mostly waits, so that several can be at it; but not while the server restarts.
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            for running in [pool.submit(run_cases, server, together, driver, results, runs) for driver in drivers]:
                running.result()
        for driver in drivers:
            run_cases(server, apart, driver, results, runs)
        compare_answers(runs, drivers, results)
        stored = server.tables(runs)
        for run in runs:
            try:
                run.compare(stored)
            except Wrong as wrong:
                results[run.case.name][run.driver.language] = str(wrong)
    finally:
        for driver in drivers:
            code = driver.stop()
            if code:
                results.setdefault("(end of the driver)", {})[driver.language] = f"exit code {code}"
    return sum(run.rows() for run in runs)


def compare_answers(runs, drivers, results):
    """Holds the answers of each language against those of the first one that ran the case."""
    first, order = {}, [driver.language for driver in drivers]
    for run in sorted(runs, key=lambda run: order.index(run.driver.language)):
        wanted = first.setdefault(run.case.name, run.answers)
        if run.answers != wanted:
            results[run.case.name][run.driver.language] = f"answers differ from the first language: {run.answers} {wanted}"


def print_matrix(title, languages, results):
    width = max([len(name) for name in results] + [10])
    print(f"\n{title}\n{'':{width}} " + " ".join(f"{name:>6}" for name in languages))
    for name, verdicts in results.items():
        marks = ["ok" if verdicts.get(l, 0) is None else "FAIL" if l in verdicts else "-" for l in languages]
        print(f"{name:{width}} " + " ".join(f"{mark:>6}" for mark in marks))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--receiver")
    parser.add_argument("--jar")
    parser.add_argument("--java", default="java")
    parser.add_argument("--case", help="only cases whose name holds this")
    parser.add_argument("drivers", nargs="+")
    args = parser.parse_args()
    commands = [d.partition("=")[::2] for d in args.drivers]
    languages = [language for language, _ in commands]
    cases = [c for c in read_cases(HERE / "cases.txt") if not args.case or args.case in c.name]
    kinds = ([servers.Receiver] if args.receiver else []) + ([servers.QuestDB] if args.jar else [])
    passed = failed = 0
    for kind in kinds:
        began, results = time.monotonic(), {}
        server = kind(args)
        try:
            rows = run_server(server, cases, [Driver(l, shlex.split(c)) for l, c in commands], results)
        finally:
            server.stop()
        print_matrix(f"{server.title}: {len(cases)} cases", languages, results)
        for name, verdicts in results.items():
            for language, wrong in verdicts.items():
                passed, failed = passed + (wrong is None), failed + (wrong is not None)
                if wrong is not None:
                    print(f"FAILED {name} {language}: {wrong}")
        print(f"{server.title}: {rows} rows expected, {time.monotonic() - began:.0f} s")
    print(f"conformance: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    sys.exit(main())
