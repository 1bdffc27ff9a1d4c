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
        body: Module that maps its input (see `body_input`) to logits (batch, 8, height, width). Where it has
            more outputs to learn from, its method `training_outputs` gives all, each behind the weight of its
            loss.
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

    def forward(self, images: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compute the logits of images.

        Args:
            images: Grey values 0..255, uint8 or floating point, or other inputs in their own units, floating
                point and NaN where there is no data; shape (batch, channels, height, width) with channels as
                `spec.modalities`, any height and width from 1.
            valid: Pixels where each input carries data, bool, shape (batch, inputs, height, width); None for
                all, but where values are NaN. Only networks of fusion `any` look at it.

        Returns:
            Logits, floating point, shape (batch, 8, height, width).
        """
        height, width = images.shape[-2:]
        logits: Tensor = self.body(self._prepared(images, valid))
        return logits[..., :height, :width]

    def training_outputs(
        self, images: Tensor, valid: Tensor | None = None
    ) -> tuple[tuple[float, Tensor], ...]:
        """Compute all logits that the loss is taken of: those of `forward`, and those of auxiliary heads.

        Args:
            images: Images as `forward` takes them.
            valid: Pixels where each input carries data, as `forward` takes them.

        Returns:
            Weights of the loss and logits of shape (batch, 8, height, width), the logits of `forward` first.
        """
        height, width = images.shape[-2:]
        prepared = self._prepared(images, valid)
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
        return torch.where(normalised.ne(normalised), torch.zeros_like(normalised), normalised)

    def body_input(self, images: Tensor, valid: Tensor | None = None) -> Tensor:
        """Normalise images; for fusion `any` with a channel for each input behind: 1 with data, 0 without.

        There the channels of an input are 0 where it carries no data.

        Args:
            images: Images as `forward` takes them.
            valid: Pixels where each input carries data, as `forward` takes them.
        """
        normalised = self.normalised(images)
        if not self.spec.takes_any:
            return normalised
        there = self._carrying_data(images, valid).to(normalised.dtype)
        by_channel = torch.cat(
            [
                there[:, index : index + 1].expand(-1, part.channels, -1, -1)
                for index, part in enumerate(self.spec.modalities)
            ],
            1,
        )
        known = torch.where(by_channel > 0, normalised, torch.zeros_like(normalised))
        return torch.cat([known, there], 1)

    def _carrying_data(self, images: Tensor, valid: Tensor | None) -> Tensor:
        """Tell where each input carries data, bool, shape (batch, inputs, height, width)."""
        inputs = self.spec.modalities
        if inputs.are_bytes:
            if valid is not None:
                return valid > 0
            return torch.ones_like(images[:, : len(inputs)], dtype=torch.bool)
        # nan is not itself; OpenVINO of 2024 knows neither isnan nor any
        finite = images.eq(images).to(self.mean.dtype)
        known = torch.cat(
            [finite[:, inputs.slice_of(part.name)].amin(1, keepdim=True) > 0 for part in inputs], 1
        )
        return known if valid is None else known & (valid > 0)

    def _prepared(self, images: Tensor, valid: Tensor | None) -> Tensor:
        """Normalise and pad images."""
        return pad_to_multiple(self.body_input(images, valid), self.stride)
