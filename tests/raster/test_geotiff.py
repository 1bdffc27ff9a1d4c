"""Plain GeoTIFFs hold what was written, at once or by windows, or are not there."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.control import GroundControlPoint

from oemsar.files import checksum
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.geotiff import TILED, geotiff_writer, write_raster
from oemsar.raster.read import Extent

GRID = GeoBox((40, 70), Affine(0.4, 0.1, 3e5, 0.1, -0.5, 4e6), "EPSG:32654")


def test_bands_grid_names_and_tags_come_back(tmp_path: Path) -> None:
    bands = np.random.default_rng(0).normal(size=(2, 40, 70)).astype(np.float32)
    write_raster(tmp_path / "a.tif", bands, GRID, tags={"KIND": "height"}, names=("east", "north"))
    with rasterio.open(tmp_path / "a.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), bands)
        assert dataset.descriptions == ("east", "north")
        assert dataset.tags()["KIND"] == "height"
        assert dataset.transform.almost_equals(GRID.affine)
        assert dataset.crs.to_epsg() == 32654


def test_the_same_pixels_give_the_same_bytes(tmp_path: Path) -> None:
    bands = np.random.default_rng(0).integers(0, 256, (3, 40, 70), np.uint8)
    for name in ("a.tif", "b.tif"):
        write_raster(tmp_path / name, bands, GRID)
    assert checksum(tmp_path / "a.tif") == checksum(tmp_path / "b.tif")


def test_windows_make_the_whole_with_control_points(tmp_path: Path) -> None:
    image = np.arange(40 * 70, dtype=np.float32).reshape(1, 40, 70)
    points = (GroundControlPoint(0.5, 0.5, 139, 35, 0), GroundControlPoint(39.5, 69.5, 139.01, 34.99, 0))
    place = Georeference(gcps=points, gcps_crs="EPSG:4326")
    path = tmp_path / "a.tif"
    with geotiff_writer(
        path, (40, 70), "float32", georeference=place, nodata=float("nan"), **TILED
    ) as writer:
        for row in (0, 16, 32):
            height = min(16, 40 - row)
            writer.write(Extent(row, 0, height, 45), image[:, row : row + height, :45])
            writer.write(Extent(row, 45, height, 25), image[:, row : row + height, 45:])
        assert not path.exists()
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), image)
        assert np.isnan(dataset.nodata)
        found = georeference_of(dataset)
    assert [(p.row, p.col, p.x, p.y) for p in found.gcps] == [(p.row, p.col, p.x, p.y) for p in points]
    assert found.grid is None


def test_a_file_that_failed_is_not_there(tmp_path: Path) -> None:

    def fail() -> None:
        with geotiff_writer(tmp_path / "a.tif", (4, 6), "uint8") as writer:
            writer.write(Extent(0, 0, 4, 6), np.ones((1, 4, 6), np.uint8))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []
