"""mlffgen eval."""

import os
import signal
import subprocess
import time

from cli_case import FAST, MOLECULES, PROGRAM, SPEC, CliCase, main
from frames import read_frames

HARTREE = 27.211386245988  # eV
NANOMETRE = 10.0  # angstrom


class Evaluate(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *FAST)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    def test_results_come_in_order_with_their_units(self) -> None:
        report = self.succeed_json("eval", "model.mlff", MOLECULES, "-o", "out.extxyz")
        frames, inputs = read_frames(self.folder / "out.extxyz"), read_frames(MOLECULES)
        self.assertEqual([frame.info["name"] for frame in frames], [frame.info["name"] for frame in inputs])
        for frame, given, row in zip(frames, inputs, report["frames"]):
            self.assertEqual(frame.positions, given.positions)
            self.assertEqual(frame.symbols, given.symbols)
            self.assertAlmostEqual(float(frame.info["energy"]) / row["energy"], 1, delta=1e-15)
            self.assertEqual((frame.info["energy_unit"], frame.info["length_unit"]), ("eV", "angstrom"))
            self.assertEqual(len(frame.forces), row["n_atoms"])
        self.assertEqual(report["units"], {"energy": "eV", "length": "angstrom"})

    def test_stress_is_minus_virial_over_volume_for_crystals_only(self) -> None:
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "out.extxyz")
        frames = {frame.info["name"]: frame for frame in read_frames(self.folder / "out.extxyz")}
        self.assertNotIn("stress", frames["water"].info)
        self.assertNotIn("stress", frames["water-slab"].info)
        box = frames["water-box"]
        cell = box.numbers("Lattice")
        volume = cell[0] * cell[4] * cell[8]
        for stress, virial in zip(box.numbers("stress"), box.numbers("virial")):
            self.assertAlmostEqual(stress, -virial / volume, delta=1e-14)

    def test_batches_and_threads_change_no_bit(self) -> None:
        outputs = set()
        for number, words in enumerate((["--batch", 1], ["--batch", 3], ["--threads", 1], ["--threads", 3])):
            self.succeed("eval", "model.mlff", MOLECULES, "-o", f"{number}.extxyz", *words)
            outputs.add((self.folder / f"{number}.extxyz").read_bytes())
        self.assertEqual(len(outputs), 1)

    def test_energies_alone_are_the_same_energies(self) -> None:
        both = self.succeed_json("eval", "model.mlff", MOLECULES)
        alone = self.succeed_json("eval", "model.mlff", MOLECULES, "--energy-only", "-o", "alone.extxyz")
        self.assertEqual([row["energy"] for row in both["frames"]], [row["energy"] for row in alone["frames"]])
        frame = read_frames(self.folder / "alone.extxyz")[0]
        self.assertEqual(frame.forces, [])
        self.assertNotIn("virial", frame.info)

    def test_a_result_compared_with_itself_has_no_error(self) -> None:
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "own.extxyz")
        summary = self.succeed_json("eval", "model.mlff", "own.extxyz", "--compare")["comparison"]
        self.assertEqual(summary["frames"], len(read_frames(MOLECULES)))
        self.assertLess(summary["energy_relative_max"], 1e-14)
        self.assertLess(summary["forces"]["rmse_relative"], 1e-14)
        self.assertLess(summary["virial_relative_max"], 1e-14)

    def test_errors_are_those_put_into_the_reference(self) -> None:
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "own.extxyz")
        frame = read_frames(self.folder / "own.extxyz")[0]
        rows = [
            f"{symbol} {p[0]!r} {p[1]!r} {p[2]!r} {f[0] + (0.3 if k == 0 else 0)!r} {f[1]!r} {f[2]!r}"
            for k, (symbol, p, f) in enumerate(zip(frame.symbols, frame.positions, frame.forces))
        ]
        header = f"Properties=species:S:1:pos:R:3:forces:R:3 energy={float(frame.info['energy']) - 0.6!r}"
        self.write("shifted.extxyz", "\n".join([str(len(rows)), header, *rows]) + "\n")
        row = self.succeed_json("eval", "model.mlff", "shifted.extxyz", "--compare")["frames"][0]["comparison"]
        self.assertAlmostEqual(row["energy_per_atom"], 0.2, delta=1e-12)
        self.assertAlmostEqual(row["forces"]["max"], 0.3, delta=1e-12)
        self.assertAlmostEqual(row["forces"]["mae"], 0.3 / 9, delta=1e-12)
        self.assertAlmostEqual(row["forces"]["rmse"], 0.1, delta=1e-12)
        self.assertNotIn("virial_max", row)

    def test_units_convert_there_and_back(self) -> None:
        text = SPEC.read_text().replace("length: angstrom, energy: eV", "length: nm, energy: hartree")
        self.compile_model("nm.mlff", self.write("nm.yaml", text.replace("cutoff: 5.0", "cutoff: 0.5")), *FAST)
        self.succeed("eval", "nm.mlff", MOLECULES, "--units", "eV", "-o", "ev.extxyz")
        in_ev = read_frames(self.folder / "ev.extxyz")
        # The same structures in nanometres, in the units of the model, told so by the file.
        lines = []
        for frame in read_frames(MOLECULES):
            cell = frame.info.get("Lattice")
            header = "Properties=species:S:1:pos:R:3 length_unit=nm"
            if cell:
                scaled = " ".join(repr(float(x) / NANOMETRE) for x in cell.split())
                header += f' Lattice="{scaled}" pbc="{frame.info["pbc"]}"'
            lines += [str(len(frame.symbols)), header]
            for symbol, position in zip(frame.symbols, frame.positions):
                lines.append(" ".join([symbol, *(repr(x / NANOMETRE) for x in position)]))
        self.write("nm.extxyz", "\n".join(lines) + "\n")
        self.succeed("eval", "nm.mlff", "nm.extxyz", "-o", "nm-out.extxyz")
        in_own = read_frames(self.folder / "nm-out.extxyz")
        for ev, own in zip(in_ev, in_own):
            self.assertAlmostEqual(float(ev.info["energy"]) / HARTREE / float(own.info["energy"]), 1, delta=1e-6)
            largest = max(abs(x) for force in ev.forces for x in force)
            for a, b in zip(ev.forces, own.forces):
                for x, y in zip(a, b):
                    self.assertAlmostEqual(x, y * HARTREE / NANOMETRE, delta=1e-4 * largest)
        self.assertEqual(in_ev[0].info["energy_unit"], "eV")
        self.assertEqual(in_own[0].info["energy_unit"], "hartree")

    def test_timings_are_in_order(self) -> None:
        report = self.succeed_json("eval", "model.mlff", MOLECULES, "--repeat", 7, "--threads", 1)
        for timing in [report["timing"], *(row["timing"] for row in report["frames"])]:
            self.assertLessEqual(0, timing["min_ms"])
            self.assertLessEqual(timing["min_ms"], timing["median_ms"])
            self.assertLessEqual(timing["median_ms"], timing["p95_ms"])
            self.assertLessEqual(timing["p95_ms"], timing["p99_ms"])
        self.assertEqual(report["frames"][0]["timing"]["repeats"], 7)

    def test_keys_and_columns_of_others_are_kept(self) -> None:
        self.write("own.extxyz", '1\nProperties=species:S:1:pos:R:3:tags:I:1 step=7 comment="a b"\nO 0 0 0 5\n')
        self.succeed("eval", "model.mlff", "own.extxyz", "-o", "kept.extxyz")
        text = (self.folder / "kept.extxyz").read_text()
        for fragment in ("step=7", 'comment="a b"', "tags:I:1"):
            self.assertIn(fragment, text)

    def test_the_standard_output_is_a_file_too(self) -> None:
        text = self.succeed("eval", "model.mlff", MOLECULES, "-o", "-")
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "out.extxyz")
        self.assertEqual(text, (self.folder / "out.extxyz").read_text())
        self.succeed("eval", "model.mlff", MOLECULES, "-o", "/dev/null")
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_wrong_input_names_file_line_and_frame(self) -> None:
        self.fail_with(1, "No such file", "eval", "absent.mlff", MOLECULES)
        self.fail_with(1, "absent.extxyz", "eval", "model.mlff", "absent.extxyz")
        self.write("gold.extxyz", "1\nname=a\nO 0 0 0\n2\nname=pair\nH 0 0 0\nAu 0 0 2\n")
        for words in ([], ["--batch", 1]):
            self.fail_with(1, "gold.extxyz:4: frame 1 (pair): atom 1", "eval", "model.mlff", "gold.extxyz", *words)
        self.write("bad.extxyz", "1\n\nO 0 zero 0\n")
        self.fail_with(1, "bad.extxyz:3", "eval", "model.mlff", "bad.extxyz", "-o", "bad-out.extxyz")
        self.assertFalse((self.folder / "bad-out.extxyz").exists())
        self.write("empty.extxyz", "")
        self.fail_with(1, "no structure", "eval", "model.mlff", "empty.extxyz")
        self.write("unit.extxyz", "1\nlength_unit=parsec\nO 0 0 0\n")
        self.fail_with(1, "parsec", "eval", "model.mlff", "unit.extxyz")
        self.fail_with(1, "nothing to compare with", "eval", "model.mlff", MOLECULES, "--compare")
        self.fail_with(1, "missing/out.extxyz", "eval", "model.mlff", MOLECULES, "-o", "missing/out.extxyz")

    def test_wrong_calls_say_what_is_right(self) -> None:
        no_driver = {"MLFFGEN_CUDA": "/absent/libcuda.so.1"}
        for device in ("cuda", "cuda:1"):
            words = ("eval", "model.mlff", MOLECULES, "--device", device)
            self.assertIn("install", self.fail_with(1, "the CUDA driver", *words, environment=no_driver))
        for device in ("gpu", "cuda:", "cuda:x", "cuda1"):
            self.fail_with(2, "expected host, cuda or cuda:N", "eval", "model.mlff", MOLECULES, "--device", device)
        self.fail_with(2, "whole number from 0", "eval", "model.mlff", MOLECULES, "--threads", "-1")
        self.fail_with(2, "whole number from 1", "eval", "model.mlff", MOLECULES, "--repeat", "0")
        self.fail_with(2, "standard output", "eval", "model.mlff", MOLECULES, "-o", "-", "--json")
        self.fail_with(2, "--units", "eval", "model.mlff", MOLECULES, "--units", "kcal")

    def test_an_interrupt_leaves_no_file(self) -> None:
        place = self.folder / "interrupted"
        place.mkdir()
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        process = subprocess.Popen(
            [PROGRAM, "eval", self.folder / "model.mlff", pipe, "-o", place / "out.extxyz", "--batch", "1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Two frames and no end: the program has written one and waits for more.
        with open(pipe, "w") as writer:
            writer.write("1\n\nO 0 0 0\n" * 2)
            writer.flush()
            deadline = time.monotonic() + 30
            while not self.only_files(place) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(len(self.only_files(place)), 1)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(), -signal.SIGINT)
        self.assertEqual(self.only_files(place), [])


if __name__ == "__main__":
    main()
