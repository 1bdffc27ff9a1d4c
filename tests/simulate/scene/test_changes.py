"""Cars come and go, crops change, and nothing else does."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.scene.changes import with_cars, with_other_crops
from oemsar.simulate.world.landcover import WorldRasters, map_land_cover
from oemsar.simulate.world.materials import AGRICULTURE
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.region import Region, draw_region


@pytest.fixture(scope="module")
def region() -> Region:
    return draw_region(1, Place("FRA", "suburban", 2.35, 48.86), stream(0))


@pytest.fixture(scope="module")
def town(region: Region) -> WorldRasters:
    return map_land_cover(region, (500, 500), stream(3))


def cars(world: WorldRasters) -> set[int]:
    is_car = (world.table.height > 0) & (world.table.half_width == 0)
    return set(np.unique(world.surface[is_car[world.surface]]).tolist())


def test_no_car_and_no_height_of_one_is_left(town: WorldRasters) -> None:
    still = with_cars(town, 0, stream(1))
    assert len(cars(town)) > 20
    assert not cars(still)
    changed = town.surface != still.surface
    assert (still.height[changed & ~town.is_tree] == 0).all()
    np.testing.assert_array_equal(still.surface[~changed], town.surface[~changed])
    np.testing.assert_array_equal(still.classes, town.classes)


def test_two_days_show_about_the_share_of_cars_each_and_not_the_same(town: WorldRasters) -> None:
    every = cars(town)
    first, second = cars(with_cars(town, 0.6, stream(1))), cars(with_cars(town, 0.6, stream(2)))
    assert len(first) / len(every) == pytest.approx(0.6, abs=0.2)
    assert first != second
    assert first < every


def test_only_fields_change_their_colour_beyond_the_exposure(region: Region) -> None:
    farm = draw_region(1, Place("FRA", "rural", 2.35, 48.86), stream(0))
    world = map_land_cover(farm, (900, 900), stream(4))
    ratio = with_other_crops(world, farm, 0.5, stream(5)).table.colour / world.table.colour
    others = world.table.land_cover != AGRICULTURE
    exposure = np.median(ratio)
    np.testing.assert_allclose(ratio[others], exposure, rtol=1e-4)
    fields = ratio[~others]
    assert len(fields) > 5
    assert (np.abs(fields / exposure - 1) > 0.02).any(axis=1).mean() == pytest.approx(0.5, abs=0.3)
