"""Configuration of maps and of contest submissions."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from oemsar.errors import InputError
from oemsar.inference.config import InferenceConfig
from oemsar.products.registry import READERS


class WindowConfig(InferenceConfig):
    """Windows in which an image is mapped, and the network that maps them."""

    window: int = Field(1024, ge=1)
    """Side of the windows in pixels, near the size of the tiles the network was trained on."""
    overlap: int = Field(128, ge=0)
    """Width in pixels of the zone in which windows are blended, at most a third of the window."""

    @model_validator(mode="after")
    def _zones_never_meet(self) -> "WindowConfig":
        if self.overlap > self.window // 3:
            raise InputError(
                f"overlap {self.overlap} does not fit window {self.window}; "
                "give at most a third of the window",
                option=("overlap", "window"),
            )
        return self


class PredictConfig(WindowConfig):
    """Options of the map of a scene."""

    optical: Path | None = None
    """Orthophoto for a sar+optical model, on any grid."""
    product: Annotated[str | None, READERS] = None
    """Kind of product of the radar image, where it is not recognised."""
    nodata: str = "auto"
    """Pixels without data: auto (the file's own, else zeros around the collect), none, or their value."""
    range: tuple[float, float] | None = None
    """Values that become 0 and 255, for a scene that is not 8-bit; by default its percentiles 1 and 99."""

    @model_validator(mode="after")
    def _range_rises(self) -> "PredictConfig":
        if self.range is not None and not self.range[0] < self.range[1]:
            low, high = self.range
            raise InputError(
                f"{low} {high} is empty; the low value must be below the high one", option="range"
            )
        return self


class SubmissionConfig(InferenceConfig):
    """Options of a contest submission."""

    names: Path | None = None
    """Text file of the names the submission must have, one a line."""
