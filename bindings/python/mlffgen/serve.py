"""`mlffgen serve`: a model as the force provider of another program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mlffgen.errors import Error

_EXAMPLES = """examples:
  mlffgen serve model.mlff --ipi --structure start.xyz --unix water
  mlffgen serve a.mlff b.mlff --ipi --structure start.xyz --host node7 --port 31415 --device cuda
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with a message on the standard error. A wrong call raises SystemExit(2)."""
    options = _parser().parse_args(arguments)
    try:
        return _serve(options)
    except ImportError as error:
        message = f"{error}: install what i-PI's clients need, 'pip install mlffgen[ipi]'"
    except (Error, OSError) as error:
        message = str(error)
    print(f"mlffgen: error: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mlffgen serve", description="Serve energies, forces and virials of a model to another program.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL.mlff", help="a model; of several, their mean")
    parser.add_argument("--ipi", action="store_true", required=True, help="as a client of i-PI")
    parser.add_argument(
        "--structure", type=Path, required=True, metavar="FILE",
        help="what i-PI starts from, in any format that ASE reads: elements and periodic directions count",
    )  # fmt: skip
    parser.add_argument(
        "--periodic", action=argparse.BooleanOptionalAction,
        help="in all three directions, or in none (default: as the structure says; files in i-PI's own xyz do not)",
    )  # fmt: skip
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--unix", metavar="ADDRESS", help="the address of an i-PI socket of mode unix")
    place.add_argument("--port", type=int, default=31415, help="of an i-PI socket of mode inet (default %(default)s)")
    parser.add_argument("--host", default="localhost", help="where i-PI runs, in mode inet (default %(default)s)")
    parser.add_argument("--device", default="host", help="host, cuda or cuda:N (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of the host; 0: as many as are worth it (default)")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from ase.io import read

    from mlffgen import ipi
    from mlffgen.ase import MLFFGen

    try:
        atoms = read(options.structure)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # each of ASE's readers has its own
        raise Error(f"{options.structure}: cannot be read as a structure: {error}") from error
    if options.periodic is not None:
        atoms.pbc = options.periodic
    calculator = MLFFGen(options.models, device=options.device, threads=options.threads)
    print(f"mlffgen: serving {', '.join(map(repr, calculator.models))}", file=sys.stderr)
    count = ipi.serve(calculator, atoms, unix=options.unix, host=options.host, port=options.port)
    print(f"mlffgen: i-PI is done after {count} evaluations", file=sys.stderr)
    return 0
