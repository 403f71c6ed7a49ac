"""Extended XYZ as plain Python: enough to look at what the program wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Frame:
    info: dict[str, str]
    symbols: list[str]
    positions: list[list[float]]
    forces: list[list[float]]  # empty if the file has none

    def numbers(self, key: str) -> list[float]:
        return [float(word) for word in self.info[key].split()]


def read_frames(path: Path) -> list[Frame]:
    lines = path.read_text().splitlines()
    frames = []
    at = 0
    while at < len(lines):
        count = int(lines[at])
        pairs = re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', lines[at + 1])
        info = {key: quoted or plain for key, quoted, plain in pairs}
        rows = [line.split() for line in lines[at + 2 : at + 2 + count]]
        has_forces = "forces:R:3" in info.get("Properties", "")
        frames.append(
            Frame(
                info,
                [row[0] for row in rows],
                [[float(x) for x in row[1:4]] for row in rows],
                [[float(x) for x in row[4:7]] for row in rows] if has_forces else [],
            )
        )
        at += count + 2
    return frames
