"""What `import` costs: processor time, and the memory of the process afterwards, for this package and for the official one."""

import argparse
import json
import subprocess
import sys

from common import MODULES, ROUNDS

PROGRAM = """
import json, sys, time
start = time.process_time()
__import__(sys.argv[1])
seconds = time.process_time() - start
pages = int(open("/proc/self/statm").read().split()[1])
print(json.dumps([seconds * 1e3, pages * 4096 / 2**20]))
"""
MARKS = {"processor ms": 10.0, "resident MiB": 2.0}


def once(python, module):
    done = subprocess.run([python, "-c", PROGRAM, module], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", required=True, help="a Python with this package, installed from a wheel as it is shipped")
    parser.add_argument("--official", required=True, help="a Python with questdb==4.1.0")
    args = parser.parse_args()
    best = {kind: [float("inf")] * 2 for kind in MODULES}
    for _ in range(2 * ROUNDS):
        for kind, module in MODULES.items():
            best[kind] = list(map(min, best[kind], once(getattr(args, kind), module)))
    missed = 0
    print("| import | official | ours | ratio | mark |\n|---|---|---|---|---|")
    for (what, mark), official, ours in zip(MARKS.items(), best["official"], best["ours"]):
        is_missed = official / ours < mark
        missed += is_missed
        shown = f"{mark:.1f}" + "  MISSED" * is_missed
        print(f"| {what} | {official:.1f} | {ours:.1f} | {official / ours:.1f}× | {shown} |")
    print(f"{missed} marks missed")
    return missed


if __name__ == "__main__":
    sys.exit(main())
