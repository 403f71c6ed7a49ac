"""The training of the shipped models: the network is mlffgen's, batches and splits are sound, training learns.

Skipped where PyTorch is missing. The data here are of a made-up pair potential, as tblite is not needed to train.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MLFFGEN_PROGRAM", str(TOP / "build" / "bin" / "mlffgen"))
SKIPPED = 77

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}: training needs numpy and PyTorch; MLFFGEN_PYTHON may name an interpreter that has them")
    sys.exit(SKIPPED)

sys.path.insert(0, str(TOP / "models" / "training"))
import train  # noqa: E402
from batches import DeviceData, all_pairs, fill, pairs_of, size_for  # noqa: E402
from dataset import Dataset, concatenate, load, split  # noqa: E402
from painn import PaiNN, save_safetensors  # noqa: E402
from samples import frame_text, write_extxyz  # noqa: E402
from step import predict  # noqa: E402

CUTOFF = 3.5  # angstrom
ELEMENTS = (1, 6, 8)
TRICLINIC = np.array([[4.0, 0.0, 0.0], [1.1, 4.3, 0.0], [-0.7, 0.9, 5.2]])  # angstrom, smaller than twice the cutoff


def scattered(random: np.random.Generator, n_atoms: int, edge: float, cell: np.ndarray) -> np.ndarray:
    """Positions [n_atoms][3], angstrom, at random, no two nearer than 0.9."""
    while True:
        x = random.uniform(0.0, edge, (n_atoms, 3))
        displacement = pairs_of(x, cell, CUTOFF)[2]
        if len(displacement) == 0 or np.linalg.norm(displacement, axis=1).min() > 0.9:
            return x


def pair_potential(positions: np.ndarray, cell: np.ndarray) -> tuple[float, np.ndarray]:
    """Energy (eV) and forces (eV/angstrom) of (1 - r/r_c)^3 between all pairs: something smooth to learn."""
    centre, neighbour, r = pairs_of(positions, cell, CUTOFF)
    distance = np.linalg.norm(r, axis=1)
    slope = -3.0 / CUTOFF * (1.0 - distance / CUTOFF) ** 2
    forces = np.zeros_like(positions)
    np.add.at(forces, centre, (slope / distance)[:, None] * r)
    return 0.5 * float(((1.0 - distance / CUTOFF) ** 3).sum()), forces


def made_up(count: int, seed: int) -> Dataset:
    """Configurations of 3 to 7 atoms, every fifth periodic, in groups of four; the group "group 1" is held out."""
    random = np.random.default_rng(seed)
    numbers, positions, forces, energies, cells = [], [], [], [], []
    for k in range(count):
        cell = TRICLINIC if k % 5 == 0 else np.zeros((3, 3))
        n_atoms = int(random.integers(3, 8))
        x = scattered(random, n_atoms, 4.0, cell).astype(np.float32)
        energy, f = pair_potential(x.astype(np.float64), cell)
        numbers.append(random.choice(ELEMENTS, n_atoms).astype(np.uint8))
        positions.append(x)
        forces.append(f.astype(np.float32))
        energies.append(energy - 10.0 * n_atoms)
        cells.append(cell)
    return Dataset(
        offsets=np.cumsum([0, *(len(z) for z in numbers)]),
        numbers=np.concatenate(numbers),
        positions=np.concatenate(positions),
        forces=np.concatenate(forces),
        energies=np.array(energies),
        cells=np.array(cells),
        groups=(np.arange(count) // 4).astype(np.int32),
        kinds=np.zeros(count, dtype=np.int32),
        group_names=np.array([f"group {k}" for k in range((count + 3) // 4)]),
        kind_names=np.array(["scattered"]),
        held_out=np.array(["group 1"]),
    )


def random_model(features: int, layers: int) -> PaiNN:
    """A float64 model with random weights, biases included."""
    torch.manual_seed(3)
    model = PaiNN(9, features, layers, CUTOFF, bessels=6, readout=16).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.element_energy.copy_(torch.linspace(-3.0, 2.0, 9))
    return model


class Network(unittest.TestCase):
    """painn.py against the program, double precision."""

    def test_energies_and_forces_are_those_of_mlffgen(self) -> None:
        model = random_model(features=16, layers=2)
        random = np.random.default_rng(5)
        systems = [(n, np.zeros((3, 3))) for n in (1, 2, 7, 12)] + [(1, TRICLINIC), (6, TRICLINIC)]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            frames = []
            for n_atoms, cell in systems:
                numbers = random.choice(ELEMENTS, n_atoms)
                x = scattered(random, n_atoms, 4.2, cell)
                centre, neighbour, r = (torch.from_numpy(array) for array in pairs_of(x, cell, CUTOFF))
                energies, forces = model.energies_and_forces(
                    torch.from_numpy(numbers), centre, neighbour, r, torch.ones((len(r), 1), dtype=torch.float64)
                )
                energy = float(energies.sum() + model.element_energy[numbers].sum())
                frames.append(frame_text(numbers, x, cell, energy, forces.detach().numpy(), f"{n_atoms} atoms"))
            (folder / "truth.extxyz").write_text("".join(frames))
            self._compile(folder, model)
            rows = self._run(folder, "eval", "model.mlff", "truth.extxyz", "--compare", "--json")["frames"]
        self.assertEqual(len(rows), len(systems))
        for row in rows:
            with self.subTest(row["name"]):
                self.assertLess(row["comparison"]["energy_relative"], 1e-10)
                self.assertLessEqual(row["comparison"]["forces"]["max"], 1e-9 * max(row["max_force"], 1e-3))

    def _compile(self, folder: Path, model: PaiNN) -> None:
        spec = (
            "mlffgen: 1\nname: random\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\n"
            f"cutoff: {CUTOFF}\nweights: weights.safetensors\narchitecture: painn-bessel\n"
            "parameters: {features: 16, layers: 2, bessels: 6, readout: 16}\n"
        )
        (folder / "model.yaml").write_text(spec)
        save_safetensors(folder / "weights.safetensors", model.state_dict(), {})
        report = self._run(folder, "compile", "model.yaml", "-o", "model.mlff", "--precision", "double", "--target",
                           "host", "--host-cpu", "native", "--json")  # fmt: skip
        # Every tensor of the file is one that the architecture names.
        self.assertEqual([row for row in report["diagnostics"] if row["code"] == "unused-weights"], [])

    def _run(self, folder: Path, *words: str) -> dict:
        done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Batches(unittest.TestCase):
    """Padding, order and gathering change no result."""

    def test_padded_batches_give_what_single_configurations_give(self) -> None:
        data = made_up(30, seed=1)
        pairs = all_pairs(data, CUTOFF)
        model = random_model(features=8, layers=2)
        on_device = DeviceData(data, pairs, data.energies, torch.float64, "cpu")
        order = np.random.default_rng(2).permutation(len(data))
        size = size_for(data, pairs, atoms=23)
        seen = []
        for indices in fill(data, pairs, order, size):
            self.assertEqual((len(indices.atom), len(indices.pair)), (size.atoms, size.pairs))
            tensors = (torch.from_numpy(a) for a in (indices.atom, indices.system, indices.pair, indices.base))
            batch = on_device.batch(*tensors, systems=size.systems)
            energies, forces = predict(model, batch)
            self.assertTrue(torch.isfinite(energies).all() and torch.isfinite(forces).all())
            at = 0
            for place, k in enumerate(indices.configurations):
                energy, force = self._alone(model, data, int(k))
                np.testing.assert_allclose(float(energies[place]), energy, rtol=0, atol=1e-5)
                np.testing.assert_allclose(forces[at : at + len(force)].detach(), force, rtol=0, atol=1e-5)
                labels = data.forces[data.atoms(int(k))]
                np.testing.assert_array_equal(batch.forces[at : at + len(force)], labels)
                self.assertAlmostEqual(float(batch.energies[place]), data.energies[k], places=9)
                at += len(force)
            self.assertEqual(float(forces[at:].abs().sum()), 0.0)
            seen += indices.configurations.tolist()
        self.assertEqual(seen, order.tolist())

    def _alone(self, model: PaiNN, data: Dataset, k: int) -> tuple[float, np.ndarray]:
        atoms = data.atoms(k)
        x = data.positions[atoms].astype(np.float64)
        centre, neighbour, r = (torch.from_numpy(array) for array in pairs_of(x, data.cells[k], CUTOFF))
        numbers = torch.from_numpy(data.numbers[atoms].astype(np.int64))
        real = torch.ones((len(r), 1), dtype=torch.float64)
        energies, forces = model.energies_and_forces(numbers, centre, neighbour, r, real)
        return float(energies.sum()), forces.detach().numpy()


class Data(unittest.TestCase):
    """Files and splits."""

    def test_splits_are_disjoint_complete_and_follow_from_the_seed(self) -> None:
        data = made_up(60, seed=1)
        parts = split(data, seed=4)
        everything = np.concatenate([parts.train, parts.validation, parts.test, parts.unseen])
        np.testing.assert_array_equal(np.sort(everything), np.arange(len(data)))
        np.testing.assert_array_equal(parts.unseen, np.flatnonzero(data.groups == 1))
        for name in ("train", "validation", "test"):
            self.assertGreater(len(getattr(parts, name)), 0)
            np.testing.assert_array_equal(getattr(parts, name), getattr(split(data, seed=4), name))
        self.assertNotEqual(parts.test.tolist(), split(data, seed=5).test.tolist())

    def test_a_set_is_read_back_and_two_are_put_together(self) -> None:
        first, second = made_up(8, seed=1), made_up(8, seed=2)
        second.group_names = np.array(["group 1", "other"])
        with tempfile.TemporaryDirectory() as name:
            first.save(Path(name) / "first.npz")
            both = concatenate([load(Path(name) / "first.npz"), second])
        np.testing.assert_array_equal(both.group_names[both.groups[:8]], first.group_names[first.groups])
        np.testing.assert_array_equal(both.group_names[both.groups[8:]], second.group_names[second.groups])
        np.testing.assert_array_equal(both.positions[both.atoms(9)], second.positions[second.atoms(1)])
        self.assertEqual(both.held_out.tolist(), ["group 1"])

    def test_a_file_of_something_else_is_refused_with_what_it_lacks(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            np.savez(Path(name) / "other.npz", energies=np.zeros(3))
            with self.assertRaisesRegex(ValueError, "other.npz.*lacks.*positions"):
                load(Path(name) / "other.npz")


class Training(unittest.TestCase):
    """The loop, tiny, on the processor."""

    def test_training_lowers_errors_and_goes_on_from_a_checkpoint(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made_up(240, seed=1).save(folder / "data.npz")
            words = ["--data", str(folder / "data.npz"), "--output", str(folder / "out"), "--device", "cpu"]
            words += ["--features", "8", "--layers", "2", "--cutoff", str(CUTOFF), "--atoms", "64"]
            words += ["--rate", "5e-3", "--average-decay", "0.9"]
            with contextlib.redirect_stdout(io.StringIO()):
                first = train.main([*words, "--steps", "60"])
                second = train.main([*words, "--steps", "240", "--resume"])
            written = json.loads((folder / "out" / "training.json").read_text())
        history = second["history"]
        self.assertLess(first["history"][-1]["validation"]["force_rmse"], 0.6 * history[0]["validation"]["force_rmse"])
        self.assertLess(second["errors"]["unseen"]["all"]["force_rmse"], first["errors"]["unseen"]["all"]["force_rmse"])
        self.assertEqual((history[len(first["history"]) - 1]["step"], history[-1]["step"]), (60, 240))
        self.assertEqual(written["errors"], second["errors"])

    def test_labelled_samples_are_read_by_the_program(self) -> None:
        data = made_up(3, seed=1)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_extxyz(folder / "samples.extxyz", data, np.arange(3))
            spec = TOP / "models" / "demo" / "painn-untrained.yaml"
            model = folder / "demo.mlff"
            options = ["--untrained-weights", "1", "--target", "host", "--host-cpu", "native", "--quiet"]
            subprocess.run([PROGRAM, "compile", spec, *options, "-o", model], check=True)
            command = [PROGRAM, "eval", model, folder / "samples.extxyz", "--compare", "--json"]
            done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["frames"][1]["name"], "group 0, scattered")
        difference = report["frames"][1]["comparison"]["energy_per_atom"] * report["frames"][1]["n_atoms"]
        self.assertAlmostEqual(abs(report["frames"][1]["energy"] - data.energies[1]), abs(difference), places=5)
        self.assertGreater(report["comparison"]["forces"]["rmse"], 0.0)


if __name__ == "__main__":
    unittest.main()
