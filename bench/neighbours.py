"""An all-pairs neighbour list for any periodicity: simple enough to trust, quadratic in the number of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from extxyz import Frame


@dataclass(frozen=True)
class NeighbourList:
    """Every ordered pair within the cutoff: pair i <- j and its reverse j <- i are both listed, sorted by i.

    centre     [n_pairs] int64, atom i
    neighbour  [n_pairs] int64, atom j
    shift      [n_pairs][3] float64, lattice translation of j in angstrom: r_ij = r_j - r_i + shift
    """

    centre: np.ndarray
    neighbour: np.ndarray
    shift: np.ndarray


def _image_ranges(frame: Frame, cutoff: float) -> list[range]:
    """How far to look along each lattice vector, atoms outside the cell included."""
    if not frame.pbc.any():
        return [range(1)] * 3
    # A missing or non-periodic lattice vector may be zero: any vector off the plane of the others will do.
    cell = frame.cell.copy()
    for axis in range(3):
        if not frame.pbc[axis]:
            others = np.delete(cell, axis, axis=0)
            normal = np.cross(others[0], others[1])
            cell[axis] = normal / np.linalg.norm(normal) if np.linalg.norm(normal) > 0 else np.eye(3)[axis]
    inverse = np.linalg.inv(cell)
    fractional = frame.positions @ inverse
    spread = fractional.max(axis=0) - fractional.min(axis=0)
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    ranges = []
    for axis in range(3):
        reach = int(np.ceil(cutoff / heights[axis] + spread[axis])) if frame.pbc[axis] else 0
        ranges.append(range(-reach, reach + 1))
    return ranges


def neighbour_list(frame: Frame, cutoff: float) -> NeighbourList:
    """Pairs with |r_ij| < cutoff (angstrom), an atom's own periodic images included."""
    positions = frame.positions
    n_atoms = len(positions)
    centres, neighbours, shifts = [], [], []
    for image in product(*_image_ranges(frame, cutoff)):
        shift = np.array(image, dtype=float) @ frame.cell
        squared = np.zeros((n_atoms, n_atoms))
        for axis in range(3):
            squared += (positions[None, :, axis] + shift[axis] - positions[:, None, axis]) ** 2
        if not any(image):
            np.fill_diagonal(squared, np.inf)
        i, j = np.nonzero(squared < cutoff * cutoff)
        centres.append(i)
        neighbours.append(j)
        shifts.append(np.broadcast_to(shift, (len(i), 3)))
    centre = np.concatenate(centres).astype(np.int64)
    order = np.argsort(centre, kind="stable")
    return NeighbourList(
        centre[order], np.concatenate(neighbours).astype(np.int64)[order], np.concatenate(shifts)[order]
    )
