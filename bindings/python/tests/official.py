"""Finds or makes environments with releases of the official package, which the tests compare with.

QUESTDB_OFFICIAL_PYTHON_4 and QUESTDB_OFFICIAL_PYTHON_6 may name an interpreter for each. Otherwise an environment is made once, in
the folder where downloads of tests are kept.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

#: The releases, each with the pandas that it is compared with. 4.1.0 does not know pandas 3.
RELEASES = {"4.1.0": "pandas==2.3.3", "6.0.0": "pandas==3.1.1"}
RELEASE = "4.1.0"


class Absent(Exception):
    """The environment can be neither found nor made."""


def interpreter(release=RELEASE):
    """Returns the path of an interpreter that can import a release of the official package.

    Raises Absent, with the reason.
    """
    named = os.environ.get(f"QUESTDB_OFFICIAL_PYTHON_{release[0]}")
    if named:
        return named
    cache = os.environ.get("QUESTDB_TEST_CACHE") or Path.home() / ".cache" / "questdb-ingress"
    name = f"python-official-{release}-{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(cache) / name
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        needs = [f"questdb=={release}", "numpy<3", RELEASES[release], "pyarrow"]
        try:
            venv.create(home, with_pip=True, clear=True)
            pip = [python, "-m", "pip", "-q", "--disable-pip-version-check", "install"]
            subprocess.run([*pip, "--only-binary=:all:", *needs], check=True, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as e:
            said = (getattr(e, "stderr", None) or str(e)).strip().splitlines()
            raise Absent(f"questdb=={release} cannot be installed: {said[-1] if said else e}") from e
        (home / "complete").touch()
    return str(python)


def environments(folder):
    """Returns the environment variables for a process with this package, and those for one with the official package.

    Both run in the same interpreter, so that pandas and numpy are the same. The folder gets a copy of this package, because where
    it is installed there may be another pandas.
    """
    import questdb_ingress

    shutil.copytree(Path(questdb_ingress.__file__).parent, folder / "questdb_ingress")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # The local time is not UTC, so that it shows which times are taken for local; the official package warns of its old name.
    bare |= {"TZ": "America/St_Johns", "PYTHONWARNINGS": "ignore"}
    return {**bare, "PYTHONPATH": str(folder)}, bare
