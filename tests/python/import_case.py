"""What the tests of the import share: the importer as a program, models in PyTorch, and their truth in float64.

Tests that need NumPy, PyTorch or protobuf skip visibly where those are missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MLFFGEN_PROGRAM", str(TOP / "build" / "bin" / "mlffgen"))
IMPORTER = TOP / "bindings" / "python" / "mlffgen" / "importers" / "__main__.py"
REFERENCE = Path(os.environ.get("MLFFGEN_REFERENCE_DIR", TOP.parent / "shared" / "reference"))
SKIPPED = 77
UNITS = ["--energy-unit", "kcal/mol", "--length-unit", "angstrom"]
ELEMENTS = ["--elements", "H,C,O"]
HOST_DOUBLE = ["--precision", "double", "--target", "host", "--host-cpu", "native", "--quiet"]

sys.path.insert(0, str(TOP / "bench"))
sys.path.insert(0, str(TOP / "bindings" / "python"))


class ImportCase(unittest.TestCase):
    """A folder that is thrown away."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def call(self, *words: Any, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A program, run in the folder."""
        environment = {**os.environ, **(environment or {})}
        return subprocess.run([str(w) for w in words], cwd=self.folder, capture_output=True, text=True, env=environment)

    def importer(self, *words: Any, checked: bool = True) -> subprocess.CompletedProcess[str]:
        """The import; where it is not checked it finds no program mlffgen to do so."""
        if checked:
            return self.call(sys.executable, IMPORTER, *words, "--program", PROGRAM)
        return self.call(sys.executable, IMPORTER, *words, environment={"PATH": "/nowhere"})

    def succeed(self, *words: Any) -> str:
        done = self.call(*words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def import_model(
        self, source: Path, *options: Any, format: str = "schnetpack", checked: bool = True
    ) -> dict[str, Any]:
        """The report of an import into the folder's `out`."""
        done = self.importer(format, source, "-o", "out", *UNITS, *options, "--json", checked=checked)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(
            sorted(path.name for path in (self.folder / "out").iterdir()), ["model.yaml", "weights.safetensors"]
        )
        return json.loads(done.stdout)

    def refuse(self, fragment: str, *words: Any, status: int = 1) -> str:
        """The import ends with one error that holds the fragment, prints nothing else and leaves nothing."""
        done = self.importer(*words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith("mlffgen: error: "), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1 if status == 1 else 2, done.stderr)
        self.assertIn(fragment, done.stderr)
        self.assertFalse((self.folder / "out").exists())
        return done.stderr

    def refuse_model(self, fragment: str, source: Path, *options: Any) -> str:
        return self.refuse(fragment, "schnetpack", source, "-o", "out", *UNITS, *ELEMENTS, *options)

    def assert_reproduces(self, truth: Path) -> None:
        """The imported model, compiled in double, has the energies, forces and virials of the file."""
        self.succeed(PROGRAM, "compile", "out/model.yaml", *HOST_DOUBLE, "-o", "double.mlff")
        report = json.loads(self.succeed(PROGRAM, "eval", "double.mlff", truth, "--compare", "--json"))
        self.assertGreater(len(report["frames"]), 0)
        for row in report["frames"]:
            errors = row["comparison"]
            with self.subTest(row["name"]):
                self.assertLessEqual(errors["energy_relative"], 1e-10)
                self.assertLessEqual(errors["forces"]["max"], 1e-9 * max(row["max_force"], 1e-3))
                self.assertLessEqual(errors["virial_relative"], 1e-9)


def read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays by name, each of its own type, and the metadata."""
    import numpy as np

    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        kind = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
        arrays[name] = np.frombuffer(data[begin + first : begin + last], kind).reshape(entry["shape"])
    return arrays, metadata


def main() -> None:
    """As unittest.main, but a program of which every test was skipped ends with the status of a skip."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped and len(result.skipped) >= result.testsRun else 0)


def skip_without(*modules: str) -> None:
    """Ends the program with the status of a skip where one of the modules cannot be imported."""
    for module in modules:
        try:
            __import__(module)
        except ImportError as error:
            print(f"skipped: {sys.executable} cannot import {module}: {error}")
            sys.exit(SKIPPED)
