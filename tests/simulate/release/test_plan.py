"""Where a simulated world lies and how its tiles are dealt out."""

import re
from collections import Counter

import pytest
from odc.geo.geobox import GeoBox
from shapely.strtree import STRtree

from oemsar.errors import InputError
from oemsar.raster.grid import footprint
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import plan_world
from oemsar.simulate.world.places import BOUNDS


def polygons(grids: list[GeoBox]) -> list[object]:
    return [footprint(grid) for grid in grids]


def test_tiles_lie_in_their_country_without_overlap() -> None:
    world = plan_world(WorldConfig(regions=12, tiles=9, size=256, seed=4))
    outlines = polygons([tile.grid for tile in world.tiles])
    for tile, outline in zip(world.tiles, outlines, strict=True):
        region = world.regions[tile.region]
        west, south, east, north = outline.bounds
        box = BOUNDS[region.country]
        assert box[0] < west < east < box[2]
        assert box[1] < south < north < box[3]
        assert tile.grid.crs.epsg == region.epsg
        assert abs(region.lon - (west + east) / 2) < 0.1
    first, second = STRtree(outlines).query(outlines, predicate="intersects")
    assert (first == second).all()


def test_gsd_is_in_the_published_range() -> None:
    world = plan_world(WorldConfig(regions=36, tiles=1, size=64))
    assert all(0.15 <= region.gsd <= 0.5 for region in world.regions)
    assert len({region.gsd for region in world.regions}) > 20


@pytest.mark.parametrize(
    ("tiles", "expected"), [(1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1)), (20, (12, 3, 5))]
)
def test_default_split_of_a_region(tiles: int, expected: tuple[int, int, int]) -> None:
    world = plan_world(WorldConfig(regions=2, tiles=tiles, size=64))
    counts = Counter((tile.region, tile.split) for tile in world.tiles)
    for region in range(2):
        assert tuple(counts[region, split] for split in ("train", "val", "test")) == expected


def test_names_count_through_each_split_and_tell_no_region() -> None:
    world = plan_world(WorldConfig(regions=4, tiles=10, size=64, val=2, test=3))
    names = [tile.name for tile in world.tiles if tile.split == "train"]
    assert names == [f"TrainArea_{number:03d}" for number in range(1, 21)]
    assert all(re.fullmatch(r"(Train|Val|Test)Area_\d{3}", tile.name) for tile in world.tiles)
    regions = [tile.region for tile in world.tiles if tile.split == "train"]
    assert regions != sorted(regions)


def test_plan_depends_on_the_seed_alone() -> None:
    config = WorldConfig(regions=3, tiles=4, size=64, seed=9, scene=128)
    assert plan_world(config).describe() == plan_world(config).describe()
    assert (
        plan_world(config).describe()
        != plan_world(WorldConfig(regions=3, tiles=4, size=64, seed=10)).describe()
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"regions": 0}, "regions"),
        ({"tiles": 0}, "tiles"),
        ({"size": 63}, "size"),
        ({"seed": -1}, "seed"),
        ({"scene": 10}, "scene"),
        ({"tiles": 3, "val": 2, "test": 2}, "val"),
        ({"val": -1}, "val"),
    ],
)
def test_bad_numbers_are_refused_with_the_option_named(changes: dict[str, int], word: str) -> None:
    with pytest.raises(InputError, match=word):
        WorldConfig(**changes)


def test_a_region_too_large_for_its_place_is_refused() -> None:
    with pytest.raises(InputError, match="fewer tiles"):
        plan_world(WorldConfig(regions=1, tiles=100_000, size=1024))
