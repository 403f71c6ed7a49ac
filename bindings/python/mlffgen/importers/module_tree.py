"""A saved tree of PyTorch modules, seen as names, attributes and tensors."""

from __future__ import annotations

from typing import Any, TypeVar

from .errors import ImportRefused, quote
from .pickle_reader import Record
from .tensors import Tensor

_T = TypeVar("_T")
_MOST_MODULES = 20_000  # as many as a model of 1,000 layers has
_TABLES = ("_parameters", "_buffers", "_modules")
# What a module does besides forward(); an attribute of that name would be called in its place.
_SHADOWS = {"forward", "_call_impl", "_slow_forward", "_forward_pre_hooks", "_forward_hooks"}


class Module:
    """A module of the tree: `path` is its name in the weights' names ("" for the model), `kind` that of its class.

    Raises ImportRefused for a record that is no module, and for one whose evaluation something else than its class
    decides: hooks, attributes in place of methods.
    """

    def __init__(self, record: Any, path: str = "") -> None:
        self.path = path
        if type(record) is not Record or record.state is None:
            raise self.refusal("no module of PyTorch")
        self.record, self.kind, self._state = record, record.kind, record.state
        for table in _TABLES:
            entries = self._state.get(table, {})
            if type(entries) is not dict or not all(type(key) is str for key in entries):
                raise self.refusal(f"{table} is no table of names: the file is damaged")
        for name in sorted(_SHADOWS & set(self._state)):
            if self._state[name] != {}:
                raise self.refusal(
                    f"it carries {name} of its own, which a saved model cannot show; remove it before saving"
                )

    @property
    def short_kind(self) -> str:
        """The class without its folder: "PaiNN"."""
        return self.kind.rsplit(".", 1)[-1]

    def refusal(self, what: str) -> ImportRefused:
        """An error about this module."""
        return ImportRefused(f"{self.path or 'the model'}: {what}")

    def join(self, name: str) -> str:
        """The path of something below."""
        return f"{self.path}.{name}" if self.path else name

    def children(self) -> dict[str, Module]:
        """The modules below, by name and in their order; what is None in the file is left out."""
        modules = self._state.get("_modules", {})
        return {name: Module(record, self.join(name)) for name, record in modules.items() if record is not None}

    def child(self, name: str) -> Module:
        """Raises ImportRefused if there is none."""
        found = self.children().get(name)
        if found is None:
            raise self.refusal(f"no module {quote(name)} in a {self.short_kind}")
        return found

    def child_list(self, name: str) -> list[Module]:
        """The modules of a ModuleList or Sequential, whose names must count from 0."""
        holder = self.child(name)
        holder.expect("torch.nn.modules.container.ModuleList", "torch.nn.modules.container.Sequential")
        children = holder.children()
        if list(children) != [str(k) for k in range(len(children))]:
            raise holder.refusal("a list of modules whose names do not count from 0")
        return list(children.values())

    def expect(self, *kinds: str) -> None:
        """Raises ImportRefused for a module of another class."""
        if self.kind not in kinds:
            known = " or ".join(kinds)
            raise self.refusal(f"a {self.kind} cannot be imported here, only {known}")

    def expect_children(self, *names: str) -> None:
        """Raises ImportRefused for a module below that is not one of these: it would be left out."""
        for name, module in self.children().items():
            if name not in names:
                raise self.refusal(f"the module {quote(name)} (a {module.kind}) is not known in a {self.short_kind}")

    def attribute(self, name: str, kind: type[_T]) -> _T:
        """A plain attribute of that type (an int counts as a float). Raises ImportRefused without one."""
        value = self._state.get(name)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.refusal(f"its {name} is {quote(value)}, not a {kind.__name__}")
        return value

    def optional(self, name: str) -> Any:
        """An attribute of any sort, or None."""
        return self._state.get(name)

    def tensor(self, name: str) -> Tensor | None:
        """A parameter or a buffer."""
        return {**self._state.get("_buffers", {}), **self._state.get("_parameters", {})}.get(name)

    def own_tensors(self) -> dict[str, Tensor]:
        """What state_dict() gives of this module alone, by full name."""
        transient = self._state.get("_non_persistent_buffers_set", set())
        found: dict[str, Tensor] = {}
        for table in ("_parameters", "_buffers"):
            for name, value in self._state.get(table, {}).items():
                if value is None or (table == "_buffers" and type(transient) is set and name in transient):
                    continue
                if type(value) is not Tensor:
                    raise self.refusal(f"its {quote(name)} is no tensor")
                found[self.join(name)] = value
        return found


def all_tensors(model: Module) -> dict[str, Tensor]:
    """The state of a model by full name. Raises ImportRefused for a tree that has no end or two tensors of one name."""
    found: dict[str, Tensor] = {}
    waiting = [model]
    for _ in range(_MOST_MODULES):
        if not waiting:
            return found
        module = waiting.pop()
        own = module.own_tensors()
        if own.keys() & found.keys():
            raise module.refusal("two tensors of one name")
        found |= own
        waiting.extend(reversed(module.children().values()))
    raise ImportRefused(f"more than {_MOST_MODULES} modules: this is no model")
