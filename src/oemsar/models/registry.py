"""The networks by name."""

from typing import Protocol

from oemsar.errors import InputError
from oemsar.models.fusion import dual
from oemsar.models.network import LandCoverNetwork
from oemsar.models.segformer import segformer
from oemsar.models.spec import ModelSpec
from oemsar.models.unet import unet
from oemsar.models.vmamba.network import vmamba


class Architecture(Protocol):
    """A function that builds a network of one kind, over stacked channels.

    The encoder is the attribute `encoder` of its body: a module with `out_channels`, one number for each
    of the feature maps it returns. With that `oemsar.models.fusion` makes the network one of two encoders.
    """

    def __call__(self, spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
        """Build the network `spec` describes, its encoder from ImageNet weights where `pretrained`."""
        ...


ARCHITECTURES: dict[str, Architecture] = {"unet": unet, "segformer": segformer, "vmamba": vmamba}
"""To add a network, write its function in a module of its own and name it here."""


def build(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build the network that `spec` describes, with random weights unless `pretrained`.

    Raises:
        InputError: the architecture or its encoder is not known.
        Failure: pretrained weights cannot be fetched.
    """
    if spec.architecture not in ARCHITECTURES:
        raise InputError(f"model {spec.architecture} is not known; choose one of {', '.join(ARCHITECTURES)}")
    architecture = ARCHITECTURES[spec.architecture]
    if spec.fusion == "dual":
        return dual(architecture, spec, pretrained=pretrained)
    return architecture(spec, pretrained=pretrained)
