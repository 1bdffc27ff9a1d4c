"""A GeoTIFF that found no room is never taken for a whole one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar.errors import Failure
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.geotiff import write_raster
from oemsar.raster.whole import require_whole

Limit = Callable[[int], AbstractContextManager[None]]

NOISE = np.random.default_rng(0).integers(1, 256, (1, 400, 700), np.uint8)


def _geotiff(path: Path, pixels: NDArray[np.uint8]) -> None:
    write_raster(path, pixels, None, tiled=True)


def _cog(path: Path, pixels: NDArray[np.uint8]) -> None:
    write_cog(path, pixels, None, Layer(nodata=0))


def _read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        pixels: NDArray[np.uint8] = dataset.read()
        return pixels


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("write", [_geotiff, _cog])
def test_a_raster_is_whole_or_an_error_whatever_still_fits(
    tmp_path: Path, file_limit: Limit, write: object
) -> None:
    path = tmp_path / "a.tif"
    assert callable(write)
    write(path, NOISE)
    full = path.stat().st_size
    path.unlink()
    for size in (900, 1500, full // 2, full - 4000, full - 300, full - 1):
        with pytest.raises(Failure, match=r"a\.tif"), file_limit(size):
            write(path, NOISE)
        assert list(tmp_path.iterdir()) == []
    with file_limit(max(full, NOISE.size)):
        write(path, NOISE)
    np.testing.assert_array_equal(_read(path), NOISE)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("options", [{}, {"BIGTIFF": "YES"}, {"tiled": True, "ENDIANNESS": "BIG"}])
def test_blocks_are_held_against_the_file(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 400, "width": 700, "dtype": "uint8", **options}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(NOISE)
    require_whole(path, path)
    content = path.read_bytes()
    for cut in (content[:-1], content[:5000], content[:100], content[:9], b""):
        path.write_bytes(cut)
        with pytest.raises(Failure, match="no room left"):
            require_whole(path, path)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_block_that_was_lost_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 1024, "width": 700, "dtype": "uint8"}
    with rasterio.open(path, "w", tiled=True, SPARSE_OK=True, **profile) as dataset:
        dataset.write(NOISE, window=((0, 400), (0, 700)))
    with pytest.raises(Failure, match="no room left"):
        require_whole(path, path)
