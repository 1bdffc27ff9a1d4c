"""Training: crops, augmentation, losses, the Lightning module and the run around them."""

from oemsar.models.torchvision_ops import declare

declare()  # before any module of this package imports Lightning, which imports torchvision
