"""Which PyTorch network a weight file is for."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import torch

from pytorch_bessel import BesselPaiNN
from pytorch_painn import Network, PaiNN, read_safetensors
from pytorch_student import StudentPaiNN

# A weight that only the dialect has.
_MARKS = {
    "representation.filter_net.weight": PaiNN,
    "interactions.0.message.rbf_to_scalar.0.weight": StudentPaiNN,
    "message.0.filter.weight": BesselPaiNN,
}


def load_network(
    weights: Path, dtype: torch.dtype, device: str = "cpu", cutoff: Optional[float] = None
) -> Network:
    """The network of a weight file, told by its names; the cutoff (angstrom) is the file's own unless it has none.

    Raises ValueError for names of no known dialect, and for a cutoff that is missing or another one.
    """
    arrays, metadata = read_safetensors(weights)
    network = next((network for mark, network in _MARKS.items() if mark in arrays), None)
    if network is None:
        known = ", ".join(kind.dialect for kind in _MARKS.values())
        raise ValueError(f"{weights}: the names of the weights are none of the dialects that are known here, {known}")
    own = float(metadata["cutoff"]) if "cutoff" in metadata else cutoff
    if own is None:
        raise ValueError(f"{weights}: the metadata have no cutoff")
    if cutoff is not None and abs(own - cutoff) > 1e-9:
        raise ValueError(f"{weights}: the cutoff is {own}, that of the model {cutoff}: they are not the same model")
    try:
        return network(arrays, own, dtype, device)
    except KeyError as error:
        raise ValueError(f"{weights}: no weight {error}") from error
