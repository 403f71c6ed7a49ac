#!/usr/bin/env python3
"""Trains a PaiNN of models/architectures/painn-bessel.yaml on data of make_data.py.

    python train.py --data organics.npz --output organics --minutes 8 --device cuda
    python train.py --data water.npz --output water --features 64 --cutoff 5.5 --minutes 8

The wall-clock time shapes the schedule (warm-up, then a cosine), or --steps does. The folder --output gets
weights.safetensors (the best on the validation set), training.json (settings, history, errors on held-out sets) and
checkpoint.pt, from which --resume goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from batches import DeviceData, Pairs, Size, all_pairs, fill, size_for
from dataset import Dataset, Split, concatenate, load, split
from painn import PaiNN, save_safetensors
from step import LossWeights, TrainingStep, predict

_WARM_UP = 0.01  # part of the schedule
_LAST_RATE = 1e-3  # of the highest
_VALIDATIONS = 30


def element_energies(data: Dataset, chosen: np.ndarray, rows: int) -> np.ndarray:
    """Energies [rows] (eV) by atomic number from least squares over the chosen configurations; 0 if not there."""
    counts = composition(data, rows)[chosen]
    return np.linalg.lstsq(counts, data.energies[chosen], rcond=None)[0]


def composition(data: Dataset, rows: int) -> np.ndarray:
    """Atoms of each atomic number [n][rows]."""
    configuration = np.repeat(np.arange(len(data)), np.diff(data.offsets))
    counts = np.zeros((len(data), rows))
    np.add.at(counts, (configuration, data.numbers), 1.0)
    return counts


def rate_at(progress: float, highest: float) -> float:
    """The learning rate at a progress from 0 to 1: a linear warm-up, then a cosine."""
    if progress < _WARM_UP:
        return highest * max(progress / _WARM_UP, 1e-3)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - _WARM_UP) / (1.0 - _WARM_UP))))
    return highest * (_LAST_RATE + (1.0 - _LAST_RATE) * cosine)


@dataclass
class Errors:
    """Errors of a set: forces in meV/angstrom over components, energies in meV/atom over configurations."""

    configurations: int
    force_rmse: float
    force_mae: float
    energy_rmse: float
    energy_mae: float

    def __str__(self) -> str:
        return (
            f"forces {self.force_rmse:.1f} RMSE {self.force_mae:.1f} MAE meV/A, "
            f"energy {self.energy_rmse:.2f} RMSE {self.energy_mae:.2f} MAE meV/atom ({self.configurations})"
        )


class Evaluator:
    """Errors of a model on chosen configurations of a set, in batches of one size."""

    def __init__(self, data: Dataset, pairs: Pairs, on_device: DeviceData, size: Size, device: str) -> None:
        self._data, self._pairs, self._on_device, self._size, self._device = data, pairs, on_device, size, device

    def differences(self, model: PaiNN, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Model less label, in the order of chosen: energies per atom [n] (eV), forces [n_atoms][3] (eV/angstrom)."""
        energies, forces = [], []
        for indices in fill(self._data, self._pairs, chosen, self._size):
            arrays = (indices.atom, indices.system, indices.pair, indices.base)
            tensors = [torch.from_numpy(array).to(self._device) for array in arrays]
            batch = self._on_device.batch(*tensors, systems=self._size.systems)
            e, f = predict(model, batch)
            n = len(indices.configurations)
            energies.append(((e - batch.energies) / batch.n_atoms.clamp(min=1.0))[:n].detach().double().cpu().numpy())
            forces.append((f - batch.forces)[batch.atom_real[:, 0] > 0].detach().double().cpu().numpy())
        return np.concatenate(energies), np.concatenate(forces)

    def errors(self, model: PaiNN, chosen: np.ndarray) -> Errors:
        """The errors over all chosen configurations."""
        return _errors(*self.differences(model, chosen))

    def errors_by_kind(self, model: PaiNN, chosen: np.ndarray) -> dict[str, Errors]:
        """The errors over all chosen configurations and over those of each kind."""
        energies, forces = self.differences(model, chosen)
        kinds = self._data.kinds[chosen]
        of_atom = np.repeat(kinds, np.diff(self._data.offsets)[chosen])
        found = {"all": _errors(energies, forces)}
        for kind in np.unique(kinds):
            found[str(self._data.kind_names[kind])] = _errors(energies[kinds == kind], forces[of_atom == kind])
        return found


def _errors(energies: np.ndarray, forces: np.ndarray) -> Errors:
    def rmse(x: np.ndarray) -> float:
        return 1e3 * float(np.sqrt(np.mean(x * x)))

    def mae(x: np.ndarray) -> float:
        return 1e3 * float(np.mean(np.abs(x)))

    return Errors(len(energies), rmse(forces), mae(forces), rmse(energies), mae(energies))


class Trainer:
    """The loop: steps until the budget is used up, validations on the way, the best weights kept."""

    def __init__(self, step: TrainingStep, evaluator: Evaluator, parts: Split, options: argparse.Namespace) -> None:
        self._step, self._evaluator, self._parts, self._options = step, evaluator, parts, options
        self._random = np.random.default_rng(options.seed)
        self._before = 0.0  # seconds of earlier runs
        self._begin = time.monotonic()
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, torch.Tensor] = {}
        self._best_rmse = math.inf

    def resume(self, path: Path) -> None:
        """Goes on from a checkpoint; ends the program where there is none."""
        try:
            state = torch.load(path, map_location=self._options.device)
        except OSError as error:
            raise SystemExit(f"train.py: nothing to resume: {error}") from None
        self._step.model.load_state_dict(state["model"])
        self._step.average.load_state_dict(state["average"])
        self._step.optimiser.load_state_dict(state["optimiser"])
        self._step.steps, self._before = state["steps"], state["seconds"]
        self.history, self.best, self._best_rmse = state["history"], state["best"], state["best_rmse"]
        # Other orders than those that the earlier run has seen.
        self._random = np.random.default_rng([self._options.seed, self._step.steps])

    def seconds(self) -> float:
        """Of training so far, earlier runs included."""
        return self._before + time.monotonic() - self._begin

    def _progress(self) -> float:
        if self._options.steps is not None:
            return self._step.steps / self._options.steps
        return self.seconds() / (60.0 * self._options.minutes)

    def run(self, data: Dataset, pairs: Pairs, size: Size) -> None:
        """Trains to the end of the budget."""
        next_validation = (math.floor(self._progress() * _VALIDATIONS) + 1) / _VALIDATIONS
        while self._progress() < 1.0:
            for indices in fill(data, pairs, self._random.permutation(self._parts.train), size):
                progress = self._progress()
                if progress >= 1.0:
                    break
                if progress >= next_validation:
                    self._validate(progress)
                    next_validation = (math.floor(progress * _VALIDATIONS) + 1) / _VALIDATIONS
                self._step(indices, rate_at(progress, self._options.rate))
        self._validate(1.0)

    def _validate(self, progress: float) -> None:
        loss = self._step.mean_loss()
        errors = self._evaluator.errors(self._step.average, self._parts.validation)
        if not (math.isfinite(loss) and math.isfinite(errors.force_rmse)):
            raise SystemExit(f"step {self._step.steps}: the loss is {loss}: lower --rate (now {self._options.rate})")
        best = errors.force_rmse < self._best_rmse
        if best:
            self._best_rmse = errors.force_rmse
            self.best = {name: tensor.clone() for name, tensor in self._step.average.state_dict().items()}
        self.history.append(
            {"step": self._step.steps, "minutes": self.seconds() / 60, "loss": loss, "validation": asdict(errors)}
        )
        rate = rate_at(progress, self._options.rate)
        print(
            f"{100 * progress:5.1f} % step {self._step.steps} {self.seconds() / 60:.2f} min rate {rate:.1e} "
            f"loss {loss:.3e} validation {errors}{' best' if best else ''}",
            flush=True,
        )
        self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        part = self._options.output / "checkpoint.part"
        state = {
            "model": self._step.model.state_dict(),
            "average": self._step.average.state_dict(),
            "optimiser": self._step.optimiser.state_dict(),
            "steps": self._step.steps,
            "seconds": self.seconds(),
            "history": self.history,
            "best": self.best,
            "best_rmse": self._best_rmse,
        }
        torch.save(state, part)
        os.replace(part, self._options.output / "checkpoint.pt")


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a PaiNN on data of make_data.py.")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help=".npz files of make_data.py")
    parser.add_argument("--output", type=Path, required=True, help="folder of results, made if need be")
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="wall-clock time of training, reading of data not counted")
    budget.add_argument("--steps", type=int, help="training steps, instead of a time")
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--cutoff", type=float, default=5.0, help="angstrom")
    parser.add_argument("--bessels", type=int, default=8)
    parser.add_argument("--readout", type=int, default=64)
    parser.add_argument("--atoms", type=int, default=1024, help="atoms of a batch")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--energy-weight", type=float, default=LossWeights.energy)
    parser.add_argument("--average-decay", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=1, help="of the split, the first weights and the order of batches")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --output")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> dict[str, Any]:
    """Trains as the command line says, and returns what training.json holds."""
    options = _arguments(words)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(options.seed)
    options.output.mkdir(parents=True, exist_ok=True)

    try:
        data = concatenate([load(path) for path in options.data])
    except (OSError, ValueError) as error:
        raise SystemExit(f"train.py: {error}") from None
    parts = split(data, options.seed)
    pairs = all_pairs(data, options.cutoff)
    size = size_for(data, pairs, options.atoms)
    rows = int(data.numbers.max()) + 1
    energies = element_energies(data, parts.train, rows)
    residuals = data.energies - composition(data, rows) @ energies
    on_device = DeviceData(data, pairs, residuals, torch.float32, options.device)
    model = PaiNN(
        rows, options.features, options.layers, options.cutoff, bessels=options.bessels, readout=options.readout
    ).to(options.device)
    model.element_energy.copy_(torch.from_numpy(energies))
    print(
        f"{len(data)} configurations, {pairs.offsets[-1]} pairs: {len(parts.train)} to train on; batches of {size}; "
        f"{sum(p.numel() for p in model.parameters())} weights",
        flush=True,
    )

    step = TrainingStep(model, on_device, size, LossWeights(energy=options.energy_weight), options.average_decay)
    evaluator = Evaluator(data, pairs, on_device, size, options.device)
    trainer = Trainer(step, evaluator, parts, options)
    if options.resume:
        trainer.resume(options.output / "checkpoint.pt")
    trainer.run(data, pairs, size)

    step.average.load_state_dict(trainer.best)
    metadata = {"architecture": "painn-bessel", "cutoff": str(options.cutoff), "units": "angstrom, eV"}
    save_safetensors(options.output / "weights.safetensors", step.average.state_dict(), metadata)
    report = _report(options, data, parts, energies, trainer, evaluator, step)
    (options.output / "training.json").write_text(json.dumps(report, indent=1) + "\n")
    return report


def _report(options: argparse.Namespace, data: Dataset, parts: Split, energies: np.ndarray, trainer: Trainer,
            evaluator: Evaluator, step: TrainingStep) -> dict[str, Any]:  # fmt: skip
    """What training.json holds; prints the errors on the held-out sets."""
    errors: dict[str, dict[str, Any]] = {}
    for name, chosen in parts.held_out().items():
        by_kind = evaluator.errors_by_kind(step.average, chosen)
        for kind, found in by_kind.items():
            print(f"{name} {kind}: {found}", flush=True)
        errors[name] = {kind: asdict(found) for kind, found in by_kind.items()}
    device = torch.cuda.get_device_name() if options.device.startswith("cuda") else platform.machine()
    return {
        "settings": {k: v for k, v in vars(options).items() if k not in ("data", "output")},
        "data": [path.name for path in options.data],
        "configurations": {name: len(getattr(parts, name)) for name in ("train", "validation", "test", "unseen")},
        "element_energies": {str(z): float(energies[z]) for z in np.unique(data.numbers)},
        "steps": step.steps,
        "minutes": trainer.seconds() / 60,
        "device": device,
        "pytorch": torch.__version__,
        "history": trainer.history,
        "errors": errors,
    }


if __name__ == "__main__":
    main()
