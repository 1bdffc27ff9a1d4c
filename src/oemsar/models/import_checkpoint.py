"""Published checkpoints, turned into what this project trains from and predicts with.

U-Nets of the OpenEarthMap-SAR authors become saved models, ImageNet classifiers encoder files.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor

from oemsar.errors import InputError
from oemsar.modalities import Modalities
from oemsar.models.checkpoint import first_difference, read_tensors
from oemsar.models.encoder_file import SUFFIX, write_encoder
from oemsar.models.mit import is_mit, mit_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec
from oemsar.models.unet import whole_unet
from oemsar.models.vmamba.classifier_file import is_vmamba, vmamba_encoder
from oemsar.record import origin, run_record

Channels = Literal["radar-first", "optical-first"]

_ENCODER = "efficientnet-b4"
_CLASSES = 9
"""Background first, then the eight classes in legend order."""
_HEAD = "segmentation_head.0."
_STEM = "encoder._conv_stem.weight"


def import_checkpoint(path: Path, out: Path, channels: Channels = "radar-first") -> str:
    """Turn the checkpoint at `path` into a saved model or an encoder file.

    Args:
        path: a U-Net of the authors, or an ImageNet classifier of Mix Transformer or VMamba.
        out: folder of the saved model; for a classifier the encoder file, ending in .safetensors.
        channels: how the authors' U-Net of four channels stacks its input.

    Returns:
        What it was, for people.

    Raises:
        InputError: the file cannot be read, is another network, or `out` does not fit.
    """
    tensors = read_tensors(path)
    if _STEM in tensors or f"{_HEAD}weight" in tensors:
        network = import_unet(tensors, path, channels)
        if out.suffix == SUFFIX:
            raise InputError(f"{path} holds a whole network; give --out a folder, not {out.name}")
        save_model(
            network,
            out,
            {**run_record({"channels": channels}).plain(), "imported": origin(path).model_dump()},
        )
        return f"U-Net with {_ENCODER} on {network.spec.modalities.value}"
    name, weights = _encoder(tensors, path)
    if out.suffix != SUFFIX:
        raise InputError(f"{path} holds the encoder {name}; give --out a file ending in {SUFFIX}")
    write_encoder(name, weights, out)
    return f"encoder {name}"


def import_unet(
    tensors: Mapping[str, Tensor], path: Path, channels: Channels = "radar-first"
) -> LandCoverNetwork:
    """The authors' U-Net as a network of this project, in evaluation mode.

    Its logits are those of the checkpoint without the background's. The input was divided by 255 and not
    normalised otherwise. Four channels are taken as radar, red, green, blue, the order of the modalities
    here; the paper does not tell its own.

    Args:
        tensors: of segmentation-models-pytorch's U-Net with EfficientNet-B4, scSE and nine classes.
        path: where they come from, for messages.
        channels: `optical-first` for red, green, blue, radar.

    Raises:
        InputError: the tensors are those of another network; the first that differs is named.
    """
    modalities = _modalities(tensors, path)
    count = modalities.channels
    difference = first_difference(whole_unet(_ENCODER, count, _CLASSES).state_dict(), tensors)
    if difference is not None:
        raise InputError(f"{path} is no U-Net with {_ENCODER}, scSE and {_CLASSES} classes: {difference}")
    spec = ModelSpec(
        architecture="unet",
        encoder=_ENCODER,
        modalities=modalities,
        mean=(0.0,) * count,
        std=(255.0,) * count,
    )
    network = build(spec)
    kept = {name: tensors[name] for name in network.body.state_dict()}
    for name in (f"{_HEAD}weight", f"{_HEAD}bias"):
        kept[name] = tensors[name][1:]
    if modalities is Modalities.SAR_OPTICAL and channels == "optical-first":
        kept[_STEM] = tensors[_STEM].roll(1, dims=1)
    network.body.load_state_dict(kept)
    return network.eval()


def _modalities(tensors: Mapping[str, Tensor], path: Path) -> Modalities:
    """The imagery that a U-Net's first convolution takes."""
    by_channels = {modalities.channels: modalities for modalities in Modalities}
    shape = tuple(tensors[_STEM].shape) if _STEM in tensors else None
    if shape is None:
        raise InputError(f"{path} is no U-Net with {_ENCODER}: tensor {_STEM} is missing")
    if len(shape) != 4 or shape[1] not in by_channels:
        raise InputError(f"{path} is no U-Net of 1, 3 or 4 channels: tensor {_STEM} has the shape {shape}")
    return by_channels[shape[1]]


def _encoder(tensors: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    if is_mit(tensors):
        return mit_encoder(tensors, path)
    if is_vmamba(tensors):
        return vmamba_encoder(tensors, path)
    first, value = next(iter(tensors.items()))
    raise InputError(
        f"{path} is no network known here, neither a U-Net of the authors nor a Mix Transformer or VMamba "
        f"classifier: its first tensor is {first} of shape {tuple(value.shape)}"
    )
