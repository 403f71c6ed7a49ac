"""The blocks of code of a Markdown document, and the output of a command held against one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r'^(?P<fence>`{3,})(?P<kind>\w*)(?: title="(?P<title>[^"]+)")?[ ]*$')


@dataclass(frozen=True)
class Block:
    """kind: the word behind the fence, "" without one, "indented" for text that is set off by four spaces."""

    line: int  # of its first line, from 1
    kind: str
    title: str  # the file that it is saved as, or ""
    text: str


def _fenced(lines: list[str], begin: int, opened: re.Match[str]) -> tuple[Block, int]:
    end = begin + 1
    while end < len(lines) and lines[end].rstrip() != opened["fence"]:
        end += 1
    if end == len(lines):
        raise ValueError(f"line {begin + 1}: a block without an end")
    text = "".join(f"{line}\n" for line in lines[begin + 1 : end])
    return Block(begin + 2, opened["kind"], opened["title"] or "", text), end + 1


def _indented(lines: list[str], begin: int) -> tuple[Block, int]:
    end = begin
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
        end += 1
    text = "\n".join(line[4:] for line in lines[begin:end]).rstrip() + "\n"
    return Block(begin + 1, "indented", "", text), end


def blocks_of(document: Path) -> list[Block]:
    """In order. A fence that is opened in another way than the documents here do it is an error."""
    lines, found, at = document.read_text().splitlines(), [], 0
    while at < len(lines):
        if opened := _FENCE.match(lines[at]):
            block, at = _fenced(lines, at, opened)
            found.append(block)
        elif lines[at].lstrip().startswith(("```", "~~~")):
            raise ValueError(f"{document}:{at + 1}: a fence that is not read: {lines[at]}")
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            block, at = _indented(lines, at)
            found.append(block)
        else:
            at += 1
    return found


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Of a console block its commands (behind `$ `, going on behind a backslash) and what each prints."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif not found:
            raise ValueError(f"line {block.line}: a console block begins with a command")
        elif found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0]}\n{line}", "")
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def is_output(text: str, shown: str) -> bool:
    """Whether a program printed what a document shows: `...` stands for anything, alone on a line for any lines; how
    many spaces part two words does not matter."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else rf"{_line_pattern(line)}[ ]*\n" for line in shown.splitlines()
    )
    return re.fullmatch(pattern, text if text.endswith("\n") or not text else f"{text}\n") is not None


def _line_pattern(line: str) -> str:
    words = (".*".join(map(re.escape, word.split("..."))) for word in line.split())
    return "[ ]*" + "[ ]+".join(words)
