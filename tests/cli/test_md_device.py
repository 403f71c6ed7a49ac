"""mlffgen md on a GPU: the machine's own, or one in software (MLFFGEN_CUDA, tests/software_gpu)."""

from __future__ import annotations

import csv
import unittest

from cli_case import MOLECULES, SPEC, CliCase, main

COMPILE = ["--untrained-weights", "1", "--host-cpu", "native", "--target", "host", "--precision", "double"]


class OnGpu(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *COMPILE)
        lines = MOLECULES.read_text().splitlines(keepends=True)
        (cls.folder / "water.extxyz").write_text("".join(lines[:5]))
        done = cls.call("md", "model.mlff", "water.extxyz", "--steps", 1, "--device", "cuda")
        if done.returncode != 0 and ("CUDA driver" in done.stderr or "no GPU" in done.stderr):
            raise unittest.SkipTest(done.stderr.strip())

    def rows(self, name: str) -> list[dict[str, float]]:
        with open(self.folder / name, newline="") as file:
            return [{key.split(" (")[0]: float(value or 0) for key, value in row.items()} for row in csv.DictReader(file)]

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def md(self, *words: object) -> str:
        return self.succeed("md", "model.mlff", "water.extxyz", "--quiet", *words)

    def test_the_energies_are_those_of_the_host(self) -> None:
        for ensemble in ("nve", "langevin"):
            options = ["--steps", 12, "--ensemble", ensemble, "--energies-every", 4]
            self.md(*options, "--energies", "host.csv")
            self.md(*options, "--energies", "gpu.csv", "--device", "cuda")
            for host, gpu in zip(self.rows("host.csv"), self.rows("gpu.csv")):
                for key, value in host.items():
                    self.assertAlmostEqual(value, gpu[key], delta=1e-8, msg=key)

    def test_a_run_in_two_parts_leaves_the_files_of_one_in_one(self) -> None:
        options = ["--device", "cuda", "--skin", 0.3, "--ensemble", "langevin", "--trajectory-every", 4]
        options += ["--energies-every", 2]
        one = ["--trajectory", "1.extxyz", "--energies", "1.csv", "--checkpoint", "1.checkpoint"]
        two = ["--trajectory", "2.extxyz", "--energies", "2.csv", "--checkpoint", "2.checkpoint"]
        self.md("--steps", 12, *options, *one, "--checkpoint-every", 6)
        self.md("--steps", 6, *options, *two)
        self.md("--steps", 12, *options, *two, "--restart", "2.checkpoint")
        for kind in ("extxyz", "csv"):
            self.assertEqual(self.text(f"1.{kind}"), self.text(f"2.{kind}"))

    def test_a_step_that_fails_is_named(self) -> None:
        (self.folder / "fast.extxyz").write_text("1\nProperties=species:S:1:pos:R:3:velocities:R:3\nO 0 0 0 2e9 0 0\n")
        self.fail_with(
            1, "step 11 (5.5 fs): atom 0", "md", "model.mlff", "fast.extxyz", "--steps", 20, "--device", "cuda",
            "--temperature-limit", 1e300
        )

    def test_wrong_devices_say_what_is_right(self) -> None:
        self.fail_with(1, "there is no GPU cuda:99", "md", "model.mlff", "water.extxyz", "--steps", 1, "--device", "cuda:99")
        self.fail_with(2, "--skin", "md", "model.mlff", "water.extxyz", "--steps", 1, "--skin", -1)


if __name__ == "__main__":
    main()
