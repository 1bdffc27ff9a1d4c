"""The sizes that networks come in: encoders by short names, and the one that is the default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oemsar.errors import InputError
from oemsar.registry import Registry


@dataclass(frozen=True)
class Encoders:
    """Encoders that a network can be built with.

    Attributes:
        default: Name of the encoder that is taken where none is chosen.
        variants: Names of the encoders by the short name of the network's size; empty where the sizes of the
            network have no names.
    """

    default: str
    variants: Mapping[str, str] = field(default_factory=dict)


# The paper names no size of SegFormer or VMamba; of the two, these come nearest to its U-Net.
UNET = Encoders("efficientnet-b4")
UNET_LIGHT = Encoders("mobilenet_v2")
SEGFORMER = Encoders("mit_b2", {f"b{size}": f"mit_b{size}" for size in range(6)})
VMAMBA = Encoders(
    "vmamba_t",
    {size: f"vmamba_{size.replace('-', '_')}" for size in ("t", "s", "b", "s-s1l20", "b-s1l20")},
)
UPERNET = Encoders("convnextv2_tiny")

ENCODERS: Registry[Encoders] = Registry(
    "model",
    "oemsar.encoders",
    {
        "unet": "oemsar.models.variants:UNET",
        "unet_light": "oemsar.models.variants:UNET_LIGHT",
        "segformer": "oemsar.models.variants:SEGFORMER",
        "vmamba": "oemsar.models.variants:VMAMBA",
        "upernet": "oemsar.models.variants:UPERNET",
    },
)
"""Encoders of each network, under the name that the network has in `oemsar.models.registry.NETWORKS`."""


def encoders_of(architecture: str) -> Encoders:
    """Find the encoders of a network; one that names none has a single encoder of the network's own name."""
    return ENCODERS.find(architecture) if architecture in ENCODERS else Encoders(architecture)


def choose_encoder(architecture: str, encoder: str | None = None, variant: str | None = None) -> str:
    """Choose the encoder by its name or by that of the variant; by default that of the architecture.

    Args:
        architecture: Name in `oemsar.models.registry.NETWORKS`.
        encoder: Name of an encoder, or None.
        variant: Short name of a size, such as `b2`, or None.

    Raises:
        InputError: The architecture has no such variant, or `encoder` is another variant's.
    """
    own = encoders_of(architecture)
    if variant is None:
        return own.default if encoder is None else encoder
    if not own.variants:
        raise InputError(
            f"model {architecture} has no variants; choose its size by its encoder",
            option=("variant", "encoder"),
        )
    if variant not in own.variants:
        raise InputError(
            f"model {architecture} has no variant {variant}; choose one of {', '.join(own.variants)}",
            option="variant",
        )
    chosen = own.variants[variant]
    if encoder not in (None, chosen):
        raise InputError(
            f"variant {variant} of model {architecture} has the encoder {chosen}, not {encoder}; "
            "give one of the two",
            option=("variant", "encoder"),
        )
    return chosen


def variant_of(architecture: str, encoder: str) -> str | None:
    """Find the variant that has `encoder`; None where the architecture has no such variant."""
    names = {name: variant for variant, name in encoders_of(architecture).variants.items()}
    return names.get(encoder)


def require_variant(architecture: str, encoder: str) -> None:
    """Check that `encoder` is one of the architecture's own.

    Raises:
        InputError: It is not.
    """
    own = encoders_of(architecture).variants.values()
    if encoder not in own:
        raise InputError(
            f"{encoder} does not go with model {architecture}; choose one of {', '.join(own)}",
            option="encoder",
        )
