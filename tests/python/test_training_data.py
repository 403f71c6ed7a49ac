"""The makers of training data: held-out molecules, sampling, the classical model of water; with tblite, labels and tasks.

Skipped where numpy or scipy is missing; what needs tblite is skipped without it.
"""

from __future__ import annotations

import sys
import tempfile
import unittest
from functools import partial
from pathlib import Path

SKIPPED = 77

try:
    import numpy as np
    import scipy  # noqa: F401
except ImportError as error:
    print(f"skipped: {error}: making data needs numpy and scipy; MLFFGEN_PYTHON may name an interpreter that has them")
    sys.exit(SKIPPED)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
from bounds import Bounds, lowest_energies  # noqa: E402
from classical_water import NUMBERS, ClassicalWater, edge_of_cube  # noqa: E402
from dataset import Dataset  # noqa: E402
from molecules import held_out_molecules, partners, training_molecules  # noqa: E402
from sampling import ACCELERATION, BOLTZMANN, displaced, langevin, normal_modes, random_rotation, relax  # noqa: E402

try:
    import tblite  # noqa: F401

    WITH_TBLITE = True
except ImportError:
    WITH_TBLITE = False

STIFFNESS, LENGTH = 30.0, 1.2  # eV/angstrom^2, angstrom
MASS = np.array([12.0, 16.0])  # u


def spring(positions: np.ndarray) -> tuple[float, np.ndarray]:
    """Two atoms with a harmonic bond."""
    d = positions[1] - positions[0]
    length = np.linalg.norm(d)
    force = STIFFNESS * (length - LENGTH) * d / length
    return 0.5 * STIFFNESS * (length - LENGTH) ** 2, np.array([force, -force])


class Molecules(unittest.TestCase):
    def test_what_is_held_out_is_in_no_training(self) -> None:
        training = training_molecules()
        self.assertEqual(len(training), len(set(training)))
        self.assertEqual(set(held_out_molecules()) & set(training), set())
        self.assertLessEqual(set(partners()), set(training))


class Limits(unittest.TestCase):
    """What is left out of a set."""

    def setUp(self) -> None:
        # Configurations of 1, 2, 3 and 2 atoms; the last two atoms have the largest forces.
        offsets = np.array([0, 1, 3, 6, 8])
        self.data = Dataset(
            offsets=offsets,
            numbers=np.arange(8, dtype=np.uint8),
            positions=np.arange(24, dtype=np.float32).reshape(8, 3),
            forces=np.concatenate([np.full((6, 3), 1.0), np.full((2, 3), -4.0)]).astype(np.float32),
            energies=np.array([-1.0, -2.0, -3.0, -1.9]),
            cells=np.zeros((4, 3, 3)),
            groups=np.array([0, 1, 2, 1], dtype=np.int32),
            kinds=np.array([0, 0, 1, 1], dtype=np.int32),
            group_names=np.array(["a", "b", "c"]),
            kind_names=np.array(["k", "l"]),
            held_out=np.array(["a"]),
        )

    def test_a_selection_has_the_atoms_of_the_chosen_configurations(self) -> None:
        chosen = self.data.select(np.array([3, 1]))
        self.assertEqual(chosen.numbers.tolist(), [6, 7, 1, 2])
        np.testing.assert_array_equal(chosen.positions[chosen.atoms(1)], self.data.positions[1:3])
        self.assertEqual(chosen.energies.tolist(), [-1.9, -2.0])
        self.assertEqual(len(self.data.select(np.zeros(0, dtype=int))), 0)

    def test_forces_and_energies_above_the_bounds_are_found(self) -> None:
        lowest = lowest_energies(self.data)
        self.assertEqual(lowest, {"a": -1.0, "b": -2.0, "c": -3.0})
        by_force = Bounds(force=3.9, kelvin=1e6).kept(self.data, lowest)
        self.assertEqual(by_force.tolist(), [True, True, True, False])
        hottest = 0.1 / (1.5 * BOLTZMANN * 2)  # K: two atoms 0.1 eV above the lowest of their group
        for kelvin, last in ((0.99 * hottest, False), (1.01 * hottest, True)):
            kept = Bounds(force=4.1, kelvin=kelvin).kept(self.data, lowest)
            self.assertEqual(kept.tolist(), [True, True, True, last])
        # Of another set the lowest may be lower.
        self.assertFalse(Bounds(force=4.1, kelvin=hottest).kept(self.data, {**lowest, "c": -4.0})[2])


class Sampling(unittest.TestCase):
    def test_the_mode_of_a_spring_has_its_frequency_and_spread(self) -> None:
        start = relax(spring, np.array([[0.0, 0.0, 0.0], [0.7, 0.6, 1.0]]), tolerance=1e-6)
        self.assertAlmostEqual(float(np.linalg.norm(start[1] - start[0])), LENGTH, places=5)
        frequencies, modes = normal_modes(spring, start, MASS)
        reduced = MASS.prod() / MASS.sum()
        np.testing.assert_allclose(frequencies, [np.sqrt(STIFFNESS * ACCELERATION / reduced)], rtol=1e-4)
        random = np.random.default_rng(1)
        lengths = [
            np.linalg.norm(np.diff(displaced(start, frequencies, modes, 500.0, random), axis=0)) for _ in range(2000)
        ]
        self.assertAlmostEqual(float(np.var(lengths) / (BOLTZMANN * 500.0 / STIFFNESS)), 1.0, delta=0.15)

    def test_langevin_dynamics_has_the_temperature_of_its_bath(self) -> None:
        start = np.array([[0.0, 0.0, 0.0], [LENGTH, 0.0, 0.0]])
        frames = langevin(spring, start, MASS, 400.0, 20000, np.random.default_rng(2), friction=0.05)
        energies = [spring(x)[0] for x in frames][500:]
        self.assertAlmostEqual(float(np.mean(energies) / (0.5 * BOLTZMANN * 400.0)), 1.0, delta=0.15)

    def test_rotations_are_proper(self) -> None:
        turn = random_rotation(np.random.default_rng(3))
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        self.assertAlmostEqual(float(np.linalg.det(turn)), 1.0)


class Water(unittest.TestCase):
    def test_classical_forces_are_minus_the_energy_gradient(self) -> None:
        random = np.random.default_rng(4)
        edge = edge_of_cube(8, 0.8)
        shape = np.array([[0.0, 0.0, 0.0], [0.97, 0.0, 0.0], [-0.3, 0.9, 0.0]])
        # Off the lattice: no pair is at the cutoff, half the edge.
        corners = np.array(list(np.ndindex(2, 2, 2))) * edge / 2 + random.uniform(-0.2, 0.2, (8, 3))
        x = np.concatenate([shape @ random_rotation(random).T + corner for corner in corners])
        water = ClassicalWater(8, edge)
        forces = water(x)[1]
        for _ in range(5):
            step = random.normal(size=x.shape) * 1e-5
            slope = (water(x + step)[0] - water(x - step)[0]) / 2
            np.testing.assert_allclose(slope, -(forces * step).sum(), rtol=1e-5)
        np.testing.assert_allclose(water(x + [edge, 0.0, -edge])[1], forces, atol=1e-9)


@unittest.skipUnless(WITH_TBLITE, "tblite is missing")
class Labels(unittest.TestCase):
    def test_a_task_gives_the_same_labels_again_and_a_run_goes_on(self) -> None:
        from collect import Task, gather, part_path, run_tasks
        from water import make_cluster

        tasks = [Task(f"cluster {k}", partial(make_cluster, k), held_out=k == 8) for k in (8, 9)]
        with tempfile.TemporaryDirectory() as name:
            parts = [Path(name) / "first", Path(name) / "second"]
            run_tasks(tasks[:1], 7, parts[0], 1)
            before = part_path(parts[0], "cluster 8").stat().st_mtime_ns
            run_tasks(tasks, 7, parts[0], 2)
            self.assertEqual(part_path(parts[0], "cluster 8").stat().st_mtime_ns, before)
            run_tasks(tasks[::-1], 7, parts[1], 1)
            first, second = (gather(tasks, folder) for folder in parts)
        self.assertEqual(first.held_out.tolist(), ["cluster 8"])
        np.testing.assert_array_equal(first.positions, second.positions)
        np.testing.assert_allclose(first.energies, second.energies, atol=1e-9)

    def test_the_second_round_takes_all_molecules_and_clusters_whatever_the_molecules(self) -> None:
        from refine import _chosen

        clusters = [f"cluster {k}" for k in range(80)]
        few, many = _chosen(["CO", *clusters]), _chosen(["CO", "CCO", "N", *clusters])
        self.assertEqual({name for name in many if name not in clusters}, {"CO", "CCO", "N"})
        self.assertEqual(set(few) & set(clusters), set(many) & set(clusters))
        self.assertEqual(len(set(few) & set(clusters)), 10)
        self.assertEqual(many, _chosen(["CO", "CCO", "N", *clusters]))

    def test_forces_are_minus_the_energy_gradient_in_electronvolts_and_angstroms(self) -> None:
        from xtb import Xtb

        x = np.array([[0.0, 0.0, 0.0], [0.98, 0.05, 0.0], [-0.3, 0.9, 0.1]])
        for method in ("GFN1-xTB", "GFN2-xTB"):
            potential = Xtb(method, NUMBERS)
            step = np.zeros((3, 3))
            step[1, 0] = 1e-3
            slope = (potential(x + step)[0] - potential(x - step)[0]) / 2e-3
            self.assertAlmostEqual(slope, -potential(x)[1][1, 0], delta=3e-4)


if __name__ == "__main__":
    unittest.main()
