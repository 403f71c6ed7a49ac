"""A client of i-PI: answers its requests for energy, forces and virial over a socket, in atomic units.

i-PI, Kapil et al., Comput. Phys. Commun. 236, 214 (2019), moves the atoms; the protocol is ASE's implementation of it
(ase.calculators.socketio). Any number of clients may serve one i-PI.
"""

from __future__ import annotations

from typing import Any

from ase import Atoms
from ase.calculators.socketio import SocketClient

from mlffgen.ase import MLFFGen
from mlffgen.errors import Error
from mlffgen.results import Doubles


class _Client(SocketClient):
    """Asks for the forces first, so that a step is one evaluation and not two."""

    def calculate(self, atoms: Atoms, use_stress: bool) -> tuple[float, Doubles, Doubles]:
        atoms.get_forces()
        return super().calculate(atoms, use_stress)


def serve(
    calculator: MLFFGen, atoms: Atoms, *, unix: str | None = None, host: str = "localhost", port: int = 31415
) -> int:
    """Serves until i-PI says that it is done, or closes the connection. Returns the number of evaluations.

    atoms  the structure that i-PI starts from: elements in the same order, and which directions are periodic. Positions
           and cell are i-PI's
    unix   the `address` of an i-PI socket of mode unix (the file /tmp/ipi_ADDRESS); None: host and port, mode inet

    Raises ConnectionError if there is no i-PI or it has other atoms, and what the calculator raises: i-PI waits for
    other clients then.
    """
    address: dict[str, Any] = {"host": host, "port": port} if unix is None else {"unixsocket": unix}
    try:
        client = _Client(**address)
    except OSError as error:
        place = f"{host}:{port}" if unix is None else f"/tmp/ipi_{unix}"
        raise ConnectionError(f"no i-PI listens at {place} ({error}): start it first, with the same address") from error
    atoms = atoms.copy()
    atoms.calc = calculator
    # i-PI always has a cell, of which a virial can be told; it ignores it where nothing is periodic.
    try:
        return sum(1 for _ in client.irun(atoms, use_stress=True))
    except Error:
        raise
    except (AssertionError, KeyError, ValueError) as error:  # how ASE says that a message makes no sense to it
        raise ConnectionError(
            f"i-PI sent what does not fit ({error}): is the structure, with {len(atoms)} atoms, the one that i-PI has?"
        ) from error
