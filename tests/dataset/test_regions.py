"""Regions found from georeferencing: which tiles, which names, whatever the order."""

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from scipy.cluster.hierarchy import fcluster, linkage
from typer.testing import CliRunner

from oemsar.cli.data_regions import regions as command
from oemsar.dataset import regions as regions_module
from oemsar.dataset.regions import (
    UNASSIGNED,
    _clusters,
    assign_regions,
    by_region,
    require_regions,
    summarise_regions,
)
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.paper.release_counts import differences, looks_whole
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import World, plan_world


def tile(name: str, east: float, north: float, crs: str = "EPSG:32631") -> Tile:
    """A tile of 100 m whose centre lies there."""
    grid = GeoBox((100, 100), Affine(1, 0, east - 50, 0, -1, north + 50), crs)
    return Tile(name, "train", (100, 100), grid)


def assert_recovers(world: World, tiles: list[Tile]) -> None:
    """One region found for each simulated one, in the country it was placed in."""
    pairs = {(planned.region, found.region) for planned, found in zip(world.tiles, tiles, strict=True)}
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
    assert len(pairs) == len(world.regions)
    for planned, found in zip(world.tiles, tiles, strict=True):
        assert found.country == world.regions[planned.region].country


def test_the_regions_of_a_simulated_release_are_recovered(world: World, release: list[Tile]) -> None:
    assert_recovers(world, release)
    assert Counter(region.country for region in summarise_regions(release)) == {
        "FRA": 12,
        "JPN": 12,
        "USA": 11,
    }


@pytest.mark.parametrize("seed", range(3))
def test_large_and_crowded_worlds_are_recovered(seed: int) -> None:
    """Tiles of 1024 pixels cover kilometres, and 60 regions need places beside those of the table."""
    planned = plan_world(WorldConfig(regions=60, tiles=100, size=1024, seed=seed, val=6, test=14))
    tiles = [Tile(one.name, one.split, one.grid.shape, one.grid) for one in planned.tiles]
    assert_recovers(planned, assign_regions(tiles))


def test_names_count_from_west_to_east_and_do_not_depend_on_the_order(
    bare_tiles: list[Tile], release: list[Tile]
) -> None:
    shuffled = random.Random(1).sample(bare_tiles, len(bare_tiles))
    assert {one.name: one for one in assign_regions(shuffled)} == {one.name: one for one in release}
    found = summarise_regions(release)
    for country in ("FRA", "JPN", "USA"):
        own = [region for region in found if region.country == country]
        assert [region.name for region in own] == [f"{country}-{rank:02d}" for rank in range(1, len(own) + 1)]
        assert [region.lon for region in own] == sorted(region.lon for region in own)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(2, 150),
    copies=st.integers(1, 12),
    distance=st.floats(0.5, 30),
)
def test_clusters_are_those_of_single_linkage(seed: int, count: int, copies: int, distance: float) -> None:
    """SciPy's hierarchical clustering, also where many points lie in one place."""
    points = np.random.default_rng(seed).uniform(0, 100, (count, 3)).repeat(copies, axis=0)[:300]
    expected = fcluster(linkage(points, "single"), distance, "distance")
    pairs = set(zip(_clusters(points, distance).tolist(), expected.tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def test_a_chain_of_steps_within_the_distance_is_one_region() -> None:
    """Eastings in UTM are 0.04 % short on the central meridian."""
    chain = [tile(f"a{step}", 500_000 + 9_900 * step, 5_400_000) for step in range(4)]
    beyond = tile("b", 500_000 + 9_900 * 3 + 10_100, 5_400_000)
    names = [one.region for one in assign_regions([*chain, beyond])]
    assert names == ["FRA-01"] * 4 + ["FRA-02"]
    assert {one.region for one in assign_regions([*chain, beyond], 12)} == {"FRA-01"}
    assert len({one.region for one in assign_regions([*chain, beyond], 5)}) == 5


def test_the_centre_of_an_oblong_and_turned_tile_is_that_of_its_pixels() -> None:
    """A tile of 20 rows and 90 000 columns of a metre: rows taken for columns would move it by 45 km."""
    shape = (20, 90_000)
    east = GeoBox(shape, Affine(1, 0, 500_000, 0, -1, 5_400_010), "EPSG:32631")
    turned = Affine.translation(500_010, 5_400_000) @ Affine.rotation(-90) @ Affine.scale(1, -1)
    south = GeoBox(shape, turned, "EPSG:32631")
    for grid, centre in ((east, (545_000, 5_400_000)), (south, (500_000, 5_355_000))):
        (region,) = summarise_regions(assign_regions([Tile("a", "train", shape, grid)]))
        lon, lat = Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True).transform(*centre)
        assert (region.lon, region.lat) == pytest.approx((lon, lat), abs=1e-6)


def test_one_region_may_lie_in_two_zones_and_on_both_sides_of_the_antimeridian() -> None:
    """6 E is the boundary of zones 31 and 32; Taveuni (Fiji) lies on the 180th meridian."""
    zones = [tile("a", 719_000, 5_400_000, "EPSG:32631"), tile("b", 281_000, 5_400_000, "EPSG:32632")]
    fiji = [tile("c", 820_000, 8_135_000, "EPSG:32760"), tile("d", 182_500, 8_135_000, "EPSG:32701")]
    found = assign_regions([*zones, *fiji])
    assert [one.region for one in found] == ["FRA-01", "FRA-01", "FJI-01", "FJI-01"]
    (taveuni,) = (region for region in summarise_regions(found) if region.country == "FJI")
    assert abs(taveuni.lon) == pytest.approx(180, abs=0.05)


def test_tiles_without_georeferencing_have_no_region(tmp_path: Path) -> None:
    nowhere = Tile("n", "train", (4, 4), region="old", country="OLD")
    no_crs = replace(tile("m", 0, 0), grid=GeoBox((4, 4), Affine(1, 0, 5, 0, -1, 5), None))
    found = assign_regions([nowhere, tile("a", 500_000, 5_400_000), no_crs])
    assert [one.region for one in found] == [None, "FRA-01", None]
    assert [one.country for one in found] == [None, "FRA", None]
    assert [*by_region(found)] == ["FRA-01", UNASSIGNED]
    assert {one.region for one in assign_regions([nowhere])} == {None}
    with pytest.raises(InputError, match=r"tiles\.parquet has no tile with a region"):
        require_regions([no_crs], tmp_path / "tiles.parquet")


def test_the_open_sea_has_no_country_and_impossible_places_are_refused() -> None:
    (sea,) = assign_regions([tile("a", 500_000, 3_000_000, "EPSG:32623")])
    assert (sea.region, sea.country) == ("XXX-01", None)
    with pytest.raises(InputError, match="tile far has georeferencing that lies nowhere"):
        assign_regions([tile("far", 1e30, 1e30)])
    with pytest.raises(InputError, match="positive"):
        assign_regions([tile("a", 500_000, 3_000_000)], 0)


def test_summary_counts_splits_hand_labels_and_the_way_to_the_next_region() -> None:
    tiles = [
        tile("a", 500_000, 5_400_000),
        replace(tile("b", 501_000, 5_400_000), split="val", real_label=Path("b.tif")),
        tile("c", 530_000, 5_400_000),
    ]
    west, east = summarise_regions(assign_regions(tiles))
    assert west.tiles == {"train": 1, "val": 1, "test": 0}
    assert west.hand_labelled == {"train": 0, "val": 1, "test": 0}
    assert west.gap_km == east.gap_km == pytest.approx(29 / 0.9996, rel=1e-4)
    assert west.lon == pytest.approx(3 + 500 / 0.9996 / 111_320 / np.cos(np.radians(48.75)), abs=1e-4)


def whole(train: int = 4333, val: int = 210, test: int = 490) -> list[Tile]:
    counts = {"train": train, "val": val, "test": test}
    return [
        Tile(
            f"{split.title()}Area_{number:03d}",
            split,
            (1024, 1024),
            region=f"R{number % 35}",
            pseudo_label=Path("p.tif") if split == "train" else None,
            real_label=None if split == "train" else Path("r.tif"),
        )
        for split, count in counts.items()
        for number in range(count)
    ]


def test_the_whole_release_is_held_against_the_published_counts(release: list[Tile]) -> None:
    assert looks_whole(whole())
    assert differences(whole()) == []
    assert not looks_whole(release)
    less = [replace(one, region="R0" if one.region == "R1" else one.region) for one in whole(train=4332)]
    less[-1] = replace(less[-1], real_label=None)
    assert looks_whole(less)
    assert differences(less) == [
        "tiles of split train: 4332 where the release has 4333",
        "pseudo-labelled tiles of split train: 4332 where the release has 4333",
        "hand-labelled tiles of split test: 489 where the release has 490",
        "regions: 34 where the release has 35",
    ]


def test_command_lists_the_regions(release: list[Tile], release_table: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(release_table), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [region["name"] for region in document["regions"]] == [
        one.name for one in summarise_regions(release)
    ]
    assert document["regions"][0]["tiles"] == {"train": 4, "val": 6, "test": 14}
    assert (document["unassigned_tiles"], document["differences_from_published"]) == (0, None)
    table = CliRunner().invoke(app, [str(release_table)]).stdout
    assert "35 regions, 0 tiles without one" in table
    write_tiles(assign_regions(whole(train=2300)), tmp_path / "none.parquet")
    assert isinstance(CliRunner().invoke(app, [str(tmp_path / "none.parquet")]).exception, InputError)


def test_crowds_of_tiles_at_exactly_the_distance_are_one_region() -> None:
    steps = np.arange(12)[:, None] * np.array([0.1, 0.0, 0.0])
    points = np.concatenate([-steps, steps + np.array([10.0, 0.0, 0.0])])
    assert len(np.unique(regions_module._clusters(points, 10.0))) == 1
    assert len(np.unique(regions_module._clusters(points, 9.99))) == 2
