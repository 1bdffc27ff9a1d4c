"""GDAL reads raw rasters through a virtual one: pixels, grid, control points and sensor model."""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.vrt import add_band, virtual_raster

GRID = GeoBox((7, 11), Affine(0.4, 0.1, 3e5, 0.2, -0.5, 4e6), "EPSG:32654")
POINTS = (GroundControlPoint(0.5, 10.5, 139, 35, 12.5), GroundControlPoint(6.5, 0.25, 139.01, 34.99))
NAMES = ("line_den_coeff", "line_num_coeff", "samp_den_coeff", "samp_num_coeff")
NUMBERS = ("height", "lat", "line", "long", "samp")
MODEL = RPC(
    **{name: [1.0, *[0.25] * 19] for name in NAMES},
    **{f"{name}_off": 2.5 for name in NUMBERS},
    **{f"{name}_scale": 3.0 for name in NUMBERS},
)


def _written(folder: Path, georeference: Georeference, bands: list[np.ndarray]) -> Path:
    root = virtual_raster(bands[0].shape, georeference, {"KIND": "a < b & c"})
    for number, band in enumerate(bands, start=1):
        raw = RawRaster(folder / f"{number}.raw", band.shape, band.dtype)
        raw.write(0, 0, band)
        add_band(root, number, raw)
    path = folder / "a.vrt"
    ET.ElementTree(root).write(path)
    return path


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "complex64", "complex128"],
)
def test_pixels_of_every_type_come_back_band_by_band(tmp_path: Path, dtype: str) -> None:
    bands = [np.arange(77).reshape(7, 11).astype(dtype), np.arange(40, 117).reshape(7, 11).astype(dtype)]
    with rasterio.open(_written(tmp_path, Georeference(GRID), bands)) as dataset:
        assert dataset.dtypes == (dtype, dtype)
        np.testing.assert_array_equal(dataset.read(), bands)
        assert dataset.transform.almost_equals(GRID.affine, 1e-9)
        assert dataset.crs.to_epsg() == 32654
        assert dataset.tags()["KIND"] == "a < b & c"


def test_control_points_and_a_sensor_model_come_back(tmp_path: Path) -> None:
    place = Georeference(rpcs=MODEL, gcps=POINTS, gcps_crs=GRID.crs.to_wkt())
    with rasterio.open(_written(tmp_path, place, [np.ones((7, 11), np.uint8)])) as dataset:
        found = georeference_of(dataset)
    assert [(p.row, p.col, p.x, p.y, p.z) for p in found.gcps] == [
        (0.5, 10.5, 139, 35, 12.5),
        (6.5, 0.25, 139.01, 34.99, 0),
    ]
    assert found.gcps_crs is not None
    assert "zone 54N" in found.gcps_crs
    assert found.rpcs is not None
    assert found.rpcs.to_dict() == {**MODEL.to_dict(), "err_bias": None, "err_rand": None}
    assert found.grid is None
