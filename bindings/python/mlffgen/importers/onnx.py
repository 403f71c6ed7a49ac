"""Student models of the MLFF Distiller, from the initialisers of an ONNX file.

Only the weights are read, by their names; the graph is not. A file is taken for a student by the names and shapes of
its weights, which must all be there and fit together (models/architectures/painn-student.yaml). ONNX is a protobuf
message (onnx.proto of ONNX's documents, message ModelProto); the fields that are needed are declared here and read by
Google's protobuf package.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ImportRefused, quote
from .model import Imported

# Fields of ONNX's messages: number, name, type, and whether there may be many.
_FIELDS: dict[str, list[tuple[int, str, str, bool]]] = {
    "Tensor": [
        (1, "dims", "INT64", True),
        (2, "data_type", "INT32", False),
        (4, "float_data", "FLOAT", True),
        (8, "name", "STRING", False),
        (9, "raw_data", "BYTES", False),
        (10, "double_data", "DOUBLE", True),
        (14, "data_location", "INT32", False),
    ],
    "Graph": [(5, "initializer", "Tensor", True)],
    "Model": [(7, "graph", "Graph", False)],
}
_FLOAT, _DOUBLE = 1, 11  # TensorProto.DataType
_EXTERNAL = 1  # TensorProto.DataLocation
_PARTS = ("embedding.", "rbf.", "interactions.", "energy_head.")


def _model_message() -> type[Any]:
    """The class of ONNX's ModelProto, with the fields above; what else a file has is skipped."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as error:
        raise ImportRefused("ONNX files need the protobuf package: python3 -m pip install protobuf") from error
    file = descriptor_pb2.FileDescriptorProto(name="mlffgen_onnx.proto", package="mlffgen_onnx", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        for number, name, kind, many in fields:
            field = described.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if many else kinds.LABEL_OPTIONAL
            if kind in _FIELDS:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".mlffgen_onnx.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName("mlffgen_onnx.Model")
    if hasattr(message_factory, "GetMessageClass"):  # since protobuf 4.22
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def read_initialisers(data: bytes) -> tuple[dict[str, np.ndarray], list[str]]:
    """The initialisers of float32 and float64 by name, and the names of the others. Raises ImportRefused."""
    message = _model_message()()
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ImportRefused("not an ONNX file, or a damaged one") from error
    if not message.graph.initializer:
        raise ImportRefused("not an ONNX file, or one without weights")
    arrays: dict[str, np.ndarray] = {}
    others: list[str] = []
    for tensor in message.graph.initializer:
        if tensor.name in arrays:
            raise ImportRefused(f"two initialisers of the name {quote(tensor.name)}")
        if tensor.data_location == _EXTERNAL:
            raise ImportRefused(
                f"{quote(tensor.name)} lies in another file: save the model with its weights in it (onnx.save, "
                "save_as_external_data=False)"
            )
        if tensor.data_type in (_FLOAT, _DOUBLE):
            arrays[tensor.name] = _array(tensor)
        else:
            others.append(tensor.name)
    return arrays, others


def _array(tensor: Any) -> np.ndarray:
    kind = np.dtype("<f4" if tensor.data_type == _FLOAT else "<f8")
    values = tensor.float_data if tensor.data_type == _FLOAT else tensor.double_data
    flat = (
        np.array(values, dtype=kind)
        if len(values)
        else np.frombuffer(tensor.raw_data[: _whole(tensor, kind)], dtype=kind)
    )
    count = 1
    for extent in tensor.dims:
        count *= extent if extent >= 0 else -1
    if count != flat.size or any(extent < 0 for extent in tensor.dims):
        raise ImportRefused(f"{quote(tensor.name)} has {flat.size} numbers for the shape {list(tensor.dims)[:8]}")
    return flat.reshape(tuple(tensor.dims))


def _whole(tensor: Any, kind: np.dtype) -> int:
    if len(tensor.raw_data) % kind.itemsize:
        raise ImportRefused(f"{quote(tensor.name)} ends in the middle of a number")
    return len(tensor.raw_data)


def import_onnx(data: bytes, cutoff: float) -> Imported:
    """The student model in the bytes of an ONNX file; ONNX does not hold the cutoff. Raises ImportRefused."""
    arrays, others = read_initialisers(data)
    shapes, parameters = _student_shapes(arrays)
    for name, shape in shapes.items():
        if name not in arrays:
            raise ImportRefused(f"{name}: the weight is missing; the student models of the MLFF Distiller have it")
        if arrays[name].shape != shape:
            raise ImportRefused(f"{name}: the shape is {list(arrays[name].shape)}, not {list(shape)}")
        if not np.isfinite(arrays[name]).all():
            raise ImportRefused(f"{name}: a weight is not finite")
    # The energy does not see the vectors of the last layer.
    last = f"interactions.{parameters['layers'] - 1}.update.mixing_matrix"
    unknown = sorted(name for name in set(arrays) - set(shapes) - {last} if name.startswith(_PARTS))
    if unknown:
        raise ImportRefused(f"weights that a student model does not have: {', '.join(map(quote, unknown[:8]))}")
    out = Imported(
        "MLFF Distiller", "student PaiNN", cutoff, shapes["embedding.weight"][0], "painn-student", parameters
    )
    out.weights = {name: arrays[name] for name in shapes}
    out.left_out = sorted((set(arrays) | set(others)) - set(shapes))
    out.facts = {
        "layers": parameters["layers"],
        "features": parameters["features"],
        "basis": f"{parameters['gaussians']} Gaussians",
        "cutoff_function": "cosine",
    }
    out.notes.append(
        "the graph of an ONNX file is not read: the network is known by the names and shapes of its weights"
    )
    return out


def _student_shapes(arrays: dict[str, np.ndarray]) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Names and shapes of a student's weights, and the architecture's parameters."""

    def extent(name: str, axis: int, n_axes: int) -> int:
        if name not in arrays or arrays[name].ndim != n_axes:
            raise ImportRefused(
                f"no weight {quote(name)} with {n_axes} axes: of ONNX files, only the student models of the MLFF"
                " Distiller can be imported, with the names of their weights as PyTorch has them"
            )
        return int(arrays[name].shape[axis])

    rows, f = extent("embedding.weight", 0, 2), extent("embedding.weight", 1, 2)
    gaussians = extent("rbf.centers", 0, 1)
    readout, readout_last = extent("energy_head.0.weight", 0, 2), extent("energy_head.2.weight", 0, 2)
    numbers = {name.split(".")[1] for name in arrays if name.startswith("interactions.")}
    layers = len(numbers)
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.weight": (rows, f),
        "rbf.centers": (gaussians,),
        "rbf.widths": (gaussians,),
    }

    def dense(name: str, n_out: int, n_in: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (n_out, n_in), (n_out,)

    for k in range(layers):
        name = f"interactions.{k}"
        dense(f"{name}.message.rbf_to_scalar.0", f, gaussians)
        dense(f"{name}.message.rbf_to_scalar.2", 3 * f, f)
        dense(f"{name}.update.update_mlp.0", f, 2 * f)
        dense(f"{name}.update.update_mlp.2", 3 * f, f)
        if k < layers - 1:
            shapes[f"{name}.update.mixing_matrix"] = (3, 3)
    dense("energy_head.0", readout, f)
    dense("energy_head.2", readout_last, readout)
    dense("energy_head.4", 1, readout_last)
    parameters = {
        "features": f,
        "layers": layers,
        "gaussians": gaussians,
        "readout": readout,
        "readout_last": readout_last,
    }
    return shapes, parameters
