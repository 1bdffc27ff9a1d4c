"""The border reaches from each edge to the first signal, through single bright pixels, 500 pixels at most."""

import numpy as np
import pytest

from oemsar.products.sentinel1_border import find_border
from oemsar.raster.read import Extent


def _inside(excess: np.ndarray) -> np.ndarray:
    height, width = excess.shape

    def read(extent: Extent) -> np.ndarray:
        rows, columns = extent.slices_in(Extent(0, 0, height, width))
        return excess[rows, columns]

    return find_border(read, excess.shape).inside(Extent(0, 0, height, width))


@pytest.mark.parametrize("shape", [(40, 70), (700, 30)])
def test_the_border_is_found_on_all_sides(shape: tuple[int, int]) -> None:
    excess = np.full(shape, -1.0)
    excess[6:-4, 3:-11] = 5.0
    np.testing.assert_array_equal(_inside(excess), excess > 0)


def test_a_bright_pixel_of_the_border_is_no_signal() -> None:
    excess = np.full((40, 70), -1.0)
    excess[:, 20:] = 5.0
    excess[7, 5] = 3.0
    np.testing.assert_array_equal(_inside(excess), np.broadcast_to(np.arange(70) >= 20, (40, 70)))


def test_dark_pixels_inside_are_no_border() -> None:
    excess = np.full((40, 70), 5.0)
    excess[10:30, 20:50] = -1.0
    assert _inside(excess).all()


def test_the_border_is_no_wider_than_500_pixels() -> None:
    """A dark sea that reaches the edge of the image is not all border."""
    excess = np.full((1300, 1200), -1.0)
    inside = _inside(excess)
    assert inside[500:800, 500:700].all()
    assert inside.sum() == 300 * 200


def test_a_rectangle_of_the_image_is_judged_as_the_image_is() -> None:
    excess = np.full((60, 50), -1.0)
    excess[9:, 13:-2] = 5.0
    border = find_border(
        lambda e: excess[e.row : e.row + e.height, e.column : e.column + e.width], excess.shape
    )
    np.testing.assert_array_equal(border.inside(Extent(5, 7, 20, 43)), excess[5:25, 7:] > 0)
