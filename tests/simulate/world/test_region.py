"""How a region looks and is seen: within the ranges of the release, and as far as its shadows reach."""

import math
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.region import Region, centre_in_utm, draw_region


@pytest.fixture(scope="module")
def regions() -> list[Region]:
    places = [Place("FRA", "urban", 2.35, 48.86), Place("USA", "rural", -93.6, 42.2)]
    return [draw_region(n + 1, places[n % 2], stream(5, n)) for n in range(300)]


def test_gsd_and_angles_are_in_the_published_ranges(regions: list[Region]) -> None:
    assert all(0.15 <= region.gsd <= 0.5 for region in regions)
    assert len({region.gsd for region in regions}) > 100
    assert all(33 <= region.incidence_angle <= 50 for region in regions)
    assert all(0 <= region.dryness <= 1 for region in regions)
    assert {region.looks for region in regions} == {1, 2, 3}


def test_radar_looks_east_or_west_and_the_sun_stands_in_the_south(regions: list[Region]) -> None:
    east_or_west = np.array([abs(math.sin(math.radians(region.look_azimuth))) for region in regions])
    assert np.median(east_or_west) > 0.95
    east = np.array([region.look_azimuth < 180 for region in regions])
    assert east.mean() == pytest.approx(0.5, abs=0.1)
    assert all(125 <= region.sun_azimuth <= 235 for region in regions)
    assert all(40 <= region.sun_elevation <= 64 for region in regions)


def test_streets_of_the_american_grid_cross_at_right_angles_and_those_of_france_do_not(
    regions: list[Region],
) -> None:
    assert {region.skew for region in regions if region.country == "USA"} == {0.0}
    assert {region.skew for region in regions if region.country == "FRA"} == {0.16}
    relief = {
        kind: np.mean([r.relief for r in regions if r.character == kind]) for kind in ("urban", "rural")
    }
    assert relief["rural"] > 3 * relief["urban"]


def test_name_counts_the_regions_and_the_place_is_kept(regions: list[Region]) -> None:
    assert [region.name for region in regions[:2]] == ["region_01", "region_02"]
    assert (regions[1].lon, regions[1].lat, regions[1].epsg) == (-93.6, 42.2, 32615)


@pytest.mark.parametrize(
    ("incidence", "sun", "expected"),
    [
        (33.0, 60.0, 20 / math.tan(math.radians(33))),  # layover
        (60.0, 60.0, 20 * math.tan(math.radians(60))),  # radar shadow
        (45.0, 40.0, 20 / math.tan(math.radians(40))),  # sun shadow
    ],
)
def test_reach_is_the_longest_of_layover_and_shadows(incidence: float, sun: float, expected: float) -> None:
    drawn = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    region = replace(drawn, tallest=20.0, incidence_angle=incidence, sun_elevation=sun)
    assert region.reach == pytest.approx(expected)


def test_centre_in_utm_is_half_way_to_the_pole_on_the_central_meridian() -> None:
    """The meridian arc to 45 degrees is 4 984 944.378 m (WGS 84), the scale on the meridian 0.9996."""
    region = draw_region(1, Place("FRA", "rural", 3.0, 45.0), stream(0))
    assert centre_in_utm(region) == pytest.approx((500_000, 0.9996 * 4_984_944.378), abs=0.01)
    east = draw_region(1, Place("FRA", "rural", 3.5, 45.0), stream(0))
    # a degree of longitude at 45 degrees is 78.847 km
    assert centre_in_utm(east)[0] == pytest.approx(500_000 + 0.9996 * 78_847 / 2, abs=5)
