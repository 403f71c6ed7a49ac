"""A model for TorchSim (torch-sim-atomistic), which moves many systems side by side.

    from mlffgen.torchsim import MLFFGenModel

    model = MLFFGenModel("model.mlff", device=torch.device("cuda"))
    torch_sim.integrate(system, model, integrator=torch_sim.Integrator.nvt_langevin, ...)

On a GPU nothing is copied to the host: the model works on TorchSim's tensors.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch_sim.models.interface import ModelInterface
from torch_sim.state import SimState

from mlffgen.errors import InvalidArgumentError
from mlffgen.model import Model


class MLFFGenModel(ModelInterface):
    """TorchSim's ModelInterface over mlffgen.Model; units of TorchSim (eV, angstrom) whatever those of the model.

    path            MODEL.mlff
    device          of TorchSim's tensors, "cpu" or "cuda:N", and so of the model
    dtype           of TorchSim's tensors, float64 or float32. The model itself takes positions in float64
    compute_forces, compute_stress  what a call returns beside the energy
    threads         of the host; 0: as many as the atoms are worth
    skin            as in mlffgen.Model

    Raises what mlffgen.Model raises.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
        compute_forces: bool = True,
        compute_stress: bool = True,
        threads: int = 0,
        skin: float = 0.0,
    ) -> None:
        super().__init__()
        self._device = torch.device(device)
        if self._device.type not in ("cpu", "cuda"):
            raise InvalidArgumentError(f"device: expected cpu or cuda, not {self._device}")
        self._dtype = dtype
        self._compute_forces = compute_forces
        self._compute_stress = compute_stress
        where = "host" if self._device.type == "cpu" else f"cuda:{self._device.index or 0}"
        self.model = Model(path, where, threads=threads, skin=skin)

    @ModelInterface.compute_forces.setter
    def compute_forces(self, wanted: bool) -> None:
        self._compute_forces = wanted

    @ModelInterface.compute_stress.setter
    def compute_stress(self, wanted: bool) -> None:
        self._compute_stress = wanted

    def forward(self, state: SimState | dict[str, Any], **_: object) -> dict[str, torch.Tensor]:
        """Energy [n_systems] eV, forces [n_atoms][3] eV/angstrom and stress [n_systems][3][3] eV/angstrom^3 of a state.

        The stress is positive where the cell would shrink, as ASE's, and needs cells that have a volume.
        """
        if isinstance(state, dict):
            state = SimState(**{"masses": torch.ones_like(state["positions"][:, 0]), **state})
        units = self.model.info.units
        cells = state.row_vector_cell.detach().to(torch.float64).contiguous()
        results = self._evaluate(state, cells / units.length_in_angstrom)
        energy, force = units.energy_in_ev, units.energy_in_ev / units.length_in_angstrom
        output = {"energy": results["energies"] * energy}
        if self.compute_forces:
            output["forces"] = results["forces"] * force
        if self.compute_stress:
            output["stress"] = -results["virials"] * energy / torch.linalg.det(cells).abs()[:, None, None]
        return {name: value.to(self._dtype) for name, value in output.items()}

    def _evaluate(self, state: SimState, cells: torch.Tensor) -> dict[str, torch.Tensor]:
        """In the model's units, float64, on the state's device."""
        positions = state.positions.detach().to(torch.float64).contiguous() / self.model.info.units.length_in_angstrom
        numbers = state.atomic_numbers.to(torch.int32).contiguous()
        counts = torch.bincount(state.system_idx, minlength=len(cells))
        begin = torch.nn.functional.pad(counts.cumsum(0), (1, 0)).to(torch.int32)
        directions = torch.as_tensor(state.pbc, device=positions.device).expand(3)
        if self._device.type == "cpu":
            batch = self.model.evaluate_batch(
                positions, numbers, cells, directions, system_begin=begin, forces=self.compute_forces,
                virial=self.compute_stress,
            )  # fmt: skip
            names = ("energies", "forces", "virials")
            arrays = {name: getattr(batch, name) for name in names}
            return {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}
        return self._evaluate_on_device(positions, numbers, begin, cells, directions)

    def _evaluate_on_device(
        self, positions: torch.Tensor, numbers: torch.Tensor, begin: torch.Tensor, cells: torch.Tensor,
        directions: torch.Tensor,
    ) -> dict[str, torch.Tensor]:  # fmt: skip
        bits = (directions.to(torch.int32) * torch.tensor([1, 2, 4], dtype=torch.int32, device=positions.device)).sum()
        results = {"energies": positions.new_empty(len(cells))}
        if self.compute_forces:
            results["forces"] = torch.empty_like(positions)
        if self.compute_stress:
            results["virials"] = torch.empty_like(cells)
        self.model.evaluate_on_device(
            positions, numbers, system_begin=begin, cells=cells, periodic=bits.to(torch.int32).repeat(len(cells)),
            stream=torch.cuda.current_stream(positions.device), **results,
        )  # fmt: skip
        return results
