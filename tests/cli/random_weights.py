"""Small weight files with random numbers, in the names of the dialects that the PyTorch peer knows."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

FEATURES, LAYERS, GAUSSIANS, READOUT = 8, 2, 5, 4

SCHNETPACK_SPEC = f"""mlffgen: 1
name: small-schnetpack
units: {{length: angstrom, energy: eV}}
elements: [H, C, O]
cutoff: 5.0
architecture: painn-schnetpack
parameters: {{features: {FEATURES}, layers: {LAYERS}, gaussians: {GAUSSIANS}, readout: {READOUT}}}
"""
STUDENT_SPEC = SCHNETPACK_SPEC.replace("painn-schnetpack", "painn-student").replace(
    f"readout: {READOUT}", f"readout: {READOUT}, readout_last: 3"
).replace("small-schnetpack", "small-student")

BESSEL_SPEC = SCHNETPACK_SPEC.replace("painn-schnetpack", "painn-bessel").replace("gaussians", "bessels").replace(
    "small-schnetpack", "small-bessel"
)

Shapes = dict[str, tuple[int, ...]]


def _dense(shapes: Shapes, name: str, rows: int, columns: int) -> None:
    shapes[name + ".weight"] = (rows, columns)
    shapes[name + ".bias"] = (rows,)


def schnetpack_shapes() -> Shapes:
    f = FEATURES
    shapes: Shapes = {"representation.embedding.weight": (10, f), "postprocessors.1.mean": (1,)}
    _dense(shapes, "representation.filter_net", 3 * f * LAYERS, GAUSSIANS)
    for layer in range(LAYERS):
        context = f"representation.interactions.{layer}.interatomic_context_net"
        _dense(shapes, context + ".0", f, f)
        _dense(shapes, context + ".1", 3 * f, f)
        mixing = f"representation.mixing.{layer}"
        shapes[mixing + ".mu_channel_mix.weight"] = (2 * f, f)
        _dense(shapes, mixing + ".intraatomic_context_net.0", f, 2 * f)
        _dense(shapes, mixing + ".intraatomic_context_net.1", 3 * f, f)
    _dense(shapes, "output_modules.0.outnet.0", READOUT, f)
    _dense(shapes, "output_modules.0.outnet.1", 1, READOUT)
    return shapes


def student_shapes() -> Shapes:
    f = FEATURES
    shapes: Shapes = {"embedding.weight": (10, f)}
    for layer in range(LAYERS):
        name = f"interactions.{layer}"
        _dense(shapes, name + ".message.rbf_to_scalar.0", f, GAUSSIANS)
        _dense(shapes, name + ".message.rbf_to_scalar.2", 3 * f, f)
        _dense(shapes, name + ".update.update_mlp.0", f, 2 * f)
        _dense(shapes, name + ".update.update_mlp.2", 3 * f, f)
        if layer < LAYERS - 1:
            shapes[name + ".update.mixing_matrix"] = (3, 3)
    _dense(shapes, "energy_head.0", READOUT, f)
    _dense(shapes, "energy_head.2", 3, READOUT)
    _dense(shapes, "energy_head.4", 1, 3)
    return shapes


def bessel_shapes() -> Shapes:
    f = FEATURES
    shapes: Shapes = {"embedding.weight": (10, f), "element_energy": (10,)}
    for layer in range(LAYERS):
        _dense(shapes, f"message.{layer}.context.0", f, f)
        _dense(shapes, f"message.{layer}.context.1", 3 * f, f)
        _dense(shapes, f"message.{layer}.filter", 3 * f, GAUSSIANS)
        shapes[f"update.{layer}.mix.weight"] = (2 * f, f)
        _dense(shapes, f"update.{layer}.context.0", f, 2 * f)
        _dense(shapes, f"update.{layer}.context.1", 3 * f, f)
    _dense(shapes, "readout.0", READOUT, f)
    _dense(shapes, "readout.1", 1, READOUT)
    return shapes


# Of each dialect: its name, a specification, its weights, and what the names of the basis' weights begin with.
DIALECTS = (
    ("schnetpack", SCHNETPACK_SPEC, schnetpack_shapes(), "representation.radial_basis"),
    ("student", STUDENT_SPEC, student_shapes(), "rbf"),
    ("bessel", BESSEL_SPEC, bessel_shapes(), ""),
)


def write_weights(path: Path, shapes: Shapes, basis: str, seed: int = 1) -> None:
    """Random weights of the shapes; the basis' centres and widths, whose names begin with `basis`, are regular.

    An empty basis has no weights.
    """
    numbers = random.Random(seed)
    arrays: dict[str, tuple[tuple[int, ...], list[float]]] = {}
    for name, shape in shapes.items():
        count = 1
        for extent in shape:
            count *= extent
        scale = (1.0 / shape[-1]) ** 0.5
        arrays[name] = (shape, [numbers.gauss(0.0, scale) for _ in range(count)])
    if basis:
        spacing = 5.0 / (GAUSSIANS - 1)
        centres = "offsets" if basis.startswith("representation") else "centers"
        arrays[f"{basis}.{centres}"] = ((GAUSSIANS,), [k * spacing for k in range(GAUSSIANS)])
        arrays[f"{basis}.widths"] = ((GAUSSIANS,), [spacing] * GAUSSIANS)
    header: dict[str, object] = {"__metadata__": {"cutoff": "5.0"}}
    data = b""
    for name, (shape, values) in arrays.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
