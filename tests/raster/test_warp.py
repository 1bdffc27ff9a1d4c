"""Images are resampled onto another grid as they are read, or refused where they share none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, describe, open_raster
from oemsar.raster.warp import on_grid

AFFINE = Affine(1, 0, 500, 0, -1, 900)
MAP = {"transform": AFFINE, "crs": "EPSG:32631"}
NOWHERE = {"transform": Affine.identity(), "crs": None}
RAMP = (np.arange(40)[:, None] * 3 + np.arange(70) * 1).astype(np.float32)


def test_an_oblong_image_is_seen_on_another_oblong_grid(write_scene: Callable[..., Path]) -> None:
    affine = Affine(1, 0, 500, 0, -1, 900)
    ramp = (np.arange(40)[:, None] * 3 + np.arange(70) * 1).astype(np.float32)
    path = write_scene("a.tif", ramp, transform=affine, crs="EPSG:32631")
    target = GeoBox((20, 50), affine @ Affine.translation(12, 7), "EPSG:32631")
    with (
        open_raster(path) as dataset,
        on_grid(dataset, describe(dataset, path), target, (20, 50)) as warped,
    ):
        np.testing.assert_allclose(warped.read(1), ramp[7:27, 12:62], atol=1e-4)


def test_bilinear_between_pixels_of_a_plane_is_the_plane(write_scene: Callable[..., Path]) -> None:
    """Two bands on a turned grid half as fine; the expected values are those of the plane itself."""
    path = write_scene("a.tif", np.stack([RAMP, 500 - 2 * RAMP]), **MAP)
    affine = AFFINE @ Affine.translation(25, 8) @ Affine.rotation(25) @ Affine.scale(0.5)
    target = GeoBox((17, 40), affine, "EPSG:32631")
    with (
        open_raster(path) as dataset,
        on_grid(dataset, describe(dataset, path), target, (17, 40)) as warped,
    ):
        found = warped.read([1, 2])
    x, y = np.meshgrid(np.arange(40) + 0.5, np.arange(17) + 0.5)
    columns, rows = (each - 0.5 for each in ~AFFINE @ (affine @ (x, y)))
    expected = 3 * rows + columns
    np.testing.assert_allclose(found[0], expected, atol=0.05)
    np.testing.assert_allclose(found[1], 500 - 2 * expected, atol=0.1)


@pytest.mark.parametrize("nodata", [None, 7])
def test_what_lies_beside_the_image_carries_no_data(
    write_scene: Callable[..., Path], nodata: float | None
) -> None:
    path = write_scene("a.tif", np.full((40, 70), 9, np.uint8), nodata=nodata, **MAP)
    target = GeoBox((30, 90), AFFINE @ Affine.translation(-15, 20), "EPSG:32631")
    with (
        open_raster(path) as dataset,
        on_grid(dataset, describe(dataset, path), target, (30, 90)) as warped,
    ):
        _, valid = read_window(RasterPixels.first(warped), Extent(0, 0, 30, 90))
    rows, columns = np.indices((30, 90))
    np.testing.assert_array_equal(valid, (rows < 20) & (columns >= 15) & (columns < 85))


def test_an_image_that_lies_there_already_is_read_as_it_is(write_scene: Callable[..., Path]) -> None:
    path = write_scene("a.tif", RAMP, **MAP)
    with open_raster(path) as dataset:
        raster = describe(dataset, path)
        with on_grid(dataset, raster, GeoBox((40, 70), AFFINE, "EPSG:32631"), (40, 70)) as same:
            assert same is dataset
    plain = write_scene("b.tif", RAMP, **NOWHERE)
    with open_raster(plain) as dataset, on_grid(dataset, describe(dataset, plain), None, (40, 70)) as same:
        assert same is dataset


@pytest.mark.parametrize(
    ("options", "grid", "shape", "sentence"),
    [
        (MAP, GeoBox((40, 70), Affine(1, 0, 9500, 0, -1, 900), "EPSG:32631"), (40, 70), "covers no ground"),
        (MAP, None, (40, 70), "^the scene has no CRS with an affine"),
        (NOWHERE, GeoBox((40, 70), AFFINE, "EPSG:32631"), (40, 70), r"a\.tif has no CRS with an affine"),
        (NOWHERE, None, (70, 40), "40 x 70 against 70 x 40 pixels"),
    ],
)
def test_images_that_share_no_grid_are_refused(
    write_scene: Callable[..., Path],
    options: dict[str, object],
    grid: GeoBox | None,
    shape: tuple[int, int],
    sentence: str,
) -> None:
    path = write_scene("a.tif", RAMP, **options)
    with (
        open_raster(path) as dataset,
        pytest.raises(InputError, match=sentence),
        on_grid(dataset, describe(dataset, path), grid, shape),
    ):
        pass
