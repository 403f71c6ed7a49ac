"""Elements, units and the text of a specification (docs/language.md)."""

from __future__ import annotations

import difflib
import re

from .errors import ImportRefused, UsageError, quote
from .model import Imported

LENGTH_UNITS = ("angstrom", "bohr", "nm")
ENERGY_UNITS = ("eV", "meV", "kcal/mol", "kJ/mol", "hartree")

SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo"
    " Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg"
    " Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
).split()


def _nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    found = difflib.get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {quote(found[0])}?" if found else ""


def check_unit(option: str, unit: str, known: tuple[str, ...]) -> None:
    """Raises UsageError for a unit that specifications do not know."""
    if unit not in known:
        raise UsageError(f"{option}: no unit {quote(unit)}{_nearest(unit, known)}; units: {', '.join(known)}")


def parse_elements(text: str) -> list[int]:
    """Atomic numbers of "H,C,O", in their order. Raises UsageError for a wrong symbol and for one that comes twice."""
    numbers: list[int] = []
    for symbol in text.split(","):
        symbol = symbol.strip()
        if symbol not in SYMBOLS:
            raise UsageError(
                f"--elements: no element {quote(symbol)}; write symbols with commas between, such as H,C,O"
            )
        number = SYMBOLS.index(symbol) + 1
        if number in numbers:
            raise UsageError(f"--elements: {symbol} comes twice")
        numbers.append(number)
    return numbers


def choose_elements(asked: list[int] | None, model: Imported) -> list[int]:
    """The model's elements: those asked for, or those that the file names. Raises ImportRefused."""
    elements = asked if asked is not None else model.elements
    if not elements:
        raise ImportRefused(
            "the file does not say which elements the model was trained for: name them, such as --elements H,C,O"
        )
    missing = [number for number in elements if number >= model.rows]
    if missing:
        names = ", ".join(SYMBOLS[number - 1] for number in missing)
        raise ImportRefused(
            f"the model has no embedding or reference energy of {names}: it reaches to element {model.rows - 1}"
        )
    without = [number for number in elements if model.elements and number not in model.elements]
    if without:
        names = ", ".join(SYMBOLS[number - 1] for number in without)
        model.notes.append(f"the atom references have zero for {names}: was the model trained for it?")
    return elements


def model_name(folder_name: str) -> str:
    """A name for a specification, made of a folder's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder_name).strip("-.")[:64] or "model"


def specification_text(
    model: Imported, name: str, elements: list[int], length_unit: str, energy_unit: str, weights: str
) -> str:
    """The YAML file of an imported model."""
    symbols = ", ".join(SYMBOLS[number - 1] for number in elements)
    lines = [
        f"# {model.network} of {model.source}, written by mlffgen import.",
        "mlffgen: 1",
        f"name: {name}",
        f"units: {{length: {length_unit}, energy: {energy_unit}}}",
        f"elements: [{symbols}]",
        f"cutoff: {model.cutoff!r}",
        f"weights: {weights}",
    ]
    if model.architecture:
        values = ", ".join(f"{key}: {value}" for key, value in model.parameters.items())
        lines += [f"architecture: {model.architecture}", f"parameters: {{{values}}}"]
    else:
        program = "\n".join(model.program).split("\n")
        lines += ["architecture:", "  program: |", *(f"    {line}".rstrip() for line in program)]
    return "\n".join(lines) + "\n"
