"""A trained model against its float64 truth, in both precisions. The one argument is the model's name."""

import json
import os
import sys
import unittest
from pathlib import Path

from cli_case import TOP, CliCase, main

REFERENCE = Path(os.environ.get("MLFFGEN_REFERENCE_DIR", TOP.parent / "shared" / "reference"))
MODEL = sys.argv.pop(1)
UNITS_PER_EV = {"eV": 1.0, "kcal/mol": 23.060547830619026}
HOST = ["--target", "host", "--host-cpu", "native"]


@unittest.skipUnless((REFERENCE / MODEL).is_dir(), f"no reference model in {REFERENCE / MODEL}; set MLFFGEN_REFERENCE_DIR")
class Reference(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.truth = REFERENCE / MODEL / "reference.extxyz"
        spec = TOP / "tests" / "specs" / f"{MODEL}.yaml"
        for precision in ("double", "float"):
            weights = REFERENCE / MODEL / "weights.safetensors"
            cls.compile_model(f"{precision}.mlff", spec, "--weights", weights, "--precision", precision, *HOST)

    def test_double_is_the_reference_to_rounding(self) -> None:
        report = self.succeed_json("eval", "double.mlff", self.truth, "--compare")
        for row in report["frames"]:
            errors = row["comparison"]
            with self.subTest(row["name"]):
                self.assertLessEqual(errors["energy_relative"], 1e-10)
                self.assertLessEqual(errors["forces"]["max"], 1e-9 * max(row["max_force"], 1e-3))
                self.assertLessEqual(errors["virial_relative"], 1e-9)

    def test_float_is_within_its_bound(self) -> None:
        report = self.succeed_json("eval", "float.mlff", self.truth, "--compare")
        unit = UNITS_PER_EV[report["units"]["energy"]]
        for row in report["frames"]:
            errors = row["comparison"]["forces"]
            with self.subTest(row["name"]):
                self.assertLessEqual(errors["rmse"], max(2e-5 * errors["rms_reference"], 5e-6 * unit))
                self.assertLessEqual(errors["max"], 1e-4 * unit)

    def test_physics_holds_but_for_what_the_model_breaks_by_design(self) -> None:
        breaks = {"rotation"} if MODEL.startswith("student") else set()
        for precision in ("double", "float"):
            for structures in ([], [self.truth]):
                done = self.call("check", f"{precision}.mlff", *structures, "--json")
                report = json.loads(done.stdout)
                failed = {row["check"] for row in report["checks"] if row["status"] == "fail"}
                self.assertEqual(failed, breaks, f"{precision} {structures}: {done.stdout}")
                self.assertEqual(done.returncode, 1 if breaks else 0)
                for row in report["checks"]:
                    if row["status"] == "fail":
                        self.assertIn("breaks-rotation", row["note"])


if __name__ == "__main__":
    main()
