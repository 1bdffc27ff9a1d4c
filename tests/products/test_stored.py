"""Images of power are told to verbs that take pixels as they are; images of amplitude are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.products.stored import warn_unless_amplitude

POWER = np.random.default_rng(0).exponential(0.1, (40, 50)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "pixels", "told"),
    [
        ("iw-vv.rtc.tiff", POWER, True),
        ("a.tif", POWER - 20, True),
        ("a.tif", POWER, False),
        ("UMBRA.tif", np.ones((40, 50), np.uint8), False),
        ("a.tif", POWER * 1j, False),
    ],
)
def test_power_and_decibels_are_told(
    write_scene: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
    name: str,
    pixels: np.ndarray,
    told: bool,
) -> None:
    warn_unless_amplitude(write_scene(name, pixels))
    assert ("its pixels are taken for amplitude all the same" in caplog.text) is told


def test_what_cannot_be_opened_is_left_to_the_verb(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    warn_unless_amplitude(tmp_path / "missing.tif")
    assert caplog.text == ""
