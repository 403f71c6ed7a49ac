"""Writes a model as SchNetPack saves it, a small PaiNN with random weights: make_best_model.py FILE.

Needs PyTorch; the names are those of fake_schnetpack.py.
"""

from __future__ import annotations

import sys

import fake_schnetpack as spk
import torch

FEATURES, CUTOFF = 16, 5.0


def potential() -> torch.nn.Module:
    """Weights as PyTorch draws them: forces as small as those of a molecule near its minimum."""
    torch.manual_seed(1)
    network = spk.PaiNN(FEATURES, 2, spk.GaussianRBF(12, CUTOFF), spk.CosineCutoff(CUTOFF))
    mean = spk.AddOffsets(mean=torch.tensor(-2.5, dtype=torch.float64))
    return spk.NeuralNetworkPotential(network, [spk.Atomwise(FEATURES), spk.Forces()], [spk.CastTo64(), mean])


if __name__ == "__main__":
    torch.save(potential(), sys.argv[1])
