"""Neighbour pairs of a data set, and batches of it padded to fixed numbers of atoms and pairs.

Fixed sizes let a whole training step be one CUDA graph. A batch ends with an atom of padding (number 0) that all pairs
of padding belong to, in a system of padding; they have no effect on the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dataset import Dataset


@dataclass(frozen=True)
class Pairs:
    """All directed pairs within a cutoff, configuration after configuration.

    offsets       [n + 1] int64: configuration k has pairs offsets[k] ... offsets[k + 1] - 1
    centre        [n_pairs] int32, atom i within its configuration; neighbour, the same for atom j
    displacement  [n_pairs][3] float32, r_j - r_i in angstrom, formed in float64
    """

    offsets: np.ndarray
    centre: np.ndarray
    neighbour: np.ndarray
    displacement: np.ndarray


def _images(cell: np.ndarray, positions: np.ndarray, cutoff: float) -> np.ndarray:
    """Lattice translations [n][3] (angstrom), the first zero, that bring all neighbours within the cutoff near."""
    if not cell.any():
        return np.zeros((1, 3))
    inverse = np.linalg.inv(cell)
    fractional = positions @ inverse
    # The distance of lattice planes is one over the length of a reciprocal vector.
    reach = np.ceil(cutoff * np.linalg.norm(inverse, axis=0) + np.ptp(fractional, axis=0)).astype(int)
    indices = np.array(list(product(*(range(-n, n + 1) for n in reach))), dtype=float)
    return indices[np.argsort(np.abs(indices).sum(axis=1), kind="stable")] @ cell


def pairs_of(positions: np.ndarray, cell: np.ndarray, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """centre, neighbour [n_pairs] and displacement [n_pairs][3] of one configuration; an atom sees its own images."""
    low, high = positions.min(axis=0) - cutoff, positions.max(axis=0) + cutoff
    centres, neighbours, displacements = [], [], []
    for shift in _images(cell, positions, cutoff):
        moved = positions + shift
        near = np.flatnonzero(((moved > low) & (moved < high)).all(axis=1))
        d = moved[near][None] - positions[:, None]  # [n_atoms][near][3]
        squares = np.einsum("ijk,ijk->ij", d, d)
        i, j = np.nonzero((squares < cutoff * cutoff) & (squares > 0.0))
        centres.append(i)
        neighbours.append(near[j])
        displacements.append(d[i, j])
    return np.concatenate(centres), np.concatenate(neighbours), np.concatenate(displacements)


def all_pairs(data: Dataset, cutoff: float) -> Pairs:
    """The pairs of every configuration within a cutoff in angstrom."""
    found = [
        pairs_of(data.positions[data.atoms(k)].astype(np.float64), data.cells[k], cutoff) for k in range(len(data))
    ]
    counts = [len(centre) for centre, _, _ in found]
    return Pairs(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        centre=np.concatenate([centre for centre, _, _ in found]).astype(np.int32),
        neighbour=np.concatenate([neighbour for _, neighbour, _ in found]).astype(np.int32),
        displacement=np.concatenate([d for _, _, d in found]).astype(np.float32),
    )


@dataclass(frozen=True)
class Size:
    """What a batch holds at most, padding included."""

    systems: int
    atoms: int
    pairs: int


@dataclass(frozen=True)
class Indices:
    """A batch as places in the data set, made on the processor; padding is -1, in `system` the last system.

    atom    [Size.atoms] int64, place in the set
    system  [Size.atoms] int64, place in the batch
    pair    [Size.pairs] int64, place in the set's pairs
    base    [Size.pairs] int64, place in the batch of the first atom of the pair's configuration
    """

    atom: np.ndarray
    system: np.ndarray
    pair: np.ndarray
    base: np.ndarray
    configurations: np.ndarray  # those in the batch, not padded


def _ranges(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """begin, begin + 1, ... of each range, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1]) + np.repeat(begins - (ends - counts), counts)


def make_indices(data: Dataset, pairs: Pairs, chosen: np.ndarray, size: Size) -> Indices:
    """The batch of the chosen configurations, which must fit."""
    atoms = np.diff(data.offsets)[chosen]
    counts = np.diff(pairs.offsets)[chosen]
    n_atoms, n_pairs = int(atoms.sum()), int(counts.sum())
    if len(chosen) >= size.systems or n_atoms >= size.atoms or n_pairs > size.pairs:
        raise ValueError(f"{len(chosen)} configurations, {n_atoms} atoms, {n_pairs} pairs do not fit into {size}")
    atom = np.full(size.atoms, -1, dtype=np.int64)
    system = np.full(size.atoms, size.systems - 1, dtype=np.int64)
    pair = np.full(size.pairs, -1, dtype=np.int64)
    base = np.full(size.pairs, size.atoms - 1, dtype=np.int64)
    atom[:n_atoms] = _ranges(data.offsets[chosen], atoms)
    system[:n_atoms] = np.repeat(np.arange(len(chosen)), atoms)
    pair[:n_pairs] = _ranges(pairs.offsets[chosen], counts)
    base[:n_pairs] = np.repeat(np.cumsum(atoms) - atoms, counts)
    return Indices(atom, system, pair, base, chosen)


def fill(data: Dataset, pairs: Pairs, order: np.ndarray, size: Size) -> Iterator[Indices]:
    """Batches of configurations in this order, each filled as long as the next one fits."""
    atoms, counts = np.diff(data.offsets), np.diff(pairs.offsets)
    begin, n_atoms, n_pairs = 0, 0, 0
    for at, k in enumerate(order):
        n_atoms, n_pairs = n_atoms + int(atoms[k]), n_pairs + int(counts[k])
        if at - begin + 1 >= size.systems or n_atoms >= size.atoms or n_pairs > size.pairs:
            yield make_indices(data, pairs, order[begin:at], size)
            begin, n_atoms, n_pairs = at, int(atoms[k]), int(counts[k])
    yield make_indices(data, pairs, order[begin:], size)


def size_for(data: Dataset, pairs: Pairs, atoms: int) -> Size:
    """A size for about so many atoms a batch that holds also the largest configuration."""
    sizes, counts = np.diff(data.offsets), np.diff(pairs.offsets)
    atoms = max(atoms, int(sizes.max()) + 1)
    wanted = max(int(1.15 * atoms * counts.sum() / sizes.sum()), int(counts.max()))
    return Size(systems=int(2 * atoms / sizes.mean()) + 2, atoms=atoms, pairs=-(-wanted // 128) * 128)


@dataclass(frozen=True)
class Batch:
    """A batch on the device, for PaiNN.energies_and_forces and the loss.

    numbers, system  [atoms];  centre, neighbour [pairs];  displacement [pairs][3];  real [pairs][1]
    forces  [atoms][3], eV/angstrom;  energies [systems], eV, less the energies of the elements
    n_atoms [systems], of padding 0;  atom_real [atoms][1], 0 for padding
    """

    numbers: Tensor
    system: Tensor
    centre: Tensor
    neighbour: Tensor
    displacement: Tensor
    real: Tensor
    forces: Tensor
    energies: Tensor
    n_atoms: Tensor
    atom_real: Tensor


class DeviceData:
    """A data set with its pairs on a device, from which batches are gathered there."""

    def __init__(self, data: Dataset, pairs: Pairs, residuals: np.ndarray, dtype: torch.dtype, device: str) -> None:
        """residuals [n]: energies less those of the elements, eV. A last row of each array is padding's, place -1."""

        def padded(array: np.ndarray, last: float, dtype: torch.dtype) -> Tensor:
            row = np.full((1, *array.shape[1:]), last, dtype=array.dtype)
            return torch.from_numpy(np.concatenate([array, row])).to(device=device, dtype=dtype)

        self._numbers = padded(data.numbers, 0, torch.int64)
        self._forces = padded(data.forces, 0, dtype)
        self._centre = padded(pairs.centre, 0, torch.int32)
        self._neighbour = padded(pairs.neighbour, 0, torch.int32)
        # Any length within the cutoff does, so that no function of it overflows.
        self._displacement = padded(pairs.displacement, 1, dtype)
        self._shares = padded(residuals / np.diff(data.offsets), 0, dtype)  # eV/atom
        of_atom = np.repeat(np.arange(len(data)), np.diff(data.offsets))
        self._configuration = padded(of_atom.astype(np.int32), len(data), torch.int32)

    def batch(self, atom: Tensor, system: Tensor, pair: Tensor, base: Tensor, systems: int) -> Batch:
        """Gathers what Indices say; nothing here waits for the device."""
        # The place -1 is the last row.
        atom_real = (atom >= 0).to(self._forces.dtype)
        shares = self._shares[self._configuration[atom].to(torch.int64)]
        zeros = torch.zeros(systems, dtype=self._forces.dtype, device=atom.device)
        return Batch(
            numbers=self._numbers[atom],
            system=system,
            centre=base + self._centre[pair],
            neighbour=base + self._neighbour[pair],
            displacement=self._displacement[pair],
            real=(pair >= 0).to(self._forces.dtype)[:, None],
            forces=self._forces[atom],
            energies=zeros.index_add(0, system, shares),
            n_atoms=zeros.index_add(0, system, atom_real),
            atom_real=atom_real[:, None],
        )
