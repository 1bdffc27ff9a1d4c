"""The start of a network from the weights of another one, also of other inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from oemsar import legend
from oemsar.config_file import Foreign, Value, read_json
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.legend import NUM_CLASSES
from oemsar.models.finite import require_finite
from oemsar.models.fusion import ParallelEncoders
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import model_folder
from oemsar.models.spec import ModelSpec
from oemsar.models.weights_file import read_weights
from oemsar.record import FileOrigin, origin

_ENCODER = "body.encoder."
_MERGES = f"{_ENCODER}merges."
_MOST_NAMED = 3


class Transfer(Value):
    """Weights that a network took from another one, by tensor."""

    weights: FileOrigin
    """Name and checksum of the file of the weights."""
    description: FileOrigin | None = None
    """Name and checksum of the description beside them; None in records of earlier versions."""
    taken: int
    """Number of tensors that were taken as they are."""
    adapted: tuple[str, ...]
    """Names of the convolutions that were adapted to other inputs."""
    new: tuple[str, ...]
    """Names of the tensors that start anew."""
    other_legend: bool
    """Whether the weights are of a network of other classes, so that the last layers start anew."""

    def describe(self, source: Path, inputs: Inputs) -> str:
        """Say in a sentence which weights were taken from the model at a path."""
        count = self.taken + len(self.adapted) + len(self.new)
        parts = [f"{self.taken} of {count} tensors start from {source}"]
        if self.adapted:
            parts.append(f"{len(self.adapted)} adapted to {inputs} ({_named(self.adapted)})")
        if self.new:
            parts.append(f"{len(self.new)} anew ({_named(self.new)})")
        last = "; the last layers are new, since its legend is another" if self.other_legend else ""
        return f"{', '.join(parts)}{last}"


class _Description(Foreign):
    """The part of `model.json` that tells what the weights are of, whatever the classes."""

    spec: ModelSpec
    legend: tuple[str, ...]


@dataclass(frozen=True)
class _Encoder:
    """An encoder within the weights of a network: the prefix of its tensors' names, and its inputs."""

    prefix: str
    inputs: Inputs


@dataclass(frozen=True)
class _Found:
    """Weights for a network: tensors as they are, and convolutions that were adapted, by name."""

    taken: Mapping[str, Tensor]
    adapted: Mapping[str, Tensor]


def read_spec(path: Path) -> ModelSpec:
    """Read what network a saved model, or a run that holds one, is of, whatever its classes.

    Raises:
        InputError: There is no model, or its description cannot be read.
    """
    return _describe(path).spec


def start_network(network: LandCoverNetwork, source: Path) -> Transfer:
    """Start a network from the weights of a saved model, in place.

    Weights of the same name and shape are taken. An encoder starts from the encoder of the model that sees
    the most channels of the same inputs, or from its first where it sees none of them; see `adapt_inputs` for
    its first convolution. Gates of several encoders are taken where fusion and inputs are the same, the
    layers that give the logits where the classes are.

    Args:
        network: Network to start, on the CPU.
        source: Folder of a saved model, or of a run that holds one.

    Raises:
        InputError: There is no model, it is damaged, or its encoder is another than the network's.
    """
    described = _describe(source)
    file = model_folder(source) / WEIGHTS
    weights = _read_weights(file)
    own = network.state_dict()
    other_legend = described.legend != legend.NAMES
    found = _find_weights(network, own, described.spec, weights, other_legend=other_legend)
    lacking = [name for name in own if name not in found.taken and name not in found.adapted]
    unfit = next((name for name in lacking if _is_of_encoder(name)), None)
    if unfit is not None or not (found.taken or found.adapted):
        raise InputError(_refusal(source, described.spec, network.spec, unfit), option="init")
    with torch.no_grad():
        for name, value in {**found.taken, **found.adapted}.items():
            own[name].copy_(value)
    return Transfer(
        weights=origin(file),
        description=origin(file.with_name(DESCRIPTION)),
        taken=len(found.taken),
        adapted=tuple(found.adapted),
        new=tuple(lacking),
        other_legend=other_legend,
    )


def kept_normalisation(
    spec: ModelSpec, inputs: Inputs, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Put the normalisation that weights were trained with in place of another, for the inputs they know.

    Args:
        spec: Description of the network that the weights are of.
        inputs: Inputs of the network that starts from them.
        mean: Means of its channels in the training imagery.
        std: Standard deviations of its channels in the training imagery.
    """
    means, deviations = list(mean), list(std)
    for part in inputs:
        if part in spec.modalities.parts:
            there, here = spec.modalities.slice_of(part.name), inputs.slice_of(part.name)
            means[here], deviations[here] = spec.mean[there], spec.std[there]
    return tuple(means), tuple(deviations)


def adapt_inputs(weight: Tensor, seen: Inputs, inputs: Inputs) -> Tensor:
    """Adapt the first convolution of an encoder to other inputs.

    An input that it saw keeps its weights, their sum spread evenly where its channels are more or fewer. Any
    other starts at 0, so that the encoder at first answers as it did. Where it saw none of the inputs, every
    channel gets the sum of all weights over the number of channels.

    Args:
        weight: Weights, shape (out channels, channels of `seen`, height, width).
        seen: Inputs that the weights are of.
        inputs: Inputs of the encoder that starts from them.

    Returns:
        Weights, shape (out channels, channels of `inputs`, height, width).
    """
    if not any(part.name in seen for part in inputs):
        return _spread(weight, inputs.channels)
    parts = []
    for part in inputs:
        if part.name not in seen:
            parts.append(weight.new_zeros(weight.shape[0], part.channels, *weight.shape[2:]))
        elif part in seen.parts:
            parts.append(weight[:, seen.slice_of(part.name)])
        else:
            parts.append(_spread(weight[:, seen.slice_of(part.name)], part.channels))
    return torch.cat(parts, 1)


def _spread(weight: Tensor, channels: int) -> Tensor:
    return weight.sum(1, keepdim=True).repeat(1, channels, 1, 1) / channels


def _find_weights(
    network: LandCoverNetwork,
    own: Mapping[str, Tensor],
    spec: ModelSpec,
    weights: Mapping[str, Tensor],
    *,
    other_legend: bool,
) -> _Found:
    """Find the weights for each tensor of a network that there are any for."""
    taken: dict[str, Tensor] = {}
    adapted: dict[str, Tensor] = {}
    for encoder in _encoders_of(network):
        parts, first = _for_encoder(encoder, own, spec, weights)
        taken |= parts
        adapted |= first
    classifying = _classifying(own) if other_legend else set()
    same_merges = spec.fusion == network.spec.fusion and spec.modalities == network.spec.modalities
    for name, value in own.items():
        kept = same_merges if name.startswith(_MERGES) else not name.startswith(_ENCODER)
        if kept and name not in classifying and name in weights and weights[name].shape == value.shape:
            taken[name] = weights[name]
    return _Found(taken, adapted)


def _classifying(own: Mapping[str, Tensor]) -> set[str]:
    """Find the tensors that give the logits: of the last layer of each part, where it has as many outputs."""
    last = {name.split(".")[1]: name.rpartition(".")[0] for name in own if not name.startswith(_ENCODER)}
    return {
        name
        for name, value in own.items()
        if name.rpartition(".")[0] == last.get(name.split(".")[1])
        and value.ndim
        and value.shape[0] == NUM_CLASSES
    }


def _for_encoder(
    encoder: _Encoder, own: Mapping[str, Tensor], spec: ModelSpec, weights: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Find the weights for one encoder: those taken, and its first convolution where it is adapted."""
    source = _nearest(spec, encoder.inputs)
    names = [name for name in own if name.startswith(encoder.prefix) and not name.startswith(_MERGES)]
    channels = encoder.inputs.channels
    convolutions = (name for name in names if own[name].ndim == 4 and own[name].shape[1] == channels)
    first = next(convolutions, None)
    taken: dict[str, Tensor] = {}
    adapted: dict[str, Tensor] = {}
    for name in names:
        value = weights.get(source.prefix + name.removeprefix(encoder.prefix))
        if value is None:
            continue
        if name == first and source.inputs != encoder.inputs and value.ndim == 4:
            if value.shape[1] != source.inputs.channels:
                continue
            value = adapt_inputs(value, source.inputs, encoder.inputs)
            if value.shape == own[name].shape:
                adapted[name] = value
        elif value.shape == own[name].shape:
            taken[name] = value
    return taken, adapted


def _nearest(spec: ModelSpec, inputs: Inputs) -> _Encoder:
    """Find the encoder of a network that sees the most channels of some inputs; the first of equals."""
    if spec.fusion == "stack":
        return _Encoder(_ENCODER, spec.modalities)
    encoders = [_Encoder(f"{_ENCODER}{name}.", spec.modalities.only(name)) for name in spec.modalities.names]
    return max(encoders, key=lambda each: sum(p.channels for p in inputs if p.name in each.inputs))


def _encoders_of(network: LandCoverNetwork) -> list[_Encoder]:
    inputs = network.spec.modalities
    encoder = getattr(network.body, "encoder", None)
    if isinstance(encoder, ParallelEncoders):
        return [_Encoder(f"{_ENCODER}{name}.", inputs.only(name)) for name in inputs.names]
    return [_Encoder(_ENCODER, inputs)] if isinstance(encoder, nn.Module) else []


def _is_of_encoder(name: str) -> bool:
    return name.startswith(_ENCODER) and not name.startswith(_MERGES)


def _refusal(source: Path, spec: ModelSpec, wanted: ModelSpec, unfit: str | None) -> str:
    there, here = (f"{each.architecture} with encoder {each.encoder}" for each in (spec, wanted))
    because = "" if unfit is None else f" (tensor {unfit} does not fit)"
    return f"{source} is a {there} and no start of a {here}{because}; choose its model and encoder"


def _describe(path: Path) -> _Description:
    try:
        return read_json(model_folder(path) / DESCRIPTION, _Description, "description of a saved model")
    except InputError as error:
        raise InputError(error.sentence, option="init") from error


def _read_weights(file: Path) -> dict[str, Tensor]:
    try:
        weights = read_weights(file)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{file} cannot be read as weights; it is missing or damaged", option="init"
        ) from error
    require_finite(weights, file)
    return weights


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
