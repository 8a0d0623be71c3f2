"""Random frames by this package and by the official one: the bytes are equal, or the difference is one of a short list.

QUESTDB_LONG=1 makes it 6,000 frames instead of 600.
"""

import collections
import io
import os
import pickle
import subprocess
from pathlib import Path

import pytest

import official

TESTS = Path(__file__).parent
FRAMES = 6_000 if os.environ.get("QUESTDB_LONG") else 600
SEED = os.environ.get("QUESTDB_SEED", "1")

#: What differs on purpose, and what the official package says there. The documentation has each of them, with the reason.
DIFFERENCES = {
    "frames that end the process": ["crashed"],
    "columns that are not contiguous": ["ndarray is not C-contiguous"],
    "types of Arrow": ["Unsupported arrow type", "Could not map column source type"],
    "units of times": ["Unsupported dtype datetime64["],
    "time spans and times of day": ["Unsupported dtype timedelta64["],
    "types of categories": ["Expected a category of strings"],
    "integers and floats in one object column": ["Expected an object of type"],
    "symbols without any value": ["IngressError: 0", "(inferred type: unknown)"],
    "large integers beside floats": ["int too big to convert"],
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


def reason(ours, theirs):
    """Returns the name of a known difference, or None."""
    if not isinstance(ours, bytes) or not isinstance(theirs, str):
        return None
    return next((name for name, said in DIFFERENCES.items() if any(text in theirs for text in said)), None)


def described(python, number, ours, theirs, env):
    command = [python, TESTS / "frames_worker.py", "questdb_ingress", "show", SEED, str(number)]
    frame = subprocess.run(command, capture_output=True, text=True, env=env).stdout
    return f"frame {number}: {frame}\n  here:     {ours!r:.1000}\n  official: {theirs!r:.1000}"


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("release", official.RELEASES)
def test_random_frames(release, version, tmp_path, not_run):
    try:
        python = official.interpreter(release)
    except official.Absent as e:
        return not_run(str(e))
    here, there = official.environments(tmp_path)
    theirs = made(python, "questdb.ingress", version, there)
    ours = made(python, "questdb_ingress", version, here)
    counts, unexplained = collections.Counter(), []
    for number, pair in enumerate(zip(ours, theirs, strict=True)):
        if pair[0] == pair[1]:
            counts["equal"] += 1
        elif all(isinstance(result, str) for result in pair) and " in " not in pair[0].partition(":")[0]:
            counts["refused by both"] += 1
        elif name := reason(*pair):
            counts[name] += 1
        else:
            counts["unexplained"] += 1
            unexplained.append((number, *pair))
    print(f"{release}, version {version}, {FRAMES} frames: {dict(counts)}")
    assert not unexplained, "\n\n".join(described(python, *case, here) for case in unexplained[:10])
    assert counts["equal"] > FRAMES * 0.4
    assert counts["equal"] + counts["refused by both"] > FRAMES * 0.8


def test_the_differences_are_documented():
    text = (TESTS.parents[2] / "doc" / "python.md").read_text(encoding="utf-8")
    assert not [name for name in DIFFERENCES if f"| {name} |" not in text]
