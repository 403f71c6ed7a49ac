"""One training step: loss of forces and energies, AdamW, moving average of the weights; on a GPU as one CUDA graph."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from batches import Batch, DeviceData, Indices, Size
from painn import PaiNN

_WARM_UP_STEPS = 3  # before a capture, so that libraries and the optimiser have their memory


@dataclass(frozen=True)
class LossWeights:
    """Of the Huber losses of force components (eV/angstrom) and energies per atom (eV); linear beyond delta."""

    force: float = 1.0
    energy: float = 20.0
    delta: float = 0.5


def predict(model: PaiNN, batch: Batch, create_graph: bool = False) -> tuple[Tensor, Tensor]:
    """Energies [systems] (eV, less those of the elements) and forces [atoms][3] (eV/angstrom) of a batch."""
    atoms, forces = model.energies_and_forces(
        batch.numbers, batch.centre, batch.neighbour, batch.displacement, batch.real, create_graph
    )
    return torch.zeros_like(batch.energies).index_add(0, batch.system, atoms * batch.atom_real[:, 0]), forces


def loss_of(energies: Tensor, forces: Tensor, batch: Batch, weights: LossWeights) -> Tensor:
    """The loss []: means over the force components and over the systems of a batch."""
    atoms = batch.n_atoms.clamp(min=1.0)
    per_atom = huber_loss(energies / atoms, batch.energies / atoms, reduction="none", delta=weights.delta)
    components = huber_loss(forces, batch.forces, reduction="none", delta=weights.delta) * batch.atom_real
    systems = (batch.n_atoms > 0).to(per_atom.dtype)
    energy = (per_atom * systems).sum() / systems.sum()
    force = components.sum() / (3.0 * batch.atom_real.sum())
    return weights.force * force + weights.energy * energy


class TrainingStep:
    """Model, optimiser and average; a call takes a batch and takes a step.

    model and average change in place. On a GPU the first calls run as they are and the next one is captured, so that
    all sizes must be the same from call to call, as those of Indices are.
    """

    def __init__(self, model: PaiNN, data: DeviceData, size: Size, weights: LossWeights, average_decay: float) -> None:
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(False)
        self._data = data
        self._size = size
        self._weights = weights
        self._decay = average_decay
        self._device = model.embedding.weight.device
        self._parameters = list(model.parameters())
        on_gpu = self._device.type == "cuda"
        # A rate in a tensor can be changed under a captured graph.
        rate = torch.zeros((), device=self._device) if on_gpu else 0.0
        options = {"capturable": True, "fused": True} if on_gpu else {}
        self.optimiser = torch.optim.AdamW(self._parameters, lr=rate, weight_decay=1e-4, **options)
        self._average_weight = torch.zeros((), dtype=model.embedding.weight.dtype, device=self._device)
        self._loss = torch.zeros((), dtype=model.embedding.weight.dtype, device=self._device)
        self._inputs: tuple[Tensor, ...] | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm_up = _WARM_UP_STEPS
        self._losses = 0  # in the sum
        self.steps = 0

    def __call__(self, indices: Indices, rate: float) -> None:
        """One step at a learning rate. Waits for the step before it, not for this one."""
        self._set_inputs(indices)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        # At first the average follows closely, as the first weights are worth nothing.
        self._average_weight.fill_(1.0 - min(self._decay, (1.0 + self.steps) / (10.0 + self.steps)))
        if self._device.type != "cuda":
            self._work()
        elif self._warm_up > 0:
            self._warm_up -= 1
            self._aside()
        else:
            self._replay()
        self.steps += 1
        self._losses += 1

    def mean_loss(self) -> float:
        """The mean of the losses since the last call of this; waits for the device."""
        mean = float(self._loss) / max(self._losses, 1)
        self._loss.zero_()
        self._losses = 0
        return mean

    def _set_inputs(self, indices: Indices) -> None:
        arrays = (indices.atom, indices.system, indices.pair, indices.base)
        if self._inputs is None:
            self._inputs = tuple(torch.from_numpy(array).to(self._device) for array in arrays)
        for tensor, array in zip(self._inputs, arrays):
            tensor.copy_(torch.from_numpy(array))

    def _work(self) -> None:
        assert self._inputs is not None
        self.optimiser.zero_grad(set_to_none=True)
        batch = self._data.batch(*self._inputs, systems=self._size.systems)
        loss = loss_of(*predict(self.model, batch, create_graph=True), batch, self._weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self.optimiser.step()
        with torch.no_grad():
            self._loss += loss.detach()
            for average, parameter in zip(self.average.parameters(), self._parameters):
                average.lerp_(parameter, self._average_weight)

    def _aside(self) -> None:
        """A step on a stream of its own, as captures want what runs before them."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._work()
        torch.cuda.current_stream().wait_stream(stream)

    def _replay(self) -> None:
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._work()
            self._graph = graph
        self._graph.replay()
