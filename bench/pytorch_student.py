"""The student PaiNN of the MLFF Distiller in plain PyTorch, with forces by autograd: the peer of student models.

Its filters come from a network of two layers whose bias survives the cutoff, and a 3x3 matrix mixes the Cartesian
components of vectors. Shapes, units and conventions as in pytorch_painn.py.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import silu

from pytorch_painn import Inputs, Network, count_layers

_DISTANCE_EPSILON = 1e-8  # angstrom


class StudentPaiNN(Network):
    """The student's dialect."""

    dialect = "student"

    def __init__(self, arrays: dict[str, np.ndarray], cutoff: float, dtype: torch.dtype, device: str = "cpu") -> None:
        super().__init__(arrays, cutoff, dtype, device)
        self.features = int(self._weights["embedding.weight"].shape[1])  # F
        self.layers = count_layers(arrays, "interactions.")

    def _mlp(self, name: str, x: Tensor) -> Tensor:
        """Linear, SiLU, linear."""
        return self._dense(name + ".2", silu(self._dense(name + ".0", x)))

    def _message(
        self, layer: int, s: Tensor, v: Tensor, rbf: Tensor, u: Tensor, inputs: Inputs
    ) -> tuple[Tensor, Tensor]:
        """s [n_atoms][F], v [n_atoms][3][F], rbf [n_pairs][n_rbf], directions u [n_pairs][3]."""
        w = self._mlp(f"interactions.{layer}.message.rbf_to_scalar", rbf)  # [n_pairs][3F]
        a, b, c = torch.split(w, self.features, dim=1)
        vectors = v[inputs.neighbour] * b[:, None, :] + u[:, :, None] * c[:, None, :]  # [n_pairs][3][F]
        scalars = torch.zeros_like(s).index_add(0, inputs.centre, s[inputs.neighbour] * a)
        return s + scalars, v + torch.zeros_like(v).index_add(0, inputs.centre, vectors)

    def _update(self, layer: int, s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        name = f"interactions.{layer}.update"
        y = self._mlp(name + ".update_mlp", torch.cat((s, torch.linalg.norm(v, dim=1)), dim=1))
        g, p, q = torch.split(y, self.features, dim=1)
        matrix = self._weights.get(name + ".mixing_matrix")
        if matrix is not None:  # the last layer has none: the energy does not see its vectors
            v = v * p[:, None, :] + torch.einsum("xy,nyf->nxf", matrix, v) * q[:, None, :]
        return s + g, v

    def _interaction_energy(self, inputs: Inputs) -> Tensor:
        x = inputs.positions
        r = x[inputs.neighbour] - x[inputs.centre] + inputs.shift  # [n_pairs][3], angstrom
        distance = torch.linalg.norm(r, dim=1, keepdim=True)
        u = r / (distance + _DISTANCE_EPSILON)
        rbf = torch.exp(-(((distance - self._weights["rbf.centers"]) / self._weights["rbf.widths"]) ** 2))
        rbf = rbf * self._envelope(distance)
        s = self._weights["embedding.weight"][inputs.numbers]
        v = torch.zeros((s.shape[0], 3, self.features), dtype=s.dtype, device=s.device)
        for layer in range(self.layers):
            s, v = self._message(layer, s, v, rbf, u, inputs)
            s, v = self._update(layer, s, v)
        h = silu(self._dense("energy_head.2", silu(self._dense("energy_head.0", s))))
        return self._dense("energy_head.4", h).sum()
