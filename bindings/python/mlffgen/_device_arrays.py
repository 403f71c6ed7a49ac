"""Arrays in a GPU's memory, of any library: their addresses by `__cuda_array_interface__` or DLPack, checked.

The interface of version 3: https://numba.readthedocs.io/en/stable/cuda/cuda_array_interface.html; DLPack's structs:
https://dmlc.github.io/dlpack/latest/c_api.html. Nothing is copied, and nothing waits for the GPU.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any

from mlffgen.errors import InvalidArgumentError

_DLPACK_CPU, _DLPACK_CUDA, _DLPACK_CUDA_HOST, _DLPACK_CUDA_MANAGED = 1, 2, 3, 13
_DLPACK_KINDS = {0: "i", 1: "u", 2: "f", 6: "b"}  # DLDataTypeCode
_NAMES = {"f8": "float64", "f4": "float32", "f2": "float16", "i8": "int64", "i4": "int32", "b1": "bool"}
_LEGACY_DEFAULT_STREAM = 1  # in both protocols, where 0 is not allowed


@dataclass(frozen=True)
class View:
    """What an array says of itself."""

    address: int
    kind: str  # such as "f8"
    shape: tuple[int, ...]
    contiguous: bool
    read_only: bool
    owner: object  # keeps the memory alive


class _DLTensor(Structure):
    _fields_ = [
        ("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32), ("ndim", c_int32), ("code", c_uint8),
        ("bits", c_uint8), ("lanes", c_uint16), ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]  # fmt: skip


_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_capsule_pointer.restype = c_void_p


def is_on_gpu(value: Any) -> bool:
    """True if the host cannot read the array."""
    if hasattr(type(value), "__dlpack_device__"):
        return _dlpack_device(value)[0] not in (_DLPACK_CPU, _DLPACK_CUDA_HOST)
    return hasattr(type(value), "__cuda_array_interface__")


def views(arrays: Mapping[str, Any], stream: Any, device: int) -> tuple[dict[str, View], int]:
    """The arrays (by the names of arguments) of GPU number `device`, and the address of the stream to work on.

    stream   an address, an object of PyTorch, CuPy or Numba, or None: the stream that the arrays name, else the default
             one

    Raises InvalidArgumentError for what is no array of that GPU and for arrays that name different streams.
    """
    interfaces = {name: _interface(name, value, device) for name, value in arrays.items()}
    address = stream_address(stream)
    if address is None:
        address = _named_stream([interface for interface in interfaces.values() if interface is not None])
    found = {}
    for name, value in arrays.items():
        interface = interfaces[name]
        if interface is None:
            found[name] = _from_dlpack(name, value, address)
        else:
            found[name] = _from_interface(name, value, interface)
    return found, address


def check(name: str, view: View, kind: str, shape: tuple[int, ...], *, written: bool) -> int:
    """The address, once the array is what the call needs. Raises InvalidArgumentError that says what to do."""
    if view.kind != kind:
        given = _NAMES.get(view.kind, view.kind)
        raise InvalidArgumentError(f"{name}: {_NAMES[kind]} is needed, not {given}; convert it")
    if view.shape != shape:
        raise InvalidArgumentError(f"{name}: shape {view.shape}, expected {shape}")
    if not view.contiguous:
        raise InvalidArgumentError(f"{name}: not contiguous by rows; pass a contiguous copy, such as x.contiguous()")
    if view.address % int(kind[1:]) != 0:
        raise InvalidArgumentError(f"{name}: its address is not aligned; pass a copy")
    if written and view.read_only:
        raise InvalidArgumentError(f"{name}: is read-only; pass an array that can be written")
    if view.address == 0 and 0 not in shape:
        raise InvalidArgumentError(f"{name}: its address is null")
    return view.address


def stream_address(stream: Any) -> int | None:
    """Of a CUstream or cudaStream_t; None for None."""
    if stream is None:
        return None
    if hasattr(stream, "__cuda_stream__"):
        stream = stream.__cuda_stream__()[1]
    for attribute in ("cuda_stream", "ptr", "handle"):  # PyTorch, CuPy, Numba
        stream = getattr(stream, attribute, stream)
    stream = getattr(stream, "value", stream)  # of a ctypes pointer, in which None is the default stream
    if stream is None:
        return 0
    if isinstance(stream, bool) or not isinstance(stream, int) or not 0 <= stream < 2**64:
        raise InvalidArgumentError(f"stream: expected a CUDA stream, an object or an address, not {stream!r}")
    return stream


def _interface(name: str, value: Any, device: int) -> Mapping[str, Any] | None:
    """The array's `__cuda_array_interface__`; None if it has DLPack alone."""
    has_dlpack = hasattr(type(value), "__dlpack__") and hasattr(type(value), "__dlpack_device__")
    if has_dlpack:
        _check_device(name, value, device)
    try:
        interface = getattr(value, "__cuda_array_interface__", None)
    except Exception as error:  # PyTorch for a tensor that requires a gradient, for one
        raise InvalidArgumentError(f"{name}: has no usable __cuda_array_interface__: {error}") from error
    if interface is None and not has_dlpack:
        raise InvalidArgumentError(
            f"{name}: {type(value).__name__} is no array of a GPU; use evaluate for arrays of the host, or pass an "
            "array of PyTorch, CuPy, JAX or another library with __cuda_array_interface__ or DLPack"
        )
    return interface


def _dlpack_device(value: Any) -> tuple[int, int]:
    device_type, device_id = value.__dlpack_device__()
    return int(device_type), int(device_id)


def _check_device(name: str, value: Any, device: int) -> None:
    device_type, device_id = _dlpack_device(value)
    if device_type not in (_DLPACK_CUDA, _DLPACK_CUDA_MANAGED):
        place = "the host" if device_type in (_DLPACK_CPU, _DLPACK_CUDA_HOST) else f"DLPack's device {device_type}"
        raise InvalidArgumentError(f"{name}: lies on {place}, the model on cuda:{device}; move it, or use evaluate")
    if device_id != device:
        raise InvalidArgumentError(f"{name}: lies on cuda:{device_id}, the model on cuda:{device}; move one of them")


def _from_interface(name: str, value: Any, interface: Mapping[str, Any]) -> View:
    try:
        order, kind = interface["typestr"][0], interface["typestr"][1:]
        address, read_only = interface["data"]
        shape = tuple(map(int, interface["shape"]))
        strides = interface.get("strides")
        masked = interface.get("mask") is not None
        view = View(
            int(address or 0), kind, shape, strides is None or _by_rows(shape, strides, int(kind[1:])), bool(read_only),
            value,
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name}: its __cuda_array_interface__ is malformed: {error!r}") from error
    if order not in "<|=" or masked:
        raise InvalidArgumentError(f"{name}: must be little-endian and without a mask")
    return view


def _from_dlpack(name: str, value: Any, stream: int) -> View:
    try:
        capsule = value.__dlpack__(stream=stream or _LEGACY_DEFAULT_STREAM)
        tensor = _DLTensor.from_address(_capsule_pointer(capsule, b"dltensor"))
    except Exception as error:  # whatever the library of the array throws
        raise InvalidArgumentError(f"{name}: cannot be passed on by DLPack: {error}") from error
    shape = tuple(tensor.shape[:tensor.ndim])
    itemsize = tensor.bits // 8
    contiguous = not tensor.strides or _by_rows(shape, [s * itemsize for s in tensor.strides[:tensor.ndim]], itemsize)
    kind = f"{_DLPACK_KINDS.get(tensor.code, '?')}{itemsize}" + (f"x{tensor.lanes}" if tensor.lanes != 1 else "")
    # The capsule's own destructor gives the memory back, as nobody takes it over.
    return View((tensor.data or 0) + tensor.byte_offset, kind, shape, contiguous, False, capsule)


def _by_rows(shape: tuple[int, ...], strides: Any, itemsize: int) -> bool:
    """True if the strides, in bytes, are those of a contiguous array; an axis of length 1 may have any."""
    if 0 in shape:
        return True
    step = itemsize
    for length, stride in zip(reversed(shape), reversed(list(strides)), strict=True):
        if length != 1 and int(stride) != step:
            return False
        step *= length
    return True


def _named_stream(interfaces: list[Mapping[str, Any]]) -> int:
    streams = {stream for interface in interfaces if (stream := interface.get("stream")) is not None}
    if len(streams) > 1:
        raise InvalidArgumentError("stream: the arrays are in use on different streams; pass the one to work on")
    address = stream_address(streams.pop()) if streams else 0
    return 0 if address is None or address == _LEGACY_DEFAULT_STREAM else address
