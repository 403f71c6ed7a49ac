"""Models of SchNetPack 2: from the tree of modules to a program of mlffgen.

K. T. Schuett et al., "SchNetPack 2.0: A neural network toolbox for atomistic machine learning", J. Chem. Phys. 158,
144801 (2023). A model is a NeuralNetworkPotential: distances, a representation (PaiNN or SchNet), output modules, and
postprocessors that bring the energy to the scale of the data. Every module and every weight is accounted for: what is
not known is refused by name, as is what changes the energy in a way that the language of models does not have.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from .errors import ImportRefused, quote
from .model import Imported
from .module_tree import Module
from .schnetpack_parts import (
    Dense,
    Weights,
    read_basis,
    read_dense,
    read_denses,
    read_embedding,
    read_envelope,
)
from .schnetpack_program import Network, builtin_painn, builtin_schnet, painn_program, schnet_program
from .torch_file import TorchFile, read_torch_file

_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")


def import_schnetpack(data: bytes) -> Imported:
    """The model in the bytes of a file of torch.save. Raises ImportRefused."""
    file = read_torch_file(data)
    _check_root(file)
    model = Module(file.root)
    model.expect("schnetpack.model.base.NeuralNetworkPotential")
    model.expect_children("postprocessors", "representation", "input_modules", "output_modules")
    weights = Weights(file, model)
    _check_inputs(model)
    representation = model.child("representation")
    shared: set[str] = set()
    if representation.kind == "schnetpack.representation.painn.PaiNN":
        network = _read_painn(representation, weights, shared)
    elif representation.kind == "schnetpack.representation.schnet.SchNet":
        network = _read_schnet(representation, weights, shared)
    else:
        raise representation.refusal(
            f"the representation {representation.kind} cannot be imported; PaiNN and SchNet can"
        )
    notes: list[str] = []
    elements = _read_energy(model, network, weights, notes)
    weights.check_none_is_unknown(shared)
    return _imported(model, network, weights, elements, notes, len(shared))


def _check_root(file: TorchFile) -> None:
    """A file that holds something else than a model gets a word on what to import instead."""
    if type(file.root) is not dict:
        return
    if "state_dict" in file.root or "pytorch-lightning_version" in file.root:
        raise ImportRefused(
            "a checkpoint of PyTorch Lightning, not a model: import the file best_model of the same run"
        )
    raise ImportRefused(
        "a table of weights without the modules that use them: save the whole model, torch.save(model, 'best_model')"
    )


def _imported(
    model: Module, network: Network, weights: Weights, elements: list[int], notes: list[str], n_shared: int
) -> Imported:
    """Chooses a built-in architecture where the network is one, and writes its program where it is not."""
    version = model.optional("spk_version")
    if type(version) is not str or not _VERSION.fullmatch(version):
        version = "2"
    out = Imported(f"SchNetPack {version}", network.kind, network.envelope.radius, network.rows, elements=elements)
    builtin, program = (builtin_painn, painn_program) if network.kind == "PaiNN" else (builtin_schnet, schnet_program)
    found = builtin(network)
    if found:
        out.architecture, out.parameters = found
    else:
        out.program = program(network)
    out.weights, out.left_out, out.notes = weights.used, weights.left_out(), notes
    if n_shared:
        out.notes.append(
            f"layers share their weights: {n_shared} further names of the same tensors are not written again"
        )
    out.facts = {
        "layers": network.layers,
        "features": network.features,
        "basis": f"{network.basis.count} {network.basis.kind}",
        "cutoff_function": network.envelope.kind,
        "shared_interactions": network.shared_interactions,
        "output_layers": len(network.readout),
    }
    if network.kind == "PaiNN":
        out.facts |= {"shared_filters": network.shared_filters, "epsilon": network.epsilon}
    else:
        out.facts["filters"] = network.filters
    return out


def _check_inputs(model: Module) -> None:
    """Before the representation only distances are made (and a strain put on them, for stresses)."""
    for module in model.child_list("input_modules"):
        if module.kind not in (
            "schnetpack.atomistic.distances.PairwiseDistances",
            "schnetpack.atomistic.response.Strain",
        ):
            raise module.refusal(f"the input module {module.kind} cannot be imported")


# Representations.


def _layers(parent: Module, name: str, weights: Weights, shared: set[str]) -> tuple[list[Module], bool]:
    """The blocks of a representation, one where all are the same object, and whether they are."""
    blocks = parent.child_list(name)
    if not blocks:
        raise parent.refusal(f"no {name}: a network without layers cannot be imported")
    first = blocks[0].record
    if len(blocks) > 1 and all(block.record is first for block in blocks):
        for block in blocks[1:]:
            shared.update(weights.names_below(block.path))
        return blocks[:1], True
    if len({id(block.record) for block in blocks}) != len(blocks):
        raise parent.refusal(f"some but not all of its {name} share their weights, which cannot be imported")
    return blocks, False


def _same(module: Module, what: str, values: list[object]) -> None:
    if any(value != values[0] for value in values):
        raise module.refusal(f"its layers differ in {what}, which cannot be imported")


def _features(representation: Module) -> int:
    features = representation.attribute("n_atom_basis", int)
    if features < 1:
        raise representation.refusal(f"{features} features")
    electronic = representation.children().get("electronic_embeddings")
    if electronic is not None and electronic.children():
        kinds = ", ".join(module.short_kind for module in electronic.children().values())
        raise electronic.refusal(
            f"embeddings of the total charge or spin ({kinds}) cannot be imported: a model of mlffgen sees elements and"
            " positions"
        )
    return features


def _network(module: Module, kind: str, weights: Weights) -> Network:
    """What every representation has: its embedding, its basis and its cutoff function. The layers are yet to come."""
    features = _features(module)
    embedding, rows = read_embedding(module.child("embedding"), features, weights)
    basis = read_basis(module.child("radial_basis"), weights)
    envelope = read_envelope(module.child("cutoff_fn"), weights)
    n_layers = len(module.child_list("interactions"))
    return Network(kind, features, n_layers, embedding, rows, basis, envelope, nets={}, shared_interactions=False)


def _read_painn(module: Module, weights: Weights, shared: set[str]) -> Network:
    """PaiNN: Schuett, Unke, Gastegger, ICML 2021, arXiv 2102.03150."""
    module.expect_children(
        "cutoff_fn", "radial_basis", "embedding", "electronic_embeddings", "filter_net", "interactions", "mixing"
    )
    network = _network(module, "PaiNN", weights)
    features, n_layers = network.features, network.layers
    interactions, shared_interactions = _layers(module, "interactions", weights, shared)
    mixings, shared_mixings = _layers(module, "mixing", weights, shared)
    if len(module.child_list("mixing")) != n_layers or (shared_interactions != shared_mixings and n_layers > 1):
        raise module.refusal("its interactions and mixings do not go together")
    filters = read_dense(module.child("filter_net"), network.basis.count, weights)
    shared_filters = module.attribute("share_filters", bool)
    wanted = 3 * features * (1 if shared_filters else n_layers)
    if filters.outputs != wanted or filters.activation != "{x}":
        raise module.child("filter_net").refusal(
            f"{filters.outputs} filters, not {wanted}, or an activation behind them"
        )
    nets, epsilons = [], []
    for interaction, mixing in zip(interactions, mixings):
        interaction.expect("schnetpack.representation.painn.PaiNNInteraction")
        interaction.expect_children("interatomic_context_net")
        mixing.expect("schnetpack.representation.painn.PaiNNMixing")
        mixing.expect_children("intraatomic_context_net", "mu_channel_mix")
        mix = read_dense(mixing.child("mu_channel_mix"), features, weights)
        if mix != Dense(2 * features, False, "{x}"):
            raise mixing.child("mu_channel_mix").refusal("a map of vectors with a bias, an activation or another width")
        inter = read_denses(interaction, "interatomic_context_net", features, weights)
        intra = read_denses(mixing, "intraatomic_context_net", 2 * features, weights)
        if inter[-1].outputs != 3 * features or intra[-1].outputs != 3 * features:
            raise interaction.refusal("a context network of another width than three times the features")
        nets.append({"inter": inter, "intra": intra})
        epsilons.append(mixing.attribute("epsilon", float))
    _same(module, "their networks", list(nets))
    _same(module, "their epsilon", list(epsilons))
    if not 0 <= epsilons[0] < np.inf:
        raise mixings[0].refusal(f"epsilon is {epsilons[0]}")
    return replace(
        network,
        nets=nets[0],
        shared_interactions=shared_interactions,
        shared_filters=shared_filters,
        epsilon=epsilons[0],
    )


def _read_schnet(module: Module, weights: Weights, shared: set[str]) -> Network:
    """SchNet: Schuett et al., J. Chem. Phys. 148, 241722 (2018)."""
    module.expect_children("cutoff_fn", "radial_basis", "embedding", "electronic_embeddings", "interactions")
    network = _network(module, "SchNet", weights)
    interactions, shared_interactions = _layers(module, "interactions", weights, shared)
    nets = []
    for interaction in interactions:
        interaction.expect("schnetpack.representation.schnet.SchNetInteraction")
        interaction.expect_children("in2f", "f2out", "filter_network")
        in2f = read_dense(interaction.child("in2f"), network.features, weights)
        f2out = read_denses(interaction, "f2out", in2f.outputs, weights)
        filter_network = read_denses(interaction, "filter_network", network.basis.count, weights)
        if f2out[-1].outputs != network.features or filter_network[-1].outputs != in2f.outputs:
            raise interaction.refusal("its networks' widths do not fit together")
        nets.append({"in2f": (in2f,), "f2out": f2out, "filter": filter_network})
    _same(module, "their networks", list(nets))
    return replace(network, nets=nets[0], shared_interactions=shared_interactions, filters=nets[0]["in2f"][0].outputs)


# The energy.

_OUTPUT_HINT = (
    "models of mlffgen have an energy, its forces and its virial: remove the module from output_modules and save"
)


def _read_energy(model: Module, network: Network, weights: Weights, notes: list[str]) -> list[int]:
    """Fills in the readout and what follows it; the elements that atom references name."""
    outputs = model.child_list("output_modules")
    atomwise = [module for module in outputs if module.short_kind == "Atomwise"]
    if len(atomwise) != 1:
        found = ", ".join(module.kind for module in outputs) or "none"
        raise model.refusal(f"exactly one Atomwise must give the energy; the output modules are {found}")
    key = _read_atomwise(atomwise[0], network, weights, notes)
    forces: Module | None = None
    for module in outputs:
        if module.short_kind == "Forces":
            forces = module
            if module.attribute("energy_key", str) != key:
                raise module.refusal(
                    f"forces of {quote(module.optional('energy_key'))}, not of the energy {quote(key)}"
                )
        elif module.short_kind == "ScaleProperty" and forces is None:
            _read_scale(module, key, network, weights)
        elif module is not atomwise[0]:
            raise module.refusal(f"the output module {module.kind} cannot be imported; {_OUTPUT_HINT}")
    return _read_postprocessors(model, key, forces, network, weights, notes)


def _read_atomwise(module: Module, network: Network, weights: Weights, notes: list[str]) -> str:
    """The energy's key."""
    module.expect("schnetpack.atomistic.atomwise.Atomwise")
    module.expect_children("outnet")
    mode = module.optional("aggregation_mode")
    if mode != "sum":
        raise module.refusal(
            f"the aggregation {quote(mode)} cannot be imported, only 'sum': an energy that is no sum over atoms grows"
            " not with the system, and has no place in dynamics"
        )
    if module.attribute("n_out", int) != 1:
        raise module.refusal(f"{module.optional('n_out')} outputs; an energy is one number")
    network.readout = read_denses(module, "outnet", network.features, weights)
    network.readout_path = module.join("outnet")
    if network.readout[-1].outputs != 1:
        raise module.refusal("its network has more than one output")
    if module.optional("per_atom_output_key") is not None:
        notes.append(f"the output {quote(module.optional('per_atom_output_key'))} of single atoms is not imported")
    return module.attribute("output_key", str)


def _read_scale(module: Module, key: str, network: Network, weights: Weights) -> None:
    """The energy so far is multiplied by a number."""
    if module.attribute("input_key", str) != key or module.attribute("output_key", str) != key:
        raise module.refusal("a ScaleProperty of something else than the energy cannot be imported")
    weights.take(module.join("scale"), (1,))
    network.energy_steps.append(f'* weight("{module.join("scale")}", 1)')


def _read_postprocessors(
    model: Module, key: str, forces: Module | None, network: Network, weights: Weights, notes: list[str]
) -> list[int]:
    """Offsets and scales behind the output modules, unless the file switches them off; returns the elements named."""
    modules = model.child_list("postprocessors")
    elements: list[int] = []
    if not model.attribute("do_postprocessing", bool):
        if modules:
            kinds = ", ".join(module.short_kind for module in modules)
            notes.append(f"postprocessing is switched off in the file (do_postprocessing), so {kinds} are not applied")
        for module in modules:
            for name in module.own_tensors():
                weights.read(name)
        return elements
    scales = [module for module in modules if module.short_kind == "ScaleProperty"]
    for module in modules:
        if module.short_kind in ("CastTo64", "CastTo32", "CastMap") and module.kind.startswith("schnetpack.transform."):
            continue
        if module.short_kind == "AddOffsets":
            elements += _read_offsets(module, key, network, weights)
        elif module.short_kind == "ScaleProperty":
            _check_forces_scale_alike(module, scales, key, forces, weights)
            if module.attribute("input_key", str) == key:
                _read_scale(module, key, network, weights)
        else:
            raise module.refusal(
                f"the postprocessor {module.kind} cannot be imported; AddOffsets, ScaleProperty and casts can"
            )
    return sorted(set(elements))


def _check_forces_scale_alike(
    module: Module, scales: list[Module], key: str, forces: Module | None, weights: Weights
) -> None:
    """Behind the output modules energy and forces are scaled by themselves, and must stay energy and gradient."""
    keys = {key} | ({forces.attribute("force_key", str)} if forces and forces.optional("calc_forces") else set())
    factors = {other.attribute("input_key", str): weights.number(other.join("scale")) for other in scales}
    in_place = all(other.optional("output_key") == other.optional("input_key") for other in scales)
    if set(factors) != keys or len(factors) != len(scales) or len(set(factors.values())) != 1 or not in_place:
        raise module.refusal(
            "a ScaleProperty behind the forces must scale energy and forces alike, or the forces are not the energy's "
            "gradient; put it between Atomwise and Forces"
        )


def _read_offsets(module: Module, key: str, network: Network, weights: Weights) -> list[int]:
    """AddOffsets: a mean energy for each atom, and energies of single atoms by element; the elements of the latter."""
    if module.attribute("_property", str) != key:
        raise module.refusal(f"offsets of {quote(module.optional('_property'))}, not of the energy {quote(key)}")
    if not module.attribute("is_extensive", bool):
        raise module.refusal(
            "offsets with is_extensive=False, the same for a system of any size, cannot be imported: an energy is a sum"
            " over atoms"
        )
    for name in module.own_tensors():
        weights.read(name)
    if module.attribute("add_mean", bool):
        weights.take(module.join("mean"), (1,))
        network.energy_steps.append(f'+ weight("{module.join("mean")}", 1, initial="zero")')
    if not module.attribute("add_atomrefs", bool):
        return []
    references = weights.take(module.join("atomref"), (None,))
    network.rows = min(network.rows, len(references))
    network.energy_steps.append(f'+ per_element(element, "{module.join("atomref")}")')
    return [int(z) for z in np.flatnonzero(references) if z > 0]
