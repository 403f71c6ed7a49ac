"""Every block of the pages below runs, one after the other, as a reader would run them (pages.py)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import SPEC, TOP, compiled
from pages import Page
from run import Skip, python_with
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], None]:
    """Runs a page of docs/ in the test's folder, with models/ there, mlffgen among the commands, and no GPU."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "mlffgen").write_text(f'#!/bin/sh\nexec "{os.environ["MLFFGEN_PROGRAM"]}" "$@"\n')
    (commands / "mlffgen").chmod(0o755)
    (commands / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (commands / "python3").chmod(0o755)
    variables = {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "MLFFGEN_CUDA": "/absent/libcuda.so.1",  # messages are those of a machine without one
        "MLFFGEN_CACHE_DIR": str(tmp_path / "kernels"),
        "MLFFGEN_WISDOM_DIR": str(tmp_path / "wisdom"),
    }
    place = tmp_path / "place"
    place.mkdir()
    shutil.copytree(TOP / "models", place / "models")
    return lambda name: Page(TOP / "docs" / name, place, variables).run()


@pytest.mark.parametrize("name", ["own_architecture.md", "performance.md"])
def test_page(read: Callable[[str], None], name: str) -> None:
    read(name)


def test_tutorial(read: Callable[[str], None], tmp_path: Path) -> None:
    """The reader's best_model is one with random weights, saved by PyTorch under SchNetPack's names."""
    try:
        python = python_with("torch", "numpy")
    except Skip as reason:
        pytest.skip(str(reason))
    command = [python, HERE / "make_best_model.py", tmp_path / "place" / "best_model"]
    variables = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run([*map(str, command)], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read("tutorial.md")


def structure(*lines: str) -> str:
    return f"{len(lines)}\nProperties=species:S:1:pos:R:3\n" + "".join(f"{line}\n" for line in lines)


def test_questions_and_errors(read: Callable[[str], None], tmp_path: Path) -> None:
    """With the faulty files that the page speaks of."""
    place = tmp_path / "place"
    data = compiled(place / "model.mlff").read_bytes()
    (place / "cut.mlff").write_bytes(data[:5000])
    (place / "misspelt.yaml").write_text(SPEC.read_text().replace("features:", "featuers:"))
    save_file({"other": np.zeros(1, np.float32)}, place / "other.safetensors")
    (place / "gold.extxyz").write_text(structure("H 0 0 0", "Au 0 0 1.5"))
    (place / "same.extxyz").write_text(structure("H 0 0 0", "H 0 0 0"))
    (place / "start.extxyz").write_text(structure("O 0 0 0.1193", "H 0 0.7632 -0.477", "H 0 -0.7632 -0.477"))
    read("faq.md")
