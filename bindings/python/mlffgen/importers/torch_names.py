"""The names that a saved model may hold: the allow-list of the import.

SchNetPack's modules are those of its versions 2.0 and 2.1; the ones that are read but cannot be imported are here too,
so that the refusal can say where in the model they stand.
"""

from __future__ import annotations

from typing import Any

from .errors import ImportRefused, quote
from .pickle_reader import Name, Vocabulary
from .tensors import STORAGES, make_parameter, make_storage, make_tensor

_TORCH_MODULES = {
    "container": "ModuleList Sequential",
    "linear": "Identity Linear",
    "sparse": "Embedding",
    "activation": "SiLU Tanh Sigmoid Softplus ReLU GELU ELU LeakyReLU SELU Mish",
}
_SCHNETPACK_MODULES = {
    "model.base": "NeuralNetworkPotential AtomisticModel",
    "representation.painn": "PaiNN PaiNNInteraction PaiNNMixing",
    "representation.schnet": "SchNet SchNetInteraction",
    "representation.so3net": "SO3net",
    "representation.field_schnet": "FieldSchNet",
    "nn.base": "Dense",
    "nn.radial": "GaussianRBF GaussianRBFCentered BesselRBF",
    "nn.cutoff": "CosineCutoff MollifierCutoff SwitchFunction",
    "nn.activations": "ShiftedSoftplus",
    "nn.embedding": "NuclearEmbedding ElectronicEmbedding",
    "atomistic.atomwise": "Atomwise DipoleMoment Polarizability",
    "atomistic.distances": "PairwiseDistances FilterShortRange",
    "atomistic.response": "Forces Strain Response",
    "atomistic.aggregation": "Aggregation",
    "atomistic.nuclear_repulsion": "ZBLRepulsionEnergy",
    "atomistic.electrostatic": "EnergyCoulomb EnergyEwald",
    "atomistic.external_fields": "StaticExternalFields",
    "transform.casting": "CastMap CastTo32 CastTo64",
    "transform.atomistic": "AddOffsets RemoveOffsets ScaleProperty SubtractCenterOfMass SubtractCenterOfGeometry",
}
_TORCH_TYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool"
_INITIALISERS = (
    "xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ orthogonal_ zeros_ ones_ uniform_ normal_ "
    "trunc_normal_"
)
_FUNCTIONS = (  # torch.nn.functional, by PyTorch's version in two places
    "silu softplus tanh sigmoid relu gelu elu leaky_relu selu mish"
)


def _names(prefix: str, words: str) -> set[str]:
    return {f"{prefix}.{word}" for word in words.split()}


def _records() -> frozenset[str]:
    names: set[str] = set()
    for folder, words in _TORCH_MODULES.items():
        names |= _names(f"torch.nn.modules.{folder}", words)
    for folder, words in _SCHNETPACK_MODULES.items():
        names |= _names(f"schnetpack.{folder}", words)
    return frozenset(names)


def _values() -> frozenset[str]:
    names = set(STORAGES) | _names("torch", _TORCH_TYPES) | _names("torch.nn.init", _INITIALISERS)
    names |= _names("torch.nn.functional", _FUNCTIONS) | _names("torch._C._nn", _FUNCTIONS)
    return frozenset(names | _names("schnetpack.nn.activations", "shifted_softplus"))


def _ordered_table(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """collections.OrderedDict: files fill it behind the call."""
    if arguments != ():
        raise ImportRefused("damaged or hostile pickle: an OrderedDict made with arguments")
    return {}


def _set_of_texts(arguments: tuple[Any, ...]) -> set[str]:
    if len(arguments) != 1 or type(arguments[0]) is not list or not all(type(item) is str for item in arguments[0]):
        raise ImportRefused("damaged or hostile pickle: a set of other things than texts")
    return set(arguments[0])


def _device(arguments: tuple[Any, ...]) -> None:
    """torch.device: where the model was makes no difference."""
    if not all(type(part) in (str, int) for part in arguments):
        raise ImportRefused("damaged or hostile pickle: a device that is none")


def _refuse(name: str) -> str:
    if name.startswith("schnetpack."):
        return (
            f"the model holds a {quote(name, 400)}, which cannot be imported: PaiNN and SchNet with energies from one"
            " Atomwise can; other networks can be written in the language of models (docs/language.md)"
        )
    return (
        f"the file asks for {quote(name, 400)}, which is not on the list of names that models of SchNetPack need: "
        "refused, nothing of the file was run. If it is a part of your own, save the model without it"
    )


def _persistent(identification: Any) -> Any:
    """A storage, or in files before PyTorch 1.6 a module's class with its source text, which is of no use here."""
    if type(identification) is tuple and len(identification) == 4 and identification[0] == "module":
        if type(identification[1]) is Name:
            return identification[1]
    return make_storage(identification)


VOCABULARY = Vocabulary(
    records=_records(),
    values=_values(),
    calls={
        "torch._utils._rebuild_tensor_v2": make_tensor,
        "torch._utils._rebuild_parameter": make_parameter,
        "torch.device": _device,
        "collections.OrderedDict": _ordered_table,
        "builtins.set": _set_of_texts,
        "__builtin__.set": _set_of_texts,
    },
    persistent=_persistent,
    explain=_refuse,
)
