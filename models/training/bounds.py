"""Leaves out configurations that are beyond what simulations meet, of training and held-out sets alike.

Sampling at random (turned bonds, molecules placed at close contact) now and then gives overlapping atoms. They are rare
and their forces huge, so that they would dominate both the loss and the figures without being of use to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dataset import Dataset
from sampling import BOLTZMANN


@dataclass(frozen=True)
class Bounds:
    """What a configuration is kept within.

    force   eV/angstrom, of every component of every atom
    kelvin  the energy above the lowest of the group is at most 3/2 k T for each atom, which is the mean potential
            energy of a harmonic body at T
    """

    force: float
    kelvin: float

    def kept(self, data: Dataset, lowest: Mapping[str, float]) -> np.ndarray:
        """[n] bool: the configurations within the bounds, given the lowest energy of each group by its name."""
        largest = np.maximum.reduceat(np.abs(data.forces).max(axis=1), data.offsets[:-1])
        above = data.energies - np.array([lowest[name] for name in data.group_names.tolist()])[data.groups]
        return (largest <= self.force) & (above <= 1.5 * BOLTZMANN * self.kelvin * np.diff(data.offsets))


def lowest_energies(*sets: Dataset) -> dict[str, float]:
    """The lowest energy (eV) of each group over all sets; the configurations of a group have the same atoms."""
    lowest: dict[str, float] = {}
    for data in sets:
        for group, energy in zip(data.group_names[data.groups].tolist(), data.energies.tolist()):
            lowest[group] = min(energy, lowest.get(group, energy))
    return lowest
