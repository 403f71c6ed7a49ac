"""mlffgen profile on the processor and on the GPU that there is, which may be that of tests/software_gpu."""

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from cli_case import FAST, MOLECULES, SPEC, CliCase, main

LIST = ["all_pairs_count", "all_pairs_fill"]
PHASES = ["phase_0", "phase_1", "phase_2", "phase_3"]
QUICK = ["--repeats", 2, "--warm-up", 0]


def names(report: Any) -> list[str]:
    return [step["name"] for step in report["steps"]]


class Profile(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *FAST)
        (cls.folder / "few.extxyz").write_text("".join(MOLECULES.read_text().splitlines(True)[:5]))

    def check_times(self, report: Any) -> None:
        for step in report["steps"]:
            self.assertGreater(step["median_us"], 0, step)
            self.assertLessEqual(step["p5_us"], step["median_us"])
            self.assertLessEqual(step["median_us"], step["p95_us"])
        self.assertAlmostEqual(sum(step["median_us"] for step in report["steps"]), report["sum_of_steps_us"], places=3)
        self.assertAlmostEqual(sum(step["share"] for step in report["steps"]), 1)
        self.assertAlmostEqual(sum(part["median_us"] for part in report["parts"]), report["sum_of_steps_us"], places=3)
        self.assertAlmostEqual(report["accounted"], report["sum_of_steps_us"] / report["all_steps"]["median_us"])
        self.assertAlmostEqual(report["accounted_of_call"], report["sum_of_steps_us"] / report["call"]["median_us"])

    def test_the_phases_of_the_processor_account_for_the_call(self) -> None:
        report = self.succeed_json("profile", "model.mlff", MOLECULES, "--threads", 1, "--repeats", 30)
        self.assertEqual(names(report), ["neighbour list", "pair geometry", *PHASES, "forces and virials", "results"])
        self.check_times(report)
        self.assertEqual((report["systems"], report["repeats"], report["warm_up"]), (8, 30, 10))
        self.assertIsNone(report["graph"])
        self.assertGreater(report["accounted_of_call"], 0.3)
        self.assertGreater(report["accounted"], 0.95)
        self.assertNotIn("limits", report)

    def test_the_table_has_a_row_a_step_and_the_whole_call(self) -> None:
        text = self.succeed("profile", "model.mlff", MOLECULES, *QUICK)
        for phase in PHASES:
            self.assertRegex(text, rf"model +{phase} +\d+\.\d")
        self.assertRegex(text, r"sum of the steps +\d+\.\d")
        self.assertRegex(text, r"the call +\d+\.\d.* 100\.0 %")
        self.assertIn("8 systems, 73 atoms", text)

    def test_without_structures_a_periodic_cube_is_made(self) -> None:
        report = self.succeed_json("profile", "model.mlff", "--atoms", 200, "--energy-only", *QUICK)
        self.assertEqual((report["systems"], report["atoms"]), (1, 200))
        self.assertGreater(report["pairs"], 200 * 30)
        self.assertEqual(names(report)[2:], ["phase_0", "phase_1", "results"])

    def test_errors_say_where_what_and_what_to_do(self) -> None:
        self.fail_with(1, "absent.mlff", "profile", "absent.mlff")
        self.fail_with(1, "absent.extxyz", "profile", "model.mlff", "absent.extxyz")
        (self.folder / "empty.extxyz").write_text("")
        self.fail_with(1, "empty.extxyz: the file holds no structure", "profile", "model.mlff", "empty.extxyz")
        (self.folder / "gold.extxyz").write_text("1\nname=a\nO 0 0 0\n2\nname=pair\nH 0 0 0\nAu 0 0 2\n")
        fragment = "gold.extxyz:4: frame 1 (pair): atom 1 (counting from 0): the model"
        self.fail_with(1, fragment, "profile", "model.mlff", "gold.extxyz")
        self.fail_with(2, "did you mean '--repeats'", "profile", "model.mlff", "--repeat", 3)
        self.fail_with(2, "--repeats", "profile", "model.mlff", "--repeats", 0)
        self.fail_with(2, "--atoms", "profile", "model.mlff", MOLECULES, "--atoms", 10)
        self.fail_with(2, "expected host, cuda or cuda:N", "profile", "model.mlff", "--device", "gpu")
        self.fail_with(2, "--plot needs --device cuda", "profile", "model.mlff", "--plot", "roof.svg")
        self.fail_with(2, "--no-limits needs --device cuda", "profile", "model.mlff", "--no-limits")
        words = ["profile", "model.mlff", "--device", "cuda", "--plot", "absent/roof.svg"]
        self.fail_with(1, "absent/roof.svg", *words)
        self.fail_with(2, "--no-limits", *words, "--no-limits")
        absent = {"MLFFGEN_CUDA": "/absent/libcuda.so"}
        self.fail_with(1, "MLFFGEN_CUDA", "profile", "model.mlff", "--device", "cuda", environment=absent)

    def need_gpu(self) -> None:
        if not self.has_gpu():
            self.skipTest("mlffgen doctor finds no usable GPU")

    def test_the_steps_of_a_gpu_are_its_kernels_and_copies(self) -> None:
        self.need_gpu()
        report = self.succeed_json("profile", "model.mlff", "few.extxyz", "--device", "cuda", *QUICK)
        copies = ["copy to the host", "copy to the host"]
        self.assertEqual(names(report), ["copy to the device", *LIST, *PHASES, "reduce_forces", *copies])
        parts = ["copy in", "list", "model", "reductions", "copy out"]
        self.assertEqual([part["part"] for part in report["parts"]], parts)
        self.check_times(report)
        for step in report["steps"]:
            self.assertEqual("blocks" in step, not step["name"].startswith("copy"))
            self.assertEqual("bytes" in step, step["name"].startswith("copy"))
        for whole in ("graph", "plain_call", "call", "all_steps"):
            self.assertGreater(report[whole]["median_us"], 0)
        self.assertNotIn("threads", report)
        text = self.succeed("profile", "model.mlff", "few.extxyz", "--device", "cuda", *QUICK)
        for row in ("the steps as one graph", "the call without a graph", "the call, with a graph"):
            self.assertRegex(text, rf"{row} +\d+\.\d")

    def check_roofline(self, step: Any) -> None:
        work, roofline = step["work"], step["roofline"]
        seconds = step["median_us"] * 1e-6
        parts = ("gathered_bytes", "table_bytes", "weight_bytes", "streamed_bytes")
        self.assertAlmostEqual(work["bytes"], sum(work[part] for part in parts))
        for amount, rate in (("flops", "flops_per_second"), ("tensor_flops", "tensor_flops_per_second"),
                             ("bytes", "bytes_per_second")):
            self.assertAlmostEqual(work[rate] * seconds, work[amount], delta=1e-6 * work[amount] + 1e-9)
        limits = roofline["limits_us"]
        self.assertEqual(roofline["floor_us"], max(limits.values()))
        self.assertEqual(limits[roofline["bound"]], roofline["floor_us"])
        self.assertAlmostEqual(roofline["of_limit"], roofline["floor_us"] / step["median_us"])
        self.assertAlmostEqual(roofline["potential_us"], max(0, step["median_us"] - roofline["floor_us"]))

    def test_the_steps_of_a_gpu_stand_against_what_it_can_do(self) -> None:
        self.need_gpu()
        call = ["profile", "model.mlff", MOLECULES, "--device", "cuda", *QUICK]
        report = self.succeed_json(*call, "--plot", "roof.svg")
        self.assertGreaterEqual(report["accounted"], 0.95)
        limits = report["limits"]
        for key in ("copy", "gather", "table", "weights", "block_weights", "multiply_adds", "products"):
            self.assertGreater(limits[key]["p5"], 0)
            self.assertLessEqual(limits[key]["p5"], limits[key]["median"])
            self.assertLessEqual(limits[key]["median"], limits[key]["p95"])
        self.assertGreater(limits["launch"]["median_us"], 0)
        modelled = [step for step in report["steps"] if step["work"]]
        self.assertEqual([step["name"] for step in modelled], [*PHASES, "reduce_forces"])
        for step in modelled:
            self.check_roofline(step)
        for step in modelled[:4]:
            self.assertGreater(step["work"]["flops"], 0)
        self.assertGreater(modelled[1]["work"]["tensor_flops"], 0)
        left = [row["potential_us"] for row in report["priorities"]]
        self.assertEqual(left, sorted(left, reverse=True))
        self.assertEqual({row["name"] for row in report["priorities"]}, {step["name"] for step in modelled})
        self.assertAlmostEqual(report["totals"]["potential_us"], sum(left))
        self.assertAlmostEqual(report["totals"]["modelled_us"], sum(step["median_us"] for step in modelled))
        chart = ElementTree.parse(self.folder / "roof.svg").getroot()
        texts = ["".join(text.itertext()) for text in chart.iter("{http://www.w3.org/2000/svg}text")]
        for phase in PHASES:
            self.assertIn(phase, texts)

    def test_the_table_names_what_binds_and_what_is_not_modelled(self) -> None:
        self.need_gpu()
        text = self.succeed("profile", "model.mlff", MOLECULES, "--device", "cuda", *QUICK)
        self.assertRegex(text, r"device memory, read and written +\d")
        self.assertRegex(text, r"phase_1 .* \d+\.\d %")
        self.assertRegex(text, r"where time is left, microseconds\n.*\n +1 +\w+ +\d")
        self.assertRegex(text, r"the steps account for \d+\.\d % of the time")
        self.assertRegex(text, "not modelled: copy to the device, all_pairs_count, all_pairs_fill, copy to the host\n")

    def test_without_limits_there_is_work_alone(self) -> None:
        self.need_gpu()
        call = ["profile", "model.mlff", "few.extxyz", "--device", "cuda", "--no-limits", *QUICK]
        report = self.succeed_json(*call)
        self.assertIsNone(report["limits"])
        self.assertNotIn("priorities", report)
        for step in report["steps"]:
            self.assertIsNone(step["roofline"])
            self.assertEqual(step["work"] is not None, step["name"] in [*PHASES, "reduce_forces"])
        text = self.succeed(*call)
        self.assertIn("work of the steps", text)
        self.assertNotIn("bound by", text)

    def with_ncu(self, wrong: str = "") -> dict[str, str]:
        """An environment whose ncu is fake_ncu.py, which knows the software GPU alone."""
        self.need_gpu()
        if "software" not in os.environ.get("MLFFGEN_CUDA", ""):
            self.skipTest("fake_ncu.py sees the kernels of the software GPU")
        script = self.folder / "ncu"
        script.write_text(f"#!/bin/sh\nexec {sys.executable} {Path(__file__).parent / 'fake_ncu.py'} \"$@\"\n")
        script.chmod(0o755)
        return {"PATH": f"{self.folder}:{os.environ['PATH']}", "FAKE_NCU": wrong}

    def test_the_counters_of_ncu_stand_beside_their_steps(self) -> None:
        environment = self.with_ncu()
        for more in ([], ["--energy-only"]):
            call = ["profile", "model.mlff", "few.extxyz", "--device", "cuda", "--no-limits", "--ncu", *more, *QUICK]
            report = self.succeed_json(*call, environment=environment)
            for number, step in enumerate(step for step in report["steps"] if "blocks" in step):
                self.assertEqual(step["counters"]["memory_read_bytes"], 1000 * (number + 1), step["name"])
                self.assertEqual(step["counters"]["registers"], 96)
                self.assertIsNone(step["counters"]["l2_bytes"])
            for step in report["steps"]:
                self.assertEqual(step["counters"] is None, "blocks" not in step)
        text = self.succeed("profile", "model.mlff", "--atoms", 20, "--device", "cuda", "--no-limits", "--ncu", *QUICK,
                            environment=environment)
        self.assertRegex(text, r"counters, by Nsight Compute\n.*MB read.*\n(.*\n)* +phase_0 +12 +0\.\d+ ")

    def test_what_goes_wrong_with_ncu_is_told(self) -> None:
        call = ["profile", "model.mlff", "few.extxyz", "--device", "cuda", "--no-limits", "--ncu", *QUICK]
        for wrong, fragment in (
            ("permission", "may not read the GPU's counters (ERR_NVGPUCTRPERM); run as root"),
            ("failure", "has ended with status 9: '==ERROR== Cuda driver is not compatible"),
            ("kernel", "where the profile has 'all_pairs_count', ncu reports 'all_pairs_fill'"),
        ):
            self.fail_with(1, fragment, *call, environment=self.with_ncu(wrong))

    def test_without_ncu_the_message_says_where_it_was_looked_for(self) -> None:
        if any(Path("/usr/local").glob("cuda*/bin/ncu")) or any(Path("/opt/nvidia/nsight-compute").glob("*/ncu")):
            self.skipTest("this machine has Nsight Compute")
        call = ["profile", "model.mlff", "--device", "cuda", "--ncu"]
        nowhere = {"PATH": "/absent", "CUDA_HOME": "/absent"}
        self.fail_with(1, "neither in the PATH nor in $CUDA_HOME/bin", *call, environment=nowhere)
        self.fail_with(2, "--ncu needs --device cuda", "profile", "model.mlff", "--ncu")

    def test_a_bad_frame_is_named_on_a_gpu(self) -> None:
        self.need_gpu()
        (self.folder / "bad.extxyz").write_text("1\nname=a\nO 0 0 0\n2\nname=pair\nH 0 0 0\nAu 0 0 2\n")
        fragment = "bad.extxyz:4: frame 1 (pair): atom 1 (counting from 0): the model"
        self.fail_with(1, fragment, "profile", "model.mlff", "bad.extxyz", "--device", "cuda")
        self.fail_with(1, "97", "profile", "model.mlff", "few.extxyz", "--device", "cuda:97")


if __name__ == "__main__":
    main()
