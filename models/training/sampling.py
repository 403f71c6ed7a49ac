"""Configurations around a minimum: relaxation, normal modes, Langevin dynamics. Lengths in angstrom, energies in eV.

A potential is a function positions [n_atoms][3] -> (energy, forces [n_atoms][3]), such as xtb.Xtb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.optimize import minimize

Potential = Callable[[np.ndarray], tuple[float, np.ndarray]]

BOLTZMANN = 8.617333262e-5  # eV/K (CODATA 2018)
ACCELERATION = 9.648533212e-3  # (eV/angstrom)/u in angstrom/fs^2
MASSES = {1: 1.008, 6: 12.011, 7: 14.007, 8: 15.999}  # u (IUPAC 2021)

_WAVE_NUMBER = 1.883651567e-4  # angular frequency of 1/cm in rad/fs
_LOOSEST_MODE = 30.0  # 1/cm: below are translations, rotations and free rotors, left to dynamics
_STIFFEST_FLOOR = 300.0  # 1/cm: softer modes are displaced as if they had this, where they are still near harmonic
_HESSIAN_STEP = 0.005  # angstrom
_FIRST_STEP = 0.1  # angstrom: the minimiser begins with a step of one unit, which must not make atoms overlap


def masses(numbers: np.ndarray) -> np.ndarray:
    """Atomic masses [n_atoms], u."""
    return np.array([MASSES[int(number)] for number in numbers])


def relax(potential: Potential, positions: np.ndarray, steps: int = 200, tolerance: float = 0.02) -> np.ndarray:
    """The minimum near positions [n_atoms][3]: no force is above the tolerance (eV/angstrom) if the steps suffice."""

    def objective(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        energy, forces = potential(scaled.reshape(-1, 3) * _FIRST_STEP)
        return energy, -forces.ravel() * _FIRST_STEP

    options = {"maxiter": steps, "gtol": tolerance * _FIRST_STEP}
    found = minimize(objective, positions.ravel() / _FIRST_STEP, jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(-1, 3) * _FIRST_STEP


def normal_modes(potential: Potential, positions: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angular frequencies [n_modes] (rad/fs) and displacements [n_modes][n_atoms][3] (1/u^1/2).

    From central differences of the forces at the minimum; modes below _LOOSEST_MODE are left out.
    """
    n = positions.size
    hessian = np.empty((n, n))
    for k in range(n):
        step = np.zeros(n)
        step[k] = _HESSIAN_STEP
        step = step.reshape(-1, 3)
        hessian[k] = (potential(positions - step)[1] - potential(positions + step)[1]).ravel() / (2 * _HESSIAN_STEP)
    root = np.repeat(np.sqrt(mass), 3)
    squares, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T) / np.outer(root, root))
    kept = squares * ACCELERATION > (_LOOSEST_MODE * _WAVE_NUMBER) ** 2
    modes = (vectors[:, kept] / root[:, None]).T.reshape(-1, len(mass), 3)
    return np.sqrt(squares[kept] * ACCELERATION), modes


def displaced(
    positions: np.ndarray, frequencies: np.ndarray, modes: np.ndarray, kelvin: float, random: np.random.Generator
) -> np.ndarray:
    """Positions [n_atoms][3] drawn from the classical distribution of harmonic modes at a temperature."""
    floor = np.maximum(frequencies, _STIFFEST_FLOOR * _WAVE_NUMBER)
    width = np.sqrt(BOLTZMANN * kelvin * ACCELERATION) / floor  # angstrom u^1/2
    return positions + np.tensordot(random.normal(size=len(width)) * width, modes, axes=1)


def langevin(
    potential: Potential,
    positions: np.ndarray,
    mass: np.ndarray,
    kelvin: float,
    steps: int,
    random: np.random.Generator,
    timestep: float = 1.0,
    friction: float = 0.02,
) -> Iterator[np.ndarray]:
    """Positions [n_atoms][3] behind each step (fs) of Langevin dynamics with a friction in 1/fs.

    The splitting BAOAB: Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34. The centre of mass is free.
    """
    x = positions.copy()
    spread = np.sqrt(BOLTZMANN * kelvin * ACCELERATION / mass)[:, None]  # angstrom/fs
    v = spread * random.normal(size=x.shape)
    kept = np.exp(-friction * timestep)
    half_kick = 0.5 * timestep * ACCELERATION / mass[:, None]
    forces = potential(x)[1]
    for _ in range(steps):
        v += half_kick * forces
        x += 0.5 * timestep * v
        v = kept * v + np.sqrt(1.0 - kept * kept) * spread * random.normal(size=x.shape)
        x += 0.5 * timestep * v
        forces = potential(x)[1]
        v += half_kick * forces
        yield x.copy()


def random_rotation(random: np.random.Generator) -> np.ndarray:
    """A uniformly random rotation matrix [3][3], from a random unit quaternion."""
    q = random.normal(size=4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
