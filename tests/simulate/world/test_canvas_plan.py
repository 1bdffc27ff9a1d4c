"""A canvas while it is drawn: what fits a lot, what stays dry, and how high it may be."""

import math

import numpy as np
import pytest
import shapely

from oemsar.simulate.noise import stream
from oemsar.simulate.world.canvas_plan import CanvasPlan, fitted, scattered
from oemsar.simulate.world.materials import RANGELAND
from oemsar.simulate.world.polygon import Polygon, Rectangle, area, contains, heading
from oemsar.simulate.world.streets import Bend
from oemsar.simulate.world.surfaces import SurfaceRaster
from oemsar.simulate.world.waters import Waters

from ..worlds import region

GSD, SHAPE = 0.5, (160, 240)
"""80 m high and 120 m wide."""


def canvas(winding: float = 0.0, shore: float = 1e4, tallest: float = 15.0) -> CanvasPlan:
    """A canvas with water in the west, up to `shore` metres from its left edge; a bank of 3 m."""
    metres = (np.arange(SHAPE[1]) + 0.5) * GSD - shore if shore < 1e4 else np.full(SHAPE[1], 1e4)
    distance = np.broadcast_to(metres, SHAPE).astype(np.float32)
    waters = Waters("coast", distance, 3.0, "sand", np.zeros(SHAPE, bool))
    seen = region(gsd=GSD, winding=winding, tallest=tallest, skew=0.2)
    sheet = SurfaceRaster(SHAPE, GSD, 0.0, stream(1))
    return CanvasPlan(seen, sheet, Bend(winding, stream(2)), waters, stream(3))


def as_shape(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon([(vertex.real, vertex.imag) for vertex in polygon])


def test_the_rectangle_fitted_into_an_oblique_lot_keeps_the_setback() -> None:
    lot = Rectangle(30 + 12j, heading(37), 14, 8)
    found = fitted(lot.outline, 3.0)
    assert found.centre == pytest.approx(lot.centre)
    assert abs((found.axis * lot.axis.conjugate()).imag) < 1e-9
    assert (found.half_length, found.half_width) == pytest.approx((11, 5), rel=0.2)
    straight = fitted(Rectangle(30 + 12j, 1, 14, 8).outline, 3.0)
    assert (straight.half_length, straight.half_width) == (11, 5)
    assert as_shape(found.outline).within(as_shape(lot.outline).buffer(-2.9))
    narrow = fitted(lot.outline, 9.0)
    assert narrow.half_width == 0
    wedge = [0j, 40 + 0j, 30 + 12j, 12 + 12j]
    assert as_shape(fitted(wedge, 1.0).outline).within(as_shape(wedge))


def test_scattered_points_lie_inside_one_in_each_cell() -> None:
    block = Rectangle(50 + 30j, heading(37), 30, 20).outline
    points = scattered(block, 4.0, stream(5))
    assert len(points) == pytest.approx(area(block) / 16, rel=0.08)
    assert all(contains(block, point) for point in points)
    spread = np.array(points) - (50 + 30j)
    assert spread.mean() == pytest.approx(0, abs=1.5)
    along, across = (spread * np.conj(heading(37))).real, (spread * np.conj(heading(37))).imag
    assert (along.std(), across.std()) == pytest.approx((30 / math.sqrt(3), 20 / math.sqrt(3)), rel=0.1)
    assert scattered(block[::-1], 4.0, stream(5)) == []


def test_outlines_off_the_canvas_are_of_no_interest_but_for_the_margin_and_the_bend() -> None:
    def seen(x: float, y: float, winding: float = 0.0) -> bool:
        return canvas(winding).intersects(Rectangle(complex(x, y), 1, 5, 5).outline)

    for x, y in ((60, -14), (60, 94), (-14, 40), (134, 40)):
        assert seen(x, y)
    for x, y in ((60, -16), (60, 96), (-16, 40), (136, 40), (60, 120), (100, 100)):
        assert not seen(x, y)
    assert seen(60, -19, winding=6.0)


def test_lots_fill_the_block_at_about_their_size() -> None:
    plan = canvas()
    block = Rectangle(60 + 40j, heading(70), 50, 30).outline
    lots = plan.lots(block, 300.0)
    assert sum(map(area, lots)) == pytest.approx(area(block))
    assert area(block) / len(lots) == pytest.approx(300, rel=0.3)


def test_ground_is_bent_and_a_crop_turns_with_it() -> None:
    plan = canvas(winding=12.0)
    outline = Rectangle(60 + 40j, heading(37), 20, 12).outline
    plan.ground(outline, "crop", heading(37), 1.5)
    plan.ground([], "soil")
    rows, columns = np.nonzero(plan.surfaces.index() == 1)
    centre = plan.bend(60 + 40j)
    assert abs(centre - (60 + 40j)) > 1
    assert complex(columns.mean(), rows.mean()) * GSD == pytest.approx(centre, abs=1.5)
    table = plan.surfaces.table()
    assert table.row_spacing.tolist() == [0, 1.5]
    assert complex(table.axis[1]) == pytest.approx(plan.bend.turn(60 + 40j, heading(37)), abs=1e-3)


def test_trees_and_cars_keep_out_of_the_water() -> None:
    plan = canvas(shore=40.0)
    for x in (30, 40.4, 41.5, 60):
        plan.plant(complex(x, 20), 2.0, 9.0)
    assert [tree.centre.real for tree in plan.trees] == [41.5, 60]  # 0.3 of the bank is free
    for x in (44, 46, 70):
        plan.park_car(complex(x, 50), heading(37), RANGELAND)
    table = plan.surfaces.table()
    assert table.land_cover.tolist()[1:] == [RANGELAND] * 2
    rows, columns = np.nonzero(plan.surfaces.index() == 2)
    assert len(rows) * GSD**2 == pytest.approx(4.4 * 1.8, rel=0.6)
    assert (columns.mean() * GSD, rows.mean() * GSD) == pytest.approx((70, 50), abs=0.6)


def test_trees_are_no_higher_than_the_tallest() -> None:
    plan = canvas(tallest=12.0)
    plan.plant(60 + 40j, 2.0, 30.0)
    plan.plant(50 + 40j, 2.0, 7.0)
    assert [tree.height for tree in plan.trees] == [12.0, 7.0]


def test_buildings_stand_behind_the_bank_with_their_ridge_along_the_longer_side() -> None:
    plan = canvas(shore=40.0, tallest=12.0)
    assert not plan.build(
        Rectangle(56 + 30j, 1, 12, 6), 5.0, "tile"
    )  # its corner is at 44, the bank ends at 43
    assert plan.build(Rectangle(80 + 30j, heading(37), 6, 12), 11.0, "tile", pitch=0.5, hipped=True)
    table = plan.surfaces.table()
    assert (table.half_length[1], table.half_width[1]) == (12, 6)
    assert abs(complex(table.axis[1]) * heading(127).conjugate()) == pytest.approx(1)
    assert abs((complex(table.axis[1]) * heading(127).conjugate()).imag) < 1e-6
    assert table.height[1] == pytest.approx(12 - 0.5 * 6)
    assert plan.build(Rectangle(100 + 60j, 1, 10, 4), 5.0, "zinc")
    assert plan.surfaces.table().height[2] == 5.0
