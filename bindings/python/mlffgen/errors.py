"""What goes wrong, as exceptions: one class for each status of mlffgen.h, all of them mlffgen.Error."""

from __future__ import annotations


class Error(Exception):
    """A call of mlffgen failed. The message is one line that says where, what and what to do.

    system, atom  the first system at fault and its first atom at fault, both counted from 0, the atom within its
                  system; None where the error is not about a single one
    """

    def __init__(self, message: str, system: int | None = None, atom: int | None = None) -> None:
        super().__init__(message, system, atom)
        self.system = system
        self.atom = atom

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidArgumentError(Error, ValueError):
    """An argument that makes no sense: a shape, a type, an option, a model that was closed."""


class BadFileError(Error):
    """The model's file is missing, damaged, or made by an incompatible version."""


class UnsupportedError(Error):
    """The model cannot run on the device, or the device or its driver is not there."""


class BadInputError(Error, ValueError):
    """A structure: atoms that overlap, an element that the model does not know, a cell without volume, ..."""


class OutOfMemoryError(Error, MemoryError):
    """The host or the GPU has too little memory: split the batch."""


class DeviceFailureError(Error):
    """The GPU or its driver failed."""


class TryAgainError(Error):
    """Of Model.check(): a call had too little room for its pairs. There is room now: repeat the calls."""


class InternalError(Error):
    """A defect of mlffgen: please report it with the message."""


class CompileError(Error):
    """`mlffgen compile` refused a specification or its weights; the message is the program's own."""


class NotInstalledError(Error, ImportError):
    """The library libmlffgen.so or the program mlffgen is not where it is looked for, or cannot be loaded."""


class CompileWarning(UserWarning):
    """A defect of a model that compiles all the same, as `mlffgen compile` reports it."""


# By mlffgen_status.
BY_STATUS: dict[int, type[Error]] = {
    1: InvalidArgumentError,
    2: BadFileError,
    3: UnsupportedError,
    4: BadInputError,
    5: OutOfMemoryError,
    6: DeviceFailureError,
    7: TryAgainError,
    70: InternalError,
}
