#!/usr/bin/env python3
"""Fills in a model's card: evaluates the held-out configurations with the program mlffgen and writes errors and a plot.

    python card.py ../organics --data organics.npz --program ../../build/bin/mlffgen

In the model's folder it replaces the part of README.md between the two marks, errors.png and held_out.extxyz, a sample
of the held-out configurations. The split is that of the training, whose seed is in training.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from dataset import Dataset, concatenate, load, split
from samples import write_extxyz

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from extxyz import read_extxyz  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

BEGIN = "<!-- begin of figures by card.py -->"
END = "<!-- end of figures by card.py -->"
_SAMPLE_BYTES = 290_000
_SET_NAMES = {"test": "known groups, other configurations", "unseen": "groups never trained on"}


@dataclass
class Results:
    """Labels and mlffgen's results for some configurations.

    energies  [n] eV/atom, mlffgen less label
    labels, forces  [n_atoms][3] eV/angstrom, of tight binding and of mlffgen
    kinds     [n], of_atom [n_atoms]: index into the set's kind_names
    """

    energies: np.ndarray
    labels: np.ndarray
    forces: np.ndarray
    kinds: np.ndarray
    of_atom: np.ndarray

    def of_kind(self, kind: int | None) -> Results:
        """Those of one kind; all for None."""
        if kind is None:
            return self
        own, atoms = self.kinds == kind, self.of_atom == kind
        return Results(self.energies[own], self.labels[atoms], self.forces[atoms], self.kinds[own], self.of_atom[atoms])


def run(program: Path, *words: str | Path) -> str:
    """The standard output of mlffgen; ends this program with mlffgen's own message where that fails."""
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"card.py: mlffgen {words[0]} failed:\n{done.stderr.strip()}")
    return done.stdout


def evaluate(program: Path, model: Path, data: Dataset, chosen: np.ndarray, device: str) -> Results:
    """mlffgen's results for the chosen configurations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_extxyz(folder / "labels.extxyz", data, chosen)
        run(program, "eval", model, folder / "labels.extxyz", "--device", device, "-o", folder / "out.extxyz", "--json")
        frames = read_extxyz(folder / "out.extxyz")
    if len(frames) != len(chosen):
        raise SystemExit(f"card.py: {len(chosen)} configurations went into mlffgen, {len(frames)} came back")
    sizes = np.diff(data.offsets)[chosen]
    return Results(
        energies=(np.array([frame.energy for frame in frames]) - data.energies[chosen]) / sizes,
        labels=np.concatenate([data.forces[data.atoms(int(k))] for k in chosen]).astype(np.float64),
        forces=np.concatenate([frame.forces for frame in frames]),
        kinds=data.kinds[chosen],
        of_atom=np.repeat(data.kinds[chosen], sizes),
    )


def table(sets: dict[str, Results], kind_names: np.ndarray) -> list[str]:
    """Rows of Markdown: a line for each set and each of its kinds."""
    lines = [
        "| held out | configurations | force RMSE | force MAE | RMS force | energy RMSE | energy MAE |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, results in sets.items():
        for kind in [None, *np.unique(results.kinds)]:
            part = results.of_kind(kind)
            label = f"**{_SET_NAMES[name]}**" if kind is None else f"of these {kind_names[kind]}"
            error = part.forces - part.labels
            figures = [
                rms(error) * 1e3,
                float(np.abs(error).mean()) * 1e3,
                rms(part.labels) * 1e3,
                rms(part.energies) * 1e3,
                float(np.abs(part.energies).mean()) * 1e3,
            ]
            lines.append(
                f"| {label} | {len(part.energies)} | {figures[0]:.1f} | {figures[1]:.1f} | {figures[2]:.0f} "
                f"| {figures[3]:.2f} | {figures[4]:.2f} |"
            )
    return [*lines, "", "Forces in meV/angstrom, over components; energies in meV/atom."]


def rms(x: np.ndarray) -> float:
    """Root of the mean square over all numbers."""
    return float(np.sqrt(np.mean(x * x)))


def plot(sets: dict[str, Results], path: Path) -> None:
    """Forces against labels, and how errors are distributed."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), dpi=110, constrained_layout=True)
    labels = np.concatenate([results.labels.ravel() for results in sets.values()])
    forces = np.concatenate([results.forces.ravel() for results in sets.values()])
    drawn = left.hexbin(labels, forces, gridsize=90, bins="log", mincnt=1, cmap="viridis", linewidths=0.1)
    left.axline((0, 0), slope=1, color="0.4", linewidth=0.7)
    left.set(xlabel="label (eV/Å)", ylabel="mlffgen (eV/Å)", title="force components")
    figure.colorbar(drawn, ax=left, label="components")
    for name, results in sets.items():
        error = np.abs(results.forces - results.labels).ravel() * 1e3
        bins = np.logspace(-1, 3.5, 80)
        share = np.histogram(error, bins)[0] / error.size
        right.stairs(100 * share, bins, label=f"{_SET_NAMES[name]}: RMSE {rms(error):.0f} meV/Å")
    right.set(xscale="log", xlabel="error of a component (meV/Å)", ylabel="components (%)", title="errors")
    right.legend(fontsize=8, loc="upper left")
    right.margins(y=0.25)
    # Without the version of matplotlib in it, the same figures give the same file.
    figure.savefig(path, metadata={"Software": None})


def sample(path: Path, data: Dataset, chosen: np.ndarray) -> int:
    """Writes every k-th of the chosen configurations, as many as fit, and returns how many."""
    stride = 1
    while True:
        write_extxyz(path, data, chosen[::stride])
        if path.stat().st_size <= _SAMPLE_BYTES:
            return len(chosen[::stride])
        stride = max(stride + 1, int(stride * path.stat().st_size / _SAMPLE_BYTES))


def training_text(training: dict[str, Any]) -> list[str]:
    """What training.json tells of the run."""
    counts = training["configurations"]
    energies = ", ".join(f"{number}: {energy:.6f}" for number, energy in training["element_energies"].items())
    return [
        f"Trained on {counts['train']} configurations ({counts['validation']} to choose the best weights by) for "
        f"{training['minutes']:.1f} minutes, {training['steps']} steps, seed {training['settings']['seed']}, on "
        f"{training['device']} with PyTorch {training['pytorch']}.",
        "",
        f"Energies of the elements by atomic number, from least squares (eV): {energies}.",
    ]


def stability_text(path: Path) -> list[str]:
    """What stability.json of stability.py tells; nothing where there is none."""
    if not path.exists():
        return []
    lines = ["| constant temperature | atoms | ps | bath (K) | mean (K) | intact |", "|---|---|---|---|---|---|"]
    for row in json.loads(path.read_text()):
        lines.append(
            f"| {row['name']} | {row['atoms']} | {row['picoseconds']:g} | {row['bath']:g} | {row['mean']:.1f} "
            f"| {'yes' if row['intact'] else 'no: ' + row['problem']} |"
        )
    return ["", *lines]


def fill_card(path: Path, lines: list[str]) -> None:
    """Replaces what is between the marks of a README.md; raises SystemExit where a mark is missing."""
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise SystemExit(f"{path}: expected one line '{BEGIN}' and behind it one line '{END}'")
    before, rest = text.split(BEGIN)
    path.write_text("\n".join([before + BEGIN, "", *lines, "", END + rest.split(END)[1]]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Fills in a model's card from held-out configurations.")
    parser.add_argument("folder", type=Path, help="of model.yaml, weights.safetensors, training.json and README.md")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the files that the training was given")
    parser.add_argument("--program", type=Path, default=Path("mlffgen"))
    parser.add_argument("--device", default="host", help="of mlffgen eval")
    arguments = parser.parse_args()

    training = json.loads((arguments.folder / "training.json").read_text())
    data = concatenate([load(path) for path in arguments.data])
    held_out = split(data, training["settings"]["seed"]).held_out()
    counts = {name: len(chosen) for name, chosen in held_out.items()}
    expected = {name: training["configurations"][name] for name in counts}
    if counts != expected:
        raise SystemExit(f"card.py: these are not the training's data: {counts} held out instead of {expected}")

    with tempfile.TemporaryDirectory() as name:
        model = Path(name) / "model.mlff"
        run(arguments.program, "compile", arguments.folder / "model.yaml", "-o", model, "--quiet")
        sets = {
            part: evaluate(arguments.program, model, data, chosen, arguments.device)
            for part, chosen in held_out.items()
        }
    plot(sets, arguments.folder / "errors.png")
    count = sample(arguments.folder / "held_out.extxyz", data, np.concatenate(list(held_out.values())))
    lines = [*table(sets, data.kind_names), "", *training_text(training)]
    fill_card(arguments.folder / "README.md", lines + stability_text(arguments.folder / "stability.json"))
    print(f"{arguments.folder / 'README.md'}: filled in; {count} configurations in held_out.extxyz")


if __name__ == "__main__":
    main()
