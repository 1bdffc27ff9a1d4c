"""The contract of readers: kept by those that any raster suffices for, and broken where it should be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oemsar.products.registry import READERS
from oemsar.testing.products import check_reader

POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)
SAMPLES = {
    "umbra-gec": (POWER[0] * 200).clip(0, 255).astype(np.uint8),
    "sentinel1-rtc": POWER,
    "complex": POWER[0] * 1j,
    "db": POWER[0] - 20,
    "amplitude": POWER[0],
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_readers_of_rasters_keep_the_contract(name: str, write_scene: Callable[..., Path]) -> None:
    check_reader(name, write_scene("a.tif", SAMPLES[name]))


def test_readers_that_break_the_contract_are_told(
    write_scene: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = write_scene("a.tif", SAMPLES["amplitude"])
    reader = READERS.find("amplitude")

    def check(sentence: str, **changes: object) -> None:
        monkeypatch.setattr(READERS, "find", lambda _: replace(reader, **changes))
        with pytest.raises(AssertionError, match=sentence):
            check_reader("amplitude", sample)

    check("registered under the name amplitude", name="amp")
    check("has no summary", summary=" ")
    check(r"does not recognise .*a\.tif", recognises=lambda _: False)
    check(r"recognises notes\.txt, which is no product", recognises=lambda _: True)
    check(r"opens notes\.txt, which is no product", read=lambda path, band: reader.read(sample, band))
