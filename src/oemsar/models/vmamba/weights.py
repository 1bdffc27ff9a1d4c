"""Weights of the published networks, for the encoder of a new one."""

import re
from collections.abc import Mapping
from pickle import UnpicklingError

import torch
from torch import Tensor

from oemsar.errors import Failure, InputError
from oemsar.inputs import Inputs
from oemsar.models.checkpoint import named_tensors
from oemsar.models.first_convolution import adapt_channels
from oemsar.models.publishers import VMAMBA_FILES, VMAMBA_RELEASE
from oemsar.models.vmamba.cross_scan import DIRECTIONS
from oemsar.models.vmamba.encoder import VMambaEncoder

PUBLISHED = {
    f"vmamba_{variant.replace('-', '_')}": f"{VMAMBA_RELEASE}/{name}"
    for variant, name in VMAMBA_FILES.items()
}
"""Addresses of the checkpoints that the authors of VMamba publish."""

_STACKED = {"x_proj_weight": "x_proj.weight", "dt_projs_weight": "dt_projs.weight"}
"""Parameters that the authors' present code keeps with one axis for the four directions."""
_OTHER_PARTS = ("classifier.", "decode_head.", "auxiliary_head.")
"""Prefixes of what is no part of the encoder."""
_BACKBONE = "backbone."
"""Prefix of the encoder in a segmentation network."""
_NORM_OF_LEVEL = re.compile(r"^outnorm(\d)\.")
_PATCH_EMBEDDING = "patch_embed.0.weight"


def load_classifier_weights(
    encoder: VMambaEncoder,
    state_dict: Mapping[str, Tensor],
    source: str = "the checkpoint",
    inputs: Inputs | None = None,
) -> None:
    """Start `encoder` from a published network, as the authors saved it then or as their code saves it now.

    Now `x_proj_weight` and `dt_projs_weight` have the four directions as an axis of their own, and the linear
    layers may be convolutions of 1 x 1 pixel; the values are the same. Of a segmentation network
    (`backbone.*`) the norms behind the levels are taken, too; a classifier has none, and they keep their
    values. What follows the encoder, `classifier.*` or `decode_head.*`, is left out.
    The first convolution, made for red, green and blue, is adapted to other channels by `adapt_channels`.

    Args:
        encoder: Encoder of the variant that the checkpoint holds.
        state_dict: Tensors of the network, such as `oemsar.models.checkpoint.read_tensors` gives.
        source: Name of the file, for sentences.
        inputs: Inputs that the channels of the encoder are of; see `adapt_channels`.

    Raises:
        InputError: A parameter is missing, unknown or of another shape; the encoder is then as it was.
    """
    given = encoder_tensors(state_dict)
    with_norms = any(name.startswith("outnorms.") for name in given)
    own = {
        name: value
        for name, value in encoder.state_dict().items()
        if with_norms or not name.startswith("outnorms.")
    }
    if _PATCH_EMBEDDING in given and given[_PATCH_EMBEDDING].ndim == 4:
        channels = own[_PATCH_EMBEDDING].shape[1]
        given[_PATCH_EMBEDDING] = adapt_channels(given[_PATCH_EMBEDDING], channels, inputs)
    for name in [*own, *given]:
        if name not in given or name not in own:
            what = "lacks" if name not in given else "holds"
            raise InputError(f"{source} {what} {name} and so is no VMamba of this variant")
        given[name] = _in_shape(given[name], own[name].shape)
        if own[name].shape != given[name].shape:
            shapes = f"{tuple(given[name].shape)}, not {tuple(own[name].shape)}"
            raise InputError(f"{source} is of another VMamba variant: {name} has shape {shapes}")
    encoder.load_state_dict(given, strict=False)


def encoder_tensors(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Find the encoder in the weights of a published network, under the names of `VMambaEncoder`."""
    if any(name.startswith(_BACKBONE) for name in state_dict):
        inner = {
            name.removeprefix(_BACKBONE): value
            for name, value in state_dict.items()
            if name.startswith(_BACKBONE)
        }
    else:
        inner = dict(state_dict)
    given = {}
    for name, value in inner.items():
        if not name.startswith(_OTHER_PARTS):
            owner, _, last = name.rpartition(".")
            own = f"{owner}.{_STACKED[last]}" if last in _STACKED else name
            given[_NORM_OF_LEVEL.sub(r"outnorms.\1.", own)] = value
    return given


def _in_shape(value: Tensor, shape: torch.Size) -> Tensor:
    """Reshape a parameter whose four directions are an axis of their own, or that ends in axes of one value.

    One that differs otherwise is given back.
    """
    pixelwise = value
    while pixelwise.ndim > len(shape) and pixelwise.shape[-1] == 1:
        pixelwise = pixelwise.squeeze(-1)
    by_direction = [form for form in (value, pixelwise) if form.ndim > 1 and form.shape[0] == DIRECTIONS]
    forms = [value, pixelwise, *(form.flatten(0, 1) for form in by_direction)]
    return next((form for form in forms if form.shape == shape), value)


def fetch_checkpoint(variant: str) -> dict[str, Tensor]:
    """Fetch the published weights of a variant over the network; PyTorch's cache keeps the file.

    Raises:
        Failure: They cannot be fetched.
    """
    url = PUBLISHED[variant]
    try:
        content = torch.hub.load_state_dict_from_url(url, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
        raise Failure(
            f"the ImageNet weights of encoder {variant} could not be loaded from {url} "
            f"({type(error).__name__}); connect to the network, or train without them",
            option="pretrained",
        ) from error
    return named_tensors(content, url)
