from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.geometry.sampler import Sampler
from oemsar.prepare.align.scene import reduction
from oemsar.prepare.align.scene.reduction import REDUCTION, reduced
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent

from ..pairs import write


@pytest.mark.parametrize("power", [False, True])
def test_each_pixel_is_the_mean_of_what_carries_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, power: bool
) -> None:
    monkeypatch.setattr(reduction, "_LARGE", 8)
    values = np.random.default_rng(0).uniform(1, 100, (2, 43, 34)).astype(np.float32)
    values[:, :4, :4] = np.nan
    values[:, 4:6, :2] = np.nan
    with ExitStack() as files:
        source = files.enter_context(rasterio.open(write(tmp_path / "image.tif", values)))
        small = reduced(Sampler(RasterPixels.first(source, 2), power=power), tmp_path / "small.tif", files)
        assert small is not None
        found, _ = small.source.read(Extent(0, 0, *small.source.shape))
    kept = values[:, :40, :32].astype(float)
    squares = (kept**2 if power else kept).reshape(2, 10, REDUCTION, 8, REDUCTION)
    with np.errstate(invalid="ignore"):
        expected = np.sqrt(np.nanmean(squares, (2, 4))) if power else np.nanmean(squares, (2, 4))
    assert np.isnan(found[:, 0, 0]).all()
    found[:, 0, 0] = expected[:, 0, 0] = 0
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_small_image_has_no_copy(tmp_path: Path) -> None:
    with ExitStack() as files:
        source = files.enter_context(
            rasterio.open(write(tmp_path / "image.tif", np.ones((50, 50), np.uint8)))
        )
        assert reduced(Sampler(RasterPixels.first(source)), tmp_path / "small.tif", files) is None
