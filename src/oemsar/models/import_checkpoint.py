"""The import of published checkpoints.

U-Nets of the OpenEarthMap-SAR authors become saved models; Mix Transformers, VMambas and encoders of timm,
MaRS among them, become encoder files.
"""

import logging
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
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.network import LandCoverNetwork
from oemsar.models.published_encoder import published_encoder
from oemsar.models.registry import build
from oemsar.models.saved import require_own_model, save_model
from oemsar.models.spec import ModelSpec
from oemsar.models.timm_encoder import require_timm_encoder, terms
from oemsar.models.unet import whole_unet
from oemsar.record import origin, run_record

log = logging.getLogger(__name__)

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
    licence: str | None = None
    """Terms of use of the weights, where they are known."""


@holds_output()
def import_checkpoint(
    checkpoint: Path, out: Path, *, config: ImportConfig = ImportConfig()
) -> ImportedCheckpoint:
    """Turn a published checkpoint into a saved model or an encoder file.

    Args:
        checkpoint: PyTorch or safetensors file of a U-Net of the OpenEarthMap-SAR authors, of a classifier or
            segmentation network with a Mix Transformer or VMamba, or of an encoder of timm or MaRS.
        out: Folder of the saved model; for an encoder the encoder file, ending in .safetensors.
        config: Options of the import.

    Raises:
        InputError: The file cannot be read, is another network, or `out` does not fit.
    """
    require_apart([out, out / WEIGHTS, out / DESCRIPTION], [checkpoint])
    if config.encoder:
        require_timm_encoder(config.encoder)
    if out.suffix != SUFFIX:
        require_own_model(out)
    tensors = read_tensors(checkpoint)
    if not config.encoder and (_STEM in tensors or f"{_HEAD}weight" in tensors):
        network = import_unet(tensors, checkpoint, config.channels)
        if out.suffix == SUFFIX:
            raise InputError(
                f"{checkpoint} holds a whole network; give a folder, not {out.name}", option="out"
            )
        record = {**run_record(config).plain(), "imported": origin(checkpoint).model_dump()}
        save_model(network, out, record)
        return ImportedCheckpoint(path=out, content=f"U-Net with {_ENCODER} on {network.spec.modalities}")
    encoder = published_encoder(tensors, checkpoint, config.encoder)
    if out.suffix != SUFFIX:
        raise InputError(
            f"{checkpoint} holds the encoder {encoder.name}; give a file ending in {SUFFIX}", option="out"
        )
    if encoder.licence is not None:
        log.warning("%s: %s", checkpoint, terms(encoder.licence))
    write_encoder(encoder, out)
    return ImportedCheckpoint(path=out, content=f"encoder {encoder.name}", licence=encoder.licence)


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
