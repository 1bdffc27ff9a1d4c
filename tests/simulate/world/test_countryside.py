"""Blocks of open land: of the class they are named for, with rows along their parcels and closed woods."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world import countryside
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.crowns import stamp_crowns
from oemsar.simulate.world.materials import AGRICULTURE, BARELAND, BUILDING, RANGELAND
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Polygon, Rectangle, area, contains, heading
from oemsar.simulate.world.region import draw_region
from oemsar.simulate.world.streets import Bend
from oemsar.simulate.world.surfaces import SurfaceRaster
from oemsar.simulate.world.waters import draw_waters

GSD, SHAPE = 1.0, (220, 300)
CENTRE = complex(150, 106)
BLOCK = Rectangle(CENTRE, heading(112), 120, 70).outline
Fill = Callable[[CanvasPlan, Polygon], None]


def filled(fill: Fill, country: str = "FRA", seed: int = 1) -> CanvasPlan:
    drawn = draw_region(1, Place(country, "rural", 2.35, 48.86), stream(0))
    seen = replace(drawn, gsd=GSD, winding=0.0, skew=0.1)
    dry = draw_waters("none", SHAPE, GSD, stream(0))
    canvas = CanvasPlan(
        seen, SurfaceRaster(SHAPE, GSD, 0.3, stream(seed)), Bend(0, stream(2)), dry, stream(seed)
    )
    fill(canvas, BLOCK)
    return canvas


def inside(margin: float = 2.0) -> np.ndarray:
    rows, columns = np.indices(SHAPE) + 0.5
    turned = ((columns + 1j * rows) * GSD - CENTRE) * np.conj(heading(112))
    return np.asarray((np.abs(turned.real) < 120 - margin) & (np.abs(turned.imag) < 70 - margin))


def share(fill: Fill, land_cover: int, country: str = "FRA") -> float:
    found = []
    for seed in range(3):
        surfaces = filled(fill, country, seed).surfaces
        found.append((surfaces.table().land_cover[surfaces.index()][inside()] == land_cover).mean())
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("fill", "land_cover", "least"),
    [
        (countryside.field, AGRICULTURE, 0.75),
        (countryside.meadow, RANGELAND, 0.85),
        (countryside.forest, RANGELAND, 0.99),
        (countryside.bare, BARELAND, 0.7),
        (countryside.park, RANGELAND, 0.7),
    ],
)
def test_the_ground_is_of_the_class_that_the_use_is_named_for(
    fill: Fill, land_cover: int, least: float
) -> None:
    assert share(fill, land_cover) > least


@pytest.mark.parametrize("fill", [countryside.meadow, countryside.forest, countryside.bare, countryside.park])
def test_nothing_is_built_on_open_land(fill: Fill) -> None:
    assert share(fill, BUILDING) == 0


@pytest.mark.parametrize(
    "fill",
    [countryside.field, countryside.meadow, countryside.forest, countryside.bare, countryside.park],
)
def test_ground_and_trees_keep_to_the_block(fill: Fill) -> None:
    canvas = filled(fill)
    drawn = canvas.surfaces.index() > 0
    # half a pixel of outline all around; paths and farmsteads may reach beyond their block
    beyond = drawn & ~inside(-2.0)
    assert beyond.sum() < 0.03 * drawn.sum()
    grown = Rectangle(CENTRE, heading(112), 121, 71).outline
    assert all(contains(grown, tree.centre) for tree in canvas.trees)


def test_forest_is_closed_but_for_clearings() -> None:
    canvas = filled(countryside.forest)
    height, _ = stamp_crowns(canvas.trees, SHAPE, GSD, stream(2))
    assert 0.7 < (height[inside()] > 0).mean() < 0.98
    heights = [tree.height for tree in canvas.trees]
    assert min(heights) > 5.9
    assert max(heights) <= canvas.region.tallest


def test_trees_stand_thinner_from_forest_to_park_to_meadow_to_bare_ground() -> None:
    counts = [
        np.mean([len(filled(fill, seed=seed).trees) for seed in range(4)])
        for fill in (countryside.forest, countryside.park, countryside.meadow, countryside.bare)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > area(BLOCK) / 6.2**2 * 0.7


@pytest.mark.parametrize(("country", "size"), [("FRA", 9000.0), ("JPN", 1300.0)])
def test_rows_of_crops_run_along_their_parcels(country: str, size: float) -> None:
    table = filled(countryside.field, country, 2).surfaces.table()
    crops = table.land_cover == AGRICULTURE
    assert crops.sum() == pytest.approx(area(BLOCK) / size, rel=0.6)
    spacing = table.row_spacing[crops]
    assert (spacing >= 0.9 * 0.85 - 1e-6).all()
    assert (spacing <= 2.4 * 1.3 + 1e-6).all()
    # parcels are cut from the block at nearly right angles: their edges are those of the block or across
    turned = table.axis[crops] * np.conj(heading(112))
    off = np.minimum(np.abs(turned.real), np.abs(turned.imag))
    assert np.median(off) < 0.08
    index = filled(countryside.field, country, 2).surfaces.index()
    longer = []
    for number in np.nonzero(crops)[0].tolist():
        rows, columns = np.nonzero(index == number)
        if len(rows) > 300 and size > 5000:
            along = (columns + 1j * rows) * np.conj(complex(table.axis[number]))
            longer.append(along.real.std() > 0.95 * along.imag.std())
    assert np.mean(longer) > 0.7 if longer else country == "JPN"


def test_a_worn_place_is_a_round_spot_of_some_metres() -> None:
    for seed in range(10):
        outline = countryside._worn_place(40 + 25j, stream(seed))
        radii = np.abs(np.array(outline) - (40 + 25j))
        assert radii.min() >= 4 * 0.65
        assert radii.max() <= 13 * 1.35
        assert np.pi * radii.min() ** 2 < area(outline) < np.pi * radii.max() ** 2


def test_a_farm_stands_beside_the_longest_edge_of_its_field() -> None:
    built = 0
    for seed in range(8):
        canvas = filled(countryside._farmstead, seed=seed)
        table = canvas.surfaces.table()
        farm = np.nonzero((table.half_width > 0) & (table.pitch > 0))[0]
        if len(farm) == 2:
            built += 1
            assert table.height[farm] == pytest.approx([5.0, 3.4])
            offset = (table.centre[farm] - CENTRE) * np.conj(heading(112))
            assert (70 - np.abs(offset.imag)).min() > 0
            assert (70 - np.abs(offset.imag)).max() < 40
            assert table.half_width[farm] == pytest.approx([5.5, 4.2])
    assert built >= 3
    small = filled(lambda canvas, _: countryside._farmstead(canvas, Rectangle(CENTRE, 1, 30, 30).outline))
    assert len(small.surfaces.table().height) == 1
