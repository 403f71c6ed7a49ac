"""The organic data: molecules around their conformers, and pairs and small clusters of them, labelled by GFN2-xTB."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from bounds import Bounds
from collect import Collector, Dynamics, Task, add_dynamics, part_path
from dataset import load
from molecules import held_out_molecules, partners, training_molecules
from sampling import displaced, masses, normal_modes, random_rotation, relax
from xtb import Xtb

METHOD = "GFN2-xTB"
# Just beyond all that tight-binding dynamics of molecules at 400 and 800 K meet: 9.5 eV/angstrom, 1819 K.
BOUNDS = Bounds(force=10.0, kelvin=2000.0)
CLUSTER_TASKS = 480

_CONFORMERS = 2
_MODE_FRAMES = 30  # a conformer
_DISTORTED_FRAMES = 30
_MODE_KELVIN = (300.0, 1000.0)
_DYNAMICS_KELVIN = (400.0, 800.0)
_DYNAMICS = Dynamics(steps=200, warm_up=20, stride=12)
_PLACED_FRAMES = 15  # of a cluster
# Van der Waals radii, angstrom: Mantina et al., J. Phys. Chem. A 113, 5806 (2009).
_RADII = {1: 1.10, 6: 1.70, 7: 1.55, 8: 1.52}
_CONTACT = (0.55, 1.6)  # nearest contact of placed molecules over the sum of radii; 0.7 is a hydrogen bond


def _conformers(molecule: Chem.Mol, random: np.random.Generator) -> list[np.ndarray]:
    """Start geometries [n_atoms][3], angstrom, from distance geometry and a force field."""
    seed = int(random.integers(2**31 - 1))
    found = list(AllChem.EmbedMultipleConfs(molecule, _CONFORMERS, randomSeed=seed))
    if not found:
        found = list(AllChem.EmbedMultipleConfs(molecule, _CONFORMERS, randomSeed=seed, useRandomCoords=True))
    if AllChem.MMFFHasAllMoleculeParams(molecule):
        AllChem.MMFFOptimizeMoleculeConfs(molecule)
    return [np.array(molecule.GetConformer(k).GetPositions()) for k in found]


def _turnable(molecule: Chem.Mol) -> list[tuple[int, int, np.ndarray]]:
    """Bonds outside rings: atom a that stays, atom b that moves, and all atoms on b's side."""
    bonds = []
    for bond in molecule.GetBonds():
        if bond.IsInRing():
            continue
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        side, stack = {b}, [b]
        while stack:
            for neighbour in molecule.GetAtomWithIdx(stack.pop()).GetNeighbors():
                k = neighbour.GetIdx()
                if k != a and k not in side:
                    side.add(k)
                    stack.append(k)
        bonds.append((a, b, np.array(sorted(side))))
    return bonds


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    """The matrix [3][3] that turns by an angle about a unit vector (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _distorted(
    positions: np.ndarray, bonds: list[tuple[int, int, np.ndarray]], random: np.random.Generator
) -> np.ndarray:
    """One bond stretched, compressed or turned, and noise on all atoms."""
    x = positions.copy()
    if bonds:
        a, b, side = bonds[random.integers(len(bonds))]
        bond = x[b] - x[a]
        if random.random() < 0.5:
            x[side] += bond * random.uniform(-0.2, 0.4)
        else:
            turn = _about(bond / np.linalg.norm(bond), random.uniform(-np.pi, np.pi))
            x[side] = (x[side] - x[a]) @ turn.T + x[a]
    return x + random.normal(size=x.shape) * random.uniform(0.01, 0.08)


def make_molecule(smiles: str, collector: Collector, random: np.random.Generator, parts: Path) -> None:
    """Normal modes, dynamics and distortions of one molecule."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
    bonds = _turnable(molecule)
    xtb = Xtb(METHOD, numbers)
    minima = [relax(xtb, start) for start in _conformers(molecule, random)]
    for minimum in minima:
        collector.add("minimum", xtb, numbers, minimum)
        frequencies, modes = normal_modes(xtb, minimum, masses(numbers))
        for _ in range(_MODE_FRAMES):
            x = displaced(minimum, frequencies, modes, random.uniform(*_MODE_KELVIN), random)
            collector.add("modes", xtb, numbers, x)
    for _ in range(_DISTORTED_FRAMES):
        collector.add("distorted", xtb, numbers, _distorted(minima[random.integers(len(minima))], bonds, random))
    for kelvin in _DYNAMICS_KELVIN:
        start = minima[random.integers(len(minima))]
        add_dynamics(collector, "dynamics", xtb, numbers, start, kelvin, _DYNAMICS, random)


def _contact(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    """The nearest contact of two molecules (numbers, positions) over the sum of van der Waals radii."""
    radii = [np.array([_RADII[int(number)] for number in numbers]) for numbers, _ in (a, b)]
    distances = np.linalg.norm(a[1][:, None] - b[1][None], axis=2)
    return float((distances / (radii[0][:, None] + radii[1][None])).min())


def _placed(
    fixed: tuple[np.ndarray, np.ndarray], added: tuple[np.ndarray, np.ndarray], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Both, the added molecule turned at random and moved up along a random line to a random contact."""
    numbers, x = added
    x = (x - x.mean(axis=0)) @ random_rotation(random).T
    direction = random.normal(size=3)
    direction /= np.linalg.norm(direction)
    origin = fixed[1][random.integers(len(fixed[1]))]
    wanted = _CONTACT[0] + (_CONTACT[1] - _CONTACT[0]) * random.beta(1.0, 2.0)
    distance = 30.0
    while distance > 0.0 and _contact(fixed, (numbers, origin + x + direction * distance)) > wanted:
        distance -= 0.02
    return np.concatenate([fixed[0], numbers]), np.concatenate([fixed[1], origin + x + direction * distance])


def make_cluster(collector: Collector, random: np.random.Generator, parts: Path) -> None:
    """Two to four molecules: placed at random, each time anew, and dynamics of the last placement."""
    count = int(random.choice([2, 3, 4], p=[0.7, 0.2, 0.1]))
    names = random.choice(partners(), size=count)
    frames = [load(part_path(parts, str(name))) for name in names]

    def monomer(at: int) -> tuple[np.ndarray, np.ndarray]:
        atoms = frames[at].atoms(int(random.integers(len(frames[at]))))
        return frames[at].numbers[atoms].astype(np.int64), frames[at].positions[atoms].astype(np.float64)

    for _ in range(_PLACED_FRAMES):
        cluster = monomer(0)
        for k in range(1, count):
            cluster = _placed(cluster, monomer(k), random)
        xtb = Xtb(METHOD, cluster[0])
        collector.add("placed", xtb, *cluster)
    start, kelvin = relax(xtb, cluster[1], steps=15), random.uniform(200.0, 500.0)
    add_dynamics(collector, "cluster dynamics", xtb, cluster[0], start, kelvin, _DYNAMICS, random)


def _molecule_task(smiles: str) -> Task:
    return Task(smiles, partial(make_molecule, smiles), held_out=smiles in held_out_molecules())


def _plain(smiles: str) -> str:
    """One text for all SMILES of a molecule, whatever its stereochemistry."""
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)


def tasks() -> tuple[list[Task], list[Task]]:
    """Two stages: the molecules that clusters are made of; then all else, mixed so that a part stands for the whole.

    Raises ValueError where a held-out molecule is also trained on, maybe by another SMILES.
    """
    leaks = {_plain(s) for s in held_out_molecules()} & {_plain(s) for s in training_molecules() + partners()}
    if leaks:
        raise ValueError(f"molecules.py: held out and yet trained on: {', '.join(sorted(leaks))}")
    others = [smiles for smiles in training_molecules() + held_out_molecules() if smiles not in partners()]
    molecules = [_molecule_task(others[k]) for k in np.random.default_rng(0).permutation(len(others))]
    clusters = [Task(f"cluster {k}", make_cluster) for k in range(CLUSTER_TASKS)]
    mixed: list[Task] = []
    while molecules:
        mixed += molecules[:4] + clusters[:1]
        molecules, clusters = molecules[4:], clusters[1:]
    return [_molecule_task(smiles) for smiles in partners()], mixed + clusters
