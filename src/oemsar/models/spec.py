"""The description of a network in plain values: enough to build it again on another machine."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.inputs import SAR_OPTICAL, Inputs

Fusion = Literal["stack", "dual", "any"]
"""How inputs are joined: one encoder over the channels of all, or one for each; with `any`, some may lack."""

MOST_INPUTS = 12
"""Most inputs of a network that takes any subset of them: there are 4095."""


class ModelSpec(Value):
    """Architecture, input and normalisation of a network."""

    architecture: str
    """Name in `oemsar.models.registry.NETWORKS`."""
    encoder: str
    """Name of the encoder, as the architecture's library calls it."""
    modalities: Inputs
    """Inputs that the network sees, their channels stacked in their order, radar first."""
    mean: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...]
    """Mean of each channel, in the unit of its input: grey values 0..255 of radar and optical images."""
    std: tuple[Annotated[float, Field(ge=1e-3, le=1e6)], ...]
    """Standard deviation of each channel, in the same unit; the network sees (pixel - mean) / std."""
    fusion: Fusion = "stack"
    """`stack` for one encoder over the channels of all inputs, `dual` for one encoder for each, `any` for one
    each and gates that know, for each pixel, which inputs carry data."""

    @model_validator(mode="after")
    def _one_number_per_channel(self) -> Self:
        channels = self.modalities.channels
        if len(self.mean) != channels or len(self.std) != channels:
            raise InputError(
                f"{self.modalities} needs {channels} numbers each, one per channel",
                option=("mean", "std"),
            )
        return self

    @model_validator(mode="after")
    def _two_modalities_to_fuse(self) -> Self:
        require_fusible(self.fusion, self.modalities)
        return self

    @property
    def takes_any(self) -> bool:
        """Whether the network takes any subset of its inputs, pixel by pixel."""
        return self.fusion == "any"

    def restricted_to(self, modalities: Inputs) -> "ModelSpec":
        """Describe the same network over some of its inputs alone, stacked."""
        parts = [self.modalities.slice_of(part.name) for part in modalities]
        return self.model_copy(
            update={
                "modalities": modalities,
                "mean": sum((self.mean[part] for part in parts), ()),
                "std": sum((self.std[part] for part in parts), ()),
                "fusion": "stack",
            }
        )


def require_fusible(fusion: Fusion, modalities: Inputs) -> None:
    """Check that `dual` and `any` fusion have two inputs or more to fuse, and `any` not too many.

    Raises:
        InputError: There is one, or there are too many.
    """
    if fusion != "stack" and len(modalities) < 2:
        raise InputError(
            f"{fusion} fusion needs two inputs, such as {SAR_OPTICAL}, not {modalities} alone",
            option=("fusion", "modalities"),
        )
    if fusion == "any" and len(modalities) > MOST_INPUTS:
        raise InputError(
            f"any fusion takes at most {MOST_INPUTS} inputs, not {len(modalities)}; choose fewer",
            option=("fusion", "modalities"),
        )
