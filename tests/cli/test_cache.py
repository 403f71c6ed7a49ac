"""The folder of compiled kernels as a user sees it."""

import json
import os
import subprocess
import unittest
from pathlib import Path
from typing import Any

from cli_case import CliCase, main

FILL = os.environ.get("MLFFGEN_FILL_CACHE", "fill_cache")
DAY = 86400


class Cache(CliCase):
    place: Path
    environment: dict[str, str]

    def setUp(self) -> None:
        self.place = self.folder / self._testMethodName
        self.environment = {"MLFFGEN_CACHE_DIR": str(self.place)}

    def fill(self, model: str, size: int = 1000, count: int = 1, **more: str) -> list[str]:
        environment = {**os.environ, **self.environment, **more}
        words = [FILL, model, str(size), str(count)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        return (done.stdout + done.stderr).splitlines()

    def cache(self, *words: Any) -> Any:
        return self.succeed_json("cache", *words, environment=self.environment)

    def age(self, name: str, seconds: float) -> None:
        path = self.place / name
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))

    def test_before_the_first_kernel_there_is_nothing_and_no_folder_is_made(self) -> None:
        self.assertEqual(self.cache("ls")["entries"], [])
        self.assertEqual(self.cache("verify")["sound"], 0)
        self.assertEqual(self.cache("clear")["removed"], 0)
        self.assertIn("0 B of 1073.7 MB used by 0 kernels", self.succeed("cache", "ls", environment=self.environment))
        self.assertFalse(self.place.exists())

    def test_a_kernel_is_listed_with_its_facts(self) -> None:
        self.assertEqual(self.fill("ethanol"), ["compiled"])
        self.assertEqual(self.fill("ethanol"), ["disk"])
        report = self.cache("ls")
        self.assertEqual(report["folder"], str(self.place))
        self.assertEqual(report["budget_bytes"], 2**30)
        (entry,) = report["entries"]
        self.assertEqual(report["total_bytes"], entry["bytes"])
        self.assertEqual(entry["bytes"], (self.place / entry["name"]).stat().st_size)
        self.assertEqual((entry["model"], entry["arch"], entry["problem"]), ("ethanol", "sm_90", None))
        self.assertEqual(entry["options"], ["--std=c++17", "-DMLFF_REAL=float"])
        self.assertLess(abs(entry["created"] - entry["last_use"]), 60)
        self.age(entry["name"], 3 * DAY)
        text = self.succeed("cache", "ls", environment=self.environment)
        self.assertRegex(text, r"ethanol +sm_90 +1\.\d kB +\d+ s +3 days")

    def test_the_folder_is_found_as_the_desktop_specification_says(self) -> None:
        home = self.folder / "home"
        self.environment = {"MLFFGEN_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": str(home)}
        self.fill("one")
        self.assertEqual(self.cache("ls")["folder"], str(home / ".cache" / "mlffgen"))
        self.assertEqual(len(self.cache("ls")["entries"]), 1)
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "xdg")
        self.assertEqual(self.cache("ls")["folder"], str(self.folder / "xdg" / "mlffgen"))

    def test_verify_deletes_what_is_damaged_and_says_so_by_its_status(self) -> None:
        self.fill("ethanol", count=3)
        self.assertEqual(self.cache("verify"), {
            "folder": str(self.place), "sound": 3, "damaged": [], "unreadable": [], "other_versions": 0})
        broken, renamed, _ = sorted(path.name for path in self.place.iterdir())
        data = bytearray((self.place / broken).read_bytes())
        data[len(data) // 2] ^= 1
        (self.place / broken).write_bytes(data)
        new_name = "0" * 32 + renamed[32:]
        (self.place / renamed).rename(self.place / new_name)
        other = "f" * 32 + ".v999.cubin"
        (self.place / other).write_text("of the future")
        done = self.call("cache", "verify", "--json", environment=self.environment)
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads(done.stdout)
        problems = {item["name"]: item["problem"] for item in report["damaged"]}
        self.assertEqual(problems, {
            broken: "does not match its checksum", new_name: "does not have the name of its key"})
        self.assertEqual((report["sound"], report["other_versions"]), (1, 1))
        self.assertTrue((self.place / other).exists())
        self.assertEqual(self.cache("verify")["sound"], 1)

    def test_a_damaged_entry_is_listed_as_such(self) -> None:
        self.fill("ethanol")
        (path,) = self.place.iterdir()
        path.write_bytes(path.read_bytes()[:-1])
        self.assertIn("instead of", self.cache("ls")["entries"][0]["problem"])
        text = self.succeed("cache", "ls", environment=self.environment)
        self.assertIn(path.name[:12], text)

    def test_clear_deletes_kernels_and_nothing_else(self) -> None:
        self.fill("ethanol", count=4)
        names = sorted(path.name for path in self.place.iterdir())
        (self.place / "notes.txt").write_text("mine")
        for name in names[:3]:
            self.age(name, 10 * DAY)
        self.assertEqual(len(self.cache("ls", "--older-than", 5)["entries"]), 3)
        self.assertEqual(self.cache("clear", "--older-than", 20)["removed"], 0)
        report = self.cache("clear", "--older-than", 5)
        self.assertEqual(report["removed"], 3)
        self.assertGreater(report["bytes"], 3000)
        self.assertEqual(self.only_files(self.place), sorted([names[3], "notes.txt"]))
        text = self.succeed("cache", "clear", environment=self.environment)
        self.assertRegex(text, r": 1 kernel of \d\.\d kB deleted")
        self.assertEqual(self.only_files(self.place), ["notes.txt"])

    def test_the_budget_of_the_environment_holds(self) -> None:
        self.fill("ethanol", size=10_000, count=10, MLFFGEN_CACHE_SIZE="40K")
        self.environment["MLFFGEN_CACHE_SIZE"] = "40K"
        report = self.cache("ls")
        self.assertEqual(report["budget_bytes"], 40960)
        self.assertLessEqual(report["total_bytes"], 40960)
        self.assertEqual(len(report["entries"]), 3)
        self.fail_with(1, "MLFFGEN_CACHE_SIZE: expected a size such as 512M or 2G (0: nothing), not 'much'",
                       "cache", "ls", environment={"MLFFGEN_CACHE_SIZE": "much"})

    def test_a_process_warns_once_where_it_cannot_keep_kernels(self) -> None:
        self.place.mkdir()
        self.place.chmod(0o777)
        lines = self.fill("ethanol", count=3)
        self.assertEqual(lines[:3], ["compiled"] * 3)
        self.assertEqual(len(lines), 4, lines)
        self.assertIn("mlffgen: warning: compiled kernels are kept in memory only: others may write", lines[3])
        self.fail_with(1, "others may write to the folder", "cache", "clear", environment=self.environment)

    @unittest.skipUnless(os.geteuid() == 0, "needs the right to give a folder away")
    def test_the_folder_of_another_user_is_left_alone(self) -> None:
        self.fill("ethanol")
        os.chown(self.place, 65534, 65534)
        for action in ("ls", "verify", "clear"):
            self.fail_with(1, "belongs to another user (id 65534)", "cache", action, environment=self.environment)
        self.assertEqual(len(list(self.place.iterdir())), 1)

    def test_wrong_calls_say_what_is_right(self) -> None:
        self.fail_with(2, "expected ls, verify or clear, not 'list'", "cache", "list")
        self.fail_with(2, "did you mean 'clear'?", "cache", "claer")
        self.fail_with(2, "required", "cache")
        self.fail_with(2, "expected a whole number from 1 to 36500, not '0'", "cache", "clear", "--older-than", 0)


if __name__ == "__main__":
    main()
