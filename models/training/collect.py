"""Collects labelled configurations of one task, and runs tasks so that an interrupted run goes on where it was.

A task is a name and a function; its random numbers depend on the seed and its name alone, so that the data are the same
whatever the order and the number of processes. Each finished task is one file in the folder `parts`.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from dataclasses import dataclass, field
from pathlib import Path
from collections.abc import Callable, Sequence

import numpy as np

from dataset import Dataset, concatenate, load
from sampling import langevin, masses
from xtb import LabelError, Xtb

LARGEST_FORCE = 20.0  # eV/angstrom; beyond, atoms overlap so that tight binding itself is doubtful


@dataclass
class Collector:
    """The configurations of one task. dropped counts those without a label, or with a force above LARGEST_FORCE."""

    group: str
    dropped: int = 0
    _numbers: list[np.ndarray] = field(default_factory=list)
    _positions: list[np.ndarray] = field(default_factory=list)
    _forces: list[np.ndarray] = field(default_factory=list)
    _energies: list[float] = field(default_factory=list)
    _cells: list[np.ndarray] = field(default_factory=list)
    _kinds: list[str] = field(default_factory=list)

    def add(
        self, kind: str, xtb: Xtb, numbers: np.ndarray, positions: np.ndarray, cell: np.ndarray | None = None
    ) -> None:
        """Labels positions [n_atoms][3] (angstrom), rounded to float32, and keeps them unless they are outliers."""
        rounded = positions.astype(np.float32)
        try:
            energy, forces = xtb(rounded.astype(np.float64))
        except LabelError:
            self.dropped += 1
            return
        if np.abs(forces).max() > LARGEST_FORCE:
            self.dropped += 1
            return
        self._numbers.append(np.asarray(numbers, dtype=np.uint8))
        self._positions.append(rounded)
        self._forces.append(forces.astype(np.float32))
        self._energies.append(energy)
        self._cells.append(np.zeros((3, 3)) if cell is None else cell)
        self._kinds.append(kind)

    def finish(self) -> Dataset:
        """What was kept, as a set of one group."""
        kinds = list(dict.fromkeys(self._kinds))
        sizes = [len(numbers) for numbers in self._numbers]
        return Dataset(
            offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            numbers=np.concatenate([np.zeros(0, np.uint8), *self._numbers]),
            positions=np.concatenate([np.zeros((0, 3), np.float32), *self._positions]),
            forces=np.concatenate([np.zeros((0, 3), np.float32), *self._forces]),
            energies=np.array(self._energies, dtype=np.float64),
            cells=np.array(self._cells, dtype=np.float64).reshape(-1, 3, 3),
            groups=np.zeros(len(sizes), dtype=np.int32),
            kinds=np.array([kinds.index(kind) for kind in self._kinds], dtype=np.int32),
            group_names=np.array([self.group]),
            kind_names=np.array(kinds, dtype=np.str_),
            held_out=np.zeros(0, dtype=np.str_),
        )


@dataclass(frozen=True)
class Dynamics:
    """How long a trajectory is and which of its frames are labelled, in steps of 1 fs."""

    steps: int
    warm_up: int
    stride: int


def add_dynamics(
    collector: Collector,
    kind: str,
    xtb: Xtb,
    numbers: np.ndarray,
    start: np.ndarray,
    kelvin: float,
    dynamics: Dynamics,
    random: np.random.Generator,
) -> None:
    """Adds frames of Langevin dynamics of a molecule or cluster, from positions [n_atoms][3] (angstrom)."""
    for step, x in enumerate(langevin(xtb, start, masses(numbers), kelvin, dynamics.steps, random), start=1):
        if step > dynamics.warm_up and step % dynamics.stride == 0:
            collector.add(kind, xtb, numbers, x)


@dataclass(frozen=True)
class Task:
    """make(collector, random, parts) adds configurations; `parts` is the folder of finished tasks."""

    name: str
    make: Callable[[Collector, np.random.Generator, Path], None]
    held_out: bool = False  # from training


def part_path(parts: Path, name: str) -> Path:
    """The file of a finished task; names such as SMILES are no file names, so it is named by their digest."""
    return parts / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"


def task_random(seed: int, name: str) -> np.random.Generator:
    """The random numbers of a task."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


def _run_task(job: tuple[Task, int, Path]) -> tuple[str, int, int]:
    task, seed, parts = job
    collector = Collector(task.name)
    try:
        task.make(collector, task_random(seed, task.name), parts)
    except LabelError:
        collector.dropped += 1  # dynamics or a relaxation ended early; what it gave by then is kept
    data = collector.finish()
    data.save(part_path(parts, task.name))
    return task.name, len(data), collector.dropped


def run_tasks(tasks: Sequence[Task], seed: int, parts: Path, processes: int) -> None:
    """Runs the tasks that have no file in `parts` yet, and prints a line for each."""
    parts.mkdir(parents=True, exist_ok=True)
    jobs = [(task, seed, parts) for task in tasks if not part_path(parts, task.name).exists()]
    begin = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, (name, kept, dropped) in enumerate(pool.imap(_run_task, jobs), start=1):
            minutes = (time.monotonic() - begin) / 60
            print(f"{done}/{len(jobs)} {minutes:.1f} min: {name}: {kept} kept, {dropped} dropped", flush=True)


def gather(tasks: Sequence[Task], parts: Path) -> Dataset:
    """The set of all tasks that are finished, in the order of the tasks."""
    found = [load(part_path(parts, task.name)) for task in tasks if part_path(parts, task.name).exists()]
    data = concatenate([part for part in found if len(part)])
    held_out = {task.name for task in tasks if task.held_out}
    data.held_out = np.array([name for name in data.group_names.tolist() if name in held_out], dtype=np.str_)
    return data
