"""mlffgen compile, explain and info."""

import signal
import subprocess
import time

from cli_case import FAST, PROGRAM, SPEC, TOP, WITH_CLANG, CliCase, main

TARGET = FAST if WITH_CLANG else ["--untrained-weights", "1"]


class Compile(CliCase):
    def test_the_default_output_is_named_after_the_model(self) -> None:
        self.succeed("compile", SPEC, *TARGET)
        self.assertTrue((self.folder / "painn-untrained.mlff").is_file())

    def test_the_report_names_stages_and_file(self) -> None:
        report = self.succeed_json("compile", SPEC, *TARGET, "-o", "report.mlff")
        self.assertEqual(report["model"], "painn-untrained")
        self.assertEqual(report["bytes"], (self.folder / "report.mlff").stat().st_size)
        stages = [stage["stage"] for stage in report["seconds"]]
        self.assertEqual(stages[-1], "total")
        self.assertIn("passes", stages)

    def test_quiet_prints_nothing(self) -> None:
        done = self.call("compile", SPEC, *TARGET, "-o", "quiet.mlff", "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        models = [self.compile_model(name, SPEC, *TARGET).read_bytes() for name in ("one.mlff", "two.mlff")]
        self.assertEqual(models[0], models[1])

    def test_another_seed_gives_another_model(self) -> None:
        other = ["2" if word == "1" else word for word in TARGET]
        one, two = self.compile_model("seed-1.mlff", SPEC, *TARGET), self.compile_model("seed-2.mlff", SPEC, *other)
        self.assertNotEqual(one.read_bytes(), two.read_bytes())

    def test_emitted_source_is_the_source_in_the_model(self) -> None:
        first = self.compile_model("emit.mlff", SPEC, *TARGET, "--emit-source", "generated")
        self.compile_model("emit.mlff", SPEC, *TARGET, "--emit-source", "again")
        for file in (self.folder / "generated").iterdir():
            self.assertEqual(file.read_bytes(), (self.folder / "again" / file.name).read_bytes(), file.name)
        self.assertIn((self.folder / "generated" / "model.cu").read_bytes(), first.read_bytes())

    def test_warnings_name_the_place_and_the_code(self) -> None:
        done = self.call("compile", TOP / "tests" / "specs" / "student_21k.yaml", *TARGET, "-o", "student.mlff")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"painn-student\.yaml:\d+:\d+: warning: .*\[breaks-rotation\]")
        info = self.succeed_json("info", "student.mlff")
        self.assertIn("breaks-rotation", [diagnostic["code"] for diagnostic in info["diagnostics"]])

    def test_print_after_shows_the_pass(self) -> None:
        out = self.succeed("compile", SPEC, *TARGET, "-o", "printed.mlff", "--print-after", "differentiate")
        self.assertIn("# after differentiate", out)
        self.assertEqual(out.count("# after"), 1)
        every = self.succeed("compile", SPEC, *TARGET, "-o", "printed.mlff", "--print-after", "all")
        self.assertGreater(every.count("# after"), 5)

    def test_wrong_input_leaves_the_old_file(self) -> None:
        (self.folder / "kept.mlff").write_text("old")
        self.fail_with(1, "no weights", "compile", SPEC, "-o", "kept.mlff")
        self.assertEqual((self.folder / "kept.mlff").read_text(), "old")

    def test_wrong_calls_say_what_is_right(self) -> None:
        self.fail_with(1, "No such file", "compile", "absent.yaml")
        self.fail_with(1, "'missing/m.mlff'", "compile", SPEC, *TARGET, "-o", "missing/m.mlff")
        self.fail_with(1, "not a regular file", "compile", SPEC, *TARGET, "-o", "/dev/null")
        self.fail_with(1, "Is a directory", "compile", SPEC, *TARGET, "-o", self.folder)
        self.fail_with(2, "did you mean 'simplify'?", "compile", SPEC, *TARGET, "--print-after", "simplfy")
        self.fail_with(2, "exclude each other", "compile", SPEC, *TARGET, "--weights", "w.safetensors")
        self.fail_with(2, "whole number", "compile", SPEC, "--untrained-weights", "x")
        self.fail_with(2, "--precision", "compile", SPEC, *TARGET, "--precision", "half")
        self.fail_with(2, "--arch needs", "compile", SPEC, "--target", "host", "--arch", "sm_90")
        self.fail_with(2, "twice", "compile", SPEC, "--host-cpu", "native,native")
        bad = self.folder / "bad.yaml"
        bad.write_text(SPEC.read_text().replace("cutoff: 5.0", "cutof: 5.0"))
        self.assertRegex(self.fail_with(1, "cutoff", "compile", bad, *TARGET), r"bad\.yaml:\d+:\d+: ")

    def test_an_unknown_architecture_of_gpu_is_refused_before_the_work(self) -> None:
        if not self.succeed_json("doctor")["nvrtc"]["found"]:
            self.skipTest("this machine has no NVRTC")
        self.fail_with(1, "did you mean 'sm_90'?", "compile", SPEC, "--untrained-weights", "1", "--arch", "sm_91")

    def test_gpu_code_is_made_without_a_gpu(self) -> None:
        if not self.succeed_json("doctor")["nvrtc"]["found"]:
            self.skipTest("this machine has no NVRTC")
        words = ["--untrained-weights", "1", "--target", "cuda", "--arch", "sm_80,sm_90"]
        report = self.succeed_json("compile", SPEC, *words, "-o", "gpu.mlff")
        self.assertEqual([target["arch"] for target in report["gpu"]], ["sm_80", "sm_90"])
        for target in report["gpu"]:
            self.assertEqual(len(target["kernels"]), report["phases"])
        self.assertEqual(self.succeed_json("info", "gpu.mlff")["cuda"], ["sm_80", "sm_90"])

    def test_without_nvrtc_the_host_code_is_made_all_the_same(self) -> None:
        missing = {"MLFFGEN_NVRTC": "/absent/libnvrtc.so"}
        words = ["compile", SPEC, "--untrained-weights", "1", "-o", "host.mlff"]
        if WITH_CLANG:
            done = self.call(*words, "--host-cpu", "native", environment=missing)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("NVRTC is missing", done.stderr)
        self.fail_with(1, "/absent/libnvrtc.so", *words, "--target", "cuda", environment=missing)

    def test_an_interrupt_leaves_no_file(self) -> None:
        place = self.folder / "interrupted"
        place.mkdir()
        process = subprocess.Popen(
            [PROGRAM, "compile", SPEC, *TARGET, "-o", place / "model.mlff"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), -signal.SIGINT)
        self.assertEqual(self.only_files(place), [])


class Describe(CliCase):
    def test_info_lists_sections_and_facts(self) -> None:
        model = self.compile_model("model.mlff", SPEC, *TARGET)
        info = self.succeed_json("info", model)
        self.assertEqual(info["elements"], ["H", "C", "O"])
        self.assertEqual(info["units"], {"length": "angstrom", "energy": "eV"})
        names = [section["name"] for section in info["sections"]]
        self.assertTrue({"plan", "report", "source.cu", "constants"} <= set(names))
        self.assertLess(sum(section["bytes"] for section in info["sections"]), model.stat().st_size)
        self.assertIn("painn-untrained", self.succeed("info", model))

    def test_a_damaged_model_is_refused(self) -> None:
        damaged = bytearray(self.compile_model("model.mlff", SPEC, *TARGET).read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (self.folder / "damaged.mlff").write_bytes(damaged)
        self.fail_with(1, "damaged.mlff", "info", "damaged.mlff")
        self.fail_with(1, "not a compiled model", "info", SPEC)

    def test_explain_needs_no_weights(self) -> None:
        text = self.succeed("explain", SPEC)
        self.assertTrue(text.startswith("# painn-untrained"))
        self.succeed("explain", SPEC, "-o", "model.md")
        self.assertEqual((self.folder / "model.md").read_text(), text)

    def test_doctor_says_whether_cuda_is_usable(self) -> None:
        report = self.succeed_json("doctor", environment={"MLFFGEN_CUDA": "/absent/libcuda.so.1"})
        self.assertIs(report["cuda"]["usable"], False)
        self.assertNotIn("\n", report["cuda"]["reason"])
        self.assertIn("/absent/libcuda.so.1", report["cuda"]["details"])
        text = self.succeed("doctor", environment={"MLFFGEN_CUDA": "/absent/libcuda.so.1"})
        self.assertIn("--device host", text)
        self.assertGreaterEqual(report["cpu"]["threads"], 1)
        missing = self.succeed_json("doctor", environment={"MLFFGEN_NVRTC": "/absent/libnvrtc.so"})
        self.assertIs(missing["nvrtc"]["found"], False)

    def test_doctor_says_whether_compiled_kernels_can_be_kept(self) -> None:
        (self.folder / "file").write_text("")
        for place, usable in (("new/cache", True), ("file/cache", False)):
            cache = self.succeed_json("doctor", environment={"MLFFGEN_CACHE_DIR": str(self.folder / place)})["cache"]
            self.assertIs(cache["usable"], usable)
            self.assertEqual(cache["folder"], str(self.folder / place))
        self.assertIn("file", cache["problem"])
        self.assertFalse((self.folder / "new").exists())
        self.assertIn("compiled anew", self.succeed("doctor", environment={"MLFFGEN_CACHE_SIZE": "0"}))


if __name__ == "__main__":
    main()
