"""What a network is, in plain values: enough to build it again on another machine."""

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from oemsar.dataset.tile import Modalities


class ModelSpec(BaseModel):
    """Architecture, input and normalisation of a network.

    Attributes:
        architecture: name in `oemsar.models.registry`.
        encoder: name of the encoder, as the architecture's library calls it.
        modalities: the images it sees, stacked radar first.
        mean: per channel, in digital numbers 0..255.
        std: per channel, in digital numbers; the input is (pixel - mean) / std.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    encoder: str
    modalities: Modalities
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _one_number_per_channel(self) -> Self:
        channels = self.modalities.channels
        if len(self.mean) != channels or len(self.std) != channels:
            raise ValueError(f"mean and std need {channels} numbers each for {self.modalities.value}")
        if not all(value > 0 for value in self.std):
            raise ValueError("every std must be above 0")
        return self
