"""A hook of mkdocs: links from the pages to files of the repository work on the site as they do in a checkout.

Markdown files that are linked (a folder stands for its README.md) become pages below repository/, and so do the files
that they link; other text becomes a page that shows it. A link that leads nowhere ends the build with a warning.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

log = logging.getLogger("mkdocs.hooks.repository_files")

PREFIX = "repository/"
# Longer texts, such as data, are not shown but handed out.
LONGEST_PAGE = 100_000
# How the text of a file is coloured.
LANGUAGES = {".py": "python", ".h": "cpp", ".hpp": "cpp", ".cpp": "cpp", ".cu": "cuda", ".c": "c", ".yaml": "yaml"}

_FENCE = re.compile(r"^(```|~~~)")
_LINK = re.compile(r"(?P<head>\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")


def _links_of(text: str) -> set[str]:
    found, in_fence = set(), False
    for line in text.splitlines():
        in_fence ^= bool(_FENCE.match(line))
        if not in_fence:
            found |= {link["target"] for link in _LINK.finditer(line) if ":" not in link["target"]}
    return found


class Repository:
    """Where files of the repository are on the site. Paths are absolute."""

    def __init__(self, config: Any) -> None:
        self.top = Path(config.config_file_path).parent
        self.docs = Path(config.docs_dir)
        self.pages: dict[Path, str] = {}  # the page of a file outside the documents' folder
        self.config = config

    def source_of(self, uri: str) -> Path:
        """The file that a page was made from."""
        return next((path for path, page in self.pages.items() if page == uri), self.docs / uri)

    def target_of(self, source: Path, link: str) -> Path:
        target = Path(os.path.normpath(source.parent / link))
        return target / "README.md" if target.is_dir() else target

    def leaves_documents(self, target: Path) -> bool:
        return not target.is_relative_to(self.docs)

    def add(self, files: Files, target: Path) -> None:
        name = target.relative_to(self.top).as_posix()
        text = target.read_text(encoding="utf-8")
        if target.suffix != ".md" and len(text) > LONGEST_PAGE:
            self.pages[target] = PREFIX + name
        else:
            self.pages[target] = PREFIX + name.removesuffix(".md") + ".md"
            if target.suffix != ".md":
                language = LANGUAGES.get(target.suffix, "text")
                text = f"---\nsearch: {{exclude: true}}\n---\n# {name}\n\n````{language}\n{text.rstrip()}\n````\n"
        files.append(File.generated(self.config, self.pages[target], content=text, inclusion=InclusionLevel.NOT_IN_NAV))


# mkdocs calls the functions of this module one after the other: what the first finds, the second needs.
_repository: Repository


def on_files(files: Files, *, config: Any) -> Files:
    """Adds a page for each file outside the documents' folder that a page links."""
    global _repository
    _repository = Repository(config)
    waiting = [Path(str(file.abs_src_path)) for file in files.documentation_pages()]
    while waiting:
        source = waiting.pop()
        for link in sorted(_links_of(source.read_text(encoding="utf-8"))):
            target = _repository.target_of(source, link)
            if not _repository.leaves_documents(target) or target in _repository.pages:
                continue
            if not target.is_file() or not target.is_relative_to(_repository.top):
                name = source.relative_to(_repository.top)
                log.warning("%s: the link '%s' leads to no file of the repository", name, link)
                continue
            _repository.add(files, target)
            if target.suffix == ".md":
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Links between the pages as they lie on the site."""
    uri = page.file.src_uri
    source = _repository.source_of(uri)

    def replace(found: re.Match[str]) -> str:
        target = _repository.target_of(source, found["target"])
        if target in _repository.pages:
            place = _repository.pages[target]
        elif source in _repository.pages and target.is_relative_to(_repository.docs):
            place = target.relative_to(_repository.docs).as_posix()
        else:
            return found[0]
        return found["head"] + os.path.relpath(place, os.path.dirname(uri) or ".") + (found["anchor"] or "")

    lines, in_fence = [], False
    for line in markdown.splitlines():
        in_fence ^= bool(_FENCE.match(line))
        lines.append(line if in_fence else _LINK.sub(replace, line))
    return "\n".join(lines) + "\n"
