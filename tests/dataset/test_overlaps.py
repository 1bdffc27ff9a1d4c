"""Shared ground against areas known from the grids."""

import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from oemsar.dataset.overlaps import measure_overlaps
from oemsar.dataset.tile import Tile


def tile(name: str, east: float = 0, north: float = 0, side: int = 100) -> Tile:
    """A square of `side` metres on the central meridian of zone 31, where a map metre is 1 / 0.9996 m."""
    grid = GeoBox((side, side), Affine(1, 0, 500_000 + east, 0, -1, 5_400_000 + north), "EPSG:32631")
    return Tile(name, "train", (side, side), grid)


def test_area_and_fractions_are_those_of_the_ground() -> None:
    (found,) = measure_overlaps(
        {"P": [tile("a", side=200), tile("far", 5000)]}, {"test": [tile("b", 150, -20)]}
    )
    assert (found.tile, found.use, found.other, found.other_use) == ("a", "P", "b", "test")
    assert found.area_m2 == pytest.approx(50 * 100 / 0.9996**2, rel=1e-3)
    assert found.fraction == pytest.approx(50 * 100 / 200**2, rel=1e-3)
    assert found.other_fraction == pytest.approx(0.5, rel=1e-3)


def test_one_shared_column_and_one_shared_row_of_oblong_tiles_are_measured() -> None:
    """Tiles of 30 rows and 80 columns of a metre: a column is 1/80 of the ground, a row 1/30."""

    def oblong(name: str, east: float, north: float) -> Tile:
        affine = Affine(1, 0, 500_000 + east, 0, -1, 5_400_000 + north)
        return Tile(name, "train", (30, 80), GeoBox((30, 80), affine, "EPSG:32631"))

    found = measure_overlaps({"P": [oblong("a", 0, 0)]}, {"test": [oblong("b", 79, 0), oblong("c", 0, -29)]})
    assert [pair.fraction for pair in found] == pytest.approx([1 / 80, 1 / 30], rel=1e-3)
    assert [pair.area_m2 for pair in found] == pytest.approx([30 / 0.9996**2, 80 / 0.9996**2], rel=2e-3)


def test_neighbours_that_touch_share_nothing_and_a_tile_is_not_held_against_itself() -> None:
    one = tile("a")
    beside = [tile("b", 100), tile("c", 100.005), tile("d", 99.995), tile("e", 0, 100)]
    assert measure_overlaps({"R1": [one]}, {"R1": [one], "val": beside}) == []


def test_tiles_without_georeferencing_are_left_out() -> None:
    bare = Tile("n", "train", (100, 100))
    assert measure_overlaps({"P": [bare]}, {"test": [tile("b")]}) == []
    assert len(measure_overlaps({"P": [bare, tile("a")]}, {"test": [tile("b"), bare]})) == 1
