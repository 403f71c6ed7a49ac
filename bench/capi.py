"""The C interface of mlffgen (mlffgen.h) as the GPU benchmark needs it: load a model, evaluate and profile batches."""

from __future__ import annotations

import ctypes
from ctypes import Structure, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path


class _Options(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("device", c_char_p), ("threads", c_int32), ("precision", c_int32),
        ("skin", c_double), ("memory_limit", c_uint64), ("no_graphs", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


class _Systems(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("n_systems", c_int32), ("n_atoms", c_int32), ("system_begin", c_void_p),
        ("positions", c_void_p), ("atomic_numbers", c_void_p), ("cells", c_void_p), ("periodic", c_void_p),
        ("largest_system", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


class _Results(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("energies", c_void_p), ("atom_energies", c_void_p), ("forces", c_void_p),
        ("virials", c_void_p),
    ]  # fmt: skip


class _Memory(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("held", c_uint64), ("per_atom", c_uint64), ("per_pair", c_uint64),
        ("device_free", c_uint64), ("device_total", c_uint64),
    ]  # fmt: skip


class _Statistics(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("pairs", c_int64), ("calls", c_uint64), ("graph_captures", c_uint64),
        ("graph_replays", c_uint64), ("regrowths", c_uint64), ("repeats", c_uint64),
    ]  # fmt: skip


class _ProfileOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("repeats", c_int32), ("warm_up", c_int32)]


class _Time(Structure):
    _fields_ = [("median", c_double), ("p5", c_double), ("p95", c_double)]

    def plain(self) -> dict[str, float]:
        return {"median_us": self.median, "p5_us": self.p5, "p95_us": self.p95}


class _ProfileReport(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("n_pairs", c_int64), ("n_steps", c_int32), ("tile_atoms", c_int32), ("call", _Time),
        ("all_steps", _Time), ("graph", _Time), ("plain_call", _Time),
    ]  # fmt: skip


class _Step(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("part", c_char_p), ("name", c_char_p), ("time", _Time), ("bytes", c_uint64),
        ("blocks", c_int32), ("threads", c_int32), ("shared_bytes", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


def _sized(kind: type, **members: object) -> Structure:
    return kind(struct_size=ctypes.sizeof(kind), **members)


class Model:
    """One compiled model on one device. Failures are RuntimeError with the library's message."""

    def __init__(self, library: Path, bundle: Path, device: str, **options: object) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.mlffgen_last_error.restype = c_char_p
        self._library.mlffgen_destroy.restype = None
        self._handle = c_void_p()
        wanted = _sized(_Options, device=device.encode(), **options)
        self._check(self._library.mlffgen_create(str(bundle).encode(), byref(wanted), byref(self._handle)))

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.mlffgen_destroy(self._handle)

    def _check(self, status: int) -> None:
        if status != 0:
            raise RuntimeError(self._library.mlffgen_last_error().decode())

    def evaluate(self, systems: Structure, results: Structure) -> None:
        """Arrays on the host."""
        self._check(self._library.mlffgen_evaluate(self._handle, byref(systems), byref(results)))

    def evaluate_on_device(self, systems: Structure, results: Structure, stream: int) -> None:
        """Arrays on the GPU; returns when the results are there."""
        self._check(
            self._library.mlffgen_evaluate_on_device(self._handle, byref(systems), byref(results), c_void_p(stream))
        )

    def profile_on_device(
        self, systems: Structure, results: Structure, stream: int, repeats: int, warm_up: int
    ) -> dict[str, object]:
        """Times of the steps of evaluate_on_device, microseconds."""
        options = _sized(_ProfileOptions, repeats=repeats, warm_up=warm_up)
        report = _sized(_ProfileReport)
        self._check(
            self._library.mlffgen_profile_on_device(
                self._handle, byref(systems), byref(results), c_void_p(stream), byref(options), byref(report)
            )
        )
        steps: list[dict[str, object]] = []
        for index in range(report.n_steps):
            step = _sized(_Step)
            self._check(self._library.mlffgen_get_step(self._handle, index, byref(step)))
            row: dict[str, object] = {"part": step.part.decode(), "name": step.name.decode(), **step.time.plain()}
            row.update({key: getattr(step, key) for key in ("blocks", "threads", "shared_bytes")})
            steps.append(row)
        return {
            "tile_atoms": report.tile_atoms, "repeats": repeats, "steps": steps,
            **{name: getattr(report, name).plain() for name in ("all_steps", "graph", "plain_call", "call")},
        }  # fmt: skip

    def memory(self) -> dict[str, int]:
        """Bytes: held, per_atom, per_pair, device_free, device_total."""
        memory = _sized(_Memory)
        self._check(self._library.mlffgen_get_memory(self._handle, byref(memory)))
        return {name: getattr(memory, name) for name, _ in _Memory._fields_[1:]}

    def statistics(self) -> dict[str, int]:
        statistics = _sized(_Statistics)
        self._check(self._library.mlffgen_get_statistics(self._handle, byref(statistics)))
        return {name: getattr(statistics, name) for name, _ in _Statistics._fields_[1:]}


def systems(
    n_systems: int, n_atoms: int, begin: int, positions: int, numbers: int, cells: int, periodic: int, largest: int
) -> Structure:
    """A batch by the addresses of its arrays (0: none)."""
    return _sized(
        _Systems, n_systems=n_systems, n_atoms=n_atoms, system_begin=begin, positions=positions, atomic_numbers=numbers,
        cells=cells or None, periodic=periodic or None, largest_system=largest,
    )  # fmt: skip


def results(energies: int, forces: int, virials: int) -> Structure:
    """Where the results go, by address."""
    return _sized(_Results, energies=energies, forces=forces, virials=virials)
