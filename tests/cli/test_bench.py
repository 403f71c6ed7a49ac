"""mlffgen bench on the processor, and on the GPU that there is, which may be that of tests/software_gpu."""

from __future__ import annotations

import json
import math
import os
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any, Optional

import random_weights
from cli_case import FAST, PROGRAM, SPEC, CliCase, main

QUICK = ["--sizes", "5,20p", "--batches", "1,3", "--repeats", 3, "--warm-up", 0, "--threads", 1]
FAKE = Path(__file__).resolve().parent / "fake_python.py"
REPORT = ["bench.json", "latency.svg", "report.md", "throughput.svg"]


def find_pytorch() -> Optional[str]:
    """A Python that can import what peer.py needs."""
    for python in (os.environ.get("MLFFGEN_PYTHON", "python3"), "python3", "/usr/bin/python3"):
        try:
            done = subprocess.run([python, "-c", "import numpy, torch"], capture_output=True)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


class Bench(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *FAST)
        cls.compile_model("double.mlff", SPEC, *FAST, "--precision", "double")
        (cls.folder / "weights.safetensors").write_bytes(b"for a peer that does not look")

    def check_cells(self, report: Any, names: list[str]) -> None:
        self.assertEqual([(cell["size"], cell["batch"]) for cell in report["cells"]],
                         [("5", 1), ("5", 3), ("20p", 1), ("20p", 3)])
        for cell in report["cells"]:
            atoms = 5 if cell["size"] == "5" else 20
            self.assertEqual(cell["atoms"], atoms * cell["batch"])
            self.assertGreater(cell["bytes_held"], 1000)
            self.assertGreater(cell["pairs"], 0)
            self.assertEqual([side["name"] for side in cell["sides"]], names)
            for side in cell["sides"]:
                times, timing = sorted(side["samples_ms"]), side["timing"]
                self.assertEqual(len(times), 3)
                self.assertEqual(timing["median_ms"], times[1])
                self.assertEqual(timing["min_ms"], times[0])
                self.assertAlmostEqual(timing["mean_ms"], sum(times) / 3)
                seconds = 1e-3 * timing["median_ms"]
                self.assertAlmostEqual(side["structures_per_second"] * seconds / cell["batch"], 1)
                self.assertAlmostEqual(side["atom_steps_per_second"] * seconds / cell["atoms"], 1)
                self.assertAlmostEqual(side["ns_per_day"] * seconds / (86400 * 0.5e-6), 1)
                self.assertLess(side["double_error"]["rmse_relative"], 2e-5)
                self.assertGreater(side["double_error"]["rms_reference"], 0)

    def test_every_size_and_batch_is_timed(self) -> None:
        report = self.succeed_json("bench", "model.mlff", "--double", "double.mlff", *QUICK, "--output", "host")
        self.check_cells(report, ["host"])
        self.assertEqual(self.only_files(self.folder / "host"), REPORT)
        self.assertEqual(json.loads((self.folder / "host" / "bench.json").read_text()), report)
        self.assertIn("--weights FILE", report["baseline"]["reason"])
        self.assertEqual(report["stopped_by"], "")
        text = (self.folder / "host" / "report.md").read_text()
        self.assertIn("mlffgen bench model.mlff --double double.mlff", text)
        self.assertIn("![Latency over size](latency.svg)", text)
        self.assertNotIn("/tmp", text)

    def test_tables_for_people(self) -> None:
        text = self.succeed("bench", "model.mlff", *QUICK, "--baseline", "none")
        self.assertRegex(text, r"20p +3 +60 +host +3 +\d")
        self.assertNotIn("PyTorch", text)

    def test_large_calls_are_left_out_and_told(self) -> None:
        report = self.succeed_json("bench", "model.mlff", *QUICK, "--most-atoms", 20)
        self.assertEqual(report["left_out"], ["3 x 20p"])
        self.assertEqual(len(report["cells"]), 3)

    def test_the_time_limit_leaves_five_calls(self) -> None:
        words = ["bench", "model.mlff", "--sizes", "50p", "--batches", 1, "--repeats", 100000, "--seconds", 1e-9]
        self.assertEqual(self.succeed_json(*words)["cells"][0]["sides"][0]["timing"]["repeats"], 5)

    def test_wrong_calls_are_refused(self) -> None:
        self.fail_with(1, "absent.mlff", "bench", "absent.mlff")
        for fragment, *words in (
            ("--sizes: expected a number of atoms", "--sizes", "10,x"),
            ("--sizes: expected sizes", "--sizes", ""),
            ("--batches: expected a whole number", "--batches", "1,0"),
            ("--seconds: expected a positive number", "--seconds", "0"),
            ("--seconds: expected a positive number", "--seconds", "nan"),
            ("--repeats", "--repeats", "0"),
            ("--most-atoms", "--most-atoms", "0"),
            ("--baseline", "--baseline", "maybe"),
            ("--baseline require needs --weights", "--baseline", "require"),
            ("did you mean '--sizes'", "--size", "10"),
            ("expected host, cuda or cuda:N", "--device", "gpu"),
        ):
            self.fail_with(2, fragment, "bench", "model.mlff", *words)
        self.fail_with(1, "of float precision", "bench", "model.mlff", "--double", "model.mlff")
        other = self.folder / "other.yaml"
        other.write_text(SPEC.read_text().replace("name: painn-untrained", "name: other"))
        self.compile_model("other.mlff", other, *FAST, "--precision", "double")
        self.fail_with(1, "it is another model", "bench", "model.mlff", "--double", "other.mlff")

    def test_folders_that_cannot_be_written_are_found_first(self) -> None:
        (self.folder / "file").write_text("here first")
        (self.folder / "taken" / "report.md").mkdir(parents=True)
        # All sizes would take minutes.
        self.fail_with(1, "absent/report", "bench", "model.mlff", "--output", "absent/report")
        self.fail_with(1, "file", "bench", "model.mlff", "--output", "file")
        self.fail_with(1, "taken/report.md", "bench", "model.mlff", "--output", "taken")
        if os.geteuid() != 0:
            (self.folder / "closed").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
            self.fail_with(1, "closed", "bench", "model.mlff", "--output", "closed")

    def interrupt(self, words: list[Any], environment: dict[str, str]) -> tuple[int, str]:
        done = subprocess.Popen([PROGRAM, *map(str, words)], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**os.environ, **environment})
        time.sleep(3)
        done.send_signal(signal.SIGINT)
        output, errors = done.communicate(timeout=60)
        self.assertEqual(errors, "")
        return done.returncode, output

    def test_an_interrupt_keeps_what_was_measured(self) -> None:
        words = ["bench", "model.mlff", "--sizes", "5,2000p,3000p", "--batches", 1, "--repeats", 100000, "--seconds",
                 20, "--warm-up", 0, "--output", "early", "--json"]
        status, output = self.interrupt(words, {})
        self.assertEqual(status, 130)
        report = json.loads(output)
        self.assertEqual(report["stopped_by"], "SIGINT")
        self.assertGreater(len(report["cells"]), 0)
        self.assertLess(len(report["cells"]), 3)
        self.assertIn("Stopped by SIGINT", (self.folder / "early" / "report.md").read_text())
        self.assertEqual(json.loads((self.folder / "early" / "bench.json").read_text()), report)
        self.assertTrue(all(not name.startswith(".") for name in self.only_files(self.folder / "early")))

    # PyTorch, or what stands in for it.

    def peer(self, behaviour: str) -> dict[str, str]:
        return {"MLFFGEN_PYTHON": str(FAKE), "FAKE_PEER": behaviour, "MLFFGEN_WISDOM_DIR": str(self.folder / "wisdom")}

    def test_the_peer_is_timed_cell_by_cell(self) -> None:
        words = ["bench", "model.mlff", *QUICK, "--weights", "weights.safetensors"]
        report = self.succeed_json(*words, "--baseline", "require", environment=self.peer("good"))
        self.assertEqual((report["baseline"]["measured"], report["baseline"]["pytorch"]), (True, "9.9"))
        for cell in report["cells"]:
            self.assertEqual([side["name"] for side in cell["sides"]], ["host", "PyTorch"])
            self.assertEqual(cell["sides"][1]["timing"]["median_ms"], 3)
        # Its forces are not the model's at all.
        self.assertIn("does not hold the weights", "".join(report["notes"]))
        text = self.succeed(*words, environment=self.peer("good"))
        self.assertRegex(text, r"5 +1 +5 +\d\S* +3\.000")

    def test_a_peer_that_fails_is_told_and_the_rest_goes_on(self) -> None:
        words = ["bench", "model.mlff", *QUICK, "--weights", "weights.safetensors"]
        for behaviour, reason in (
            ("crash", "exit status 7: 'Segmentation fault, nearly'"),
            ("garbage", "no JSON object: 'Welcome to PyTorch!'"),
            ("wrong", "type must be array"),
            ("late crash", "exit status 9"),
        ):
            report = self.succeed_json(*words, environment=self.peer(behaviour))
            self.assertIn(reason, report["baseline"]["reason"])
            self.assertEqual(len(report["cells"]), 4)
            self.fail_with(1, reason, *words, "--baseline", "require", environment=self.peer(behaviour))
        absent = {"MLFFGEN_PYTHON": "/absent/python"}
        self.assertIn("/absent/python", self.succeed_json(*words, environment=absent)["baseline"]["reason"])
        self.fail_with(1, "MLFFGEN_PYTHON", *words, "--baseline", "require", environment=absent)
        self.assertFalse(self.succeed_json(*words, "--baseline", "none", environment=absent)["baseline"]["measured"])

    def test_an_interrupt_ends_a_peer_that_does_not_answer(self) -> None:
        words = ["bench", "model.mlff", *QUICK, "--weights", "weights.safetensors", "--json"]
        place = self.folder / "temporary"
        place.mkdir()
        status, output = self.interrupt(words, {**self.peer("hang"), "TMPDIR": str(place)})
        self.assertEqual(status, 130)
        self.assertEqual([side["name"] for side in json.loads(output)["cells"][0]["sides"]], ["host"])
        self.assertEqual(self.only_files(place), [])

    def test_pytorch_has_the_forces_of_every_dialect(self) -> None:
        python = find_pytorch()
        if python is None:
            self.skipTest("no Python with NumPy and PyTorch")
        for name, spec, shapes, basis in random_weights.DIALECTS:
            weights, source = self.folder / f"{name}.safetensors", self.folder / f"{name}.yaml"
            random_weights.write_weights(weights, shapes, basis)
            source.write_text(spec)
            target = ["--target", "host", "--host-cpu", "native"]
            self.compile_model(f"{name}.mlff", source, "--weights", weights, *target)
            words = ["bench", f"{name}.mlff", *QUICK, "--weights", weights, "--baseline", "require"]
            report = self.succeed_json(*words, environment={"MLFFGEN_PYTHON": python})
            self.assertEqual(report["baseline"]["dialect"].lower(), name)
            self.assertEqual(report["notes"], [])
            for cell in report["cells"]:
                for side in cell["sides"]:
                    self.assertLess(side["pytorch_error"]["rmse_relative"], 2e-5, (name, cell["size"], side["name"]))
                    self.assertEqual(side["timing"]["repeats"], 3)
        words = ["bench", "model.mlff", *QUICK, "--weights", "weights.safetensors"]
        reason = self.succeed_json(*words, environment={"MLFFGEN_PYTHON": python})["baseline"]["reason"]
        self.assertIn("weights.safetensors", reason)

    def need_gpu(self) -> None:
        if not self.has_gpu():
            self.skipTest("mlffgen doctor finds no usable GPU")

    def test_a_gpu_is_timed_from_device_pointers_and_from_host_data(self) -> None:
        self.need_gpu()
        words = ["bench", "model.mlff", "--double", "double.mlff", *QUICK, "--device", "cuda", "--output", "gpu"]
        report = self.succeed_json(*words)
        self.check_cells(report, ["device pointers", "host data"])
        for cell in report["cells"]:
            a, b = (side["double_error"]["rmse_relative"] for side in cell["sides"])
            self.assertTrue(math.isclose(a, b, rel_tol=0.5), (a, b))
        self.assertTrue(report["machine"]["gpu"])
        self.assertIn("Throughput, device pointers", (self.folder / "gpu" / "report.md").read_text())


    STEPS = ["PyTorch", "generated code", "device list", "fused energy", "fused forces", "CUDA graph", "tuned",
             "two lanes"]

    def test_the_steps_from_pytorch_to_all_that_there_is(self) -> None:
        self.need_gpu()
        spec = self.folder / "small.yaml"
        spec.write_text(random_weights.SCHNETPACK_SPEC)
        self.compile_model("forms.mlff", spec, *FAST, "--forms", "all")
        self.compile_model("precise.mlff", spec, *FAST, "--forms", "fused", "--precision", "double")
        words = ["bench", "forms.mlff", "--double", "precise.mlff", "--device", "cuda", "--sizes", "none", "--ablation",
                 "--ablation-sizes", "4,2x3p", "--repeats", 5, "--warm-up", 0, "--weights", "weights.safetensors"]
        report = self.succeed_json(*words, "--output", "steps", environment=self.peer("good"))
        self.assertEqual([(cell["size"], cell["batch"]) for cell in report["ablation"]], [("4", 1), ("3p", 2)])
        for cell in report["ablation"]:
            rungs = cell["rungs"]
            self.assertEqual([rung["name"] for rung in rungs], self.STEPS)
            # The stand-in says 2, 4 and 3 ms in each of five rounds; the list comes on top.
            self.assertEqual(rungs[0]["timing"]["repeats"], 15)
            self.assertGreater(rungs[0]["list"]["median_ms"], 0)
            self.assertGreater(rungs[0]["timing"]["min_ms"], 2)
            self.assertIn("no tuning results", rungs[6]["problem"])
            first = last = rungs[0]["timing"]["median_ms"]
            for rung in rungs[1:]:
                if "problem" in rung:
                    continue
                self.assertEqual(rung["timing"]["repeats"], 5)
                self.assertAlmostEqual(rung["speed_up"] * rung["timing"]["median_ms"] / first, 1)
                self.assertAlmostEqual(rung["gain"] * rung["timing"]["median_ms"] / last, 1)
                self.assertLess(rung["double_error"]["rmse_relative"], 2e-5, rung["name"])
                last = rung["timing"]["median_ms"]
        self.assertEqual(self.only_files(self.folder / "steps"), ["ablation.svg", "bench.json", "report.md"])
        # A peer that fails between the cells.
        report = self.succeed_json(*words, environment=self.peer("late crash"))
        problems = [cell["rungs"][0]["problem"] for cell in report["ablation"]]
        self.assertEqual(len(problems), 2)
        self.assertTrue(all("exit status 9" in problem for problem in problems), problems)

    def test_steps_that_the_model_has_not_are_told(self) -> None:
        self.need_gpu()
        spec = self.folder / "small.yaml"
        spec.write_text(random_weights.SCHNETPACK_SPEC)
        self.compile_model("fused.mlff", spec, *FAST, "--forms", "fused")
        words = ["bench", "fused.mlff", "--device", "cuda", "--sizes", "none", "--ablation", "--ablation-sizes", "3"]
        rungs = self.succeed_json(*words, "--repeats", 5, "--warm-up", 0)["ablation"][0]["rungs"]
        measured = [rung["name"] for rung in rungs if "timing" in rung]
        self.assertEqual(measured, ["fused forces", "CUDA graph", "two lanes"])
        self.assertIn("--weights", rungs[0]["problem"])
        self.assertIn("no form 'unfused'", rungs[1]["problem"])
        self.assertIn("--forms", rungs[1]["problem"])

    def test_steps_need_a_gpu(self) -> None:
        self.fail_with(2, "--ablation needs a GPU", "bench", "model.mlff", "--ablation")
        self.fail_with(2, "--sizes none leaves nothing", "bench", "model.mlff", "--sizes", "none")
        words = ["bench", "model.mlff", "--device", "cuda", "--ablation", "--ablation-sizes"]
        for wrong in ("", "x5", "0x5", "2x", "2y5"):
            self.fail_with(2, "--ablation-sizes", *words, wrong)
        self.fail_with(2, "--ablation", "bench", "model.mlff", "--ablation-sizes", "5")


if __name__ == "__main__":
    main()
