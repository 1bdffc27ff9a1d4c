"""A look-up table gives every pixel that carries data its grey value, and all others 0."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.scene_statistics import open_workers, scene_statistics
from oemsar.products.product import Encoding
from oemsar.progress import silent
from oemsar.raster.bands import raster_opener
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pyramid import Pyramid


def _apply(path: Path, folder: Path, bands: int | tuple[int, ...], nodata: str = "auto") -> NDArray[np.uint8]:
    """Grey value = 255 - pixel, at least 1, of a scene of bytes; shape (bands, height, width)."""
    number = 1 if isinstance(bands, int) else len(bands)
    with open_workers(with_nodata(raster_opener(path, bands), nodata)) as workers:
        shape, dtype = workers.describe()
        table = AmplitudeTable.build(dtype, Encoding.AMPLITUDE, 1.0)
        statistics = scene_statistics(workers, table, silent) if number == 1 else None
        pyramid = Pyramid.create(folder, shape, bands=number)
        grey = np.maximum(255 - np.arange(256), 1).astype(np.uint8)
        steps: list[tuple[int, int]] = []
        LookupTable(table, grey, statistics).apply(workers, pyramid, lambda *step: steps.append(step))
    assert steps[-1][0] == steps[-1][1]
    return np.stack([band.read_rows(0, shape[0]) for band in pyramid.levels[0]])


def test_bands_are_looked_up_each_and_carry_data_together(
    write_scene: Callable[..., Path], tmp_path: Path
) -> None:
    """A pixel whose three bands are nodata carries none; one with nodata in a single band is 0 in all."""
    pixels = np.random.default_rng(0).integers(1, 255, (4, 700, 1100), np.uint8)
    pixels[:3, 520, 1030] = 9
    pixels[0, 10, 20] = 9
    scene = write_scene("a.tif", pixels)
    found = _apply(scene, tmp_path, (3, 1, 2), nodata="9")
    expected = 255 - pixels[[2, 0, 1]]
    assert not found[:, 520, 1030].any()
    np.testing.assert_array_equal(found[:, 10, 20], expected[:, 10, 20])
    rest = np.ones(pixels.shape[1:], bool)
    rest[520, 1030] = False
    np.testing.assert_array_equal(found[:, rest], expected[:, rest])


def test_a_band_without_a_number_leaves_the_pixel_without_data(
    write_scene: Callable[..., Path], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).uniform(1, 200, (3, 60, 90)).astype(np.float32)
    pixels[1, 20, 30] = np.nan
    scene = write_scene("a.tif", pixels)
    with open_workers(raster_opener(scene, (1, 2, 3))) as workers:
        table = AmplitudeTable.build(np.dtype(np.float32), Encoding.AMPLITUDE, 1.0)
        grey = np.where(np.isnan(table.amplitudes), 0, 9).astype(np.uint8)
        pyramid = Pyramid.create(tmp_path, (60, 90), bands=3)
        LookupTable(table, grey).apply(workers, pyramid, silent)
    for band in pyramid.levels[0]:
        written = band.read_rows(0, 60)
        assert written[20, 30] == 0
        assert np.count_nonzero(written) == 60 * 90 - 1


def test_padding_becomes_0_and_a_zero_inside_the_collect_a_grey_value(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], tmp_path: Path
) -> None:
    found = _apply(write_scene("a.tif", collect), tmp_path, 1)[0]
    assert not found[:100, :100].any()
    assert (found[640:650, 540:560] == 255).all()
    inside = collect > 0
    np.testing.assert_array_equal(found[inside], np.maximum(255 - collect[inside].astype(int), 1))


def test_an_error_of_a_block_ends_the_pass(write_scene: Callable[..., Path], tmp_path: Path) -> None:
    scene = write_scene("a.tif", np.ones((1200, 30), np.uint8))
    with open_workers(raster_opener(scene, 1)) as workers:
        table = AmplitudeTable.build(np.dtype(np.uint8), Encoding.AMPLITUDE, 1.0)

        class Broken(AmplitudeTable):
            def indices(self, pixels: NDArray[Any]) -> NDArray[Any]:
                raise ZeroDivisionError

        broken = Broken(table.amplitudes, 0.0, exact=True)
        lookup = LookupTable(broken, np.zeros(256, np.uint8))
        with pytest.raises(ZeroDivisionError):
            lookup.apply(workers, Pyramid.create(tmp_path, (1200, 30)), silent)
