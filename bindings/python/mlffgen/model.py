"""A compiled model on the processor or on a GPU."""

from __future__ import annotations

import ctypes
import math
import os
import threading
import weakref
from ctypes import c_void_p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlffgen import _abi, _device_arrays, _host_arrays
from mlffgen.errors import InvalidArgumentError, UnsupportedError
from mlffgen.results import BatchResults, Info, Memory, Results, Statistics, Units

_PRECISIONS = {None: 0, "float": 32, "double": 64}
_INT32_MAX = 2**31 - 1


class Model:
    """A model file loaded onto a device.

        with mlffgen.Model("model.mlff") as model:
            results = model.evaluate(positions, numbers)

    path          of the MODEL.mlff
    device        "host", "cuda" (the first GPU) or "cuda:N"
    threads       of the host; 0: as many as the atoms are worth, at most all cores or OMP_NUM_THREADS. No result
                  depends on it
    precision     "float" or "double": refuses a model that was compiled for the other; None takes any
    skin          of a GPU's neighbour list, length unit of the model: in a trajectory the list is made anew only when
                  an atom has moved by half of it. The host makes its list in every call
    memory_limit  bytes of GPU memory that the model may hold; 0: what is free
    graphs        False launches kernels one by one instead of as one CUDA graph

    Raises NotInstalledError, InvalidArgumentError, BadFileError, UnsupportedError (no code for this processor, no
    usable GPU, the other precision), OutOfMemoryError or DeviceFailureError.

    Everything is in the model's units (info.units). A call lets other threads of Python run; calls of one model from
    several threads are carried out one after the other, so give each thread a model of its own. A process that was made
    by fork cannot use it. Errors leave a model as usable as before. Pickling and copying load the file again.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        device: str = "host",
        *,
        threads: int = 0,
        precision: str | None = None,
        skin: float = 0.0,
        memory_limit: int = 0,
        graphs: bool = True,
    ) -> None:
        if precision not in _PRECISIONS:
            raise InvalidArgumentError(f"precision: expected 'float', 'double' or None, not {precision!r}")
        if not isinstance(device, str):
            raise InvalidArgumentError(f"device: expected 'host', 'cuda' or 'cuda:N', not {device!r}")
        self._path = Path(path).absolute()
        self._settings = {
            "device": device, "threads": threads, "precision": precision, "skin": skin, "memory_limit": memory_limit,
            "graphs": graphs,
        }  # fmt: skip
        options = _abi.sized(
            _abi.Options, device=_text("device", device), threads=_whole("threads", threads, _INT32_MAX),
            precision=_PRECISIONS[precision], skin=_real("skin", skin),
            memory_limit=_whole("memory_limit", memory_limit, 2**64 - 1), no_graphs=not graphs,
        )  # fmt: skip
        handle = c_void_p()
        _abi.call("mlffgen_create", _text("path", os.fspath(self._path)), options, ctypes.byref(handle))
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._handle = handle
        # Also for a model that is never closed, and before the interpreter ends.
        self._destroy = weakref.finalize(self, _abi.library().mlffgen_destroy, handle)
        self._info = self._read_info()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the model's memory back; waits for calls that are under way. A closed model refuses every call."""
        with self._lock:
            self._destroy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (self._path, self._settings)

    def __repr__(self) -> str:
        return f"<mlffgen.Model {self._info.name}, {self._info.precision}, on {self._info.device}>"

    @property
    def path(self) -> Path:
        """Of the file that was loaded, absolute."""
        return self._path

    @property
    def info(self) -> Info:
        """What the model is: elements, cutoff, units, precision and so on."""
        return self._info

    @property
    def statistics(self) -> Statistics:
        """Counts since the model was loaded."""
        counts = _abi.sized(_abi.Statistics)
        self._call("mlffgen_get_statistics", ctypes.byref(counts))
        return Statistics(**_members(counts))

    @property
    def memory(self) -> Memory:
        """Memory that the model holds, and that a call takes."""
        memory = _abi.sized(_abi.Memory)
        self._call("mlffgen_get_memory", ctypes.byref(memory))
        return Memory(**_members(memory))

    def evaluate(
        self,
        positions: ArrayLike,
        numbers: ArrayLike,
        cell: ArrayLike | None = None,
        pbc: ArrayLike | None = None,
        *,
        forces: bool = True,
        virial: bool = True,
    ) -> Results:
        """Energy, forces and virial of one system, from arrays of the host.

        positions  [n_atoms][3] length unit; atoms may lie outside the cell
        numbers    [n_atoms] atomic numbers
        cell       [3][3] rows are lattice vectors, length unit; None: nothing is periodic
        pbc        True, False, or three of them, one a lattice vector; None: periodic in full where there is a cell
        forces, virial  what is wanted. Without both only the energy is computed, which is cheaper and has the same bits

        Raises InvalidArgumentError (shapes and types), BadInputError (a system without atoms, positions that are not
        finite, atoms that overlap, an unknown element, a cell without volume, results that are not finite),
        OutOfMemoryError or DeviceFailureError.
        """
        return self._evaluate(_host_arrays.single(positions, numbers, cell, pbc), forces, virial)[0]

    def evaluate_batch(
        self,
        positions: Any,
        numbers: Any,
        cells: Any = None,
        pbc: ArrayLike | None = None,
        *,
        system_begin: ArrayLike | None = None,
        forces: bool = True,
        virial: bool = True,
    ) -> BatchResults:
        """The same for many systems in one call, which takes much less time than as many calls.

        Without system_begin, positions and numbers are sequences with the arrays of one system each. With it they are
        arrays of all atoms, [n_atoms][3] and [n_atoms], and system_begin, [n_systems + 1], has the first atom of each
        system and then n_atoms.

        cells  [n_systems], for each [3][3] or None; None: nothing is periodic
        pbc    as in evaluate, for all systems; or [n_systems][3]

        Raises what evaluate raises; system and atom of a BadInputError tell the first at fault.
        """
        if system_begin is None:
            batch = _host_arrays.separate(positions, numbers, cells, pbc)
        else:
            batch = _host_arrays.joined(positions, numbers, cells, pbc, system_begin)
        return self._evaluate(batch, forces, virial)

    def evaluate_on_device(
        self,
        positions: Any,
        numbers: Any,
        *,
        system_begin: Any = None,
        cells: Any = None,
        periodic: Any = None,
        energies: Any = None,
        atom_energies: Any = None,
        forces: Any = None,
        virials: Any = None,
        largest_system: int = 0,
        stream: Any = None,
    ) -> None:
        """Evaluates a batch in the memory of the model's GPU, without a copy, and waits for the results.

        Arrays are of any library with `__cuda_array_interface__` or DLPack (PyTorch, CuPy; JAX for inputs), contiguous:

        positions      [n_atoms][3] float64, length unit
        numbers        [n_atoms] int32, atomic numbers
        system_begin   [n_systems + 1] int32, the first atom of each system, then n_atoms; None: one system
        cells          [n_systems][3][3] float64, rows are lattice vectors; None: nothing is periodic
        periodic       [n_systems] int32, for each the sum of 1, 2 and 4 for the lattice vectors a, b and c along which
                       it is periodic; goes with cells

        Results are written into energies [n_systems], atom_energies [n_atoms], forces [n_atoms][3] and virials
        [n_systems][3][3], all float64; None: not wanted. Without forces and virials only the energy is computed.

        largest_system  atoms of the largest system, 0: not known. Batches of small systems are quicker with it
        stream          on which the arrays are in use: an address, or a stream of PyTorch, CuPy or Numba. None takes
                        the stream that the arrays name (CuPy's and Numba's do) and otherwise the default stream

        Raises what evaluate raises, and UnsupportedError for a model on the host.
        """
        self._on_device(
            "mlffgen_evaluate_on_device", positions, numbers, system_begin, cells, periodic, energies, atom_energies,
            forces, virials, largest_system, stream,
        )  # fmt: skip

    def enqueue(
        self,
        positions: Any,
        numbers: Any,
        *,
        system_begin: Any = None,
        cells: Any = None,
        periodic: Any = None,
        energies: Any = None,
        atom_energies: Any = None,
        forces: Any = None,
        virials: Any = None,
        largest_system: int = 0,
        stream: Any = None,
    ) -> None:
        """As evaluate_on_device, but returns at once: results are there when the stream has come so far.

        The arrays must stay until then. What the GPU finds wrong with a call fills its results with NaN and is raised
        by the next check(), which has to follow sooner or later. Calls of one model must be on one stream, or ordered
        by the caller.
        """
        self._on_device(
            "mlffgen_enqueue", positions, numbers, system_begin, cells, periodic, energies, atom_energies, forces,
            virials, largest_system, stream,
        )  # fmt: skip

    def check(self) -> None:
        """Waits for the calls of enqueue and raises what was wrong with the first at fault since the last check.

        Raises TryAgainError if there was too little room for the pairs of a call: there is room now, repeat the calls
        since the last check. A model on the host has nothing to wait for.
        """
        self._call("mlffgen_check")

    def reserve(self, n_atoms: int, n_systems: int = 1, n_pairs: int = 0) -> None:
        """Makes room on the GPU for such batches, so that later calls of enqueue do not wait.

        n_pairs  ordered pairs within the cutoff; 0: as many as there is room for now
        """
        self._call(
            "mlffgen_reserve", _whole("n_atoms", n_atoms, _INT32_MAX), _whole("n_systems", n_systems, _INT32_MAX),
            _whole("n_pairs", n_pairs, 2**63 - 1),
        )  # fmt: skip

    def _call(self, name: str, *arguments: object) -> None:
        # Neither OpenMP's threads nor a GPU's context are there in a process made by fork: a call would wait for ever.
        if os.getpid() != self._process:
            raise UnsupportedError("the model was loaded before this process was forked: start processes with 'spawn'")
        with self._lock:
            if not self._destroy.alive:
                raise InvalidArgumentError("the model is closed: load it again")
            _abi.call(name, self._handle, *arguments)

    def _read_info(self) -> Info:
        info = _abi.sized(_abi.Info)
        self._call("mlffgen_get_info", ctypes.byref(info))
        return Info(
            name=info.name.decode(),
            generator=info.generator.decode(),
            device=info.device.decode(),
            cuda_device=None if info.cuda_device < 0 else info.cuda_device,
            units=Units(
                info.length_unit.decode(), info.energy_unit.decode(), info.length_in_angstrom, info.energy_in_ev
            ),
            cutoff=info.cutoff,
            elements=tuple(info.elements[: info.n_elements]),
            element_energies=tuple(info.element_energies[: info.n_elements]),
            precision="double" if info.precision == _PRECISIONS["double"] else "float",
        )

    def _evaluate(self, batch: _host_arrays.Batch, forces: bool, virials: bool) -> BatchResults:
        n_systems, n_atoms = len(batch.begin) - 1, len(batch.positions)
        results = BatchResults(
            energies=np.empty(n_systems),
            atom_energies=np.empty(n_atoms),
            forces=np.empty((n_atoms, 3)) if forces else None,
            virials=np.empty((n_systems, 3, 3)) if virials else None,
            system_begin=batch.begin,
            units=self._info.units,
        )
        systems = _abi.sized(
            _abi.Systems, n_systems=n_systems, n_atoms=n_atoms, system_begin=_address(batch.begin),
            positions=_address(batch.positions), atomic_numbers=_address(batch.numbers), cells=_address(batch.cells),
            periodic=_address(batch.periodic),
        )  # fmt: skip
        outputs = _abi.sized(
            _abi.Results, energies=_address(results.energies), atom_energies=_address(results.atom_energies),
            forces=_address(results.forces), virials=_address(results.virials),
        )  # fmt: skip
        self._call("mlffgen_evaluate", systems, outputs)
        return results

    def _on_device(
        self, function: str, positions: Any, numbers: Any, system_begin: Any, cells: Any, periodic: Any, energies: Any,
        atom_energies: Any, forces: Any, virials: Any, largest_system: int, stream: Any,
    ) -> None:  # fmt: skip
        device = self._info.cuda_device
        if device is None:
            raise UnsupportedError("the model is on the host: load it with device='cuda', or use evaluate")
        if (cells is None) != (periodic is None):
            raise InvalidArgumentError("cells and periodic go together: one is given, the other is not")
        arrays = {
            "positions": positions, "numbers": numbers, "system_begin": system_begin, "cells": cells,
            "periodic": periodic, "energies": energies, "atom_energies": atom_energies, "forces": forces,
            "virials": virials,
        }  # fmt: skip
        views, on_stream = _device_arrays.views({k: v for k, v in arrays.items() if v is not None}, stream, device)
        n_atoms = _leading("positions", views["positions"])
        n_systems = 1 if system_begin is None else _leading("system_begin", views["system_begin"]) - 1
        if n_systems < 0:
            raise InvalidArgumentError("system_begin: is empty, but ends with the number of atoms")

        def address(name: str, kind: str, shape: tuple[int, ...], written: bool = False) -> int | None:
            return _device_arrays.check(name, views[name], kind, shape, written=written) if name in views else None

        systems = _abi.sized(
            _abi.Systems, n_systems=n_systems, n_atoms=n_atoms,
            system_begin=address("system_begin", "i4", (n_systems + 1,)),
            positions=address("positions", "f8", (n_atoms, 3)), atomic_numbers=address("numbers", "i4", (n_atoms,)),
            cells=address("cells", "f8", (n_systems, 3, 3)), periodic=address("periodic", "i4", (n_systems,)),
            largest_system=_whole("largest_system", largest_system, _INT32_MAX),
        )  # fmt: skip
        outputs = _abi.sized(
            _abi.Results, energies=address("energies", "f8", (n_systems,), True),
            atom_energies=address("atom_energies", "f8", (n_atoms,), True),
            forces=address("forces", "f8", (n_atoms, 3), True),
            virials=address("virials", "f8", (n_systems, 3, 3), True),
        )  # fmt: skip
        self._call(function, systems, outputs, c_void_p(on_stream))


def _load(path: Path, settings: dict[str, Any]) -> Model:
    return Model(path, **settings)


def _leading(name: str, view: _device_arrays.View) -> int:
    """The length of the first axis, where that is a count of 32 bits."""
    if len(view.shape) == 0 or view.shape[0] > _INT32_MAX:
        raise InvalidArgumentError(f"{name}: shape {view.shape} is none of a batch; see evaluate_on_device")
    return view.shape[0]


def _address(array: NDArray[Any] | None) -> int | None:
    return None if array is None else array.ctypes.data


def _members(struct: ctypes.Structure) -> dict[str, Any]:
    return {name: getattr(struct, name) for name, *_ in struct._fields_[1:]}


def _text(name: str, value: str) -> bytes:
    """For C, which ends a text at its first null."""
    data = os.fsencode(value)
    if b"\0" in data:
        raise InvalidArgumentError(f"{name}: holds a null character")
    return data


def _whole(name: str, value: int, largest: int) -> int:
    """ctypes would cut a number that is too large."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 0 <= value <= largest:
        raise InvalidArgumentError(f"{name}: expected a whole number from 0 to {largest}, not {value!r}")
    return int(value)


def _real(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name}: expected a number, not {value!r}") from error
    if not math.isfinite(number):
        raise InvalidArgumentError(f"{name}: must be finite, not {value!r}")
    return number
