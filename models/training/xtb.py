"""Labels by tight binding: energies and forces of GFN-xTB through the library tblite.

GFN2-xTB: Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 15, 1652 (2019); GFN1-xTB: Grimme, Bannwarth, Shushkov,
J. Chem. Theory Comput. 13, 1989 (2017). One thread: the makers of data run one process a core.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when tblite is loaded
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from tblite.interface import Calculator, Result  # noqa: E402

HARTREE = 27.211386245988  # eV (CODATA 2018)
BOHR = 0.529177210903  # angstrom (CODATA 2018)

# Of tblite's default criterion of 1e-6 hartree: forces are then converged to about 1e-4 eV/angstrom.
_ACCURACY = 0.1


class LabelError(Exception):
    """The self-consistent field did not converge, so that there is no label."""


class Xtb:
    """Energies and forces of one set of atoms; a call begins with the wave function of the one before it.

    numbers  [n_atoms], atomic numbers
    cell     [3][3] lattice vectors as rows, angstrom, periodic in all directions; None for a molecule
    """

    def __init__(self, method: str, numbers: np.ndarray, cell: np.ndarray | None = None) -> None:
        self._method = method
        self._numbers = np.asarray(numbers)
        self._cell = cell
        self._result: Result | None = None
        self._calculator: Calculator | None = None

    def _updated(self, positions: np.ndarray) -> Calculator:
        """tblite's calculator, at these positions in angstrom."""
        if self._calculator is None:
            periodic = {} if self._cell is None else {"lattice": self._cell / BOHR, "periodic": np.ones(3, dtype=bool)}
            self._calculator = Calculator(self._method, self._numbers, positions / BOHR, **periodic)
            self._calculator.set("verbosity", 0)
            self._calculator.set("accuracy", _ACCURACY)
        else:
            self._calculator.update(positions / BOHR)
        return self._calculator

    def __call__(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy (eV) and forces [n_atoms][3] (eV/angstrom) at positions [n_atoms][3] (angstrom).

        Raises LabelError where the self-consistent field does not converge; the next call then begins anew.
        """
        positions = np.asarray(positions, dtype=np.float64)
        try:
            self._result = self._updated(positions).singlepoint(self._result)
        except RuntimeError as error:
            self._result = None
            self._calculator = None
            raise LabelError(str(error)) from error
        energy = float(self._result.get("energy")) * HARTREE
        forces = -np.asarray(self._result.get("gradient")) * (HARTREE / BOHR)
        if not (np.isfinite(energy) and np.isfinite(forces).all()):
            self._result = None
            raise LabelError("energy or forces are not finite")
        return energy, forces
