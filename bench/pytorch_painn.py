"""PaiNN in plain PyTorch, with forces by autograd: the peer that the benchmark measures against.

Schütt, Unke, Gastegger, "Equivariant message passing for the prediction of tensorial properties and molecular spectra"
(2021), in SchNetPack's dialect and with its parameter names. Shapes: F features, 3F the three parts of a message;
lengths in angstrom, energies in the unit of the weights. Runs on PyTorch 1.13 and 2.x.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import linear, silu

from extxyz import Frame
from neighbours import NeighbourList

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
_NORM_EPSILON = 1e-8


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Reads a weight file into name -> array (dtype and shape as stored) and its metadata.

    Raises OSError for a file that cannot be read and ValueError for one that is no safetensors file.
    """
    data = path.read_bytes()
    try:
        (header_size,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + header_size])
    except (struct.error, ValueError) as error:
        raise ValueError(f"{path}: no safetensors file") from error
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[begin:end], dtype=_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


class Inputs:
    """One structure as tensors on a device, its neighbour list given.

    numbers    [n_atoms] int64
    positions  [n_atoms][3], angstrom, requires a gradient
    centre, neighbour  [n_pairs] int64
    shift      [n_pairs][3], angstrom
    """

    def __init__(self, frame: Frame, pairs: NeighbourList, dtype: torch.dtype, device: str = "cpu") -> None:
        self.numbers = torch.tensor(frame.numbers, device=device)
        self.positions = torch.tensor(frame.positions, dtype=dtype, device=device, requires_grad=True)
        self.centre = torch.tensor(pairs.centre, device=device)
        self.neighbour = torch.tensor(pairs.neighbour, device=device)
        self.shift = torch.tensor(pairs.shift, dtype=dtype, device=device)


def count_layers(arrays: dict[str, np.ndarray], prefix: str) -> int:
    """How many numbers follow the prefix in the names."""
    return len({name[len(prefix) :].split(".")[0] for name in arrays if name.startswith(prefix)})


class Network:
    """A network with fixed weights; no parameter asks for a gradient, so autograd follows the positions alone.

    A dialect adds `dialect`, its name, and _interaction_energy().
    """

    dialect = ""

    def __init__(self, arrays: dict[str, np.ndarray], cutoff: float, dtype: torch.dtype, device: str) -> None:
        self._weights = {
            name: torch.tensor(np.array(array, dtype=np.float64), dtype=dtype, device=device)
            for name, array in arrays.items()
        }
        self.cutoff = cutoff  # angstrom
        self.offset = 0.0  # energy unit per atom

    def _dense(self, name: str, x: Tensor) -> Tensor:
        """Linear layer [..., in] -> [..., out]."""
        return linear(x, self._weights[name + ".weight"], self._weights.get(name + ".bias"))

    def _envelope(self, distance: Tensor) -> Tensor:
        """The cosine cutoff."""
        return 0.5 * (torch.cos(distance * (math.pi / self.cutoff)) + 1.0)

    def _interaction_energy(self, inputs: Inputs) -> Tensor:
        """Energy [] without the per-atom offset."""
        raise NotImplementedError

    def energy_and_gradient(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Energy [] without the per-atom offset and its gradient [n_atoms][3], enqueued only: nothing waits for a GPU."""
        energy = self._interaction_energy(inputs)
        return energy.detach(), torch.autograd.grad(energy, inputs.positions)[0]

    def energy_and_forces(self, inputs: Inputs) -> tuple[float, Tensor]:
        """Energy (offset included, energy unit) and forces [n_atoms][3] (energy unit / angstrom)."""
        energy = self._interaction_energy(inputs)
        if inputs.centre.numel() == 0:
            forces = torch.zeros_like(inputs.positions)
        else:
            forces = -torch.autograd.grad(energy, inputs.positions)[0]
        return float(energy.detach()) + self.offset * inputs.numbers.numel(), forces


class PaiNN(Network):
    """SchNetPack's dialect."""

    dialect = "SchNetPack"
    # Names of the parts; {} is the layer.
    _EMBEDDING = "representation.embedding.weight"
    _CONTEXT = "representation.interactions.{}.interatomic_context_net"
    _MIX = "representation.mixing.{}.mu_channel_mix"
    _UPDATE = "representation.mixing.{}.intraatomic_context_net"
    _READOUT = "output_modules.0.outnet"

    def __init__(self, arrays: dict[str, np.ndarray], cutoff: float, dtype: torch.dtype, device: str = "cpu") -> None:
        super().__init__(arrays, cutoff, dtype, device)
        self.features = int(self._weights[self._EMBEDDING].shape[1])  # F
        self.layers = count_layers(arrays, self._CONTEXT.split("{}")[0])
        # Kept in double: it is 1e5 times larger than what the forces depend on.
        self.offset = float(arrays["postprocessors.1.mean"][0]) if "postprocessors.1.mean" in arrays else 0.0

    def _mlp(self, name: str, x: Tensor) -> Tensor:
        """Linear, SiLU, linear."""
        return self._dense(name + ".1", silu(self._dense(name + ".0", x)))

    def _filters(self, distance: Tensor) -> tuple[Tensor, ...]:
        """Radial filters: distance [n_pairs][1] in angstrom -> one [n_pairs][3F] a layer."""
        offsets = self._weights["representation.radial_basis.offsets"]
        widths = self._weights["representation.radial_basis.widths"]
        basis = torch.exp(-0.5 / widths**2 * (distance - offsets) ** 2)  # [n_pairs][n_rbf]
        filters = self._dense("representation.filter_net", basis) * self._envelope(distance)  # [n_pairs][layers 3F]
        return torch.split(filters, 3 * self.features, dim=1)

    def _interaction(
        self, layer: int, s: Tensor, v: Tensor, w: Tensor, u: Tensor, inputs: Inputs
    ) -> tuple[Tensor, Tensor]:
        """Message pass: s [n_atoms][F], v [n_atoms][3][F], filters w [n_pairs][3F], directions u [n_pairs][3]."""
        x = self._mlp(self._CONTEXT.format(layer), s)  # [n_atoms][3F]
        a, b, c = torch.split(x[inputs.neighbour] * w, self.features, dim=1)
        message = b[:, None, :] * u[:, :, None] + c[:, None, :] * v[inputs.neighbour]  # [n_pairs][3][F]
        s = s + torch.zeros_like(s).index_add(0, inputs.centre, a)
        v = v + torch.zeros_like(v).index_add(0, inputs.centre, message)
        return s, v

    def _mixing(self, layer: int, s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Update on each atom: s [n_atoms][F], v [n_atoms][3][F]."""
        left, right = torch.split(self._dense(self._MIX.format(layer), v), self.features, dim=2)
        norm = torch.sqrt((left * left).sum(dim=1) + _NORM_EPSILON)  # [n_atoms][F]
        x = self._mlp(self._UPDATE.format(layer), torch.cat((s, norm), dim=1))
        a, b, c = torch.split(x, self.features, dim=1)
        s = s + a + c * (left * right).sum(dim=1)
        v = v + b[:, None, :] * right
        return s, v

    def _interaction_energy(self, inputs: Inputs) -> Tensor:
        x = inputs.positions
        r = x[inputs.neighbour] - x[inputs.centre] + inputs.shift  # [n_pairs][3], angstrom
        distance = torch.linalg.norm(r, dim=1, keepdim=True)
        u = r / distance
        filters = self._filters(distance)
        s = self._weights[self._EMBEDDING][inputs.numbers]
        v = torch.zeros((s.shape[0], 3, self.features), dtype=s.dtype, device=s.device)
        for layer in range(self.layers):
            s, v = self._interaction(layer, s, v, filters[layer], u, inputs)
            s, v = self._mixing(layer, s, v)
        return self._mlp(self._READOUT, s).sum()
