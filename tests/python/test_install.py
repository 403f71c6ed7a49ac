"""A fresh virtual environment, `pip install .`, and ten lines of ASE: docs/python.md as a user follows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import TOP
from guide import run_blocks, sections


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's home, in which the guide has made its environment."""
    home = tmp_path_factory.mktemp("home")
    downloads = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    caches = {"HOME": str(home), "PIP_CACHE_DIR": downloads}
    if shutil.which("ccache"):
        folder = subprocess.run(["ccache", "-k", "cache_dir"], capture_output=True, text=True).stdout.strip()
        # The names by which the other builds call the compilers, which are part of what ccache looks for.
        caches |= {"CCACHE_DIR": folder, "CC": "cc", "CXX": "c++"}
    run_blocks(sections()["Install"], TOP, Path("python3"), {**caches, **clean()})
    return home


def clean() -> dict[str, str]:
    """Variables that would lead to the build that is tested otherwise."""
    return {"MLFFGEN_LIBRARY": "", "MLFFGEN_PROGRAM": "", "PYTHONPATH": ""}


def run(home: Path, *words: object) -> str:
    environment = {**os.environ, **clean(), "HOME": str(home)}
    command = [str(home / "mlffgen-env" / "bin" / str(words[0])), *map(str, words[1:])]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_ten_lines_optimise_a_molecule_and_run_1000_steps(home: Path) -> None:
    shutil.copytree(TOP / "models", home / "models")
    ((kind, script),) = sections()["Ten lines"]
    assert kind == "python" and len([line for line in script.splitlines() if line]) <= 10
    output = run(home, "python", "-c", script)
    assert re.search(r"^BFGS: +\d+ .* 0\.00\d+$", output, re.MULTILINE), output
    rows = [line.split() for line in output.splitlines() if re.match(r"\d+\.\d{4} ", line)]
    assert len(rows) == 11 and float(rows[-1][0]) == 0.5  # ps


def test_everything_comes_from_the_environment(home: Path) -> None:
    script = "import mlffgen.model, mlffgen._native_files as f; print(f.library(), f.program(), mlffgen.__file__)"
    site = str((home / "mlffgen-env" / "lib").resolve())
    assert all(path.startswith(site) for path in run(home, "python", "-c", script).split())
    version = re.search(r"project\(mlffgen VERSION (\S+)", (TOP / "CMakeLists.txt").read_text())
    assert version
    assert run(home, "mlffgen", "--version") == f"mlffgen {version.group(1)}\n"
    assert f"Version: {version.group(1)}\n" in run(home, "pip", "show", "mlffgen")
    assert run(home, "python", "-c", "import mlffgen; print(mlffgen.version())") == f"{version.group(1)}\n"
    report = json.loads(run(home, "mlffgen", "doctor", "--json"))
    assert report["llvm"]  # this build has it, so the package does
    # What the program looks for beside itself.
    assert list((home / "mlffgen-env").glob("lib/*/site-packages/mlffgen/_native/share/mlffgen/bench/peer.py"))


def test_the_wheel_is_for_every_python_3(home: Path) -> None:
    (file,) = (home / "mlffgen-env").glob("lib/*/site-packages/mlffgen-*.dist-info/WHEEL")
    assert re.search(r"^Tag: py3-none-\w*linux\w*$", file.read_text(), re.MULTILINE)
