"""The contiguous scene of a world: on a grid turned to the look, with the world's label at its true place."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import World, plan_world
from oemsar.simulate.release.scene import SCENE_FILES, write_scene
from oemsar.simulate.release.tile import map_with_margin
from oemsar.simulate.world.region import centre_in_utm

SIZE = 210


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    world = plan_world(WorldConfig(regions=1, tiles=1, size=64, seed=3, scene=SIZE))
    assert world.scene_region is not None
    world = replace(world, scene_region=replace(world.scene_region, look_azimuth=307.0))
    folder = tmp_path_factory.mktemp("scene")
    write_scene(world, folder)
    return world, folder


def test_label_is_that_of_the_world_at_the_ground_of_each_pixel(written: tuple[World, Path]) -> None:
    world, folder = written
    region = world.scene_region
    assert region is not None
    azimuth = math.radians(307)
    side = math.ceil(SIZE * (abs(math.sin(azimuth)) + abs(math.cos(azimuth)))) + 2
    land_cover, core = map_with_margin(region, side, world.scene_stream())
    truth = land_cover.classes[core]
    with rasterio.open(folder / SCENE_FILES[2]) as file:
        label, affine = file.read(1), file.transform
    rows, columns = np.indices(label.shape) + 0.5
    east, north = affine @ (columns, rows)
    centre = centre_in_utm(region)
    right = np.floor((east - centre[0]) / region.gsd + side / 2).astype(int)
    down = np.floor((centre[1] - north) / region.gsd + side / 2).astype(int)
    inside = label > 0
    # rounding to whole pixels differs by a hair's breadth here and there
    assert (label == truth[down, right])[inside].mean() > 0.99
    assert len(np.unique(label[inside])) > 3


def test_columns_run_along_the_look_and_the_centre_is_the_regions(written: tuple[World, Path]) -> None:
    world, folder = written
    region = world.scene_region
    assert region is not None
    for name in (SCENE_FILES[0], SCENE_FILES[2]):
        with rasterio.open(folder / name) as file:
            affine = file.transform
            assert file.shape == (SIZE, SIZE)
            assert file.crs.to_epsg() == region.epsg
        assert np.degrees(np.arctan2(affine.a, affine.d)) % 360 == pytest.approx(307)
        assert affine.determinant == pytest.approx(-(region.gsd**2))
        assert affine @ (SIZE / 2, SIZE / 2) == pytest.approx(centre_in_utm(region), abs=0.02)


def test_collect_is_a_slightly_slanted_square_within_a_margin(written: tuple[World, Path]) -> None:
    _, folder = written
    with rasterio.open(folder / SCENE_FILES[0]) as file:
        filled = file.read(1) > 0
    with rasterio.open(folder / SCENE_FILES[2]) as file:
        np.testing.assert_array_equal(file.read(1) > 0, filled)
    assert filled.mean() == pytest.approx(0.92**2, abs=0.01)
    rows = np.nonzero(filled)[0]
    assert 5 < rows.min() < 10
    assert 200 < rows.max() < 205
    # the upper edge falls to the right by 2 %, the left edge runs to the left
    tops = filled.argmax(axis=0)
    assert tops[190] - tops[20] == pytest.approx(0.02 * 170, abs=1.5)
    lefts = filled.argmax(axis=1)
    assert lefts[190] - lefts[20] == pytest.approx(-0.02 * 170, abs=1.5)


def test_orthophoto_is_north_up_coarser_and_over_the_same_ground(written: tuple[World, Path]) -> None:
    world, folder = written
    region = world.scene_region
    assert region is not None
    with rasterio.open(folder / SCENE_FILES[1]) as file:
        affine, optical, bounds = file.transform, file.read(), file.bounds
    with rasterio.open(folder / SCENE_FILES[2]) as file:
        label, turned = file.read(1), file.transform
    assert (affine.b, affine.d) == (0, 0)
    assert affine.a == pytest.approx(1.25 * region.gsd)
    centre = centre_in_utm(region)
    assert (bounds.left + bounds.right) / 2 == pytest.approx(centre[0], abs=1.25 * region.gsd)
    assert (bounds.top + bounds.bottom) / 2 == pytest.approx(centre[1], abs=1.25 * region.gsd)

    colours = optical.astype(float)
    hue = (colours[1] - colours[0]) / (colours.sum(axis=0) + 1)
    rows, columns = np.nonzero(label)
    classes = label[rows, columns]

    def separation(to_east: float, to_north: float) -> float:
        """Share of the hue's variance that lies between the classes of a label moved by some metres."""
        east, north = turned @ (columns + 0.5, rows + 0.5)
        right, down = ~affine @ (east + to_east, north + to_north)
        found = hue[down.astype(int), right.astype(int)]
        means = np.bincount(classes, found) / np.maximum(np.bincount(classes), 1)
        return float(np.var(means[classes]) / np.var(found))

    here = separation(0, 0)
    assert all(here > 1.3 * separation(*shift) for shift in ((2, 0), (-2, 0), (0, 2), (0, -2)))


def test_files_that_are_there_are_left_alone(written: tuple[World, Path], tmp_path: Path) -> None:
    world, folder = written
    before = {name: (folder / name).stat().st_mtime_ns for name in SCENE_FILES}
    write_scene(world, folder)
    assert {name: (folder / name).stat().st_mtime_ns for name in SCENE_FILES} == before
    write_scene(plan_world(WorldConfig(regions=1, tiles=1, size=64)), tmp_path)
    assert not list(tmp_path.iterdir())
