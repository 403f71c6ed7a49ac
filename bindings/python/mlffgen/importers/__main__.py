"""`python -m mlffgen.importers`, and as a script what the program mlffgen runs.

As a script it finds the package by its own place: nothing is imported from the folder that it is called in, where an
untrusted model may lie beside other untrusted files.
"""

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[2])

try:
    from mlffgen.importers.command import main
except ModuleNotFoundError as error:
    if error.name != "numpy":
        raise
    print(
        f"mlffgen: error: {sys.executable} has no NumPy, which the import needs: install it (python3 -m pip install"
        " numpy), or name another Python in MLFFGEN_PYTHON",
        file=sys.stderr,
    )
    sys.exit(1)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
