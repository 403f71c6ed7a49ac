"""Every block of commands in the documents of the command line runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from cli_case import PROGRAM, TOP, CliCase, main

SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
ANY_BLOCK = re.compile(r"^```(\S*)\n", re.MULTILINE)


class Documents(CliCase):
    def run_blocks(self, document: Path) -> None:
        text = document.read_text()
        kinds = ANY_BLOCK.findall(text)
        self.assertEqual({kind for kind in kinds[::2]}, {"sh"}, "a block that is not commands is not tested")
        place = self.folder / document.stem
        place.mkdir()
        shutil.copytree(TOP / "models", place / "models")
        path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
        # The user's own kernels are not a test's to delete, nor is what was tuned to be followed.
        folders = {"MLFFGEN_CACHE_DIR": str(self.folder / "kernels"), "MLFFGEN_WISDOM_DIR": str(self.folder / "wisdom")}
        environment = {**os.environ, "PATH": path, **folders}
        blocks = SHELL_BLOCK.findall(text)
        self.assertEqual(len(blocks), len(kinds) // 2)
        for block in blocks:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block], cwd=place, env=environment, capture_output=True, text=True
            )
            self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")

    def test_readme(self) -> None:
        self.run_blocks(TOP / "README.md")

    def test_reference_of_the_command_line(self) -> None:
        self.run_blocks(TOP / "docs" / "cli.md")


if __name__ == "__main__":
    main()
