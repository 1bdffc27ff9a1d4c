"""Blocks of built-up land: what stands on them, how high, of what, and that it keeps to its lot."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from oemsar.simulate.noise import stream
from oemsar.simulate.world import blocks
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.materials import BUILDING, DEVELOPED, MATERIALS, RANGELAND, WATER
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Polygon, Rectangle, area, heading
from oemsar.simulate.world.region import draw_region
from oemsar.simulate.world.streets import Bend
from oemsar.simulate.world.surfaces import SurfaceRaster, SurfaceTable
from oemsar.simulate.world.waters import draw_waters

GSD, SHAPE = 0.5, (300, 420)
BLOCK = Rectangle(complex(108, 73), heading(112), 75, 42).outline
Fill = Callable[[CanvasPlan, Polygon], None]


def filled(fill: Fill, country: str = "FRA", seed: int = 1) -> CanvasPlan:
    """The block on a dry canvas of straight streets."""
    drawn = draw_region(1, Place(country, "urban", 2.35, 48.86), stream(0))
    seen = replace(drawn, gsd=GSD, winding=0.0, tallest=24.0)
    dry = draw_waters("none", SHAPE, GSD, stream(0))
    canvas = CanvasPlan(
        seen, SurfaceRaster(SHAPE, GSD, 0.3, stream(seed)), Bend(0, stream(2)), dry, stream(seed)
    )
    fill(canvas, BLOCK)
    return canvas


def as_shape(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon([(vertex.real, vertex.imag) for vertex in polygon])


def roofs(table: SurfaceTable) -> list[tuple[int, shapely.Polygon]]:
    """Surfaces of at least ten square metres that are buildings, and their footprints."""
    found = []
    for number in np.nonzero(table.half_width > 0)[0].tolist():
        length, width = float(table.half_length[number]), float(table.half_width[number])
        if 4 * length * width > 10:
            axis = complex(table.axis[number])
            outline = Rectangle(complex(table.centre[number]), axis / abs(axis), length, width).outline
            found.append((number, as_shape(outline)))
    return found


def covered(canvas: CanvasPlan) -> NDArray[np.uint8]:
    """Classes on the ground of the block."""
    rows, columns = np.indices(SHAPE) + 0.5
    offset = (columns + 1j * rows) * GSD - complex(108, 73)
    turned = offset * np.conj(heading(112))
    inside = (np.abs(turned.real) < 74) & (np.abs(turned.imag) < 41)
    return canvas.surfaces.table().land_cover[canvas.surfaces.index()][inside]


@pytest.mark.parametrize("fill", [blocks.town, blocks.apartments, blocks.halls, blocks.houses, blocks.yard])
@pytest.mark.parametrize("country", ["FRA", "JPN", "USA"])
def test_buildings_stand_inside_the_block_and_under_the_tallest(fill: Fill, country: str) -> None:
    table = filled(fill, country).surfaces.table()
    block = as_shape(BLOCK).buffer(0.01)
    outside = [shape.difference(block).area for _, shape in roofs(table)]
    # a wing or a drive may lean over the hedge, a building does not
    assert np.sum(outside) < 0.02 * sum(shape.area for _, shape in roofs(table)) + 1e-6
    assert (table.height + table.pitch * table.half_width).max() <= 24.0 + 1.7  # machines on roofs
    assert (table.land_cover[table.half_width > 0] == BUILDING).all()


def test_town_is_built_more_densely_than_houses_and_houses_more_than_yards() -> None:
    built = {
        fill: np.mean([(covered(filled(fill, seed=seed)) == BUILDING).mean() for seed in range(4)])
        for fill in (blocks.town, blocks.houses, blocks.yard)
    }
    assert built[blocks.town] > 0.3
    assert 0.12 < built[blocks.houses] < 0.4
    assert built[blocks.yard] < built[blocks.houses]


@pytest.mark.parametrize(("country", "lot"), [("FRA", 360.0), ("JPN", 165.0), ("USA", 520.0)])
def test_there_is_a_family_house_to_a_lot_with_a_pitched_roof(country: str, lot: float) -> None:
    counts, eaves = [], []
    for seed in range(3):
        table = filled(blocks.houses, country, seed).surfaces.table()
        main = [number for number, shape in roofs(table) if shape.area > 40]
        assert (table.pitch[main] >= 0.35).all()
        assert (table.pitch[main] <= 0.75).all()
        counts.append(len(main))
        eaves += table.height[main].tolist()
    wings = 1.25
    assert np.mean(counts) == pytest.approx(wings * area(BLOCK) / lot, rel=0.5)
    assert 2.6 < min(eaves) < 3.6
    assert 5.2 < max(eaves) <= 6.1


def test_pools_are_american_and_lots_in_japan_are_paved() -> None:
    pools = {
        country: sum((covered(filled(blocks.houses, country, seed)) == WATER).any() for seed in range(2))
        for country in ("FRA", "JPN", "USA")
    }
    assert pools["USA"] > 0
    assert pools["FRA"] == pools["JPN"] == 0
    paved = {
        country: np.mean(
            [(covered(filled(blocks.houses, country, seed)) == DEVELOPED).mean() for seed in range(2)]
        )
        for country in ("FRA", "JPN")
    }
    assert paved["JPN"] > 1.5 * paved["FRA"]


def test_flats_are_from_not_half_to_all_of_the_tallest_with_flat_roofs() -> None:
    heights = []
    for seed in range(5):
        table = filled(blocks.apartments, seed=seed).surfaces.table()
        main = [number for number, shape in roofs(table) if shape.area > 100]
        assert not table.pitch[main].any()
        heights += table.height[main].tolist()
    assert len(heights) > 20
    assert 0.9 * 0.45 * 24 <= min(heights) < 14
    assert 20 < max(heights) <= 24


def test_halls_are_low_wide_and_beside_their_parking() -> None:
    table = filled(blocks.halls).surfaces.table()
    halls = [(number, shape.area) for number, shape in roofs(table) if shape.area > 400]
    assert len(halls) > 1
    assert all(5 <= table.height[number] <= 11 for number, _ in halls)
    cars = table.height == 1.5
    assert cars.sum() > 20
    assert (table.land_cover[cars] == DEVELOPED).all()
    classes = covered(filled(blocks.halls))
    assert (np.isin(classes, (DEVELOPED, BUILDING))).mean() > 0.85


def test_cars_park_side_by_side_in_rows_along_the_longer_edge() -> None:
    parked: list[tuple[complex, complex]] = []
    canvas = filled(lambda *_: None)
    outline = Rectangle(complex(108, 73), heading(112), 40, 20).outline

    def remember(place: complex, axis: complex, land_cover: int) -> None:
        parked.append((place, axis))

    canvas.park_car = remember  # type: ignore[method-assign]
    blocks._parked_cars(canvas, outline, 1.0)
    places = (np.array([place for place, _ in parked]) - complex(108, 73)) * np.conj(heading(112))
    rows = np.unique(places.imag.round(6))
    assert np.diff(rows) == pytest.approx([5, 11, 5, 11][: len(rows) - 1])
    assert np.diff(np.unique(places.real.round(6))) == pytest.approx(2.6)
    assert np.abs(places.real).max() <= 40 - 2.8 + 1e-6
    assert np.abs(places.imag).max() <= 20 - 2.8 + 1e-6
    axes = np.array([axis for _, axis in parked]) * np.conj(heading(112))
    assert np.abs(axes.real / axes.imag).max() < 0.1  # they stand across the row
    everywhere = len(parked)
    parked.clear()
    blocks._parked_cars(canvas, outline, 0.4)
    assert len(parked) / everywhere == pytest.approx(0.4, abs=0.12)


def test_hedges_run_along_the_longest_edge() -> None:
    canvas = filled(lambda *_: None)
    lot = Rectangle(complex(108, 73), heading(112), 20, 9).outline
    blocks._hedge(canvas, lot)
    offset = (np.array([tree.centre for tree in canvas.trees]) - complex(108, 73)) * np.conj(heading(112))
    assert len(offset) == int(40 / 1.1)
    assert offset.imag == pytest.approx(offset.imag[0])
    assert abs(offset.imag[0]) == pytest.approx(9)
    assert offset.real.mean() == pytest.approx(0, abs=1e-6)
    assert np.abs(np.diff(offset.real)) == pytest.approx(40 / 36, rel=1e-6)


def test_machines_stand_on_the_roof() -> None:
    canvas = filled(lambda *_: None)
    roof = Rectangle(complex(108, 73), heading(112), 20, 9)
    for _ in range(20):
        blocks._roof_units(canvas, roof, 12.0)
    table = canvas.surfaces.table()
    units = np.nonzero(table.half_width > 0)[0]
    assert 20 < len(units) < 70
    offset = (table.centre[units] - complex(108, 73)) * np.conj(heading(112))
    assert np.abs(offset.real).max() < 0.7 * 20
    assert 0.7 * 9 * 0.7 < np.abs(offset.imag).max() < 0.7 * 9
    assert np.abs(offset.real).max() > 10
    assert table.height[units] == pytest.approx(13.6)
    assert table.backscatter[units].mean() == pytest.approx(MATERIALS["unit"].backscatter, abs=2)
    assert RANGELAND not in table.land_cover[units]
