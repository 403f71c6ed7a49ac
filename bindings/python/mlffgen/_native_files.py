"""Where the library libmlffgen.so and the program mlffgen are.

In this order: what MLFFGEN_LIBRARY and MLFFGEN_PROGRAM name, the folder _native of an installed package, the build
folder of the source tree that this package lies in.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mlffgen.errors import NotInstalledError

LIBRARY_VARIABLE = "MLFFGEN_LIBRARY"
PROGRAM_VARIABLE = "MLFFGEN_PROGRAM"

_PACKAGE = Path(__file__).resolve().parent


def _prefixes() -> list[Path]:
    prefixes = [_PACKAGE / "_native"]
    # bindings/python/mlffgen of a source tree
    top = _PACKAGE.parents[2] if len(_PACKAGE.parents) > 2 else None
    if top is not None and (top / "CMakePresets.json").is_file():
        prefixes.append(top / "build")
    return prefixes


def _find(what: str, variable: str, candidates: Sequence[Path]) -> Path:
    named = os.environ.get(variable)
    if named:
        path = Path(named)
        if not path.is_file():
            raise NotInstalledError(f"{variable} names no file: {named}")
        return path.absolute()
    for path in candidates:
        if path.is_file():
            return path
    places = ", ".join(map(str, candidates))
    raise NotInstalledError(
        f"mlffgen's {what} was not found; looked at: {places}. Install the package with 'pip install .' from the top "
        f"of the source tree, build the tree with 'scripts/build', or set {variable} to the file"
    )


def library() -> Path:
    """The path of libmlffgen.so. Raises NotInstalledError, which names the places that were looked at."""
    return _find("library", LIBRARY_VARIABLE, [prefix / "lib" / "libmlffgen.so" for prefix in _prefixes()])


def program() -> Path:
    """The path of the program mlffgen. Raises NotInstalledError, which names the places that were looked at."""
    return _find("program", PROGRAM_VARIABLE, [prefix / "bin" / "mlffgen" for prefix in _prefixes()])
