"""Builds the wheel: the Python files, and the receiver's C library, which cargo compiles.

It needs nothing but the standard library. ``QUESTDB_RECEIVER_LIBRARY`` names a library that was built before.
"""

import base64
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
NAME = "questdb_testing"


def _version():
    return re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


def _library_name():
    if sys.platform == "win32":
        return "questdb_receiver.dll"
    return "libquestdb_receiver.dylib" if sys.platform == "darwin" else "libquestdb_receiver.so"


def _library():
    """Returns the path of the library, which is built unless the environment names one."""
    named = os.environ.get("QUESTDB_RECEIVER_LIBRARY")
    if named:
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(
        [os.environ.get("CARGO", "cargo"), "rustc", "--release", "--locked", "--lib", "--crate-type", "cdylib",
         "--package", "questdb-receiver-capi", "--target-dir", str(target), "--config", 'profile.release.strip="symbols"'],
        cwd=ROOT,
        check=True,
    )
    return target / "release" / _library_name()


def _files(library):
    """Returns what is installed: names and contents."""
    version = _version()
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    info = f"{NAME}-{version}.dist-info"
    files = {
        path.relative_to(HERE / "python").as_posix(): path.read_bytes()
        for path in sorted((HERE / "python").rglob("*"))
        if path.is_file() and path.suffix in (".py", ".typed")
    }
    files[f"{NAME}/{_library_name()}"] = library.read_bytes()
    files[f"{info}/METADATA"] = (
        "Metadata-Version: 2.1\n"
        "Name: questdb-testing\n"
        f"Version: {version}\n"
        "Summary: A server for tests that takes rows as QuestDB does, in the process of the test\n"
        "License: Apache-2.0\n"
        "Requires-Python: >=3.11\n"
        "Classifier: Framework :: Pytest\n"
        "Description-Content-Type: text/markdown\n\n"
    ).encode() + (HERE / "README.md").read_bytes()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {NAME}_build\nRoot-Is-Purelib: false\nTag: py3-none-{platform}\n"
    ).encode()
    files[f"{info}/entry_points.txt"] = b"[pytest11]\nquestdb_testing = questdb_testing.pytest_plugin\n"
    return f"{NAME}-{version}-py3-none-{platform}.whl", info, files


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """The hook of PEP 517."""
    wheel, info, files = _files(_library())
    record = ""
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return wheel


def build_sdist(sdist_directory, config_settings=None):
    """The hook of PEP 517. The library's sources are the whole repository, so there is no archive of this folder alone."""
    raise NotImplementedError("questdb-testing is built in its repository: pip install ./bindings/python-testing")
