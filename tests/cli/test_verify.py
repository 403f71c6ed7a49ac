"""mlffgen verify: what it measures, what it finds, what it writes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from typing import Any
from urllib.parse import unquote

import random_weights
from cli_case import FAST, MOLECULES, PROGRAM, SPEC, CliCase, main
from test_bench import find_pytorch
from test_check import LOPSIDED

# Filters with a bias that survives the cutoff, and a smooth twin.
JUMPING = """mlffgen: 1
name: jumping
units: {length: angstrom, energy: eV}
elements: [H, C, O]
cutoff: 4.0
architecture:
  program: |
    s = embedding(element, "embedding", 8)
    w = linear(bessel(distance, 6), "filter", 8)
    energy = sum_i(linear(sum_j(s[j] * w), "readout", 1))
"""
SMOOTH = JUMPING.replace('"filter", 8)', '"filter", 8) * polynomial_cutoff(distance, 6)').replace("jumping", "smooth")
ATOMS = """4
pbc="F F F"
C 0.0 0.0 0.0
O 1.3 0.1 0.0
H -0.7 0.8 0.3
H -0.6 -0.9 0.2
"""
NO_DYNAMICS = ["--md-time", 0]
CHARTS = ["cutoff_energy.svg", "cutoff_force.svg", "errors_by_component.svg", "errors_by_size.svg"]
NVE_CHARTS = ["nve_energy.svg", "nve_temperature.svg"]


class Verify(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *FAST)
        cls.compile_model("double.mlff", SPEC, *FAST, "--precision", "double")

    def rows(self, report: Any, status: str) -> set[tuple[str, str]]:
        checks = [row for section in report["sections"] for row in section["checks"]]
        return {(row["check"], row["quantity"]) for row in checks if row["status"] == status}

    def table(self, report: Any, title: str) -> list[list[str]]:
        return next(t["rows"] for s in report["sections"] for t in s["tables"] if title in t["title"])

    def fails(self, *words: Any) -> Any:
        done = self.call("verify", *words, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads(done.stdout)
        self.assertIs(report["passed"], False)
        return report

    def test_an_untrained_model_passes_and_the_report_is_whole(self) -> None:
        words = ["verify", "model.mlff", MOLECULES, "--double", "double.mlff", "--md-time", 0.5, "--output", "report"]
        report = self.succeed_json(*words)
        self.assertIs(report["passed"], True)
        self.assertEqual(self.rows(report, "fail"), set())
        # Only PyTorch was not asked.
        self.assertEqual({row[0] for row in self.rows(report, "skipped")},
                         {"double build against autograd", "error over that of PyTorch in float32"})
        self.assertEqual(len(report["sections"]), 5)
        errors = [row["error"] for row in report["sections"][0]["checks"] if row["check"] == "double build"]
        self.assertTrue(all(0 < error < 1e-4 for error in errors), errors)  # float is not double
        sizes = [int(row[0]) for row in self.table(report, "By size")]
        self.assertEqual((sizes[0], sizes[-1]), (1, 200))
        self.assertEqual([row[0] for row in self.table(report, "By component")], ["x", "y", "z"])
        folder = self.folder / "report"
        self.assertEqual(self.only_files(folder),
                         sorted([*CHARTS, *NVE_CHARTS, "report.html", "report.md", "verify.json"]))
        self.assertEqual(json.loads((folder / "verify.json").read_text()), report)
        text = (folder / "report.md").read_text()
        self.assertEqual(sorted(re.findall(r"\]\((.*?)\)", text)), sorted([*CHARTS, *NVE_CHARTS]))
        page = (folder / "report.html").read_text()
        # One page: its charts are within it, and nothing is fetched.
        self.assertEqual(len(re.findall(r'<img alt="[^"]+" src="data:image/svg\+xml,', page)), 6)
        self.assertNotRegex(page, r"href=|(?<!xmlns=%22)http|src=\"(?!data:)|url\((?!%)")
        charts = [unquote(text) for text in re.findall(r'src="data:image/svg\+xml,([^"]*)"', page)]
        self.assertEqual(charts[0], (folder / "errors_by_size.svg").read_text())
        for row in ("rotation", "a lone atom", "across the cutoff", "drift of the energy"):
            self.assertIn(f"| {row} |", text)
            self.assertIn(f"<td>{row}</td>", page)

    def test_people_get_tables_and_a_verdict(self) -> None:
        text = self.succeed("verify", "model.mlff", *NO_DYNAMICS)
        self.assertRegex(text, r"(?m)^  across the cutoff +energy .* pass")
        self.assertRegex(text, r"\n\d+ passed, 0 failed, \d+ skipped\n$")

    def test_the_seed_decides_everything(self) -> None:
        def sections(seed: int) -> Any:
            return self.succeed_json("verify", "model.mlff", "--md-time", 0.1, "--seed", seed)["sections"]

        first = sections(3)
        self.assertEqual(first, sections(3))
        self.assertNotEqual(first, sections(4))

    def test_a_double_build_passes_by_itself(self) -> None:
        report = self.succeed_json("verify", "double.mlff", *NO_DYNAMICS)
        self.assertEqual(report["precision"], "double")
        self.assertIn(("double build", "forces"), self.rows(report, "skipped"))

    def test_an_energy_that_jumps_at_the_cutoff_is_found_and_explained(self) -> None:
        for name, text, status in (("jumping", JUMPING, 1), ("smooth", SMOOTH, 0)):
            (self.folder / f"{name}.yaml").write_text(text)
            self.compile_model(f"{name}.mlff", f"{name}.yaml", *FAST)
            done = self.call("verify", f"{name}.mlff", "--json", *NO_DYNAMICS)
            self.assertEqual(done.returncode, status, done.stderr)
            report = json.loads(done.stdout)
            self.assertEqual({row[0] for row in self.rows(report, "fail")}, {"across the cutoff"} if status else set())
            if status:
                notes = [row["note"] for section in report["sections"] for row in section["checks"]]
                self.assertTrue(any("by design of the model" in n and "radial-jump-at-cutoff" in n for n in notes))

    def test_a_model_that_breaks_rotation_fails_there(self) -> None:
        (self.folder / "lopsided.yaml").write_text(LOPSIDED)
        self.compile_model("lopsided.mlff", "lopsided.yaml", *FAST)
        self.assertEqual({row[0] for row in self.rows(self.fails("lopsided.mlff", *NO_DYNAMICS), "fail")}, {"rotation"})

    def test_forces_of_other_weights_fail(self) -> None:
        other = [word if word != "1" else "2" for word in FAST]
        self.compile_model("other.mlff", SPEC, *other, "--precision", "double")
        report = self.fails("model.mlff", "--double", "other.mlff", *NO_DYNAMICS)
        self.assertEqual(self.rows(report, "fail"), {("double build", x) for x in ("energy", "forces", "virial")})

    def test_labels_are_told_and_not_judged(self) -> None:
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "own.extxyz")
        words = ["verify", "model.mlff", "own.extxyz", *NO_DYNAMICS]
        own = dict(self.table(self.succeed_json(*words), "labels"))
        self.assertLess(float(own["forces, RMSE, meV/angstrom"]), 1e-3)
        shifted = re.sub(r"energy=(\S+)", lambda m: f"energy={float(m[1]) + 3.0}",
                         (self.folder / "own.extxyz").read_text())
        (self.folder / "shifted.extxyz").write_text(shifted)
        words[2] = "shifted.extxyz"
        errors = dict(self.table(self.succeed_json(*words), "labels"))
        self.assertGreater(float(errors["energy, mean absolute error, meV/atom"]), 50)

    def test_dynamics_fails_with_what_is_wrong(self) -> None:
        report = self.fails("model.mlff", MOLECULES, "--md-time", 0.1, "--tolerance-scale", 1e-5)
        self.assertIn("swing of the energy", {row[0] for row in self.rows(report, "fail")})
        # Atoms that fly apart: 100 steps of a microsecond.
        report = self.fails("model.mlff", MOLECULES, "--md-time", 1e8, "--timestep", 1e9)
        drift = report["sections"][-1]["checks"][0]
        self.assertEqual(drift["status"], "fail")
        self.assertIn("step", drift["note"])

    def test_wrong_calls_say_what_is_right(self) -> None:
        self.fail_with(1, "of float precision", "verify", "model.mlff", "--double", "model.mlff")
        self.fail_with(1, "absent.extxyz", "verify", "model.mlff", "absent.extxyz")
        (self.folder / "gold.extxyz").write_text("1\n\nAu 0 0 0\n")
        self.fail_with(1, "frame 0: atom 0", "verify", "model.mlff", "gold.extxyz")
        (self.folder / "taken" / "report.md").mkdir(parents=True)
        self.fail_with(1, "taken/report.md", "verify", "model.mlff", "--output", "taken")
        self.fail_with(1, "absent/report", "verify", "model.mlff", "--output", "absent/report")
        for fragment, *words in (
            ("--md-time", "--md-time", "-1"),
            ("--md-temperature", "--md-temperature", "0"),
            ("--timestep", "--timestep", "0"),
            ("--most-structures", "--most-structures", "0"),
            ("--tolerance-scale", "--tolerance-scale", "0"),
            ("--baseline require needs --weights", "--baseline", "require"),
        ):
            self.fail_with(2, fragment, "verify", "model.mlff", *words)
        absent = {"MLFFGEN_PYTHON": "/absent/python"}
        (self.folder / "any.safetensors").write_bytes(b"")
        words = ["verify", "model.mlff", "--weights", "any.safetensors", *NO_DYNAMICS]
        self.fail_with(1, "MLFFGEN_PYTHON", *words, "--baseline", "require", environment=absent)
        report = self.succeed_json(*words, environment=absent)
        self.assertIn("/absent/python", json.dumps(report))

    def test_an_interrupt_ends_it_in_good_order(self) -> None:
        done = subprocess.Popen([PROGRAM, "verify", "model.mlff", "--md-time", "100000", "--output", "early"],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        done.send_signal(signal.SIGINT)
        errors = done.communicate(timeout=120)[1]
        self.assertEqual(done.returncode, 130)
        self.assertIn("stopped by SIGINT", errors)
        self.assertEqual(os.listdir(self.folder / "early"), [])


class BesidePyTorch(CliCase):
    """Against autograd on the same weights, where PyTorch is installed."""

    def test_autograd_agrees_and_tells_other_weights(self) -> None:
        python = find_pytorch()
        if python is None:
            self.skipTest("no Python with NumPy and PyTorch: scripts/setup --bench installs them")
        environment = {"MLFFGEN_PYTHON": python}
        (self.folder / "atoms.extxyz").write_text(ATOMS)
        for name, spec, shapes, basis in random_weights.DIALECTS:
            with self.subTest(name):
                (self.folder / f"{name}.yaml").write_text(spec)
                for seed in (1, 2):
                    random_weights.write_weights(self.folder / f"{name}{seed}.safetensors", shapes, basis, seed)
                options = ["--weights", f"{name}1.safetensors", "--target", "host", "--host-cpu", "native"]
                self.compile_model("float.mlff", f"{name}.yaml", *options)
                self.compile_model("exact.mlff", f"{name}.yaml", *options, "--precision", "double")
                for seed, status in ((1, "pass"), (2, "fail")):
                    words = ["verify", "float.mlff", "--double", "exact.mlff", "--weights", f"{name}{seed}.safetensors",
                             "--baseline", "require", *NO_DYNAMICS, "--json"]
                    report = json.loads(self.call(*words, environment=environment).stdout)
                    rows = {(row["check"], row["quantity"]): row["status"] for row in report["sections"][0]["checks"]}
                    self.assertEqual(rows["double build against autograd", "forces"], status)
                    self.assertEqual(rows["double build", "forces"], "pass")
                # Truth is PyTorch in float64: with other weights our error is far more than PyTorch's rounding.
                words = ["verify", "float.mlff", "atoms.extxyz", "--weights", f"{name}2.safetensors", *NO_DYNAMICS,
                         "--baseline", "require", "--json"]
                report = json.loads(self.call(*words, environment=environment).stdout)
                rows = {(row["check"], row["quantity"]): row["status"] for row in report["sections"][0]["checks"]}
                for quantity in ("forces, made up", "forces, of the file", "forces, relative"):
                    self.assertEqual(rows["error over that of PyTorch in float32", quantity], "fail")


if __name__ == "__main__":
    main()
