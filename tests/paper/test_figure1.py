"""The map of regions: which are drawn, where, and with which names."""

import math
from collections import Counter

import numpy as np
import pytest
from matplotlib.figure import Figure

from oemsar.dataset.regions import summarise_regions
from oemsar.dataset.tile import Tile
from oemsar.paper.figure1 import draw_regions


@pytest.fixture(scope="module")
def figure(placed: list[Tile]) -> Figure:
    return draw_regions(summarise_regions(placed))


def test_regions_are_drawn_at_their_places_in_the_world_and_in_their_country(
    placed: list[Tile], figure: Figure
) -> None:
    regions = summarise_regions(placed)
    world, *countries = figure.axes
    assert world.get_title() == "4 regions, 8 tiles"
    titles = ["France\n2 regions, 4 tiles", "Japan\n1 regions, 2 tiles"]
    assert [axis.get_title() for axis in countries[:2]] == titles
    assert countries[2].get_title().startswith("United States")
    points = np.concatenate([np.asarray(found.get_offsets()) for found in world.collections[1:]])
    assert points == pytest.approx(np.array([(region.lon, region.lat) for region in regions]))
    for axis in countries:
        names = [text.get_text() for text in axis.texts]
        own = [region for region in regions if region.name in names]
        assert Counter(names) == Counter(region.name for region in own)
        (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
        assert all(west < region.lon < east and south < region.lat < north for region in own)
        assert len(axis.collections[0].get_paths()) > 200


def test_names_of_near_regions_do_not_cover_each_other(placed: list[Tile]) -> None:
    region = summarise_regions(placed)[0]
    near = [
        region.model_copy(update={"name": f"FRA-{n:02d}", "lon": 2 + 0.12 * n, "lat": 48.5}) for n in range(5)
    ]
    edge = region.model_copy(update={"name": "FRA-99", "lon": 8.0})
    axis = draw_regions([*near, edge]).axes[1]
    boxes = [text.get_window_extent() for text in axis.texts]
    assert len(boxes) == 6
    assert all(axis.get_window_extent().x0 < box.x0 and box.x1 < axis.get_window_extent().x1 for box in boxes)
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


def test_a_country_across_the_antimeridian_is_drawn_at_both_ends_and_not_between(figure: Figure) -> None:
    """A line across the map where the outline of Russia passes 180 degrees would cross Canada."""
    land = figure.axes[0].collections[0]
    seen = [path.vertices[:-1] for path in land.get_paths() if path.vertices[:, 1].min() > -60]
    assert max(np.abs(np.diff(ring[:, 0])).max() for ring in seen) < 90
    # Chukotka, Kamchatka, Viti Levu: land once; the Bering Sea and the Pacific: none
    places = {(-173.0, 66.5): 1, (160.0, 56.0): 1, (178.0, -17.8): 1, (-175.0, 60.0): 0, (-150.0, -17.0): 0}
    for place, times in places.items():
        assert sum(path.contains_point(place) for path in land.get_paths()) == times


def test_a_country_is_shown_true_to_scale_with_a_margin(placed: list[Tile]) -> None:
    """Its map is as wide on the ground as high, and a quarter more than its regions span."""
    region = summarise_regions(placed)[0]
    far = [
        region.model_copy(update={"name": f"FRA-{n:02d}", "lon": lon, "lat": lat})
        for n, (lon, lat) in enumerate([(-4.0, 48.0), (8.0, 44.0), (2.0, 50.0)])
    ]
    alone = [far[0].model_copy(update={"name": "JPN-01", "country": "JPN", "lon": 139.0, "lat": 36.0})]
    axes = draw_regions([*far, *alone]).axes[1:]
    for axis, regions, span in zip(
        axes, (far, alone), (1.25 * 12 * math.cos(math.radians(47)), 3.0), strict=True
    ):
        (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
        middle = (south + north) / 2
        assert north - south == pytest.approx(span)
        assert (east - west) * math.cos(math.radians(middle)) == pytest.approx(span)
        assert axis.get_aspect() == pytest.approx(1 / math.cos(math.radians(middle)))
        lons, lats = [one.lon for one in regions], [one.lat for one in regions]
        assert (west + east) / 2 == pytest.approx((min(lons) + max(lons)) / 2)
        assert middle == pytest.approx((min(lats) + max(lats)) / 2)


def test_regions_without_a_country_have_a_map_of_their_own_and_rows_hold_three(placed: list[Tile]) -> None:
    regions = summarise_regions(placed)
    lost = regions[0].model_copy(update={"name": "XXX-01", "country": None, "lon": -30.0, "lat": 40.0})
    figure = draw_regions([*regions, lost])
    assert [axis.get_title().split("\n")[0] for axis in figure.axes[1::3]] == ["France", "unassigned"]
    tops = [axis.get_position().y1 for axis in figure.axes]
    assert tops[0] > tops[1]
    assert tops[1:4] == pytest.approx([tops[1]] * 3, abs=0.02)
    assert tops[4] < figure.axes[1].get_position().y0
    colours = [tuple(axis.collections[1].get_facecolor()[0]) for axis in figure.axes[1:]]
    assert len(set(colours)) == 4
    in_world = [tuple(each.get_facecolor()[0]) for each in figure.axes[0].collections[1:]]
    assert in_world == colours
