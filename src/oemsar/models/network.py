"""The one interface of every network."""

import torch
from torch import Tensor, nn

from oemsar.models.calibration import Calibration
from oemsar.models.padding import pad_to_multiple
from oemsar.models.spec import ModelSpec


class LandCoverNetwork(nn.Module):
    """Images in, logits of the eight classes out, at the same size.

    Normalisation and padding belong to the network, so that no caller can apply others than those it was
    trained with. Unknown has no logit: logit k belongs to class id k + 1.

    Attributes:
        spec: Description of the network.
        stride: Number that divides height and width of the body's input.
        body: Module that maps normalised images (batch, channels, height, width) to logits (batch, 8, height,
            width). Where it has more outputs to learn from, its method `training_outputs` gives all of them,
            each behind the weight of its loss.
        mean: Mean of each channel, in the unit of its input, shape (1, channels, 1, 1).
        std: Standard deviation of each channel, in the unit of its input, shape (1, channels, 1, 1).
        calibration: Scaling of the probabilities, which engines apply; None for those of the logits.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: ModelSpec, body: nn.Module, stride: int) -> None:
        super().__init__()
        self.spec = spec
        self.stride = stride
        self.body = body
        self.calibration: Calibration | None = None
        self.register_buffer("mean", torch.tensor(spec.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the logits of images.

        Args:
            images: Grey values 0..255, uint8 or floating point, or other inputs in their own units, floating
                point and NaN where there is no data; shape (batch, channels, height, width) with channels as
                `spec.modalities`, any height and width from 1.

        Returns:
            Logits, floating point, shape (batch, 8, height, width).
        """
        height, width = images.shape[-2:]
        logits: Tensor = self.body(self._prepared(images))
        return logits[..., :height, :width]

    def training_outputs(self, images: Tensor) -> tuple[tuple[float, Tensor], ...]:
        """Compute all logits that the loss is taken of: those of `forward`, and those of auxiliary heads.

        Args:
            images: Images as `forward` takes them.

        Returns:
            Weights of the loss and logits of shape (batch, 8, height, width), the logits of `forward` first.
        """
        height, width = images.shape[-2:]
        prepared = self._prepared(images)
        auxiliary = getattr(self.body, "training_outputs", None)
        outputs = ((1.0, self.body(prepared)),) if auxiliary is None else auxiliary(prepared)
        return tuple((weight, logits[..., :height, :width]) for weight, logits in outputs)

    def normalised(self, images: Tensor) -> Tensor:
        """Normalise images: (value - mean) / std, and 0, the mean of the channel, where there is no data.

        Args:
            images: Images as `forward` takes them.
        """
        normalised = (images.to(self.mean.dtype) - self.mean) / self.std
        if self.spec.modalities.are_bytes:
            return normalised
        return torch.where(normalised.isnan(), torch.zeros_like(normalised), normalised)

    def _prepared(self, images: Tensor) -> Tensor:
        """Normalise and pad images."""
        return pad_to_multiple(self.normalised(images), self.stride)
