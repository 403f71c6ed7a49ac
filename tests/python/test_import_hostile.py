"""Hostile and damaged files: nothing of them runs, nothing is left, and each ends in one error."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from import_case import ELEMENTS, ImportCase, main, skip_without

skip_without("numpy", "torch")

import fake_schnetpack as spk  # noqa: E402
import torch  # noqa: E402

from mlffgen.importers.errors import ImportRefused  # noqa: E402
from mlffgen.importers.pickle_reader import read_pickle  # noqa: E402
from mlffgen.importers.schnetpack import import_schnetpack  # noqa: E402
from mlffgen.importers.torch_names import VOCABULARY  # noqa: E402

START = b"\x80\x02"
IDENTITY = b"ctorch.nn.modules.linear\nIdentity\n"


def model() -> torch.nn.Module:
    network = spk.PaiNN(4, 1, spk.GaussianRBF(3, 4.0), spk.CosineCutoff(4.0))
    return spk.NeuralNetworkPotential(network, [spk.Atomwise(4), spk.Forces()])


def saved(thing: Any, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(thing, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def in_zip(pickled: bytes, **members: bytes) -> bytes:
    """An archive as torch.save writes it around a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", pickled)
        for name, content in members.items():
            archive.writestr(f"model/data/{name}", content)
    return buffer.getvalue()


class Reduced:
    """Pickled as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


class Hostile(ImportCase):
    def refuse_bytes(self, fragment: str, data: bytes) -> None:
        with self.assertRaises(ImportRefused) as caught:
            import_schnetpack(data)
        self.assertIn(fragment, str(caught.exception))
        self.assertTrue(str(caught.exception).isprintable())

    def refuse_pickle(self, fragment: str, pickled: bytes) -> None:
        with self.assertRaises(ImportRefused) as caught:
            read_pickle(pickled, VOCABULARY)
        self.assertIn(fragment, str(caught.exception))

    def test_calls_are_refused_by_name_and_nothing_runs(self) -> None:
        marker = self.folder / "marker"
        command = f"open({str(marker)!r}, 'w')"
        hostile = {
            "posix.system": Reduced(os.system, f"touch {marker}"),
            # Protocol 2 has the names of Python 2.
            "__builtin__.eval": Reduced(eval, command),
            "__builtin__.getattr": Reduced(getattr, Reduced(__import__, "os"), "system"),
            "__builtin__.__import__": Reduced(__import__, "os"),
            "itertools.imap": Reduced(map, os.system, [f"touch {marker}"]),
            "io.open": Reduced(open, str(marker), "w"),
            "pickle.loads": Reduced(pickle.loads, pickle.dumps(Reduced(os.system, f"touch {marker}"))),
            "torch.hub.load": Reduced(torch.hub.load, "x", "y"),
            "torch.serialization.load": Reduced(torch.load, str(marker)),
        }
        for name, value in hostile.items():
            for place in ("attribute", "module", "root"):
                for legacy in (False, True):
                    with self.subTest(name, place=place, legacy=legacy):
                        made: Any = model()
                        if place == "attribute":
                            made.representation.radial_basis.extra = value
                        elif place == "module":
                            made._modules["extra"] = value
                        else:
                            made = value
                        self.refuse_bytes(f"asks for {name!r}", saved(made, legacy))
        self.assertFalse(marker.exists())

    def test_the_program_refuses_and_leaves_nothing(self) -> None:
        marker = self.folder / "marker"
        made = model()
        made.extra = Reduced(os.system, f"touch {marker}")
        for legacy in (False, True):
            (self.folder / "evil").write_bytes(saved(made, legacy))
            error = self.refuse_model("'posix.system'", self.folder / "evil")
            self.assertIn("nothing of the file was run", error)
            self.assertFalse(marker.exists())

    def test_what_lies_beside_the_model_is_not_imported(self) -> None:
        (self.folder / "best_model").write_bytes(saved(model()))
        for name in ("numpy", "argparse", "json", "mlffgen"):
            (self.folder / f"{name}.py").write_text("open('marker', 'w')\n")
        self.import_model(self.folder / "best_model", *ELEMENTS)
        self.assertFalse((self.folder / "marker").exists())

    def test_classes_of_the_list_are_records_and_nothing_else(self) -> None:
        for fragment, body in {
            "which nothing may call": IDENTITY + b")R.",
            "made with arguments": IDENTITY + b"K\x01\x85\x81.",
            "no class of a module": b"ctorch.nn.functional\nsilu\n)\x81.",
            "a state given to torch.nn.modules.linear.Identity": IDENTITY + b"}b.",
            "a second state": IDENTITY + b")\x81}b}b.",
            "no table of names": IDENTITY + b")\x81]b.",
            "a call of an object of torch.nn.modules.linear.Identity": IDENTITY + b")\x81)R.",
            "a call of a int": b"K\x01)R.",
            "an OrderedDict made with": b"ccollections\nOrderedDict\nK\x01\x85R.",
            "a set of other things": b"c__builtin__\nset\n](K\x01e\x85R.",
            "a tensor without a storage": b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "no plain tensor": b"ctorch._utils\n_rebuild_parameter\n)R.",
            "no storage": b"X\x02\x00\x00\x00hiQ.",
        }.items():
            with self.subTest(fragment):
                self.refuse_pickle(fragment, START + body)

    def test_names_are_two_texts_of_letters(self) -> None:
        for body in (b"K\x01K\x02\x93.", b"]]\x93.", IDENTITY + b"X\x02\x00\x00\x00os\x93.", b"NN\x93."):
            self.refuse_pickle("not made of two texts", b"\x80\x04" + body)
        for module, name in (("os/../x", "y"), ("", ""), ("torch nn", "Linear"), ("torch", "é"), ("a" * 300, "b")):
            body = b"".join(struct.pack("<cI", b"X", len(t.encode())) + t.encode() for t in (module, name)) + b"\x93."
            self.refuse_pickle("the name '", b"\x80\x04" + body)
        self.refuse_pickle("a name without an end", START + b"c" + b"a" * 1000)

    def test_operations_that_torch_save_does_not_write(self) -> None:
        for name, body in {
            "INST": b"(ios\nsystem\n.",
            "OBJ": b"(" + IDENTITY + b"o.",
            "EXT1": b"\x82\x01.",
            "EXT4": b"\x84\x01\x00\x00\x00.",
            "PERSID": b"Pkey\n.",
            "LONG": b"L" + b"9" * 100_000 + b"\n.",
            "NEXT_BUFFER": b"\x97.",
            "DUP": b"K\x012.",
            "POP": b"K\x010.",
            "byte 255": b"\xff",
        }.items():
            self.refuse_pickle(f"{name} is no operation of torch.save", START + body)
        self.refuse_pickle("protocol 0", b"\x80\x00.")
        self.refuse_pickle("protocol 9", b"\x80\x09.")

    def test_sizes_and_the_memo_are_bounded(self) -> None:
        for fragment, body in {
            "the file ends in the middle": b"\x8d" + struct.pack("<Q", 2**60) + b"x.",
            "an integer of 2147483647 bytes": b"\x8b\xff\xff\xff\x7f.",
            "an integer of -1 bytes": b"\x8b\xff\xff\xff\xff.",
            "memo 7 was never set": b"h\x07.",
            "memo 4294967295": b"j\xff\xff\xff\xff.",
            "a value is missing": b"(q\x00.",
            "a mark is missing": b"K\x01e.",
            "left over": b"K\x01K\x02.",
            "into what is no list": b"}K\x01a.",
            "into what is no dict": b"]K\x01K\x02s.",
            "a key without a value": b"}(K\x01u.",
            "a key that is a list": b"}]K\x01s.",
            "not UTF-8": b"X\x01\x00\x00\x00\xff.",
            "more than 1000000 operations": b"N" * 1_100_000,
        }.items():
            with self.subTest(fragment):
                self.refuse_pickle(fragment, START + body)

    def test_trees_without_an_end(self) -> None:
        sequential = b"ctorch.nn.modules.container\nSequential\n)\x81"
        tables = b"X\x0b\x00\x00\x00_parameters}X\x08\x00\x00\x00_buffers}X\x08\x00\x00\x00_modules}"
        own = sequential + b"q\x00}(" + tables + b"X\x01\x00\x00\x000h\x00subh\x00"
        kind = b"cschnetpack.model.base\nNeuralNetworkPotential\n)\x81}(" + tables + b"X\x0e\x00\x00\x00representation"
        self.refuse_bytes("more than 20000 modules", in_zip(START + kind + own[:-2] + b"sub."))
        level = sequential + b"}(" + tables + b"ubq\x00"
        for k in range(1, 40):  # each holds the one before it twice
            first, second = b"X\x01\x00\x00\x000" + level, b"X\x01\x00\x00\x001h" + bytes([k - 1])
            level = sequential + b"}(" + tables + b"(" + first + second + b"uubq" + bytes([k])
        self.refuse_bytes("more than 20000 modules", in_zip(START + kind + level + b"sub."))

    def test_what_shadows_a_method_or_hooks_into_one(self) -> None:
        for name in ("forward", "_call_impl", "_forward_hooks", "_forward_pre_hooks"):
            made = model()
            made.representation.cutoff_fn.__dict__[name] = {"1": "x"}
            self.refuse_bytes(f"representation.cutoff_fn: it carries {name}", saved(made))
        made = model()
        made.representation.__dict__["__setstate__"] = "os.system"
        made.representation.__dict__["__class__x"] = "y"
        import_schnetpack(saved(made))  # words that nothing acts upon

    def test_tensors_stay_within_their_numbers(self) -> None:
        def tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...], count: int = 4) -> bytes:
            first = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
            storage = first + pickle.dumps(count, protocol=2)[2:-1] + b"tQ"
            numbers = b"".join(pickle.dumps(part, protocol=2)[2:-1] for part in (offset, shape, strides))
            return START + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + numbers + b"\x89}tR."

        read_pickle(tensor(0, (2, 2), (2, 1)), VOCABULARY)
        for offset, shape, strides in (
            (0, (5,), (1,)),
            (1, (4,), (1,)),
            (0, (2, 2), (4, 1)),
            (0, (2**40,), (0,)),
            (0, (2**30, 2**30), (0, 0)),
            (0, (2,), (1, 1)),
        ):
            self.refuse_pickle("does not fit into 4 numbers", tensor(offset, shape, strides))
        self.refuse_pickle("no list of whole numbers", tensor(-1, (2,), (1,)))
        self.refuse_pickle("no list of whole numbers", tensor(0, (2,), (-1,)))
        self.refuse_pickle("no list of whole numbers", tensor(0, (1,) * 9, (1,) * 9))
        self.refuse_pickle("counted", tensor(0, (1,), (1,), -5))

    def test_zip_archives(self) -> None:
        good = saved(model())
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}

        def rewritten(change: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED) -> bytes:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", compression) as out:
                for name, content in {**members, **change}.items():
                    if content is not None:
                        out.writestr(name, content)
            return buffer.getvalue()

        (pickled,) = [name for name in members if name.endswith("/data.pkl")]
        folder = pickled.removesuffix("/data.pkl")
        import_schnetpack(rewritten({}))
        bomb = {f"{folder}/data/0": b"\0" * 50_000_000}
        self.refuse_bytes("is compressed or encrypted", rewritten(bomb, zipfile.ZIP_DEFLATED))
        self.refuse_bytes("the numbers '0' are missing", rewritten({f"{folder}/data/0": None}))
        self.refuse_bytes("numbers '0' have 1 bytes", rewritten({f"{folder}/data/0": b"x"}))
        self.refuse_bytes("no NAME/data.pkl", rewritten({pickled: None}))
        self.refuse_bytes("no NAME/data.pkl", rewritten({"other/data.pkl": b"x"}))
        self.refuse_bytes("no NAME/data.pkl", rewritten({pickled: None, "a/../../data.pkl": members[pickled]}))
        self.refuse_bytes("TorchScript", rewritten({f"{folder}/constants.pkl": b"x"}))
        self.refuse_bytes("the byte order 'middle'", rewritten({f"{folder}/byteorder": b"middle"}))
        self.refuse_bytes("a pickle of more than", rewritten({pickled: b"N" * (2**24 + 1)}))
        twice = io.BytesIO()
        with zipfile.ZipFile(twice, "w") as out:
            out.writestr("m/data.pkl", b"N.")
            out.filelist.append(out.filelist[0])
        self.refuse_bytes("two members of one name", twice.getvalue() + b" " * 100)
        damaged = bytearray(good)
        at = good.index(zlib.crc32(members[pickled]).to_bytes(4, "little"))
        damaged[at] ^= 1
        damaged[good.rindex(zlib.crc32(members[pickled]).to_bytes(4, "little"))] ^= 1
        self.refuse_bytes("a damaged zip archive", bytes(damaged))

    def test_damage_anywhere_is_an_error_and_no_crash(self) -> None:
        numbers = random.Random(1)
        for legacy in (False, True):
            good = saved(model(), legacy)
            import_schnetpack(good)
            for length in sorted({0, 1, 2, 3, *numbers.sample(range(len(good)), 150)}):
                self.assertRaises(ImportRefused, import_schnetpack, good[:length])
            # The middle of the file is numbers, so most changes are made where the pickle is.
            at = good.index(b"cschnetpack")
            for _ in range(1500):
                changed = bytearray(good)
                for _ in range(numbers.randint(1, 4)):
                    changed[
                        at + numbers.randrange(6000) if numbers.random() < 0.9 else numbers.randrange(len(good))
                    ] = numbers.randrange(256)
                try:
                    import_schnetpack(bytes(changed))
                except ImportRefused:
                    pass

    def test_files_that_are_none(self) -> None:
        (self.folder / "text").write_text("hello")
        (self.folder / "empty").write_bytes(b"")
        os.mkfifo(self.folder / "pipe")
        self.refuse_model("cannot read", self.folder / "missing")
        self.refuse_model("neither a zip archive nor a pickle", self.folder / "text")
        self.refuse_model("neither a zip archive nor a pickle", self.folder / "empty")
        self.refuse_model("no regular file", self.folder / "pipe")
        self.refuse_model("a folder, not a file", self.folder)
        self.refuse_model("no regular file", Path("/dev/zero"))
        (self.folder / "plain").write_bytes(pickle.dumps({"a": 1}, protocol=2))
        self.refuse_model("its magic number is missing", self.folder / "plain")


if __name__ == "__main__":
    main()
