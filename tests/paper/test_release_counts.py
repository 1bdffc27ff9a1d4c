"""The regions of a table, and what a whole release has that a table lacks."""

from pathlib import Path

import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.dataset.regions import assign_regions
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.paper.release_counts import list_regions, looks_whole

SHAPE = (40, 90)


def tile(name: str, east: float) -> Tile:
    grid = GeoBox(SHAPE, Affine(0.5, 0, east, 0, -0.5, 5_400_000), "EPSG:32631")
    return Tile(name, "train", SHAPE, grid, pseudo_label=Path("p.tif"))


def test_a_part_of_the_release_is_listed_without_being_compared() -> None:
    tiles = assign_regions([tile("a", 500_000), tile("b", 500_100), tile("c", 540_000)])
    report = list_regions([*tiles, Tile("d", "val", SHAPE)])
    assert [(region.name, region.tiles["train"]) for region in report.regions] == [
        ("FRA-01", 2),
        ("FRA-02", 1),
    ]
    assert report.unassigned_tiles == 1
    assert report.differences_from_published is None


def test_more_than_half_of_the_published_names_are_compared() -> None:
    named = [Tile(f"TrainArea_{number}", "train", SHAPE, region="FRA-01") for number in range(1, 2517)]
    assert not looks_whole(named)
    whole = [*named, *assign_regions([tile("TrainArea_3000", 500_000)])]
    assert looks_whole(whole)
    differences = list_regions(whole).differences_from_published
    assert differences is not None
    assert differences[0] == "tiles of split train: 2517 where the release has 4333"
    assert differences[-1] == "regions: 1 where the release has 35"


def test_tiles_without_regions_are_refused() -> None:
    with pytest.raises(InputError, match=r"^the table has no tile with a region"):
        list_regions([Tile("a", "train", SHAPE)])
