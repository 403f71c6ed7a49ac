"""What cannot be imported is refused by its name, with what to do, and leaves nothing; wrong calls say what is right."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from import_case import ELEMENTS, IMPORTER, UNITS, ImportCase, main, skip_without

skip_without("numpy", "torch")

import fake_schnetpack as spk  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from mlffgen.importers.errors import ImportRefused  # noqa: E402
from mlffgen.importers.schnetpack import import_schnetpack  # noqa: E402

CUTOFF = 4.0


def painn(**settings: Any) -> nn.Module:
    standard = {"radial_basis": spk.GaussianRBF(3, CUTOFF), "cutoff_fn": spk.CosineCutoff(CUTOFF)}
    return spk.PaiNN(**{"n_atom_basis": 4, "n_interactions": 2, **standard, **settings})


def model(network: nn.Module | None = None, outputs: list[nn.Module] | None = None, **more: Any) -> nn.Module:
    return spk.NeuralNetworkPotential(network or painn(), outputs or [spk.Atomwise(4), spk.Forces()], **more)


class Refused(ImportCase):
    def save(self, thing: Any) -> Path:
        path = self.folder / "best_model"
        torch.save(thing, path)
        return path

    def refuses(self, made: Any, *fragments: str) -> None:
        with self.assertRaises(ImportRefused) as caught:
            import_schnetpack(self.save(made).read_bytes())
        for fragment in fragments:
            self.assertIn(fragment, str(caught.exception))

    def changed(self, change: Callable[[nn.Module], None]) -> nn.Module:
        made = model()
        change(made)
        return made

    def test_other_networks(self) -> None:
        self.refuses(nn.Linear(2, 2), "the model: a torch.nn.modules.linear.Linear cannot be imported here")
        self.refuses(
            model(spk.Strain()), "representation: the representation schnetpack.atomistic.response.Strain", "PaiNN and"
        )

    def test_activations_bases_and_cutoffs(self) -> None:
        for activation in (functional.relu, nn.GELU(), functional.leaky_relu):
            self.refuses(
                model(painn(activation=activation)), "representation.interactions.0", "cannot be imported", "silu"
            )
        self.refuses(model(painn(activation=spk.ShiftedSoftplus(1.0, 0.0))), "beta = 0")
        self.refuses(model(painn(activation=nn.Softplus(beta=2))), "beta other than 1")
        basis = painn()
        basis.radial_basis = nn.Identity()
        self.refuses(
            model(basis), "representation.radial_basis: the radial basis torch.nn.modules.linear.Identity", "BesselRBF"
        )
        basis.radial_basis = spk.GaussianRBF(3, CUTOFF)
        basis.cutoff_fn = nn.Identity()
        self.refuses(model(basis), "representation.cutoff_fn: the cutoff function", "MollifierCutoff")
        self.refuses(model(painn(cutoff_fn=spk.MollifierCutoff(CUTOFF, 0.5))), "a mollifier that is cut off 0.5")
        self.refuses(model(painn(cutoff_fn=spk.SwitchFunction(5.0, 4.0))), "the switch begins at 5.0")
        self.refuses(model(painn(cutoff_fn=spk.CosineCutoff(-1.0))), "the cutoff is -1.0")

    def test_embeddings(self) -> None:
        network = painn()
        network.electronic_embeddings.append(spk.ElectronicEmbedding())
        self.refuses(model(network), "representation.electronic_embeddings", "charge or spin (ElectronicEmbedding)")
        self.refuses(model(painn(nuclear_embedding=nn.Embedding(10, 4, max_norm=1.0))), "max_norm")
        self.refuses(model(painn(nuclear_embedding=nn.Identity())), "the embedding torch.nn.modules.linear.Identity")

    def test_layers_that_share_some_weights_or_differ(self) -> None:
        network = painn(n_interactions=3)
        network.interactions[2] = network.interactions[0]
        self.refuses(model(network), "some but not all of its interactions share")
        network = painn()
        network.mixing[1].epsilon = 1e-4
        self.refuses(model(network), "layers differ in their epsilon")
        network = painn()
        network.interactions[1].interatomic_context_net[0].activation = functional.tanh
        self.refuses(model(network), "layers differ in their networks")
        network = painn()
        network.interactions = network.interactions[:1]
        self.refuses(model(network), "do not go together")
        self.refuses(model(painn(n_interactions=0)), "without layers")

    def test_energies_that_are_no_sum_over_atoms(self) -> None:
        for mode in ("avg", None):
            self.refuses(
                model(None, [spk.Atomwise(4, aggregation_mode=mode)]), "output_modules.0: the aggregation", "only 'sum'"
            )
        self.refuses(model(None, [spk.Atomwise(4, n_out=2)]), "2 outputs")
        intensive = [spk.AddOffsets(mean=torch.tensor([1.0]), is_extensive=False)]
        self.refuses(model(postprocessors=intensive), "postprocessors.0: offsets with is_extensive=False")

    def test_outputs_and_inputs(self) -> None:
        atomwise = spk.Atomwise(4)
        self.refuses(model(None, [spk.Forces()]), "exactly one Atomwise")
        self.refuses(model(None, [atomwise, spk.Atomwise(4, output_key="q")]), "exactly one Atomwise")
        self.refuses(
            model(None, [atomwise, spk.DipoleMoment()]), "output_modules.1: the output module", "DipoleMoment", "remove"
        )
        self.refuses(model(None, [atomwise, spk.Forces(energy_key="other")]), "not of the energy 'energy'")
        self.refuses(model(input_modules=[spk.PairwiseDistances(), nn.Identity()]), "input_modules.1: the input module")

    def test_postprocessors(self) -> None:
        self.refuses(
            model(postprocessors=[nn.Identity()]), "postprocessors.0: the postprocessor torch.nn.modules.linear"
        )
        other = spk.AddOffsets("charge", mean=torch.tensor([1.0]))
        self.refuses(model(postprocessors=[other]), "offsets of 'charge', not of the energy 'energy'")
        scale = spk.ScaleProperty
        for scales in (
            [scale("energy", 2.0)],
            [scale("energy", 2.0), scale("forces", 3.0)],
            [scale("energy", 2.0, "other"), scale("forces", 2.0)],
            [scale("energy", 2.0), scale("energy", 2.0), scale("forces", 2.0)],
        ):
            self.refuses(model(postprocessors=scales), "must scale energy and forces alike")

    def test_modules_and_weights_that_nobody_knows(self) -> None:
        def extra_weight(made: nn.Module) -> None:
            made.representation.register_parameter("charge", nn.Parameter(torch.zeros(4)))

        def extra_module(made: nn.Module) -> None:
            made.representation.extra = nn.Identity()

        def missing_module(made: nn.Module) -> None:
            del made.representation.filter_net

        def missing_weight(made: nn.Module) -> None:
            made.representation.filter_net.weight = None

        def other_shape(made: nn.Module) -> None:
            made.representation.filter_net = spk.Dense(3, 7)

        def not_finite(made: nn.Module) -> None:
            made.output_modules[0].outnet[0].weight.data[0, 0] = float("nan")

        self.refuses(self.changed(extra_weight), "representation.charge", "not known")
        self.refuses(self.changed(extra_module), "the module 'extra'", "not known in a PaiNN")
        self.refuses(self.changed(missing_module), "representation: no module 'filter_net'")
        self.refuses(self.changed(missing_weight), "representation.filter_net.weight: the weight is missing")
        self.refuses(self.changed(other_shape), "7 filters, not 24")
        self.refuses(self.changed(not_finite), "output_modules.0.outnet.0.weight: a weight is not finite")
        self.refuses(model().half(), "weights in float16; convert the model with model.float()")
        self.refuses(model().bfloat16(), "torch.BFloat16Storage: convert the model")

    def test_files_that_hold_something_else(self) -> None:
        self.refuses(model().state_dict(), "a table of weights without the modules", "torch.save(model")
        self.refuses(
            {"state_dict": model().state_dict(), "epoch": 1}, "a checkpoint of PyTorch Lightning", "best_model"
        )
        self.refuses([1, 2], "the model: no module of PyTorch")

    def test_what_the_file_does_not_say_is_asked_for(self) -> None:
        source = self.save(model())
        self.refuse("give --length-unit", "schnetpack", source, "-o", "out", *ELEMENTS, "--energy-unit", "eV")
        self.refuse("give --energy-unit", "schnetpack", source, "-o", "out", *ELEMENTS, "--length-unit", "nm")
        self.refuse("--elements H,C,O", "schnetpack", source, "-o", "out", *UNITS)

    def test_elements_beyond_the_embedding(self) -> None:
        source = self.save(model(painn(nuclear_embedding=nn.Embedding(8, 4))))
        error = self.refuse(
            "no embedding or reference energy of O", "schnetpack", source, "-o", "out", *UNITS, *ELEMENTS
        )
        self.assertIn("best_model: ", error)

    def test_wrong_calls(self) -> None:
        source = self.save(model())
        for fragment, words in {
            "no unit 'kcal'; did you mean 'kcal/mol'?": [source, "--energy-unit", "kcal", "--length-unit", "angstrom"],
            "no unit 'Ang'": [source, "--energy-unit", "eV", "--length-unit", "Ang"],
            "no element 'Xx'": [source, *UNITS, "--elements", "H,Xx"],
            "H comes twice": [source, *UNITS, "--elements", "H,C,H"],
            "--cutoff goes with onnx": [source, *UNITS, "--cutoff", "5"],
            "unrecognized arguments: --wrong": [source, *UNITS, "--wrong"],
        }.items():
            self.refuse(fragment, "schnetpack", *words, "-o", "out", status=2)
        self.refuse("required", "schnetpack", source, *UNITS, status=2)
        self.refuse("invalid choice: 'keras'", "keras", source, "-o", "out", *UNITS, status=2)

    def test_a_model_that_fails_its_check_is_not_written(self) -> None:
        for program, fragment in (
            (
                (
                    "case $1 in doctor) echo '{\"llvm\": true}';; *) echo 'mlffgen: error: no such thing' >&2; exit 1;;"
                    " esac"
                ),
                "no such thing",
            ),
            ("exit 70", "doctor failed"),
        ):
            fake = self.folder / "fake"
            fake.write_text(f"#!/bin/sh\n{program}\n")
            fake.chmod(0o755)
            words = [sys.executable, IMPORTER, "schnetpack", self.save(model()), "-o", "out", *UNITS, *ELEMENTS]
            done = self.call(*words, "--program", fake)
            self.assertEqual(done.returncode, 1)
            self.assertIn(fragment, done.stderr)
            self.assertFalse((self.folder / "out").exists())
        done = self.call(*words, "--program", "/nowhere/mlffgen")
        self.assertIn("cannot start /nowhere/mlffgen", done.stderr)

    def test_an_error_leaves_an_older_import_as_it_was(self) -> None:
        out = self.folder / "out"
        out.mkdir()
        (out / "model.yaml").write_text("mine\n")
        made = model().double()
        made.output_modules[0].outnet[0].weight.data[:] = 1e308  # energies overflow
        done = self.importer("schnetpack", self.save(made), "-o", "out", *UNITS, *ELEMENTS)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("which is not a finite number", done.stderr)
        self.assertEqual([path.name for path in out.iterdir()], ["model.yaml"])
        self.assertEqual((out / "model.yaml").read_text(), "mine\n")

    def test_places_that_cannot_be_written(self) -> None:
        source = self.save(model())
        (self.folder / "file").write_text("x")
        words = ["schnetpack", source, *UNITS, *ELEMENTS, "-o"]
        self.refuse("cannot write to file", *words, "file")
        self.refuse("cannot write to no/where", *words, "no/where")
        (self.folder / "taken" / "model.yaml").mkdir(parents=True)
        self.refuse("taken/model.yaml is there and is no file", *words, "taken")
        self.assertEqual([path.name for path in (self.folder / "taken").iterdir()], ["model.yaml"])

    def test_an_interrupt_leaves_nothing(self) -> None:
        fake = self.folder / "fake"
        fake.write_text(f"#!/bin/sh\ntouch '{self.folder}/started'\nexec sleep 60\n")
        fake.chmod(0o755)
        words = [sys.executable, str(IMPORTER), "schnetpack", str(self.save(model())), "-o", "out", *UNITS, *ELEMENTS]
        for number in (signal.SIGINT, signal.SIGTERM):
            (self.folder / "started").unlink(missing_ok=True)
            child = subprocess.Popen([*words, "--program", str(fake)], cwd=self.folder, stderr=subprocess.DEVNULL)
            while not (self.folder / "started").exists() and child.poll() is None:
                time.sleep(0.02)
            child.send_signal(number)
            self.assertEqual(child.wait(30), -number)
            self.assertFalse((self.folder / "out").exists())

    def test_without_a_program_the_result_is_not_checked_and_the_report_says_so(self) -> None:
        report = self.import_model(self.save(model()), *ELEMENTS, checked=False)
        self.assertFalse(report["check"]["done"])
        self.assertIn("no program mlffgen", report["check"]["reason"])
        done = self.importer("schnetpack", self.folder / "best_model", "-o", "out", *UNITS, *ELEMENTS, checked=False)
        self.assertIn("warning: the result was not checked", done.stderr)


if __name__ == "__main__":
    main()
