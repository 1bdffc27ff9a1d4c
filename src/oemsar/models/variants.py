"""The sizes each network comes in: short names, and the one taken where none is asked for."""

from oemsar.errors import InputError

DEFAULT_ENCODERS = {"unet": "efficientnet-b4", "segformer": "mit_b2", "vmamba": "vmamba_t"}
"""The paper names no size of SegFormer or VMamba; of the two, these come nearest to its U-Net."""

VARIANTS = {
    "segformer": {f"b{size}": f"mit_b{size}" for size in range(6)},
    "vmamba": {size: f"vmamba_{size}" for size in "tsb"},
}
"""Encoders by the name their papers give the network built on them."""


def choose_encoder(architecture: str, encoder: str | None = None, variant: str | None = None) -> str:
    """The encoder that `variant` or `encoder` names; the architecture's default where neither is given.

    Args:
        architecture: name in `oemsar.models.registry`.
        encoder: name of an encoder, or None.
        variant: `b0` to `b5` of segformer, `t`, `s` or `b` of vmamba, or None.

    Raises:
        InputError: the architecture has no such variant or no default, or `encoder` is another variant's.
    """
    if variant is not None:
        return _encoder_of(architecture, encoder, variant)
    if encoder is not None:
        return encoder
    if architecture not in DEFAULT_ENCODERS:
        raise InputError(
            f"model {architecture} has no default encoder; give --encoder, "
            f"or choose one of {', '.join(DEFAULT_ENCODERS)}"
        )
    return DEFAULT_ENCODERS[architecture]


def variant_of(architecture: str, encoder: str) -> str | None:
    """The variant that has `encoder`; None where the architecture has no such variant."""
    names = {name: variant for variant, name in VARIANTS.get(architecture, {}).items()}
    return names.get(encoder)


def _encoder_of(architecture: str, encoder: str | None, variant: str) -> str:
    variants = VARIANTS.get(architecture)
    if variants is None:
        raise InputError(f"model {architecture} has no variants; choose its size with --encoder")
    if variant not in variants:
        raise InputError(
            f"model {architecture} has no variant {variant}; choose one of {', '.join(variants)}"
        )
    chosen = variants[variant]
    if encoder not in (None, chosen):
        raise InputError(
            f"variant {variant} of model {architecture} has the encoder {chosen}, not {encoder}; "
            "give one of the two"
        )
    return chosen


def require_variant(architecture: str, encoder: str) -> None:
    """See that `encoder` is one of the architecture's own.

    Raises:
        InputError: it is not.
    """
    own = VARIANTS[architecture].values()
    if encoder not in own:
        raise InputError(
            f"encoder {encoder} does not go with model {architecture}; choose one of {', '.join(own)}"
        )
