"""Writes the start of an NVE run of ethanol: one molecule, or 27 that never meet in a periodic box of 36 angstrom.

    python3 bench/md_start.py --molecules 27 --seed 1 > box.extxyz
    mlffgen md painn_ethanol.mlff box.extxyz --time 100 --energies md.csv

The molecules stand 12 angstrom apart, turned at random, and each has its own Maxwell-Boltzmann velocities without the
motion of its centre of mass: a model that knows single molecules only has no say in how two of them meet. About half of
the kinetic energy goes into the bonds, so the default of 600 K leads to a mean near 300 K.
"""

from __future__ import annotations

import argparse
import math
import random
import sys

SPACING = 12.0  # angstrom
BOLTZMANN = 8.617333262e-5  # eV/K
MASSES = {"H": 1.008, "C": 12.011, "O": 15.999}  # u
ETHANOL = [
    ("C", (1.1879, -0.3829, 0.0)),
    ("C", (0.0, 0.5526, 0.0)),
    ("O", (-1.1867, -0.2472, 0.0)),
    ("H", (-1.9237, 0.3850, 0.0)),
    ("H", (2.0985, 0.2306, 0.0)),
    ("H", (1.1184, -1.0093, 0.8869)),
    ("H", (1.1184, -1.0093, -0.8869)),
    ("H", (-0.0227, 1.1812, 0.8852)),
    ("H", (-0.0227, 1.1812, -0.8852)),
]
Vector = tuple[float, float, float]


def random_rotation(draw: random.Random) -> list[Vector]:
    """Rows of a rotation matrix, all rotations alike (a random unit quaternion)."""
    w, x, y, z = (draw.gauss(0, 1) for _ in range(4))
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    w, x, y, z = w / norm, x / norm, y / norm, z / norm
    return [
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    ]


def velocities(draw: random.Random, temperature: float) -> list[Vector]:
    """Of one molecule, sqrt(eV/u): without the centre's motion, exactly the temperature in the other 3 N - 3 degrees."""
    masses = [MASSES[symbol] for symbol, _ in ETHANOL]
    drawn = [[draw.gauss(0, math.sqrt(BOLTZMANN * temperature / m)) for _ in range(3)] for m in masses]
    centre = [sum(m * v[d] for m, v in zip(masses, drawn)) / sum(masses) for d in range(3)]
    drawn = [[v[d] - centre[d] for d in range(3)] for v in drawn]
    kinetic = sum(0.5 * m * sum(x * x for x in v) for m, v in zip(masses, drawn))
    wanted = 0.5 * (3 * len(masses) - 3) * BOLTZMANN * temperature
    scale = math.sqrt(wanted / kinetic) if kinetic > 0 else 0.0
    return [(scale * v[0], scale * v[1], scale * v[2]) for v in drawn]


def molecule(draw: random.Random, centre: Vector, turned: bool, temperature: float) -> list[str]:
    rotation = random_rotation(draw) if turned else [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    lines = []
    for (symbol, at), speed in zip(ETHANOL, velocities(draw, temperature)):
        place = [centre[d] + sum(rotation[d][k] * at[k] for k in range(3)) for d in range(3)]
        lines.append(" ".join([symbol, *(f"{x:.8f}" for x in place), *(f"{x:.10f}" for x in speed)]))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", type=int, choices=(1, 8, 27, 64), default=1, help="a cube number; default 1")
    parser.add_argument("--temperature", type=float, default=600.0, help="of the start, K; default 600")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    side = round(arguments.molecules ** (1 / 3))
    lines = []
    for k in range(arguments.molecules):
        cell = (k % side, k // side % side, k // side**2)
        centre = (cell[0] * SPACING, cell[1] * SPACING, cell[2] * SPACING)
        lines += molecule(draw, centre, arguments.molecules > 1, arguments.temperature)
    box = f"{side * SPACING:g}"
    lattice = f'Lattice="{box} 0 0 0 {box} 0 0 0 {box}" pbc="T T T" ' if arguments.molecules > 1 else ""
    header = f"{lattice}Properties=species:S:1:pos:R:3:velocities:R:3 length_unit=angstrom name=ethanol-{arguments.molecules}"
    sys.stdout.write("\n".join([str(len(lines)), header, *lines]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
