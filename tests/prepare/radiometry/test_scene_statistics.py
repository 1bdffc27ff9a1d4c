"""The first pass counts what carries data, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from oemsar.prepare.radiometry import scene_statistics as module
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics, open_workers, scene_statistics
from oemsar.products.product import Encoding
from oemsar.progress import silent
from oemsar.raster.bands import raster_opener
from oemsar.raster.collect import find_padding, within_collect
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster


def _statistics(path: Path, nodata: str = "auto", encoding: Encoding = Encoding.AMPLITUDE) -> SceneStatistics:
    with open_workers(with_nodata(raster_opener(path, 1), nodata)) as workers:
        _, dtype = workers.describe()
        return scene_statistics(workers, AmplitudeTable.build(dtype, encoding, 1.0), silent)


def _inside(dataset: DatasetReader, shape: tuple[int, int]) -> NDArray[np.bool_]:
    pixels = RasterPixels.first(dataset)
    return read_window(within_collect(pixels, find_padding(pixels)), Extent(0, 0, *shape))[1]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "complex64"])
def test_zeros_around_the_collect_are_left_out_and_zeros_inside_are_counted(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], dtype: str
) -> None:
    path = write_scene("scene.tif", collect.astype(dtype), tiled=True)
    found = _statistics(path, encoding=Encoding.MODULUS if dtype == "complex64" else Encoding.AMPLITUDE)
    with open_raster(path) as dataset:
        valid = _inside(dataset, collect.shape)
    assert found.histogram.count == pytest.approx(valid.sum(), abs=3)
    assert found.histogram.minimum == 0
    assert found.histogram.counts[0] == pytest.approx((collect[valid] == 0).sum(), abs=3)
    assert found.histogram.mean == pytest.approx(collect[valid].mean(), rel=1e-3)


def test_the_size_of_the_blocks_does_not_matter(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_scene("scene.tif", collect)
    whole = _statistics(path).histogram
    monkeypatch.setattr(module, "BLOCK", (64, 96))
    parts = _statistics(path).histogram
    np.testing.assert_array_equal(whole.amplitudes, parts.amplitudes)
    assert abs(whole.counts - parts.counts).sum() <= 3


def test_nan_and_nodata_values_are_left_out(write_scene: Callable[..., Path]) -> None:
    pixels = np.full((70, 80), 5.0, np.float32)
    pixels[:10], pixels[10:20], pixels[20] = np.nan, -9999, 3
    assert _statistics(write_scene("file.tif", pixels, nodata=-9999)).histogram.count == 50 * 80
    plain = write_scene("plain.tif", pixels)
    assert _statistics(plain, "3").histogram.count == 49 * 80
    assert _statistics(plain, "none").histogram.count == 50 * 80


def test_zeros_are_data_where_the_person_says_so(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8]
) -> None:
    assert _statistics(write_scene("scene.tif", collect), "none").histogram.count == collect.size
