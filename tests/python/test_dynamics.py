"""ASE's methods with the calculator: dynamics that keep the energy, optimisers, NEB, phonons; the trained model."""

from __future__ import annotations

from pathlib import Path

import ase
import ase.io
import mlffgen
import numpy as np
import pytest
from ase import units
from ase.build import molecule
from ase.filters import FrechetCellFilter
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from ase.mep import NEB
from ase.optimize import BFGS, FIRE
from ase.phonons import Phonons
from ase.vibrations import Vibrations
from conftest import REFERENCE, TOP
from mlffgen.ase import MLFFGen


def relaxed(name: str, model: Path) -> ase.Atoms:
    atoms = molecule(name)
    atoms.calc = MLFFGen(model)
    assert FIRE(atoms, logfile=None).run(fmax=0.005, steps=1000)
    return atoms


def test_a_molecule_is_optimised_and_keeps_its_energy_in_1000_steps(double_model: Path) -> None:
    atoms = relaxed("CH3CH2OH", double_model)
    assert np.linalg.norm(atoms.get_forces(), axis=1).max() <= 0.005
    lowest = atoms.get_potential_energy()
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.RandomState(3))
    dynamics = VelocityVerlet(atoms, 0.5 * units.fs)
    totals, kinetics = [], []
    dynamics.attach(lambda: (totals.append(atoms.get_total_energy()), kinetics.append(atoms.get_kinetic_energy())))
    calls = atoms.calc.models[0].statistics.calls
    dynamics.run(1000)
    assert atoms.calc.models[0].statistics.calls - calls <= 1001
    assert np.ptp(kinetics) > 0.02 and min(np.array(totals) - np.array(kinetics)) > lowest - 1e-6
    # The swing of velocity Verlet is of second order in the step.
    assert np.ptp(totals) < 0.01 * np.mean(kinetics)
    assert abs(np.mean(totals[:250]) - np.mean(totals[-250:])) < 1e-3 * np.mean(kinetics)


def test_a_cell_follows_its_stress(double_model: Path) -> None:
    atoms = molecule("CH3OH")
    atoms.set_cell([[5.0, 0, 0], [0.6, 4.8, 0], [0, 0, 5.2]])
    atoms.pbc = True
    atoms.calc = MLFFGen(double_model)
    before = atoms.get_potential_energy()
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=0.02, steps=4)
    assert atoms.get_potential_energy() < before


def test_a_neb_converges(double_model: Path) -> None:
    start = relaxed("H2O", double_model)
    end = start.copy()
    end.positions[[1, 2]] = end.positions[[2, 1]]  # the hydrogens change places
    end.calc = MLFFGen(double_model)
    images = [start, *(start.copy() for _ in range(3)), end]
    for image in images[1:-1]:
        image.calc = MLFFGen(double_model)
    band = NEB(images, method="improvedtangent")
    band.interpolate()
    images[2].positions[1] += (0.4, 0.0, 0.0)  # past each other, not through
    images[2].positions[2] -= (0.4, 0.0, 0.0)
    first = np.sqrt((band.get_forces() ** 2).sum(axis=1).max())
    FIRE(band, logfile=None).run(fmax=0.02, steps=200)
    assert np.sqrt((band.get_forces() ** 2).sum(axis=1).max()) <= 0.02 < first
    energies = [image.get_potential_energy() for image in images]
    # There and back are the same way.
    assert energies == pytest.approx(energies[::-1], abs=1e-4)


def test_vibrations_have_six_modes_without_a_force(double_model: Path, tmp_path: Path) -> None:
    atoms = molecule("H2O")
    atoms.calc = MLFFGen(double_model)
    assert BFGS(atoms, logfile=None).run(fmax=1e-5, steps=1000)
    vibrations = Vibrations(atoms, name=str(tmp_path / "vib"), delta=0.002)
    vibrations.run()
    hessian = vibrations.get_vibrations().get_hessian_2d()
    stiffness = np.sort(np.abs(np.linalg.eigvalsh((hessian + hessian.T) / 2)))
    assert stiffness[5] < 1e-3 * stiffness[-1] and stiffness[6] > 10 * stiffness[5]


def test_phonons_do_not_hold_a_crystal_in_its_place(double_model: Path, tmp_path: Path) -> None:
    atoms = molecule("H2O", cell=[3.5, 3.7, 3.6], pbc=True)
    phonons = Phonons(atoms, MLFFGen(double_model), supercell=(1, 1, 2), name=str(tmp_path / "phonon"), delta=1e-3)
    phonons.run()
    phonons.read(acoustic=False)
    constants = phonons.get_force_constant()  # [n_cells][3 n_atoms][3 n_atoms] eV/angstrom^2
    shifted = constants.sum(axis=0).reshape(9, 3, 3).sum(axis=1)
    assert np.abs(shifted).max() < 1e-2 * np.abs(constants).max()


def test_the_trained_model_agrees_with_its_reference(tmp_path: Path) -> None:
    weights = REFERENCE / "painn_ethanol" / "weights.safetensors"
    if not weights.is_file():
        pytest.skip(f"no reference model in {REFERENCE}; MLFFGEN_REFERENCE_DIR names another folder")
    spec = TOP / "tests" / "specs" / "painn_ethanol.yaml"
    model = mlffgen.compile(
        spec, tmp_path / "ethanol.mlff", weights=weights, target="host", host_cpus=["native"], precision="double"
    )
    kcal = 4184 / (6.02214076e23 * 1.602176634e-19)  # of the reference, in eV
    frames = [frame for frame in ase.io.read(weights.parent / "reference.extxyz", ":") if len(frame) < 30]
    calculator = MLFFGen(model)
    for frame in frames:
        energy, forces = frame.get_potential_energy() * kcal, frame.get_forces() * kcal
        frame.calc = calculator
        assert frame.get_potential_energy() == pytest.approx(energy, rel=1e-10)
        np.testing.assert_allclose(frame.get_forces(), forces, rtol=0, atol=1e-9 * max(np.abs(forces).max(), 1e-3))
    assert len(frames) > 5
    atoms = frames[0].copy()
    atoms.calc = calculator
    assert FIRE(atoms, logfile=None).run(fmax=0.02, steps=1000)
