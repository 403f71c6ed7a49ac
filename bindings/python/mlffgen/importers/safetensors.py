"""Writes weight files (https://github.com/huggingface/safetensors): a JSON header, then the numbers."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

_TYPES = {"float32": ("F32", "<f4"), "float64": ("F64", "<f8")}


def write_safetensors(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Arrays of float32 and float64, each as it is, in the order of their names. Raises OSError."""
    header: dict[str, object] = {"__metadata__": metadata}
    parts: list[bytes] = []
    at = 0
    for name in sorted(arrays):
        kind, code = _TYPES[arrays[name].dtype.name]
        parts.append(np.ascontiguousarray(arrays[name], dtype=code).tobytes())
        header[name] = {"dtype": kind, "shape": list(arrays[name].shape), "data_offsets": [at, at + len(parts[-1])]}
        at += len(parts[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of their size
    path.write_bytes(b"".join([struct.pack("<Q", len(text)), text, *parts]))
