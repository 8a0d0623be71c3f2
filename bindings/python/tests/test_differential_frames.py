"""Random frames by this package and by the official one: the bytes are equal, or the difference is one of a short list.

QUESTDB_LONG=1 makes it 6,000 frames instead of 600.
"""

import collections
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import questdb_ingress

import official

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
if int(pd.__version__.split(".")[0]) > 2:
    pytest.skip("the official package does not know pandas 3", allow_module_level=True)

import frames_worker  # noqa: E402

TESTS = Path(__file__).parent
FRAMES = 6_000 if os.environ.get("QUESTDB_LONG") else 600
SEED = os.environ.get("QUESTDB_SEED", "1")


class Case:
    def __init__(self, number, ours, theirs):
        self.df, self.arguments, self.kinds = frames_worker.case(SEED, number, questdb_ingress)
        self.number, self.ours, self.theirs = number, ours, theirs

    @property
    def refused_there(self):
        return isinstance(self.theirs, str) and isinstance(self.ours, bytes)

    def __str__(self):
        return (
            f"frame {self.number}: {self.kinds} {self.arguments}\n{self.df}\n  here:     {self.ours!r:.1000}\n"
            f"  official: {self.theirs!r:.1000}"
        )


#: What differs on purpose, and what the official package says there. The documentation has each of them, with the reason.
DIFFERENCES = {
    "frames that end the process": "crashed",
    "columns that are not contiguous": "ndarray is not C-contiguous",
    "types of Arrow": "Unsupported arrow type",
    "types of categories": "Expected a category of strings",
    "integers and floats in one object column": "Expected an object of type",
    "symbols without any value": "IngressError: 0",
    "large integers beside floats": "int too big to convert",
}


def made(python, module, version, env):
    """Returns what became of each frame. A frame that ends the process counts as one that is refused."""
    results = []
    while len(results) < FRAMES:
        command = [python, TESTS / "frames_worker.py", module, str(version), SEED, str(FRAMES), str(len(results))]
        done = subprocess.run(command, capture_output=True, env=env)
        stream = io.BytesIO(done.stdout)
        while stream.tell() < len(done.stdout):
            results.append(pickle.load(stream))
        if done.returncode < 0 and module != "questdb_ingress":
            results.append("crashed")
        else:
            assert done.returncode == 0, done.stderr.decode()
    return results


@pytest.mark.parametrize("version", [1, 2])
def test_random_frames(version):
    try:
        python = official.interpreter()
    except official.Absent as e:
        pytest.skip(str(e))
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    theirs = made(python, "questdb.ingress", version, bare)
    ours = made(sys.executable, "questdb_ingress", version, dict(os.environ))
    counts, unexplained = collections.Counter(), []
    for number, pair in enumerate(zip(ours, theirs)):
        refused = all(isinstance(result, str) for result in pair)
        if pair[0] == pair[1] or (refused and " in " not in pair[0]):
            counts["equal"] += 1
            continue
        case = Case(number, *pair)
        reasons = [name for name, said in DIFFERENCES.items() if case.refused_there and said in case.theirs]
        counts[reasons[0] if reasons else None] += 1
        if not reasons:
            unexplained.append(str(case))
    print(dict(counts))
    assert not unexplained, "\n\n".join(unexplained[:10])
    assert counts["equal"] > FRAMES * 0.8


def test_the_differences_are_documented():
    text = (TESTS.parents[2] / "doc" / "python.md").read_text(encoding="utf-8")
    assert not [name for name in DIFFERENCES if f"| {name} |" not in text]
