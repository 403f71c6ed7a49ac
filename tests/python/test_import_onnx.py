"""Student models from ONNX files, which the tests write themselves."""

from __future__ import annotations

import struct
import sys
import unittest
from pathlib import Path
from typing import Any

from import_case import REFERENCE, TOP, UNITS, ImportCase, main, read_safetensors, skip_without

skip_without("numpy", "google.protobuf")

import numpy as np  # noqa: E402

sys.path.insert(0, str(TOP / "tests" / "cli"))

from random_weights import student_shapes, write_weights  # noqa: E402

ASKED = ["--elements", "H,C,N,O", "--cutoff", "5"]


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in protobuf's wire format."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def tensor(name: str, array: np.ndarray, raw: bool = True, location: int = 0) -> bytes:
    """A TensorProto: dims 1, data_type 2, float_data 4, name 8, raw_data 9, double_data 10, data_location 14."""
    kind = {"float32": 1, "int64": 7, "float64": 11}[array.dtype.name]
    out = b"".join(_varint(1 << 3) + _varint(extent) for extent in array.shape) + _varint(2 << 3) + _varint(kind)
    out += _field(8, name.encode())
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    out += _field(9 if raw else {1: 4, 11: 10}[kind], data)
    return out + (_varint(14 << 3) + _varint(location) if location else b"")


def onnx_file(tensors: list[bytes]) -> bytes:
    """A ModelProto with an ir_version, a producer and a graph of nothing but a name, a node and initialisers."""
    node = _field(1, _field(1, b"x") + _field(4, b"Identity"))
    graph = node + _field(2, b"graph") + b"".join(_field(5, one) for one in tensors)
    return _varint(1 << 3) + _varint(8) + _field(2, b"pytorch") + _field(7, graph)


class Onnx(ImportCase):
    def setUp(self) -> None:
        super().setUp()
        write_weights(self.folder / "weights.safetensors", student_shapes(), "rbf")
        self.arrays, _ = read_safetensors(self.folder / "weights.safetensors")

    def write(self, arrays: dict[str, np.ndarray], more: tuple[bytes, ...] = (), **options: Any) -> Path:
        path = self.folder / "student.onnx"
        path.write_bytes(onnx_file([tensor(name, array, **options) for name, array in arrays.items()] + list(more)))
        return path

    def refuse_file(self, fragment: str, path: Path) -> None:
        self.refuse(fragment, "onnx", path, "-o", "out", *UNITS, *ASKED)

    def test_a_student_imports_with_its_weights_as_they_are(self) -> None:
        constants = (tensor("onnx::Split_7", np.array([1, 2])), tensor("/Constant", np.array(1e-8, dtype="f4")))
        report = self.import_model(self.write(self.arrays, constants), *ASKED, format="onnx")
        self.assertEqual(report["architecture"], "painn-student")
        self.assertEqual((report["layers"], report["features"], report["cutoff"]), (2, 8, 5.0))
        self.assertEqual(report["left_out"], ["/Constant", "onnx::Split_7"])
        self.assertIn("[breaks-rotation]", " ".join(report["warnings"]))
        self.assertEqual(
            report["check"]["broken_by_design"], [f"rotation of {x}" for x in ("energy", "forces", "virial")]
        )
        written, _ = read_safetensors(self.folder / "out" / "weights.safetensors")
        self.assertEqual(set(written), set(self.arrays))
        for name, array in self.arrays.items():
            self.assertEqual(written[name].tobytes(), array.tobytes())

    def test_numbers_as_fields_and_in_double(self) -> None:
        doubles = {name: array.astype("f8") for name, array in self.arrays.items()}
        for arrays, raw in ((self.arrays, False), (doubles, False), (doubles, True)):
            self.import_model(self.write(arrays, raw=raw), *ASKED, format="onnx", checked=False)
            written, _ = read_safetensors(self.folder / "out" / "weights.safetensors")
            for name, array in arrays.items():
                self.assertEqual((written[name].dtype, written[name].tobytes()), (array.dtype, array.tobytes()))

    @unittest.skipUnless((REFERENCE / "student_77k").is_dir(), "no reference models")
    def test_a_trained_student_reproduces_its_reference(self) -> None:
        arrays, _ = read_safetensors(REFERENCE / "student_77k" / "weights.safetensors")
        words = ["onnx", self.write(arrays), "-o", "out", "--energy-unit", "eV", "--length-unit", "angstrom", *ASKED]
        self.assertEqual(self.importer(*words).returncode, 0)
        self.assert_reproduces(REFERENCE / "student_77k" / "reference.extxyz")

    def test_what_is_no_student_is_refused(self) -> None:
        def without(name: str) -> dict[str, np.ndarray]:
            return {key: value for key, value in self.arrays.items() if key != name}

        head = "energy_head.4.bias"
        update = "interactions.0.update.update_mlp.2.weight"
        self.refuse_file(f"{head}: the weight is missing", self.write(without(head)))
        self.refuse_file("only the student models", self.write(without("embedding.weight")))
        self.refuse_file(f"{update}: the shape is [3, 8]", self.write({**self.arrays, update: np.zeros((3, 8), "f4")}))
        extra = {**self.arrays, "interactions.0.gate.weight": np.zeros(3, "f4")}
        self.refuse_file("'interactions.0.gate.weight'", self.write(extra))
        self.refuse_file("a weight is not finite", self.write({**self.arrays, head: np.array([np.nan], "f4")}))
        self.refuse_file("lies in another file", self.write(self.arrays, location=1))
        twice = (tensor(head, self.arrays[head]),)
        self.refuse_file(f"two initialisers of the name '{head}'", self.write(self.arrays, twice))
        self.refuse("--cutoff goes with onnx", "onnx", self.write(self.arrays), "-o", "out", *UNITS, status=2)
        self.refuse("--elements H,C,O", "onnx", self.write(self.arrays), "-o", "out", *UNITS, "--cutoff", "5")

    def test_damaged_files(self) -> None:
        good = self.write(self.arrays).read_bytes()
        for name, data in {
            "text": b"hello",
            "empty": b"",
            "cut": good[: len(good) // 2],
            "length": b"\x3a\xff\xff\xff\xff\x7f",
        }.items():
            (self.folder / name).write_bytes(data)
            self.refuse_file("not an ONNX file", self.folder / name)
        wrong = (
            _varint(1 << 3)
            + _varint(2**62)
            + _varint(2 << 3)
            + b"\x01"
            + _field(8, b"embedding.weight")
            + _field(9, b"abcd")
        )
        (self.folder / "wrong").write_bytes(onnx_file([wrong]))
        self.refuse_file("1 numbers for the shape", self.folder / "wrong")
        odd = _varint(2 << 3) + b"\x01" + _field(8, b"x") + _field(9, struct.pack("<fB", 1.0, 1))
        (self.folder / "odd").write_bytes(onnx_file([odd]))
        self.refuse_file("ends in the middle of a number", self.folder / "odd")


if __name__ == "__main__":
    main()
