"""Objects that lie, in a process of their own, which must not end by a signal: see hostile.py.

QUESTDB_LONG=1 makes it half a million cases instead of 1,500. QUESTDB_SEED makes others.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from questdb_ingress import Buffer, ServerTimestamp

import hostile_arrays

CASES = 500_000 if os.environ.get("QUESTDB_LONG") else 1_500
SEED = os.environ.get("QUESTDB_SEED", "1")


def test_B21_B23_F15_hostile_objects(tmp_path):
    program, place = Path(__file__).with_name("hostile.py"), tmp_path / "place"
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", program, SEED, "0", str(CASES), place]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    ended = signal.Signals(-done.returncode).name if done.returncode < 0 else done.returncode
    case = f"{program.name} {SEED} {place.read_text().strip()} 1 place"
    assert done.returncode == 0, f"{case} ended with {ended}:\n{done.stderr[-5000:]}"
    assert done.stdout == f"{CASES} cases\n"


@pytest.mark.parametrize(
    "lie",
    [
        {"nd": -1},
        {"item_size": -8},
        {"shape": None},
        {"strides": None},
        {"data": None},
        {"lengths": [-1]},
        {"lengths": [2**62], "steps": [2**40]},
        {"lengths": [2**62] * 3, "steps": [1, 1, 1]},
    ],
    ids=str,
)
def test_an_array_whose_memory_cannot_be(lie):
    buffer = Buffer(protocol_version=2)
    with pytest.raises(ValueError, match="contradicts itself"):
        buffer.row("t", columns={"a": hostile_arrays.Made(**lie)}, at=ServerTimestamp)
    assert len(buffer) == 0
    # What the case is made of is taken without the lie.
    buffer.row("t", columns={"a": hostile_arrays.Made()}, at=ServerTimestamp)
    assert len(buffer) > 0
