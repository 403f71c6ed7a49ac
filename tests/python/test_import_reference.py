"""SchNetPack's own trained PaiNN of ethanol, as it saved it, against its float64 reference."""

from __future__ import annotations

import json
import unittest

from import_case import ELEMENTS, PROGRAM, REFERENCE, UNITS, ImportCase, main, read_safetensors, skip_without

skip_without("numpy")

from mlffgen.importers.schnetpack import import_schnetpack  # noqa: E402

FOLDER = REFERENCE / "painn_ethanol"


@unittest.skipUnless(FOLDER.is_dir(), f"no reference model in {FOLDER}; set MLFFGEN_REFERENCE_DIR")
class Reference(ImportCase):
    def test_it_imports_and_reproduces_the_reference(self) -> None:
        report = self.import_model(FOLDER / "best_model", *ELEMENTS)
        self.assertEqual(report["source"], "SchNetPack 2.1.1")
        self.assertEqual(report["architecture"], "painn-schnetpack")
        self.assertEqual((report["layers"], report["features"], report["basis"]), (3, 128, "20 GaussianRBF"))
        self.assertEqual((report["cutoff"], report["elements"]), (5.0, ["H", "C", "O"]))
        self.assertEqual(report["warnings"], [])
        self.assertLess(report["check"]["force_error"], 1e-6)
        self.assert_reproduces(FOLDER / "reference.extxyz")

    def test_the_weights_are_those_of_the_reference_bit_for_bit(self) -> None:
        self.import_model(FOLDER / "best_model", *ELEMENTS, checked=False)
        ours, metadata = read_safetensors(self.folder / "out" / "weights.safetensors")
        theirs, _ = read_safetensors(FOLDER / "weights.safetensors")
        self.assertEqual(metadata["units_energy"], "kcal/mol")
        left_out = {"postprocessors.1.atomref", "representation.cutoff_fn.cutoff"}
        self.assertEqual(set(theirs) - set(ours), left_out)
        self.assertEqual(set(ours) - set(theirs), set())
        for name, array in ours.items():
            with self.subTest(name):
                self.assertEqual((array.dtype, array.shape), (theirs[name].dtype, theirs[name].shape))
                self.assertEqual(array.tobytes(), theirs[name].tobytes())

    def test_the_program_imports_it(self) -> None:
        words = ["import", "schnetpack", FOLDER / "best_model", "-o", "out", *UNITS, *ELEMENTS]
        text = self.succeed(PROGRAM, *words)
        for part in (
            "PaiNN of SchNetPack 2.1.1",
            "128",
            "kcal/mol, angstrom",
            "forces are minus the energy's differences",
        ):
            self.assertIn(part, text)
        self.assertTrue(json.loads(self.succeed(PROGRAM, *words, "--json"))["check"]["done"])

    def test_the_elements_are_asked_for(self) -> None:
        error = self.refuse("--elements H,C,O", "schnetpack", FOLDER / "best_model", "-o", "out", *UNITS)
        self.assertIn("does not say which elements", error)

    def test_it_holds_nothing_that_is_not_accounted_for(self) -> None:
        model = import_schnetpack((FOLDER / "best_model").read_bytes())
        self.assertEqual(model.left_out, ["postprocessors.1.atomref", "representation.cutoff_fn.cutoff"])
        self.assertEqual((model.notes, model.elements), ([], []))


if __name__ == "__main__":
    main()
