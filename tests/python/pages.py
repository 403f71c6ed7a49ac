"""Runs the blocks of a page of the documents, one after the other, as a reader would.

sh: must succeed. console: commands with what they print, their status does not matter. python: a script that goes on
from block to block. A block with a title is saved as that file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from conftest import TOP

sys.path.insert(0, str(TOP / "tests" / "docs"))

from blocks import Block, blocks_of, commands_of, is_output  # noqa: E402


class Page:
    """A page that is being read in a folder, with variables of the environment of its own."""

    def __init__(self, document: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self._document, self._folder = document, folder
        self._environment = {**os.environ, **variables}
        self._script = ""

    def run(self) -> None:
        blocks = blocks_of(self._document)
        assert blocks, f"{self._document} has no blocks"
        for block in blocks:
            self._run(block)

    def _call(self, *command: str) -> subprocess.CompletedProcess[str]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(command, cwd=self._folder, env=self._environment, **streams)

    def _run(self, block: Block) -> None:
        place = f"{self._document}:{block.line}"
        if block.title:
            (self._folder / block.title).write_text(block.text)
        elif block.kind == "console":
            for command, shown in commands_of(block):
                printed = self._call("bash", "-c", command).stdout
                assert is_output(printed, shown), f"{place}: {command}\nprints\n{printed}\nand not\n{shown}"
        elif block.kind in ("sh", "python"):
            self._script += block.text if block.kind == "python" else ""
            words = ["bash", "-euo", "pipefail", "-c", block.text]
            done = self._call(*(words if block.kind == "sh" else [sys.executable, "-c", self._script]))
            assert done.returncode == 0, f"{place}:\n{block.text}\n{done.stdout}"
        else:
            raise AssertionError(f"{place}: a block of the kind {block.kind!r} is not tested")
