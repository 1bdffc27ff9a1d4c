"""The networks by name."""

from typing import Protocol

from oemsar.errors import InputError
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.unet import unet
from oemsar.models.vmamba.network import vmamba


class Architecture(Protocol):
    """A function that builds a network of one kind."""

    def __call__(self, spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
        """Build the network `spec` describes, its encoder from ImageNet weights where `pretrained`."""
        ...


ARCHITECTURES: dict[str, Architecture] = {"unet": unet, "vmamba": vmamba}
"""To add a network, write its function in a module of its own and name it here."""


def build(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build the network that `spec` describes, with random weights unless `pretrained`.

    Raises:
        InputError: the architecture or its encoder is not known.
        Failure: pretrained weights cannot be fetched.
    """
    if spec.architecture not in ARCHITECTURES:
        raise InputError(f"model {spec.architecture} is not known; choose one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[spec.architecture](spec, pretrained=pretrained)
