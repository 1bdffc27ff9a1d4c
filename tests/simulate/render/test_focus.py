"""Scatterers in an image: their power at their place, shared among the pixels around it."""

import numpy as np
import pytest

from oemsar.arrays import Doubles
from oemsar.simulate.noise import Raster
from oemsar.simulate.render.focus import accumulate, collect_mask, subdivided
from oemsar.simulate.render.sar import Echoes
from oemsar.simulate.world.polygon import heading

from ..worlds import slope_along

SHAPE = (30, 47)


def echoes(rows: list[float], columns: list[float], heights: list[float], powers: list[float]) -> Echoes:
    return Echoes(*(np.array(each, np.float32) for each in (rows, columns, heights, powers)))


def oblique(columns: Doubles, rows: Doubles, heights: Doubles) -> tuple[Doubles, Doubles]:
    """A mirror of the canvas, drawn out along its rows; height moves a point to the left and down."""
    return 40 - 1.5 * columns - 0.25 * heights, rows + 0.125 * heights


def focused(found: Echoes, shape: tuple[int, int] = SHAPE) -> Raster:
    image = np.zeros((shape[0] + 2) * (shape[1] + 2))
    accumulate(found, oblique, shape, image)
    return np.asarray(image.reshape(shape[0] + 2, shape[1] + 2))


def test_power_of_a_point_is_shared_around_its_place() -> None:
    image = focused(echoes([8.25], [11.5], [6.0], [5.0]))[1:-1, 1:-1]
    assert image.sum() == pytest.approx(5)
    rows, columns = np.indices(SHAPE)
    # column 40 - 17.25 - 1.5, row 8.25 + 0.75
    assert (image * columns).sum() / 5 == pytest.approx(21.25)
    assert (image * rows).sum() / 5 == pytest.approx(9.0)
    assert np.count_nonzero(image) == 2
    assert image[9, 21:23] == pytest.approx([5 * 0.75, 5 * 0.25])


def test_points_at_one_place_add_up_and_those_outside_are_left_out() -> None:
    found = echoes([5, 6, 5, 500, 5], [10, 10, 10, 10, -100], [0, -8, 0, 0, 0], [1, 2, 4, 8, 16])
    image = focused(found)
    # the second appears at column 40 - 15 + 2, row 6 - 1
    assert image[1 + 5, 1 + 25] == 5
    assert image[1 + 5, 1 + 27] == 2
    assert image.sum() == 7


def test_a_point_on_the_edge_leaves_the_rest_of_its_power_outside() -> None:
    image = focused(echoes([29.75, -0.5], [10, 20], [0, 0], [4, 6]))
    assert image[1:-1, 1:-1].sum() == pytest.approx(4 * 0.25 + 6 * 0.5)
    assert image.sum() == pytest.approx(10)


@pytest.mark.parametrize("azimuth", [37.0, 205.0])
def test_parts_of_a_surface_lie_on_it_side_by_side_in_range(azimuth: float) -> None:
    gsd, shape = 0.5, (40, 61)
    look = heading(azimuth)
    ground = slope_along(azimuth, 0.4, shape, gsd) + slope_along(azimuth + 90, 0.1, shape, gsd)
    rows, columns = (each.ravel() for each in np.indices(shape)[:, 3:-3, 3:-3])
    whole = echoes(rows, columns, ground[rows, columns] + 2, np.arange(len(rows)) + 1)
    parts = subdivided(whole, ground, azimuth, gsd)
    assert len(parts) == 2
    np.testing.assert_allclose(sum(part.powers for part in parts), whole.powers)
    for part, share in zip(parts, (-0.25, 0.25), strict=True):
        step = part.columns - whole.columns + 1j * (part.rows - whole.rows)
        np.testing.assert_allclose(step, share * look, atol=1e-5)
        # a quarter of a pixel up the slope along the look, which is 0.4 there
        np.testing.assert_allclose(part.heights - whole.heights, share * gsd * 0.4, atol=1e-5)


def test_collect_is_the_polygon_of_its_corners() -> None:
    corners = np.array([(5.0, 3.0), (52.0, 11.0), (40.0, 33.0), (8.0, 28.0)])
    mask = collect_mask(corners, (37, 60))
    assert mask.shape == (37, 60)
    x, y = corners.T
    area = 0.5 * abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
    perimeter = np.abs(np.diff(np.append(x, x[0]) + 1j * np.append(y, y[0]))).sum()
    assert mask.sum() == pytest.approx(area + perimeter / 2, rel=0.05)
    assert mask[11, 50]
    assert not mask[30, 50]
