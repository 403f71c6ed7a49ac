#!/usr/bin/env python3
"""Labelled configurations as extended XYZ, which `mlffgen eval --compare` and ASE read.

    python samples.py organics.npz --kind minimum --count 6 --output start.extxyz

writes held-out configurations of a kind, each of another group: where stability.py starts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from dataset import Dataset, load

_SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O"}


def _row(numbers: np.ndarray) -> str:
    """The shortest texts that read back to the same float32 or float64."""
    return " ".join(np.format_float_positional(x, trim="0") for x in numbers)


def frame_text(numbers: np.ndarray, positions: np.ndarray, cell: np.ndarray, energy: float, forces: np.ndarray,
               name: str) -> str:  # fmt: skip
    """One frame: positions and forces [n_atoms][3], cell [3][3] of zeros if not periodic; angstrom, eV, eV/angstrom."""
    box = f'Lattice="{_row(cell.ravel())}" pbc="T T T"' if cell.any() else 'pbc="F F F"'
    head = f'{box} Properties=species:S:1:pos:R:3:forces:R:3 energy={energy!r} name="{name}"'
    rows = [f"{_SYMBOLS[int(z)]} {_row(x)} {_row(f)}" for z, x, f in zip(numbers, positions, forces)]
    return "\n".join([str(len(numbers)), head, *rows]) + "\n"


def write_extxyz(path: Path, data: Dataset, chosen: np.ndarray) -> None:
    """Writes the chosen configurations of a set, each named by its group and kind."""
    frames = []
    for k in chosen:
        atoms = data.atoms(int(k))
        name = f"{data.group_names[data.groups[k]]}, {data.kind_names[data.kinds[k]]}"
        numbers, x, forces = data.numbers[atoms], data.positions[atoms], data.forces[atoms]
        frames.append(frame_text(numbers, x, data.cells[k], float(data.energies[k]), forces, name))
    path.write_text("".join(frames))


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes held-out configurations as extended XYZ.")
    parser.add_argument("data", type=Path, help="a file of make_data.py")
    parser.add_argument("--kind", required=True)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    data = load(arguments.data)
    if arguments.kind not in data.kind_names:
        parser.error(f"no kind '{arguments.kind}' in {arguments.data}, but {', '.join(data.kind_names)}")
    names = data.group_names[data.groups]
    own = np.flatnonzero(np.isin(names, data.held_out) & (data.kind_names[data.kinds] == arguments.kind))
    first_of_group = np.unique(names[own], return_index=True)[1]
    write_extxyz(arguments.output, data, own[np.sort(first_of_group)][: arguments.count])


if __name__ == "__main__":
    main()
