"""A second round of data: configurations that a trained model itself visits, labelled like those of the first round.

Dynamics of the program mlffgen are a thousand times cheaper than those of tight binding, so that only what is kept is
labelled; and where a model is wrong enough to leave the known configurations, the labels there put it right.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from collect import Collector, Task
from dataset import Dataset, load
from samples import frame_text
from xtb import Xtb

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from extxyz import read_extxyz  # noqa: E402

_FRAMES = 10  # of a trajectory
_BOX_FRAMES = 4  # of a trajectory of a box, whose labels are dear
_STRIDE = 400  # steps of 0.5 fs between frames
# One in so many groups is gone on from, by the first word of its name: molecules, named by SMILES, all of them.
_ONE_IN = {"box": 4, "cluster": 8}
# Simulations do not begin with these, and a molecule that they break is no lesson for others.
_NO_STARTS = ("distorted", "placed")
_MOLECULE_KELVIN = (300.0, 900.0)
_CLUSTER_KELVIN = (200.0, 500.0)
_BOX_KELVIN = (280.0, 500.0)


@functools.lru_cache(maxsize=1)
def _loaded(path: Path) -> Dataset:
    return load(path)


def _starts(data: Dataset) -> np.ndarray:
    """[n] bool: the configurations that dynamics may begin with."""
    return ~np.isin(data.kind_names[data.kinds], _NO_STARTS)


def _trajectory(program: Path, model: Path, text: str, kelvin: float, frames: int, seed: int) -> list[np.ndarray]:
    """Positions [n_atoms][3] (angstrom) of dynamics from a frame; of a run that fails, those before.

    Raises RuntimeError where the run does not begin at all.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "start.extxyz").write_text(text)
        words = ["--ensemble", "langevin", "--friction", "10", "--temperature", f"{kelvin}", "--seed", f"{seed}"]
        words += ["--steps", f"{frames * _STRIDE}", "--trajectory", "md.extxyz", "--trajectory-every", f"{_STRIDE}"]
        words += ["--units", "eV", "--threads", "1", "--quiet"]
        done = subprocess.run(
            [program, "md", model, "start.extxyz", *words], cwd=folder, capture_output=True, text=True
        )
        if not (folder / "md.extxyz").exists():
            raise RuntimeError(f"mlffgen md did not begin: {done.stderr.strip()}")
        return [frame.positions for frame in read_extxyz(folder / "md.extxyz")][1:]


def make_again(
    group: str,
    collector: Collector,
    random: np.random.Generator,
    parts: Path,
    *,
    start: Path,
    program: Path,
    model: Path,
    method: str,
) -> None:
    """Frames of one trajectory from a configuration of a group of the first round."""
    data = _loaded(start)
    k = int(random.choice(np.flatnonzero((data.group_names[data.groups] == group) & _starts(data))))
    atoms, cell = data.atoms(k), data.cells[k]
    numbers = data.numbers[atoms].astype(np.int64)
    box = cell if cell.any() else None
    clusters = group.startswith("cluster")
    kelvin = random.uniform(*(_BOX_KELVIN if box is not None else _CLUSTER_KELVIN if clusters else _MOLECULE_KELVIN))
    text = frame_text(numbers, data.positions[atoms], cell, float(data.energies[k]), data.forces[atoms], group)
    xtb = Xtb(method, numbers, box)
    frames = _FRAMES if box is None else _BOX_FRAMES
    for x in _trajectory(program, model, text, kelvin, frames, int(random.integers(2**31))):
        collector.add("model dynamics", xtb, numbers, x, box)


def _mixed(names: list[str]) -> list[str]:
    return [names[k] for k in np.random.default_rng(0).permutation(len(names))]


def _chosen(groups: list[str]) -> list[str]:
    """The groups to go on from, mixed so that a part stands for all; which clusters does not depend on the molecules."""
    chosen = [name for name in groups if name.split()[0] not in _ONE_IN]
    seen = dict.fromkeys(_ONE_IN, 0)
    for name in _mixed([name for name in groups if name.split()[0] in _ONE_IN]):
        sort = name.split()[0]
        if seen[sort] % _ONE_IN[sort] == 0:
            chosen.append(name)
        seen[sort] += 1
    return _mixed(chosen)


def tasks(start: Path, program: Path, model: Path, method: str) -> tuple[list[Task]]:
    """One task a group of the first round; what was held out stays so. The paths are made absolute."""
    data = load(start)
    held_out = set(data.held_out.tolist())
    again = functools.partial(
        make_again, start=start.resolve(), program=program.resolve(), model=model.resolve(), method=method
    )
    names = _chosen(data.group_names[np.unique(data.groups[_starts(data)])].tolist())
    return ([Task(name, functools.partial(again, name), name in held_out) for name in names],)
