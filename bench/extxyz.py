"""Extended XYZ: the reader and writer that the benchmark needs (species, positions, forces, lattice, energy)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Optional

import numpy as np

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo "
    "Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl "
    "Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
SYMBOLS = dict(enumerate(_ELEMENTS.split(), start=1))
ATOMIC_NUMBERS = {symbol: number for number, symbol in SYMBOLS.items()}

_KEY_VALUE = re.compile(r'([A-Za-z_][\w-]*)=("[^"]*"|\S+)')


@dataclass
class Frame:
    """One structure and, where the file has them, the results computed for it.

    numbers    [n_atoms] int64, atomic numbers
    positions  [n_atoms][3] float64, length unit of the model (angstrom)
    cell       [3][3] float64, lattice vectors as rows, angstrom; zeros where there is none
    pbc        [3] bool, periodic along the lattice vectors
    forces     [n_atoms][3] float64, energy unit / angstrom
    energy     energy unit of the model
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray = field(default_factory=lambda: np.zeros((3, 3)))
    pbc: np.ndarray = field(default_factory=lambda: np.zeros(3, dtype=bool))
    name: str = ""
    energy: Optional[float] = None
    forces: Optional[np.ndarray] = None


def _columns(properties: str) -> dict[str, tuple[int, int]]:
    """Maps each property to its (first column, number of columns)."""
    parts = properties.split(":")
    columns: dict[str, tuple[int, int]] = {}
    first = 0
    for name, count in zip(parts[0::3], parts[2::3]):
        columns[name] = (first, int(count))
        first += int(count)
    return columns


def _frame(comment: str, rows: list[list[str]]) -> Frame:
    info = {key: value.strip('"') for key, value in _KEY_VALUE.findall(comment)}
    columns = _columns(info.get("Properties", "species:S:1:pos:R:3"))

    def table(name: str) -> np.ndarray:
        first, count = columns[name]
        return np.array([[float(text) for text in row[first : first + count]] for row in rows])

    species = columns["species"][0]
    frame = Frame(
        numbers=np.array([ATOMIC_NUMBERS[row[species]] for row in rows], dtype=np.int64),
        positions=table("pos"),
        name=info.get("name", ""),
    )
    if "Lattice" in info:
        frame.cell = np.array(info["Lattice"].split(), dtype=float).reshape(3, 3)
        flags = info.get("pbc", "T T T").split()
        frame.pbc = np.array([flag.upper().startswith("T") for flag in flags])
    if "energy" in info:
        frame.energy = float(info["energy"])
    for name in ("forces", "force"):
        if name in columns:
            frame.forces = table(name)
    return frame


def read_extxyz(path: Path) -> list[Frame]:
    """Reads every frame of a file; raises ValueError with the line number where the text is cut short."""
    lines = path.read_text().splitlines()
    frames: list[Frame] = []
    at = 0
    while at < len(lines) and lines[at].strip():
        n_atoms = int(lines[at])
        rows = [line.split() for line in lines[at + 2 : at + 2 + n_atoms]]
        if len(rows) < n_atoms:
            raise ValueError(f"{path}:{at + 1}: frame of {n_atoms} atoms is cut short after {len(rows)}")
        frames.append(_frame(lines[at + 1], rows))
        at += 2 + n_atoms
    return frames


def write_extxyz(path: Path, frames: Iterable[Frame]) -> None:
    """Writes positions in the shortest text that reads back to the same double."""
    lines: list[str] = []
    for frame in frames:
        comment = "Properties=species:S:1:pos:R:3"
        if frame.pbc.any():
            lattice = " ".join(repr(float(x)) for x in frame.cell.ravel())
            flags = " ".join("T" if flag else "F" for flag in frame.pbc)
            comment = f'Lattice="{lattice}" pbc="{flags}" {comment}'
        if frame.name:
            comment += f" name={frame.name}"
        lines += [str(len(frame.numbers)), comment]
        for number, position in zip(frame.numbers, frame.positions):
            lines.append(" ".join([SYMBOLS[int(number)], *(repr(float(x)) for x in position)]))
    path.write_text("\n".join(lines) + "\n")
