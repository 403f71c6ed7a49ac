"""What the tests of the Python package share: compiled models, structures, and the status of a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase
import mlffgen
import numpy as np
import pytest
from ase.build import molecule
from numpy.typing import NDArray

TOP = Path(__file__).resolve().parents[2]
SPEC = TOP / "models" / "demo" / "painn-untrained.yaml"
MOLECULES = TOP / "models" / "demo" / "molecules.extxyz"
REFERENCE = Path(os.environ.get("MLFFGEN_REFERENCE_DIR", TOP.parent / "shared" / "reference"))
SKIPPED = 77


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of which every test was skipped is a skip."""
    stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
    if "skipped" in stats and not stats.keys() & {"passed", "failed", "error"}:
        session.exitstatus = SKIPPED


def compiled(path: Path, seed: int = 1, spec: Path = SPEC, **options: str) -> Path:
    """A model for this processor, with random weights; of its GPU kernels the first form alone, which is quicker."""
    return mlffgen.compile(
        spec, path, untrained_weights=seed, target="host", host_cpus=["native"], forms=["fused"], **options
    )


Arrays = dict[str, NDArray[Any]]


def batch_arrays(structures: list[ase.Atoms]) -> tuple[Arrays, Arrays]:
    """The structures as arguments of evaluate_on_device, and arrays for its results, poisoned."""
    inputs = {
        "positions": np.concatenate([a.positions for a in structures]),
        "numbers": np.concatenate([a.numbers for a in structures]).astype(np.int32),
        "system_begin": np.cumsum([0, *map(len, structures)]).astype(np.int32),
        "cells": np.array([a.cell.array for a in structures]),
        "periodic": np.array([a.pbc @ [1, 2, 4] for a in structures], np.int32),
    }
    n, s = len(inputs["positions"]), len(structures)
    shapes = {"energies": (s,), "atom_energies": (n,), "forces": (n, 3), "virials": (s, 3, 3)}
    return inputs, {name: np.full(shape, np.nan) for name, shape in shapes.items()}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def float_model(folder: Path) -> Path:
    return compiled(folder / "float.mlff")


@pytest.fixture(scope="session")
def double_model(folder: Path) -> Path:
    return compiled(folder / "double.mlff", precision="double")


@pytest.fixture(scope="session")
def kcal_model(folder: Path) -> Path:
    """The double model with the same weights, whose author called the units kcal/mol and bohr."""
    spec = folder / "kcal.yaml"
    spec.write_text(SPEC.read_text().replace("length: angstrom, energy: eV", "length: bohr, energy: kcal/mol"))
    return compiled(folder / "kcal.mlff", spec=spec, precision="double")


@pytest.fixture(scope="session")
def members(folder: Path) -> list[Path]:
    return [compiled(folder / f"member{seed}.mlff", seed, precision="double") for seed in (1, 2, 3)]


@pytest.fixture
def model(float_model: Path) -> Iterator[mlffgen.Model]:
    with mlffgen.Model(float_model) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def structures() -> list[ase.Atoms]:
    """Molecules and boxes of H, C and O, from one atom to some dozens, of several periodicities."""
    random = np.random.default_rng(7)
    found = [molecule(name) for name in ("H2O", "CH3CH2OH", "C6H6", "O")]
    box = molecule("CH3OH")
    box.set_cell([[4.5, 0, 0], [1.1, 4.2, 0], [-0.7, 0.9, 4.8]])
    box.pbc = True
    slab = molecule("H2O").repeat(1)
    slab.set_cell([4.0, 4.3, 0])
    slab.pbc = (True, True, False)
    found += [box, slab, box.repeat((2, 1, 2))]
    for atoms in found:
        atoms.positions += random.normal(scale=0.05, size=atoms.positions.shape)
    return found
