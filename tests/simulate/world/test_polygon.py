"""Polygons in the plane, held against shapely and against closed forms."""

import math

import numpy as np
import pytest
import shapely

from oemsar.simulate.world.polygon import (
    Polygon,
    Rectangle,
    area,
    centroid,
    clip,
    contains,
    densify,
    extent_along,
    heading,
    inset,
    longest_edge,
    unit,
)

LOT = [2 + 1j, 21 + 3j, 17 + 14j, 4 + 11j]
"""A convex outline, clockwise as seen on an image."""


def as_shape(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon([(vertex.real, vertex.imag) for vertex in polygon])


def test_area_is_positive_clockwise_on_the_image_and_that_of_shapely() -> None:
    assert area(LOT) == pytest.approx(as_shape(LOT).area)
    assert area(LOT[::-1]) == pytest.approx(-as_shape(LOT).area)
    assert area([]) == 0


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.4, 4.1])
def test_clip_keeps_the_part_on_the_side_of_direction_times_i(angle: float) -> None:
    point, direction = 11 + 7j, unit(angle)
    side = Rectangle(point + 500j * direction, direction, 500, 500).outline
    kept, rest = clip(LOT, point, direction), clip(LOT, point, -direction)
    assert as_shape(kept).symmetric_difference(as_shape(LOT).intersection(as_shape(side))).area < 1e-9
    assert area(kept) + area(rest) == pytest.approx(area(LOT))
    assert clip(LOT, point + 100j * direction, direction) == []
    assert area(clip(LOT, point - 100j * direction, direction)) == pytest.approx(area(LOT))


def test_inset_moves_every_edge_by_the_distance() -> None:
    oblique = Rectangle(5 - 3j, unit(0.6), 9, 4).outline
    assert area(inset(oblique, 1.5)) == pytest.approx((18 - 3) * (8 - 3))
    assert centroid(inset(oblique, 1.5)) == pytest.approx(5 - 3j)
    assert inset(oblique, 4.1) == []
    shrunk = as_shape(inset(LOT, 1.2))
    assert shrunk.symmetric_difference(as_shape(LOT).buffer(-1.2, join_style="mitre")).area < 1e-6
    assert area(inset([*LOT[:2], LOT[1], *LOT[2:]], 1.2)) == pytest.approx(shrunk.area)


def test_inside_is_what_shapely_says() -> None:
    random = np.random.default_rng(1)
    shape = as_shape(LOT)
    points = [complex(*pair) for pair in random.uniform((0, 0), (24, 16), (300, 2))]
    inside = [contains(LOT, point) for point in points]
    assert inside == [shape.covers(shapely.Point(point.real, point.imag)) for point in points]
    assert 50 < sum(inside) < 250
    assert contains(LOT, LOT[2])


def test_longest_edge_and_extent() -> None:
    assert longest_edge(LOT) == (LOT[0], LOT[1])
    assert longest_edge([0j, 3 + 0j, 3 + 1j, 2 + 1j, -4 + 1j]) == (2 + 1j, -4 + 1j)
    assert longest_edge([0j, 1 + 0j, 9 + 9j]) == (9 + 9j, 0j)  # the edge that closes the outline counts
    assert extent_along(LOT, 1) == (2, 21)
    assert extent_along(LOT, 1j) == (1, 14)
    turned = [vertex * unit(0.9) + 100 for vertex in LOT]
    assert extent_along(turned, unit(0.9)) == pytest.approx(
        tuple(each + 100 * math.cos(0.9) for each in (2, 21))
    )


def test_densified_outline_has_the_same_corners_and_no_long_edge() -> None:
    dense = densify(LOT, 4.0)
    steps = [abs(after - before) for before, after in zip(dense, [*dense[1:], dense[0]], strict=True)]
    assert max(steps) <= 4.0
    assert set(LOT) <= set(dense)
    assert len(dense) == sum(math.ceil(abs(b - a) / 4) for a, b in zip(LOT, [*LOT[1:], LOT[0]], strict=True))
    assert as_shape(dense).symmetric_difference(as_shape(LOT)).area < 1e-9


def test_headings_are_clockwise_from_north_with_rows_running_down() -> None:
    for azimuth, expected in ((0, -1j), (90, 1), (180, 1j), (270, -1)):
        assert heading(azimuth) == pytest.approx(expected)
    assert heading(37) == pytest.approx(complex(0.6018, -0.7986), abs=1e-4)
    assert unit(math.pi / 2) == pytest.approx(1j)


def test_rectangle_has_its_corners_parts_and_shares() -> None:
    axis = unit(0.5)
    whole = Rectangle(10 + 4j, axis, 8, 3)
    assert area(whole.outline) == pytest.approx(4 * 8 * 3)
    assert whole.outline[0] == pytest.approx(10 + 4j - axis * complex(8, 3))
    assert whole.outline[1] == pytest.approx(10 + 4j + axis * complex(8, -3))
    assert whole.at(0.5, -1) == pytest.approx(10 + 4j + axis * complex(4, -3))
    part = whole.part((-1, -0.5), (0, 1))
    assert (part.half_length, part.half_width) == pytest.approx((2, 1.5))
    assert part.centre == pytest.approx(10 + 4j + axis * complex(-6, 1.5))
    assert as_shape(part.outline).within(as_shape(whole.outline).buffer(1e-9))
    backwards = whole.part((0.5, -0.5), (-1, 1))
    assert (backwards.half_length, backwards.half_width) == pytest.approx((4, 3))
    turned = whole.turned()
    assert as_shape(turned.outline).symmetric_difference(as_shape(whole.outline)).area < 1e-9
    assert (turned.axis, turned.half_length) == (axis * 1j, 3)
