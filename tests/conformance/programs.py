#!/usr/bin/env python3
"""Runs example programs against the receiver and looks at what they stored: what a program says of itself does not count.

usage: programs.py RECEIVER "LANGUAGE TASK=COMMAND"...

The command is given the connection string as last argument. A task has one name in every language, and stores the same rows.
"""
import json
import shlex
import subprocess
import sys

# For each task its table, with the columns that are looked at.
EXPECTED = {
    "every_type": ("every_type", [
        {"symbol": "ETH-USD", "bool": "true", "long": "-42", "double": "2615.54", "string": 'grüß "Gott"\n',
         "micros": "2026-01-02T03:04:05.000000Z", "array": "[[1.0,2.0,3.0],[4.0,5.0,6.0]]"}]),
    "prepared_rows": ("quotes", [
        {"symbol": "BTC-USD", "price": "43210.5", "size": None, "timestamp": "2023-11-14T22:13:20.000000000Z"},
        {"symbol": "BTC-USD", "price": "43211.0", "size": "5", "timestamp": "2023-11-14T22:13:20.000000001Z"},
        {"symbol": "ETH-USD", "price": "2615.5", "size": None, "timestamp": "2023-11-14T22:13:20.000000002Z"},
        {"symbol": "ETH-USD", "price": "2616.0", "size": "7", "timestamp": "2023-11-14T22:13:20.000000003Z"}]),
    "arrow": ("ticks", [
        {"symbol": "BTC-USD", "price": "43210.5", "timestamp": "2023-11-14T22:13:20.000000000Z"},
        {"symbol": "ETH-USD", "price": None, "timestamp": "2023-11-14T22:13:20.000000001Z"},
        {"symbol": "ETH-USD", "price": "2616.0", "timestamp": "2023-11-14T22:13:20.000000002Z"}]),
    "decimals": ("invoices", [
        {"net": "1234.50", "tax": "234.56", "rate": "-0.0001", "timestamp": "2023-11-14T22:13:20.000000000Z"}]),
    "bad_row": ("measurements", [{"value": "1"}, {"value": "2"}, {"value": "5"}]),
}


def stored(receiver, command):
    """Returns what was wrong with the program, and the tables that it left in a receiver of its own."""
    with subprocess.Popen([receiver, "--http", "0", "--tcp", "0", "--commands", "--create-decimals"], text=True, encoding="utf-8",
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        # Without the interval, a row of a program on a busy machine does not flush because it comes late.
        conf = server.stdout.readline().strip() + "auto_flush_interval=off;"
        server.stdout.readline()
        done = subprocess.run([*shlex.split(command), conf], capture_output=True, text=True, encoding="utf-8", timeout=300)
        server.stdin.write("tables\n")
        server.stdin.flush()
        tables = {}
        while line := server.stdout.readline().strip():
            table = json.loads(line)
            names = [name for name, _ in table["columns"]]
            tables[table["table"]] = [dict(zip(names, row)) for row in table["rows"]]
        server.stdin.close()
    said = "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stdout}{done.stderr}"
    return said, tables


def differs(wanted, got):
    """Whether the rows differ in the columns that are wanted."""
    pairs = [(row.get(name, "no such column"), value) for want, row in zip(wanted, got) for name, value in want.items()]
    return len(wanted) != len(got) or any(found != value for found, value in pairs)


def main():
    failed = 0
    for word in sys.argv[2:]:
        name, _, command = word.partition("=")
        table, wanted = EXPECTED[name.split()[-1]]
        wrong, tables = stored(sys.argv[1], command)
        if not wrong and (differs(wanted, tables.get(table, [])) or len(tables) != 1):
            wrong = f"wanted {table} {wanted}, got {tables}"
        print(f"conformance: {'FAILED' if wrong else 'ok'}: {name}" + (f"\n{wrong}" if wrong else ""), flush=True)
        failed += bool(wrong)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
