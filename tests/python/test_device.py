"""A GPU's arrays without a copy: of any library, checked, on the stream that they name.

Runs on the software GPU of tests/software_gpu, whose memory the host can address: its arrays are NumPy's behind the two
protocols.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase
import mlffgen
import numpy as np
import pytest
from conftest import batch_arrays
from mlffgen import _device_arrays

Structures = list[ase.Atoms]

if not os.environ.get("MLFFGEN_CUDA"):
    pytest.skip("no software GPU (MLFFGEN_CUDA is not set)", allow_module_level=True)


class Interface:
    """An array with `__cuda_array_interface__`; members of the interface can be set otherwise."""

    def __init__(self, array: Any, **members: Any) -> None:
        self.array = np.asarray(array)
        self.members = members

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        interface = {
            "shape": self.array.shape, "typestr": self.array.dtype.str, "data": (self.array.ctypes.data, False),
            "version": 3, "strides": None if self.array.flags.c_contiguous else self.array.strides,
        }  # fmt: skip
        return {**interface, **self.members}


class DLPack:
    """An array with DLPack alone, said to lie on a GPU. Keeps the streams that it was asked for."""

    def __init__(self, array: Any, device: tuple[int, int] = (2, 0)) -> None:
        self.array = np.asarray(array)
        self.device = device
        self.streams: list[int] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self, *, stream: int) -> Any:
        self.streams.append(stream)
        capsule = self.array.__dlpack__()
        tensor = _device_arrays._DLTensor.from_address(_device_arrays._capsule_pointer(capsule, b"dltensor"))
        tensor.device_type, tensor.device_id = self.device
        return capsule


@pytest.fixture(scope="module")
def on_gpu(float_model: Path) -> Iterator[mlffgen.Model]:
    with mlffgen.Model(float_model, "cuda") as model:
        yield model


class Batch:
    """Structures as the arrays of a call, and NumPy arrays for its results."""

    def __init__(self, structures: Structures) -> None:
        self.inputs, self.outputs = batch_arrays(structures)

    def arguments(self, kind: type, **others: Any) -> dict[str, Any]:
        return {**{name: kind(array) for name, array in {**self.inputs, **self.outputs}.items()}, **others}


def close_to(batch: Batch, results: mlffgen.BatchResults) -> None:
    for name, array in batch.outputs.items():
        np.testing.assert_allclose(array, getattr(results, name), rtol=1e-5, atol=1e-6)


@pytest.fixture
def expected(model: mlffgen.Model, structures: Structures) -> mlffgen.BatchResults:
    """Of the host."""
    return model.evaluate_batch(
        [a.positions for a in structures], [a.numbers for a in structures], [a.cell.array for a in structures],
        [a.pbc for a in structures],
    )  # fmt: skip


def test_host_arrays_on_a_gpu(on_gpu: mlffgen.Model, structures: Structures, expected: mlffgen.BatchResults) -> None:
    assert on_gpu.info.cuda_device == 0 and on_gpu.info.device.startswith("cuda:0 (")
    atoms = structures[4]
    results = on_gpu.evaluate(atoms.positions, atoms.numbers, atoms.cell.array, atoms.pbc)
    np.testing.assert_allclose(results.forces, expected[4].forces, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(results.virial, expected[4].virial, rtol=1e-5, atol=1e-6)
    assert on_gpu.memory.device_total > on_gpu.memory.device_free > 0


@pytest.mark.parametrize("kind", [Interface, DLPack])
def test_results_are_those_of_the_host(
    on_gpu: mlffgen.Model, structures: Structures, expected: mlffgen.BatchResults, kind: type
) -> None:
    batch = Batch(structures)
    before = {name: array.copy() for name, array in batch.inputs.items()}
    on_gpu.evaluate_on_device(**batch.arguments(kind), largest_system=max(map(len, structures)))
    close_to(batch, expected)
    assert all(np.array_equal(array, before[name]) for name, array in batch.inputs.items())


def test_enqueued_calls_are_there_after_the_check(
    on_gpu: mlffgen.Model, structures: Structures, expected: mlffgen.BatchResults
) -> None:
    on_gpu.reserve(n_atoms=sum(map(len, structures)), n_systems=len(structures), n_pairs=20000)
    first, second = Batch(structures), Batch(structures)
    for batch in (first, second):
        on_gpu.enqueue(**batch.arguments(Interface))
    on_gpu.check()
    close_to(first, expected)
    close_to(second, expected)
    spoiled = Batch(structures)
    spoiled.inputs["numbers"][5] = 79
    on_gpu.enqueue(**spoiled.arguments(Interface))
    with pytest.raises(mlffgen.BadInputError, match="Au") as caught:
        on_gpu.check()
    assert (caught.value.system, caught.value.atom) == (1, 2)
    assert np.isnan(spoiled.outputs["energies"]).any()
    on_gpu.check()


def test_too_few_pairs_are_told_and_mended(float_model: Path, structures: Structures) -> None:
    with mlffgen.Model(float_model, "cuda") as model:
        sparse = Batch(structures[4:5])
        model.evaluate_on_device(**sparse.arguments(Interface))
        dense = structures[4].copy()
        dense.set_cell(dense.cell * 0.4, scale_atoms=True)
        large = Batch([dense])
        model.enqueue(**large.arguments(Interface))
        with pytest.raises(mlffgen.TryAgainError, match="repeat"):
            model.check()
        assert np.isnan(large.outputs["energies"]).all()
        model.enqueue(**large.arguments(Interface))
        model.check()
        assert np.isfinite(large.outputs["energies"]).all()


def test_only_what_is_wanted_is_written(on_gpu: mlffgen.Model, structures: Structures) -> None:
    batch = Batch(structures)
    on_gpu.evaluate_on_device(**batch.arguments(Interface))
    energies = np.full(len(structures), np.nan)
    inputs = {name: Interface(array) for name, array in batch.inputs.items()}
    on_gpu.evaluate_on_device(**inputs, energies=Interface(energies))
    assert np.array_equal(energies, batch.outputs["energies"])


def test_one_system_needs_no_begin(on_gpu: mlffgen.Model, model: mlffgen.Model, structures: Structures) -> None:
    atoms = structures[1]
    forces = np.zeros((len(atoms), 3))
    on_gpu.evaluate_on_device(
        Interface(atoms.positions), Interface(atoms.numbers.astype(np.int32)), forces=Interface(forces)
    )
    np.testing.assert_allclose(forces, model.evaluate(atoms.positions, atoms.numbers).forces, rtol=1e-5, atol=1e-6)


def test_the_stream_is_the_one_that_is_named(on_gpu: mlffgen.Model, structures: Structures) -> None:
    driver = ctypes.CDLL(os.environ["MLFFGEN_CUDA"])
    context, stream = ctypes.c_void_p(), ctypes.c_void_p()
    assert driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0) == 0
    assert driver.cuCtxPushCurrent_v2(context) == 0
    assert driver.cuStreamCreate(ctypes.byref(stream), 1) == 0

    class Torch:
        cuda_stream = stream.value

    class CuPy:
        ptr = stream.value

    class Protocol:
        def __cuda_stream__(self) -> tuple[int, int]:
            return 0, stream.value

    expected = Batch(structures[:2])
    on_gpu.evaluate_on_device(**expected.arguments(Interface))
    for named in (stream.value, Torch(), CuPy(), Protocol(), stream):
        batch = Batch(structures[:2])
        on_gpu.evaluate_on_device(**batch.arguments(Interface), stream=named)
        assert np.array_equal(batch.outputs["energies"], expected.outputs["energies"])
        lender = DLPack(batch.inputs["positions"])
        on_gpu.evaluate_on_device(**batch.arguments(DLPack, positions=lender), stream=named)
        assert lender.streams == [stream.value]

    def arrays_on(address: int) -> type:
        return lambda array: Interface(array, stream=address)

    views, address = _device_arrays.views({"x": arrays_on(stream.value)(np.zeros(1))}, None, 0)
    assert address == stream.value and views["x"].kind == "f8"
    assert _device_arrays.views({"x": arrays_on(1)(np.zeros(1)), "y": Interface(np.zeros(1))}, None, 0)[1] == 0
    with pytest.raises(mlffgen.InvalidArgumentError, match="different streams"):
        _device_arrays.views({"x": arrays_on(1)(np.zeros(1)), "y": arrays_on(stream.value)(np.zeros(1))}, None, 0)
    for wrong in ("0", 1.5, -1, True, object()):
        with pytest.raises(mlffgen.InvalidArgumentError, match="stream"):
            on_gpu.evaluate_on_device(**expected.arguments(Interface), stream=wrong)


def test_arrays_that_do_not_fit(on_gpu: mlffgen.Model, structures: Structures) -> None:
    batch = Batch(structures[:2])
    x, z = batch.inputs["positions"], batch.inputs["numbers"]
    columns = np.zeros((len(x), 6))[:, ::2]
    unaligned = np.frombuffer(bytearray(x.nbytes + 1), np.uint8)[1:].view(np.float64).reshape(x.shape)
    wrong: list[tuple[str, Any, str]] = [
        ("positions", Interface(x.astype(np.float32)), "float64 is needed, not float32"),
        ("positions", DLPack(x.astype(np.float32)), "float64 is needed, not float32"),
        ("positions", Interface(x.astype(">f8")), "little-endian"),
        ("positions", Interface(x, mask=object()), "mask"),
        ("positions", Interface(x.ravel()), "expected"),
        ("positions", Interface(columns), "not contiguous"),
        ("positions", DLPack(columns), "not contiguous"),
        ("positions", Interface(unaligned), "not aligned"),
        ("positions", Interface(x, data=(0, False)), "null"),
        ("positions", Interface(x, data=None), "malformed"),
        ("positions", Interface(x, typestr="<"), "float64 is needed"),
        ("positions", Interface(x, shape=(2**40, 3)), "none of a batch"),
        ("positions", x, "lies on the host"),
        ("positions", x.tolist(), "list is no array of a GPU"),
        ("positions", DLPack(x, (2, 1)), "lies on cuda:1, the model on cuda:0"),
        ("positions", DLPack(x, (10, 0)), "DLPack's device 10"),
        ("numbers", Interface(z.astype(np.int64)), "int32 is needed, not int64"),
        ("numbers", Interface(z[:-1]), "shape"),
        ("system_begin", Interface(np.empty(0, np.int32)), "system_begin: is empty"),
        ("cells", Interface(batch.inputs["cells"][0]), "cells: shape"),
        ("cells", None, "cells and periodic go together"),
        ("periodic", Interface(np.zeros((2, 3), np.int32)), "periodic: shape"),
        ("forces", Interface(np.zeros((len(x) + 1, 3))), "forces: shape"),
        ("forces", Interface(np.zeros_like(x), data=(x.ctypes.data, True)), "read-only"),
        ("energies", Interface(np.zeros(2, np.float32)), "energies: float64"),
        ("largest_system", -1, "largest_system"),
    ]
    for name, value, message in wrong:
        with pytest.raises(mlffgen.InvalidArgumentError, match=message):
            on_gpu.evaluate_on_device(**batch.arguments(Interface, **{name: value}))
    with pytest.raises(mlffgen.InvalidArgumentError, match="lies on a GPU"):
        on_gpu.evaluate(Interface(x), z)
    with pytest.raises(mlffgen.InvalidArgumentError, match="lies on a GPU"):
        on_gpu.evaluate(DLPack(x), z)
    on_gpu.evaluate_on_device(**batch.arguments(Interface))
    assert np.isfinite(batch.outputs["energies"]).all()


def test_a_system_begin_that_the_gpu_refuses(on_gpu: mlffgen.Model, structures: Structures) -> None:
    batch = Batch(structures[:3])
    batch.inputs["system_begin"][1] = 2**30
    with pytest.raises(mlffgen.BadInputError):
        on_gpu.evaluate_on_device(**batch.arguments(Interface))


def test_lent_memory_is_given_back(on_gpu: mlffgen.Model, structures: Structures) -> None:
    batch = Batch(structures[:1])
    x = batch.inputs["positions"]
    before = sys.getrefcount(x)
    for _ in range(10):
        on_gpu.evaluate_on_device(**batch.arguments(DLPack))
    assert sys.getrefcount(x) == before


def test_a_skin_changes_nothing_but_the_work(float_model: Path, structures: Structures) -> None:
    atoms = structures[4].copy()
    random = np.random.default_rng(1)
    with mlffgen.Model(float_model, "cuda", skin=0.5) as model, mlffgen.Model(float_model) as host:
        for _ in range(5):
            atoms.positions += random.normal(scale=0.05, size=atoms.positions.shape)
            arguments = (atoms.positions, atoms.numbers, atoms.cell.array, atoms.pbc)
            np.testing.assert_allclose(
                model.evaluate(*arguments).forces, host.evaluate(*arguments).forces, rtol=1e-5, atol=1e-6
            )
