"""Every block of docs/python.md runs; its installation is what test_install.py does."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TOP
from guide import run_blocks, sections

BLOCKS = sections()
# What a section needs that is not there everywhere: a test of it, and what is missing.
NEEDS = {
    "On a GPU": ("import torch; assert torch.cuda.is_available()", "no PyTorch with a GPU"),
    "TorchSim": ("import torch_sim", "no TorchSim"),
    "i-PI": ("import ipi", "no i-PI"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the guide begins with, and mlffgen and i-PI among the commands."""
    folder = tmp_path_factory.mktemp("guide")
    shutil.copytree(TOP / "models", folder / "models")
    (folder / "bin").mkdir()
    (folder / "bin" / "mlffgen").write_text(f'#!/bin/sh\nexec {sys.executable} -m mlffgen "$@"\n')
    (folder / "bin" / "mlffgen").chmod(0o755)
    (folder / "bin" / "python3").symlink_to(sys.executable)
    run(folder, "Ten lines")
    return folder


def run(folder: Path, title: str) -> None:
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    # The socket's name is one for the whole machine.
    blocks = [(kind, text.replace("guide", f"guide_{os.getpid()}")) for kind, text in BLOCKS[title]]
    run_blocks(blocks, folder, Path(sys.executable), {"PATH": path})


@pytest.mark.parametrize("title", [title for title in BLOCKS if BLOCKS[title] and title != "Install"])
def test_section(place: Path, title: str) -> None:
    probe, missing = NEEDS.get(title, ("", ""))
    if probe and subprocess.run([sys.executable, "-c", probe], capture_output=True).returncode != 0:
        pytest.skip(missing)
    if title != "Ten lines":
        run(place, title)


def test_the_guide_names_what_there_is() -> None:
    text = (TOP / "docs" / "python.md").read_text()
    import mlffgen

    errors = [name for name in mlffgen.__all__ if name.endswith("Error") and name != "Error"]
    assert len(errors) > 5 and all(f"`{name}`" in text for name in errors)
    assert importlib.util.find_spec("mlffgen.ase") and importlib.util.find_spec("mlffgen.torchsim")
