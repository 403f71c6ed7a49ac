"""PaiNN as models/architectures/painn-bessel.yaml says, for training; the parameters have the names of its weights.

Schütt, Unke, Gastegger, arXiv 2102.03150; radial basis and cutoff of Gasteiger, Groß, Günnemann, arXiv 2003.03123
(eqs. 7 and 8). F features, lengths in angstrom, energies in eV. Runs on PyTorch 1.13 and 2.x.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

_NORM_EPSILON = 1e-8


def _linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class _Network(nn.ModuleList):
    """Linear, SiLU, linear; the parameters are 0.weight, 0.bias, 1.weight, 1.bias."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__([_linear(inputs, hidden), _linear(hidden, outputs)])

    def forward(self, x: Tensor) -> Tensor:
        return self[1](silu(self[0](x)))


class _Message(nn.Module):
    """Sums over neighbours, added to s [n_atoms][F] and v [n_atoms][3][F]."""

    def __init__(self, features: int, bessels: int) -> None:
        super().__init__()
        self.context = _Network(features, features, 3 * features)
        self.filter = _linear(bessels, 3 * features)

    def forward(self, s: Tensor, v: Tensor | None, rbf: Tensor, envelope: Tensor, direction: Tensor, centre: Tensor,
                neighbour: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        """rbf [n_pairs][bessels], envelope [n_pairs][1], direction [n_pairs][3]; v of None stands for zeros."""
        x = self.context(s).index_select(0, neighbour) * (self.filter(rbf) * envelope)  # [n_pairs][3F]
        a, b, c = x.chunk(3, dim=1)
        message = b[:, None, :] * direction[:, :, None]  # [n_pairs][3][F]
        if v is not None:
            message = message + c[:, None, :] * v.index_select(0, neighbour)
        v = s.new_zeros((s.shape[0], 3, s.shape[1])) if v is None else v
        return s.index_add(0, centre, a), v.index_add(0, centre, message)


class _Update(nn.Module):
    """Mixing of an atom's own features s [n_atoms][F] and v [n_atoms][3][F]."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mix = _linear(features, 2 * features, bias=False)
        self.context = _Network(2 * features, features, 3 * features)

    def forward(self, s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        left, right = self.mix(v).chunk(2, dim=2)
        norm = torch.sqrt((left * left).sum(dim=1) + _NORM_EPSILON)  # [n_atoms][F]
        a, b, c = self.context(torch.cat((s, norm), dim=1)).chunk(3, dim=1)
        return s + a + c * (left * right).sum(dim=1), v + b[:, None, :] * right


class PaiNN(nn.Module):
    """The network without its per-element energies, which are large and added in float64 (element_energy).

    elements  largest atomic number + 1: rows of the embedding; row 0 is that of padding
    cutoff    angstrom
    """

    def __init__(
        self,
        elements: int,
        features: int = 128,
        layers: int = 3,
        cutoff: float = 5.0,
        bessels: int = 8,
        exponent: int = 6,
        readout: int = 64,
    ) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.exponent = exponent
        self.embedding = nn.Embedding(elements, features)
        self.message = nn.ModuleList(_Message(features, bessels) for _ in range(layers))
        self.update = nn.ModuleList(_Update(features) for _ in range(layers))
        self.readout = _Network(features, readout, 1)
        self.register_buffer("element_energy", torch.zeros(elements, dtype=torch.float64))  # eV
        self.register_buffer("_orders", torch.arange(1, bessels + 1), persistent=False)

    def _basis(self, distance: Tensor) -> Tensor:
        """Bessel functions [n_pairs][bessels] of distances [n_pairs][1]."""
        angles = self._orders.to(distance.dtype) * (math.pi / self.cutoff) * distance
        return math.sqrt(2.0 / self.cutoff) * torch.sin(angles) / distance

    def _envelope(self, distance: Tensor) -> Tensor:
        """The polynomial cutoff [n_pairs][1]."""
        d, p = distance / self.cutoff, self.exponent
        return 1 - d**p * ((p + 1) * (p + 2) / 2 - d * (p * (p + 2) - d * (p * (p + 1) / 2)))

    def forward(self, numbers: Tensor, centre: Tensor, neighbour: Tensor, displacement: Tensor, real: Tensor) -> Tensor:
        """Energies of atoms [n_atoms] (eV) without element_energy.

        numbers            [n_atoms], atomic numbers
        centre, neighbour  [n_pairs], atoms i and j of each directed pair
        displacement       [n_pairs][3], r_j - r_i in angstrom, not zero
        real               [n_pairs][1], 1, or 0 for a pair of padding, which has no effect
        """
        distance = torch.sqrt((displacement * displacement).sum(dim=1, keepdim=True))
        direction = displacement / distance
        rbf, envelope = self._basis(distance), self._envelope(distance) * real
        # Not self.embedding(numbers): its gradient sorts on a GPU.
        s, v = self.embedding.weight.index_select(0, numbers), None
        for message, update in zip(self.message, self.update):
            s, v = message(s, v, rbf, envelope, direction, centre, neighbour)
            s, v = update(s, v)
        return self.readout(s)[:, 0]

    def energies_and_forces(
        self, numbers: Tensor, centre: Tensor, neighbour: Tensor, displacement: Tensor, real: Tensor,
        create_graph: bool = False,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Energies of atoms [n_atoms] (eV) as above, and forces [n_atoms][3] (eV/angstrom)."""
        displacement = displacement.detach().requires_grad_()
        energies = self(numbers, centre, neighbour, displacement, real)
        # Of r = x_j - x_i: the gradient of the energy in r pulls atom i and pushes atom j.
        (gradient,) = torch.autograd.grad(energies.sum(), displacement, create_graph=create_graph)
        forces = torch.zeros((len(numbers), 3), dtype=gradient.dtype, device=gradient.device)
        return energies, forces.index_add(0, centre, gradient).index_add(0, neighbour, -gradient)


def save_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes weights, float32 or float64, in the safetensors format, as a whole or not at all."""
    header: dict[str, object] = {"__metadata__": metadata}
    data = b""
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().numpy()
        dtype = {"float32": "F32", "float64": "F64"}[array.dtype.name]
        block = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(block)]}
        data += block
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_suffix(".part")
    part.write_bytes(struct.pack("<Q", len(text)) + text + data)
    part.replace(path)
