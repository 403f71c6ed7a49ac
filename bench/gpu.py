"""Times mlffgen on a GPU against plain PyTorch on the same weights and structures, in the same run.

PyTorch (eager, and the same captured as a CUDA graph) is given its neighbour list; mlffgen builds its own within the time
measured, every call. Positions lie on the GPU on both sides; times are those of a clock on the wall around a call that
waits for its results. Forces of both sides are compared with the model in double precision: mlffgen's own double build,
which is compared with PyTorch in double where that fits into memory. mlffgen's calls are also timed step by step, by
CUDA events. Writes JSON and two Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import numpy as np
import torch
from scipy.spatial import cKDTree

import capi
from dialects import load_network
from extxyz import Frame
from neighbours import NeighbourList, neighbour_list
from pytorch_painn import Inputs
from structures import cluster, periodic

_SIZES = "9,21,100,200,64x9,1024x9,256x21,1000p,8000p,27000p,64000p,1000000p"
_WARM_UP = 10
_REPEATS = 100
_MOST_SECONDS = 4.0  # of one timing
_LARGEST_FLOAT64 = 1100  # atoms, for PyTorch in double
_LARGEST_PYTORCH = 28000  # periodic atoms: beyond, 80 GB are too few


@dataclass(frozen=True)
class System:
    """A batch of structures and its directed pairs: their number, and where PyTorch is to run, the pairs themselves."""

    name: str
    frames: list[Frame]
    n_pairs: int
    pairs: Optional[NeighbourList]

    @property
    def numbers(self) -> np.ndarray:
        return np.concatenate([frame.numbers for frame in self.frames])

    @property
    def positions(self) -> np.ndarray:
        return np.concatenate([frame.positions for frame in self.frames])

    @property
    def begin(self) -> np.ndarray:
        return np.cumsum([0] + [len(frame.numbers) for frame in self.frames])


def _large_list(frame: Frame, cutoff: float) -> NeighbourList:
    """Pairs of a large periodic cube, by a tree."""
    side = float(frame.cell[0, 0])
    wrapped = frame.positions % side
    pairs = cKDTree(wrapped, boxsize=side).query_pairs(cutoff, output_type="ndarray")
    centre = np.concatenate((pairs[:, 0], pairs[:, 1]))
    neighbour = np.concatenate((pairs[:, 1], pairs[:, 0]))
    order = np.lexsort((neighbour, centre))
    centre, neighbour = centre[order], neighbour[order]
    shift = -side * np.round((frame.positions[neighbour] - frame.positions[centre]) / side)
    return NeighbourList(centre, neighbour, shift)


def _count_pairs(frame: Frame, cutoff: float) -> int:
    side = float(frame.cell[0, 0])
    tree = cKDTree(frame.positions % side, boxsize=side)
    return int(tree.count_neighbors(tree, cutoff)) - len(frame.numbers)


def make_system(name: str, cutoff: float) -> System:
    """ "9": a cluster; "64x9": a batch of clusters; "1000p": a periodic cube."""
    if name.endswith("p"):
        frame = periodic(int(name[:-1]))
        if len(frame.numbers) > _LARGEST_PYTORCH:
            return System(name, [frame], _count_pairs(frame, cutoff), None)
        frames = [frame]
        lists = [_large_list(frame, cutoff) if len(frame.numbers) > 500 else neighbour_list(frame, cutoff)]
    else:
        count, size = (int(part) for part in name.split("x")) if "x" in name else (1, int(name))
        frames = [cluster(size, seed) for seed in range(1, count + 1)]
        lists = [neighbour_list(frame, cutoff) for frame in frames]
    begin = np.cumsum([0] + [len(frame.numbers) for frame in frames])[:-1]
    pairs = NeighbourList(
        np.concatenate([part.centre + first for part, first in zip(lists, begin)]),
        np.concatenate([part.neighbour + first for part, first in zip(lists, begin)]),
        np.concatenate([part.shift for part in lists]),
    )
    return System(name, frames, len(pairs.centre), pairs)


def time_calls(call: Callable[[], None]) -> dict[str, float]:
    """Milliseconds a call, after a warm-up; the call waits for its results."""
    for _ in range(_WARM_UP):
        call()
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < _REPEATS and (len(times) < 5 or time.perf_counter() - begin < _MOST_SECONDS):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    values = np.array(times)
    return {
        "median_ms": float(np.median(values)), "mean_ms": float(values.mean()), "std_ms": float(values.std()),
        "p95_ms": float(np.percentile(values, 95)), "p99_ms": float(np.percentile(values, 99)), "repeats": len(times),
    }  # fmt: skip


class Ours:
    """A system's arrays on the GPU, and mlffgen's model."""

    def __init__(self, library: Path, bundle: Path, system: System) -> None:
        self.model = capi.Model(library, bundle, "cuda")
        frames, n_atoms = system.frames, len(system.numbers)
        device = "cuda"
        self._begin = torch.tensor(system.begin, dtype=torch.int32, device=device)
        self._positions = torch.tensor(system.positions, dtype=torch.float64, device=device)
        self._numbers = torch.tensor(system.numbers, dtype=torch.int32, device=device)
        self._cells = torch.tensor(np.array([f.cell for f in frames]), dtype=torch.float64, device=device).contiguous()
        masks = [int(sum(1 << k for k in range(3) if f.pbc[k])) for f in frames]
        self._periodic = torch.tensor(masks, dtype=torch.int32, device=device)
        self.energies = torch.full((len(frames),), math.nan, dtype=torch.float64, device=device)
        self.forces = torch.full((n_atoms, 3), math.nan, dtype=torch.float64, device=device)
        self._virials = torch.full((len(frames), 9), math.nan, dtype=torch.float64, device=device)
        largest = max(len(f.numbers) for f in frames)
        self._systems = capi.systems(
            len(frames), n_atoms, self._begin.data_ptr(), self._positions.data_ptr(), self._numbers.data_ptr(),
            self._cells.data_ptr(), self._periodic.data_ptr(), largest,
        )  # fmt: skip
        self._results = capi.results(self.energies.data_ptr(), self.forces.data_ptr(), self._virials.data_ptr())
        self._stream = torch.cuda.Stream()
        torch.cuda.synchronize()

        host = {
            "begin": np.ascontiguousarray(system.begin, dtype=np.int32),
            "positions": np.ascontiguousarray(system.positions, dtype=np.float64),
            "numbers": np.ascontiguousarray(system.numbers, dtype=np.int32),
            "cells": np.ascontiguousarray([f.cell for f in frames], dtype=np.float64),
            "periodic": np.array(masks, dtype=np.int32),
            "energies": np.full(len(frames), math.nan),
            "forces": np.full((n_atoms, 3), math.nan),
            "virials": np.full((len(frames), 9), math.nan),
        }
        self._host = host
        self._host_systems = capi.systems(
            len(frames), n_atoms, host["begin"].ctypes.data, host["positions"].ctypes.data, host["numbers"].ctypes.data,
            host["cells"].ctypes.data, host["periodic"].ctypes.data, largest,
        )  # fmt: skip
        self._host_results = capi.results(
            host["energies"].ctypes.data, host["forces"].ctypes.data, host["virials"].ctypes.data
        )

    def call(self) -> None:
        self.model.evaluate_on_device(self._systems, self._results, self._stream.cuda_stream)

    def call_host(self) -> None:
        self.model.evaluate(self._host_systems, self._host_results)

    def profile(self, repeats: int) -> dict[str, object]:
        return self.model.profile_on_device(
            self._systems, self._results, self._stream.cuda_stream, repeats, min(repeats, _WARM_UP)
        )


class Eager:
    """Plain PyTorch, its pairs given."""

    def __init__(self, weights: Path, system: System, dtype: torch.dtype) -> None:
        frame = Frame(system.numbers, system.positions)
        self._model = load_network(weights, dtype, "cuda")
        self.inputs = Inputs(frame, system.pairs, dtype, "cuda")

    def enqueue(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._model.energy_and_gradient(self.inputs)

    def call(self) -> None:
        self.enqueue()
        torch.cuda.synchronize()

    def forces(self) -> np.ndarray:
        return -self.enqueue()[1].double().cpu().numpy()


def captured(eager: Eager) -> Callable[[], None]:
    """The same as one CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            eager.enqueue()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        eager.kept = eager.enqueue()

    def call() -> None:
        graph.replay()
        torch.cuda.synchronize()

    return call


def errors(forces: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Of forces [n_atoms][3], energy unit / angstrom."""
    rms = float(np.sqrt(np.mean(truth**2)))
    return {
        "force_rmse_relative": float(np.sqrt(np.mean((forces - truth) ** 2))) / rms,
        "largest_force_error": float(np.abs(forces - truth).max()),
        "rms_force": rms,
    }


def measure(arguments: argparse.Namespace, name: str, cutoff: float) -> dict[str, object]:
    system = make_system(name, cutoff)
    n_atoms = len(system.numbers)
    row: dict[str, object] = {"size": name, "n_atoms": n_atoms, "n_pairs": system.n_pairs}
    double = Ours(arguments.library, arguments.double, system)
    double.call()
    truth = double.forces.cpu().numpy()
    del double
    ours = Ours(arguments.library, arguments.bundle, system)
    row["mlffgen"] = time_calls(ours.call)
    row["mlffgen"].update(errors(ours.forces.cpu().numpy(), truth))
    row["mlffgen_host_arrays"] = time_calls(ours.call_host)
    affordable = int(1e3 * _MOST_SECONDS / row["mlffgen"]["median_ms"])
    row["profile"] = ours.profile(min(max(affordable, 5), _REPEATS))
    row["memory"] = ours.model.memory()
    row["statistics"] = ours.model.statistics()
    del ours
    if system.pairs is not None and not arguments.no_pytorch:
        if n_atoms <= _LARGEST_FLOAT64:
            row["double_build"] = errors(truth, Eager(arguments.weights, system, torch.float64).forces())
        eager = Eager(arguments.weights, system, torch.float32)
        row["pytorch"] = time_calls(eager.call)
        row["pytorch"].update(errors(eager.forces(), truth))
        try:
            row["pytorch_graph"] = time_calls(captured(eager))
        except (RuntimeError, torch.cuda.OutOfMemoryError) as error:
            row["pytorch_graph"] = {"failed": str(error).splitlines()[0]}
        del eager
    torch.cuda.empty_cache()
    return row


def table(rows: list[dict[str, object]]) -> str:
    lines = [
        "| system | atoms | neighbours | mlffgen ms | std | p99 | host arrays ms | ns an atom | force error | PyTorch eager ms"
        " | CUDA graph ms | PyTorch's force error | speed-up over eager | over graph |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, eager, graph = row["mlffgen"], row.get("pytorch"), row.get("pytorch_graph", {})
        median = ours["median_ms"]
        cells = [
            row["size"], row["n_atoms"], f"{row['n_pairs'] / row['n_atoms']:.1f}", f"{median:.3f}",
            f"{ours['std_ms']:.3f}", f"{ours['p99_ms']:.3f}", f"{row['mlffgen_host_arrays']['median_ms']:.3f}",
            f"{1e6 * median / row['n_atoms']:.0f}", f"{ours['force_rmse_relative']:.1e}",
            f"{eager['median_ms']:.2f}" if eager else "", f"{graph['median_ms']:.2f}" if "median_ms" in graph else "",
            f"{eager['force_rmse_relative']:.1e}" if eager else "",
            f"{eager['median_ms'] / median:.1f}" if eager else "",
            f"{graph['median_ms'] / median:.1f}" if "median_ms" in graph else "",
        ]  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _sum_of(profile: dict[str, object], **wanted: str) -> float:
    """Microseconds of the steps with these values."""
    steps = [step for step in profile["steps"] if all(step[key] == value for key, value in wanted.items())]
    return float(sum(step["median_us"] for step in steps))


def steps_table(rows: list[dict[str, object]]) -> str:
    """Microseconds of the steps of a call: the list, each phase, the reductions, copies at both ends."""
    profiles = [row["profile"] for row in rows]
    phases = list(dict.fromkeys(s["name"] for p in profiles for s in p["steps"] if s["part"] == "model"))
    heads = [
        "system", "atoms a block", "list", *phases, "reductions", "in and out", "sum", "one graph", "call", "sum / call",
    ]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row, profile in zip(rows, profiles):
        ends = _sum_of(profile, part="copy in") + _sum_of(profile, part="copy out")
        total, call = _sum_of(profile), profile["call"]["median_us"]
        times = [
            _sum_of(profile, part="list"), *(_sum_of(profile, name=phase) for phase in phases),
            _sum_of(profile, part="reductions"), ends, total, profile["graph"]["median_us"], call,
        ]  # fmt: skip
        cells = [row["size"], profile["tile_atoms"], *(f"{time:.1f}" for time in times), f"{100 * total / call:.0f} %"]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def machine() -> dict[str, str]:
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    name, driver = subprocess.run(query, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")[0].split(", ")
    return {"gpu": name, "driver": driver, "pytorch": torch.__version__, "cuda": str(torch.version.cuda)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="libmlffgen.so")
    parser.add_argument("--bundle", type=Path, required=True, help="the compiled model, float")
    parser.add_argument("--double", type=Path, required=True, help="the same model compiled with --precision double")
    parser.add_argument("--weights", type=Path, required=True, help="its weights.safetensors")
    parser.add_argument("--sizes", default=_SIZES, help="default: %(default)s")
    parser.add_argument("--no-pytorch", action="store_true", help="time mlffgen alone")
    parser.add_argument("--output", type=Path, help="a folder for gpu.json and gpu.md")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    cutoff = load_network(arguments.weights, torch.float32).cutoff
    report: dict[str, object] = {"machine": machine(), "rows": []}
    for name in arguments.sizes.split(","):
        try:
            row: Optional[dict[str, object]] = measure(arguments, name, cutoff)
        except (RuntimeError, torch.cuda.OutOfMemoryError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            row = None
        if row is not None:
            report["rows"].append(row)
            print(table([row]).splitlines()[-1], flush=True)
            if arguments.output:
                (arguments.output / "gpu.json").write_text(json.dumps(report, indent=1))
    text = f"{table(report['rows'])}\n\nMicroseconds of the steps of a call:\n\n{steps_table(report['rows'])}\n"
    print(text)
    if arguments.output:
        (arguments.output / "gpu.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
