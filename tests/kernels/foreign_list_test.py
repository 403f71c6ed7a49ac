#!/usr/bin/env python3
"""The device's neighbour lists against those of another library (vesin), as sets of pairs and displacements.

Skipped with exit code 77 where vesin or NumPy is not installed.
"""

import os
import subprocess
import sys
import unittest

try:
    import numpy
    import vesin
except ImportError as missing:
    print(f"skipped: {missing} (python3 -m pip install vesin numpy)")
    sys.exit(77)

PROGRAM = os.environ["MLFFGEN_LIST_PAIRS"]
CUTOFF = 3.0


def text_of(structure) -> str:
    cell, periodic, positions = structure
    rows = [f"{len(positions)}", " ".join(map(repr, cell.ravel().tolist())), " ".join(map(str, map(int, periodic)))]
    return "\n".join(rows + [" ".join(map(repr, r)) for r in positions.tolist()]) + "\n"


def device_lists(path: str, structures) -> list[list[tuple]]:
    """Sorted pairs of each structure: atom, neighbour, displacement in units of 1e-4."""
    run = subprocess.run([PROGRAM, str(CUTOFF), path], input="".join(map(text_of, structures)), text=True,
                         capture_output=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr)
    lines = iter(run.stdout.splitlines())
    lists = []
    for _ in structures:
        rows = [next(lines).split() for _ in range(int(next(lines)))]
        lists.append(sorted((int(r[0]), int(r[1]), *(round(float(x) * 1e4) for x in r[2:])) for r in rows))
    return lists


def vesin_list(structure) -> list[tuple]:
    cell, periodic, positions = structure
    neighbours = vesin.NeighborList(cutoff=CUTOFF, full_list=True)
    i, j, d = neighbours.compute(points=positions, box=cell, periodic=numpy.array(periodic), quantities="ijD")
    rows = zip(i.tolist(), j.tolist(), d.tolist())
    return sorted((a, b, *(round(x * 1e4) for x in displacement)) for a, b, displacement in rows)


def random_structures() -> list[tuple]:
    random = numpy.random.default_rng(5)
    structures = []
    for mask in range(8):
        for size in (0.9, 2.5, 7.0, 20.0):  # from 0.3 to 7 cutoffs
            cell = numpy.diag(size * random.uniform(0.8, 1.25, 3)) + size * random.uniform(-0.3, 0.3, (3, 3))
            fractions = random.random((4 if size < 3 else 90, 3))
            structures.append((cell, [bool(mask >> d & 1) for d in range(3)], fractions @ cell))
    return structures


class ForeignListTest(unittest.TestCase):
    def test_the_device_finds_the_pairs_that_vesin_finds(self):
        structures = random_structures()
        expected = [vesin_list(s) for s in structures]
        self.assertGreater(sum(map(len, expected)), 10000)
        for path in ("cells", "all_pairs"):
            for structure, wanted, found in zip(structures, expected, device_lists(path, structures)):
                with self.subTest(path=path, periodic=structure[1], volume=numpy.linalg.det(structure[0])):
                    self.assertEqual(wanted, found)


if __name__ == "__main__":
    unittest.main()
