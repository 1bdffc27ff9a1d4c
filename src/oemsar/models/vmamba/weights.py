"""Weights of the published ImageNet classifiers, for the encoder of a new network."""

from collections.abc import Mapping
from pickle import UnpicklingError

import torch
from torch import Tensor

from oemsar.errors import Failure, InputError
from oemsar.models.checkpoint import named_tensors
from oemsar.models.vmamba.encoder import VMambaEncoder

_RELEASE = "https://github.com/MzeroMiko/VMamba/releases/download/%23v2cls"
PUBLISHED = {
    "vmamba_t": f"{_RELEASE}/vssm1_tiny_0230s_ckpt_epoch_264.pth",
    "vmamba_s": f"{_RELEASE}/vssm_small_0229_ckpt_epoch_222.pth",
    "vmamba_b": f"{_RELEASE}/vssm_base_0229_ckpt_epoch_237.pth",
}
"""Addresses of the checkpoints that the authors of VMamba publish."""

_STACKED = {"x_proj_weight": "x_proj.weight", "dt_projs_weight": "dt_projs.weight"}
"""Parameters that some checkpoints keep with one axis for the four directions."""
_PATCH_EMBEDDING = "patch_embed.0.weight"


def load_classifier_weights(
    encoder: VMambaEncoder, state_dict: Mapping[str, Tensor], source: str = "the checkpoint"
) -> None:
    """Start `encoder` from a classifier; only the norms behind its levels keep the values they have.

    Names are those of the classifier but for three things: `classifier.*` is left out, the encoder's
    `outnorms.*` are its own, and `x_proj_weight` and `dt_projs_weight`, with the four directions as first
    axis, become `x_proj.weight` and `dt_projs.weight`, with the directions one after the other.
    The first convolution, made for red, green and blue, is adapted to other channels by `adapt_channels`.

    Args:
        encoder: Encoder of the variant that the checkpoint holds.
        state_dict: Tensors of the classifier, such as `oemsar.models.checkpoint.read_tensors` gives.
        source: Name of the file, for sentences.

    Raises:
        InputError: A parameter is missing, unknown or of another shape; the encoder is then as it was.
    """
    own = {name: value for name, value in encoder.state_dict().items() if not name.startswith("outnorms.")}
    given = _with_own_names(state_dict)
    if _PATCH_EMBEDDING in given and given[_PATCH_EMBEDDING].ndim == 4:
        channels = own[_PATCH_EMBEDDING].shape[1]
        given[_PATCH_EMBEDDING] = adapt_channels(given[_PATCH_EMBEDDING], channels)
    for name in [*own, *given]:
        if name not in given or name not in own:
            what = "lacks" if name not in given else "holds"
            raise InputError(f"{source} {what} {name} and so is no VMamba classifier of this variant")
        if own[name].shape != given[name].shape:
            shapes = f"{tuple(given[name].shape)}, not {tuple(own[name].shape)}"
            raise InputError(f"{source} is of another VMamba variant: {name} has shape {shapes}")
    encoder.load_state_dict(given, strict=False)


def adapt_channels(weight: Tensor, channels: int) -> Tensor:
    """Adapt the first convolution of a network for three colours to other channels.

    One channel gets the sum over the colours: a grey image then gives what it gave as three equal colours.
    Of four, radar stacked before the colours, radar gets the mean of the colours, and all are scaled by
    3/4 to keep the sum.

    Args:
        weight: Weights, shape (out channels, 3, height, width); those of another number of channels are given
            back.
        channels: Number of channels: 1, 3 or 4.

    Returns:
        Weights, shape (out channels, channels, height, width).
    """
    if weight.shape[1] == 3 and channels == 1:
        return weight.sum(1, keepdim=True)
    if weight.shape[1] == 3 and channels == 4:
        return 0.75 * torch.cat([weight.mean(1, keepdim=True), weight], dim=1)
    return weight


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


def _with_own_names(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the classifier's weights to the encoder's names."""
    given = {}
    for name, value in state_dict.items():
        if name.startswith("classifier."):
            continue
        owner, _, last = name.rpartition(".")
        if last in _STACKED and value.ndim == 3:
            given[f"{owner}.{_STACKED[last]}"] = value.flatten(0, 1)
        else:
            given[name] = value
    return given
