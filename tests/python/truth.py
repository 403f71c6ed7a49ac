"""Random structures, and what a PyTorch model says of them in float64."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from extxyz import SYMBOLS, Frame
from neighbours import neighbour_list

_NUMBERS = (1, 6, 8)  # H, C, O


def randomise(model: torch.nn.Module, seed: int = 1) -> torch.nn.Module:
    """Weights as large as those of a trained model, biases included; factors of activations stay as they are."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith((".alpha", ".beta", ".widths", ".offsets")):
                continue
            n_in = parameter.shape[-1] if parameter.ndim > 1 and "embedding" not in name else 1
            spread = 1.0 if parameter.ndim > 1 else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread / n_in**0.5)
    return model


def _scattered(count: int, box: float, random: np.random.Generator) -> np.ndarray:
    """Positions in a cube, no two closer than 0.9 angstrom, [count][3]."""
    points: list[np.ndarray] = []
    while len(points) < count:
        point = random.uniform(0, box, 3)
        if all(np.linalg.norm(point - other) > 0.9 for other in points):
            points.append(point)
    return np.array(points)


def structures(seed: int = 2) -> list[Frame]:
    """Clusters, a skew cell smaller than the cutoff's diameter, a slab, a single atom."""
    random = np.random.default_rng(seed)

    def frame(name: str, count: int, box: float, **more: Any) -> Frame:
        return Frame(random.choice(_NUMBERS, count).astype(np.int64), _scattered(count, box, random), name=name, **more)

    skew = np.array([[6.0, 0.0, 0.0], [1.5, 6.5, 0.0], [0.5, -1.0, 7.0]])
    return [
        frame("cluster", 9, 4.0),
        frame("large-cluster", 24, 7.0),
        frame("skew-box", 12, 5.0, cell=skew, pbc=np.array([True, True, True])),
        frame("slab", 8, 4.5, cell=np.diag([6.0, 7.0, 30.0]), pbc=np.array([True, True, False])),
        frame("single-atom", 1, 1.0),
    ]


def evaluate(model: torch.nn.Module, frame: Frame, cutoff: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy, forces [n_atoms][3] and virial [3][3] (-dE/d(strain), symmetric) in the model's units, in float64."""
    pairs = neighbour_list(frame, cutoff)
    positions = torch.tensor(frame.positions, requires_grad=True)
    strain = torch.zeros((3, 3), dtype=torch.float64, requires_grad=True)
    deformation = torch.eye(3, dtype=torch.float64) + (strain + strain.T) / 2
    batch: dict[str, Any] = {
        "_atomic_numbers": torch.tensor(frame.numbers),
        "_positions": positions @ deformation,
        "_offsets": torch.tensor(np.array(pairs.shift)) @ deformation,
        "_idx_i": torch.tensor(pairs.centre),
        "_idx_j": torch.tensor(pairs.neighbour),
        "_idx_m": torch.zeros(len(frame.numbers), dtype=torch.int64),
        "_n_atoms": torch.tensor([len(frame.numbers)]),
    }
    energy = model(batch)["energy"].sum()
    gradients = torch.autograd.grad(energy, [positions, strain], allow_unused=True)
    of_positions, of_strain = (torch.zeros_like(x) if g is None else g for g, x in zip(gradients, (positions, strain)))
    return float(energy.detach()), -of_positions.numpy(), -of_strain.numpy()


def write_truth(path: Path, model: torch.nn.Module, cutoff: float) -> None:
    """The structures with the model's results as extended XYZ that `mlffgen eval --compare` reads."""
    model = copy.deepcopy(model).double()
    lines: list[str] = []
    for frame in structures():
        energy, forces, virial = evaluate(model, frame, cutoff)
        comment = (
            f'Properties=species:S:1:pos:R:3:forces:R:3 energy={energy!r} name={frame.name} virial="{_row(virial)}"'
        )
        if frame.pbc.any():
            comment += f' Lattice="{_row(frame.cell)}" pbc="{" ".join("T" if flag else "F" for flag in frame.pbc)}"'
        lines += [str(len(frame.numbers)), comment]
        for number, position, force in zip(frame.numbers, frame.positions, forces):
            lines.append(f"{SYMBOLS[int(number)]} {_row(position)} {_row(force)}")
    path.write_text("\n".join(lines) + "\n")


def _row(values: np.ndarray) -> str:
    return " ".join(repr(float(x)) for x in values.ravel())
