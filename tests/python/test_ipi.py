"""The client of i-PI, against a real i-PI: it moves the atoms by our forces, bit for bit those of the calculator."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import ase
import ase.io
import mlffgen
import numpy as np
import pytest
from ase import units
from ase.build import molecule
from mlffgen import ipi
from mlffgen.ase import MLFFGen

pytest.importorskip("ipi", reason="no i-PI (pip install ipi)")

STEPS = 5
INPUT = """<simulation verbosity='low'>
  <output prefix='run'>
    <properties stride='1' filename='out'> [ potential, conserved ] </properties>
    <trajectory stride='1' filename='positions' format='bin'> positions </trajectory>
    <trajectory stride='1' filename='forces' format='bin'> forces </trajectory>
  </output>
  <total_steps> {steps} </total_steps>
  <ffsocket name='driver' mode='{mode}'>
    <address> {address} </address> <port> {port} </port> <timeout> 60 </timeout>
  </ffsocket>
  <system>
    <initialize nbeads='{beads}'>
      <file mode='ase'> start.extxyz </file>
      <velocities mode='thermal' units='kelvin'> 300 </velocities>
    </initialize>
    <forces> <force forcefield='driver'/> </forces>
    <motion mode='dynamics'>
      <dynamics mode='{ensemble}'>
        <timestep units='femtosecond'> 0.5 </timestep>
        <thermostat mode='langevin'> <tau units='femtosecond'> 100 </tau> </thermostat>
        <barostat mode='isotropic'> <tau units='femtosecond'> 250 </tau> </barostat>
      </dynamics>
    </motion>
    <ensemble> <temperature units='kelvin'> 300 </temperature> <pressure units='gigapascal'> 0.1 </pressure> </ensemble>
  </system>
</simulation>
"""


@pytest.fixture
def box(tmp_path: Path) -> ase.Atoms:
    atoms = molecule("CH3OH")
    atoms.set_cell([[5.5, 0, 0], [0.8, 5.2, 0], [-0.5, 0.7, 5.8]])
    atoms.pbc = True
    ase.io.write(tmp_path / "start.extxyz", atoms)
    return atoms


class Server:
    """i-PI in a folder, ready for clients when it is there."""

    def __init__(self, folder: Path, mode: str, *, ensemble: str = "nve", beads: int = 1) -> None:
        self.folder = folder
        self.unix = f"mlffgen_{os.getpid()}" if mode == "unix" else None
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        address = self.unix or "localhost"
        (folder / "input.xml").write_text(
            INPUT.format(steps=STEPS, mode=mode, address=address, port=self.port, ensemble=ensemble, beads=beads)
        )
        program = Path(sys.executable).parent / "i-pi"
        self.log = open(folder / "ipi.log", "w+")  # noqa: SIM115 (closed with the server)
        self.process = subprocess.Popen([program, "input.xml"], cwd=folder, stdout=self.log, stderr=subprocess.STDOUT)
        while "polling thread" not in self.text():
            assert self.process.poll() is None, self.text()
            time.sleep(0.05)

    def text(self) -> str:
        return (self.folder / "ipi.log").read_text()

    def finish(self) -> None:
        assert self.process.wait(timeout=60) == 0, self.text()

    def frames(self, name: str, bead: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each step the cell, rows being lattice vectors, and [n_atoms][3] of the property, in atomic units."""
        data = (self.folder / f"run.{name}_{bead}.bin").read_bytes()
        size = len(data) // (STEPS + 1)
        assert size * (STEPS + 1) == len(data)
        frames = []
        for start in range(0, len(data), size):
            (n_atoms,) = np.frombuffer(data, np.int64, 1, start + 72)
            values = np.frombuffer(data, np.float64, 3 * n_atoms, start + 80)
            frames.append((np.frombuffer(data, np.float64, 9, start).reshape(3, 3).T, values.reshape(-1, 3)))
        return frames

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
        Path(f"/tmp/ipi_{self.unix}").unlink(missing_ok=True)  # which i-PI leaves behind if it is killed


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.close()


def check_forces(server: Server, atoms: ase.Atoms, model: mlffgen.Model, bead: int = 0) -> None:
    """i-PI moved the atoms by the very forces that the model has there."""
    positions, forces = server.frames("positions", bead), server.frames("forces", bead)
    for (cell, x), (_, f) in zip(positions, forces, strict=True):
        results = model.evaluate(x * units.Bohr, atoms.numbers, cell * units.Bohr, atoms.pbc)
        np.testing.assert_array_equal(f, units.Bohr / units.Ha * results.forces)
    assert not np.array_equal(positions[0][1], positions[-1][1])


def test_forces_over_a_unix_socket(box: ase.Atoms, tmp_path: Path, servers: list[Server], double_model: Path) -> None:
    servers.append(server := Server(tmp_path, "unix"))
    calculator = MLFFGen(double_model)
    count = ipi.serve(calculator, box, unix=server.unix)
    server.finish()
    assert count == STEPS + 1 == calculator.models[0].statistics.calls
    check_forces(server, box, calculator.models[0])
    conserved = np.loadtxt(tmp_path / "run.out")[:, 1]
    assert np.ptp(conserved) < 1e-5  # hartree


def test_the_cell_follows_the_virial_over_tcp_by_the_command(
    box: ase.Atoms, tmp_path: Path, servers: list[Server], double_model: Path
) -> None:
    servers.append(server := Server(tmp_path, "inet", ensemble="npt"))
    words = ["serve", double_model, "--ipi", "--structure", tmp_path / "start.extxyz", "--port", server.port]
    command = [sys.executable, "-m", "mlffgen", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    server.finish()
    assert done.returncode == 0, done.stderr
    assert f"done after {STEPS + 1} evaluations" in done.stderr
    with mlffgen.Model(double_model) as model:
        check_forces(server, box, model)
        cells = [cell for cell, _ in server.frames("positions")]
    assert np.linalg.det(cells[0]) != np.linalg.det(cells[-1])
    # The barostat conserves its energy only if virials have the sign and the unit that it takes them for.
    conserved = np.loadtxt(tmp_path / "run.out")[:, 1]
    assert np.ptp(conserved) < 2e-5


def test_several_beads(box: ase.Atoms, tmp_path: Path, servers: list[Server], double_model: Path) -> None:
    servers.append(server := Server(tmp_path, "unix", beads=2))
    assert ipi.serve(MLFFGen(double_model), box, unix=server.unix) == 2 * (STEPS + 1)
    server.finish()
    with mlffgen.Model(double_model) as model:
        check_forces(server, box, model, 0)
        check_forces(server, box, model, 1)


def test_another_structure_is_refused(
    box: ase.Atoms, tmp_path: Path, servers: list[Server], double_model: Path
) -> None:
    servers.append(server := Server(tmp_path, "unix"))
    with pytest.raises(ConnectionError, match="with 3 atoms, the one that i-PI has"):
        ipi.serve(MLFFGen(double_model), molecule("H2O"), unix=server.unix)


def test_errors_of_the_command(tmp_path: Path, double_model: Path) -> None:
    ase.io.write(tmp_path / "start.xyz", molecule("H2O"))
    (tmp_path / "broken.xyz").write_text("many atoms")
    options = ["--unix", f"absent_{os.getpid()}"]
    for words, status, message in (
        ([double_model, "--ipi", "--structure", tmp_path / "start.xyz", *options], 1, "start it first"),
        ([double_model, "--ipi", "--structure", tmp_path / "absent.xyz", *options], 1, "absent.xyz"),
        ([double_model, "--ipi", "--structure", tmp_path / "broken.xyz", *options], 1, "cannot be read as a structure"),
        ([tmp_path / "absent.mlff", "--ipi", "--structure", tmp_path / "start.xyz", *options], 1, "absent.mlff"),
        ([double_model, "--structure", tmp_path / "start.xyz"], 2, "--ipi"),
        ([double_model, "--ipi", "--structure", "a", "--unix", "x", "--port", "1"], 2, "not allowed with"),
    ):
        command = [sys.executable, "-m", "mlffgen", "serve", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == status and message in done.stderr and "Traceback" not in done.stderr, done.stderr
