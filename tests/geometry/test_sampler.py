"""A raster is sampled by columns x and rows y, which no oblong ramp lets be swapped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.sampler import Sampler
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import open_raster

Write = Callable[..., Path]


def _ramp() -> NDArray[np.float32]:
    """Two bands of 40 x 90 pixels: column + 100 row, and its negative."""
    rows, columns = np.mgrid[:40, :90]
    return np.stack([columns + 100 * rows, -columns - 100 * rows]).astype(np.float32)


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_a_ramp_is_sampled_exactly_between_its_pixels(write_scene: Write, kernel: Kernel) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(2, 86, (5, 8)), rng.uniform(2, 36, (5, 8))
    with open_raster(write_scene("a.tif", _ramp())) as dataset:
        values, valid = Sampler(RasterPixels.first(dataset, 2), kernel=kernel, averaging=False).at(x, y)
    assert valid.all()
    np.testing.assert_allclose(values, [x + 100 * y, -x - 100 * y], rtol=1e-4)


def test_positions_beyond_the_frame_have_no_value(write_scene: Write) -> None:
    x = np.array([[-0.6, -0.4, 89.4, 89.6, 45, 45, 45, 45, np.nan]])
    y = np.array([[20, 20, 20, 20, -0.6, -0.4, 39.4, 39.6, 20]])
    with open_raster(write_scene("a.tif", _ramp())) as dataset:
        _, valid = Sampler(RasterPixels.first(dataset), averaging=False).at(x, y)
    assert valid[0].tolist() == [False, True, True, False, False, True, True, False, False]


def test_a_coarser_grid_sees_means_of_as_many_pixels_in_each_direction(write_scene: Write) -> None:
    checks = np.indices((40, 90)).sum(0) % 2 * 10.0
    y, x = np.mgrid[5:30, 5:80].astype(float)
    with open_raster(write_scene("a.tif", checks.astype(np.float32))) as dataset:
        fine, _ = Sampler(RasterPixels.first(dataset)).at(x, y)
        coarse, _ = Sampler(RasterPixels.first(dataset)).at(x[::4, ::4], y[::4, ::4])
    np.testing.assert_allclose(fine[0], checks[5:30, 5:80], atol=1e-5)
    np.testing.assert_allclose(coarse, 5, atol=0.7)


def test_amplitude_is_refused_where_it_cannot_be(write_scene: Write) -> None:
    with open_raster(write_scene("a.tif", _ramp())) as dataset:
        with pytest.raises(InputError, match="negative values"):
            Sampler(RasterPixels(dataset, (2,)), power=True).at(np.full((3, 3), 9.0), np.full((3, 3), 8.0))
        np.testing.assert_allclose(
            Sampler(RasterPixels.first(dataset), power=True, averaging=False).at(
                np.array([[0.5]]), np.array([[0.0]])
            )[0],
            np.sqrt(0.5),
        )
    with (
        open_raster(write_scene("slc.tif", np.ones((4, 9), np.complex64))) as dataset,
        pytest.raises(InputError, match="complex pixels"),
    ):
        Sampler(RasterPixels.first(dataset), power=True)
