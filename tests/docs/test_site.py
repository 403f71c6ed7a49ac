"""scripts/docs builds the site: test_site.py FOLDER. Ends with 77 where PyPI cannot be reached.

The build itself ends with an error at any warning of mkdocs and its hooks; the tests here look at the pages, and show
that faults are found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOP = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else TOP / "build" / "docs").resolve()
SITE = FOLDER / "site"
SKIPPED = 77


class Page(HTMLParser):
    """What a page links to, what it loads, and the names of its places."""

    # Elements by which a browser fetches something without being asked to.
    _LOADS = {"script", "img", "iframe", "source", "video", "audio", "object", "embed", "image", "use"}

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.places |= {values[key] for key in ("id", "name") if key in values}
        if tag in self._LOADS:
            self.loads += [values[key] for key in ("src", "href", "data", "srcset", "xlink:href") if key in values]
        elif tag == "link" and values.get("rel", "") not in ("prev", "next", "canonical"):
            self.loads.append(values["href"])
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])


def pages() -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(SITE.rglob("*.html")) if path.name != "404.html"}


class Site(unittest.TestCase):
    pages: dict[Path, Page]

    @classmethod
    def setUpClass(cls) -> None:
        cls.pages = pages()

    def test_it_has_the_documents_and_files_that_they_link(self) -> None:
        for document in (TOP / "docs").rglob("*.md"):
            self.assertIn((SITE / document.relative_to(TOP / "docs")).with_suffix(".html"), self.pages)
        for name in ("examples/index.html", "models/architectures/schnet.yaml.html", "codegen/index.html"):
            self.assertIn(SITE / "repository" / name, self.pages)

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        loaded = 0
        for path, page in self.pages.items():
            for target in page.loads:
                loaded += 1
                parts = urlsplit(target)
                self.assertFalse(parts.netloc or parts.scheme not in ("", "data"), f"{path}: {target}")
            # What the theme's script would fetch a drawing program for.
            self.assertNotIn('class="mermaid"', path.read_text())
        self.assertGreater(loaded, len(self.pages))
        for sheet in SITE.rglob("*.css"):
            text = sheet.read_text()
            for target in re.findall(r"url\(\s*['\"]?([^)'\"]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text):
                self.assertFalse(urlsplit(target).netloc, f"{sheet}: {target}")

    def test_every_link_inside_leads_somewhere(self) -> None:
        checked = 0
        for path, page in self.pages.items():
            for link in page.links + page.loads:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                checked += 1
                target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
                target = target / "index.html" if target.is_dir() else target
                self.assertTrue(target.is_file(), f"{path.relative_to(SITE)}: {link}")
                if parts.fragment and target in self.pages:
                    self.assertIn(unquote(parts.fragment), self.pages[target].places | {"__top"}, f"{path}: {link}")
        self.assertGreater(checked, 500)

    def test_the_search_knows_every_page(self) -> None:
        index = json.loads((SITE / "search" / "search_index.json").read_text())
        known = {entry["location"].partition("#")[0] for entry in index["docs"]}
        for document in (TOP / "docs").rglob("*.md"):
            self.assertIn(document.relative_to(TOP / "docs").with_suffix(".html").as_posix(), known)

    def test_it_is_light_and_dark(self) -> None:
        text = (SITE / "index.html").read_text()
        for scheme in ("default", "slate"):
            self.assertIn(f'data-md-color-scheme="{scheme}"', text)

    def test_formulas_are_drawn_by_the_browser(self) -> None:
        source = (TOP / "docs" / "analytical_gradient.md").read_text()
        count = len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+(?:\n[^$\n]+)?\$", source, re.DOTALL))
        text = (SITE / "analytical_gradient.html").read_text()
        self.assertEqual(len(re.findall(r"<math[ >]", text)), count)
        self.assertGreater(count, 200)
        for page in self.pages:
            self.assertNotIn("arithmatex", page.read_text(), page)


class Faults(unittest.TestCase):
    """A copy of the documents with one fault each is refused, with its name."""

    def build(self, page: str, text: str) -> str:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        top = Path(holder.name)
        for entry in TOP.iterdir():
            if entry.name not in ("docs", "mkdocs.yml", "build") and not entry.name.startswith("."):
                (top / entry.name).symlink_to(entry)
        shutil.copytree(TOP / "docs", top / "docs")
        shutil.copy(TOP / "mkdocs.yml", top)
        with open(top / "docs" / page, "a") as file:
            file.write(text)
        (top / "built").mkdir()
        (top / "built" / "environment").symlink_to(FOLDER / "environment")
        command = [str(top / "scripts" / "docs"), "--folder", str(top / "built")]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 1 if text else 0, done.stdout)
        return done.stdout

    def test_faults_are_refused(self) -> None:
        self.build("index.md", "")
        for text, message in (
            ("\n[a](absent.md)\n", "absent.md"),
            ("\n[a](cli.md#absent)\n", "does not contain an anchor '#absent'"),
            ("\n[a](../base/absent.h)\n", "the link '../base/absent.h' leads to no file of the repository"),
            ("\n[a](../../beyond.txt)\n", "the link '../../beyond.txt' leads to no file of the repository"),
            ("\n$\\nosuchcommand x$\n", "a formula that cannot be converted"),
        ):
            with self.subTest(text):
                self.assertIn(message, self.build("index.md", text))

    def test_a_page_that_the_navigation_lacks_is_refused(self) -> None:
        self.assertIn("new.md", self.build("new.md", "# New\n"))


def main() -> int:
    done = subprocess.run([TOP / "scripts" / "docs", "--folder", FOLDER], stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if done.returncode != 0:
        return done.returncode  # of a skip too: scripts/docs says why
    return 0 if unittest.main(argv=sys.argv[:1], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
