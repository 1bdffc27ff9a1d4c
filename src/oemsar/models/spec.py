"""What a network is, in plain values: enough to build it again on another machine."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from oemsar.modalities import Modalities

Fusion = Literal["stack", "dual"]


class ModelSpec(BaseModel):
    """Architecture, input and normalisation of a network.

    Attributes:
        architecture: name in `oemsar.models.registry`.
        encoder: name of the encoder, as the architecture's library calls it.
        modalities: the images it sees, stacked radar first.
        mean: per channel, in digital numbers 0..255.
        std: per channel, in digital numbers; the input is (pixel - mean) / std.
        fusion: `stack` is one encoder over the channels of all modalities, `dual` one encoder for each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    encoder: str
    modalities: Modalities
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fusion: Fusion = "stack"

    @model_validator(mode="after")
    def _one_number_per_channel(self) -> Self:
        channels = self.modalities.channels
        if len(self.mean) != channels or len(self.std) != channels:
            raise ValueError(f"mean and std need {channels} numbers each for {self.modalities.value}")
        if not all(value > 0 for value in self.std):
            raise ValueError("every std must be above 0")
        return self

    @model_validator(mode="after")
    def _two_modalities_to_fuse(self) -> Self:
        require_fusible(self.fusion, self.modalities)
        return self

    def of(self, modalities: Modalities) -> "ModelSpec":
        """The same network over `modalities`, a part of its own, with their channels stacked."""
        channels = slice(None, 1) if modalities is Modalities.SAR else slice(-modalities.channels, None)
        return self.model_copy(
            update={
                "modalities": modalities,
                "mean": self.mean[channels],
                "std": self.std[channels],
                "fusion": "stack",
            }
        )


def require_fusible(fusion: Fusion, modalities: Modalities) -> None:
    """See that `dual` fusion has two modalities to fuse.

    Raises:
        ValueError: it has one.
    """
    if fusion == "dual" and modalities is not Modalities.SAR_OPTICAL:
        raise ValueError(
            f"fusion dual needs the modalities {Modalities.SAR_OPTICAL.value}, not {modalities.value} alone"
        )
