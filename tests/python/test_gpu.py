"""Arrays of PyTorch, CuPy and JAX on a real GPU, and ASE's calculator there, against the double build on the same GPU.

Nothing here needs host code, so that a package without LLVM can be tested, too.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase
import mlffgen
import numpy as np
import pytest
from conftest import SPEC, batch_arrays
from mlffgen.ase import MLFFGen
from numpy.typing import NDArray

Structures = list[ase.Atoms]

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take most of the GPU's memory

# Of the float build against the double build, as `mlffgen check` has them.
FORCES = 2e-5  # RMSE over RMS
ENERGIES = 2e-6  # of the sum of the atoms' |energies|
CLOCKS = 200_000_000  # of a GPU that sleeps: about 0.1 s


class Torch:
    """What the tests need of a library of arrays; here of PyTorch."""

    def __init__(self) -> None:
        self.torch = pytest.importorskip("torch")
        if not self.torch.cuda.is_available():
            pytest.skip("PyTorch sees no GPU")

    def array(self, values: NDArray[Any]) -> Any:
        return self.torch.from_numpy(values).cuda()

    def numpy(self, array: Any) -> NDArray[Any]:
        return np.asarray(array.cpu())

    def stream(self) -> Any:
        return self.torch.cuda.Stream()

    def on(self, stream: Any) -> Any:
        return self.torch.cuda.stream(stream)

    def sleep(self) -> None:
        self.torch.cuda._sleep(CLOCKS)


class CuPy:
    """The same of CuPy."""

    def __init__(self) -> None:
        self.cupy = pytest.importorskip("cupy")
        if not self.cupy.cuda.is_available():
            pytest.skip("CuPy sees no GPU")
        source = f"extern \"C\" __global__ void wait() {{ long long t = clock64(); while (clock64() - t < {CLOCKS}); }}"
        self.wait = self.cupy.RawKernel(source, "wait")

    def array(self, values: NDArray[Any]) -> Any:
        return self.cupy.asarray(values)

    def numpy(self, array: Any) -> NDArray[Any]:
        return np.asarray(self.cupy.asnumpy(array))

    def stream(self) -> Any:
        return self.cupy.cuda.Stream(non_blocking=True)

    def on(self, stream: Any) -> Any:
        return stream

    def sleep(self) -> None:
        self.wait((1,), (1,), ())


@pytest.fixture(params=[Torch, CuPy])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture(scope="module")
def float_path(folder: Path) -> Path:
    return mlffgen.compile(SPEC, folder / "gpu.mlff", untrained_weights=1, target="cuda")


@pytest.fixture(scope="module")
def double_path(folder: Path) -> Path:
    return mlffgen.compile(SPEC, folder / "gpu_double.mlff", untrained_weights=1, target="cuda", precision="double")


@pytest.fixture(scope="module")
def on_gpu(float_path: Path) -> Iterator[mlffgen.Model]:
    try:
        model = mlffgen.Model(float_path, "cuda")
    except (mlffgen.UnsupportedError, mlffgen.DeviceFailureError) as error:
        pytest.skip(str(error))
    with model:
        yield model


class Batch:
    """Structures, and what the double build makes of them as arrays of the host."""

    def __init__(self, structures: Structures, double_path: Path) -> None:
        self.structures = structures
        with mlffgen.Model(double_path, "cuda") as model:
            self.truth = model.evaluate_batch(
                [a.positions for a in structures], [a.numbers for a in structures], [a.cell.array for a in structures],
                [a.pbc for a in structures],
            )  # fmt: skip
        self.inputs, self.outputs = batch_arrays(structures)

    def poisoned(self, library: Any) -> dict[str, Any]:
        return {name: library.array(array) for name, array in self.outputs.items()}

    def check(self, results: dict[str, NDArray[Any]]) -> None:
        begin = self.inputs["system_begin"]
        for s, structure in enumerate(self.structures):
            atoms = slice(begin[s], begin[s + 1])
            error = results["forces"][atoms] - self.truth.forces[atoms]
            scale = np.sqrt(np.mean(self.truth.forces[atoms] ** 2))
            assert np.sqrt(np.mean(error**2)) <= FORCES * scale + 1e-12, structure
            total = np.abs(self.truth.atom_energies[atoms]).sum()
            assert abs(results["energies"][s] - self.truth.energies[s]) <= ENERGIES * total, structure
            assert abs(results["atom_energies"][atoms].sum() - results["energies"][s]) <= ENERGIES * total, structure
            virial = self.truth.virials[s]
            assert np.abs(results["virials"][s] - virial).max() <= 2e-5 * max(np.abs(virial).max(), 1.0), structure


@pytest.fixture
def batch(on_gpu: mlffgen.Model, structures: Structures, double_path: Path) -> Batch:
    return Batch(structures, double_path)


def test_arrays_of_a_library(on_gpu: mlffgen.Model, library: Any, batch: Batch) -> None:
    inputs = {name: library.array(values) for name, values in batch.inputs.items()}
    outputs = batch.poisoned(library)
    on_gpu.evaluate_on_device(**inputs, **outputs)
    batch.check({name: library.numpy(array) for name, array in outputs.items()})
    for name, values in batch.inputs.items():
        np.testing.assert_array_equal(library.numpy(inputs[name]), values)


def test_a_call_waits_for_what_its_stream_holds(on_gpu: mlffgen.Model, library: Any, batch: Batch) -> None:
    """Positions that the stream writes late are those that count, and later work on it sees the results."""
    inputs = {name: library.array(values) for name, values in batch.inputs.items()}
    outputs, copies = batch.poisoned(library), batch.poisoned(library)
    on_gpu.evaluate_on_device(**inputs, **outputs)  # room for the pairs
    positions, late = inputs.pop("positions"), library.array(np.full_like(batch.inputs["positions"], np.nan))
    outputs = batch.poisoned(library)
    stream = library.stream()
    with library.on(stream):
        library.sleep()
        late[:] = positions
        on_gpu.enqueue(late, **inputs, **outputs, stream=stream)
        for name, array in outputs.items():
            copies[name][:] = array
    stream.synchronize()
    on_gpu.check()
    batch.check({name: library.numpy(array) for name, array in copies.items()})


def test_inputs_of_jax(on_gpu: mlffgen.Model, batch: Batch) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    if jax.default_backend() != "gpu":
        pytest.skip("JAX sees no GPU")
    library = CuPy() if importlib.util.find_spec("cupy") else Torch()
    inputs = {name: jax.block_until_ready(jax.device_put(values)) for name, values in batch.inputs.items()}
    outputs = batch.poisoned(library)
    on_gpu.evaluate_on_device(**inputs, **outputs)
    batch.check({name: library.numpy(array) for name, array in outputs.items()})


def test_arrays_on_the_host_are_refused(on_gpu: mlffgen.Model, batch: Batch) -> None:
    torch = Torch().torch
    with pytest.raises(mlffgen.InvalidArgumentError, match="lies on the host"):
        on_gpu.evaluate_on_device(torch.from_numpy(batch.inputs["positions"]), Torch().array(batch.inputs["numbers"]))


def test_the_ase_calculator(on_gpu: mlffgen.Model, float_path: Path, double_path: Path, structures: Structures) -> None:
    random = np.random.default_rng(3)
    for skin in (0.0, 0.5):
        atoms, truth = structures[4].copy(), structures[4].copy()
        atoms.calc, truth.calc = MLFFGen(float_path, device="cuda", skin=skin), MLFFGen(double_path, device="cuda")
        for _ in range(10):
            atoms.positions += random.normal(scale=0.05, size=atoms.positions.shape)
            truth.positions = atoms.positions
            expected = truth.get_forces()
            error = atoms.get_forces() - expected
            assert np.sqrt(np.mean(error**2)) <= FORCES * np.sqrt(np.mean(expected**2))
            np.testing.assert_allclose(atoms.get_stress(), truth.get_stress(), rtol=1e-4, atol=1e-6)
