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
    "umbra-gec": ("2023_UMBRA-05_GEC.tif", (POWER[0] * 200).clip(0, 255).astype(np.uint8)),
    "sentinel1-rtc": ("iw-vh.rtc.tiff", POWER[0]),
    "complex": ("a.tif", POWER[0] * 1j),
    "db": ("a.tif", POWER[0] - 20),
    "amplitude": ("a.tif", POWER[0]),
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_readers_of_rasters_keep_the_contract(name: str, write_scene: Callable[..., Path]) -> None:
    check_reader(name, write_scene(*SAMPLES[name]))


def test_readers_that_break_the_contract_are_told(
    write_scene: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = write_scene(*SAMPLES["amplitude"])
    reader = READERS.find("amplitude")

    def check(sentence: str, **changes: object) -> None:
        monkeypatch.setattr(READERS, "find", lambda _: replace(reader, **changes))
        with pytest.raises(AssertionError, match=sentence):
            check_reader("amplitude", sample)

    check("registered under the name amplitude", name="amp")
    check("has no summary", summary=" ")
    check(r"does not recognise .*a\.tif", recognises=lambda _: None)
    check(r"recognises notes\.txt, which is no product", recognises=lambda _: "anything")
    check("does not say what tells", recognises=lambda _: True)
    check("does not say what tells", recognises=lambda _: " ")
    check(
        r"raises IsADirectoryError.* over folder\.tif",
        recognises=lambda path: reader.recognises(path) or _opened(path),
    )
    check(r"opens notes\.txt, which is no product", read=lambda path, band: reader.read(sample, band))


def _opened(path: Path) -> str | None:
    """Read a file, whatever it is; nothing of a missing one."""
    return None if not path.exists() or path.read_bytes() is not None else ""
