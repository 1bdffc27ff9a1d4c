"""A band at half its resolution holds the mean or the most frequent of four pixels that carry data."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar import legend
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.halving import means, modes


def test_a_mean_is_that_of_what_carries_data() -> None:
    band = np.array([[10, 0, 1, 2], [0, 20, 3, 4], [0, 0, 255, 255]], np.uint8)
    np.testing.assert_array_equal(means(band), [[15, 3], [0, 255]])


def _counted(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The value that is first to be the most frequent, counted pixel by pixel."""
    height, width = band.shape
    expected = np.zeros((-(-height // 2), -(-width // 2)), np.uint8)
    for row, column in np.ndindex(expected.shape):
        counts: Counter[int] = Counter()
        for value in band[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].ravel():
            counts[value] += value > 0
            if counts[value] > counts[expected[row, column]]:
                expected[row, column] = value
    return expected


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 8), (61, 40), (40, 61)])
@pytest.mark.parametrize("most", [1, 2, 4, 255])
def test_a_mode_is_the_value_counted_most(shape: tuple[int, int], most: int) -> None:
    band = np.random.default_rng(most).integers(0, most + 1, shape, np.uint8)
    np.testing.assert_array_equal(modes(band), _counted(band))
    np.testing.assert_array_equal(modes(band[:, ::-1]), _counted(band[:, ::-1]))


def test_overviews_of_a_class_map_are_those_of_gdal(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 9, (1024, 2048), np.uint8)
    write_cog(tmp_path / "a.tif", ids, None, Layer(nodata=0, palette=legend.palette()))
    with rasterio.open(
        tmp_path / "b.tif", "w", "GTiff", 2048, 1024, 1, dtype="uint8", nodata=0, tiled=True
    ) as dataset:
        dataset.write(ids, 1)
        dataset.build_overviews([2, 4], rasterio.enums.Resampling.mode)
    for level in (0, 1):
        with (
            rasterio.open(tmp_path / "a.tif", overview_level=level) as ours,
            rasterio.open(tmp_path / "b.tif", overview_level=level) as theirs,
        ):
            np.testing.assert_array_equal(ours.read(1), theirs.read(1))
