"""A network as an ONNX file, for programs without PyTorch."""

import math
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.folders import require_apart
from oemsar.locks import holds_output
from oemsar.models.calibration import LEAST
from oemsar.models.finite import require_finite
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import as_network, model_files

OPSET = 18
"""Version of the operators; read by every onnxruntime since 1.14."""


_OUTPUTS = ("logits", "probabilities")


class ExportedModel(Value):
    """A network that was exported."""

    path: Path
    """ONNX file."""
    opset: int = OPSET
    """Version of the operators."""


@holds_output()
def export_model(model: Path | str | LandCoverNetwork, out: Path) -> ExportedModel:
    """Write a network as an ONNX file, normalisation and padding inside.

    The file takes `images`, float32 of 0..255, shape (batch, channels, height, width), channels as the
    network's modalities, and gives `logits`, float32, shape (batch, 8, height, width); logit k belongs to
    class id k + 1. `probabilities`, of the same shape, are their softmax, through the calibration of the
    network where it has one. Batch, height and width are free. A network of fusion `any` also
    takes `valid`, float32 of 1 where an input carries data and 0 where not, shape (batch, inputs, height,
    width).

    Args:
        model: Folder of a saved model or of a run, or a network in evaluation mode, on the CPU.
        out: ONNX file, ending in .onnx.

    Raises:
        InputError: The model cannot be read, the name does not end in .onnx, or the folder cannot be written
            to.
    """
    if out.suffix != ".onnx":
        raise InputError(f"{out} does not end in .onnx; choose another name", option="out")
    require_apart([out], model_files(model))
    network = as_network(model)
    require_finite(network.state_dict(), "the model")
    # neither one stride high or wide, nor square: a size that a trace could take for a constant
    example = torch.zeros(2, network.spec.modalities.channels, network.stride + 5, 2 * network.stride + 9)
    names, examples = ["images"], [example]
    if network.spec.takes_any:
        names.append("valid")
        examples.append(torch.ones_like(example[:, : len(network.spec.modalities)]))
    free = {0: "batch", 2: "height", 3: "width"}
    with atomic_write(out) as partial, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        # By tracing: the exporter through torch.export writes an equal graph in ten to twenty times the
        # time, and needs two packages more.
        torch.onnx.export(
            # the exporter puts all of it back into the mode of the outermost module
            _AnySize(network).eval(),
            tuple(examples),
            partial,
            dynamo=False,
            opset_version=OPSET,
            input_names=names,
            output_names=[*_OUTPUTS],
            dynamic_axes=dict.fromkeys((*names, *_OUTPUTS), free),
        )
    return ExportedModel(path=out)


class _AnySize(nn.Module):
    """The network with its padding written for sizes that are not known when it is traced."""

    def __init__(self, network: LandCoverNetwork) -> None:
        super().__init__()
        self._network = network

    def forward(self, images: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        height, width = images.shape[-2:]
        prepared = self._network.body_input(images, valid)
        padded = prepared.index_select(2, self._repeating_the_last(height))
        padded = padded.index_select(3, self._repeating_the_last(width))
        logits: Tensor = self._network.body(padded)[..., :height, :width]
        return logits, self._probabilities(logits)

    def _probabilities(self, logits: Tensor) -> Tensor:
        """Compute the probabilities that an engine gives, as `Calibration.apply` does."""
        calibration = self._network.calibration
        if calibration is None:
            return logits.softmax(1)
        scale, shift = (
            torch.tensor(values).view(1, -1, 1, 1) for values in (calibration.scale, calibration.shift)
        )
        return (logits.log_softmax(1).clamp_min(math.log(LEAST)) * scale + shift).softmax(1)

    def _repeating_the_last(self, size: int) -> Tensor:
        """List indices 0 .. size - 1, and the last of them repeated up to the next multiple of the stride."""
        stride = self._network.stride
        return torch.arange((size + stride - 1) // stride * stride).clamp(max=size - 1)
