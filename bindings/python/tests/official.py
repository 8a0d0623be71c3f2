"""Finds or makes an environment with the official package, which the tests compare with.

QUESTDB_OFFICIAL_PYTHON may name its interpreter. Otherwise it is made once, in the folder where downloads of tests are kept.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "4.1.0"
#: What the official package needs for frames, and its tests for the cases. It does not know pandas 3.
NEEDS = [f"questdb=={VERSION}", "numpy<3", "pandas==2.3.3", "pyarrow"]


class Absent(Exception):
    """The environment can be neither found nor made."""


def interpreter():
    """Returns the path of an interpreter that can import the official package.

    Raises Absent, with the reason.
    """
    named = os.environ.get("QUESTDB_OFFICIAL_PYTHON")
    if named:
        return named
    cache = os.environ.get("QUESTDB_TEST_CACHE") or Path.home() / ".cache" / "questdb-ingress"
    name = f"python-official-{VERSION}-{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(cache) / name
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        try:
            venv.create(home, with_pip=True, clear=True)
            pip = [python, "-m", "pip", "-q", "--disable-pip-version-check", "install"]
            subprocess.run([*pip, "--only-binary=:all:", *NEEDS], check=True, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as e:
            said = (getattr(e, "stderr", None) or str(e)).strip().splitlines()
            raise Absent(f"questdb=={VERSION} cannot be installed: {said[-1] if said else e}") from e
        (home / "complete").touch()
    return str(python)
