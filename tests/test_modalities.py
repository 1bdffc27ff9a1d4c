"""The imagery a network sees, and its channels."""

import pytest

from oemsar.modalities import Modalities


@pytest.mark.parametrize(
    ("name", "sar", "optical", "channels"),
    [("sar", True, False, 1), ("optical", False, True, 3), ("sar+optical", True, True, 4)],
)
def test_each_set_has_its_images_and_channels(name: str, sar: bool, optical: bool, channels: int) -> None:
    modalities = Modalities(name)
    assert (modalities.has_sar, modalities.has_optical, modalities.channels) == (sar, optical, channels)
