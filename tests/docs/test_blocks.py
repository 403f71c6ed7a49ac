"""The documents as they lie in a checkout: every block of code has a test that runs it, links lead somewhere, and
figures are those of the results.

Needs nothing but Python and the program; the blocks themselves run in the tests that TESTED names.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from blocks import Block, blocks_of, commands_of, is_output

TOP = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MLFFGEN_PROGRAM", str(TOP / "build" / "bin" / "mlffgen"))
DOCUMENTS = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]

# By which test the fenced blocks of a document are run, and of which kinds it runs them all.
PAGES = ("tests/python/test_pages.py", {"sh", "console", "python"})
TESTED: dict[str, tuple[str, set[str]]] = {
    "README.md": ("tests/cli/test_documents.py", {"sh"}),
    "docs/cli.md": ("tests/cli/test_documents.py", {"sh"}),
    "docs/api.md": ("tests/api/test_documents.py", {"sh", "c", "cpp", "cmake"}),
    "docs/python.md": ("tests/python/guide.py", {"sh", "python", "xml"}),
    "docs/language.md": ("tests/codegen/test_language_document.cpp", {"yaml"}),
    "docs/tutorial.md": PAGES,
    "docs/own_architecture.md": PAGES,
    "docs/performance.md": PAGES,
    "docs/faq.md": PAGES,
}
# Blocks set off by spaces that are no commands: how they begin, and for what a program prints where no test can make it
# print that, the source of the words that its lines share.
LISTINGS: dict[str, tuple[str, str, str]] = {
    "docs/architecture.md": ("spec.yaml + weights.safetensors", "", ""),
    "docs/cli.md": ("mlffgen: tiny: exact:", "runtime/wisdom/wisdom.cpp", "us instead of"),
    "docs/import.md": (
        "mlffgen: error: best_model: the file asks for",
        "bindings/python/mlffgen/importers/torch_names.py",
        "which is not on the list of names that models of SchNetPack need",
    ),
}
# What commands begin with that are neither ours nor files of the repository.
OTHERS = {"tar", "perf", "python3", "compute-sanitizer", "run-gpu-tests", "gpu_tests/test_gpu_reference"}

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\|.*\]\((results/[\w.]+)(?:#[^)]*)?\)[^|]*\|$", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


def name_of(document: Path) -> str:
    return document.relative_to(TOP).as_posix()


def anchors_of(document: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


def prose_of(document: Path) -> str:
    """Without fenced blocks and words set as code, which may look like links."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]+`(?!\])", "", text)


def commands_set_off(block: Block) -> list[list[str]]:
    """Lines that are indented further go on the line before, as those behind a backslash do."""
    joined = re.sub(r"\\\n\s*|\n\s+", " ", block.text)
    return [shlex.split(line) for line in joined.splitlines() if line]


class Blocks(unittest.TestCase):
    def test_every_fenced_block_is_run(self) -> None:
        for document in DOCUMENTS:
            name = name_of(document)
            for block in blocks_of(document):
                if block.kind == "indented":
                    continue
                with self.subTest(document=name, line=block.line):
                    self.assertIn(name, TESTED, "a block that no test runs")
                    test, kinds = TESTED[name]
                    self.assertTrue(block.kind in kinds or (block.title and TESTED[name] is PAGES), block.kind)
                    self.assertIn(document.name, (TOP / test).read_text())

    def test_every_block_set_off_by_spaces_is_known(self) -> None:
        """Commands that no machine of the tests can run have words that the programs know."""
        for document in DOCUMENTS:
            for block in blocks_of(document):
                if block.kind != "indented":
                    continue
                begin, source, words = LISTINGS.get(name_of(document), ("", "", ""))
                if begin and block.text.startswith(begin):
                    self.assertTrue(not source or (words in block.text and words in (TOP / source).read_text()))
                    continue
                for command in commands_set_off(block):
                    with self.subTest(document=name_of(document), command=" ".join(command)):
                        self.check_command(command)

    def check_command(self, words: list[str]) -> None:
        words = [word for word in words if not re.fullmatch(r"[A-Z_]+=\S*", word)]
        file = next((TOP / word for word in words[:2] if (TOP / word).is_file()), None)
        ours = next((k for k, word in enumerate(words) if re.fullmatch(r"(.*/bin/)?mlffgen", word)), None)
        if file is not None:
            known = file.read_text()
        elif ours is not None:
            words = words[ours:]
            done = subprocess.run([PROGRAM, words[1], "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            known = done.stdout
        else:
            self.assertIn(words[0], OTHERS, "an unknown command")
            return
        for option in words:
            if option.startswith("--"):
                self.assertIn(option, known)

    def test_the_package_s_document_names_this_version(self) -> None:
        version = re.search(r"project\(mlffgen VERSION (\S+)", (TOP / "CMakeLists.txt").read_text())
        nvrtc = re.search(r"^NVRTC_PACKAGE=(\S+)", (TOP / "scripts" / "setup").read_text(), re.MULTILINE)
        assert version and nvrtc
        text = (TOP / "docs" / "package.md").read_text()
        self.assertEqual(set(re.findall(r"mlffgen-(\d[\d.]*\d)", text)), {version[1]})
        self.assertIn(nvrtc[1], text)


class Links(unittest.TestCase):
    def test_links_lead_to_files_and_headings(self) -> None:
        checked = 0
        for document in DOCUMENTS:
            for link in _LINK.findall(prose_of(document)):
                if re.match(r"\w+:", link):
                    continue
                checked += 1
                path, _, anchor = link.partition("#")
                target = document.parent / path if path else document
                with self.subTest(document=name_of(document), link=link):
                    self.assertTrue(target.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, anchors_of(target))
        self.assertGreater(checked, 50)

    def test_every_page_is_in_the_navigation_or_left_out_on_purpose(self) -> None:
        navigation = (TOP / "mkdocs.yml").read_text()
        for document in DOCUMENTS[1:]:
            name = document.relative_to(TOP / "docs").as_posix()
            self.assertTrue(name.startswith("adr/") or f": {name}\n" in navigation, name)


class Figures(unittest.TestCase):
    def test_figures_of_tables_are_those_of_their_source(self) -> None:
        """Every number of a row that ends with a link to a result stands in that result."""
        rows = 0
        for document in sorted((TOP / "docs").glob("*.md")):
            for found in _ROW.finditer(document.read_text()):
                cells = found[0].rsplit("|", 2)[0]
                numbers = [number for number in _NUMBER.findall(cells) if len(number) > 1]
                if "." not in "".join(numbers) and "," not in "".join(numbers):
                    continue  # no figures, a page's name
                rows += 1
                source = set(_NUMBER.findall((document.parent / found[1]).read_text().replace("x |", " |")))
                with self.subTest(document=document.name, row=found[0]):
                    self.assertLessEqual(set(numbers), source)
        self.assertGreater(rows, 10)


class Parser(unittest.TestCase):
    def test_blocks_of_all_kinds_are_found(self) -> None:
        text = 'a\n\n```sh\nls\n```\n\n    set off\n     on\n\nb\n\n```yaml title="x.yaml"\nk: 1\n```\n'
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        path = Path(holder.name) / "page.md"
        path.write_text(text)
        found = [(block.line, block.kind, block.title, block.text) for block in blocks_of(path)]
        self.assertEqual(found[:2], [(4, "sh", "", "ls\n"), (7, "indented", "", "set off\n on\n")])
        self.assertEqual(found[2:], [(13, "yaml", "x.yaml", "k: 1\n")])
        for wrong in ("```sh\nls\n", "~~~\nls\n~~~\n", "  ```sh\n  ls\n  ```\n", "```sh linenums\nls\n```\n"):
            path.write_text(wrong)
            with self.assertRaises(ValueError, msg=wrong):
                blocks_of(path)

    def test_commands_and_their_output(self) -> None:
        block = Block(1, "console", "", "$ a \\\n  b\nx\ny\n$ c\n")
        self.assertEqual(commands_of(block), [("a \\\n  b", "x\ny\n"), ("c", "")])
        self.assertTrue(is_output("one  12 two\nmore\nlast\n", "one ... two\n...\nlast\n"))
        self.assertTrue(is_output("", ""))
        for printed, shown in (("a\nb\n", "a\n"), ("a\n", "a\nb\n"), ("a\n", ""), ("axb\n", "a.b\n"), ("", "a\n")):
            self.assertFalse(is_output(printed, shown), (printed, shown))


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
