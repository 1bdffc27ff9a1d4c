"""The imagery a network sees."""

from enum import StrEnum


class Modalities(StrEnum):
    """The imagery a network sees; channels are stacked radar first.

    Single-polarisation SAR is one channel, optical three (red, green, blue).
    """

    SAR = "sar"
    OPTICAL = "optical"
    SAR_OPTICAL = "sar+optical"

    @property
    def has_sar(self) -> bool:
        """Whether the radar image is part of the input."""
        return self is not Modalities.OPTICAL

    @property
    def has_optical(self) -> bool:
        """Whether the optical image is part of the input."""
        return self is not Modalities.SAR

    @property
    def channels(self) -> int:
        """Number of input channels: 1, 3 or 4."""
        return self.has_sar * 1 + self.has_optical * 3
