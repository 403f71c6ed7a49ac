"""The command `mlffgen import`, also `python -m mlffgen import`: options, files, report and exit status."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .errors import ImportRefused, UsageError
from .model import Imported
from .onnx import import_onnx
from .safetensors import write_safetensors
from .schnetpack import import_schnetpack
from .specification import (
    ENERGY_UNITS,
    LENGTH_UNITS,
    SYMBOLS,
    check_unit,
    choose_elements,
    model_name,
    parse_elements,
    specification_text,
)
from .torch_file import read_bytes
from .verify import Verdict, verify

SPECIFICATION, WEIGHTS = "model.yaml", "weights.safetensors"
_FOOTER = """examples:
  mlffgen import schnetpack best_model -o ethanol --energy-unit kcal/mol --length-unit angstrom --elements H,C,O
  mlffgen import onnx student.onnx -o student --energy-unit eV --length-unit angstrom --elements H,C,N,O --cutoff 5
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mlffgen import",
        description="make a specification and weights from a trained model of another program",
        epilog=_FOOTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("format", choices=["schnetpack", "onnx"], help="what wrote the model")
    parser.add_argument("file", type=Path, help="the trained model, such as SchNetPack's best_model")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help=f"gets {SPECIFICATION}, {WEIGHTS}"
    )
    parser.add_argument("--energy-unit", metavar="UNIT", help="of the training data: " + ", ".join(ENERGY_UNITS))
    parser.add_argument("--length-unit", metavar="UNIT", help="of the training data: " + ", ".join(LENGTH_UNITS))
    parser.add_argument("--elements", metavar="LIST", help="that the model was trained for, such as H,C,O")
    parser.add_argument("--cutoff", type=float, metavar="X", help="of an ONNX model, in the length unit")
    parser.add_argument(
        "--program", metavar="FILE", help="the mlffgen program that checks the result (default: in the PATH)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


@dataclass
class _Asked:
    """The options, checked."""

    format: str
    file: Path
    output: Path
    length_unit: str
    energy_unit: str
    elements: list[int] | None
    cutoff: float
    program: Path | None
    json: bool


def _checked(options: argparse.Namespace) -> _Asked:
    """Raises UsageError for options that contradict each other, ImportRefused for what nobody has told."""
    if (options.format == "onnx") != (options.cutoff is not None):
        raise UsageError("--cutoff goes with onnx, and only there: SchNetPack's files hold it, ONNX files do not")
    if options.cutoff is not None and not 0 < options.cutoff < 1e6:
        raise UsageError(f"--cutoff: {options.cutoff} is no distance")
    for option, unit, known in (
        ("--length-unit", options.length_unit, LENGTH_UNITS),
        ("--energy-unit", options.energy_unit, ENERGY_UNITS),
    ):
        if unit is None:
            raise ImportRefused(
                f"{options.file}: the file does not hold the units that the model was trained in: give {option}, one of"
                f" {', '.join(known)}"
            )
        check_unit(option, unit, known)
    elements = parse_elements(options.elements) if options.elements is not None else None
    found = options.program or shutil.which("mlffgen")
    program = Path(found).absolute() if found else None
    return _Asked(
        options.format,
        options.file,
        options.output,
        options.length_unit,
        options.energy_unit,
        elements,
        options.cutoff or 0.0,
        program,
        options.json,
    )


def _read(asked: _Asked) -> Imported:
    try:
        data = read_bytes(asked.file)
        return import_schnetpack(data) if asked.format == "schnetpack" else import_onnx(data, asked.cutoff)
    except ImportRefused as error:
        raise ImportRefused(f"{asked.file}: {error}") from error
    except OSError as error:
        raise ImportRefused(f"cannot read {asked.file}: {error.strerror}") from error


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A temporary folder inside the folder `path`, which is made if need be and goes again if an error passes."""
    made = not os.path.lexists(path)
    try:
        path.mkdir(exist_ok=True)
        for name in (SPECIFICATION, WEIGHTS):
            if (path / name).exists() and not (path / name).is_file():
                raise ImportRefused(f"{path / name} is there and is no file")
        with tempfile.TemporaryDirectory(prefix=".import-", dir=path) as inner:
            yield Path(inner)
    except BaseException as error:
        if made and path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        if isinstance(error, OSError):
            raise ImportRefused(f"cannot write to {path}: {error.strerror}") from error
        raise


def _write(asked: _Asked, model: Imported, elements: list[int]) -> Verdict:
    """Writes both files, checks them, and only then puts them where they were asked for."""
    metadata = {
        "source": model.source,
        "network": model.network,
        "cutoff": repr(model.cutoff),
        "units_length": asked.length_unit,
        "units_energy": asked.energy_unit,
    }
    name = model_name(asked.output.resolve().name)
    text = specification_text(model, name, elements, asked.length_unit, asked.energy_unit, WEIGHTS)
    with _folder(asked.output) as inner:
        write_safetensors(inner / WEIGHTS, model.weights, metadata)
        (inner / SPECIFICATION).write_text(text)
        verdict = verify(asked.program, inner, SPECIFICATION)
        # The specification last: it names the weights.
        for name in (WEIGHTS, SPECIFICATION):
            os.replace(inner / name, asked.output / name)
    return verdict


def _report(asked: _Asked, model: Imported, elements: list[int], verdict: Verdict) -> dict[str, Any]:
    kinds = sorted({array.dtype.name for array in model.weights.values()})
    check: dict[str, Any] = {"done": not verdict.reason, "reason": verdict.reason or None}
    if not verdict.reason:
        check |= {"structures": verdict.structures, "passed": verdict.passed, "broken_by_design": verdict.broken}
        check["force_error"] = verdict.force_error
    return {
        "file": str(asked.file),
        "source": model.source,
        "network": model.network,
        "architecture": model.architecture or None,
        **model.facts,
        "cutoff": model.cutoff,
        "elements": [SYMBOLS[number - 1] for number in elements],
        "units": {"length": asked.length_unit, "energy": asked.energy_unit},
        "weights": {
            "tensors": len(model.weights),
            "numbers": sum(a.size for a in model.weights.values()),
            "types": kinds,
        },
        "left_out": model.left_out,
        "notes": model.notes,
        "warnings": verdict.warnings,
        "check": check,
        "specification": str(asked.output / SPECIFICATION),
        "weights_file": str(asked.output / WEIGHTS),
    }


def _print_report(report: dict[str, Any], facts: dict[str, object]) -> None:
    weights, units = report["weights"], report["units"]
    rows = [
        ("model", f"{report['network']} of {report['source']}"),
        ("architecture", report["architecture"] or "its own, written into the specification"),
        *(
            (key.replace("_", " "), str(value).lower() if type(value) is bool else value)
            for key, value in facts.items()
        ),
        ("cutoff", f"{report['cutoff']} {units['length']}"),
        ("elements", " ".join(report["elements"])),
        ("units", f"{units['energy']}, {units['length']}"),
        ("weights", f"{weights['numbers']} numbers in {weights['tensors']} tensors, {' and '.join(weights['types'])}"),
    ]
    if report["left_out"]:
        rows.append(("not needed", ", ".join(report["left_out"])))
    for key, value in rows:
        print(f"{key:<20} {value}")
    check = report["check"]
    if check["done"]:
        atoms = ", ".join(str(structure["n_atoms"]) for structure in check["structures"])
        print(
            f"\nchecked in double on {len(check['structures'])} made-up structures of {atoms} atoms: energies and"
            f" forces are finite,\nforces are minus the energy's differences to {check['force_error']:.1e},"
            f" {check['passed']} checks passed"
        )
        if check["broken_by_design"]:
            print(f"by design of the network these do not hold: {', '.join(check['broken_by_design'])}")
    print(f"\nwrote {report['specification']} and {report['weights_file']}")


def _run(words: list[str]) -> int:
    asked = _checked(_parser().parse_args(words))
    model = _read(asked)
    try:
        elements = choose_elements(asked.elements, model)
    except ImportRefused as error:
        raise ImportRefused(f"{asked.file}: {error}") from error
    verdict = _write(asked, model, elements)
    report = _report(asked, model, elements, verdict)
    for note in model.notes:
        print(f"mlffgen: note: {note}", file=sys.stderr)
    for warning in verdict.warnings:
        print(warning, file=sys.stderr)
    if verdict.reason:
        print(f"mlffgen: warning: the result was not checked: {verdict.reason}", file=sys.stderr)
    if asked.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report, model.facts)
    sys.stdout.flush()
    return 0


def _interrupt(number: int, _: Any) -> NoReturn:
    raise KeyboardInterrupt(number)


@contextmanager
def _interrupts() -> Iterator[None]:
    """Signals that end a program raise KeyboardInterrupt, so that unfinished files go."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: list[str]) -> int:
    """Runs the command with the words behind `import`; returns its exit status and raises nothing.

    0: imported. 1: the file cannot be imported. 2: a wrong call. After an error or an interrupt the folder is as it
    was.
    """
    try:
        with _interrupts():
            return _run(argv)
    except UsageError as error:
        print(f"mlffgen: error: {error}\nmlffgen: see 'mlffgen import --help'", file=sys.stderr)
        return 2
    except ImportRefused as error:
        print(f"mlffgen: error: {error}", file=sys.stderr)
    except MemoryError:
        print("mlffgen: error: not enough memory", file=sys.stderr)
    except OSError as error:
        print(f"mlffgen: error: cannot write to the standard output: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt as interrupt:
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return 1
