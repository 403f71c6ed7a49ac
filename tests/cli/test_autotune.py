"""mlffgen autotune on the GPU that there is, or with the argument 'software' on that of tests/software_gpu."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cli_case import FAST, PROGRAM, SKIPPED, CliCase, main

SPEC = """mlffgen: 1
name: tiny
units: {length: angstrom, energy: eV}
elements: [H, C, O]
cutoff: 5.0
architecture: painn-schnetpack
parameters: {features: 8, layers: 1, gaussians: 9, readout: 5}
"""
WATER = "3\nname=water\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
QUICK = ["--candidates", 2, "--budget", "3s"]
KERNELS = [["fused", "phase_0"], ["fused", "phase_1"], ["split", "split_0"], ["split", "split_1"], ["split", "split_2"]]
MOST_RUNS = 20  # of QUICK, however slow the machine is


def cube(side: int) -> str:
    """Atoms of one kind, too many to lie in the reach of a small call's tuning."""
    places = [(x, y, z) for x in range(side) for y in range(side) for z in range(side)]
    return f"{len(places)}\nname=cube\n" + "".join(f"O {2.2 * x} {2.2 * y} {2.2 * z}\n" for x, y, z in places)


class Autotune(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        spec = cls.folder / "tiny.yaml"
        spec.write_text(SPEC)
        cls.compile_model("model.mlff", spec, *FAST, "--forms", "fused,split")
        (cls.folder / "water.extxyz").write_text(WATER)

    def setUp(self) -> None:
        self.wisdom = self.folder / self.id().rsplit(".", 1)[-1]
        self.environment = {"MLFFGEN_WISDOM_DIR": str(self.wisdom)}

    def tune(self, sizes: str, *words: Any) -> Any:
        options = ["--sizes", sizes, *QUICK, *words]
        return self.succeed_json("autotune", "model.mlff", *options, environment=self.environment)

    def tune_to_the_end(self, sizes: str) -> Any:
        """The first report in which nothing is unfinished: each run goes on from where the one before it ended."""
        for _ in range(MOST_RUNS):
            report = self.tune(sizes)
            if all(size["outcome"] != "unfinished" for size in report["sizes"]):
                return report
        self.fail(f"not tuned after {MOST_RUNS} runs: {report}")

    def entries(self) -> list[Any]:
        files = list(self.wisdom.glob("*.jsonl"))
        self.assertLessEqual(len(files), 1)  # one GPU
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def journals(self) -> list[Path]:
        return list(self.wisdom.glob("progress/*.jsonl"))

    def log_of(self, structures: str) -> str:
        environment = {**self.environment, "MLFFGEN_LOG": "1"}
        done = self.call("eval", "model.mlff", structures, "--device", "cuda", environment=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def check_finished(self, report: Any, size: str, n_atoms: int) -> None:
        self.assertEqual((report["model"], report["precision"], report["stopped_by"]), ("tiny", "float", ""))
        self.assertTrue(report["device"].startswith("cuda:0 ("), report["device"])
        self.assertEqual((report["wisdom"], report["warnings"]), (str(self.wisdom), []))
        self.assertGreater(report["seconds"], 0)
        (row,) = report["sizes"]
        self.assertEqual((row["size"], row["n_atoms"]), (size, n_atoms))
        self.assertGreaterEqual(row["atoms"], n_atoms)
        self.assertIn(row["outcome"], ("tuned", "heuristic"))
        self.assertGreater(row["best_us"], 0)
        self.assertGreaterEqual(row["best_error_us"], 0)
        self.assertIn(row["form"], ("fused", "split"))
        if row["outcome"] == "heuristic":
            self.assertEqual((row["form"], row["configuration"]), ("fused", {}))
            self.assertEqual(row["best_us"], row["default_us"])
        else:
            self.assertLess(row["best_us"], row["default_us"])
        for kernel in row["kernels"]:
            self.assertIn([kernel["form"], kernel["kernel"]], KERNELS)
            self.assertGreater(kernel["default_us"], 0)
            self.assertGreater(kernel["best_us"], 0)
            if kernel["configuration"] == {}:
                self.assertEqual(kernel["best_us"], kernel["default_us"])
        self.assertIn("fused", [kernel["form"] for kernel in row["kernels"]])

    def check_entry(self, entry: Any, row: Any) -> None:
        self.assertEqual(entry["model_name"], "tiny")
        self.assertEqual(entry["key"]["atoms"], row["atoms"])
        self.assertEqual(entry["best"], {"form": row["form"], "kernels": row["configuration"]})
        self.assertEqual((entry["heuristic_us"], entry["tuned_us"]), (row["default_us"], row["best_us"]))
        self.assertEqual(entry["heuristic_error_us"], row["default_error_us"])
        self.assertEqual(entry["tuned_error_us"], row["best_error_us"])

    def test_what_is_found_is_kept_known_and_followed(self) -> None:
        report = self.tune_to_the_end("4")
        self.check_finished(report, "4", 4)
        (entry,) = self.entries()
        self.check_entry(entry, report["sizes"][0])
        self.assertEqual(self.journals(), [])

        (known,) = self.tune("4")["sizes"]
        self.assertEqual((known["outcome"], known["kernels"]), ("known", []))
        for field in ("best_us", "default_us", "form", "configuration"):
            self.assertEqual(known[field], report["sizes"][0][field])
        self.assertEqual(self.entries(), [entry])
        text = self.succeed("autotune", "model.mlff", "--sizes", "4", environment=self.environment)
        self.assertRegex(text, r"\n +4 +4 +known +\d")
        self.assertIn(f"wisdom is in {self.wisdom}\n", text)
        self.assertNotIn("unfinished", text)

        atoms = entry["key"]["atoms"]
        self.assertRegex(self.log_of("water.extxyz"), rf"^mlffgen: tiny: exact: {atoms} atoms on .* us instead of ")
        (self.folder / "cube.extxyz").write_text(cube(3))
        nearest = rf"^mlffgen: tiny: nearest_size: \d+ atoms as tuned for {atoms} on "
        self.assertRegex(self.log_of("cube.extxyz"), nearest)
        (self.folder / "cube.extxyz").write_text(cube(6))
        self.assertRegex(self.log_of("cube.extxyz"), r"^mlffgen: tiny: heuristic: nothing near \d+ atoms is known")

        again = self.tune("4", "--again")["sizes"][0]
        self.assertNotEqual(again["outcome"], "known")
        if again["outcome"] != "unfinished":
            self.assertEqual(len(self.entries()), 2)

    def interrupted(self) -> subprocess.CompletedProcess[str]:
        """A search that is told to end as soon as it has written down something."""
        words = [PROGRAM, "autotune", "model.mlff", "--sizes", "4", "--candidates", "2", "--budget", "10min", "--json"]
        child = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env={**os.environ, **self.environment})
        while not self.journals() and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=120)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def test_a_search_that_was_interrupted_goes_on(self) -> None:
        done = self.interrupted()
        self.assertEqual(done.returncode, 130, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["stopped_by"], "SIGINT")
        (row,) = report["sizes"]
        self.assertEqual((row["outcome"], row["n_atoms"]), ("unfinished", 4))
        self.assertNotIn("best_us", row)
        self.assertEqual(self.entries(), [])
        (journal,) = self.journals()
        before = journal.read_text()

        text = self.succeed("autotune", "model.mlff", "--sizes", "4", "--candidates", 2, "--budget", "0.001s",
                            environment=self.environment)
        self.assertIn("sizes are unfinished: the same command goes on from here", text)
        self.assertTrue(journal.read_text().startswith(before))
        self.check_finished(self.tune_to_the_end("4"), "4", 4)
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(self.journals(), [])

    def test_two_at_once_keep_what_both_find(self) -> None:
        sizes = {"4": 4, "3x7": 21}
        with ThreadPoolExecutor() as pool:
            reports = list(pool.map(self.tune_to_the_end, sizes))
        rows = []
        for report, (size, n_atoms) in zip(reports, sizes.items()):
            self.check_finished(report, size, n_atoms)
            rows += report["sizes"]
        entries = sorted(self.entries(), key=lambda entry: entry["key"]["atoms"])
        self.assertEqual(len(entries), 2)
        for entry, row in zip(entries, sorted(rows, key=lambda row: row["atoms"])):
            self.check_entry(entry, row)

    def test_a_wrong_call_is_refused(self) -> None:
        self.fail_with(2, "--device must be a GPU", "autotune", "model.mlff", "--device", "host")
        self.fail_with(2, "expected host, cuda or cuda:N", "autotune", "model.mlff", "--device", "gpu")
        for word in ("nonsense", "0", "2x", "x2", "0x5", "-3", "2px5", "2x3x4", "10000000000", ""):
            fragment = f"--sizes: expected a number of atoms such as 100, 1000p or 64x9, not '{word}'"
            self.fail_with(2, fragment, "autotune", "model.mlff", f"--sizes=9,{word},100")
        self.fail_with(2, "--sizes: expected sizes separated by commas", "autotune", "model.mlff", "--sizes", "")
        self.fail_with(2, "100000x1000 has more than", "autotune", "model.mlff", "--sizes", "100000x1000")
        for word in ("nonsense", "0", "-3s", "inf", "nan", "5h", "s"):
            fragment = f"--budget: expected a time such as 120s or 2min, not '{word}'"
            self.fail_with(2, fragment, "autotune", "model.mlff", f"--budget={word}")
        self.fail_with(2, "--candidates", "autotune", "model.mlff", "--candidates", 0)
        self.fail_with(2, "--precision", "autotune", "model.mlff", "--precision", "half")
        self.fail_with(2, "did you mean '--again'", "autotune", "model.mlff", "--agian")
        self.fail_with(2, "model is required", "autotune")

    def test_what_cannot_be_tuned_is_told(self) -> None:
        def fails(fragment: str, *words: Any, **environment: str) -> None:
            self.fail_with(1, fragment, "autotune", *words, environment={**self.environment, **environment})

        fails("absent.mlff", "absent.mlff")
        (self.folder / "broken.mlff").write_text("no model")
        fails("broken.mlff", "broken.mlff")
        fails("97", "model.mlff", "--device", "cuda:97")
        fails("compiled for float precision; compile it with --precision double", "model.mlff", "--precision", "double")
        fails("MLFFGEN_CUDA", "model.mlff", MLFFGEN_CUDA="/absent/libcuda.so")
        fails("two of the sizes count as 16 atoms; tune one of them", "model.mlff", "--sizes", "4,5")
        (self.folder / "file").write_text("in the place of a folder")
        for place in ("file", "file/below"):
            fails("name another in MLFFGEN_WISDOM_DIR", "model.mlff", MLFFGEN_WISDOM_DIR=str(self.folder / place))
        nowhere = {"MLFFGEN_WISDOM_DIR": "", "HOME": "", "XDG_DATA_HOME": ""}
        fails("name a folder for wisdom in MLFFGEN_WISDOM_DIR", "model.mlff", **nowhere)
        self.assertEqual((self.folder / "file").read_text(), "in the place of a folder")
        self.assertEqual(self.entries() + self.journals(), [])

    def test_a_model_without_code_for_gpus_is_refused(self) -> None:
        program = os.environ.get("MLFFGEN_HOST_ONLY")
        if program is None:
            self.skipTest("MLFFGEN_HOST_ONLY is not set")
        subprocess.run([program, "model.mlff", "host_only.mlff"], cwd=self.folder, check=True)
        fragment = "host_only.mlff: the model has no code for GPUs; compile it again with 'mlffgen compile'"
        self.fail_with(1, fragment, "autotune", "host_only.mlff", environment=self.environment)


if __name__ == "__main__":
    if "software" in sys.argv:
        sys.argv.remove("software")
    elif not CliCase.has_gpu():
        print("skipped: mlffgen doctor finds no usable GPU")
        sys.exit(SKIPPED)
    main()
