"""Labelled configurations: what a maker of data collects, one compressed .npz a set, and its split.

Lengths in angstrom, energies in eV, forces in eV/angstrom. The arrays of a file, n configurations of n_atoms in all:

    offsets    [n + 1] int64    configuration k has the atoms offsets[k] ... offsets[k + 1] - 1
    numbers    [n_atoms] uint8  atomic numbers
    positions  [n_atoms][3] float32, labelled as rounded to float32
    forces     [n_atoms][3] float32
    energies   [n] float64
    cells      [n][3][3] float64, lattice vectors as rows; zeros without a periodic box
    groups     [n] int32  index into group_names: the molecule, the pair, the trajectory
    kinds      [n] int32  index into kind_names: how the configuration was made
    group_names, kind_names, held_out  texts; held_out are the groups that are never trained on
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from collections.abc import Sequence

import numpy as np


@dataclass
class Dataset:
    """The arrays above."""

    offsets: np.ndarray
    numbers: np.ndarray
    positions: np.ndarray
    forces: np.ndarray
    energies: np.ndarray
    cells: np.ndarray
    groups: np.ndarray
    kinds: np.ndarray
    group_names: np.ndarray
    kind_names: np.ndarray
    held_out: np.ndarray

    def __len__(self) -> int:
        return len(self.energies)

    def atoms(self, index: int) -> slice:
        """The atoms of a configuration."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def periodic(self) -> np.ndarray:
        """[n] bool: the configurations in a periodic box."""
        return np.any(self.cells != 0.0, axis=(1, 2))

    def select(self, chosen: np.ndarray) -> Dataset:
        """The configurations at these indices, in this order; names of groups and kinds stay as they are."""
        sizes = np.diff(self.offsets)[chosen]
        ends = np.cumsum(sizes)
        atoms = np.arange(sizes.sum()) + np.repeat(self.offsets[chosen] - (ends - sizes), sizes)
        of_atoms = {name: getattr(self, name)[atoms] for name in ("numbers", "positions", "forces")}
        of_all = {name: getattr(self, name)[chosen] for name in ("energies", "cells", "groups", "kinds")}
        return replace(self, offsets=np.concatenate([[0], ends]).astype(np.int64), **of_atoms, **of_all)

    def save(self, path: Path) -> None:
        """Writes the file as a whole: nobody sees half of it."""
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(file, **{field.name: getattr(self, field.name) for field in fields(self)})
        part.replace(path)


def load(path: Path) -> Dataset:
    """Reads a file; raises OSError, or ValueError naming the file where an array is missing."""
    with np.load(path, allow_pickle=False) as arrays:
        missing = [field.name for field in fields(Dataset) if field.name not in arrays]
        if missing:
            raise ValueError(f"{path}: no data set of make_data.py: it lacks {', '.join(missing)}")
        return Dataset(**{field.name: arrays[field.name] for field in fields(Dataset)})


def concatenate(parts: Sequence[Dataset]) -> Dataset:
    """One set of several, in their order; the same name is the same group in all."""
    if not parts:
        raise ValueError("no configurations to put together")

    def renamed(indices: str, names: str) -> tuple[np.ndarray, np.ndarray]:
        union = list(dict.fromkeys(name for part in parts for name in getattr(part, names).tolist()))
        place = {name: at for at, name in enumerate(union)}
        maps = [np.array([place[name] for name in getattr(part, names).tolist()], dtype=np.int32) for part in parts]
        return np.concatenate([m[getattr(p, indices)] for m, p in zip(maps, parts)]), np.array(union)

    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    groups, group_names = renamed("groups", "group_names")
    kinds, kind_names = renamed("kinds", "kind_names")
    return Dataset(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        numbers=np.concatenate([part.numbers for part in parts]),
        positions=np.concatenate([part.positions for part in parts]),
        forces=np.concatenate([part.forces for part in parts]),
        energies=np.concatenate([part.energies for part in parts]),
        cells=np.concatenate([part.cells for part in parts]),
        groups=groups,
        kinds=kinds,
        group_names=group_names,
        kind_names=kind_names,
        held_out=np.unique(np.concatenate([part.held_out for part in parts])),
    )


@dataclass(frozen=True)
class Split:
    """Indices of configurations, disjoint and together all of a set.

    train       to learn from
    validation  to choose the best weights by
    test        of groups that are trained on
    unseen      of groups that are held out as a whole
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unseen: np.ndarray

    def held_out(self) -> dict[str, np.ndarray]:
        """The parts that errors are reported on."""
        return {name: getattr(self, name) for name in ("test", "unseen") if len(getattr(self, name))}


def split(data: Dataset, seed: int, part: float = 0.05) -> Split:
    """Splits by group (`unseen`), then at random by configuration: `part` of the rest each for validation and test."""
    unseen = np.isin(data.group_names, data.held_out)[data.groups]
    order = np.random.default_rng(seed).permutation(np.flatnonzero(~unseen))
    n = max(1, round(part * len(order)))
    return Split(
        train=np.sort(order[2 * n :]),
        validation=np.sort(order[:n]),
        test=np.sort(order[n : 2 * n]),
        unseen=np.flatnonzero(unseen),
    )
