"""mlffgen check."""

import re

from cli_case import FAST, MOLECULES, SPEC, TOP, CliCase, main

# Vectors whose Cartesian components are mixed: every check but rotation holds.
LOPSIDED = """mlffgen: 1
name: lopsided
units: {length: angstrom, energy: eV}
elements: [H, C, O]
cutoff: 4.0
architecture:
  program: |
    s = embedding(element, "embedding", 8)
    w = linear(bessel(distance, 6), "filter", 8) * polynomial_cutoff(distance, 6)
    v = sum_j(s[j] * w * direction)
    energy = sum_i(linear(norm(cartesian_mix(v, "matrix"), 0.01), "readout", 1))
"""


class Check(CliCase):
    def statuses(self, report: dict, status: str) -> set[str]:
        return {row["check"] for row in report["checks"] if row["status"] == status}

    def test_an_untrained_model_obeys_physics_in_both_precisions(self) -> None:
        for precision in ("float", "double"):
            model = self.compile_model(f"{precision}.mlff", SPEC, *FAST, "--precision", precision)
            for structures in ([], [MOLECULES]):
                report = self.succeed_json("check", model, *structures)
                self.assertIs(report["passed"], True)
                self.assertEqual(report["precision"], precision)
                self.assertEqual(self.statuses(report, "fail") | self.statuses(report, "skipped"), set())
                self.assertGreaterEqual(len(report["checks"]), 25)

    def test_a_spline_model_obeys_physics(self) -> None:
        model = self.compile_model("spline.mlff", SPEC, *FAST, "--radial", "spline")
        self.assertIs(self.succeed_json("check", model, MOLECULES)["passed"], True)

    def test_the_documented_architecture_of_someone_else_obeys_physics(self) -> None:
        text = (TOP / "docs" / "language.md").read_text()
        spec = re.search(r"```yaml\n(mlffgen: 1\n.*?)```", text, re.DOTALL)
        assert spec
        (self.folder / "own.yaml").write_text(spec.group(1))
        model = self.compile_model("own.mlff", "own.yaml", *FAST)
        self.assertIs(self.succeed_json("check", model)["passed"], True)

    def test_a_model_that_breaks_rotation_fails_there_and_says_why(self) -> None:
        (self.folder / "lopsided.yaml").write_text(LOPSIDED)
        for precision in ("float", "double"):
            model = self.compile_model("lopsided.mlff", "lopsided.yaml", *FAST, "--precision", precision)
            done = self.call("check", model)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, r"(?m)^rotation +forces .* FAIL")
            self.assertIn("by design of the model: ", done.stdout)
            self.assertIn("breaks-rotation", done.stdout)
            failed = set(re.findall(r"(?m)^(\S.*?)  .*FAIL", done.stdout))
            self.assertEqual(failed, {"rotation"})

    def test_a_tolerance_that_nothing_meets_fails(self) -> None:
        model = self.compile_model("strict.mlff", SPEC, *FAST)
        self.assertEqual(self.call("check", model, "--tolerance-scale", "1e-9").returncode, 1)

    def test_the_seed_decides_everything(self) -> None:
        model = self.compile_model("seed.mlff", SPEC, *FAST)
        reports = [self.succeed("check", model, "--json", "--seed", seed) for seed in (3, 3, 4)]
        self.assertEqual(reports[0], reports[1])
        self.assertNotEqual(reports[0], reports[2])

    def test_wrong_calls_say_what_is_right(self) -> None:
        model = self.compile_model("wrong.mlff", SPEC, *FAST)
        no_driver = {"MLFFGEN_CUDA": "/absent/libcuda.so.1"}
        self.fail_with(1, "the CUDA driver", "check", model, "--device", "cuda", environment=no_driver)
        self.fail_with(2, "expected host, cuda or cuda:N", "check", model, "--device", "gpu")
        self.fail_with(2, "--tolerance-scale", "check", model, "--tolerance-scale", "0")
        self.fail_with(1, "absent.extxyz", "check", model, "absent.extxyz")
        (self.folder / "gold.extxyz").write_text("1\n\nAu 0 0 0\n")
        self.fail_with(1, "frame 0: atom 0", "check", model, "gold.extxyz")


if __name__ == "__main__":
    main()
