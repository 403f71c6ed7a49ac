"""SchNetPack's modules by name, in PyTorch of our own: what torch.save writes of them has the names that SchNetPack's
files have, and their forward gives the truth that an imported model is held against.

Names of classes, attributes, weights and inputs are those of SchNetPack 2.1; the networks are written from the papers
(PaiNN: arXiv 2102.03150; SchNet: J. Chem. Phys. 148, 241722; DimeNet's basis: arXiv 2003.03123). F features, P pairs, N
atoms, M systems. A batch is a dictionary with "_atomic_numbers" [N], "_positions" [N][3], "_offsets" [P][3], "_idx_i"
and "_idx_j" [P], "_idx_m" [N], "_n_atoms" [M].
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch.nn import functional

Batch = dict[str, Any]


def _placed(module_name: str) -> Callable[[Any], Any]:
    """A class or function that lives in schnetpack.<module_name>, as far as pickle can see."""

    def place(thing: Any) -> Any:
        parts = ["schnetpack", *module_name.split(".")]
        for k in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:k]), types.ModuleType(".".join(parts[:k])))
        thing.__module__ = ".".join(parts)
        setattr(sys.modules[thing.__module__], thing.__name__, thing)
        return thing

    return place


def _sum_over(values: Tensor, index: Tensor, count: int) -> Tensor:
    return torch.zeros((count, *values.shape[1:]), dtype=values.dtype).index_add(0, index, values)


@_placed("nn.activations")
def shifted_softplus(x: Tensor) -> Tensor:
    return functional.softplus(x) - math.log(2)


@_placed("nn.activations")
class ShiftedSoftplus(nn.Module):
    def __init__(self, alpha: float, beta: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([alpha]))
        self.beta = nn.Parameter(torch.tensor([beta]))

    def forward(self, x: Tensor) -> Tensor:
        return self.alpha / self.beta * shifted_softplus(self.beta * x)


@_placed("nn.base")
class Dense(nn.Linear):
    def __init__(
        self, n_in: int, n_out: int, bias: bool = True, activation: Optional[Callable[..., Any]] = None
    ) -> None:
        self.weight_init, self.bias_init = nn.init.xavier_uniform_, nn.init.zeros_
        super().__init__(n_in, n_out, bias)
        self.activation = nn.Identity() if activation is None else activation

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(super().forward(x))


def chain(widths: list[int], activation: Optional[Callable[..., Any]], last_bias: bool = True) -> nn.Sequential:
    """Dense layers, the activation behind all but the last."""
    last = len(widths) - 2
    return nn.Sequential(
        *(
            Dense(widths[k], widths[k + 1], last_bias or k < last, None if k == last else activation)
            for k in range(last + 1)
        )
    )


class _Gaussians(nn.Module):
    def __init__(self, offsets: Tensor, widths: Tensor, trainable: bool) -> None:
        super().__init__()
        self.n_rbf = len(offsets)
        for name, values in (("widths", widths), ("offsets", offsets)):
            if trainable:
                self.register_parameter(name, nn.Parameter(values))
            else:
                self.register_buffer(name, values)

    def forward(self, r: Tensor) -> Tensor:
        return torch.exp(-0.5 * ((r[..., None] - self.offsets) / self.widths) ** 2)


@_placed("nn.radial")
class GaussianRBF(_Gaussians):
    def __init__(self, n_rbf: int, cutoff: float, start: float = 0.0, trainable: bool = False) -> None:
        offsets = torch.linspace(start, cutoff, n_rbf)
        super().__init__(offsets, (offsets[1] - offsets[0]).abs() * torch.ones(n_rbf), trainable)


@_placed("nn.radial")
class GaussianRBFCentered(_Gaussians):
    def __init__(self, n_rbf: int, cutoff: float, start: float = 1.0, trainable: bool = False) -> None:
        super().__init__(torch.zeros(n_rbf), torch.linspace(start, cutoff, n_rbf), trainable)


@_placed("nn.radial")
class BesselRBF(nn.Module):
    def __init__(self, n_rbf: int, cutoff: float) -> None:
        super().__init__()
        self.n_rbf = n_rbf
        self.register_buffer("freqs", torch.arange(1, n_rbf + 1) * math.pi / cutoff)

    def forward(self, r: Tensor) -> Tensor:
        return torch.sin(r[..., None] * self.freqs) / r[..., None]


@_placed("nn.cutoff")
class CosineCutoff(nn.Module):
    def __init__(self, cutoff: float) -> None:
        super().__init__()
        self.register_buffer("cutoff", torch.tensor([cutoff]))

    def forward(self, r: Tensor) -> Tensor:
        return torch.where(r < self.cutoff, (torch.cos(math.pi * r / self.cutoff) + 1) / 2, torch.zeros_like(r))


@_placed("nn.cutoff")
class MollifierCutoff(nn.Module):
    def __init__(self, cutoff: float, eps: float = 1e-7) -> None:
        super().__init__()
        self.register_buffer("cutoff", torch.tensor([cutoff]))
        self.register_buffer("eps", torch.tensor([eps]))

    def forward(self, r: Tensor) -> Tensor:
        inside = r + self.eps < self.cutoff
        x = torch.where(inside, r / self.cutoff, torch.zeros_like(r))
        return torch.where(inside, torch.exp(1 - 1 / (1 - x**2)), torch.zeros_like(r))


@_placed("nn.cutoff")
class SwitchFunction(nn.Module):
    def __init__(self, switch_on: float, switch_off: float) -> None:
        super().__init__()
        self.register_buffer("switch_on", torch.tensor([switch_on]))
        self.register_buffer("switch_off", torch.tensor([switch_off]))

    def forward(self, r: Tensor) -> Tensor:
        x = (r - self.switch_on) / (self.switch_off - self.switch_on)
        inside = (x > 0) & (x < 1)
        y = torch.where(inside, x, torch.full_like(x, 0.5))
        rise, fall = torch.exp(-1 / y), torch.exp(-1 / (1 - y))
        return torch.where(inside, fall / (rise + fall), (x <= 0).to(x.dtype))


@_placed("nn.embedding")
class NuclearEmbedding(nn.Module):
    """A table, and a linear map of a table of electron configurations (random numbers here)."""

    def __init__(self, max_z: int, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.register_buffer("electron_config", torch.rand(max_z, 6))
        self.element_embedding = nn.Parameter(torch.zeros(max_z, num_features))
        self.register_buffer("embedding", torch.zeros(max_z, num_features), persistent=False)
        self.config_linear = nn.Linear(6, num_features, bias=False)

    def forward(self, numbers: Tensor) -> Tensor:
        return (self.element_embedding + self.config_linear(self.electron_config))[numbers]


@_placed("nn.embedding")
class ElectronicEmbedding(nn.Module):
    pass


def _blocks(make: Callable[[], nn.Module], count: int, shared: bool) -> nn.ModuleList:
    return nn.ModuleList([make()] * count if shared else [make() for _ in range(count)])


class _Representation(nn.Module):
    def _start(
        self, n_atom_basis: int, radial_basis: nn.Module, cutoff_fn: nn.Module, embedding: Optional[nn.Module]
    ) -> None:
        self.n_atom_basis = n_atom_basis
        self.cutoff_fn = cutoff_fn
        self.cutoff = getattr(cutoff_fn, "cutoff", None)
        self.radial_basis = radial_basis
        self.embedding = nn.Embedding(100, n_atom_basis) if embedding is None else embedding
        self.electronic_embeddings = nn.ModuleList()


@_placed("representation.painn")
class PaiNNInteraction(nn.Module):
    def __init__(self, n_atom_basis: int, activation: Callable[..., Any]) -> None:
        super().__init__()
        self.n_atom_basis = n_atom_basis
        self.interatomic_context_net = chain([n_atom_basis, n_atom_basis, 3 * n_atom_basis], activation)


@_placed("representation.painn")
class PaiNNMixing(nn.Module):
    def __init__(self, n_atom_basis: int, activation: Callable[..., Any], epsilon: float) -> None:
        super().__init__()
        self.n_atom_basis, self.epsilon = n_atom_basis, epsilon
        self.intraatomic_context_net = chain([2 * n_atom_basis, n_atom_basis, 3 * n_atom_basis], activation)
        self.mu_channel_mix = Dense(n_atom_basis, 2 * n_atom_basis, bias=False)


@_placed("representation.painn")
class PaiNN(_Representation):
    def __init__(
        self,
        n_atom_basis: int,
        n_interactions: int,
        radial_basis: nn.Module,
        cutoff_fn: nn.Module,
        activation: Any = functional.silu,
        shared_interactions: bool = False,
        shared_filters: bool = False,
        epsilon: float = 1e-8,
        nuclear_embedding: Optional[nn.Module] = None,
    ) -> None:
        super().__init__()
        self._start(n_atom_basis, radial_basis, cutoff_fn, nuclear_embedding)
        self.n_interactions, self.share_filters = n_interactions, shared_filters
        self.filter_net = Dense(radial_basis.n_rbf, 3 * n_atom_basis * (1 if shared_filters else n_interactions))
        self.interactions = _blocks(
            lambda: PaiNNInteraction(n_atom_basis, activation), n_interactions, shared_interactions
        )
        self.mixing = _blocks(
            lambda: PaiNNMixing(n_atom_basis, activation, epsilon), n_interactions, shared_interactions
        )

    def forward(self, batch: Batch) -> Batch:
        i, j, r = batch["_idx_i"], batch["_idx_j"], batch["_Rij"]
        f, n = self.n_atom_basis, len(batch["_atomic_numbers"])
        distance = r.norm(dim=1)
        u = r / distance[:, None]
        filters = (
            self.filter_net(self.radial_basis(distance)) * self.cutoff_fn(distance)[:, None]
        )  # [P][3F or 3F layers]
        s = self.embedding(batch["_atomic_numbers"])  # [N][F]
        v = torch.zeros((n, 3, f), dtype=s.dtype)
        for k in range(self.n_interactions):
            w = filters if self.share_filters else filters[:, 3 * f * k : 3 * f * (k + 1)]
            a, b, c = (self.interactions[k].interatomic_context_net(s)[j] * w).split(f, dim=1)
            message = b[:, None] * u[:, :, None] + c[:, None] * v[j]
            s, v = s + _sum_over(a, i, n), v + _sum_over(message, i, n)
            left, right = self.mixing[k].mu_channel_mix(v).split(f, dim=2)
            norm = ((left**2).sum(1) + self.mixing[k].epsilon).sqrt()
            a, b, c = self.mixing[k].intraatomic_context_net(torch.cat([s, norm], 1)).split(f, dim=1)
            s, v = s + a + c * (left * right).sum(1), v + b[:, None] * right
        return {**batch, "scalar_representation": s, "vector_representation": v}


@_placed("representation.schnet")
class SchNetInteraction(nn.Module):
    def __init__(self, n_atom_basis: int, n_rbf: int, n_filters: int, activation: Callable[..., Any]) -> None:
        super().__init__()
        self.in2f = Dense(n_atom_basis, n_filters, bias=False)
        self.f2out = chain([n_filters, n_atom_basis, n_atom_basis], activation)
        self.filter_network = chain([n_rbf, n_filters, n_filters], activation)


@_placed("representation.schnet")
class SchNet(_Representation):
    def __init__(
        self,
        n_atom_basis: int,
        n_interactions: int,
        radial_basis: nn.Module,
        cutoff_fn: nn.Module,
        n_filters: Optional[int] = None,
        shared_interactions: bool = False,
        activation: Any = shifted_softplus,
        nuclear_embedding: Optional[nn.Module] = None,
    ) -> None:
        super().__init__()
        self._start(n_atom_basis, radial_basis, cutoff_fn, nuclear_embedding)
        self.n_filters = n_filters or n_atom_basis
        self.interactions = _blocks(
            lambda: SchNetInteraction(n_atom_basis, radial_basis.n_rbf, self.n_filters, activation),
            n_interactions,
            shared_interactions,
        )

    def forward(self, batch: Batch) -> Batch:
        distance = batch["_Rij"].norm(dim=1)
        basis, envelope = self.radial_basis(distance), self.cutoff_fn(distance)[:, None]
        s = self.embedding(batch["_atomic_numbers"])
        for block in self.interactions:
            message = block.in2f(s)[batch["_idx_j"]] * block.filter_network(basis) * envelope
            s = s + block.f2out(_sum_over(message, batch["_idx_i"], len(s)))
        return {**batch, "scalar_representation": s}


@_placed("atomistic.distances")
class PairwiseDistances(nn.Module):
    def forward(self, batch: Batch) -> Batch:
        x = batch["_positions"]
        return {**batch, "_Rij": x[batch["_idx_j"]] - x[batch["_idx_i"]] + batch["_offsets"]}


@_placed("atomistic.atomwise")
class Atomwise(nn.Module):
    def __init__(
        self,
        n_in: int,
        n_hidden: Optional[list[int]] = None,
        n_layers: int = 2,
        activation: Any = functional.silu,
        aggregation_mode: Optional[str] = "sum",
        output_key: str = "energy",
        per_atom_output_key: Optional[str] = None,
        n_out: int = 1,
        last_bias: bool = True,
    ) -> None:
        super().__init__()
        self.output_key, self.per_atom_output_key = output_key, per_atom_output_key
        self.model_outputs = [output_key]
        self.n_out, self.aggregation_mode = n_out, aggregation_mode
        hidden = n_hidden or [max(n_out, n_in // 2**k) for k in range(1, n_layers)]
        self.outnet = chain([n_in, *hidden, n_out], activation, last_bias)

    def forward(self, batch: Batch) -> Batch:
        of_atoms = self.outnet(batch["scalar_representation"])
        energy = _sum_over(of_atoms, batch["_idx_m"], len(batch["_n_atoms"]))
        return {**batch, self.output_key: energy.squeeze(-1)}


@_placed("atomistic.atomwise")
class DipoleMoment(nn.Module):
    pass


@_placed("atomistic.response")
class Forces(nn.Module):
    """Tests differentiate the energy by themselves."""

    def __init__(self, calc_forces: bool = True, energy_key: str = "energy", force_key: str = "forces") -> None:
        super().__init__()
        self.calc_forces, self.calc_stress = calc_forces, False
        self.energy_key, self.force_key, self.stress_key = energy_key, force_key, "stress"
        self.model_outputs, self.required_derivatives = [force_key], ["_positions"]

    def forward(self, batch: Batch) -> Batch:
        return batch


@_placed("atomistic.response")
class Strain(nn.Module):
    def forward(self, batch: Batch) -> Batch:
        return batch


@_placed("transform.casting")
class CastTo64(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.type_map = {"float32": "float64"}

    def forward(self, batch: Batch) -> Batch:
        return {key: value.double() if value.dtype == torch.float32 else value for key, value in batch.items()}


@_placed("transform.atomistic")
class AddOffsets(nn.Module):
    def __init__(
        self,
        property: str = "energy",
        mean: Optional[Tensor] = None,
        atomrefs: Optional[Tensor] = None,
        is_extensive: bool = True,
    ) -> None:
        super().__init__()
        self._property, self.is_extensive = property, is_extensive
        self.add_mean, self.add_atomrefs = mean is not None, atomrefs is not None
        self.register_buffer("atomref", torch.zeros(100) if atomrefs is None else atomrefs)
        self.register_buffer("mean", torch.zeros(1) if mean is None else mean)

    def forward(self, batch: Batch) -> Batch:
        energy = batch[self._property]
        if self.add_mean:
            energy = energy + self.mean * batch["_n_atoms"]
        if self.add_atomrefs:
            energy = energy + _sum_over(self.atomref[batch["_atomic_numbers"]], batch["_idx_m"], len(energy))
        return {**batch, self._property: energy}


@_placed("transform.atomistic")
class ScaleProperty(nn.Module):
    def __init__(self, input_key: str, scale: float, output_key: Optional[str] = None) -> None:
        super().__init__()
        self.input_key, self.output_key = input_key, output_key or input_key
        self.register_buffer("scale", torch.tensor([scale]))

    def forward(self, batch: Batch) -> Batch:
        if self.input_key not in batch:
            return batch  # forces, which tests compute by themselves
        return {**batch, self.output_key: batch[self.input_key] * self.scale}


@_placed("model.base")
class NeuralNetworkPotential(nn.Module):
    def __init__(
        self,
        representation: nn.Module,
        output_modules: list[nn.Module],
        postprocessors: Optional[list[nn.Module]] = None,
        input_modules: Optional[list[nn.Module]] = None,
        do_postprocessing: bool = True,
    ) -> None:
        super().__init__()
        self.input_dtype_str, self.do_postprocessing = "float32", do_postprocessing
        self.postprocessors = nn.ModuleList(postprocessors or [])
        self.representation = representation
        self.input_modules = nn.ModuleList(input_modules or [PairwiseDistances()])
        self.output_modules = nn.ModuleList(output_modules)
        self.required_derivatives, self.model_outputs = ["_positions"], ["energy", "forces"]
        self.spk_version = "2.1.1"

    def forward(self, batch: Batch) -> Batch:
        for module in [*self.input_modules, self.representation, *self.output_modules]:
            batch = module(batch)
        for module in self.postprocessors if self.do_postprocessing else []:
            batch = module(batch)
        return batch
