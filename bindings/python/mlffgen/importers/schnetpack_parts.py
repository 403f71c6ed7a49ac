"""The parts of SchNetPack's networks: dense layers, activations, radial bases, cutoff functions, embeddings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .errors import ImportRefused
from .module_tree import Module, all_tensors
from .pickle_reader import Name
from .torch_file import TorchFile

_NN = "schnetpack.nn."
_TORCH = "torch.nn.modules."
_FUNCTIONS = {name: f"{name}({{x}})" for name in ("silu", "tanh", "sigmoid", "softplus", "shifted_softplus")}
_MODULES = {"SiLU": "silu({x})", "Tanh": "tanh({x})", "Sigmoid": "sigmoid({x})", "Softplus": "softplus({x})"}
_CANNOT = "the language of models has silu, tanh, sigmoid, softplus and shifted_softplus: train with one of them"


class Weights:
    """The tensors of a model, and which of them the program that is being written names."""

    def __init__(self, file: TorchFile, model: Module) -> None:
        self._file, self._tensors = file, all_tensors(model)
        self.used: dict[str, np.ndarray] = {}
        self._known: set[str] = set()

    def take(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """The numbers of a weight that the program names, in this shape (None: any extent). Raises ImportRefused.

        A single number may be stored without a shape, and a list of numbers as a column.
        """
        array = self.read(name)
        if len(shape) == 1 and array.ndim != 1 and array.size == max(array.shape, default=1):
            array = array.reshape(-1)
        if array.ndim != len(shape) or any(want not in (None, has) for want, has in zip(shape, array.shape)):
            wanted = ["any" if extent is None else extent for extent in shape]
            raise ImportRefused(f"{name}: the shape is {list(array.shape)}, not {wanted}")
        if array.dtype not in (np.float32, np.float64):
            raise ImportRefused(f"{name}: weights in {array.dtype}; convert the model with model.float()")
        if not np.isfinite(array).all():
            raise ImportRefused(f"{name}: a weight is not finite: the training has diverged, or the file is damaged")
        self.used[name] = array
        return array

    def read(self, name: str) -> np.ndarray:
        """The numbers of a weight, which need not be in the program: the importer knows what it is for."""
        if name not in self._tensors:
            raise ImportRefused(f"{name}: the weight is missing")
        self._known.add(name)
        try:
            return self._file.array(self._tensors[name])
        except ImportRefused as error:
            raise ImportRefused(f"{name}: {error}") from error

    def number(self, name: str) -> float:
        """A weight of one finite number that becomes a number in the specification."""
        array = self.read(name)
        if array.size != 1 or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ImportRefused(f"{name}: not one finite number")
        return float(array.reshape(()))

    def left_out(self) -> list[str]:
        """Known weights that the program does not name."""
        return sorted(self._known - set(self.used))

    def is_same(self, first: str, second: str) -> bool:
        """Whether two names stand for one tensor in the file."""
        return self._tensors.get(first) is self._tensors.get(second)

    def check_none_is_unknown(self, shared: set[str]) -> None:
        """Raises ImportRefused for weights that nobody has asked for, `shared` being further names of known ones."""
        unknown = sorted(set(self._tensors) - self._known - shared)
        if unknown:
            raise ImportRefused(f"weights that are not known in such a network: {', '.join(unknown[:8])}")

    def names_below(self, path: str) -> list[str]:
        """All names that begin with the path of a module."""
        return [name for name in self._tensors if name.startswith(path + ".")]


@dataclass(frozen=True)
class Dense:
    """y = activation(W x + b); `activation` is a text with {x} in it, and {name} where it has weights of its own."""

    outputs: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class Basis:
    """`expression` gives the radial functions, [count], of `distance`."""

    kind: str
    count: int
    expression: str


@dataclass(frozen=True)
class Envelope:
    """A cutoff function: `expression` of `distance`, with the functions that it needs defined in `helpers`."""

    kind: str
    radius: float  # length unit of the model
    expression: str
    helpers: list[str] = field(default_factory=list)


def read_activation(dense: Module, weights: Weights) -> str:
    """The activation of a Dense as a text, from a function or a module."""
    function = dense.optional("activation")
    if type(function) is Name:
        template = _FUNCTIONS.get(function.full.rsplit(".", 1)[-1])
        if template is None:
            raise dense.refusal(f"the activation {function.full} cannot be imported; {_CANNOT}")
        return template
    dense.expect_children("activation")
    module = dense.child("activation")
    if module.kind == _TORCH + "linear.Identity":
        return "{x}"
    if module.kind == _NN + "activations.ShiftedSoftplus":
        return _scaled_softplus(module, weights)
    template = _MODULES.get(module.short_kind)
    if template is None or not module.kind.startswith(_TORCH):
        raise module.refusal(f"the activation {module.kind} cannot be imported; {_CANNOT}")
    if module.short_kind == "Softplus" and module.attribute("beta", float) != 1.0:
        raise module.refusal("a Softplus with a beta other than 1 cannot be imported; SchNetPack's ShiftedSoftplus can")
    return template


def _scaled_softplus(module: Module, weights: Weights) -> str:
    """alpha / beta (log(1 + e^(beta x)) - log 2), SchNetPack's ShiftedSoftplus."""
    (beta,) = weights.take(module.join("beta"), (1,))
    weights.take(module.join("alpha"), (1,))
    if beta == 0:
        raise module.refusal("a ShiftedSoftplus with beta = 0, a linear function, cannot be imported")
    alpha_text, beta_text = 'weight("{name}.activation.alpha", 1)', 'weight("{name}.activation.beta", 1)'
    return f"{alpha_text} / {beta_text} * shifted_softplus({beta_text} * {{x}})"


def read_dense(module: Module, inputs: int, weights: Weights) -> Dense:
    """A Dense of that many inputs. Raises ImportRefused."""
    module.expect(_NN + "base.Dense")
    matrix = weights.take(module.join("weight"), (None, inputs))
    has_bias = module.tensor("bias") is not None
    if has_bias:
        weights.take(module.join("bias"), (matrix.shape[0],))
    return Dense(matrix.shape[0], has_bias, read_activation(module, weights))


def read_denses(parent: Module, name: str, inputs: int, weights: Weights) -> tuple[Dense, ...]:
    """A Sequential of Dense layers."""
    layers: list[Dense] = []
    for module in parent.child_list(name):
        layers.append(read_dense(module, layers[-1].outputs if layers else inputs, weights))
    if not layers:
        raise parent.child(name).refusal("a network without layers")
    return tuple(layers)


def read_basis(module: Module, weights: Weights) -> Basis:
    """Gaussians, Gaussians centred at zero, or sines over the distance (arXiv 2003.03123, eq. 7)."""
    if module.kind in (_NN + "radial.GaussianRBF", _NN + "radial.GaussianRBFCentered"):
        offsets = weights.take(module.join("offsets"), (None,))
        widths = weights.take(module.join("widths"), (len(offsets),))
        if not (widths != 0).all():
            raise module.refusal("a Gaussian of width zero")
        names = [
            f'weight("{module.join(name)}", gaussians, initial="{initial}")'
            for name, initial in (("offsets", "range"), ("widths", "spacing"))
        ]
        return Basis(module.short_kind, len(offsets), f"gaussian(distance, {names[0]},\n                 {names[1]})")
    if module.kind == _NN + "radial.BesselRBF":
        count = len(weights.take(module.join("freqs"), (None,)))
        return Basis("BesselRBF", count, f'sin(distance * weight("{module.join("freqs")}", {count})) / distance')
    raise module.refusal(
        f"the radial basis {module.kind} cannot be imported; GaussianRBF, GaussianRBFCentered and BesselRBF can"
    )


# 1 / |x| for x >= 0, finite at 0 and to double rounding exact where the exponential of its negative counts.
_INVERSE = ["def inverse(x):", "  return 1 / sqrt(x * x + 1e-16)", ""]
# max(x, 0), as exactly.
_POSITIVE = ["def positive(x):", "  return (x + sqrt(x * x + 1e-16)) / 2", ""]
_MOST_NEGLIGIBLE = 1e-20


def read_envelope(module: Module, weights: Weights) -> Envelope:
    """A cutoff function: cosine, mollifier, or the switch between two distances."""
    if module.kind == _NN + "cutoff.CosineCutoff":
        return Envelope("CosineCutoff", _radius(module, "cutoff", weights), "cosine_cutoff(distance)")
    if module.kind == _NN + "cutoff.MollifierCutoff":
        radius = _radius(module, "cutoff", weights)
        _check_mollifier(module, radius, weights.number(module.join("eps")))
        return Envelope("MollifierCutoff", radius, "exp(1 - inverse(1 - (distance / cutoff) ** 2))", _INVERSE)
    if module.kind == _NN + "cutoff.SwitchFunction":
        radius, onset = _radius(module, "switch_off", weights), weights.number(module.join("switch_on"))
        if not onset < radius:
            raise module.refusal(f"the switch begins at {onset} and ends at {radius}")
        # With x from 0 to 1 over the switch: e^(-1/(1-x)) / (e^(-1/x) + e^(-1/(1-x))), and 1 before it.
        x = f"(distance - {onset!r}) / {radius - onset!r}" if onset else "distance / cutoff"
        helpers = [
            *_INVERSE,
            *_POSITIVE,
            "def switch(x):",
            "  return sigmoid(inverse(positive(x)) - inverse(1 - x))",
            "",
        ]
        return Envelope("SwitchFunction", radius, f"switch({x})", helpers)
    raise module.refusal(
        f"the cutoff function {module.kind} cannot be imported; CosineCutoff, MollifierCutoff and SwitchFunction can"
    )


def _radius(module: Module, name: str, weights: Weights) -> float:
    """A cutoff's radius: the number that is stored, a float32 such as 5.099999904632568 where 5.1 was asked for."""
    radius = weights.number(module.join(name))
    if not radius > 0:
        raise module.refusal(f"the cutoff is {radius}")
    return radius


def _check_mollifier(module: Module, radius: float, eps: float) -> None:
    """SchNetPack cuts the mollifier off at radius - eps: no difference where it is zero by then."""
    gap = 1.0 - ((radius - eps) / radius) ** 2
    if not 0 <= eps < radius or (gap > 0 and math.exp(1.0 - 1.0 / gap) > _MOST_NEGLIGIBLE):
        raise module.refusal(
            f"a mollifier that is cut off {eps} before its cutoff, where it is not zero, cannot be imported"
        )


def read_embedding(module: Module, features: int, weights: Weights) -> tuple[str, int]:
    """An expression for the first features of an element, and the number of rows (atomic numbers below it)."""
    if module.kind == _TORCH + "sparse.Embedding":
        if module.optional("max_norm") is not None:
            raise module.refusal("an Embedding with max_norm cannot be imported")
        table = weights.take(module.join("weight"), (None, features))
        return f'embedding(element, "{module.join("weight")}", features)', len(table)
    if module.kind == _NN + "embedding.NuclearEmbedding":
        # A table, plus a linear map of the element's electron configuration.
        table = weights.take(module.join("element_embedding"), (None, features))
        shells = weights.take(module.join("electron_config"), (None, None))
        weights.take(module.join("config_linear.weight"), (features, shells.shape[1]))
        expression = (
            f'(embedding(element, "{module.join("element_embedding")}", features)\n'
            f'       + linear(embedding(element, "{module.join("electron_config")}", {shells.shape[1]}),\n'
            f'                "{module.join("config_linear")}", features, bias=false))'
        )
        return expression, min(len(table), len(shells))
    raise module.refusal(f"the embedding {module.kind} cannot be imported; Embedding and NuclearEmbedding can")
