"""Windows on a lattice find a displacement of known size in an image that is wider than high."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from oemsar.prepare.align.config import MATCHERS
from oemsar.prepare.align.matching.windows import Level, best_shift, compare, matches_of
from oemsar.prepare.align.model.correction import no_correction
from oemsar.prepare.align.scene.images import View
from oemsar.prepare.align.scene.relief_displacement import Plane
from oemsar.raster.read import Extent

SHAPE = (170, 330)
FACTOR = 2
RIGHT, DOWN = 3, -2
"""Pixels of the level by which the radar image shows everything farther."""
MARGIN = 100


@pytest.fixture(scope="module")
def texture() -> np.ndarray:
    """Blobs and edges on the level's grid, with a margin around it."""
    rng = np.random.default_rng(0)
    size = [side // FACTOR + 2 * MARGIN for side in SHAPE]
    return np.asarray(60 + 40 * np.sign(ndimage.gaussian_filter(rng.normal(size=size), 3)), np.float32)


def images(texture: np.ndarray, known: slice = slice(None)) -> Any:
    """A pair of which the orthophoto is known in some columns of the level only."""

    def cut(extent: Extent, down: int, right: int) -> np.ndarray:
        top, left = extent.row + MARGIN - down, extent.column + MARGIN - right
        return texture[top : top + extent.height, left : left + extent.width]

    def view(factor: int, extent: Extent, *_: object) -> View:
        assert factor == FACTOR
        columns = np.zeros(10_000, bool)
        columns[known] = True
        valid = np.broadcast_to(
            columns[np.maximum(np.arange(extent.column, extent.column + extent.width), 0)],
            (extent.height, extent.width),
        )
        radar = cut(extent, DOWN, RIGHT)
        return View(radar, np.ones(radar.shape, bool), cut(extent, 0, 0), valid, "linear")

    return SimpleNamespace(shape=SHAPE, plane=lambda *_: Plane(math.nan, 0), view=view)


def surfaces(pair: Any) -> Any:
    level = Level(FACTOR, 32, 6, 12)
    matcher = MATCHERS.find("orientation")()
    return compare(pair, matcher, level, no_correction(), reference="optical")


def test_every_window_finds_the_displacement_forward_and_backward(texture: np.ndarray) -> None:
    found = surfaces(images(texture))
    shift = best_shift(found)
    assert (shift.x, shift.y) == pytest.approx((RIGHT, DOWN), abs=0.1)
    for both in (found.forward, found.backward):
        peaks = both.reshape(*both.shape[:2], -1).argmax(-1)
        assert set(peaks.ravel().tolist()) == {(6 + DOWN) * 13 + 6 + RIGHT}
    matches = matches_of(found)
    assert len(matches) == found.weight.size
    np.testing.assert_allclose(matches.dx, RIGHT * FACTOR, atol=0.3)
    np.testing.assert_allclose(matches.dy, DOWN * FACTOR, atol=0.3)


def test_centres_of_windows_are_the_means_of_the_pixels_they_hold(texture: np.ndarray) -> None:
    """Windows of 64 pixels of the orthophoto; the first begins at its corner, the last ends at the other."""
    found = surfaces(images(texture))
    first, last = (SHAPE[1] // 2 - 32) * 2, (SHAPE[0] // 2 - 32) * 2
    assert (found.x[0, 0], found.y[0, 0]) == (31.5, 31.5)
    assert (found.x[0, -1], found.y[-1, 0]) == (first + 31.5, last + 31.5)
    assert found.x.shape[1] > found.x.shape[0]


def test_windows_of_which_little_is_known_are_not_compared(texture: np.ndarray) -> None:
    found = surfaces(images(texture, slice(0, 80)))
    left = found.x / FACTOR - 16
    share = np.clip((80 - left) / 32, 0, 1)
    np.testing.assert_array_equal(found.weight > 0, share >= 0.2)
    assert len(matches_of(found)) <= (share >= 0.2).sum()


@pytest.mark.parametrize(("shape", "rows", "columns"), [((100, 400), 3, 15), ((400, 100), 15, 3)])
def test_a_lattice_reaches_from_edge_to_edge_with_half_a_window_between(
    shape: tuple[int, int], rows: int, columns: int
) -> None:
    first_rows, first_columns = Level(1, 50, 8, 1000).lattice(shape)
    assert (first_rows.size, first_columns.size) == (rows, columns)
    assert (first_rows[0], first_rows[-1]) == (0, shape[0] - 50)
    assert (first_columns[0], first_columns[-1]) == (0, shape[1] - 50)


def test_a_large_image_has_no_more_windows_than_are_needed() -> None:
    first_rows, first_columns = Level(2, 64, 8, 12).lattice((3000, 20_000))
    assert first_columns.size <= 13
    assert first_rows.size < first_columns.size
