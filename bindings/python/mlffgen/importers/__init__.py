"""Import of trained models: `mlffgen import`. Needs NumPy; for ONNX files also the protobuf package."""

from __future__ import annotations

from .command import main

__all__ = ["main"]
