"""mlffgen md."""

from __future__ import annotations

import csv
import math
import signal
import subprocess
import time

from cli_case import FAST, MOLECULES, PROGRAM, SPEC, CliCase, main
from frames import read_frames

BOLTZMANN = 8.617333262e-5  # eV/K
HARTREE = 27.211386245988  # eV
NANOMETRE = 10.0  # angstrom
OXYGEN = 15.999  # u
WATER = "3\nProperties=species:S:1:pos:R:3\nO 0 0 0.1193\nH 0 0.7632 -0.477\nH 0 -0.7632 -0.477\n"


class Dynamics(CliCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.compile_model("model.mlff", SPEC, *FAST)
        (cls.folder / "water.extxyz").write_text(WATER)

    def rows(self, name: str) -> list[dict[str, float]]:
        """Columns without their units; an empty cell is not a number."""
        with open(self.folder / name, newline="") as file:
            return [
                {key.split(" (")[0]: float(value or "nan") for key, value in row.items()}
                for row in csv.DictReader(file)
            ]

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def md(self, *words: object) -> str:
        return self.succeed("md", "model.mlff", "water.extxyz", *words)

    def test_energies_add_up_and_the_first_temperature_is_exact(self) -> None:
        self.md("--steps", 100, "--energies", "e.csv", "--temperature", 250, "--units", "eV")
        rows = self.rows("e.csv")
        self.assertEqual([row["step"] for row in rows], list(range(0, 101, 10)))
        self.assertEqual([row["time"] for row in rows], [0.5 * row["step"] for row in rows])
        self.assertAlmostEqual(rows[0]["temperature"], 250, delta=1e-6)
        for row in rows:
            self.assertAlmostEqual(row["potential"] + row["kinetic"], row["total"], delta=1e-12 * abs(row["total"]))
            self.assertEqual(row["conserved"], row["total"])
            # Three atoms, without translation and rotation: three degrees of freedom.
            self.assertAlmostEqual(row["temperature"], 2 * row["kinetic"] / (3 * BOLTZMANN), delta=1e-5)
        swing = max(row["kinetic"] for row in rows) - min(row["kinetic"] for row in rows)
        self.assertGreater(swing, 1e-3)
        for row in rows:
            self.assertLess(abs(row["total"] - rows[0]["total"]), 0.05 * swing)

    def test_a_trajectory_holds_what_the_model_says_and_can_be_a_start(self) -> None:
        self.md("--steps", 40, "--trajectory", "t.extxyz", "--trajectory-every", 20, "--energies", "e.csv")
        frames = read_frames(self.folder / "t.extxyz")
        self.assertEqual([frame.info["step"] for frame in frames], ["0", "20", "40"])
        self.assertEqual([frame.info["time"] for frame in frames], ["0", "10", "20"])
        self.assertEqual(frames[0].info["Properties"].split(":")[-6:], ["velocities", "R", "3", "momenta", "R", "3"])
        errors = self.succeed_json("eval", "model.mlff", "t.extxyz", "--compare")["comparison"]
        self.assertEqual(errors["frames"], 3)
        self.assertLess(errors["energy_relative_max"], 1e-14)
        self.assertLess(errors["forces"]["rmse_relative"], 1e-14)
        by_step = {row["step"]: row for row in self.rows("e.csv")}
        self.assertAlmostEqual(float(frames[2].info["energy"]), by_step[40]["potential"], delta=1e-12)

        # From the middle frame, the other half of the same trajectory.
        lines = self.text("t.extxyz").splitlines(keepends=True)
        (self.folder / "middle.extxyz").write_text("".join(lines[5:10]))
        self.succeed("md", "model.mlff", "middle.extxyz", "--steps", 20, "--trajectory", "u.extxyz")
        self.succeed("md", "model.mlff", "middle.extxyz", "--steps", 20, "--trajectory", "u.extxyz", "--trajectory-every", 20)
        for a, b in zip(read_frames(self.folder / "u.extxyz")[1].positions, frames[2].positions):
            for x, y in zip(a, b):
                self.assertAlmostEqual(x, y, delta=1e-6)

    def test_velocities_and_momenta_are_in_units_of_ase(self) -> None:
        kinetic = {}
        for name, speed in (("velocities", 0.1), ("momenta", 0.1 * OXYGEN)):
            text = f"1\nProperties=species:S:1:pos:R:3:{name}:R:3\nO 0 0 0 {speed} 0 0\n"
            (self.folder / "v.extxyz").write_text(text)
            self.succeed("md", "model.mlff", "v.extxyz", "--steps", 10, "--energies", "v.csv", "--units", "eV")
            kinetic[name] = self.rows("v.csv")[0]["kinetic"]
        for value in kinetic.values():
            # m v^2 / 2 in eV if v is in sqrt(eV/u).
            self.assertAlmostEqual(value, 0.5 * OXYGEN * 0.01, delta=1e-12)

    def test_a_model_in_other_units_has_the_same_trajectory(self) -> None:
        text = SPEC.read_text().replace("length: angstrom, energy: eV", "length: nm, energy: hartree")
        (self.folder / "nm.yaml").write_text(text.replace("cutoff: 5.0", "cutoff: 0.5"))
        double = ["--precision", "double", *FAST]
        self.compile_model("nm.mlff", self.folder / "nm.yaml", *double)
        # The same weights in the other units: the same numbers at positions in nm that are a tenth, energies in hartree.
        self.succeed("md", "nm.mlff", "water.extxyz", "--steps", 10, "--units", "eV", "--energies", "ev.csv")
        scaled = [line.split() for line in WATER.splitlines()[2:]]
        rows = [" ".join([word[0], *(repr(float(x) / NANOMETRE) for x in word[1:])]) for word in scaled]
        (self.folder / "nm.extxyz").write_text("\n".join(["3", "Properties=species:S:1:pos:R:3", *rows]) + "\n")
        self.succeed("md", "nm.mlff", "nm.extxyz", "--steps", 10, "--energies", "own.csv")
        for ev, own in zip(self.rows("ev.csv"), self.rows("own.csv")):
            self.assertAlmostEqual(ev["kinetic"], own["kinetic"] * HARTREE, delta=1e-9)
            self.assertAlmostEqual(ev["temperature"], own["temperature"], delta=1e-4)
        header = self.text("own.csv").splitlines()[0]
        self.assertIn("kinetic (hartree)", header)

    def test_a_run_in_two_parts_leaves_the_files_of_one_in_one(self) -> None:
        langevin = ["--ensemble", "langevin", "--temperature", 280, "--friction", 20, "--seed", 9]
        for name, options in (("nve", []), ("langevin", langevin)):
            with self.subTest(name):
                every = ["--trajectory-every", 20, "--energies-every", 5, "--quiet"]
                one = ["--trajectory", f"{name}1.extxyz", "--energies", f"{name}1.csv", *every]
                two = ["--trajectory", f"{name}2.extxyz", "--energies", f"{name}2.csv", *every]
                keep = ["--checkpoint", f"{name}.checkpoint"]
                self.md("--steps", 100, *options, *one)
                self.md("--steps", 47, *options, *two, *keep)
                # What was written after the checkpoint goes.
                with open(self.folder / f"{name}2.csv", "a") as file:
                    file.write("half a ro")
                self.md("--steps", 100, "--restart", f"{name}.checkpoint", *two, *keep)
                for kind in ("extxyz", "csv"):
                    self.assertEqual(self.text(f"{name}1.{kind}"), self.text(f"{name}2.{kind}"))

    def test_threads_change_no_bit(self) -> None:
        texts = set()
        for threads in (1, 2, 3):
            options = ["--ensemble", "langevin", "--threads", threads, "--trajectory", "p.extxyz", "--energies", "p.csv"]
            self.succeed("md", "model.mlff", MOLECULES, "--all-frames", "--steps", 20, "--trajectory-every", 10, *options)
            texts.add(self.text("p.extxyz") + self.text("p.csv"))
        self.assertEqual(len(texts), 1)

    def test_all_frames_are_replicas_and_the_first_alone_is_the_same(self) -> None:
        options = ["--steps", 20, "--ensemble", "langevin", "--energies-every", 10]
        summary = self.succeed_json(
            "md", "model.mlff", MOLECULES, "--all-frames", *options, "--energies", "all.csv", "--trajectory", "all.extxyz"
        )
        count = len(read_frames(MOLECULES))
        self.assertEqual(len(summary["systems"]), count)
        rows = self.rows("all.csv")
        self.assertEqual([row["replica"] for row in rows], list(range(count)) * 3)
        frames = read_frames(self.folder / "all.extxyz")
        self.assertEqual([frame.info["replica"] for frame in frames], [str(k) for k in range(count)])
        done = self.call("md", "model.mlff", MOLECULES, *options, "--energies", "first.csv")
        self.assertIn(f"holds {count} frames", done.stderr)
        for a, b in zip(rows[::count], self.rows("first.csv")):
            self.assertAlmostEqual(a["total"], b["total"], delta=1e-6)

    def test_langevin_conserves_energy_less_heat(self) -> None:
        self.md("--steps", 400, "--ensemble", "langevin", "--friction", 50, "--units", "eV", "--energies", "l.csv")
        rows = self.rows("l.csv")
        heat = max(abs(row["total"] - row["conserved"]) for row in rows)
        self.assertGreater(heat, 0.01)
        for row in rows:
            self.assertLess(abs(row["conserved"] - rows[0]["conserved"]), 0.05 * heat)
            self.assertEqual(row["shadow"], row["conserved"])

    def test_the_summary_says_what_was_done(self) -> None:
        summary = self.succeed_json(
            "md", "model.mlff", "water.extxyz", "--time", 0.05, "--timestep", 0.25, "--energies", "s.csv"
        )
        self.assertEqual((summary["first_step"], summary["last_step"], summary["time_ps"]), (0, 200, 0.05))
        self.assertEqual((summary["ensemble"], summary["timestep_fs"], summary["stopped_by"]), ("nve", 0.25, None))
        self.assertEqual(summary["systems"][0]["degrees_of_freedom"], 3)
        self.assertAlmostEqual(
            summary["ns_per_day"], summary["steps_per_second"] * 0.25e-6 * 86400, delta=1e-9 * summary["ns_per_day"]
        )
        # The drift is the slope of the energies in the file; the first has no step before it.
        rows = self.rows("s.csv")
        self.assertEqual([math.isnan(row["shadow"]) for row in rows], [True] + [False] * (len(rows) - 1))
        times, totals = [row["time"] for row in rows[1:]], [row["shadow"] for row in rows[1:]]
        middle, mean = sum(times) / len(times), sum(totals) / len(totals)
        slope = sum((t - middle) * (e - mean) for t, e in zip(times, totals)) / sum((t - middle) ** 2 for t in times)
        kinetic = sum(row["kinetic"] for row in rows) / len(rows)
        drift = summary["drift"]["percent_of_kinetic_per_ns"]
        self.assertAlmostEqual(drift / (100 * slope * 1e6 / kinetic), 1, delta=1e-4)
        temperature = sum(row["temperature"] for row in rows) / len(rows)
        self.assertAlmostEqual(summary["mean_temperature"], temperature, delta=1e-6)

    def interrupt(self, number: int, status: int) -> int:
        """The step behind which a run ended that a signal stopped, with a checkpoint."""
        for name in ("i.csv", "i.extxyz", "i.checkpoint"):
            (self.folder / name).unlink(missing_ok=True)
        words = ["md", "model.mlff", "water.extxyz", "--steps", "1000000000", "--energies", "i.csv", "--trajectory"]
        words += ["i.extxyz", "--trajectory-every", "50", "--checkpoint", "i.checkpoint", "--json"]
        process = subprocess.Popen(
            [PROGRAM, *words], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (self.folder / "i.csv").exists() and self.text("i.csv").count("\n") > 20:
                break
            time.sleep(0.02)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, errors)
        self.assertIn("--restart i.checkpoint", errors)
        self.assertIn(f'"stopped_by": "{signal.Signals(number).name}"', output)
        return int(errors.split("behind step ")[1].split()[0])

    def test_an_interrupted_run_ends_in_good_order_and_goes_on(self) -> None:
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(status):
                step = self.interrupt(number, status)
                self.assertGreaterEqual(step, 200)
                self.assertEqual(self.rows("i.csv")[-1]["step"], step // 10 * 10)
                end = step + 60
                files = ["--energies", "i.csv", "--trajectory", "i.extxyz", "--trajectory-every", 50]
                self.md("--steps", end, *files, "--restart", "i.checkpoint")
                self.md("--steps", end, "--energies", "j.csv", "--trajectory", "j.extxyz", "--trajectory-every", 50)
                self.assertEqual(self.text("i.csv"), self.text("j.csv"))
                self.assertEqual(self.text("i.extxyz"), self.text("j.extxyz"))

    def test_a_run_that_fails_names_the_step_and_keeps_the_last_checkpoint(self) -> None:
        message = self.fail_with(
            1, "step 0 (0 fs): system 0 has a temperature of 300 K", "md", "model.mlff", "water.extxyz",
            "--steps", 9, "--temperature-limit", 100
        )
        self.assertIn("fastest atom is", message)
        # 1e8 sqrt(eV/u) takes an atom past 1e9 angstrom, where overlaps cannot be told, in 204 steps.
        (self.folder / "fast.extxyz").write_text("1\nProperties=species:S:1:pos:R:3:velocities:R:3\nO 0 0 0 1e8 0 0\n")
        message = self.fail_with(
            1, "step 204 (102 fs): atom 0", "md", "model.mlff", "fast.extxyz", "--steps", 1000, "--temperature-limit",
            1e300, "--checkpoint", "f.checkpoint", "--checkpoint-every", 50, "--energies", "f.csv"
        )
        self.assertEqual(self.rows("f.csv")[-1]["step"], 200)
        again = ["md", "model.mlff", "fast.extxyz", "--temperature-limit", 1e300, "--restart", "f.checkpoint"]
        self.assertEqual(self.succeed_json(*again, "--steps", 201)["first_step"], 200)

    def test_checkpoints_of_others_are_refused(self) -> None:
        self.md("--steps", 10, "--checkpoint", "c.checkpoint")
        self.compile_model("other.mlff", SPEC, "--untrained-weights", "2", *FAST[2:])
        call = ["--steps", 20, "--restart", "c.checkpoint"]
        self.fail_with(1, "another model", "md", "other.mlff", "water.extxyz", *call)
        self.fail_with(1, "other structures", "md", "model.mlff", MOLECULES, "--all-frames", *call)
        self.fail_with(1, "the checkpoint is of step 10", "md", "model.mlff", "water.extxyz", "--steps", 10, *call[2:])
        self.fail_with(1, "not a checkpoint", "md", "model.mlff", "water.extxyz", "--steps", 20, "--restart", "model.mlff")
        self.fail_with(1, "absent", "md", "model.mlff", "water.extxyz", "--steps", 20, "--restart", "absent")
        damaged = bytearray((self.folder / "c.checkpoint").read_bytes())
        damaged[-50] ^= 1
        (self.folder / "d.checkpoint").write_bytes(damaged)
        self.fail_with(1, "damaged", "md", "model.mlff", "water.extxyz", "--steps", 20, "--restart", "d.checkpoint")

    def test_wrong_calls_say_what_is_right(self) -> None:
        def wrong(fragment: str, *words: object, status: int = 2) -> None:
            self.fail_with(status, fragment, "md", "model.mlff", "water.extxyz", *words)

        wrong("--steps or --time")
        wrong("--steps or --time", "--steps", 10, "--time", 1)
        wrong("positive number of fs", "--steps", 10, "--timestep", 0)
        wrong("positive number of fs", "--steps", 10, "--timestep", "nan")
        wrong("positive number of ps", "--time", -1)
        wrong("not negative", "--steps", 10, "--temperature", -1)
        wrong("whole number from 1", "--steps", 0)
        wrong("npt", "--steps", 10, "--ensemble", "npt")
        wrong("needs --trajectory", "--steps", 10, "--trajectory-every", 5)
        wrong("needs --checkpoint", "--steps", 10, "--checkpoint-every", 5)
        wrong("--ensemble langevin", "--steps", 10, "--friction", 5)
        wrong("missing/t.extxyz", "--steps", 10, "--trajectory", "missing/t.extxyz", status=1)
        wrong("missing/c", "--steps", 10, "--checkpoint", "missing/c", status=1)
        self.fail_with(1, "gold.extxyz", "md", "model.mlff", "gold.extxyz", "--steps", 10)
        (self.folder / "gold.extxyz").write_text("1\n\nAu 0 0 0\n")
        self.fail_with(1, "does not know element Au", "md", "model.mlff", "gold.extxyz", "--steps", 10)
        (self.folder / "wide.extxyz").write_text("1\nProperties=species:S:1:pos:R:3:momenta:R:2\nO 0 0 0 1 2\n")
        self.fail_with(1, "wide.extxyz:1: column 'momenta' must be", "md", "model.mlff", "wide.extxyz", "--steps", 10)


if __name__ == "__main__":
    main()
