"""docs/api.md: its commands run, and its code is that of the examples."""

import os
import re
import shutil
import unittest
from pathlib import Path

from installed import TOP, InstalledCase

BLOCK = re.compile(r"^```(\S*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Guide(InstalledCase):
    def setUp(self) -> None:
        self.blocks = BLOCK.findall((TOP / "docs" / "api.md").read_text())

    def test_code_is_from_the_examples(self) -> None:
        examples = {path.suffix: "" for path in (TOP / "examples").iterdir()}
        for path in (TOP / "examples").iterdir():
            examples[path.suffix] += path.read_text() + "\n"
        sources = {"c": examples[".c"], "cpp": examples[".cpp"], "cmake": examples[".txt"]}
        checked = 0
        for kind, block in self.blocks:
            if kind == "sh":
                continue
            self.assertIn(kind, sources, "a block that is neither commands nor code of an example is not tested")
            self.assertIn(unindented(block), unindented(sources[kind]), block)
            checked += 1
        self.assertGreater(checked, 0)

    def test_commands_run(self) -> None:
        place = self.folder / "guide"
        place.mkdir()
        for name in ("models", "examples"):
            shutil.copytree(TOP / name, place / name)
        program = Path(os.environ["MLFFGEN_PROGRAM"]).parent
        commands = [block for kind, block in self.blocks if kind == "sh"]
        self.assertGreater(len(commands), 0)
        for block in commands:
            path = f"PATH={program}{os.pathsep}{os.environ['PATH']}"
            self.succeed_in(place, "env", path, "bash", "-euo", "pipefail", "-c", block)


def unindented(text: str) -> str:
    return re.sub(r"^[ ]+", "", text, flags=re.MULTILINE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
