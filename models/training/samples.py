"""Labelled configurations as extended XYZ, which `mlffgen eval --compare` and ASE read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dataset import Dataset

_SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O"}


def _row(numbers: np.ndarray) -> str:
    """The shortest texts that read back to the same float32 or float64."""
    return " ".join(np.format_float_positional(x, trim="0") for x in numbers)


def frame_text(numbers: np.ndarray, positions: np.ndarray, cell: np.ndarray, energy: float, forces: np.ndarray,
               name: str) -> str:  # fmt: skip
    """One frame: positions [n_atoms][3] and cell [3][3] (angstrom, zeros if not periodic), energy (eV), forces (eV/angstrom)."""
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
        frames.append(
            frame_text(
                data.numbers[atoms], data.positions[atoms], data.cells[k], float(data.energies[k]), data.forces[atoms], name
            )
        )
    path.write_text("".join(frames))
