"""Wrong arguments: an exception of the right class that says what is wrong, never a crash, and a model that goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlffgen
import numpy as np
import pytest
from conftest import SPEC, compiled

WATER = [[0.0, 0.0, 0.12], [0.0, 0.76, -0.48], [0.0, -0.76, -0.48]]
NUMBERS = [8, 1, 1]
BOX = np.eye(3) * 4.0

Call = Callable[[mlffgen.Model], Any]

# What is wrong, the class of the error and a part of its message.
ARGUMENTS: dict[str, tuple[Call, str]] = {
    "flat positions": (lambda m: m.evaluate(np.zeros(9), NUMBERS), r"positions: shape \(9,\), expected \(n, 3\)"),
    "two columns": (lambda m: m.evaluate(np.zeros((3, 2)), NUMBERS), "positions: shape"),
    "texts": (lambda m: m.evaluate([["a", "b", "c"]], [1]), "positions: real numbers"),
    "complex numbers": (lambda m: m.evaluate(np.zeros((1, 3), complex), [1]), "positions: real numbers"),
    "ragged positions": (lambda m: m.evaluate([[0, 0, 0], [1]], [1, 1]), "positions: cannot be read"),
    "no array": (lambda m: m.evaluate(None, NUMBERS), "positions: real numbers"),
    "too few numbers": (lambda m: m.evaluate(WATER, [8, 1]), r"numbers: shape \(2,\), expected \(3,\)"),
    "broken numbers": (lambda m: m.evaluate(WATER, [8.0, 1.5, 1.0]), "numbers: whole numbers"),
    "large numbers": (lambda m: m.evaluate(WATER, [8, 1, 2**32 + 1]), "numbers: a number is out of the range"),
    "cell of lengths": (lambda m: m.evaluate(WATER, NUMBERS, [4, 4, 4]), r"cell: shape \(3,\), expected \(3, 3\)"),
    "pbc without cell": (lambda m: m.evaluate(WATER, NUMBERS, None, True), "pbc: a direction is periodic"),
    "four directions": (lambda m: m.evaluate(WATER, NUMBERS, BOX, [True] * 4), "pbc: shape"),
    "bits for pbc": (lambda m: m.evaluate(WATER, NUMBERS, BOX, 7), "pbc: give True"),
    "one system as a batch": (lambda m: m.evaluate_batch(3.0, 1), "positions: expected a sequence"),
    "fewer numbers than systems": (lambda m: m.evaluate_batch([WATER, WATER], [NUMBERS]), "numbers: 1 systems"),
    "second of a batch": (lambda m: m.evaluate_batch([WATER, WATER], [NUMBERS, [8]]), r"numbers\[1\]: shape"),
    "fewer cells": (lambda m: m.evaluate_batch([WATER] * 2, [NUMBERS] * 2, [BOX]), "cells: 1 cells for 2 systems"),
    "cell that lacks": (
        lambda m: m.evaluate_batch([WATER] * 2, [NUMBERS] * 2, [BOX, None], True), "pbc: a direction of system 1",
    ),
    "begin that descends": (
        lambda m: m.evaluate_batch(WATER, NUMBERS, system_begin=[0, 2, 1, 3]), "system_begin: must begin with 0",
    ),
    "begin that ends early": (lambda m: m.evaluate_batch(WATER, NUMBERS, system_begin=[0, 2]), "end with the 3 atoms"),
    "empty begin": (lambda m: m.evaluate_batch(WATER, NUMBERS, system_begin=[]), "system_begin: "),
    "begin for lists": (lambda m: m.evaluate_batch([WATER], [NUMBERS], system_begin=[0, 3]), "positions: shape"),
    "negative room": (lambda m: m.reserve(-1), "n_atoms: expected a whole number"),
}  # fmt: skip

STRUCTURES: dict[str, tuple[Call, str, int | None, int | None]] = {
    "unknown element": (lambda m: m.evaluate(WATER, [8, 1, 79]), "does not know element Au; it knows H, C, O", 0, 2),
    "no element": (lambda m: m.evaluate(WATER, [8, -1, 1]), "element", 0, 1),
    "no atoms": (lambda m: m.evaluate([], []), "at least one atom", 0, None),
    "not finite": (lambda m: m.evaluate([[0, 0, 0], [np.nan, 0, 0]], [1, 1]), "finite", 0, 1),
    "overlap": (lambda m: m.evaluate([[0, 0, 0], [2, 0, 0], [2, 0, 0]], NUMBERS), "atoms? 1", 0, 1),
    "flat cell": (lambda m: m.evaluate(WATER, NUMBERS, np.ones((3, 3))), "singular cell", 0, None),
    "second of a batch": (lambda m: m.evaluate_batch([WATER] * 2, [NUMBERS, [8, 9, 1]]), "system 1", 1, 1),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_wrong_arguments(model: mlffgen.Model, case: str) -> None:
    call, message = ARGUMENTS[case]
    with pytest.raises(mlffgen.InvalidArgumentError, match=message) as caught:
        call(model)
    assert isinstance(caught.value, ValueError) and "\n" not in str(caught.value)
    assert np.isfinite(model.evaluate(WATER, NUMBERS).energy)


@pytest.mark.parametrize("case", STRUCTURES)
def test_wrong_structures(model: mlffgen.Model, case: str) -> None:
    call, message, system, atom = STRUCTURES[case]
    with pytest.raises(mlffgen.BadInputError, match=message) as caught:
        call(model)
    assert (caught.value.system, caught.value.atom) == (system, atom)
    assert np.isfinite(model.evaluate(WATER, NUMBERS).energy)


def test_options_that_make_no_sense(float_model: Path) -> None:
    wrong: dict[str, list[Any]] = {
        "device": ["gpu", "cuda:x", "", 0, None, "host\0"], "threads": [-1, 1.5, 2**31, 2**40, "2", True, 5000],
        "precision": ["single", 32], "skin": [-1.0, float("nan"), float("inf"), "wide"], "memory_limit": [-1, 2**64],
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            with pytest.raises(mlffgen.InvalidArgumentError, match=name):
                mlffgen.Model(float_model, **{name: value})


def test_files_that_are_no_models(tmp_path: Path, float_model: Path) -> None:
    damaged = bytearray(float_model.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    files = {"absent": None, "empty": b"", "text": b"mlffgen", "cut": bytes(damaged[:1000]), "damaged": bytes(damaged)}
    for name, content in files.items():
        path = tmp_path / f"{name}.mlff"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(mlffgen.BadFileError, match=name):
            mlffgen.Model(path)


def test_what_cannot_run_says_so(float_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(mlffgen.UnsupportedError, match="compiled for float precision"):
        mlffgen.Model(float_model, precision="double")
    monkeypatch.setenv("MLFFGEN_CUDA", "/absent/libcuda.so")
    with pytest.raises(mlffgen.UnsupportedError, match="driver"):
        mlffgen.Model(float_model, "cuda")
    with mlffgen.Model(float_model) as model, pytest.raises(mlffgen.UnsupportedError, match="on the host"):
        model.evaluate_on_device(np.zeros((1, 3)), np.ones(1, np.int32))


def test_a_compilation_that_fails(tmp_path: Path) -> None:
    old = compiled(tmp_path / "model.mlff")
    content = old.read_bytes()
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.read_text().replace("cutoff: 5.0", "cutof: 5.0"))
    with pytest.raises(mlffgen.CompileError, match=r"spec.yaml:\d+:\d+: .*cutof"):
        mlffgen.compile(spec, old, untrained_weights=1)
    assert old.read_bytes() == content
    with pytest.raises(mlffgen.CompileError, match="absent.safetensors"):
        mlffgen.compile(SPEC, old, weights=tmp_path / "absent.safetensors")
    with pytest.raises(mlffgen.CompileError, match="precision"):
        mlffgen.compile(SPEC, old, precision="half")
    with pytest.raises(mlffgen.CompileError, match="--untrained.yaml"):
        mlffgen.compile("--untrained.yaml", old)


def test_defects_of_a_model_are_warnings(tmp_path: Path) -> None:
    spec = tmp_path / "jump.yaml"
    program = "energy = sum_i(sum_j(gaussian(distance, 1.0, 0.5)))"
    spec.write_text(
        "mlffgen: 1\nname: jump\nunits: {length: angstrom, energy: eV}\nelements: [H]\ncutoff: 3.0\n"
        f"architecture:\n  program: |\n    {program}\n"
    )
    with pytest.warns(mlffgen.CompileWarning, match="radial-jump-at-cutoff"):
        compiled(tmp_path / "jump.mlff", spec=spec)


def test_a_missing_library_is_told_with_the_places(tmp_path: Path) -> None:
    package = tmp_path / "site" / "mlffgen"
    package.mkdir(parents=True)
    source = Path(mlffgen.__file__).parent
    for path in source.glob("*.py"):
        (package / path.name).write_text(path.read_text())
    script = "import mlffgen\ntry:\n  mlffgen.version()\nexcept mlffgen.NotInstalledError as e:\n  print(e)\n"
    for variables, message in (
        ({}, f"{package}/_native/lib/libmlffgen.so"),
        ({"MLFFGEN_LIBRARY": "/absent.so"}, "MLFFGEN_LIBRARY names no file: /absent.so"),
        ({"MLFFGEN_LIBRARY": str(package / "errors.py")}, "cannot be loaded"),
    ):
        environment = {"PYTHONPATH": str(package.parent), **variables}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert message in done.stdout, done.stderr
