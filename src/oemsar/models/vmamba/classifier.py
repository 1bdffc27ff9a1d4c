"""The ImageNet classifier of the paper, which the published checkpoints hold."""

from torch import Tensor, nn

from oemsar.models.vmamba.block import linear
from oemsar.models.vmamba.encoder import Backbone, Variant


class VMambaClassifier(Backbone):
    """Norm, mean over the image and one linear layer behind the deepest level.

    Every parameter has the name and shape that it has in the published files, which `load_state_dict` takes.
    The authors' present code saves some of them in other shapes: those files, too, start an encoder by
    `oemsar.models.vmamba.weights.load_classifier_weights`, but not this network.

    Args:
        variant: Settings of the encoder.
        classes: Number of logits.
    """

    def __init__(self, variant: Variant, classes: int = 1000) -> None:
        super().__init__(3, variant)
        self.classifier = _Classification(variant.out_channels[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits, shape (batch, classes), of images of shape (batch, 3, height, width)."""
        logits: Tensor = self.classifier(self.levels(images)[-1])
        return logits


class _Classification(nn.Module):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.head = linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(features).mean((1, 2)))
        return logits
