"""A classical model of flexible water: only draws positions for labelling, so that its own errors do not matter much.

Charges and Lennard-Jones part of SPC/Fw (Wu, Tepper, Voth, J. Chem. Phys. 124, 024503 (2006)); its bonds and angles are
moved to those of GFN1-xTB. Electrostatics by damped shifted forces (Fennell, Gezelter, J. Chem. Phys. 124, 234104
(2006), eq. 19). Atoms are O, H, H of one molecule after the other; lengths in angstrom, energies in eV.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfc

NUMBERS = np.array([8, 1, 1])
MOLECULE_MASS = 18.015  # u

_KCAL = 0.0433641  # eV
_COULOMB = 14.3996454  # eV angstrom / e^2
_CHARGES = np.array([-0.82, 0.41, 0.41])  # e
_SIGMA, _EPSILON = 3.165492, 0.1554253 * _KCAL  # angstrom, eV
_BOND_STIFFNESS, _BOND = 1059.162 * _KCAL, 0.962  # eV/angstrom^2, angstrom
_ANGLE_STIFFNESS, _ANGLE = 75.90 * _KCAL, np.radians(110.0)  # eV/rad^2
_DAMPING = 0.2  # 1/angstrom


class ClassicalWater:
    """The potential of n molecules in a cube of an edge in angstrom; interactions end at half of it."""

    def __init__(self, n_molecules: int, edge: float) -> None:
        self._edge = edge
        self._cutoff = 0.5 * edge
        n = 3 * n_molecules
        molecule = np.arange(n) // 3
        first, second = np.triu_indices(n, 1)
        between = molecule[first] != molecule[second]
        self._first, self._second = first[between], second[between]
        charges = np.tile(_CHARGES, n_molecules)
        self._charges = _COULOMB * charges[self._first] * charges[self._second]
        self._oxygens = (self._first % 3 == 0) & (self._second % 3 == 0)

    def __call__(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy (eV) and forces [n_atoms][3] (eV/angstrom) at positions [n_atoms][3] (angstrom)."""
        between, pair_forces = self._between(positions)
        within, forces = self._within(positions)
        return between + within, forces + pair_forces

    def _between(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """Interactions of molecules."""
        d = positions[self._second] - positions[self._first]
        d -= self._edge * np.round(d / self._edge)
        squares = np.einsum("pk,pk->p", d, d)
        near = np.flatnonzero(squares < self._cutoff**2)
        d, r = d[near], np.sqrt(squares[near])
        at_cutoff = erfc(_DAMPING * self._cutoff) / self._cutoff**2 + self._gaussian(self._cutoff)
        energy = self._charges[near] * (
            erfc(_DAMPING * r) / r - erfc(_DAMPING * self._cutoff) / self._cutoff + at_cutoff * (r - self._cutoff)
        )
        slope = -self._charges[near] * (erfc(_DAMPING * r) / r**2 + self._gaussian(r) - at_cutoff)
        sixth = np.where(self._oxygens[near], (_SIGMA / r) ** 6, 0.0)
        energy = energy + 4 * _EPSILON * (sixth**2 - sixth)
        slope = slope - 24 * _EPSILON * (2 * sixth**2 - sixth) / r
        pulls = (slope / r)[:, None] * d
        forces = np.empty_like(positions)
        for k in range(3):
            forces[:, k] = np.bincount(self._first[near], pulls[:, k], len(positions))
            forces[:, k] -= np.bincount(self._second[near], pulls[:, k], len(positions))
        return float(energy.sum()), forces

    @staticmethod
    def _gaussian(r: np.ndarray | float) -> np.ndarray:
        """2 alpha / sqrt(pi) exp(-alpha^2 r^2) / r."""
        return 2 * _DAMPING / np.sqrt(np.pi) * np.exp(-((_DAMPING * r) ** 2)) / r

    @staticmethod
    def _within(positions: np.ndarray) -> tuple[float, np.ndarray]:
        """Bonds and angles."""
        molecules = positions.reshape(-1, 3, 3)
        bonds = molecules[:, 1:] - molecules[:, :1]  # [n_molecules][2][3]
        lengths = np.linalg.norm(bonds, axis=2, keepdims=True)
        units = bonds / lengths
        cosine = np.clip((units[:, 0] * units[:, 1]).sum(axis=1), -0.999999, 0.999999)
        angle = np.arccos(cosine)
        energy = 0.5 * _BOND_STIFFNESS * ((lengths - _BOND) ** 2).sum()
        energy += 0.5 * _ANGLE_STIFFNESS * ((angle - _ANGLE) ** 2).sum()
        factor = (_ANGLE_STIFFNESS * (angle - _ANGLE) / np.sqrt(1.0 - cosine**2))[:, None, None]
        across = units[:, ::-1] - cosine[:, None, None] * units
        on_hydrogens = -_BOND_STIFFNESS * (lengths - _BOND) * units + factor * across / lengths
        forces = np.concatenate([-on_hydrogens.sum(axis=1, keepdims=True), on_hydrogens], axis=1)
        return float(energy), forces.reshape(-1, 3)


def edge_of_cube(n_molecules: int, density: float) -> float:
    """The edge, angstrom, of a cube of water of a density in g/cm^3."""
    return float(np.cbrt(n_molecules * MOLECULE_MASS * 1.66053907 / density))
