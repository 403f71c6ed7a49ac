"""The library as its users have it: installed, then moved, so that no path of the build is left in it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ["MLFFGEN_BUILD"])
CMAKE = os.environ["MLFFGEN_CMAKE"]


class InstalledCase(unittest.TestCase):
    folder: Path
    prefix: Path
    _holder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls._holder = tempfile.TemporaryDirectory()
        cls.folder = Path(cls._holder.name)
        first = cls.folder / "first-place"
        command = [CMAKE, "--install", BUILD, "--component", "library", "--prefix", first]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.prefix = cls.folder / "second-place"
        first.rename(cls.prefix)

    @classmethod
    def tearDownClass(cls) -> None:
        cls._holder.cleanup()

    def environment(self) -> dict[str, str]:
        libraries = next(self.prefix.glob("**/libmlffgen.so")).parent
        return {
            **os.environ,
            "PREFIX": str(self.prefix),
            "PKG_CONFIG_PATH": str(libraries / "pkgconfig"),
            "LD_LIBRARY_PATH": str(libraries),
        }

    def run_in(self, folder: Path, *command: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, command)], cwd=folder, env=self.environment(), capture_output=True, text=True
        )

    def succeed_in(self, folder: Path, *command: Any) -> str:
        done = self.run_in(folder, *command)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout
