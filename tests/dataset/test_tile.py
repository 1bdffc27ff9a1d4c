"""Tiles: the label they are scored by, and the imagery they have."""

from pathlib import Path

import pytest

from oemsar.dataset.tile import Tile
from oemsar.inputs import OPTICAL, PUBLISHED, SAR, SAR_OPTICAL, Inputs

RADAR, ORTHO, PSEUDO, REAL = Path("s.tif"), Path("o.tif"), Path("p.tif"), Path("r.tif")


@pytest.mark.parametrize(
    ("pseudo", "real", "label"),
    [(PSEUDO, REAL, REAL), (PSEUDO, None, PSEUDO), (None, REAL, REAL), (None, None, None)],
)
def test_a_label_made_by_hand_comes_before_one_made_by_a_model(
    pseudo: Path | None, real: Path | None, label: Path | None
) -> None:
    assert Tile("a", "val", (3, 5), pseudo_label=pseudo, real_label=real).label == label


@pytest.mark.parametrize(
    ("sar", "optical", "had"),
    [
        (RADAR, ORTHO, {SAR, OPTICAL, SAR_OPTICAL}),
        (RADAR, None, {SAR}),
        (None, ORTHO, {OPTICAL}),
        (None, None, set()),
    ],
)
def test_a_tile_has_modalities_where_it_has_every_image_of_them(
    sar: Path | None, optical: Path | None, had: set[Inputs]
) -> None:
    tile = Tile("a", "train", (3, 5), sar=sar, optical=optical)
    assert {modalities for modalities in PUBLISHED if tile.has(modalities)} == had
