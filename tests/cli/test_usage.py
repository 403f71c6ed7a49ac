"""Help, versions and wrong calls."""

import re
import subprocess

from cli_case import PROGRAM, SPEC, TOP, CliCase, main

COMMANDS = ["compile", "eval", "profile", "autotune", "bench", "md", "check", "verify", "explain", "import", "info", "cache", "doctor"]


class Usage(CliCase):
    def test_every_command_has_help_with_examples(self) -> None:
        top = self.succeed("--help")
        for command in COMMANDS:
            self.assertIn(command, top)
            text = self.succeed(command, "--help")
            self.assertIn("examples:\n  mlffgen " + command, text)

    def test_the_version_is_that_of_the_build(self) -> None:
        version = re.search(r"project\(mlffgen VERSION (\S+)", (TOP / "CMakeLists.txt").read_text())
        assert version
        self.assertEqual(self.succeed("--version"), f"mlffgen {version.group(1)}\n")

    def test_a_wrong_word_gets_the_nearest_right_one(self) -> None:
        self.fail_with(2, "unknown command 'evla'; did you mean 'eval'?", "evla")
        self.fail_with(2, "unknown option '--wieghts'; did you mean '--weights'?", "compile", SPEC, "--wieghts", "w")
        self.fail_with(2, "unknown option '--versoin'; did you mean '--version'?", "--versoin")

    def test_a_call_without_what_it_needs_is_wrong(self) -> None:
        self.fail_with(2, "no command given")
        self.fail_with(2, "required", "eval", "model.mlff")
        self.fail_with(2, "required", "compile")
        self.fail_with(2, "", "info", "one.mlff", "two.mlff")

    def test_lost_output_is_an_error(self) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "doctor"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr)

    def test_the_reference_lists_every_option(self) -> None:
        text = (TOP / "docs" / "cli.md").read_text()
        documented = set(re.findall(r"--[a-z][a-z-]+", text))
        existing = {"--help", "--version"}
        for command in COMMANDS:
            existing |= set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", self.succeed(command, "--help"), re.MULTILINE))
        self.assertEqual(existing - documented, set(), "options without documentation")
        self.assertEqual(documented - existing, set(), "documented options that do not exist")


if __name__ == "__main__":
    main()
