"""`mlffgen import`: the program hands the work to Python, with its words, errors and exit status."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from import_case import ELEMENTS, PROGRAM, UNITS, ImportCase, main, skip_without

skip_without("numpy", "torch")

import fake_schnetpack as spk  # noqa: E402
import torch  # noqa: E402


class Program(ImportCase):
    def save(self) -> Path:
        network = spk.SchNet(4, 1, spk.GaussianRBF(3, 4.0), spk.CosineCutoff(4.0))
        torch.save(spk.NeuralNetworkPotential(network, [spk.Atomwise(4), spk.Forces()]), self.folder / "best_model")
        return self.folder / "best_model"

    def program(self, *words: Any, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.call(PROGRAM, "import", *words, environment={"MLFFGEN_PYTHON": sys.executable, **environment})

    def test_it_imports(self) -> None:
        self.save()
        done = self.program("schnetpack", "best_model", "-o", "out", *UNITS, *ELEMENTS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("wrote out/model.yaml and out/weights.safetensors", done.stdout)
        self.assertIn("checked in double", done.stdout)

    def test_files_whose_names_begin_with_a_dash(self) -> None:
        self.save().rename(self.folder / "-best")
        done = self.program("--output=-out", *UNITS, *ELEMENTS, "--", "schnetpack", "-best")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "-out" / "model.yaml").exists())

    def test_errors_keep_their_words_and_status(self) -> None:
        self.save()
        for status, fragment, words in (
            (1, "give --energy-unit", ["schnetpack", "best_model", "-o", "out", "--length-unit", "angstrom"]),
            (
                2,
                "no unit 'kcal'",
                ["schnetpack", "best_model", "-o", "out", "--length-unit", "nm", "--energy-unit", "kcal"],
            ),
            (2, "keras", ["keras", "best_model", "-o", "out"]),
            (2, "required", ["schnetpack", "best_model"]),
        ):
            done = self.program(*words)
            self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
            self.assertIn(fragment, done.stderr)
            self.assertEqual(done.stderr.count("mlffgen: error: "), 1)

    def test_without_a_python_or_without_numpy(self) -> None:
        self.save()
        words = ["schnetpack", "best_model", "-o", "out", *UNITS, *ELEMENTS]
        done = self.program(*words, MLFFGEN_PYTHON="/nowhere/python")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot start '/nowhere/python'", done.stderr)
        bare = self.folder / "bare"
        bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "$@"\n')
        bare.chmod(bare.stat().st_mode | stat.S_IXUSR)
        if (
            subprocess.run(
                [bare, "-c", "import numpy"], capture_output=True, env={**os.environ, "PYTHONPATH": ""}
            ).returncode
            == 0
        ):
            self.skipTest("NumPy is part of this Python's standard library")
        done = self.program(*words, MLFFGEN_PYTHON=str(bare))
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no NumPy", done.stderr)


if __name__ == "__main__":
    main()
