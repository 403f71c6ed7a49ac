"""Tensors of a saved file: where their numbers lie, and the numbers once they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ImportRefused, quote
from .pickle_reader import Name

# The storages of PyTorch that NumPy has a type for, by the codes of NumPy, and the others, which end an import only
# where a weight lies in them.
STORAGES: dict[str, str | None] = {
    "torch.DoubleStorage": "f8",
    "torch.FloatStorage": "f4",
    "torch.HalfStorage": "f2",
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
    "torch.BFloat16Storage": None,
    "torch.ComplexFloatStorage": None,
    "torch.ComplexDoubleStorage": None,
}


@dataclass(frozen=True)
class Storage:
    """Numbers in the file: the key of their bytes, the PyTorch class, and how many there are."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """A view of a storage; offset and strides count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _whole_numbers(value: Any) -> bool:
    return type(value) is tuple and len(value) <= 8 and all(type(n) is int and 0 <= n < 2**48 for n in value)


def make_storage(identification: Any) -> Storage:
    """From ("storage", class, key, place, count), and None behind it in files before PyTorch 1.6."""
    if type(identification) is not tuple or len(identification) not in (5, 6) or identification[0] != "storage":
        raise ImportRefused("damaged or hostile pickle: something stored outside the pickle that is no storage")
    kind, key, count = identification[1], identification[2], identification[4]
    if type(kind) is not Name or kind.full not in STORAGES:
        raise ImportRefused(f"numbers in a {quote(kind.full if type(kind) is Name else kind)}, which is not read")
    if type(key) is not str or not (key.isascii() and key.isalnum() and len(key) <= 40):
        raise ImportRefused(f"damaged or hostile pickle: the key {quote(key)} of numbers")
    if identification[5:] not in ((), (None,)):
        raise ImportRefused("numbers that are a view of others: save the model with PyTorch 1.6 or newer")
    if not _whole_numbers((count,)):
        raise ImportRefused(f"damaged or hostile pickle: numbers {quote(key)} counted {quote(count)}")
    return Storage(key, kind.full, count)


def make_tensor(arguments: tuple[Any, ...]) -> Tensor:
    """What torch._utils._rebuild_tensor_v2 is called with: storage, offset, shape, strides, and what is of no use."""
    if len(arguments) not in (6, 7) or type(arguments[0]) is not Storage:
        raise ImportRefused("damaged or hostile pickle: a tensor without a storage")
    storage, offset, shape, strides = arguments[:4]
    if not (_whole_numbers((offset,)) and _whole_numbers(shape) and _whole_numbers(strides)):
        raise ImportRefused("damaged or hostile pickle: a tensor whose shape is no list of whole numbers")
    count, last = 1, offset
    for extent, stride in zip(shape, strides):
        count *= extent
        last += (extent - 1) * stride
    if len(shape) != len(strides) or (count > 0 and last >= storage.count) or count > storage.count:
        raise ImportRefused(
            f"damaged or hostile pickle: a tensor of shape {list(shape)} with strides {list(strides)} from {offset} on "
            f"does not fit into {storage.count} numbers"
        )
    return Tensor(storage, offset, shape, strides)


def make_parameter(arguments: tuple[Any, ...]) -> Tensor:
    """What torch._utils._rebuild_parameter is called with: a tensor, whether it is trained, and hooks."""
    if len(arguments) != 3 or type(arguments[0]) is not Tensor or arguments[2] != {}:
        raise ImportRefused("damaged or hostile pickle: a parameter that is no plain tensor")
    return arguments[0]


def read_numbers(tensor: Tensor, data: bytes, byte_order: str) -> np.ndarray:
    """The tensor's numbers as an array of its own shape and type (little-endian), from its storage's bytes.

    byte_order is "<" or ">". Raises ImportRefused for types that NumPy has not, and if the bytes are too few or many.
    """
    code = STORAGES[tensor.storage.kind]
    if code is None:
        raise ImportRefused(
            f"numbers in a {tensor.storage.kind}: convert the model with model.float() and save it again"
        )
    kind = np.dtype(byte_order + code)
    if len(data) != tensor.storage.count * kind.itemsize:
        raise ImportRefused(
            f"numbers {quote(tensor.storage.key)} have {len(data)} bytes, not {tensor.storage.count * kind.itemsize}: "
            "the file is damaged"
        )
    flat = np.frombuffer(data, dtype=kind)[tensor.offset :]
    strides = tuple(stride * kind.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)
    return np.array(view, dtype=kind.newbyteorder("<"), order="C")
