"""Files of torch.save, both formats: since PyTorch 1.6 a zip archive, before it pickles in a row.

Zip: the members NAME/data.pkl (the pickle), NAME/data/KEY (numbers), NAME/byteorder. Nothing is unpacked to the disk,
members are found by exactly these names, and as torch.save compresses nothing, what is compressed is refused, and
with it whatever would grow. Legacy: a magic number, the version 1001, facts of the machine, the pickle, the keys of the
numbers, and for each key a count (int64) and the bytes. Both are described in torch/serialization.py of PyTorch.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .errors import ImportRefused, quote
from .pickle_reader import PickleError, Vocabulary, read_pickle
from .tensors import STORAGES, Storage, Tensor, read_numbers
from .torch_names import VOCABULARY

_MOST_BYTES = 2**31  # of a file
_MOST_PICKLE_BYTES = 2**24  # of the pickle without the numbers; a model of three layers has 20,000
_MOST_MEMBERS = 100_000
_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_PICKLE_MEMBER = re.compile(r"([^/]{1,200})/data\.pkl")
_T = TypeVar("_T")


@dataclass
class TorchFile:
    """The value that was saved, and the bytes of its numbers by key."""

    root: Any
    bytes_of: Callable[[str], bytes]
    byte_order: str  # "<" or ">"

    def array(self, tensor: Tensor) -> np.ndarray:
        """The numbers of a tensor of this file, as read_numbers()."""
        return read_numbers(tensor, self.bytes_of(tensor.storage.key), self.byte_order)


def read_bytes(path: Path) -> bytes:
    """A whole file of at most 2 GiB. Raises ImportRefused for what is no regular file, OSError if it cannot be read."""
    if path.is_dir():
        raise ImportRefused("a folder, not a file; SchNetPack writes the file best_model into the folder of a run")
    if not path.is_file() and path.exists():
        raise ImportRefused("no regular file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ImportRefused("more than 2 GiB: this is no model")
    return data


def read_torch_file(data: bytes) -> TorchFile:
    """Raises ImportRefused for what is no file of torch.save, is damaged, or names anything outside the allow-list."""
    if data.startswith(b"PK"):
        return _read_zip(data)
    if data.startswith(b"\x80"):
        return _read_legacy(data)
    raise ImportRefused("not a file of torch.save: neither a zip archive nor a pickle")


def _read_zip(data: bytes) -> TorchFile:
    return _read_archive(_whole(lambda: zipfile.ZipFile(io.BytesIO(data))), len(data))


def _whole(read: Callable[[], _T]) -> _T:
    """What read() returns; all that zipfile raises for damaged archives is one error."""
    try:
        return read()
    except (zipfile.BadZipFile, EOFError, RuntimeError, struct.error, ValueError, OverflowError, OSError) as error:
        raise ImportRefused(f"a damaged zip archive: {error}") from error


def _read_archive(archive: zipfile.ZipFile, size: int) -> TorchFile:
    members = _checked_members(archive, size)
    found = [match.group(1) for match in map(_PICKLE_MEMBER.fullmatch, members) if match]
    if len(found) != 1:
        raise ImportRefused("a zip archive that torch.save has not written: it holds no NAME/data.pkl")
    (folder,) = found
    if f"{folder}/constants.pkl" in members:
        raise ImportRefused("a TorchScript file, as spkdeploy writes it: import the best_model that it was made from")
    order = _whole(lambda: archive.read(f"{folder}/byteorder")) if f"{folder}/byteorder" in members else b"little"
    if order not in (b"little", b"big"):
        raise ImportRefused(f"the byte order {quote(order.decode('latin-1'))}")
    if members[f"{folder}/data.pkl"].file_size > _MOST_PICKLE_BYTES:
        raise ImportRefused(f"a pickle of more than {_MOST_PICKLE_BYTES} bytes: this is no model")

    def bytes_of(key: str) -> bytes:
        member = members.get(f"{folder}/data/{key}")
        if member is None:
            raise ImportRefused(f"the numbers {quote(key)} are missing: the file is damaged")
        return _whole(lambda: archive.read(member))

    root, _ = read_pickle(_whole(lambda: archive.read(f"{folder}/data.pkl")), VOCABULARY)
    return TorchFile(root, bytes_of, ">" if order == b"big" else "<")


def _checked_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """By name. None is compressed or encrypted, no name comes twice, and together they are not larger than the file."""
    infos = archive.infolist()
    if len(infos) > _MOST_MEMBERS:
        raise ImportRefused(f"an archive of more than {_MOST_MEMBERS} members: this is no model")
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise ImportRefused(f"{quote(info.filename)} is compressed or encrypted, which torch.save never does")
    if sum(info.file_size for info in infos) > size:
        raise ImportRefused("a zip archive whose members overlap")
    members = {info.filename: info for info in infos}
    if len(members) != len(infos):
        raise ImportRefused("a zip archive with two members of one name")
    return members


def _read_legacy(data: bytes) -> TorchFile:
    storages: dict[str, Storage] = {}

    def persistent(identification: Any) -> Any:
        value = VOCABULARY.persistent(identification)
        if type(value) is Storage and storages.setdefault(value.key, value) != value:
            raise PickleError(f"damaged or hostile pickle: the numbers {quote(value.key)} have two types")
        return value

    vocabulary = Vocabulary(VOCABULARY.records, VOCABULARY.values, VOCABULARY.calls, persistent, VOCABULARY.explain)
    magic, at = read_pickle(data[:_MOST_PICKLE_BYTES], vocabulary)
    if magic != _MAGIC:
        raise ImportRefused("a pickle that torch.save has not written: its magic number is missing")
    version, at = read_pickle(data[:_MOST_PICKLE_BYTES], vocabulary, at)
    machine, at = read_pickle(data[:_MOST_PICKLE_BYTES], vocabulary, at)
    if version != _LEGACY_VERSION or type(machine) is not dict:
        raise ImportRefused(f"a file of torch.save in the unknown format {quote(version)}")
    root, at = read_pickle(data[: at + _MOST_PICKLE_BYTES], vocabulary, at)
    keys, at = read_pickle(data[: at + _MOST_PICKLE_BYTES], vocabulary, at)
    parts = _legacy_numbers(data, at, keys, storages)

    def bytes_of(key: str) -> bytes:
        if key not in parts:
            raise ImportRefused(f"the numbers {quote(key)} are missing: the file is damaged")
        return parts[key]

    return TorchFile(root, bytes_of, "<" if machine.get("little_endian") is not False else ">")


def _legacy_numbers(data: bytes, at: int, keys: Any, storages: dict[str, Storage]) -> dict[str, bytes]:
    """What follows the pickles, by key."""
    if type(keys) is not list or not all(type(key) is str and key in storages for key in keys):
        raise ImportRefused("the list of numbers does not fit the model: the file is damaged")
    parts: dict[str, bytes] = {}
    for key in keys:
        code = STORAGES[storages[key].kind]
        if code is None:
            raise ImportRefused(f"numbers in a {storages[key].kind}: convert the model with model.float()")
        end = at + 8 + storages[key].count * np.dtype(code).itemsize
        if end > len(data) or struct.unpack("<q", data[at : at + 8])[0] != storages[key].count or key in parts:
            raise ImportRefused("the file ends in the middle of its numbers, or is damaged")
        parts[key] = data[at + 8 : end]
        at = end
    return parts
