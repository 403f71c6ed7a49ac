"""Programs of the language of models for SchNetPack's networks (docs/language.md).

A network as SchNetPack builds it by default is a built-in architecture; any other gets a program of its own, with the
equations of models/architectures/painn-schnetpack.yaml and schnet.yaml and the settings at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .schnetpack_parts import Basis, Dense, Envelope

_REPRESENTATION = "representation"
_BUILTIN_ENERGY = ['+ weight("postprocessors.1.mean", 1, initial="zero")']


@dataclass
class Network:
    """A representation and its energy, as the programs need it.

    nets          the dense layers of one block: "inter" and "intra" of PaiNN, "in2f", "f2out" and "filter" of SchNet
    readout_path  of the modules in `readout`
    energy_steps  what is done to an atom's energy behind the readout, in order, such as '+ weight("...", 1)'
    """

    kind: str
    features: int
    layers: int
    embedding: str
    rows: int
    basis: Basis
    envelope: Envelope
    nets: dict[str, tuple[Dense, ...]]
    shared_interactions: bool
    shared_filters: bool = False
    filters: int = 0
    epsilon: float = 0.0
    readout: tuple[Dense, ...] = ()
    readout_path: str = ""
    energy_steps: list[str] = field(default_factory=list)


def _is_default(network: Network, activation: str) -> bool:
    """Whether all that the two built-in architectures have in common is as they have it."""
    # Their limits: models/architectures.
    small = network.features <= 1024 and network.layers <= 16 and 2 <= network.basis.count <= 256
    readout = network.readout
    return (
        small
        and network.embedding.startswith("embedding(")
        and network.basis.kind.startswith("GaussianRBF")
        and network.envelope.kind == "CosineCutoff"
        and not (network.shared_interactions or network.shared_filters)
        and all(_is_pair(net, activation) for name, net in network.nets.items() if name != "in2f")
        and network.readout_path == "output_modules.0.outnet"
        and _is_pair(readout, "silu({x})")
        and readout[0].outputs <= 1024
        and network.energy_steps == _BUILTIN_ENERGY
    )


def _is_pair(net: tuple[Dense, ...], activation: str) -> bool:
    return len(net) == 2 and all(layer.bias for layer in net) and [d.activation for d in net] == [activation, "{x}"]


def _builtin_parameters(network: Network) -> dict[str, int]:
    return {
        "features": network.features,
        "layers": network.layers,
        "gaussians": network.basis.count,
        "readout": network.readout[0].outputs,
    }


def builtin_painn(network: Network) -> tuple[str, dict[str, int]] | None:
    """Name and parameters of the built-in architecture that the network is; None if it is another."""
    hidden = {net[0].outputs for net in network.nets.values()}
    if not _is_default(network, "silu({x})") or network.epsilon != 1e-8 or hidden != {network.features}:
        return None
    return "painn-schnetpack", _builtin_parameters(network)


def builtin_schnet(network: Network) -> tuple[str, dict[str, int]] | None:
    """As builtin_painn()."""
    if not _is_default(network, "shifted_softplus({x})") or network.nets["in2f"][0] != Dense(
        network.filters, False, "{x}"
    ):
        return None
    if network.nets["filter"][0].outputs != network.filters or network.nets["f2out"][0].outputs != network.features:
        return None
    if network.filters > 1024:
        return None
    return "schnet", {**_builtin_parameters(network), "filters": network.filters}


def _dense(x: str, layer: Dense, name: str) -> str:
    """One layer as an expression."""
    bias = "" if layer.bias else ", bias=false"
    return layer.activation.format(x=f'linear({x}, "{name}", {layer.outputs}{bias})', name=name)


def _network(target: str, x: str, net: tuple[Dense, ...], name: str) -> list[str]:
    """Statements that run x through the layers of a Sequential."""
    lines = []
    for k, layer in enumerate(net):
        lines.append(f"{target} = {_dense(x, layer, f'{name}.{k}')}")
        x = target
    return lines


def _indented(lines: list[str]) -> list[str]:
    return ["  " + line for line in lines]


def _start(network: Network) -> list[str]:
    return [
        f"features = {network.features}",
        f"layers = {network.layers}",
        *([f"gaussians = {network.basis.count}"] if network.basis.kind.startswith("Gaussian") else []),
        "",
        *network.envelope.helpers,
        f"s = {network.embedding}",
        f"rbf = {network.basis.expression}",
        f"f_cut = {network.envelope.expression}",
    ]


def _energy(network: Network) -> list[str]:
    lines = ["", *_network("e", "s", network.readout, network.readout_path)]
    lines += [f"e = e {step}" for step in network.energy_steps]
    return [*lines, "energy = sum_i(e)"]


def painn_program(network: Network) -> list[str]:
    """PaiNN: eq. 7 to 10 of arXiv 2102.03150 with the network's own settings."""
    filters = f'linear(rbf, "{_REPRESENTATION}.filter_net", {{}}) * f_cut'
    if network.shared_filters:
        w, w_k = f"w = {filters.format('3 * features')}", "w"
    else:
        w, w_k = f"w = split({filters.format('3 * features * layers')}, layers)", "w[k]"
    k = "0" if network.shared_interactions else "{k}"
    inter = f"{_REPRESENTATION}.interactions.{k}.interatomic_context_net"
    mixing = f"{_REPRESENTATION}.mixing.{k}"
    layer = [
        "# Message.",
        *_network("x", "s", network.nets["inter"], inter),
        f"a, b, c = split(x[j] * {w_k}, 3)",
        "s += sum_j(a)",
        "v += sum_j(b * direction + c * v[j])",
        "",
        '# Update ("mixing").',
        f'V, W = split(mix(v, "{mixing}.mu_channel_mix", 2 * features), 2)',
        f"x = concat(s, norm(V, {network.epsilon!r}))",
        *_network("x", "x", network.nets["intra"], f"{mixing}.intraatomic_context_net"),
        "a, b, c = split(x, 3)",
        "s += a + c * dot(V, W)",
        "v += b * W",
    ]
    return [
        *_start(network),
        "v = zeros(vector, features)",
        w,
        "",
        "for k in layers:",
        *_indented(layer),
        *_energy(network),
    ]


def schnet_program(network: Network) -> list[str]:
    """SchNet: continuous-filter convolutions (J. Chem. Phys. 148, 241722, 2018) with the network's own settings."""
    k = "0" if network.shared_interactions else "{k}"
    name = f"{_REPRESENTATION}.interactions.{k}"
    (in2f,) = network.nets["in2f"]
    layer = [
        *_network("w", "rbf", network.nets["filter"], f"{name}.filter_network"),
        f"x = {_dense('s', in2f, f'{name}.in2f')}",
        "x = sum_j(x[j] * (w * f_cut))",
        *_network("x", "x", network.nets["f2out"], f"{name}.f2out"),
        "s += x",
    ]
    return [*_start(network), "", "for k in layers:", *_indented(layer), *_energy(network)]
