"""What a model is and what it returns: plain data, in the model's units unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """Names of a model's units, and what one of each is in angstrom and eV."""

    length: str
    energy: str
    length_in_angstrom: float
    energy_in_ev: float


EV_ANGSTROM = Units("angstrom", "eV", 1.0, 1.0)


@dataclass(frozen=True)
class Info:
    """What a model is.

    name, generator   of the model, and the version of mlffgen that compiled it
    device            for humans: "host (x86-64-v4)", "cuda:0 (NVIDIA H100 80GB HBM3)"
    cuda_device       the GPU's number; None: the host
    units             of everything that goes in and comes out
    cutoff            length unit: atoms farther apart do not see each other
    elements          atomic numbers that the model knows
    element_energies  energy unit, in the order of elements: part of each atom's energy
    precision         "float" or "double", of features and kernels; energies are summed in double
    """

    name: str
    generator: str
    device: str
    cuda_device: int | None
    units: Units
    cutoff: float
    elements: tuple[int, ...]
    element_energies: tuple[float, ...]
    precision: str


@dataclass(frozen=True)
class Memory:
    """Bytes of the memory of the model's device.

    held          by the model now: constants, and the workspace of the largest call so far
    per_atom      a call takes about so much for each atom of its batch
    per_pair      and for each ordered pair within the cutoff
    device_free, device_total  of the GPU, for everybody; 0 on the host
    """

    held: int
    per_atom: int
    per_pair: int
    device_free: int
    device_total: int


@dataclass(frozen=True)
class Statistics:
    """Counts since the model was loaded.

    pairs   ordered pairs within the cutoff of the last call; -1: not known
    calls   that succeeded
    graph_captures, graph_replays  of CUDA graphs
    regrowths, repeats             of a GPU's workspace, and of calls for want of room in it
    """

    pairs: int
    calls: int
    graph_captures: int
    graph_replays: int
    regrowths: int
    repeats: int


@dataclass(frozen=True)
class Results:
    """Of one system.

    energy         energy unit, the elements' own energies included
    atom_energies  [n_atoms] energy unit; their sum is the energy
    forces         [n_atoms][3] energy unit / length unit; None: not asked for
    virial         [3][3] energy unit, -dE/d(strain) of a symmetric strain; None: not asked for
    units          of all of them
    """

    energy: float
    atom_energies: Doubles
    forces: Doubles | None
    virial: Doubles | None
    units: Units

    def to_ev_angstrom(self) -> Results:
        """The same in eV and eV/angstrom."""
        energy, force = _factors(self.units)
        return Results(
            self.energy * energy, self.atom_energies * energy, _times(self.forces, force), _times(self.virial, energy),
            EV_ANGSTROM,
        )  # fmt: skip


@dataclass(frozen=True)
class BatchResults:
    """Of a batch: results[k] are those of system k (views, not copies), and iterating gives them one by one.

    energies       [n_systems] energy unit, the elements' own energies included
    atom_energies  [n_atoms] energy unit
    forces         [n_atoms][3] energy unit / length unit; None: not asked for
    virials        [n_systems][3][3] energy unit, -dE/d(strain) of a symmetric strain; None: not asked for
    system_begin   [n_systems + 1] the first atom of each system, then n_atoms
    units          of all of them
    """

    energies: Doubles
    atom_energies: Doubles
    forces: Doubles | None
    virials: Doubles | None
    system_begin: NDArray[np.int32]
    units: Units

    def __len__(self) -> int:
        return len(self.energies)

    def __getitem__(self, system: int) -> Results:
        k = range(len(self))[system]
        atoms = slice(self.system_begin[k], self.system_begin[k + 1])
        return Results(
            float(self.energies[k]),
            self.atom_energies[atoms],
            None if self.forces is None else self.forces[atoms],
            None if self.virials is None else self.virials[k],
            self.units,
        )

    def __iter__(self) -> Iterator[Results]:
        return (self[k] for k in range(len(self)))

    def to_ev_angstrom(self) -> BatchResults:
        """The same in eV and eV/angstrom."""
        energy, force = _factors(self.units)
        return replace(
            self, energies=self.energies * energy, atom_energies=self.atom_energies * energy,
            forces=_times(self.forces, force), virials=_times(self.virials, energy), units=EV_ANGSTROM,
        )  # fmt: skip


def _factors(units: Units) -> tuple[float, float]:
    return units.energy_in_ev, units.energy_in_ev / units.length_in_angstrom


def _times(array: Doubles | None, factor: float) -> Doubles | None:
    return None if array is None else array * factor
