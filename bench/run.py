"""Times mlffgen's host backend against plain PyTorch on the same weights and structures, in the same run.

PyTorch is given its neighbour list; mlffgen builds its own within the time measured. The forces of both sides are
compared with PyTorch in float64. Exit status: 0; 1 where mlffgen's forces miss the bound; 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch

from dialects import load_network
from extxyz import Frame, read_extxyz, write_extxyz
from neighbours import neighbour_list
from pytorch_painn import Inputs, Network
from structures import structure

_TOP = Path(__file__).resolve().parent.parent
_WARM_UP = 3
_MOST_REPEATS = 1000

# Median milliseconds a call of SchNetPack's own code on PyTorch 1.13, 2 CPU cores, as measured on 2026-11-22.
_SCHNETPACK_MS = {"9": 15.7, "100": 273.0, "1000p": 6870.0}

_REFERENCE_BLAS = "reference BLAS"
_QUIET_LOAD = 0.5  # processes of others at the start, above which timings mean little

# A float build's force error must be below either bound: a share of the RMS force, or an absolute one.
_RELATIVE_BOUND = 2e-5
_ABSOLUTE_BOUND = 5e-6  # eV/angstrom
_UNITS_PER_EV = {"eV": 1.0, "kcal/mol": 23.060548, "kJ/mol": 96.485332, "hartree": 0.036749322, "meV": 1000.0}


class BenchmarkError(Exception):
    """The call or its environment is wrong; the message says what to do."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds a call, energy and forces."""

    median_ms: float
    std_ms: float
    p95_ms: float
    repeats: int


@dataclass(frozen=True)
class Accuracy:
    """Differences from PyTorch in float64."""

    force_rmse: float  # energy unit / angstrom
    force_rmse_relative: float  # of the RMS force
    largest_force_error: float  # energy unit / angstrom, largest component
    energy_error: float  # energy unit


@dataclass(frozen=True)
class Side:
    timing: Timing
    accuracy: Accuracy


@dataclass(frozen=True)
class Result:
    size: str
    n_atoms: int
    n_pairs: int  # ordered pairs within the cutoff
    rms_force: float  # energy unit / angstrom, float64
    pytorch: Side
    mlffgen: Optional[Side]

    @property
    def speed_up(self) -> Optional[float]:
        return self.pytorch.timing.median_ms / self.mlffgen.timing.median_ms if self.mlffgen else None


def time_pytorch(model: Network, inputs: Inputs, min_repeats: int, min_seconds: float) -> Timing:
    """Repeats until both minima are reached (at most _MOST_REPEATS calls)."""
    for _ in range(_WARM_UP):
        model.energy_and_forces(inputs)
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < _MOST_REPEATS:
        start = time.perf_counter()
        model.energy_and_forces(inputs)
        times.append(1e3 * (time.perf_counter() - start))
        if len(times) >= min_repeats and time.perf_counter() - begin >= min_seconds:
            break
    values = np.array(times)
    return Timing(float(np.median(values)), float(values.std()), float(np.percentile(values, 95)), len(times))


def accuracy(energy: float, forces: np.ndarray, true_energy: float, true_forces: np.ndarray) -> Accuracy:
    """forces, true_forces: [n_atoms][3], energy unit / angstrom."""
    if forces.shape != true_forces.shape:
        raise BenchmarkError(f"forces have the shape {forces.shape}, expected {true_forces.shape}")
    error = forces.astype(np.float64) - true_forces
    rmse = float(np.sqrt(np.mean(error**2)))
    rms = float(np.sqrt(np.mean(true_forces**2)))
    return Accuracy(rmse, rmse / rms if rms > 0 else rmse, float(np.abs(error).max()), abs(energy - true_energy))


def call(command: list[str]) -> str:
    """Runs a command and returns its standard output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchmarkError(f"'{' '.join(command)}' failed with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Mlffgen:
    """The compiled model, called through the command line as a user would."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self._program = str(arguments.mlffgen)
        self._threads = str(arguments.threads)
        self._folder = folder
        self._bundle = folder / "model.mlff"
        if not arguments.mlffgen.is_file():
            raise BenchmarkError(f"no program {self._program}: run scripts/build, or give --mlffgen or --pytorch-only")
        weights = ["--weights", str(arguments.weights)]
        call([self._program, "compile", str(arguments.spec), *weights, "-o", str(self._bundle)])

    def evaluate(self, structures: Path, repeats: int) -> tuple[Timing, float, np.ndarray]:
        """Timing, energy and forces [n_atoms][3] of a file of one frame."""
        results = self._folder / f"{structures.stem}-mlffgen.extxyz"
        command = [self._program, "eval", str(self._bundle), str(structures), "-o", str(results), "--json"]
        command += ["--device", "host", "--threads", self._threads, "--repeat", str(repeats)]
        try:
            output = json.loads(call(command))
            timing = Timing(**{key: output["timing"][key] for key in ("median_ms", "std_ms", "p95_ms", "repeats")})
            energy = float(output["frames"][0]["energy"])
        except (json.JSONDecodeError, KeyError, IndexError) as error:
            raise BenchmarkError(f"'{' '.join(command)}' printed unexpected JSON: {error!r}") from error
        forces = read_extxyz(results)[0].forces
        if forces is None:
            raise BenchmarkError(f"{results}: mlffgen wrote no forces")
        return timing, energy, forces


def measure(size: str, arguments: argparse.Namespace, mlffgen: Optional[Mlffgen]) -> Result:
    """One row: truth in float64, PyTorch in the asked precision, then mlffgen."""
    frame: Frame = structure(size)
    path = arguments.output_dir / f"{frame.name}.extxyz"
    write_extxyz(path, [frame])

    truth = load_network(arguments.weights, torch.float64)
    pairs = neighbour_list(frame, truth.cutoff)
    true_energy, forces = truth.energy_and_forces(Inputs(frame, pairs, torch.float64))
    true_forces = forces.numpy()

    dtype = {"float32": torch.float32, "float64": torch.float64}[arguments.pytorch_dtype]
    model = load_network(arguments.weights, dtype)
    inputs = Inputs(frame, pairs, dtype)
    timing = time_pytorch(model, inputs, arguments.min_repeats, arguments.min_seconds)
    energy, forces = model.energy_and_forces(inputs)
    pytorch = Side(timing, accuracy(energy, forces.numpy(), true_energy, true_forces))

    ours: Optional[Side] = None
    if mlffgen is not None:
        # mlffgen gets about the time that PyTorch had, were it ten times faster.
        wanted = math.ceil(1e4 * arguments.min_seconds / timing.median_ms)
        repeats = max(arguments.min_repeats, min(_MOST_REPEATS, wanted))
        our_timing, our_energy, our_forces = mlffgen.evaluate(path, repeats)
        ours = Side(our_timing, accuracy(our_energy, our_forces, true_energy, true_forces))
    rms_force = float(np.sqrt(np.mean(true_forces**2)))
    return Result(size, len(frame.numbers), len(pairs.centre), rms_force, pytorch, ours)


def blas_library() -> str:
    """The linear-algebra library in this process: the reference BLAS makes PyTorch several times slower."""
    config = torch.__config__.show()
    if "BLAS_INFO=mkl" in config:
        return "MKL"
    maps = Path("/proc/self/maps")
    names = {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else set()
    for word in ("openblas", "blis", "atlas"):
        if any(word in name for name in names):
            return word
    return _REFERENCE_BLAS if any("/blas/" in name for name in names) else "unknown"


def environment(threads: int) -> dict[str, Any]:
    """What a reader needs to know about the machine."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "threads": threads,
        "load_average": os.getloadavg()[0],
        "pytorch": torch.__version__,
        "blas": blas_library(),
        "python": platform.python_version(),
    }


def markdown(results: list[Result], about: dict[str, Any], arguments: argparse.Namespace) -> str:
    """The table, with what was measured above it."""
    lines = [
        "# mlffgen host backend against PyTorch",
        "",
        f"{about['cpu']}, {about['threads']} threads; PyTorch {about['pytorch']} eager, {arguments.pytorch_dtype},"
        f" {about['blas']}.",
        "Milliseconds for energy and forces, median ± standard deviation (95th percentile). PyTorch is given its",
        "neighbour list; mlffgen's time includes building it. Force RMSE: against PyTorch in float64, as a share of the"
        " RMS force.",
        "",
        "| system | atoms | pairs | PyTorch ms | mlffgen ms | speed-up | PyTorch force RMSE | mlffgen force RMSE |"
        " SchNetPack (measured 2026-11-22) ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        sides = (result.pytorch, result.mlffgen)
        times = [
            f"{side.timing.median_ms:.4g} ± {side.timing.std_ms:.2g} ({side.timing.p95_ms:.4g})" if side else "-"
            for side in sides
        ]
        errors = [f"{side.accuracy.force_rmse_relative:.1e}" if side else "-" for side in sides]
        speed_up = f"{result.speed_up:.1f}x" if result.speed_up else "-"
        published = f"{_SCHNETPACK_MS[result.size]:g}" if result.size in _SCHNETPACK_MS else "-"
        cells = [result.size, result.n_atoms, result.n_pairs, *times, speed_up, *errors, published]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += [
        "",
        "SchNetPack's column: its own code on PyTorch 1.13 and 2 cores, for orientation; not measured in this run.",
    ]
    if about["blas"] == _REFERENCE_BLAS:
        lines += ["", "**PyTorch ran on the slow reference BLAS: install libopenblas0-openmp for a fair figure.**"]
    if about["load_average"] > _QUIET_LOAD:
        lines += ["", f"**The machine was busy (load average {about['load_average']:.1f}): repeat on a quiet one.**"]
    return "\n".join(lines) + "\n"


def within_bound(result: Result, energy_unit: str) -> bool:
    """Whether mlffgen's forces are as close to float64 as a float build must be."""
    if result.mlffgen is None:
        return True
    bound = max(_RELATIVE_BOUND * result.rms_force, _ABSOLUTE_BOUND * _UNITS_PER_EV[energy_unit])
    return result.mlffgen.accuracy.force_rmse <= bound


def parse_arguments() -> argparse.Namespace:
    reference = Path(os.environ.get("MLFFGEN_REFERENCE_DIR", _TOP.parent / "shared" / "reference")) / "painn_ethanol"
    parser = argparse.ArgumentParser(description="time mlffgen's host backend against plain PyTorch")
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=["9", "21", "100", "1000p"],
        metavar="N[p]",
        help="atoms of a cluster, or with a 'p' of a periodic cube (default: 9 21 100 1000p)",
    )
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="threads of both sides")
    parser.add_argument("--weights", type=Path, default=reference / "weights.safetensors")
    parser.add_argument("--spec", type=Path, default=_TOP / "tests" / "specs" / "painn_ethanol.yaml")
    parser.add_argument("--energy-unit", choices=sorted(_UNITS_PER_EV), default="kcal/mol", help="of the weights")
    parser.add_argument("--mlffgen", type=Path, default=_TOP / "build" / "bin" / "mlffgen", help="the program")
    parser.add_argument("--pytorch-only", action="store_true", help="do not run mlffgen")
    parser.add_argument("--pytorch-dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--min-repeats", type=int, default=10)
    parser.add_argument("--min-seconds", type=float, default=5.0)
    parser.add_argument("--output-dir", type=Path, default=_TOP / "build" / "bench")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table (both are written)")
    arguments = parser.parse_args()
    for name in ("threads", "min_repeats"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, not {getattr(arguments, name)}")
    return arguments


def run(arguments: argparse.Namespace) -> int:
    if not arguments.weights.is_file():
        raise BenchmarkError(f"no weights {arguments.weights}: give --weights, or set MLFFGEN_REFERENCE_DIR")
    torch.set_num_threads(arguments.threads)
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    mlffgen = None if arguments.pytorch_only else Mlffgen(arguments, arguments.output_dir)

    about = environment(arguments.threads)
    results = []
    for size in arguments.sizes:
        print(f"bench: {size} atoms", file=sys.stderr)
        results.append(measure(size, arguments, mlffgen))

    table = markdown(results, about, arguments)
    rows = [{**asdict(result), "speed_up": result.speed_up} for result in results]
    report = json.dumps({"environment": about, "energy_unit": arguments.energy_unit, "results": rows}, indent=2) + "\n"
    (arguments.output_dir / "bench.md").write_text(table)
    (arguments.output_dir / "bench.json").write_text(report)
    print(report if arguments.json else table, end="")

    missed = [result.size for result in results if not within_bound(result, arguments.energy_unit)]
    if missed:
        print(f"bench: mlffgen's forces miss the float bound for: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def main() -> int:
    try:
        return run(parse_arguments())
    except (BenchmarkError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
