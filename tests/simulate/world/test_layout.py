"""The plan of a canvas: blocks between streets of the country's width, used as the ground allows."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.simulate.noise import stream
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.character import Character
from oemsar.simulate.world.layout import plan
from oemsar.simulate.world.materials import AGRICULTURE, BUILDING, ROAD, TREE
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Polygon
from oemsar.simulate.world.region import Region, draw_region
from oemsar.simulate.world.waters import draw_waters

SHAPE = (230, 330)


def region(country: str, character: Character) -> Region:
    return replace(draw_region(1, Place(country, character, 2.35, 48.86), stream(0)), gsd=1.0)


def classes(canvas: CanvasPlan) -> NDArray[np.uint8]:
    return canvas.surfaces.table().land_cover[canvas.surfaces.index()]


def only(use: str) -> CanvasPlan:
    dry = draw_waters("none", SHAPE, 1.0, stream(0))
    return plan(region("FRA", "suburban"), SHAPE, stream(3), waters=dry, suited=lambda block, drawn: use)


def test_use_that_suits_the_ground_takes_the_place_of_the_one_drawn() -> None:
    fields, woods, town = only("field"), only("forest"), only("town")
    assert (classes(fields) == AGRICULTURE).mean() > 0.6
    assert not (classes(woods) == BUILDING).any()
    assert len(woods.trees) > 3 * len(town.trees)
    assert (classes(town) == BUILDING).mean() > 0.25


def test_blocks_offered_to_the_ground_lie_on_the_canvas() -> None:
    offered: list[tuple[Polygon, str]] = []

    def suited(block: Polygon, use: str) -> str:
        offered.append((block, use))
        return use

    canvas = plan(region("USA", "urban"), SHAPE, stream(1), suited=suited)
    assert canvas.surfaces.shape == SHAPE
    assert len(offered) > 4
    assert all(canvas.intersects(block) for block, _ in offered)
    assert all(
        use in ("town", "apartments", "halls", "houses", "yard", "park", "bare", "forest")
        for _, use in offered
    )


@pytest.mark.parametrize(
    ("country", "character", "widths"),
    [
        ("FRA", "urban", {5.6, 5.6 * 1.2, 5.6 * 1.7}),
        ("JPN", "suburban", {4.6, 4.6 * 1.2, 4.6 * 1.4}),
        ("USA", "coastal", {7.0, 7.0 * 1.2, 7.0 * 1.4}),
        ("USA", "rural", {4.2, 6.5}),
    ],
)
def test_streets_have_the_widths_of_their_country(
    country: str, character: Character, widths: set[float]
) -> None:
    dry = draw_waters("none", SHAPE, 1.0, stream(0))
    canvas = plan(region(country, character), SHAPE, stream(2), waters=dry)
    found = {round(street.width, 6) for street in canvas.streets}
    assert found <= {round(width, 6) for width in widths}
    assert max(found) == pytest.approx(max(widths))
    assert canvas.streets[0].width == pytest.approx(max(widths))


def test_streets_are_asphalt_along_their_bent_middle_line() -> None:
    canvas = only("meadow")
    found = classes(canvas)
    hits = []
    for street in canvas.streets:
        for share in np.linspace(0.1, 0.9, 15):
            point = canvas.bend(street.start + (street.end - street.start) * share)
            row, column = int(point.imag), int(point.real)
            if 0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]:
                hits.append(found[row, column] == ROAD)
    assert len(hits) > 40
    assert np.mean(hits) > 0.95


def test_waters_are_as_frequent_as_the_character_has_them() -> None:
    """A coast 45, a river 15 and a pond 5 times of a hundred."""
    coast = region("JPN", "coastal")
    kinds = Counter(plan(coast, (6, 9), stream(7, seed)).waters.kind for seed in range(60))
    assert kinds["coast"] / 60 == pytest.approx(0.45, abs=0.18)
    assert kinds["river"] / 60 == pytest.approx(0.15, abs=0.12)
    assert kinds["pond"] < 10
    assert kinds["none"] / 60 == pytest.approx(0.35, abs=0.18)


def test_pavement_runs_around_blocks_in_towns_and_grass_in_the_country() -> None:
    dry = draw_waters("none", SHAPE, 1.0, stream(0))
    concrete = []
    for character in ("suburban", "rural"):
        canvas = plan(region("FRA", character), SHAPE, stream(3), waters=dry, suited=lambda *_: "meadow")
        table = canvas.surfaces.table()
        cars = (table.height == 1.5).sum()
        concrete.append(((table.land_cover == 3).sum(), cars, (table.land_cover == TREE).sum()))
    (paved, cars, _), (none, no_cars, _) = concrete
    assert paved > 4
    assert cars > 4
    assert none == no_cars == 0
