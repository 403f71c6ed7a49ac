"""mlffgen: energies, forces and virials of compiled force fields.

    import mlffgen

    path = mlffgen.compile("spec.yaml", "model.mlff", weights="weights.safetensors")
    with mlffgen.Model(path) as model:
        results = model.evaluate(positions, numbers)

mlffgen.ase has a calculator for ASE, mlffgen.torchsim a model for TorchSim, mlffgen.ipi a client for i-PI. The guide is
docs/python.md.
"""

from mlffgen._abi import version
from mlffgen.compiler import compile
from mlffgen.errors import (
    BadFileError,
    BadInputError,
    CompileError,
    CompileWarning,
    DeviceFailureError,
    Error,
    InternalError,
    InvalidArgumentError,
    NotInstalledError,
    OutOfMemoryError,
    TryAgainError,
    UnsupportedError,
)
from mlffgen.model import Model
from mlffgen.results import BatchResults, Info, Memory, Results, Statistics, Units

__all__ = [
    "BadFileError",
    "BadInputError",
    "BatchResults",
    "CompileError",
    "CompileWarning",
    "DeviceFailureError",
    "Error",
    "Info",
    "InternalError",
    "InvalidArgumentError",
    "Memory",
    "Model",
    "NotInstalledError",
    "OutOfMemoryError",
    "Results",
    "Statistics",
    "TryAgainError",
    "Units",
    "UnsupportedError",
    "compile",
    "version",
]
