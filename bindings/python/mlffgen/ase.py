"""A calculator for ASE, the Atomic Simulation Environment: eV, eV/angstrom, eV/angstrom^3.

    from mlffgen.ase import MLFFGen

    atoms.calc = MLFFGen("model.mlff")

Works with ASE 3.22 and newer: molecular dynamics, optimisers, NEB, phonons by finite displacements.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes

from mlffgen.errors import InvalidArgumentError
from mlffgen.model import Model
from mlffgen.results import Doubles, Results

_GRADIENTS = {"forces", "stress", "forces_std", "stress_std"}
_VOIGT = [0, 4, 8, 5, 2, 1]  # xx, yy, zz, yz, xz, xy of a matrix by rows

ModelLike = str | os.PathLike[str] | Model


class MLFFGen(Calculator):
    """One compiled model, or a committee of several.

    model    MODEL.mlff, a mlffgen.Model, or a sequence of either: a committee
    device   "host", "cuda" or "cuda:N", for models that are loaded here
    threads  of the host; 0: as many as the atoms are worth
    skin     angstrom, of a GPU's neighbour list: in a trajectory it is made anew only when an atom has moved by half of
             it. The host makes its list in every call

    Properties, in ASE's units and signs: energy and free_energy (the same), energies (of the atoms), forces, stress
    (where the cell has a volume). An energy alone is cheaper than with forces, and has the same bits; forces and stress
    come together. What was computed is kept until the atoms change.

    Of a committee, these are the members' means. Besides them there are `energy_std`, `forces_std` [n_atoms][3] and
    `stress_std` [6], the standard deviations of the members (with n - 1), and in `results` the members' own values:
    `energy_members` [n_members], `forces_members` [n_members][n_atoms][3] and `stress_members` [n_members][6].

    Raises what mlffgen.Model raises: for an element that a model does not know, for one, BadInputError. Pickling and
    copying load the models again.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]
    ignored_changes = {"initial_charges", "initial_magmoms"}

    def __init__(
        self, model: ModelLike | Sequence[ModelLike], *, device: str = "host", threads: int = 0, skin: float = 0.5
    ) -> None:
        super().__init__()
        members = [model] if isinstance(model, (str, os.PathLike, Model)) else list(model)
        if not members:
            raise InvalidArgumentError("model: a committee needs at least one member")
        self.models = [m if isinstance(m, Model) else _load(m, device, threads, skin) for m in members]
        if self.is_committee:
            self.implemented_properties = [*self.implemented_properties, "energy_std", "forces_std", "stress_std"]

    @property
    def is_committee(self) -> bool:
        """True with several models, which is when there are standard deviations."""
        return len(self.models) > 1

    def close(self) -> None:
        """Gives the models' memory back; the calculator refuses to calculate from then on."""
        for model in self.models:
            model.close()

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fills self.results with what is asked for, and what costs nothing beside it."""
        super().calculate(atoms, list(properties), list(system_changes))
        system: Atoms = self.atoms
        has_volume = system.cell.rank == 3
        if not has_volume and not {"stress", "stress_std"}.isdisjoint(properties):
            raise PropertyNotImplementedError("no stress without a volume: give the atoms a cell of three vectors")
        gradient = not _GRADIENTS.isdisjoint(properties)
        members = [_evaluate(model, system, gradient) for model in self.models]
        values = {
            "energy": np.array([member.energy for member in members]),
            "energies": np.array([member.atom_energies for member in members]),
        }
        if gradient:
            values["forces"] = np.array([member.forces for member in members])
        if gradient and has_volume:
            values["stress"] = np.array([_stress(member, system) for member in members])
        self.results = self._combined(values)

    def _combined(self, values: dict[str, Doubles]) -> dict[str, Any]:
        """Results from the members' values, each [n_members][...]."""
        results: dict[str, Any] = {}
        for name, of_members in values.items():
            if not self.is_committee:
                results[name] = of_members[0]
                continue
            results[name] = of_members.mean(axis=0)
            if name != "energies":
                results[f"{name}_std"] = of_members.std(axis=0, ddof=1)
                results[f"{name}_members"] = of_members
        results["energy"] = results["free_energy"] = float(results["energy"])
        if self.is_committee:
            results["energy_std"] = float(results["energy_std"])
        return results


def _load(path: str | os.PathLike[str], device: str, threads: int, skin: float) -> Model:
    """A model whose skin is in angstrom: its own length unit is known once it is loaded."""
    model = Model(path, device, threads=threads, skin=skin)
    angstrom = model.info.units.length_in_angstrom
    if model.info.cuda_device is None or angstrom == 1.0:
        return model
    model.close()
    return Model(path, device, threads=threads, skin=skin / angstrom)


def _evaluate(model: Model, atoms: Atoms, gradient: bool) -> Results:
    """In eV and angstrom."""
    length = model.info.units.length_in_angstrom
    results = model.evaluate(
        atoms.positions / length, atoms.numbers, atoms.cell.array / length, atoms.pbc, forces=gradient, virial=gradient
    )
    return results.to_ev_angstrom()


def _stress(results: Results, atoms: Atoms) -> Doubles:
    """[6] eV/angstrom^3, in Voigt's order, positive where the cell would shrink."""
    assert results.virial is not None
    return -results.virial.ravel()[_VOIGT] / atoms.get_volume()
