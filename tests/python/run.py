"""Runs tests of the Python package: run.py --folder FOLDER [--oldest | --with MODULES] FILE...

The folder holds a virtual environment with the packages of requirements.txt, which the first run makes. --oldest puts
those of requirements-oldest.txt before them; --with takes a Python of this machine that has the modules (with commas
between) instead, for what is too large to be installed for a test. Ends with the status of pytest, and with 77 where
nothing could be tested: PyPI cannot be reached, no Python has the modules, or every test was skipped.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
OLDEST = HERE / "requirements-oldest.txt"
SKIPPED = 77

# What pip says where it has no network, and not where a package is missing.
_NO_NETWORK = re.compile(
    r"ConnectionError|Retrying|Temporary failure|Name or service not known|Network is unreachable|timed out"
)


class Skip(Exception):
    """Why nothing can be tested."""


def pip_install(python: Path, *words: object) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode == 0:
        return
    if _NO_NETWORK.search(done.stdout):
        raise Skip(f"PyPI cannot be reached: {done.stdout.strip().splitlines()[-1]}")
    sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")


def environment(folder: Path) -> Path:
    """The Python of a virtual environment that holds the requirements; made anew where these have changed."""
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = REQUIREMENTS.read_text() + OLDEST.read_text()
    if python.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip_install(python, "-r", REQUIREMENTS)
    stamp.write_text(wanted)
    return python


def oldest(python: Path, folder: Path) -> Path:
    """A folder with the oldest releases."""
    if sys.version_info >= (3, 13):
        raise Skip("ASE 3.22 needs a NumPy that Python 3.13 does not have")
    place, part = folder / "oldest", folder / "oldest.part"
    if not place.is_dir():
        shutil.rmtree(part, ignore_errors=True)
        pip_install(python, "--no-deps", "--target", part, "-r", OLDEST)
        part.rename(place)
    return place


def prepare(folder: Path, with_oldest: bool) -> tuple[Path, list[str]]:
    """The Python to use, and what is to come first in its path. Tests that run side by side wait for each other."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = environment(folder)
        return python, [str(oldest(python, folder))] if with_oldest else []


def python_with(*modules: str) -> Path:
    """The first Python at hand that has the modules."""
    for python in filter(None, (os.environ.get("MLFFGEN_PYTHON"), sys.executable, "/usr/bin/python3")):
        if subprocess.run([python, "-c", f"import {', '.join(modules)}"], capture_output=True).returncode == 0:
            return Path(python)
    raise Skip(f"no Python with {' and '.join(modules)}; MLFFGEN_PYTHON names another")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--oldest", action="store_true")
    parser.add_argument("--with", dest="modules")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    try:
        if os.environ.get("MLFFGEN_SANITIZED") == "1":
            raise Skip("a library with sanitizers cannot be loaded by Python")
        if arguments.modules:
            python, first = python_with("pytest", *arguments.modules.split(",")), []
        else:
            python, first = prepare(arguments.folder, arguments.oldest)
    except Skip as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    paths = [*first, os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # -rs: the reason of every skip
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "-v", "-rs", *arguments.files]
    return subprocess.run(command, cwd=HERE, env=variables).returncode


if __name__ == "__main__":
    sys.exit(main())
