"""The benchmark's structures, the same on every machine: clusters of small molecules and a periodic dense liquid."""

from __future__ import annotations

import numpy as np

from extxyz import ATOMIC_NUMBERS, Frame

# Idealised geometries (bond lengths and angles of the textbook), angstrom.
_MOLECULES = {
    "ethanol": (
        "CCOHHHHHH",
        [
            [-1.212, -0.220, 0.000], [0.084, 0.567, 0.000], [1.175, -0.348, 0.000],
            [-2.070, 0.459, 0.000], [-1.264, -0.862, 0.885], [-1.264, -0.862, -0.885],
            [0.139, 1.213, 0.886], [0.139, 1.213, -0.886], [1.993, 0.164, 0.000],
        ],
    ),
    "methane": (
        "CHHHH",
        [
            [0.0, 0.0, 0.0], [0.629, 0.629, 0.629],
            [-0.629, -0.629, 0.629], [-0.629, 0.629, -0.629], [0.629, -0.629, -0.629],
        ],
    ),
    "water": ("OHH", [[0.0, 0.0, 0.117], [0.0, 0.757, -0.470], [0.0, -0.757, -0.470]]),
}  # fmt: skip

_GRID_SPACING = 4.8  # angstrom between molecules: about the density of liquid ethanol
_CLOSEST_CONTACT = 1.7  # angstrom between atoms of two molecules
_THERMAL_NOISE = 0.04  # angstrom, standard deviation of each coordinate
_LATTICE_SPACING = 2.1544  # angstrom: 0.1 atoms / angstrom^3, about 53 neighbours within 5 angstrom
_LATTICE_JITTER = 0.2  # angstrom, largest displacement of a coordinate


def _split(n_atoms: int) -> list[str]:
    """Molecules that add up to n_atoms, with as many ethanols as possible."""
    for ethanols in range(n_atoms // 9, -1, -1):
        for waters in range((n_atoms - 9 * ethanols) // 3 + 1):
            methanes, left = divmod(n_atoms - 9 * ethanols - 3 * waters, 5)
            if left == 0:
                return ["ethanol"] * ethanols + ["methane"] * methanes + ["water"] * waters
    raise ValueError(f"no cluster of ethanol (9), methane (5) and water (3) has {n_atoms} atoms")


def _rotation(random: np.random.Generator) -> np.ndarray:
    """A uniformly random rotation matrix [3][3], from a random unit quaternion."""
    quaternion = random.normal(size=4)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def cluster(n_atoms: int, seed: int = 1) -> Frame:
    """An isolated cluster: randomly turned molecules on a cubic grid, no contact closer than _CLOSEST_CONTACT."""
    random = np.random.default_rng(seed)
    molecules = _split(n_atoms)
    side = int(np.ceil(len(molecules) ** (1 / 3) - 1e-9))
    symbols = ""
    positions = np.zeros((0, 3))
    for index, molecule in enumerate(molecules):
        site = _GRID_SPACING * np.array([index % side, index // side % side, index // side**2], dtype=float)
        shape = np.array(_MOLECULES[molecule][1])
        for _ in range(1000):
            placed = shape @ _rotation(random).T + random.normal(scale=_THERMAL_NOISE, size=shape.shape) + site
            distances = np.linalg.norm(positions[:, None] - placed[None], axis=2)
            if distances.size == 0 or distances.min() > _CLOSEST_CONTACT:
                break
        else:
            raise RuntimeError(f"found no room for molecule {index} of a cluster of {n_atoms} atoms")
        positions = np.concatenate((positions, placed))
        symbols += _MOLECULES[molecule][0]
    numbers = np.array([ATOMIC_NUMBERS[symbol] for symbol in symbols], dtype=np.int64)
    return Frame(numbers, positions, name=f"cluster-{n_atoms}")


def periodic(n_atoms: int, seed: int = 1) -> Frame:
    """A periodic cube of n_atoms (a cubic number) of H, C and O on a jittered simple cubic lattice."""
    side = round(n_atoms ** (1 / 3))
    if side**3 != n_atoms:
        raise ValueError(f"a periodic system has a cubic number of atoms, not {n_atoms}; the nearest is {side**3}")
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    jitter = random.uniform(-_LATTICE_JITTER, _LATTICE_JITTER, size=(n_atoms, 3))
    numbers = np.array([1, 6, 8], dtype=np.int64)[random.integers(0, 3, size=n_atoms)]
    cell = np.eye(3) * side * _LATTICE_SPACING
    return Frame(numbers, grid * _LATTICE_SPACING + jitter, cell, np.ones(3, dtype=bool), f"periodic-{n_atoms}")


def structure(size: str) -> Frame:
    """The structure for a size as written on the command line: "100" is a cluster, "1000p" a periodic cube."""
    digits = size[:-1] if size.endswith("p") else size
    if not digits.isdigit() or int(digits) == 0:
        raise ValueError(f"bad size '{size}': expected a number of atoms, with a 'p' behind it for a periodic cube")
    return periodic(int(digits)) if size.endswith("p") else cluster(int(digits))
