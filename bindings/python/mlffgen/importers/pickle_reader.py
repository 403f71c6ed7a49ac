"""Reads pickles without running them: an interpreter of the opcodes that torch.save writes.

Python's own unpickler imports what a file names and calls it. Here a name is looked up in a vocabulary and becomes an
inert value of ours, an object becomes a Record of its state, and a call is one of the functions that the vocabulary
itself gives; nothing of Python can be reached from a file. What is not in the vocabulary is refused with its full
name, what is no opcode of torch.save with its own. The work is bounded: each step makes one value from bytes that are
there, and the number of steps is limited.

Opcodes: the module pickletools of Python's standard library, protocols 2 to 5.
"""

from __future__ import annotations

import pickletools
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ImportRefused, quote

_MOST_STEPS = 1_000_000  # a model of three layers takes 5,000
_MOST_LONG_BYTES = 16  # of an integer; the largest in a saved model, the magic number of old files, has 10
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,199}")
_OPCODES = {opcode.code: opcode for opcode in pickletools.opcodes}
_MARK = object()


class PickleError(ImportRefused):
    """The pickle is damaged, hostile, or not of torch.save."""


@dataclass(frozen=True)
class Name:
    """A class or a function that a file names, as an inert text such as "torch.nn.functional.silu"."""

    full: str


@dataclass(eq=False)
class Record:
    """An object of the file: the full name of its class and the state that was saved, which nothing has acted upon."""

    kind: str
    state: dict[str, Any] | None = None


@dataclass(frozen=True)
class Vocabulary:
    """What a file may name.

    records     classes whose objects become a Record
    values      what stays a Name
    calls       functions of ours that stand for what the file calls; each checks its arguments
    persistent  turns an object that is stored outside the pickle (its identification) into a value
    explain     what to say of a name that is in none of them
    """

    records: frozenset[str]
    values: frozenset[str]
    calls: Mapping[str, Callable[[tuple[Any, ...]], Any]]
    persistent: Callable[[Any], Any]
    explain: Callable[[str], str] = field(default=lambda name: f"{name} is not known")


def read_pickle(data: bytes, vocabulary: Vocabulary, start: int = 0) -> tuple[Any, int]:
    """The value pickled from data[start] on, and where its bytes end. Raises PickleError."""
    reader = _Reader(data, vocabulary, start)
    return reader.run(), reader.at


class _Reader:
    """The machine of a pickle: a stack, a memo, and marks on the stack."""

    def __init__(self, data: bytes, vocabulary: Vocabulary, start: int) -> None:
        self._data, self._vocabulary, self.at = data, vocabulary, start
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Up to STOP, whose value it returns."""
        for _ in range(_MOST_STEPS):
            code = self._take(1)
            if code == b".":
                value = self._pop()
                if self._stack:
                    raise self._error("values are left over at the end")
                return value
            operation = _OPERATIONS.get(code)
            if operation is None:
                opcode = _OPCODES.get(code.decode("latin-1"))
                name = opcode.name if opcode else f"byte {code[0]}"
                raise self._error(f"{name} is no operation of torch.save")
            operation(self)
        raise self._error(f"more than {_MOST_STEPS} operations: this is no model")

    def _error(self, what: str) -> PickleError:
        return PickleError(f"damaged or hostile pickle, byte {self.at}: {what}")

    # Bytes.

    def _take(self, count: int) -> bytes:
        part = self._data[self.at : self.at + count]
        if len(part) < count:
            raise self._error("the file ends in the middle")
        self.at += count
        return part

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _line(self) -> str:
        end = self._data.find(b"\n", self.at, self.at + 300)
        if end < 0:
            raise self._error("a name without an end")
        line = self._take(end - self.at)
        self.at += 1
        return self._decode(line)

    def _decode(self, text: bytes) -> str:
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._error("a text that is not UTF-8") from error

    # The stack.

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise self._error("a value is missing")
        return self._stack.pop()

    def _top(self, kind: type, what: str) -> Any:
        value = self._pop()
        self._push(value)
        if type(value) is not kind:
            raise self._error(f"{what} into what is no {kind.__name__}")
        return value

    def _pop_to_mark(self) -> list[Any]:
        for k in range(len(self._stack) - 1, -1, -1):
            if self._stack[k] is _MARK:
                values = self._stack[k + 1 :]
                del self._stack[k:]
                return values
        raise self._error("a mark is missing")

    # Plain values.

    def _text(self, form: str) -> None:
        self._push(self._decode(self._take(self._number(form))))

    def _bytes(self, form: str) -> None:
        self._push(self._take(self._number(form)))

    def _long(self, form: str) -> None:
        count = self._number(form)
        if not 0 <= count <= _MOST_LONG_BYTES:
            raise self._error(f"an integer of {count} bytes")
        self._push(int.from_bytes(self._take(count), "little", signed=True))

    def _tuple(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(values)))

    def _append(self, values: list[Any]) -> None:
        self._top(list, "an item").extend(values)

    def _add(self, values: list[Any]) -> None:
        if not all(type(value) is str for value in values):
            raise self._error("a set of other things than texts")
        self._top(set, "an item").update(values)

    def _set_items(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise self._error("a key without a value")
        target = self._top(dict, "an item")
        for key, value in zip(values[::2], values[1::2]):
            if type(key) not in (str, int):
                raise self._error(f"a key that is a {type(key).__name__}, not a text")
            target[key] = value

    # The memo.

    def _remember(self, place: int) -> None:
        value = self._pop()
        self._push(value)
        self._memo[place] = value

    def _recall(self, place: int) -> None:
        if place not in self._memo:
            raise self._error(f"memo {place} was never set")
        self._push(self._memo[place])

    # Names and objects.

    def _name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise self._error("a name that is not made of two texts")
        full = f"{module}.{name}"
        if not (_NAME.fullmatch(module) and _NAME.fullmatch(name)):
            raise self._error(f"the name {quote(full)}")
        known = self._vocabulary
        if full not in known.records and full not in known.values and full not in known.calls:
            raise PickleError(known.explain(full))
        self._push(Name(full))

    def _new_object(self, keywords: Any) -> None:
        arguments, kind = self._pop(), self._pop()
        if type(kind) is not Name or kind.full not in self._vocabulary.records:
            raise self._error(f"an object of {_describe(kind)}, which is no class of a module")
        if arguments != () or keywords != {}:
            raise self._error(f"an object of {kind.full} made with arguments")
        self._push(Record(kind.full))

    def _call(self) -> None:
        arguments, function = self._pop(), self._pop()
        if type(function) is not Name or function.full not in self._vocabulary.calls:
            raise self._error(f"a call of {_describe(function)}, which nothing may call")
        if type(arguments) is not tuple:
            raise self._error(f"a call of {function.full} without arguments")
        self._push(self._vocabulary.calls[function.full](arguments))

    def _build(self) -> None:
        state = self._pop()
        target = self._pop()
        self._push(target)
        if type(state) is not dict or not all(type(key) is str for key in state):
            raise self._error(f"a state of {_describe(target)} that is no table of names")
        if type(target) is dict and list(state) == ["_metadata"]:
            return  # what state_dict() hangs on the weights: versions of modules
        if type(target) is not Record:
            raise self._error(f"a state given to {_describe(target)}")
        if target.state is not None:
            raise self._error(f"a second state given to an object of {target.kind}")
        target.state = state

    def _persistent(self) -> None:
        self._push(self._vocabulary.persistent(self._pop()))

    def _frame(self) -> None:
        self._take(8)  # a length, for reading ahead

    def _protocol(self) -> None:
        protocol = self._number("<B")
        if not 2 <= protocol <= 5:
            raise self._error(f"protocol {protocol}; torch.save writes 2 to 5")


def _describe(value: Any) -> str:
    """A value in a message: the name of what is called or made, or its sort."""
    if type(value) is Name:
        return value.full
    return f"an object of {value.kind}" if type(value) is Record else f"a {type(value).__name__}"


_OPERATIONS: dict[bytes, Callable[[_Reader], None]] = {
    b"\x80": _Reader._protocol,
    b"\x95": _Reader._frame,
    b"N": lambda r: r._push(None),
    b"\x88": lambda r: r._push(True),
    b"\x89": lambda r: r._push(False),
    b"J": lambda r: r._push(r._number("<i")),
    b"K": lambda r: r._push(r._number("<B")),
    b"M": lambda r: r._push(r._number("<H")),
    b"\x8a": lambda r: r._long("<B"),
    b"\x8b": lambda r: r._long("<i"),
    b"G": lambda r: r._push(struct.unpack(">d", r._take(8))[0]),
    b"X": lambda r: r._text("<I"),
    b"\x8c": lambda r: r._text("<B"),
    b"\x8d": lambda r: r._text("<Q"),
    b"B": lambda r: r._bytes("<I"),
    b"C": lambda r: r._bytes("<B"),
    b"(": lambda r: r._push(_MARK),
    b")": lambda r: r._push(()),
    b"t": lambda r: r._push(tuple(r._pop_to_mark())),
    b"\x85": lambda r: r._tuple(1),
    b"\x86": lambda r: r._tuple(2),
    b"\x87": lambda r: r._tuple(3),
    b"]": lambda r: r._push([]),
    b"a": lambda r: r._append([r._pop()]),
    b"e": lambda r: r._append(r._pop_to_mark()),
    b"\x8f": lambda r: r._push(set()),
    b"\x90": lambda r: r._add(r._pop_to_mark()),
    b"}": lambda r: r._push({}),
    b"s": lambda r: r._set_items([r._pop(), r._pop()][::-1]),
    b"u": lambda r: r._set_items(r._pop_to_mark()),
    b"q": lambda r: r._remember(r._number("<B")),
    b"r": lambda r: r._remember(r._number("<I")),
    b"\x94": lambda r: r._remember(len(r._memo)),
    b"h": lambda r: r._recall(r._number("<B")),
    b"j": lambda r: r._recall(r._number("<I")),
    b"c": lambda r: r._name(r._line(), r._line()),
    b"\x93": lambda r: r._name(*[r._pop(), r._pop()][::-1]),
    b"\x81": lambda r: r._new_object({}),
    b"\x92": lambda r: r._new_object(r._pop()),
    b"R": _Reader._call,
    b"b": _Reader._build,
    b"Q": _Reader._persistent,
}
