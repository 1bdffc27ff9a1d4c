"""Streets: blocks and gaps fill the ground they are cut from, and bends swing no farther than they may."""

import math

import numpy as np
import pytest
import shapely

from oemsar.simulate.noise import stream
from oemsar.simulate.world.polygon import Polygon, Rectangle, area, inset, unit
from oemsar.simulate.world.streets import Bend, subdivide

GROUND = Rectangle(40 - 25j, unit(0.4), 210, 130).outline


def as_shape(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon([(vertex.real, vertex.imag) for vertex in polygon])


@pytest.mark.parametrize("skew", [0.0, 0.15])
def test_pieces_without_gaps_fill_the_ground_once(skew: float) -> None:
    pieces = subdivide(GROUND, 900.0, gap=lambda _: 0.0, skew=skew, rng=stream(1), keep=lambda _: True)
    assert sum(map(area, pieces)) == pytest.approx(area(GROUND))
    assert shapely.union_all([*map(as_shape, pieces)]).area == pytest.approx(area(GROUND), rel=1e-6)
    sizes = np.array([*map(area, pieces)])
    assert sizes.mean() == pytest.approx(900, rel=0.25)
    assert sizes.max() < 1.7 * 900
    corners = [
        abs(math.remainder(np.angle((b - a) / (c - b)), math.pi / 2))
        for piece in pieces
        for a, b, c in zip(piece, [*piece[1:], piece[0]], [*piece[2:], *piece[:2]], strict=True)
        if abs(b - a) > 1e-6 and abs(c - b) > 1e-6
    ]
    assert max(corners) < 1e-6 if skew == 0 else np.mean(corners) > 0.02


def test_streets_lie_between_the_pieces_as_wide_as_told() -> None:
    streets: list[tuple[complex, complex, float]] = []

    def remember(start: complex, end: complex, width: float) -> None:
        streets.append((start, end, width))

    pieces = subdivide(
        GROUND,
        4000.0,
        gap=lambda size: 14.0 if size > 40_000 else 6.0,
        skew=0.1,
        rng=stream(2),
        keep=lambda _: True,
        on_street=remember,
    )
    assert len(streets) == len(pieces) - 1
    assert streets[0][2] == 14.0
    assert streets[-1][2] == 6.0
    paved = shapely.union_all(
        [
            shapely.LineString([(a.real, a.imag), (b.real, b.imag)]).buffer(width / 2, cap_style="flat")
            for a, b, width in streets
        ]
    )
    blocks = shapely.union_all([*map(as_shape, pieces)])
    assert paved.intersection(blocks).area < 0.02 * blocks.area
    rest = as_shape(GROUND).difference(blocks).difference(paved)
    assert rest.area < 0.001 * area(GROUND)
    gaps = [one.distance(other) for one, other in zip(map(as_shape, pieces), map(as_shape, pieces[1:]))]  # noqa: B905
    assert min(gaps) == pytest.approx(6.0, abs=0.1)


def test_first_cut_crosses_the_longer_side_in_its_middle_third() -> None:
    cuts: list[tuple[complex, complex, float]] = []
    for seed in range(8):
        cuts.clear()
        subdivide(
            GROUND,
            30_000.0,
            gap=lambda _: 0.0,
            skew=0.0,
            rng=stream(seed),
            keep=lambda _: True,
            on_street=lambda *street: cuts.append(street),
        )
        start, end, _ = cuts[0]
        assert abs((end - start) * unit(-0.4)) == pytest.approx(260)
        assert ((end - start) * unit(-0.4)).real == pytest.approx(0)
        along = ((start + end) / 2 - (40 - 25j)) * unit(-0.4)
        assert along.imag == pytest.approx(0)
        assert abs(along.real) < 0.13 * 420


def test_pieces_of_no_interest_are_dropped() -> None:
    window = as_shape(inset(GROUND, 90))
    pieces = subdivide(
        GROUND,
        900.0,
        gap=lambda _: 0.0,
        skew=0.1,
        rng=stream(1),
        keep=lambda piece: as_shape(piece).intersects(window),
    )
    assert all(as_shape(piece).intersects(window) for piece in pieces)
    assert shapely.union_all([*map(as_shape, pieces)]).buffer(1e-6).covers(window)
    assert sum(map(area, pieces)) < 0.75 * area(GROUND)


def test_bend_swings_no_farther_than_it_may_and_without_swing_not_at_all() -> None:
    points = [complex(*pair) for pair in np.random.default_rng(2).uniform(-900, 900, (400, 2))]
    bend = Bend(12.0, stream(4))
    moves = [abs(bend(point) - point) for point in points]
    assert 6 < max(moves) <= 12.0
    assert all(Bend(0.0, stream(4))(point) == point for point in points)


def test_turned_directions_are_the_derivative_of_the_bend() -> None:
    bend = Bend(15.0, stream(9))
    turns = []
    for number in range(40):
        point, direction = complex(31 * number, 420 - 17 * number), unit(0.3 * number)
        turned = bend.turn(point, direction)
        derivative = (bend(point + 1e-3 * direction) - bend(point)) / 1e-3
        assert abs(turned) == pytest.approx(1)
        assert turned == pytest.approx(derivative / abs(derivative), abs=0.01)
        turns.append(abs(np.angle(turned / direction)))
    assert max(turns) > 0.05
