"""The C interface (mlffgen.h) by ctypes: its structs, its functions, and statuses turned into exceptions.

The library is loaded when it is first needed. Addresses are passed as they are: who calls this module has checked them.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from functools import cache
from typing import Any

from mlffgen import _native_files
from mlffgen.errors import BY_STATUS, InternalError, NotInstalledError


class Options(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("device", c_char_p), ("threads", c_int32), ("precision", c_int32),
        ("skin", c_double), ("memory_limit", c_uint64), ("no_graphs", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


class Info(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("name", c_char_p), ("device", c_char_p), ("generator", c_char_p),
        ("length_unit", c_char_p), ("energy_unit", c_char_p), ("length_in_angstrom", c_double),
        ("energy_in_ev", c_double), ("cutoff", c_double), ("elements", POINTER(c_int32)),
        ("element_energies", POINTER(c_double)), ("n_elements", c_int32), ("precision", c_int32),
        ("cuda_device", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


class Systems(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("n_systems", c_int32), ("n_atoms", c_int32), ("system_begin", c_void_p),
        ("positions", c_void_p), ("atomic_numbers", c_void_p), ("cells", c_void_p), ("periodic", c_void_p),
        ("largest_system", c_int32), ("reserved", c_int32),
    ]  # fmt: skip


class Results(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("energies", c_void_p), ("atom_energies", c_void_p), ("forces", c_void_p),
        ("virials", c_void_p),
    ]  # fmt: skip


class Memory(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("held", c_uint64), ("per_atom", c_uint64), ("per_pair", c_uint64),
        ("device_free", c_uint64), ("device_total", c_uint64),
    ]  # fmt: skip


class Statistics(Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("pairs", c_int64), ("calls", c_uint64), ("graph_captures", c_uint64),
        ("graph_replays", c_uint64), ("regrowths", c_uint64), ("repeats", c_uint64),
    ]  # fmt: skip


# Arguments of the functions that return a status.
_MODEL = c_void_p
_SIGNATURES: dict[str, list[Any]] = {
    "mlffgen_create": [c_char_p, POINTER(Options), POINTER(c_void_p)],
    "mlffgen_get_info": [_MODEL, POINTER(Info)],
    "mlffgen_evaluate": [_MODEL, POINTER(Systems), POINTER(Results)],
    "mlffgen_evaluate_on_device": [_MODEL, POINTER(Systems), POINTER(Results), c_void_p],
    "mlffgen_enqueue": [_MODEL, POINTER(Systems), POINTER(Results), c_void_p],
    "mlffgen_check": [_MODEL],
    "mlffgen_reserve": [_MODEL, c_int32, c_int32, c_int64],
    "mlffgen_get_memory": [_MODEL, POINTER(Memory)],
    "mlffgen_get_statistics": [_MODEL, POINTER(Statistics)],
}  # fmt: skip


def sized(kind: type[Structure], **members: object) -> Structure:
    """A struct whose struct_size is set; members that are left out are zero."""
    return kind(struct_size=ctypes.sizeof(kind), **members)


@cache
def library() -> ctypes.CDLL:
    """The loaded library. Raises NotInstalledError."""
    path = _native_files.library()
    try:
        loaded = ctypes.CDLL(str(path))
        loaded.mlffgen_version.restype = c_char_p
        loaded.mlffgen_last_error.restype = c_char_p
        loaded.mlffgen_error_system.restype = c_int64
        loaded.mlffgen_error_atom.restype = c_int64
        loaded.mlffgen_destroy.argtypes = [_MODEL]
        loaded.mlffgen_destroy.restype = None
        for name, arguments in _SIGNATURES.items():
            function = getattr(loaded, name)
            function.argtypes = arguments
            function.restype = c_int32
    except (OSError, AttributeError) as error:
        raise NotInstalledError(f"{path} cannot be loaded: {error}") from error
    return loaded


def version() -> str:
    """Of the library, such as "0.1.0". Raises NotInstalledError."""
    return library().mlffgen_version().decode()


def call(name: str, *arguments: object) -> None:
    """Calls a function that returns a status; raises the mlffgen.Error of that status."""
    loaded = library()
    status = getattr(loaded, name)(*arguments)
    if status == 0:
        return
    message = loaded.mlffgen_last_error().decode(errors="replace")
    system, atom = loaded.mlffgen_error_system(), loaded.mlffgen_error_atom()
    raise BY_STATUS.get(status, InternalError)(
        message, system if system >= 0 else None, atom if atom >= 0 else None
    )
