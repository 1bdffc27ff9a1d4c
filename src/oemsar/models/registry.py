"""The networks by name, and how one is built."""

from typing import TYPE_CHECKING, Protocol

from oemsar.models.spec import ModelSpec
from oemsar.registry import Registry

if TYPE_CHECKING:
    from oemsar.models.network import LandCoverNetwork


class Architecture(Protocol):
    """A function that builds a network of one kind, over stacked channels.

    The encoder is the attribute `encoder` of the network's body: a module with `out_channels`, one number for
    each of the feature maps it returns. With that `oemsar.models.fusion` makes the network one of an encoder
    for each input; the rest of the body then may look at its input for the size only, since fusion `any` puts
    further channels behind the images.
    """

    def __call__(self, spec: ModelSpec, *, pretrained: bool = False) -> "LandCoverNetwork":
        """Build the network that `spec` describes, its encoder from ImageNet weights where `pretrained`."""
        ...


NETWORKS: Registry[Architecture] = Registry(
    "model",
    "oemsar.networks",
    {
        "unet": "oemsar.models.unet:unet",
        "unet_light": "oemsar.models.unet_light:unet_light",
        "segformer": "oemsar.models.segformer:segformer",
        "vmamba": "oemsar.models.vmamba.network:vmamba",
        "upernet": "oemsar.models.upernet:upernet",
    },
)
"""Functions that build a network, by the name of its architecture."""


def build(spec: ModelSpec, *, pretrained: bool = False) -> "LandCoverNetwork":
    """Build the network that `spec` describes, with random weights unless `pretrained`.

    Raises:
        InputError: The architecture or its encoder is not known.
        Failure: Pretrained weights cannot be fetched.
    """
    architecture = NETWORKS.find(spec.architecture)
    if spec.fusion == "dual":
        from oemsar.models.fusion import dual

        return dual(architecture, spec, pretrained=pretrained)
    if spec.fusion == "any":
        from oemsar.models.any_fusion import any_subset

        return any_subset(architecture, spec, pretrained=pretrained)
    return architecture(spec, pretrained=pretrained)
