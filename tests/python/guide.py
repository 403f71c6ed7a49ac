"""docs/python.md as sections of code blocks, and how to run them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from conftest import TOP

_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def sections() -> dict[str, list[tuple[str, str]]]:
    """Of each section its blocks: kind (sh, python, xml) and text."""
    parts = _SECTION.split((TOP / "docs" / "python.md").read_text())
    return {title: _BLOCK.findall(text) for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def run_blocks(blocks: list[tuple[str, str]], folder: Path, python: Path, variables: Mapping[str, str]) -> None:
    """Runs a section in a folder. Its Python blocks go on one from another; the XML block is input.xml."""
    script = ""
    for kind, text in blocks:
        if kind == "xml":
            (folder / "input.xml").write_text(text)
            continue
        assert kind in ("sh", "python"), f"a block of the kind {kind!r} is not tested"
        if kind == "python":
            script += text
            command = [str(python), "-c", script]
        else:
            command = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
