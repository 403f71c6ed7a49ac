#!/usr/bin/env python3
"""Runs a model's dynamics at constant temperature and says whether every molecule is intact behind it.

    python stability.py ../organics --device cuda --picoseconds 100 --program ../../build/bin/mlffgen

Starts from start.extxyz of the model's folder, a frame a system; all run side by side, Langevin dynamics at 300 K with
steps of 0.5 fs. Writes stability.json there; ends with 1 where a run fails, a bond breaks or a temperature is off.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from extxyz import Frame, read_extxyz  # noqa: E402

_RADII = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66}  # angstrom, covalent: Cordero et al., Dalton Trans. 2008, 2832
_BONDED = 1.3  # times the sum of radii: bonds of the start
_BROKEN = 1.7  # times the sum of radii


def bonds(frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atoms i and j of each bond and the sum of their radii, angstrom."""
    radii = np.array([_RADII[int(z)] for z in frame.numbers])
    sums = radii[:, None] + radii[None]
    i, j = np.nonzero(np.triu(distances(frame) < _BONDED * sums, 1))
    return i, j, sums[i, j]


def distances(frame: Frame) -> np.ndarray:
    """[n_atoms][n_atoms], angstrom, to the nearest image in a box with right angles."""
    d = frame.positions[None] - frame.positions[:, None]
    if frame.pbc.any():
        edges = np.diag(frame.cell)
        d -= edges * np.round(d / edges)
    return np.linalg.norm(d, axis=2)


def broken(start: Frame, frames: list[Frame]) -> str:
    """The first bond of the start that breaks in the frames, or nothing."""
    i, j, sums = bonds(start)
    for at, frame in enumerate(frames):
        long = np.flatnonzero(distances(frame)[i, j] > _BROKEN * sums)
        if len(long):
            return f"the bond of atoms {i[long[0]]} and {j[long[0]]} is broken in frame {at}"
    return ""


def simulate(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """A row for each system of start.extxyz."""
    starts = read_extxyz(arguments.folder / "start.extxyz")
    model, trajectory = folder / "model.mlff", folder / "trajectory.extxyz"
    program = str(arguments.program)
    subprocess.run([program, "compile", arguments.folder / "model.yaml", "-o", model, "--quiet"], check=True)
    words = ["--all-frames", "--ensemble", "langevin", "--temperature", f"{arguments.kelvin}", "--friction", "2"]
    words += ["--time", f"{arguments.picoseconds}", "--timestep", "0.5", "--device", arguments.device]
    words += ["--trajectory", str(trajectory), "--trajectory-every", "2000", "--quiet", "--json"]
    command = [program, "md", model, arguments.folder / "start.extxyz", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"stability.py: mlffgen md ended with {done.returncode}")
    frames = read_extxyz(trajectory)
    rows = []
    for k, (start, system) in enumerate(zip(starts, json.loads(done.stdout)["systems"])):
        mean = system["mean_temperature"]
        # The spread of a mean over 50 or more independent pieces of a run, four times.
        allowed = 4 * arguments.kelvin * np.sqrt(2 / (3 * len(start.numbers)) / max(1.0, arguments.picoseconds / 2))
        problem = broken(start, frames[k :: len(starts)])
        if not problem and abs(mean - arguments.kelvin) > allowed:
            problem = f"the mean temperature is off by more than {allowed:.0f} K"
        rows.append(
            {
                "name": start.name,
                "atoms": len(start.numbers),
                "picoseconds": arguments.picoseconds,
                "bath": arguments.kelvin,
                "mean": mean,
                "intact": not problem,
                "problem": problem,
            }
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Dynamics of a model at constant temperature.")
    parser.add_argument("folder", type=Path, help="of model.yaml, its weights and start.extxyz")
    parser.add_argument("--picoseconds", type=float, default=100.0)
    parser.add_argument("--kelvin", type=float, default=300.0)
    parser.add_argument("--device", default="host")
    parser.add_argument("--program", type=Path, default=Path("mlffgen"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = simulate(arguments, Path(name))
    for row in rows:
        print(f"{row['name']}: {row['mean']:.1f} K, {row['problem'] or 'intact'}")
    (arguments.folder / "stability.json").write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["intact"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
