"""What ends an import."""

from __future__ import annotations

from pathlib import PurePath


class ImportRefused(ValueError):
    """The file, or what was asked for, cannot be imported: says where, what, and what to do."""


class UsageError(Exception):
    """The call is wrong: exit status 2."""


def quote(text: object, most: int = 120) -> str:
    """What came from a file, in single quotes on one line: what does not print is escaped, what is long is cut.

    Of anything but texts and numbers it is the type: a file can make values that take forever to print.
    """
    shown = str(text) if isinstance(text, (str, int, float, PurePath)) else f"a {type(text).__name__}"
    shown = shown if len(shown) <= most else shown[:most] + "..."
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown) + "'"
