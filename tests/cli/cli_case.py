"""Runs the real program: the base of all tests of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("MLFFGEN_PROGRAM", str(TOP / "build" / "bin" / "mlffgen"))
WITH_CLANG = os.environ.get("MLFFGEN_WITH_CLANG", "1") == "1"
DEMO = TOP / "models" / "demo"
SPEC = DEMO / "painn-untrained.yaml"
MOLECULES = DEMO / "molecules.extxyz"
SKIPPED = 77

# One architecture, one processor: what most tests need, in a second.
FAST = ["--untrained-weights", "1", "--target", "host", "--host-cpu", "native"]


class CliCase(unittest.TestCase):
    """A folder that is thrown away, and a compiled small model shared by the tests of a class."""

    folder: Path
    _holder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls._holder = tempfile.TemporaryDirectory()
        cls.folder = Path(cls._holder.name)

    @classmethod
    def tearDownClass(cls) -> None:
        cls._holder.cleanup()

    @classmethod
    def call(cls, *words: Any, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *map(str, words)],
            cwd=cls.folder,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def succeed(self, *words: Any, **options: Any) -> str:
        done = self.call(*words, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def succeed_json(self, *words: Any, **options: Any) -> Any:
        return json.loads(self.succeed(*words, "--json", **options))

    def fail_with(self, status: int, fragment: str, *words: Any, **options: Any) -> str:
        """The program ends with the status and one error that holds the fragment; nothing else is printed."""
        done = self.call(*words, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        errors = [line for line in done.stderr.splitlines() if line.startswith("mlffgen: error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(fragment, done.stderr)
        return done.stderr

    @classmethod
    def compile_model(cls, name: str, *words: Any) -> Path:
        path = cls.folder / name
        done = cls.call("compile", *words, "-o", path, "--quiet")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return path

    @classmethod
    def has_gpu(cls) -> bool:
        done = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True)
        return bool(json.loads(done.stdout)["cuda"]["usable"])

    def only_files(self, folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir())


def main() -> None:
    """As unittest.main, but a program of which every test was skipped ends with the status of a skip."""
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped and len(result.skipped) >= result.testsRun else 0)
