"""libmlffgen.so from outside: what it exports, what it needs, and how programs of others find it."""

import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from installed import CMAKE, TOP, InstalledCase

LIBRARY = os.environ["MLFFGEN_LIBRARY"]
HEADER = TOP / "runtime" / "api" / "include" / "mlffgen.h"
HERE = Path(__file__).resolve().parent

# Of any Linux with a C++ program on it, and what scripts/package brings along. Never a GPU's or a compiler's library.
NEEDED = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1", "ld-linux-x86-64.so.2"}
BUNDLED = re.compile(r"libfmt\.so\.\d+|libxxhash\.so\.\d+|libasan\.so\.\d+|libubsan\.so\.\d+")

CONSUMER = """cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C)
find_package(mlffgen {version} REQUIRED)
file(WRITE main.c "#include <mlffgen.h>\\n#include <stdio.h>\\nint main(void) {{ return puts(mlffgen_version()) < 0; }}\\n")
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE mlffgen::mlffgen)
"""


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Binary(unittest.TestCase):
    def test_the_c_interface_is_all_that_can_be_seen(self) -> None:
        lines = output("nm", "-D", "--defined-only", "--with-symbol-versions", LIBRARY).splitlines()
        symbols = sorted(line.split()[2] for line in lines if line.split()[1] != "A")
        self.assertEqual(symbols, (HERE / "exports.txt").read_text().split())

    def test_every_function_of_the_header_is_exported_and_documented(self) -> None:
        text = HEADER.read_text()
        declared = sorted(re.findall(r"^MLFFGEN_API .*?\b(mlffgen_\w+)\(", text, re.MULTILINE))
        exported = [line.split("@")[0] for line in (HERE / "exports.txt").read_text().split()]
        self.assertEqual(declared, exported)
        # The pair mlffgen_error_system, _atom shares a comment.
        undocumented = re.findall(r"(?<!\*/\n)^MLFFGEN_API .*?\b(mlffgen_\w+)\(", text, re.MULTILINE)
        self.assertEqual(undocumented, ["mlffgen_error_atom"])

    def test_no_gpu_and_no_compiler_is_needed_to_load_it(self) -> None:
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", LIBRARY)))
        self.assertEqual({name for name in needed - NEEDED if not BUNDLED.fullmatch(name)}, set())

    def test_it_is_found_beside_what_it_is_packed_with(self) -> None:
        dynamic = output("readelf", "-d", LIBRARY)
        self.assertEqual(re.findall(r"R(?:UN)?PATH.*\[(.*)\]", dynamic), ["$ORIGIN"])
        self.assertEqual(re.findall(r"SONAME.*\[(.*)\]", dynamic), ["libmlffgen.so.0"])


class Installation(InstalledCase):
    def configure(self, name: str, version: str) -> subprocess.CompletedProcess[str]:
        source = self.folder / name
        source.mkdir()
        (source / "CMakeLists.txt").write_text(CONSUMER.format(version=version))
        return self.run_in(source, CMAKE, "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def test_a_cmake_project_finds_and_links_it(self) -> None:
        done = self.configure("consumer", "0.1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.succeed_in(self.folder / "consumer", CMAKE, "--build", "build")
        text = (TOP / "CMakeLists.txt").read_text()
        version = re.search(r"project\(mlffgen VERSION (\S+)", text)
        assert version
        self.assertEqual(self.succeed_in(self.folder, "consumer/build/consumer"), version.group(1) + "\n")

    def test_a_cmake_project_that_wants_another_version_is_told(self) -> None:
        done = self.configure("future", "9.0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("9.0", done.stderr)

    def test_the_version_of_the_header_is_that_of_the_library(self) -> None:
        numbers = re.findall(r"#define MLFFGEN_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", HEADER.read_text())
        self.assertEqual(self.succeed_in(self.folder, "pkg-config", "--modversion", "mlffgen"), ".".join(numbers) + "\n")

    def test_pkg_config_knows_where_it_is_now(self) -> None:
        flags = self.succeed_in(self.folder, "pkg-config", "--cflags", "--libs", "mlffgen")
        self.assertIn("second", flags)
        self.assertNotIn("first", flags)
        self.assertIn("-lmlffgen", flags)

    def test_the_examples_are_installed_and_build(self) -> None:
        examples = next(self.prefix.glob("**/examples"))
        shutil.copytree(examples, self.folder / "examples")
        self.assertEqual(
            sorted(path.name for path in examples.iterdir()),
            sorted(path.name for path in (TOP / "examples").iterdir()),
        )
        build = self.folder / "built"
        self.succeed_in(self.folder, CMAKE, "-S", "examples", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.succeed_in(self.folder, CMAKE, "--build", build)
        for program in ("evaluate", "evaluate_cpp", "device_pointers"):
            self.assertIn("MODEL.mlff", self.run_in(self.folder, build / program).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
