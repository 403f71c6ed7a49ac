"""The water data: periodic boxes of 32 molecules and clusters, sampled classically and labelled by GFN1-xTB."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from classical_water import NUMBERS, ClassicalWater, edge_of_cube
from collect import Collector, Dynamics, Task, add_dynamics
from sampling import langevin, masses, random_rotation, relax
from xtb import Xtb

METHOD = "GFN1-xTB"
BOUNDS = None  # all frames are of dynamics, with little noise
BOX_TASKS = 160
CLUSTER_TASKS = 120

_MOLECULES = 32
_BOX_FRAMES = 8  # of a trajectory
_DENSITIES = (0.9, 1.1)  # g/cm^3
_EXTREME_DENSITIES = (0.6, 1.35)  # g/cm^3, of every _EXTREME_EVERYth box
_EXTREME_EVERY = 6
_KELVIN = (300.0, 600.0)
_EQUILIBRATION = 2000  # fs
_STRIDE = 400  # fs between frames
_NOISE = 0.03  # angstrom, added to every second frame: bonds and angles that the classical model would not visit
_CLUSTER_SIZES = (1, 20)
_DYNAMICS = Dynamics(steps=550, warm_up=50, stride=20)
_DYNAMICS_SIZE = 8  # molecules; larger clusters are only labelled as cut
_CUT_FRAMES = 6  # of a cluster task
_HELD_OUT_EVERY = 16  # of these tasks one is never trained on: whole trajectories, as frames of one are related


def _lattice(edge: float, random: np.random.Generator) -> np.ndarray:
    """Molecules [3 * 32][3] turned at random on every second point of a lattice of 4 x 4 x 4."""
    shape = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.30, 0.91, 0.0]])
    points = [p for p in np.ndindex(4, 4, 4) if sum(p) % 2 == 0]
    return np.concatenate([shape @ random_rotation(random).T + np.array(p) * edge / 4 for p in points])


def _liquid(density: float, kelvin: float, frames: int, random: np.random.Generator) -> tuple[float, list[np.ndarray]]:
    """The edge of a box and decorrelated frames of classical dynamics."""
    edge = edge_of_cube(_MOLECULES, density)
    potential = ClassicalWater(_MOLECULES, edge)
    mass = masses(np.tile(NUMBERS, _MOLECULES))
    start = relax(potential, _lattice(edge, random))
    steps = _EQUILIBRATION + frames * _STRIDE
    found = []
    for step, x in enumerate(langevin(potential, start, mass, kelvin, steps, random), start=1):
        if step > _EQUILIBRATION and step % _STRIDE == 0:
            found.append(x)
    return edge, found


def make_box(number: int, collector: Collector, random: np.random.Generator, parts: Path) -> None:
    """Frames of one periodic box."""
    extreme = number % _EXTREME_EVERY == 0
    density = random.uniform(*(_EXTREME_DENSITIES if extreme else _DENSITIES))
    edge, frames = _liquid(density, random.uniform(*_KELVIN), _BOX_FRAMES, random)
    numbers = np.tile(NUMBERS, _MOLECULES)
    xtb = Xtb(METHOD, numbers, edge * np.eye(3))
    for k, x in enumerate(frames):
        noise = _NOISE * (k % 2) * random.normal(size=x.shape)
        collector.add("extreme box" if extreme else "box", xtb, numbers, x + noise, edge * np.eye(3))


def _cut(edge: float, x: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """The `count` molecules of a box that are nearest to a random one, as a cluster."""
    molecules = x.reshape(-1, 3, 3)
    offset = molecules[:, 0] - molecules[random.integers(len(molecules)), 0]
    molecules = molecules - (edge * np.round(offset / edge))[:, None, :]
    nearest = np.argsort(np.linalg.norm(offset - edge * np.round(offset / edge), axis=1))[:count]
    return molecules[nearest].reshape(-1, 3)


def make_cluster(number: int, collector: Collector, random: np.random.Generator, parts: Path) -> None:
    """Clusters of one size cut from a liquid, and tight-binding dynamics of a small one."""
    count = _CLUSTER_SIZES[0] + number % (_CLUSTER_SIZES[1] - _CLUSTER_SIZES[0] + 1)
    numbers = np.tile(NUMBERS, count)
    xtb = Xtb(METHOD, numbers)
    edge, frames = _liquid(1.0, random.uniform(*_KELVIN), 3, random)
    for k in range(_CUT_FRAMES):
        x = _cut(edge, frames[k % len(frames)], count, random)
        collector.add("cut", xtb, numbers, x + _NOISE * random.normal(size=x.shape))
    if count <= _DYNAMICS_SIZE:
        add_dynamics(collector, "cluster dynamics", xtb, numbers, x, random.uniform(*_KELVIN), _DYNAMICS, random)


def tasks() -> tuple[list[Task]]:
    """One stage: boxes and clusters, mixed so that a part stands for all."""

    def held_out(number: int) -> bool:
        return number % _HELD_OUT_EVERY == 1

    found = [Task(f"box {k}", partial(make_box, k), held_out(k)) for k in range(BOX_TASKS)]
    found += [Task(f"cluster {k}", partial(make_cluster, k), held_out(k)) for k in range(CLUSTER_TASKS)]
    return ([found[k] for k in np.random.default_rng(0).permutation(len(found))],)
