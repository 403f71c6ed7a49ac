#!/usr/bin/env python3
"""Checks a package of scripts/package: check_package.py ARCHIVE [--software-gpu FOLDER].

Unpacked in another folder, it must work with nothing of the tree that it was built in. FOLDER holds the libraries of
tests/software_gpu: with them the GPU tests of the package run too.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
ARCHIVE = Path()
SOFTWARE_GPU: Path | None = None

# Of glibc: there on every system.
SYSTEM = re.compile(r"^(linux-vdso|/lib64/ld-linux-x86-64|lib(c|m|dl|rt|pthread))\.so")
# On the software GPU the rest takes minutes; the tests of the tree run it there.
QUICK_GPU_TESTS = "cuda_kernels|cuda_graph|api_values|api_device_pointers|check_float|eval_double"


class Package(unittest.TestCase):
    holder: tempfile.TemporaryDirectory[str]
    place: Path
    environment: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.holder = tempfile.TemporaryDirectory()
        folder = Path(cls.holder.name) / "another place"
        folder.mkdir()
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        (cls.place,) = folder.iterdir()
        home = Path(cls.holder.name) / "home"
        home.mkdir()
        cls.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C"}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.holder.cleanup()

    def call(self, *words: Any, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **more}
        return subprocess.run([str(w) for w in words], cwd=self.holder.name, env=environment, capture_output=True, text=True)

    def succeed(self, *words: Any, **more: str) -> str:
        done = self.call(*words, **more)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def mlffgen(self, *words: Any, **more: str) -> str:
        return self.succeed(self.place / "bin" / "mlffgen", *words, **more)

    def programs(self) -> list[Path]:
        files = [path for path in self.place.rglob("*") if path.is_file() and not path.is_symlink()]
        return [path for path in files if path.read_bytes().startswith(b"\x7fELF")]

    def test_the_archive_is_the_same_whoever_makes_it(self) -> None:
        with tarfile.open(ARCHIVE) as archive:
            members = archive.getmembers()
        self.assertEqual(len({member.mtime for member in members}), 1)
        self.assertEqual({(m.uid, m.gid, m.uname, m.gname) for m in members}, {(0, 0, "", "")})
        self.assertEqual({bool(member.mode & 0o022) for member in members if not member.issym()}, {False})
        self.assertEqual(ARCHIVE.read_bytes()[4:8], b"\0\0\0\0", "the time in gzip's header")

    def test_nothing_names_the_folder_that_it_was_built_in(self) -> None:
        for path in self.place.rglob("*"):
            if path.is_file():
                self.assertNotIn(str(TOP).encode() + b"/", path.read_bytes(), path)

    def test_every_library_is_in_the_package_or_of_glibc(self) -> None:
        programs = self.programs()
        self.assertGreater(len(programs), 5)
        for path in programs:
            for line in self.succeed("ldd", path).splitlines():
                name = line.split()[0]
                if SYSTEM.match(name):
                    continue
                target = line.split("=> ")[1].rsplit(" (", 1)[0]
                self.assertTrue(Path(target).resolve().is_relative_to(self.place.resolve()), f"{path}: {line}")

    def test_the_program_evaluates_a_model_made_elsewhere(self) -> None:
        version = re.search(r"project\(mlffgen VERSION (\S+)", (TOP / "CMakeLists.txt").read_text())
        assert version
        self.assertEqual(self.mlffgen("--version"), f"mlffgen {version.group(1)}\n")
        self.assertIn(version.group(1), ARCHIVE.name)
        model = self.place / "gpu_tests" / "models" / "double.mlff"
        molecules = self.place / "share" / "mlffgen" / "models" / "demo" / "molecules.extxyz"
        report = json.loads(self.mlffgen("eval", model, molecules, "-o", "results.extxyz", "--json"))
        self.assertGreater(len(report["frames"]), 0)
        self.assertIn("energy=", (Path(self.holder.name) / "results.extxyz").read_text())
        self.assertTrue(json.loads(self.mlffgen("check", model, molecules, "--json"))["passed"])
        self.assertEqual(json.loads(self.mlffgen("info", model, "--json"))["precision"], "double")
        self.assertEqual(json.loads(self.mlffgen("cache", "ls", "--json"))["entries"], [])
        for command in ("md", "compile", "explain"):
            self.assertIn("examples:", self.mlffgen(command, "--help"))

    def test_bench_finds_its_pytorch_side(self) -> None:
        model = self.place / "gpu_tests" / "models" / "float.mlff"
        report = json.loads(self.mlffgen("bench", model, "--sizes", 5, "--batches", 1, "--repeats", 1, "--warm-up", 0,
                                         "--weights", "absent.safetensors", "--json"))
        # With PyTorch it misses the weights, without it PyTorch: either way peer.py has run.
        self.assertRegex(report["baseline"]["reason"], "absent.safetensors|cannot import what the comparison needs")

    def test_doctor_says_where_to_get_nvrtc(self) -> None:
        report = json.loads(self.mlffgen("doctor", "--json", MLFFGEN_NVRTC="/absent/libnvrtc.so"))
        self.assertIs(report["nvrtc"]["found"], False)
        self.assertIn("nvidia-cuda-nvrtc", report["nvrtc"]["details"])

    def test_nvrtc_is_found_in_the_package(self) -> None:
        folder = self.place / "nvrtc" / "nvidia" / "cu13" / "lib"
        candidates = sorted(Path("/usr/local/cuda/lib64").glob("libnvrtc.so.1?")) + sorted(
            (TOP / "build" / "nvrtc").rglob("libnvrtc.so.1?"))
        if not candidates or candidates[0].is_relative_to("/usr/local/cuda"):
            self.skipTest("NVRTC lies where it is found first")
        shutil.copytree(candidates[0].parent, folder)
        try:
            report = json.loads(self.mlffgen("doctor", "--json"))
            self.assertTrue(report["nvrtc"]["library"].startswith(str(self.place)), report["nvrtc"])
        finally:
            shutil.rmtree(self.place / "nvrtc")

    def test_the_examples_are_built_against_it(self) -> None:
        model = self.place / "gpu_tests" / "models" / "float.mlff"
        examples = self.place / "share" / "mlffgen" / "examples"
        if shutil.which("cmake", path=self.environment["PATH"]) is None:
            self.skipTest("no CMake")
        self.succeed("cmake", "-S", examples, "-B", "built", f"-DCMAKE_PREFIX_PATH={self.place}")
        self.succeed("cmake", "--build", "built")
        self.assertIn("eV", self.succeed("built/evaluate", model))
        self.succeed("built/evaluate_cpp", model, "host")

    def test_the_licences_of_what_is_inside_are_there(self) -> None:
        names = {path.stem for path in (self.place / "share" / "doc" / "mlffgen" / "licences").iterdir()}
        self.assertLessEqual({"libfmt-dev", "libyaml-cpp-dev", "gcc-runtime", "nlohmann-json3-dev"}, names)
        self.assertIn("MIT", (self.place / "LICENSE").read_text())

    def test_the_links_of_its_documents_lead_to_files(self) -> None:
        for document in [self.place / "README.md", *(self.place / "share" / "doc" / "mlffgen").glob("*.md")]:
            if document.name not in ("README.md", "cli.md", "package.md"):
                continue
            for target in re.findall(r"\]\(([^):#]+)\)", document.read_text()):
                self.assertTrue((document.parent / target).exists(), f"{document.name}: {target}")

    def test_gpu_tests_are_skipped_visibly_without_a_gpu(self) -> None:
        done = self.call(self.place / "run-gpu-tests", MLFFGEN_CUDA="/absent/libcuda.so")
        self.assertEqual(done.returncode, 77, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^0 passed, 0 failed, [1-9]\d* skipped$")
        self.assertIn("libcuda", done.stdout)

    def run_on_software_gpu(self, tests: str, **more: str) -> subprocess.CompletedProcess[str]:
        if SOFTWARE_GPU is None or shutil.which("g++", path=self.environment["PATH"]) is None:
            self.skipTest("no software GPU")
        return self.call(
            self.place / "run-gpu-tests", "--filter", tests,
            MLFFGEN_CUDA=str(SOFTWARE_GPU / "libsoftware_cuda.so"),
            MLFFGEN_NVRTC=str(SOFTWARE_GPU / "libsoftware_nvrtc.so"),
            SOFTWARE_GPU_CACHE=str(Path(self.holder.name) / "kernels"), **more)

    def test_gpu_tests_pass_on_the_software_gpu(self) -> None:
        done = self.run_on_software_gpu(QUICK_GPU_TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^[1-9]\d* passed, 0 failed, 0 skipped$")

    def test_a_gpu_test_that_fails_fails_the_run(self) -> None:
        done = self.run_on_software_gpu("eval_float|gpu_reference", TEST_TIMEOUT="0.01")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^0 passed, [12] failed, [01] skipped$")


def run() -> None:
    global ARCHIVE, SOFTWARE_GPU
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--software-gpu", type=Path)
    arguments, rest = parser.parse_known_args()
    ARCHIVE = arguments.archive.resolve()
    if arguments.software_gpu is not None and (arguments.software_gpu / "libsoftware_cuda.so").exists():
        SOFTWARE_GPU = arguments.software_gpu.resolve()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    run()
