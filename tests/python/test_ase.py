"""mlffgen.ase.MLFFGen: numbers that are derivatives of each other in ASE's units, what is computed when, committees."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import ase
import ase.io
import mlffgen
import numpy as np
import pytest
from ase.build import molecule
from ase.calculators.calculator import PropertyNotImplementedError
from mlffgen.ase import MLFFGen

Structures = list[ase.Atoms]


def energy_at(atoms: ase.Atoms, positions: np.ndarray, cell: np.ndarray | None = None) -> float:
    moved = atoms.copy()
    moved.calc = atoms.calc
    if cell is not None:
        moved.set_cell(cell)
    moved.positions = positions
    return moved.get_potential_energy()


def numerical_forces(atoms: ase.Atoms, step: float = 1e-4) -> np.ndarray:
    """By central differences of fourth order."""
    forces = np.zeros((len(atoms), 3))
    for index in np.ndindex(forces.shape):
        for weight, steps in ((8, 1), (-1, 2)):
            for sign in (1, -1):
                positions = atoms.positions.copy()
                positions[index] += sign * steps * step
                forces[index] -= sign * weight * energy_at(atoms, positions) / (12 * step)
    return forces


def numerical_stress(atoms: ase.Atoms, step: float = 1e-5) -> np.ndarray:
    """[3][3] dE/d(strain)/V by central differences of fourth order."""
    stress = np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        for weight, steps in ((8, 1), (-1, 2)):
            for sign in (1, -1):
                strain = np.eye(3)
                strain[i, j] += sign * steps * step / 2
                strain[j, i] += sign * steps * step / 2
                energy = energy_at(atoms, atoms.positions @ strain, atoms.cell.array @ strain)
                stress[i, j] += sign * weight * energy / (12 * step)
    return stress / atoms.get_volume()


@pytest.mark.parametrize("units", ["double_model", "kcal_model"])
def test_forces_and_stress_are_derivatives_of_the_energy(
    units: str, structures: Structures, request: pytest.FixtureRequest
) -> None:
    calculator = MLFFGen(request.getfixturevalue(units))
    for atoms in (structures[0], structures[4]):
        atoms = atoms.copy()
        atoms.calc = calculator
        forces = atoms.get_forces()
        np.testing.assert_allclose(forces, numerical_forces(atoms), rtol=0, atol=1e-6 * np.abs(forces).max())
    stress = atoms.get_stress(voigt=False)
    np.testing.assert_allclose(stress, numerical_stress(atoms), rtol=0, atol=1e-6 * np.abs(stress).max())
    np.testing.assert_array_equal(atoms.get_stress(), stress.ravel()[[0, 4, 8, 5, 2, 1]])


def test_ase_s_own_finite_differences_agree(double_model: Path, structures: Structures) -> None:
    fd = pytest.importorskip("ase.calculators.fd", reason="ASE older than 3.24 has no ase.calculators.fd")
    atoms = structures[4].copy()
    atoms.calc = MLFFGen(double_model)
    np.testing.assert_allclose(fd.calculate_numerical_forces(atoms, 1e-4), atoms.get_forces(), atol=1e-6)
    np.testing.assert_allclose(fd.calculate_numerical_stress(atoms, 1e-5), atoms.get_stress(), atol=1e-8)


def test_numbers_are_the_model_s_in_ev_and_angstrom(kcal_model: Path, structures: Structures) -> None:
    atoms = structures[4].copy()
    atoms.calc = MLFFGen(kcal_model)
    with mlffgen.Model(kcal_model) as model:
        bohr = model.info.units.length_in_angstrom
        own = model.evaluate(atoms.positions / bohr, atoms.numbers, atoms.cell.array / bohr, True).to_ev_angstrom()
    assert atoms.get_potential_energy() == own.energy
    assert atoms.get_potential_energy(force_consistent=True) == own.energy
    np.testing.assert_array_equal(atoms.get_forces(), own.forces)
    np.testing.assert_array_equal(atoms.get_potential_energies(), own.atom_energies)
    np.testing.assert_array_equal(atoms.get_stress(voigt=False), -own.virial / atoms.get_volume())


def test_only_what_is_asked_for_is_computed_and_kept(float_model: Path) -> None:
    atoms = molecule("CH3OH", vacuum=3.0)
    atoms.calc = MLFFGen(float_model)
    model = atoms.calc.models[0]
    energy = atoms.get_potential_energy()
    assert set(atoms.calc.results) == {"energy", "free_energy", "energies"}
    assert model.statistics.calls == 1
    forces = atoms.get_forces()
    assert atoms.get_potential_energy() == energy
    atoms.get_stress()
    assert model.statistics.calls == 2
    # Charges and magnetic moments are nothing to the model.
    atoms.set_initial_charges(np.ones(len(atoms)))
    assert atoms.calc.check_state(atoms) == []
    atoms.get_forces()
    assert model.statistics.calls == 2
    atoms.positions[0, 0] += 0.1
    assert atoms.calc.check_state(atoms) == ["positions"]
    assert not np.array_equal(atoms.get_forces(), forces)
    assert model.statistics.calls == 3
    atoms.calc.reset()
    atoms.get_forces()
    assert model.statistics.calls == 4
    for change in ("cell", "pbc", "numbers"):
        before = model.statistics.calls
        if change == "cell":
            atoms.set_cell(atoms.cell * 1.1)
        elif change == "pbc":
            atoms.pbc = (True, False, True)
        else:
            atoms.numbers[-1] = 8
        assert atoms.calc.check_state(atoms) == [change]
        atoms.get_forces()
        assert model.statistics.calls == before + 1


def test_a_result_is_not_changed_by_who_gets_it(float_model: Path) -> None:
    atoms = molecule("H2O")
    atoms.calc = MLFFGen(float_model)
    forces = atoms.get_forces()
    forces[:] = 0
    assert np.abs(atoms.get_forces()).max() > 0


def test_errors_are_clear_and_leave_the_calculator_usable(float_model: Path) -> None:
    atoms = molecule("HCN")
    atoms.calc = MLFFGen(float_model)
    with pytest.raises(mlffgen.BadInputError, match="does not know element N; it knows H, C, O") as caught:
        atoms.get_potential_energy()
    assert caught.value.atom == list(atoms.symbols).index("N")
    with pytest.raises(mlffgen.BadInputError):  # not the results of something else
        atoms.get_forces()
    atoms.symbols = ["C" if symbol == "N" else symbol for symbol in atoms.symbols]
    assert np.isfinite(atoms.get_potential_energy())
    with pytest.raises(PropertyNotImplementedError, match="cell of three vectors"):
        atoms.get_stress()
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_magnetic_moments()
    with pytest.raises(mlffgen.InvalidArgumentError, match="at least one member"):
        MLFFGen([])
    with pytest.raises(mlffgen.BadFileError):
        MLFFGen("absent.mlff")
    with pytest.raises(TypeError):
        MLFFGen(float_model, divice="cuda")
    atoms.calc.close()
    atoms.rattle()
    with pytest.raises(mlffgen.InvalidArgumentError, match="closed"):
        atoms.get_forces()


def test_a_committee_has_the_mean_and_the_spread_of_its_members(members: list[Path], structures: Structures) -> None:
    for atoms in (structures[1].copy(), structures[4].copy()):
        results = []
        for member in members:
            atoms.calc = MLFFGen(member)
            atoms.get_forces()
            results.append(atoms.calc.results)
        atoms.calc = committee = MLFFGen(members)
        atoms.get_forces()
        names = ["energy", "forces", *(["stress"] if atoms.pbc.all() else [])]
        for name in names:
            each = np.array([result[name] for result in results])
            np.testing.assert_array_equal(committee.results[f"{name}_members"], each)
            np.testing.assert_allclose(committee.results[name], np.mean(each, axis=0), rtol=1e-14, atol=1e-15)
            spread = np.sqrt(np.sum((each - each.mean(axis=0)) ** 2, axis=0) / (len(members) - 1))
            np.testing.assert_allclose(committee.results[f"{name}_std"], spread, rtol=1e-10, atol=1e-15)
        assert np.all(committee.results["forces_std"] > 0)
        np.testing.assert_array_equal(committee.get_property("forces_std", atoms), committee.results["forces_std"])
        assert committee.get_property("energy_std", atoms) == committee.results["energy_std"] > 0
        assert committee.models[0].statistics.calls == 1


def test_a_committee_s_forces_are_the_gradient_of_its_energy(members: list[Path]) -> None:
    atoms = molecule("H2O")
    atoms.calc = MLFFGen([mlffgen.Model(member) for member in members])
    forces = atoms.get_forces()
    np.testing.assert_allclose(forces, numerical_forces(atoms), rtol=0, atol=1e-6 * np.abs(forces).max())


def test_copies_and_pickles_compute_the_same(members: list[Path]) -> None:
    atoms = molecule("CH3OH")
    atoms.calc = MLFFGen(members)
    forces = atoms.get_forces()
    for calculator in (pickle.loads(pickle.dumps(atoms.calc)), copy.deepcopy(atoms.calc)):
        other = atoms.copy()
        other.calc = calculator
        np.testing.assert_array_equal(other.get_forces(), forces)
        other.rattle()
        other.get_forces()
        assert calculator.models[0].statistics.calls == 1  # of its own model


def test_results_survive_files(members: list[Path], tmp_path: Path) -> None:
    atoms = molecule("CH3OH", vacuum=3.0, pbc=True)
    atoms.calc = MLFFGen(members)
    forces, stress = atoms.get_forces(), atoms.get_stress()
    for name in ("a.traj", "a.extxyz"):
        ase.io.write(tmp_path / name, atoms)
        read = ase.io.read(tmp_path / name)
        assert read.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), rel=1e-8)
        np.testing.assert_allclose(read.get_forces(), forces, atol=1e-7)
        np.testing.assert_allclose(read.get_stress(), stress, atol=1e-8)
