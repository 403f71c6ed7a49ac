"""What an import finds: a model as mlffgen will be told about it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Imported:
    """A model, its specification's parts, and what a report says of it.

    source        what wrote the file, such as "SchNetPack 2.1.1"
    network       "PaiNN", "SchNet" or "student PaiNN"
    cutoff        length unit of the model
    architecture  the name of a built-in architecture, or "" where `program` is the model's own
    parameters    of the built-in architecture
    program       lines of the model's own program
    rows          atomic numbers below this have an embedding
    elements      atomic numbers of the elements that the file itself names; empty where it does not say
    weights       by the names in the file; numbers as they are stored
    facts         for the report: layers, features, basis, ... in words and numbers
    left_out      weights that the model does not need, with the reason for all of them in the report
    notes         what a user should know
    """

    source: str
    network: str
    cutoff: float
    rows: int
    architecture: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    program: list[str] = field(default_factory=list)
    elements: list[int] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
