"""Is an imported model a model? Compiled in double, it is evaluated on made-up structures of its elements."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ImportRefused

_SECONDS = 600
_BY_DESIGN = "by design"  # what mlffgen check says of a symmetry that the architecture breaks


@dataclass
class Verdict:
    """What came of the check.

    reason       why there was none, or ""
    structures   names and numbers of atoms of what was evaluated
    passed       how many of the rows of `mlffgen check` hold
    broken       rows that do not hold by the design of the architecture, such as "rotation of energy"
    force_error  largest difference between forces and minus the energy's central differences, relative
    warnings     what the compiler reports of the model, each with its place in the program
    """

    reason: str = ""
    structures: list[dict[str, Any]] = field(default_factory=list)
    passed: int = 0
    broken: list[str] = field(default_factory=list)
    force_error: float = 0.0
    warnings: list[str] = field(default_factory=list)


def _run(program: Path, folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Inside the folder, so that messages name its files as they will be found elsewhere."""
    try:
        return subprocess.run(
            [str(program), *words],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except OSError as error:
        raise ImportRefused(f"cannot start {program}: {error.strerror}; --program names the mlffgen program") from error
    except subprocess.TimeoutExpired as error:
        raise ImportRefused(f"the check of the imported model took more than {_SECONDS} s") from error


def _last_error(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("mlffgen: error: ") if lines else f"exit status {done.returncode}"


def verify(program: Path | None, folder: Path, specification: str) -> Verdict:
    """Compiles the specification in the folder, where the compiled model is left, and checks it with the program.

    `mlffgen check` compares forces with differences of the energy, and energies, forces and virials of structures that
    must be alike; a value that is not finite is an error there. Raises ImportRefused if the model does not compile or
    a check fails. Without a program, or with one that cannot compile for the processor, the verdict says so.
    """
    if program is None:
        return Verdict("no program mlffgen in the PATH; --program names one")
    doctor = _run(program, folder, ["doctor", "--json"])
    if doctor.returncode != 0:
        raise ImportRefused(f"{program} doctor failed: {_last_error(doctor)}")
    if not json.loads(doctor.stdout)["llvm"]:
        return Verdict("this mlffgen compiles no models for the processor")
    words = ["--precision", "double", "--target", "host", "--host-cpu", "native", "--json", "-o", "check.mlff"]
    compiled = _run(program, folder, ["compile", specification, *words])
    if compiled.returncode != 0:
        raise ImportRefused(f"the imported model does not compile: {_last_error(compiled)}")
    checked = _run(program, folder, ["check", "check.mlff", "--json"])
    try:
        report = json.loads(checked.stdout)
    except ValueError:
        raise ImportRefused(f"the imported model cannot be evaluated: {_last_error(checked)}") from None
    verdict = Verdict(structures=report["structures"])
    verdict.warnings = [diagnostic["text"] for diagnostic in json.loads(compiled.stdout)["diagnostics"]]
    _judge(report["checks"], verdict)
    return verdict


def _judge(rows: list[dict[str, Any]], verdict: Verdict) -> None:
    """Raises ImportRefused for a failed row, unless the architecture breaks it by design."""
    for row in rows:
        what = f"{row['check']} of {row['quantity']}"
        if row["status"] == "fail" and not row["note"].startswith(_BY_DESIGN):
            raise ImportRefused(
                f"the imported model fails the check {what}: error {row['error']:.1e}, bound {row['bound']:.1e}"
                f" ({row['structure']}) {row['note']}"
            )
        if row["status"] == "fail":
            verdict.broken.append(what)
        verdict.passed += row["status"] == "pass"
        if row["check"] == "finite displacements" and row["status"] == "pass":
            verdict.force_error = row["error"]
