"""The import of published checkpoints.

U-Nets of the OpenEarthMap-SAR authors become saved models, Mix Transformers and VMambas encoder files.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.folders import require_apart
from oemsar.inputs import PUBLISHED, SAR_OPTICAL, Inputs
from oemsar.legend import NUM_CLASSES
from oemsar.locks import holds_output
from oemsar.models.checkpoint import first_difference, read_tensors
from oemsar.models.config import ChannelOrder, ImportConfig
from oemsar.models.encoder_file import SUFFIX, write_encoder
from oemsar.models.mit import is_mit, mit_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import DESCRIPTION, WEIGHTS, require_own_model, save_model
from oemsar.models.spec import ModelSpec
from oemsar.models.unet import whole_unet
from oemsar.models.vmamba.classifier_file import is_vmamba, vmamba_encoder
from oemsar.record import origin, run_record

_ENCODER = "efficientnet-b4"
_CLASSES = 1 + NUM_CLASSES
"""Background first, then the eight classes in legend order."""
_HEAD = "segmentation_head.0."
_STEM = "encoder._conv_stem.weight"


class ImportedCheckpoint(Value):
    """A checkpoint that was imported."""

    path: Path
    """Folder of the saved model, or the encoder file."""
    content: str
    """Name of the network or of the encoder."""


@holds_output()
def import_checkpoint(
    checkpoint: Path, out: Path, *, config: ImportConfig = ImportConfig()
) -> ImportedCheckpoint:
    """Turn a published checkpoint into a saved model or an encoder file.

    Args:
        checkpoint: PyTorch or safetensors file of a U-Net of the OpenEarthMap-SAR authors, or of a classifier
            or segmentation network with a Mix Transformer or VMamba.
        out: Folder of the saved model; for an encoder the encoder file, ending in .safetensors.
        config: Options of the import.

    Raises:
        InputError: The file cannot be read, is another network, or `out` does not fit.
    """
    require_apart([out, out / WEIGHTS, out / DESCRIPTION], [checkpoint])
    if out.suffix != SUFFIX:
        require_own_model(out)
    tensors = read_tensors(checkpoint)
    if _STEM in tensors or f"{_HEAD}weight" in tensors:
        network = import_unet(tensors, checkpoint, config.channels)
        if out.suffix == SUFFIX:
            raise InputError(
                f"{checkpoint} holds a whole network; give a folder, not {out.name}", option="out"
            )
        record = {**run_record(config).plain(), "imported": origin(checkpoint).model_dump()}
        save_model(network, out, record)
        return ImportedCheckpoint(path=out, content=f"U-Net with {_ENCODER} on {network.spec.modalities}")
    name, weights = _encoder(tensors, checkpoint)
    if out.suffix != SUFFIX:
        raise InputError(
            f"{checkpoint} holds the encoder {name}; give a file ending in {SUFFIX}", option="out"
        )
    write_encoder(name, weights, out)
    return ImportedCheckpoint(path=out, content=f"encoder {name}")


def import_unet(
    tensors: Mapping[str, Tensor], path: Path, channels: ChannelOrder = "radar-first"
) -> LandCoverNetwork:
    """Turn the authors' U-Net into a network of this project, in evaluation mode.

    Its logits are those of the checkpoint without the background's. The input was divided by 255 and not
    normalised otherwise. Four channels are taken as radar, red, green, blue, the order of the modalities
    here; the paper does not tell its own.

    Args:
        tensors: Weights of segmentation-models-pytorch's U-Net with EfficientNet-B4, scSE and nine classes.
        path: File of the tensors, for sentences.
        channels: `optical-first` where the order is red, green, blue, radar.

    Raises:
        InputError: The tensors are those of another network; the first that differs is named.
    """
    modalities = _modalities(tensors, path)
    count = modalities.channels
    difference = first_difference(whole_unet(_ENCODER, count, _CLASSES).state_dict(), tensors)
    if difference is not None:
        raise InputError(f"{path} is not a U-Net with {_ENCODER}, scSE and {_CLASSES} classes: {difference}")
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
    if modalities == SAR_OPTICAL and channels == "optical-first":
        kept[_STEM] = tensors[_STEM].roll(1, dims=1)
    network.body.load_state_dict(kept)
    return network.eval()


def _modalities(tensors: Mapping[str, Tensor], path: Path) -> Inputs:
    """Find the imagery that a U-Net's first convolution takes."""
    by_channels = {modalities.channels: modalities for modalities in PUBLISHED}
    shape = tuple(tensors[_STEM].shape) if _STEM in tensors else None
    if shape is None:
        raise InputError(f"{path} is not a U-Net with {_ENCODER}: tensor {_STEM} is missing")
    if len(shape) != 4 or shape[1] not in by_channels:
        raise InputError(f"{path} is not a U-Net of 1, 3 or 4 channels: tensor {_STEM} has the shape {shape}")
    return by_channels[shape[1]]


def _encoder(tensors: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    if is_mit(tensors):
        return mit_encoder(tensors, path)
    if is_vmamba(tensors):
        return vmamba_encoder(tensors, path)
    first, value = next(iter(tensors.items()))
    raise InputError(
        f"{path} is no known network, neither a U-Net of the authors nor a Mix Transformer or VMamba: "
        f"its first tensor is {first} of shape {tuple(value.shape)}"
    )
