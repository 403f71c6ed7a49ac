"""Models of many settings reproduce, once imported, what PyTorch says of them in float64."""

from __future__ import annotations

from typing import Any

from import_case import ELEMENTS, ImportCase, main, skip_without

skip_without("numpy", "torch")

import fake_schnetpack as spk  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from truth import randomise, write_truth  # noqa: E402

CUTOFF = 4.5


def representation(kind: Any = spk.PaiNN, **settings: Any) -> nn.Module:
    """A small one: 8 features, 2 layers, 6 Gaussians, a cosine, unless told otherwise."""
    standard = {
        "n_atom_basis": 8,
        "n_interactions": 2,
        "radial_basis": spk.GaussianRBF(6, CUTOFF),
        "cutoff_fn": spk.CosineCutoff(CUTOFF),
    }
    return kind(**{**standard, **settings})


def mean(value: float = -3.25) -> Any:
    return spk.AddOffsets(mean=torch.tensor(value, dtype=torch.float64))


def references() -> torch.Tensor:
    values = torch.zeros(100)
    values[[1, 6, 8]] = torch.tensor([-13.6, -1029.5, -2041.8])
    return values


def model(network: nn.Module, outputs: list[nn.Module] | None = None, post: list[nn.Module] | None = None) -> nn.Module:
    outputs = outputs or [spk.Atomwise(network.n_atom_basis), spk.Forces()]
    post = [spk.CastTo64(), mean()] if post is None else post
    return randomise(spk.NeuralNetworkPotential(network, outputs, post))


class Models(ImportCase):
    def reproduce(
        self, made: nn.Module, legacy: bool = False, architecture: str | None = None, checked: bool = False
    ) -> Any:
        """Saved, imported and compared with PyTorch; the report of the import."""
        source = self.folder / "best_model"
        torch.save(made, source, _use_new_zipfile_serialization=not legacy)
        report = self.import_model(source, *ELEMENTS, checked=checked)
        self.assertEqual(report["architecture"], architecture)
        self.assertEqual(report["check"]["done"], checked)
        self.assertEqual(report["warnings"], [])
        write_truth(self.folder / "truth.extxyz", made, CUTOFF)
        self.assert_reproduces(self.folder / "truth.extxyz")
        return report

    def test_painn_as_schnetpack_makes_it_is_the_built_in_architecture(self) -> None:
        for layers in (1, 3):
            made = model(representation(n_interactions=layers))
            report = self.reproduce(made, architecture="painn-schnetpack", checked=layers == 3)
            self.assertEqual((report["layers"], report["features"], report["basis"]), (layers, 8, "6 GaussianRBF"))
            self.assertEqual(report["source"], "SchNetPack 2.1.1")

    def test_schnet_as_schnetpack_makes_it_is_the_built_in_architecture(self) -> None:
        for filters in (None, 12):
            made = model(representation(spk.SchNet, n_filters=filters, n_interactions=3))
            report = self.reproduce(made, architecture="schnet", checked=filters == 12)
            self.assertEqual((report["features"], report["filters"]), (8, filters or 8))

    def test_files_of_the_format_before_zip(self) -> None:
        self.reproduce(model(representation()), legacy=True, architecture="painn-schnetpack")

    def test_shared_interactions_and_filters(self) -> None:
        report = self.reproduce(model(representation(n_interactions=3, shared_interactions=True)))
        self.assertTrue(report["shared_interactions"])
        self.assertIn("share their weights", report["notes"][0])
        report = self.reproduce(model(representation(shared_filters=True)))
        self.assertTrue(report["shared_filters"])
        self.reproduce(model(representation(shared_filters=True, shared_interactions=True)))
        self.reproduce(model(representation(spk.SchNet, n_interactions=4, shared_interactions=True)))

    def test_radial_bases(self) -> None:
        for kind, basis in (
            (spk.PaiNN, spk.GaussianRBF(7, 4.0, start=0.5, trainable=True)),
            (spk.PaiNN, spk.BesselRBF(4, 5.1)),
            (spk.SchNet, spk.GaussianRBFCentered(5, 4.0, trainable=True)),
            (spk.SchNet, spk.BesselRBF(6, CUTOFF)),
        ):
            with torch.no_grad():
                for parameter in basis.parameters():
                    parameter += 0.05 * torch.rand(parameter.shape)
            bessel = isinstance(basis, spk.BesselRBF)
            builtin = "painn-schnetpack" if kind is spk.PaiNN else "schnet"
            made = model(representation(kind, radial_basis=basis))
            self.reproduce(made, architecture=None if bessel else builtin, checked=bessel)

    def test_cutoff_functions(self) -> None:
        for kind, envelope in (
            (spk.PaiNN, spk.MollifierCutoff(CUTOFF)),
            (spk.PaiNN, spk.SwitchFunction(2.0, CUTOFF)),
            (spk.SchNet, spk.SwitchFunction(0.0, CUTOFF)),
        ):
            report = self.reproduce(model(representation(kind, cutoff_fn=envelope)), checked=True)
            self.assertEqual(report["cutoff_function"], type(envelope).__name__)

    def test_a_cutoff_is_the_number_in_the_file(self) -> None:
        made = model(representation(cutoff_fn=spk.CosineCutoff(4.3)))
        torch.save(made, self.folder / "best_model")
        report = self.import_model(self.folder / "best_model", *ELEMENTS, checked=False)
        self.assertEqual(report["cutoff"], float(torch.tensor(4.3)))
        write_truth(self.folder / "truth.extxyz", made, report["cutoff"])
        self.assert_reproduces(self.folder / "truth.extxyz")

    def test_activations(self) -> None:
        for activation in (spk.shifted_softplus, functional.softplus, functional.tanh, nn.SiLU()):
            builtin = "painn-schnetpack" if isinstance(activation, nn.SiLU) else None
            self.reproduce(model(representation(activation=activation)), architecture=builtin)
        self.reproduce(model(representation(spk.SchNet, activation=spk.ShiftedSoftplus(0.8, 1.7))))

    def test_epsilon_and_other_embeddings(self) -> None:
        self.reproduce(model(representation(epsilon=1e-3)))
        self.reproduce(model(representation(nuclear_embedding=spk.NuclearEmbedding(20, 8))))

    def test_output_networks(self) -> None:
        for atomwise in (
            spk.Atomwise(8, n_layers=1),
            spk.Atomwise(8, n_layers=3),
            spk.Atomwise(8, n_hidden=[12, 5, 7], n_layers=4, activation=spk.shifted_softplus),
            spk.Atomwise(8, n_hidden=[6] * 4, n_layers=5),
            spk.Atomwise(8, last_bias=False),
        ):
            report = self.reproduce(model(representation(), [atomwise]))
            self.assertEqual(report["output_layers"], len(atomwise.outnet))

    def test_offsets_references_and_scales(self) -> None:
        network = representation()
        both = spk.AddOffsets(mean=torch.tensor([0.5]), atomrefs=references())
        forces = spk.Forces()
        for outputs, post in (
            (None, []),
            (None, [spk.CastTo64(), both]),
            (None, [spk.AddOffsets(atomrefs=references().double())]),
            ([spk.Atomwise(8), spk.ScaleProperty("energy", 1.7), forces], [mean()]),
        ):
            self.reproduce(model(network, outputs, post))

    def test_elements_come_from_atom_references(self) -> None:
        made = model(representation(), None, [spk.AddOffsets(atomrefs=references())])
        torch.save(made, self.folder / "best_model")
        report = self.import_model(self.folder / "best_model", checked=False)
        self.assertEqual(report["elements"], ["H", "C", "O"])
        report = self.import_model(self.folder / "best_model", "--elements", "O,H,N", checked=False)
        self.assertEqual(report["elements"], ["O", "H", "N"])
        self.assertIn("zero for N", " ".join(report["notes"]))

    def test_a_scale_behind_the_forces_must_scale_them_too(self) -> None:
        post = [spk.ScaleProperty("energy", 2.5), spk.ScaleProperty("forces", 2.5), mean()]
        self.reproduce(model(representation(), None, post))

    def test_postprocessing_that_the_file_switches_off_is_not_applied(self) -> None:
        made = model(representation(), None, [mean(-1000.0)])
        made.do_postprocessing = False
        report = self.reproduce(made)
        self.assertIn("switched off", report["notes"][0])

    def test_weights_in_double_stay_so(self) -> None:
        made = model(representation()).double()
        report = self.reproduce(made, architecture="painn-schnetpack")
        self.assertEqual(report["weights"]["types"], ["float64"])


if __name__ == "__main__":
    main()
