"""`mlffgen` and `python -m mlffgen`: the program itself, with its exit status, output and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import mlffgen
import pytest
from conftest import MOLECULES, SPEC

COMMAND = [sys.executable, "-m", "mlffgen"]


def run(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, env={**os.environ, **variables}
    )


def test_it_is_the_program(float_model: Path) -> None:
    for words in (["--version"], ["info", float_model, "--json"], ["nonsense"], ["eval", "absent.mlff", MOLECULES], []):
        program = subprocess.run([os.environ["MLFFGEN_PROGRAM"], *words], capture_output=True, text=True)
        python = run(*words)
        assert (python.returncode, python.stdout, python.stderr) == (program.returncode, program.stdout, program.stderr)
    assert run("nonsense").returncode == 2
    assert run("info", "absent.mlff").returncode == 1


def test_a_signal_is_the_program_s(float_model: Path, tmp_path: Path) -> None:
    energies = tmp_path / "md.csv"
    words = ["md", float_model, MOLECULES, "--steps", "100000000", "--energies", energies, "--energies-every", "1"]
    process = subprocess.Popen([*COMMAND, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not (energies.exists() and energies.stat().st_size > 200):
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143  # as docs/cli.md has it: stopped behind a step, with all files written
    assert len(energies.read_text().splitlines()) > 2


def test_no_program_is_told() -> None:
    done = run("--version", MLFFGEN_PROGRAM="/absent/mlffgen")
    assert done.returncode == 1 and "MLFFGEN_PROGRAM names no file: /absent/mlffgen" in done.stderr
    done = run("--version", MLFFGEN_PROGRAM=str(SPEC))
    assert done.returncode == 1 and "mlffgen: error: " in done.stderr and "Traceback" not in done.stderr


def test_import_is_left_to_the_importers(monkeypatch: pytest.MonkeyPatch) -> None:
    importers = type(sys)("mlffgen.importers")
    importers.main = lambda words: 40 + len(words)
    monkeypatch.setitem(sys.modules, "mlffgen.importers", importers)
    monkeypatch.setattr(mlffgen, "importers", importers, raising=False)
    from mlffgen.__main__ import main

    assert main(["import", "schnetpack", "best_model"]) == 42
