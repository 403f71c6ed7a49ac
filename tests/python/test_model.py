"""mlffgen.Model on the host: the program's numbers, batches, what is asked for, threads, life and death."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import threading
from pathlib import Path

import ase
import ase.io
import mlffgen
import numpy as np
import pytest
from conftest import MOLECULES

Structures = list[ase.Atoms]


def evaluate(model: mlffgen.Model, atoms: ase.Atoms, **wanted: bool) -> mlffgen.Results:
    return model.evaluate(atoms.positions, atoms.numbers, atoms.cell.array, atoms.pbc, **wanted)


def same(a: mlffgen.Results, b: mlffgen.Results) -> bool:
    """Bit for bit."""
    pairs = ((a.energy, b.energy), (a.atom_energies, b.atom_energies), (a.forces, b.forces), (a.virial, b.virial))
    return all(np.array_equal(x, y) for x, y in pairs)


def test_numbers_are_those_of_the_program(model: mlffgen.Model, tmp_path: Path) -> None:
    program = os.environ["MLFFGEN_PROGRAM"]
    command = [program, "eval", str(model.path), str(MOLECULES), "--json", "-o", str(tmp_path / "results.extxyz")]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    frames = ase.io.read(tmp_path / "results.extxyz", ":")
    assert len(frames) == len(report["frames"]) > 3
    for row, frame in zip(report["frames"], frames, strict=True):
        results = evaluate(model, frame)
        assert results.energy == pytest.approx(row["energy"], rel=1e-12)
        np.testing.assert_allclose(results.forces, frame.get_forces(), rtol=0, atol=1e-7)
        np.testing.assert_allclose(results.virial.ravel(), np.ravel(frame.info["virial"]), rtol=0, atol=1e-7)


def test_a_batch_gives_the_bits_of_its_systems_one_by_one(model: mlffgen.Model, structures: Structures) -> None:
    alone = [evaluate(model, atoms) for atoms in structures]
    batch = model.evaluate_batch(
        [a.positions for a in structures], [a.numbers for a in structures], [a.cell.array for a in structures],
        [a.pbc for a in structures],
    )  # fmt: skip
    assert len(batch) == len(structures)
    assert all(same(a, b) for a, b in zip(alone, batch, strict=True))
    assert same(batch[-1], alone[-1])
    with pytest.raises(IndexError):
        batch[len(structures)]


def test_joined_systems_give_the_bits_of_separate_ones(model: mlffgen.Model, structures: Structures) -> None:
    cells = [a.cell.array if a.pbc.all() else None for a in structures]
    free = [atoms.copy() for atoms in structures]
    separate = model.evaluate_batch([a.positions for a in free], [a.numbers for a in free], cells)
    joined = model.evaluate_batch(
        np.concatenate([a.positions for a in free]), np.concatenate([a.numbers for a in free]), cells,
        system_begin=np.cumsum([0, *map(len, free)]),
    )  # fmt: skip
    assert np.array_equal(separate.energies, joined.energies)
    assert np.array_equal(separate.forces, joined.forces)
    assert np.array_equal(separate.virials, joined.virials)


def test_without_pbc_a_cell_means_periodic_in_full(model: mlffgen.Model, structures: Structures) -> None:
    box = next(atoms for atoms in structures if atoms.pbc.all())
    implied = model.evaluate(box.positions, box.numbers, box.cell.array)
    assert same(implied, evaluate(model, box))
    alone = model.evaluate(box.positions, box.numbers)
    assert implied.energy != alone.energy
    assert same(model.evaluate(box.positions, box.numbers, box.cell.array, False), alone)


def test_less_is_computed_with_the_same_bits(model: mlffgen.Model, structures: Structures) -> None:
    for atoms in structures:
        both = evaluate(model, atoms)
        energy = evaluate(model, atoms, forces=False, virial=False)
        assert energy.energy == both.energy and np.array_equal(energy.atom_energies, both.atom_energies)
        assert energy.forces is None and energy.virial is None
        assert np.array_equal(evaluate(model, atoms, virial=False).forces, both.forces)
        assert np.array_equal(evaluate(model, atoms, forces=False).virial, both.virial)
        assert both.atom_energies.sum() == pytest.approx(both.energy, rel=1e-12)


def test_any_array_that_holds_the_numbers_will_do(model: mlffgen.Model, structures: Structures) -> None:
    atoms = structures[1]
    expected = model.evaluate(atoms.positions, atoms.numbers)
    strided = np.zeros((len(atoms), 6))[:, ::2]
    strided[:] = atoms.positions
    for positions in (atoms.positions.tolist(), np.asfortranarray(atoms.positions), strided):
        for numbers in (atoms.numbers.tolist(), atoms.numbers.astype(np.uint8)):
            assert same(model.evaluate(positions, numbers), expected)


def test_an_empty_batch_has_empty_results(model: mlffgen.Model) -> None:
    results = model.evaluate_batch([], [])
    assert len(results) == 0 and results.forces.shape == (0, 3) and results.virials.shape == (0, 3, 3)


def test_results_in_ev_and_angstrom(kcal_model: Path, structures: Structures) -> None:
    with mlffgen.Model(kcal_model) as model:
        units = model.info.units
        own = evaluate(model, structures[1])
        ours = own.to_ev_angstrom()
        box = structures[4]
        batch = model.evaluate_batch([box.positions], [box.numbers], [box.cell.array])
    assert (units.length, units.energy) == ("bohr", "kcal/mol")
    kcal, bohr = 4184 / (6.02214076e23 * 1.602176634e-19), 0.529177210903
    assert ours.energy == pytest.approx(own.energy * kcal, rel=1e-14)
    np.testing.assert_allclose(ours.forces, own.forces * kcal / bohr, rtol=1e-14)
    np.testing.assert_allclose(ours.virial, own.virial * kcal, rtol=1e-14)
    assert (ours.units.length, ours.units.energy) == ("angstrom", "eV")
    np.testing.assert_allclose(batch.to_ev_angstrom()[0].virial, batch[0].to_ev_angstrom().virial, rtol=1e-14)


def test_threads_change_no_bit(float_model: Path, structures: Structures) -> None:
    results = []
    for threads in (1, 2, 3):
        with mlffgen.Model(float_model, threads=threads) as model:
            results.append(evaluate(model, structures[-1]))
    assert same(results[0], results[1]) and same(results[0], results[2])


def test_one_model_in_several_threads(model: mlffgen.Model, structures: Structures) -> None:
    expected = [evaluate(model, atoms) for atoms in structures]
    wrong: list[object] = []

    def work(seed: int) -> None:
        for k in np.random.default_rng(seed).integers(len(structures), size=30):
            try:
                if not same(evaluate(model, structures[k]), expected[k]):
                    wrong.append(k)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert model.statistics.calls == len(structures) + 4 * 30


def test_info_and_memory(model: mlffgen.Model, double_model: Path, structures: Structures) -> None:
    info = model.info
    assert (info.name, info.precision, info.cuda_device, info.cutoff) == ("painn-untrained", "float", None, 5.0)
    assert info.elements == (1, 6, 8) and info.device.startswith("host (")
    before = model.memory
    evaluate(model, structures[-1])
    assert 0 < before.held < model.memory.held
    assert before.per_atom > 0 and before.per_pair > 0
    assert model.statistics.pairs > 0
    with mlffgen.Model(double_model, precision="double") as other:
        assert other.info.precision == "double"
    # An atom alone has its element's energy and what the network adds to it.
    alone = model.evaluate([[0, 0, 0]], [8])
    assert np.array_equal(alone.forces, np.zeros((1, 3))) and np.isfinite(alone.energy)
    assert len(info.element_energies) == len(info.elements)


def test_a_closed_model_refuses_and_a_lost_one_is_given_back(float_model: Path, structures: Structures) -> None:
    model = mlffgen.Model(float_model)
    model.close()
    model.close()
    for call in (lambda: evaluate(model, structures[0]), model.check, lambda: model.memory, lambda: model.statistics):
        with pytest.raises(mlffgen.InvalidArgumentError, match="closed"):
            call()
    lost = mlffgen.Model(float_model)
    destroyed = lost._destroy
    del lost
    gc.collect()
    assert not destroyed.alive


def test_a_model_is_copied_by_loading_its_file(
    double_model: Path, structures: Structures, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with mlffgen.Model(double_model, threads=2) as model:
        expected = evaluate(model, structures[0])
        data = pickle.dumps(model)
        copied = copy.deepcopy(model)
    monkeypatch.chdir(tmp_path)  # the path that is kept is absolute
    for other in (copied, pickle.loads(data)):
        assert same(evaluate(other, structures[0]), expected)
        assert other._settings["threads"] == 2


def test_a_forked_process_is_told_and_not_left_hanging(model: mlffgen.Model) -> None:
    child = os.fork()
    if child == 0:
        try:
            model.evaluate([[0, 0, 0]], [8])
        except mlffgen.UnsupportedError:
            os._exit(3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert model.evaluate([[0, 0, 0]], [8]).energy != 0


def test_the_version_is_that_of_the_program() -> None:
    command = [os.environ["MLFFGEN_PROGRAM"], "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == f"mlffgen {mlffgen.version()}\n"
