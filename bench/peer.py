"""PyTorch beside `mlffgen bench`: the same weights and structures, asked line by line.

The program starts this script and speaks JSON with it, one object a line, on the standard input and output:

    at the start              {"pytorch": "2.11.0", "python": "3.12.3", "device": ..., "dialect": ..., ...}
    or, if it cannot work     {"missing": "why"}, and it ends
    {"structures": F, "pairs": F}                               -> {}
    {"time": WAY, "repeats": N, "warm_up": N, "seconds": X,
     "least": N}                                                -> {"milliseconds": [...]}
    {"forces": "float32" or "float64"}                          -> {"forces": [[x, y, z], ...]}

The structures of an extended XYZ file are one batch. The file of pairs has their neighbour list as the program builds
it: int32 [n_atoms + 1] where the rows begin, int32 [n_pairs] neighbours, float64 [n_pairs][3] displacements (angstrom).
Ways: "eager" has all inputs on the device; "graph" replays the same as one CUDA graph; "upload" takes inputs and pairs
from the host's memory in every call and brings energy and forces back. What does not work (no GPU for a graph, too
little memory) is answered {"problem": "why"}. All times are of energy and forces, and end when those are there.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional, TextIO

try:
    import numpy as np
    import torch

    from dialects import load_network
    from extxyz import Frame, read_extxyz
    from neighbours import NeighbourList
    from pytorch_painn import Inputs, Network
except ImportError as error:
    print(json.dumps({"missing": f"{sys.executable} cannot import what the comparison needs: {error}"}), flush=True)
    sys.exit(0)

_CAPTURE_CALLS = 3  # before a graph is captured, as PyTorch asks for

Call = Callable[[], Any]


def read_batch(structures: Path, pairs: Path) -> tuple[Frame, NeighbourList]:
    """All structures of a file as one, with the pairs of a neighbour list that was built for them."""
    frames = read_extxyz(structures)
    numbers = np.concatenate([frame.numbers for frame in frames])
    positions = np.concatenate([frame.positions for frame in frames])
    data = pairs.read_bytes()
    begin = np.frombuffer(data, dtype="<i4", count=len(numbers) + 1)
    n_pairs = int(begin[-1])
    neighbour = np.frombuffer(data, dtype="<i4", count=n_pairs, offset=begin.nbytes).astype(np.int64)
    displacement = np.frombuffer(data, dtype="<f8", offset=begin.nbytes + 4 * n_pairs).reshape(n_pairs, 3)
    centre = np.repeat(np.arange(len(numbers)), np.diff(begin))
    shift = displacement - (positions[neighbour] - positions[centre])
    return Frame(numbers, positions), NeighbourList(centre, neighbour, shift)


class Peer:
    """A network on a device, the batch at hand, and the ways to compute it that were asked for."""

    def __init__(self, weights: Path, device: str, cutoff: Optional[float]) -> None:
        self._weights, self._device, self._cutoff = weights, device, cutoff
        if device != "cpu":
            torch.cuda.set_device(device)
        self._network = self._load(torch.float32)
        self._batch: Optional[tuple[Frame, NeighbourList]] = None
        self._calls: dict[str, Call] = {}

    def _load(self, dtype: torch.dtype) -> Network:
        return load_network(self._weights, dtype, self._device, self._cutoff)

    def _inputs(self, dtype: torch.dtype) -> Inputs:
        if self._batch is None:
            raise ValueError("there are no structures yet")
        return Inputs(*self._batch, dtype, self._device)

    def facts(self) -> dict[str, str]:
        """What a report says of this side."""
        facts = {"pytorch": torch.__version__, "python": platform.python_version(), "device": "cpu"}
        facts["dialect"] = self._network.dialect
        if self._device == "cpu":
            facts["threads"] = str(torch.get_num_threads())
        else:
            facts["device"] = f"{self._device} ({torch.cuda.get_device_name(self._device)})"
            facts["cuda"] = str(torch.version.cuda)
        return facts

    def set_batch(self, structures: Path, pairs: Path) -> None:
        """Another batch; the memory that the one before took is free."""
        self._calls.clear()
        self._batch = None
        self._free()
        self._batch = read_batch(structures, pairs)

    def _free(self) -> None:
        gc.collect()
        if self._device != "cpu":
            torch.cuda.empty_cache()

    def _wait(self) -> None:
        if self._device != "cpu":
            torch.cuda.synchronize(self._device)

    def _eager(self) -> Call:
        inputs = self._inputs(torch.float32)

        def call() -> None:
            self._network.energy_and_gradient(inputs)
            self._wait()

        return call

    def _upload(self) -> Call:
        def call() -> None:
            energy, gradient = self._network.energy_and_gradient(self._inputs(torch.float32))
            energy.cpu(), gradient.cpu()

        return call

    def _graph(self) -> Call:
        if self._device == "cpu":
            raise RuntimeError("a CUDA graph needs a GPU")
        inputs = self._inputs(torch.float32)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_CAPTURE_CALLS):
                self._network.energy_and_gradient(inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._network.energy_and_gradient(inputs)

        def call(kept: Any = (inputs, results)) -> None:  # the graph reads and writes their memory
            graph.replay()
            self._wait()

        return call

    def time(self, way: str, repeats: int, warm_up: int, seconds: float, least: int) -> list[float]:
        """Milliseconds of each call; at least so many, however slow they are."""
        makers = {"eager": self._eager, "graph": self._graph, "upload": self._upload}
        if way not in self._calls:
            self._calls[way] = makers[way]()
        call = self._calls[way]
        start = time.perf_counter()
        for k in range(warm_up):
            if k > 0 and time.perf_counter() - start > seconds:
                break
            call()
        times: list[float] = []
        start = time.perf_counter()
        while len(times) < repeats and (len(times) < least or time.perf_counter() - start < seconds):
            begin = time.perf_counter()
            call()
            times.append(1e3 * (time.perf_counter() - begin))
        return times

    def forces(self, dtype: torch.dtype) -> list[list[float]]:
        """[n_atoms][3], energy unit / angstrom."""
        network = self._network if dtype == torch.float32 else self._load(dtype)
        return network.energy_and_forces(self._inputs(dtype))[1].double().cpu().tolist()


def answer(peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    """To one request; what lies beyond this device is a problem."""
    try:
        if "structures" in request:
            peer.set_batch(Path(request["structures"]), Path(request["pairs"]))
            return {}
        if "time" in request:
            limits = (int(request["warm_up"]), float(request["seconds"]), int(request["least"]))
            return {"milliseconds": peer.time(request["time"], int(request["repeats"]), *limits)}
        return {"forces": peer.forces(getattr(torch, request["forces"]))}
    except (RuntimeError, MemoryError) as error:  # PyTorch's errors of a device, too little memory among them
        return {"problem": (str(error).splitlines() or ["too little memory"])[0]}


def serve(arguments: argparse.Namespace, output: TextIO) -> None:
    """Answers until the program closes its end."""

    def say(words: dict[str, Any]) -> None:
        output.write(json.dumps(words) + "\n")
        output.flush()

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        if arguments.device != "cpu" and not torch.cuda.is_available():
            raise ValueError(f"PyTorch {torch.__version__} of {sys.executable} sees no GPU")
        peer = Peer(arguments.weights, arguments.device, arguments.cutoff)
        say(peer.facts())
    except (OSError, ValueError, RuntimeError) as error:
        say({"missing": str(error)})
        return
    for line in sys.stdin:
        say(answer(peer, json.loads(line)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="weights.safetensors")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N (default: cpu)")
    parser.add_argument("--cutoff", type=float, help="of the model, where the file's metadata do not say")
    parser.add_argument("--threads", type=int, default=0, help="of the processor (default: PyTorch's own choice)")
    # What libraries print must not come between the answers.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(parser.parse_args(), output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
