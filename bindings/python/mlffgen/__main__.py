"""`mlffgen` and `python -m mlffgen`: the program that comes with the package, and the commands that are Python's.

The program replaces this process, so that its exit status and signals are its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mlffgen import _native_files
from mlffgen.errors import NotInstalledError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit status where it is one of Python's."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["import"]:
        from mlffgen import importers

        return importers.main(words[1:])
    if words[:1] == ["serve"]:
        from mlffgen import serve

        return serve.main(words[1:])
    try:
        program = str(_native_files.program())
        os.execv(program, [program, *words])
    except (NotInstalledError, OSError) as error:
        print(f"mlffgen: error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
