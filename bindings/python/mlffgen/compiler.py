"""`mlffgen compile` as a function."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlffgen import _native_files
from mlffgen.errors import CompileError, CompileWarning

PathLike = str | os.PathLike[str]


def compile(
    spec: PathLike,
    output: PathLike | None = None,
    *,
    weights: PathLike | None = None,
    untrained_weights: int | None = None,
    precision: str = "float",
    target: str | None = None,
    host_cpus: Sequence[str] = (),
    archs: Sequence[str] = (),
    radial: str = "auto",
    forms: Sequence[str] = (),
) -> Path:
    """Compiles a specification and its weights to a model file and returns the file's path.

    spec               SPEC.yaml
    output             MODEL.mlff; None: the model's name with .mlff, in the current folder
    weights            safetensors file; None: the one that the specification names
    untrained_weights  seed of random weights instead of any file, for tests and timings: the energies mean nothing
    precision          "float" or "double"
    target             "host", "cuda" or "all"; None: host, and cuda where NVRTC is found. The CUDA source is in the
                       file in every case
    host_cpus          "native", "x86-64-v2", "x86-64-v3", "x86-64-v4"; empty: the last two
    archs              GPUs for which machine code is made ahead, such as "sm_90"; empty: sm_90
    radial             "auto", "inline" or "spline": how functions of the distance are computed
    forms              ways to cut the model into GPU kernels; empty: the program's default (docs/cli.md)

    The file appears when it is complete; an error leaves an old one as it was. Defects of a model that compiles are
    warnings of the class CompileWarning.

    Raises CompileError with the program's message, and NotInstalledError.
    """
    command = [str(_native_files.program()), "compile", "--json", f"--precision={precision}", f"--radial={radial}"]
    single: dict[str, Any] = {
        "--output": output, "--weights": weights, "--untrained-weights": untrained_weights, "--target": target,
    }  # fmt: skip
    for option, value in single.items():
        if value is not None:
            command.append(f"{option}={value}")
    for option, values in {"--host-cpu": host_cpus, "--arch": archs, "--forms": forms}.items():
        if values:
            command.append(f"{option}={','.join(values)}")
    # Behind "--" a name is a name, whatever it begins with.
    done = subprocess.run([*command, "--", os.fspath(spec)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompileError(_message(done))
    for line in done.stderr.splitlines():
        warnings.warn(line, CompileWarning, stacklevel=2)
    return Path(json.loads(done.stdout)["file"])


def _message(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"'mlffgen compile' was ended by signal {-done.returncode}"
    text = done.stderr.strip() or f"'mlffgen compile' failed with status {done.returncode}"
    return text.removeprefix("mlffgen: error: ")
