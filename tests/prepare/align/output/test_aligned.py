"""The aligned image is the radar image, displaced by the correction, with one resampling."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.geometry.look import Look, look_tags, read_look, read_projection_height
from oemsar.geometry.mapping import affine_map
from oemsar.prepare.align.model.correction import Correction, Frame
from oemsar.prepare.align.output.aligned import write_aligned
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.transform import Alignment

from ..pairs import write

SHAPE = (30, 70)
GRID = GeoBox(
    SHAPE, Affine.translation(4e5, 5e6) @ Affine.rotation(20) @ Affine.scale(0.5, -0.5), "EPSG:32631"
)
LOOK = Look(110, 40)


def alignment(right: float, down: float, look: Look | None = LOOK) -> Alignment:
    """The radar image shows pixel (x, y) of the grid at (x + 2 + right, y + 1 + down)."""
    prior = affine_map(Affine.translation(2, 1))
    geometry = Geometry(GRID, SHAPE, prior, False, None, look, None)
    return Alignment(geometry, Correction("shift", Frame((0.0, 0.0), 1.0), np.array([[right, down]])))


def test_whole_pixels_are_moved_without_a_change(tmp_path: Path) -> None:
    """Two bands with a nodata value: a pixel carries no data where both bands have it."""
    pixels = np.random.default_rng(0).integers(1, 900, (2, 50, 90)).astype(np.int16)
    pixels[:, 20, 30] = -7
    sar = write(tmp_path / "sar.tif", pixels, nodata=-7)
    with rasterio.open(sar, "r+") as dataset:
        dataset.update_tags(OEMSAR_LICENCE="CC0", OTHER="left out", **look_tags(Look(7, 8), 55.0))
    write_aligned(sar, alignment(5, 3), tmp_path / "out.tif", tmp_path, power=True, kernel="nearest")
    with rasterio.open(tmp_path / "out.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), pixels[:, 4:34, 7:77])
        assert (dataset.nodata, dataset.dtypes) == (-7, ("int16", "int16"))
        assert dataset.transform.almost_equals(GRID.affine)
        assert read_look(dataset) == LOOK
        assert read_projection_height(dataset) is None
        assert dataset.tags()["OEMSAR_LICENCE"] == "CC0"
        assert "OTHER" not in dataset.tags()


@pytest.mark.parametrize("power", [False, True])
def test_between_two_pixels_amplitudes_are_averaged_in_power(tmp_path: Path, power: bool) -> None:
    pixels = np.random.default_rng(0).uniform(1, 100, (50, 90)).astype(np.float32)
    sar = write(tmp_path / "sar.tif", pixels)
    write_aligned(sar, alignment(5.5, 3), tmp_path / "out.tif", tmp_path, power=power, kernel="bilinear")
    left, right = pixels[4:34, 7:77], pixels[4:34, 8:78]
    expected = np.sqrt((left**2 + right**2) / 2) if power else (left + right) / 2
    with rasterio.open(tmp_path / "out.tif") as dataset:
        np.testing.assert_allclose(dataset.read(1), expected, rtol=1e-4)


def test_zeros_around_the_collect_and_the_rim_carry_no_data(tmp_path: Path) -> None:
    """64 columns of zeros pad the image; a zero inside is a dark pixel, which becomes 1."""
    pixels = np.full((60, 192), 90, np.uint8)
    pixels[:, :64] = 0
    pixels[20, 100] = 0
    sar = write(tmp_path / "sar.tif", pixels)
    write_aligned(sar, alignment(40, 43, None), tmp_path / "out.tif", tmp_path, power=False, kernel="nearest")
    with rasterio.open(tmp_path / "out.tif") as dataset:
        found = dataset.read(1)
        assert (dataset.nodata, read_look(dataset)) == (0, None)
    expected = np.zeros(SHAPE, np.uint8)
    expected[:16, 22:] = 90
    np.testing.assert_array_equal(found, expected)
    write_aligned(sar, alignment(70, 9, None), tmp_path / "out.tif", tmp_path, power=False, kernel="nearest")
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert dataset.read(1)[10, 28] == 1
