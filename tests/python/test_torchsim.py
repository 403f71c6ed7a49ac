"""mlffgen.torchsim.MLFFGenModel: TorchSim's own checks of its interface, and the numbers of ASE's calculator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="no PyTorch")
ts = pytest.importorskip("torch_sim", reason="no TorchSim (pip install torch-sim-atomistic)")

import mlffgen  # noqa: E402
from conftest import compiled  # noqa: E402
from mlffgen.ase import MLFFGen  # noqa: E402
from mlffgen.torchsim import MLFFGenModel  # noqa: E402
from torch_sim.models.interface import validate_model_outputs  # noqa: E402

CPU = torch.device("cpu")


def state_of(structures: list[ase.Atoms], dtype: torch.dtype = torch.float64) -> Any:
    return ts.io.atoms_to_state(structures, CPU, dtype)


def test_torchsim_accepts_it(tmp_path: Path) -> None:
    # TorchSim's check evaluates silicon and iron.
    spec = tmp_path / "metals.yaml"
    spec.write_text(Path(__file__).resolve().parents[2].joinpath("models/demo/painn-untrained.yaml").read_text()
                    .replace("[H, C, O]", "[Si, Fe]"))  # fmt: skip
    validate_model_outputs(MLFFGenModel(compiled(tmp_path / "metals.mlff", spec=spec)), CPU, torch.float64)


@pytest.mark.parametrize("units", ["double_model", "kcal_model"])
def test_numbers_are_those_of_ase_s_calculator(
    units: str, structures: list[ase.Atoms], request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(units)
    boxes = [atoms for atoms in structures if atoms.pbc.all()]
    state = state_of(boxes)
    results = MLFFGenModel(path)(state)
    begin = 0
    for k, atoms in enumerate(boxes):
        atoms = atoms.copy()
        atoms.calc = MLFFGen(path)
        assert results["energy"][k].item() == pytest.approx(atoms.get_potential_energy(), rel=1e-14)
        forces = results["forces"][begin : begin + len(atoms)].numpy()
        np.testing.assert_allclose(forces, atoms.get_forces(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(results["stress"][k].numpy(), atoms.get_stress(voigt=False), rtol=1e-9, atol=1e-14)
        begin += len(atoms)


def test_what_is_not_wanted_is_left_out(float_model: Path, structures: list[ase.Atoms]) -> None:
    free = [atoms for atoms in structures if not atoms.pbc.any()]
    state = state_of(free, torch.float32)
    model = MLFFGenModel(float_model, dtype=torch.float32, compute_stress=False)
    results = model(state)
    assert set(results) == {"energy", "forces"} and results["forces"].dtype == torch.float32
    model.compute_forces = False
    assert set(model(state)) == {"energy"}
    assert torch.equal(model(state)["energy"], results["energy"])
    with pytest.raises(mlffgen.InvalidArgumentError, match="cpu or cuda"):
        MLFFGenModel(float_model, device="meta")


def test_dynamics_of_a_batch_keep_their_energies(double_model: Path, structures: list[ase.Atoms]) -> None:
    model = MLFFGenModel(double_model)
    state = state_of([structures[4], structures[4]])
    init, step = ts.integrators.nve(model=model, dt=torch.tensor(0.0005 * 9.8227), kT=torch.tensor(0.02585))
    state = init(state, seed=3)
    totals = []
    for _ in range(200):
        state = step(state)
        kinetic = ts.quantities.calc_kinetic_energy(
            masses=state.masses, momenta=state.momenta, system_idx=state.system_idx
        )
        totals.append((state.energy + kinetic).tolist())
    assert state.energy[0] != state.energy[1]
    assert np.ptp(totals, axis=0).max() < 0.02 * kinetic.max().item()
