"""The ImageNet classifier of the paper: what the published checkpoints hold."""

from torch import Tensor, nn

from oemsar.models.vmamba.block import linear
from oemsar.models.vmamba.encoder import Backbone, Variant


class VMambaClassifier(Backbone):
    """Norm, mean over the image and one linear layer behind the deepest level.

    Every parameter has the published name and shape, so a published checkpoint loads as it is.

    Args:
        variant: its settings.
        classes: number of logits.
    """

    def __init__(self, variant: Variant, classes: int = 1000) -> None:
        super().__init__(3, variant)
        channels = variant.out_channels[-1]
        self.classifier = nn.Module()
        self.classifier.norm = nn.LayerNorm(channels)
        self.classifier.head = linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, shape (batch, classes), of images of shape (batch, 3, height, width)."""
        deepest = self.classifier.norm(self.levels(images)[-1])
        logits: Tensor = self.classifier.head(deepest.mean((1, 2)))
        return logits
