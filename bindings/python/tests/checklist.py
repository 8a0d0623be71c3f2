"""Compares the list of requirements with the tests and with doc/python.md."""

import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
listed = [line.split(" ", 1) for line in (here / "checklist.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
ids = [name for name, _ in listed]
doubled = {name for name in ids if ids.count(name) > 1}
assert not doubled, f"listed twice: {doubled}"

tested = set()
for file in here.glob("test_*.py"):
    for name in re.findall(r"^def test_(\w+)", file.read_text("utf-8"), re.MULTILINE):
        # test_T1_T2_value is for both.
        for part in name.split("_"):
            if not re.fullmatch(r"[PTBSLXFMRNE]\d+", part):
                break
            # Test names may have zeros in front, so that they sort.
            tested.add(part[0] + str(int(part[1:])))
told = set()
document = (here.parent.parent.parent / "doc" / "python.md").read_text("utf-8")
for line in document.splitlines():
    if match := re.match(r"\| ([PTBSLXFMRNE]\d+(?:[,–] ?[PTBSLXFMRNE]?\d+)*) \| \S", line):
        for part in match[1].replace(" ", "").split(","):
            first, _, last = part.partition("–")
            letter, begin = first[0], int(first[1:])
            told |= {f"{letter}{n}" for n in range(begin, int(last.lstrip(letter) or begin) + 1 if last else begin + 1)}
unknown = (tested | told) - set(ids)
missing = [(name, text) for name, text in listed if name not in tested | told]
print(f"{len(ids)} requirements: {len(tested & set(ids))} have a test, {len(told - tested)} a line in doc/python.md")
for name in sorted(unknown):
    print(f"error: {name} is no requirement of the list")
for name, text in missing:
    print(f"error: {name} has no test and no line in doc/python.md: {text}")
sys.exit(bool(unknown or missing))
