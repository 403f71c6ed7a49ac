"""Checks pytorch_painn.py in float64 against reference energies and forces: the benchmark's own truth must be true.

usage: python3 bench/verify.py WEIGHTS.safetensors REFERENCE.extxyz
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from dialects import load_network
from extxyz import read_extxyz
from neighbours import neighbour_list
from pytorch_painn import Inputs

_ENERGY_BOUND = 1e-10  # relative
_FORCE_BOUND = 1e-9  # of the frame's largest force


def verify(weights: Path, reference: Path) -> bool:
    """Prints one line a frame and says whether every frame is within the bounds."""
    model = load_network(weights, torch.float64)
    all_right = True
    for frame in read_extxyz(reference):
        if frame.energy is None or frame.forces is None:
            raise ValueError(f"{reference}: frame {frame.name!r} has no energy or no forces")
        pairs = neighbour_list(frame, model.cutoff)
        energy, forces = model.energy_and_forces(Inputs(frame, pairs, torch.float64))
        energy_error = abs(energy - frame.energy) / abs(frame.energy)
        largest = np.abs(frame.forces).max()
        force_error = np.abs(forces.numpy() - frame.forces).max() / (largest if largest > 0 else 1.0)
        right = bool(energy_error <= _ENERGY_BOUND and force_error <= _FORCE_BOUND)
        all_right = all_right and right
        print(
            f"{'ok  ' if right else 'FAIL'} {frame.name:28s} {len(frame.numbers):5d} atoms {len(pairs.centre):6d} pairs"
            f"  energy {energy_error:.1e}  forces {force_error:.1e}"
        )
    return all_right


def main() -> int:
    parser = argparse.ArgumentParser(description="check the PyTorch PaiNN against float64 reference values")
    parser.add_argument("weights", type=Path)
    parser.add_argument("reference", type=Path)
    arguments = parser.parse_args()
    return 0 if verify(arguments.weights, arguments.reference) else 1


if __name__ == "__main__":
    sys.exit(main())
