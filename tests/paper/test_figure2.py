"""The examples of a dataset: which tiles are drawn, and as what."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio

from oemsar.dataset.tile import Tile
from oemsar.legend import CLASSES
from oemsar.paper.figure2 import choose_examples, draw_examples

from .conftest import SHAPE, with_files

PATH = Path("a.tif")


def test_examples_are_of_every_country_and_of_as_many_regions_as_there_are(placed: list[Tile]) -> None:
    tiles = [replace(one, sar=PATH) for one in placed]
    chosen = choose_examples(tiles[::-1], 2)
    assert [one.country for one in chosen] == ["FRA", "FRA", "JPN", "JPN", "USA", "USA"]
    assert {one.region for one in chosen} == {"FRA-01", "FRA-02", "JPN-01", "USA-01"}
    assert chosen == choose_examples(tiles, 2)
    assert [one.name for one in choose_examples(tiles, 3) if one.country == "FRA"] == [
        "tile_0_0",
        "tile_1_0",
        "tile_0_1",
    ]


def test_examples_have_the_most_files_and_spread_over_the_regions(placed: list[Tile]) -> None:
    full = [replace(one, sar=PATH, optical=PATH) for one in placed]
    poor = [replace(one, name=f"a_{one.name}", optical=None) for one in full]
    assert choose_examples([*poor, *full], 1) == choose_examples(full, 1)
    many = [replace(full[0], name=f"b_{number}", region=f"FRA-{number:02d}") for number in range(9)]
    assert [one.region for one in choose_examples(many, 3)] == ["FRA-00", "FRA-04", "FRA-08"]
    unplaced = replace(full[0], name="z", region=None, country=None)
    assert choose_examples([unplaced, *full], 1)[-1] == unplaced
    assert choose_examples(placed, 1) == []


def test_examples_show_images_and_labels_in_the_colours_of_the_legend(
    placed: list[Tile], tmp_path: Path
) -> None:
    tiles = with_files(placed, tmp_path)[:2]
    axes = draw_examples(tiles).axes
    titles = ["SAR", "Optical", "Pseudo label", "Real label"]
    assert [axis.get_title() for axis in axes[:4]] == titles
    assert [axis.get_ylabel() for axis in axes[::4]] == ["FRA tile_0_0", "FRA tile_0_1"]
    assert [bool(axis.images) for axis in axes[4:]] == [True, False, True, False]
    with rasterio.open(tiles[0].real_label) as file:
        label = file.read(1)
    drawn = np.asarray(axes[3].images[0].get_array())
    for entry in CLASSES:
        assert (drawn[label == entry.id] == entry.colour).all()
    assert len(draw_examples(tiles[1:]).axes) == 2


def test_images_are_drawn_upright_band_by_band_and_radar_is_stretched(
    placed: list[Tile], tmp_path: Path
) -> None:
    tile = with_files(placed[:1], tmp_path)[0]
    with rasterio.open(tile.optical) as file:
        optical = file.read()
    with rasterio.open(tile.sar, "r+") as file:
        sar = np.full(SHAPE, 40, np.uint8)
        sar[:, 20:] = 60
        sar[:3] = 0
        file.write(sar, 1)
    radar, colours = (np.asarray(axis.images[0].get_array()) for axis in draw_examples([tile]).axes[:2])
    np.testing.assert_array_equal(colours, np.moveaxis(optical, 0, 2))
    assert radar.shape == SHAPE
    assert (radar[3:, :20] == 0).all()
    assert (radar[3:, 20:] == 255).all()
    unplaced = replace(tile, country=None)
    assert draw_examples([unplaced]).axes[0].get_ylabel() == "tile_0_0"
