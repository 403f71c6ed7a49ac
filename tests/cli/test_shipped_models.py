"""The trained models of models/: they compile, obey physics, and are as good on unseen structures as their cards say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli_case import TOP, CliCase, main

NAMES = ("organics", "water")
MOST_BYTES = 3_000_000  # of the weights
MOST_FORCE_ERROR = 60.0  # meV/angstrom, RMSE
HOST = ["--target", "host", "--host-cpu", "native"]


class ShippedModels(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for name in NAMES:
            cls.compile_model(f"{name}.mlff", cls.place(name) / "model.yaml", *HOST)

    @staticmethod
    def place(name: str) -> Path:
        return TOP / "models" / name

    def compared(self, name: str, model: str) -> Any:
        return self.succeed_json("eval", model, self.place(name) / "held_out.extxyz", "--compare")["comparison"]

    def test_they_are_small_and_complete(self) -> None:
        for name in NAMES:
            self.assertLess((self.place(name) / "weights.safetensors").stat().st_size, MOST_BYTES)
            training = json.loads((self.place(name) / "training.json").read_text())
            self.assertGreater(training["configurations"]["unseen"], 100)
            report = self.succeed_json("info", f"{name}.mlff")
            self.assertEqual(report["diagnostics"], [])

    def test_errors_on_structures_that_they_have_not_seen(self) -> None:
        for name in NAMES:
            errors = self.compared(name, f"{name}.mlff")
            self.assertLess(1e3 * errors["forces"]["rmse"], MOST_FORCE_ERROR, name)
            self.assertGreater(errors["forces"]["rms_reference"], 0.5, name)  # forces that are worth learning

    def test_the_cards_tell_the_errors_of_training(self) -> None:
        for name in NAMES:
            card = (self.place(name) / "README.md").read_text()
            errors = json.loads((self.place(name) / "training.json").read_text())["errors"]
            for part in ("test", "unseen"):
                self.assertIn(f"| {errors[part]['all']['force_rmse']:.1f} |", card)
                self.assertLess(errors[part]["all"]["force_rmse"], MOST_FORCE_ERROR)

    def test_they_obey_physics(self) -> None:
        for name in NAMES:
            report = self.succeed_json("check", f"{name}.mlff")
            self.assertIs(report["passed"], True)

    def test_dynamics_keeps_its_energy(self) -> None:
        for name in NAMES:
            start = self.place(name) / "start.extxyz"
            words = ["md", f"{name}.mlff", start, "--steps", 400, "--temperature", 300, "--quiet"]
            report = self.succeed_json(*words, "--energies", f"{name}.csv", "--energies-every", 20)
            self.assertLess(report["mean_temperature"], 600)
            rows = (self.folder / f"{name}.csv").read_text().splitlines()
            columns = rows[0].split(",")
            total = columns.index(next(c for c in columns if c.startswith("total")))
            kinetic = columns.index(next(c for c in columns if c.startswith("kinetic")))
            values = [[float(x) for x in (row.split(",")[total], row.split(",")[kinetic])] for row in rows[1:]]
            swing = max(v[0] for v in values) - min(v[0] for v in values)
            self.assertLess(swing, 0.05 * sum(v[1] for v in values) / len(values), name)


if __name__ == "__main__":
    main()
