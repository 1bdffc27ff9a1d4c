from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from oemsar.errors import InputError
from oemsar.prepare.pair.grid import STEP, _reach, common_grid, whole_grid
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.pair.run import make_pair
from oemsar.prepare.pair.sources import Sources, inspect_region

from .conftest import Built, Scene, Write


def sources_of(path: Path) -> Sources:
    return inspect_region(read_region(path))


def test_the_zone_is_that_of_the_orthophoto(scene: Scene, region: Write) -> None:
    with rasterio.open(scene.folder / "optical.tif") as dataset:
        crs = dataset.crs
    assert whole_grid(sources_of(region())).crs == crs
    grid = whole_grid(sources_of(region(crs="EPSG:3035", gsd=2)))
    assert grid.crs.to_epsg() == 3035


def test_a_pair_reaches_a_step_beyond_the_ground_found_and_not_beyond_the_whole() -> None:
    assert _reach(np.array([2 * STEP, 3 * STEP]), 1000) == (STEP, 4 * STEP + 1)
    assert _reach(np.array([0, 7]), 12) == (0, 12)


@pytest.mark.parametrize("gsd", [0.5, 0.3, 0.7, 2.0])
def test_edges_lie_on_multiples_of_the_sampling_distance(region: Write, gsd: float) -> None:
    affine = whole_grid(sources_of(region(gsd=gsd))).affine
    for edge in (affine.c / gsd, affine.f / gsd):
        assert edge == pytest.approx(round(edge), abs=1e-9)
    assert (affine.a, affine.e) == (gsd, -gsd)


def test_an_extent_is_grown_to_multiples(scene: Scene, region: Write) -> None:
    with rasterio.open(scene.folder / "optical.tif") as dataset:
        bounds = dataset.bounds
    left, bottom = np.floor(bounds.left) + 50.2, np.floor(bounds.bottom) + 60.4
    extent = [float(value) for value in (left, bottom, left + 100, bottom + 80)]
    sources = sources_of(region(extent=extent))
    grid = whole_grid(sources)
    assert grid.extent.boundingbox.bbox == (
        extent[0] - 0.2,
        extent[1] - 0.4,
        extent[2] + 0.3,
        extent[3] + 0.1,
    )
    assert common_grid(sources, Path("unread.json"), grid) == grid


def test_an_extent_on_multiples_stays(scene: Scene, region: Write) -> None:
    with rasterio.open(scene.folder / "optical.tif") as dataset:
        first = round(dataset.bounds.left / 0.3) + 20, round(dataset.bounds.bottom / 0.3) + 20
    extent = [0.3 * first[0], 0.3 * first[1], 0.3 * (first[0] + 100), 0.3 * (first[1] + 90)]
    assert whole_grid(sources_of(region(gsd=0.3, extent=extent))).shape == (90, 100)


def test_a_pair_reaches_as_far_as_both_images(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    """The radar image cut to a part of the ground: the pair is that part, to a few pixels."""
    whole = built.pair.grid.geobox()
    with rasterio.open(scene.folder / "sar.tif") as dataset:
        pixels, tags, rpcs = dataset.read(1), dataset.tags(), dataset.rpcs
        profile = dataset.profile
    kept = np.zeros_like(pixels)
    kept[:, :320] = pixels[:, :320]
    with rasterio.open(tmp_path / "sar.tif", "w", **profile) as dataset:
        dataset.write(kept, 1)
        dataset.update_tags(**tags)
        dataset.rpcs = rpcs
    sources = sources_of(region(sar="sar.tif"))
    grid = common_grid(sources, built.out / "alignment" / "transform.json", whole_grid(sources))
    assert grid.shape[1] < 0.8 * whole.shape[1]
    pair = make_pair(region(sar="sar.tif"), tmp_path / "out")
    with rasterio.open(tmp_path / "out" / "town_masks.tif") as dataset:
        both = dataset.read([1, 2]).all(0)
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    margins = rows[0], both.shape[0] - 1 - rows[-1], columns[0], both.shape[1] - 1 - columns[-1]
    assert max(margins) <= 2 * STEP + 32  # where data ends is known to 32 pixels of the radar image
    assert pair.masks.both_valid_share > 0.7


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"crs": "EPSG:4326"}, "crs.* EPSG:4326 .* is not a map in metres"),
        ({"crs": "EPSG:99999999"}, "is no CRS"),
        ({"gsd": 0.001}, "gsd: 0.001 m would make .* pixels"),
        ({"gsd": 500}, "gsd: 500 m leaves 1 x"),
        ({"extent": [0, 0, 100, 100]}, "extent: the extent does not meet"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_before_anything_is_written(
    region: Write, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        make_pair(region(**changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_orthophoto_on_another_map_meets_the_same_ground(
    built: Built, region: Write, tmp_path: Path
) -> None:
    """A pair in the map of another zone, from the orthophoto in its own."""
    grid = built.pair.grid.geobox()
    other = 32600 + int(grid.crs.to_epsg() - 32600) + 1
    out = built.again(tmp_path)
    make_pair(region(crs=f"EPSG:{other}"), out)
    with (
        rasterio.open(out / "town_optical.tif") as dataset,
        rasterio.open(built.out / "town_optical.tif") as old,
    ):
        rows, columns = np.mgrid[150:350:5, 150:350:5]
        east, north = old.transform @ (columns + 0.5, rows + 0.5)
        x, y = transform(old.crs, dataset.crs, east.ravel(), north.ravel())
        column, row = ~dataset.transform @ (np.array(x), np.array(y))
        there = dataset.read(2)[np.floor(row).astype(int), np.floor(column).astype(int)].astype(float)
        here = old.read(2)[rows, columns].ravel().astype(float)
        assert dataset.transform.b == 0
        assert np.corrcoef(here, there)[0, 1] > 0.9
