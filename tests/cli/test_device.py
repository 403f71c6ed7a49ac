"""--device cuda: on the machine's GPU, or with the argument 'software' on the GPU of tests/software_gpu."""

import sys

from cli_case import FAST, MOLECULES, SKIPPED, SPEC, CliCase, main
from frames import read_frames


class Device(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for precision in ("float", "double"):
            cls.compile_model(f"{precision}.mlff", SPEC, *FAST, "--precision", precision)

    def test_doctor_compiles_and_runs_a_kernel(self) -> None:
        report = self.succeed_json("doctor")
        self.assertIs(report["cuda"]["usable"], True)
        self.assertTrue(all(gpu["usable"] for gpu in report["cuda"]["gpus"]))
        self.assertIn("compiles and runs kernels", self.succeed("doctor"))
        without = self.succeed_json("doctor", environment={"MLFFGEN_NVRTC": "/absent/libnvrtc.so"})
        self.assertIs(without["cuda"]["usable"], False)
        self.assertIn("NVRTC", without["cuda"]["reason"])

    def test_results_are_those_of_the_host(self) -> None:
        for precision, bound in (("float", 1e-5), ("double", 1e-10)):
            host = self.succeed_json("eval", f"{precision}.mlff", MOLECULES, "-o", "host.extxyz")
            cuda = self.succeed_json("eval", f"{precision}.mlff", MOLECULES, "-o", "cuda.extxyz", "--device", "cuda")
            self.assertTrue(cuda["device"].startswith("cuda:0 ("), cuda["device"])
            self.assertTrue(host["device"].startswith("host ("), host["device"])
            self.assertNotIn("threads", cuda)
            for a, b in zip(host["frames"], cuda["frames"], strict=True):
                self.assertAlmostEqual(a["energy"] / b["energy"], 1, delta=bound)
            for a, b in zip(read_frames(self.folder / "host.extxyz"), read_frames(self.folder / "cuda.extxyz")):
                largest = max(abs(x) for force in a.forces for x in force)
                for f, g in zip(a.forces, b.forces, strict=True):
                    for x, y in zip(f, g):
                        self.assertAlmostEqual(x, y, delta=10 * bound * largest)
                virial = a.numbers("virial")
                for x, y in zip(virial, b.numbers("virial"), strict=True):
                    self.assertAlmostEqual(x, y, delta=10 * bound * max(map(abs, virial)))

    def test_energies_alone_and_other_batches_are_the_same_energies(self) -> None:
        both = self.succeed_json("eval", "float.mlff", MOLECULES, "--device", "cuda")
        alone = self.succeed_json("eval", "float.mlff", MOLECULES, "--device", "cuda", "--energy-only")
        self.assertEqual([row["energy"] for row in both["frames"]], [row["energy"] for row in alone["frames"]])
        single = self.succeed_json("eval", "float.mlff", MOLECULES, "--device", "cuda", "--batch", 1)
        for a, b in zip(both["frames"], single["frames"], strict=True):
            self.assertAlmostEqual(a["energy"] / b["energy"], 1, delta=1e-6)

    def test_timings_tell_the_first_call_from_the_others(self) -> None:
        report = self.succeed_json("eval", "float.mlff", MOLECULES, "--device", "cuda", "--repeat", 3)
        self.assertGreater(report["load_ms"], 0)
        load = report["load"]
        steps = [load[name] for name in
                 ("driver_ms", "plan_ms", "kernels_ms", "modules_ms", "weights_ms", "workspace_ms")]
        self.assertLessEqual(sum(steps), report["load_ms"])
        self.assertGreaterEqual(min(steps), 0)
        self.assertGreater(load["compiled"] + load["at_hand"], 4)
        self.assertNotIn("load", self.succeed_json("eval", "float.mlff", MOLECULES))
        self.assertGreater(report["first_call_ms"], 0)
        self.assertEqual(report["frames"][0]["timing"]["repeats"], 3)
        text = self.succeed("eval", "float.mlff", MOLECULES, "--device", "cuda", "--repeat", 1)
        self.assertRegex(text, r"loading .* ms, the first call .* ms")

    def test_a_model_obeys_physics(self) -> None:
        (self.folder / "few.extxyz").write_text("".join(MOLECULES.read_text().splitlines(True)[:5]))
        report = self.succeed_json("check", "double.mlff", "few.extxyz", "--device", "cuda")
        self.assertTrue(report["passed"])
        self.assertTrue(report["device"].startswith("cuda:0"))
        self.assertIn("called again", [row["check"] for row in report["checks"]])

    def test_a_bad_frame_is_named(self) -> None:
        (self.folder / "gold.extxyz").write_text("1\nname=a\nO 0 0 0\n2\nname=pair\nH 0 0 0\nAu 0 0 2\n")
        fragment = "gold.extxyz:4: frame 1 (pair): atom 1"
        self.fail_with(1, fragment, "eval", "float.mlff", "gold.extxyz", "--device", "cuda")

    def test_a_gpu_that_is_not_there_is_refused(self) -> None:
        self.fail_with(1, "97", "eval", "float.mlff", MOLECULES, "--device", "cuda:97")


if __name__ == "__main__":
    if "software" in sys.argv:
        sys.argv.remove("software")
    elif not CliCase.has_gpu():
        print("skipped: mlffgen doctor finds no usable GPU")
        sys.exit(SKIPPED)
    main()
