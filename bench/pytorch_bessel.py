"""PaiNN with a sine basis and a polynomial cutoff (models/architectures/painn-bessel.yaml) in plain PyTorch.

Basis and cutoff are those of Gasteiger, Gross, Günnemann, "Directional message passing for molecular graphs" (2020),
eq. 7 and 8. Shapes, units and conventions as in pytorch_painn.py.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pytorch_painn import PaiNN

_EXPONENT = 6  # of the cutoff, as the architecture has it unless it is told otherwise


class BesselPaiNN(PaiNN):
    """The dialect of painn-bessel."""

    dialect = "Bessel"
    _EMBEDDING = "embedding.weight"
    _CONTEXT = "message.{}.context"
    _MIX = "update.{}.mix"
    _UPDATE = "update.{}.context"
    _READOUT = "readout"

    def __init__(self, arrays: dict[str, np.ndarray], cutoff: float, dtype: torch.dtype, device: str = "cpu") -> None:
        super().__init__(arrays, cutoff, dtype, device)
        count = arrays["message.0.filter.weight"].shape[1]
        self._frequencies = torch.arange(1, count + 1, dtype=dtype, device=device) * (math.pi / cutoff)  # [n_rbf]

    def _envelope(self, distance: Tensor) -> Tensor:
        p, d = _EXPONENT, distance / self.cutoff
        return 1.0 - (p + 1) * (p + 2) / 2 * d**p + p * (p + 2) * d ** (p + 1) - p * (p + 1) / 2 * d ** (p + 2)

    def _filters(self, distance: Tensor) -> tuple[Tensor, ...]:
        basis = math.sqrt(2.0 / self.cutoff) * torch.sin(distance * self._frequencies) / distance  # [n_pairs][n_rbf]
        envelope = self._envelope(distance)
        return tuple(self._dense(f"message.{k}.filter", basis) * envelope for k in range(self.layers))
