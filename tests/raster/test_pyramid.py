"""What is written block by block comes back as a COG with right overviews and all georeferencing."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.halving import means
from oemsar.raster.pyramid import ROWS, Pyramid

ROTATED = Affine(-0.143, -0.577, 337934.48, -0.577, 0.143, 7840518.46)


def _write(path: Path, pixels: np.ndarray, place: Georeference, tags: dict[str, str]) -> None:
    folder = path.parent / "scratch"
    folder.mkdir()
    pyramid = Pyramid.create(folder, pixels.shape[1:], len(pixels))
    for row in range(0, pixels.shape[1], ROWS):
        rows = pyramid.rows(row)
        for column in range(0, pixels.shape[2], ROWS):
            rows.fill(column, pixels[:, row : row + ROWS, column : column + ROWS])
        pyramid.write(rows)
    publish_pyramid(pyramid, path, place, Layer(nodata=0, tags=tags))


def test_pixels_overviews_and_tags_come_back(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, 1301, 1111), np.uint8)
    _write(
        tmp_path / "a.tif", pixels, Georeference(GeoBox((1301, 1111), ROTATED, "EPSG:32759")), {"A": "b<c"}
    )
    with rasterio.open(tmp_path / "a.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), pixels)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1) == [2, 4]
        assert dataset.nodata == 0
        assert dataset.tags()["A"] == "b<c"
        assert dataset.transform == ROTATED
        assert dataset.crs.to_epsg() == 32759
    with rasterio.open(tmp_path / "a.tif", overview_level=1) as dataset:
        np.testing.assert_array_equal(dataset.read(2), means(means(pixels[1])))


def test_rational_polynomials_and_control_points_come_back(tmp_path: Path) -> None:
    polynomial = [float(number) / 7 for number in range(20)]
    rpcs = RPC(
        height_off=5,
        height_scale=100,
        lat_off=48.5,
        lat_scale=0.1,
        line_den_coeff=polynomial,
        line_num_coeff=polynomial,
        line_off=300.25,
        line_scale=150,
        long_off=2.5,
        long_scale=0.1,
        samp_den_coeff=polynomial,
        samp_num_coeff=polynomial,
        samp_off=80,
        samp_scale=100,
    )
    gcps = [GroundControlPoint(r, c, 2 + c / 1e4, 48 - r / 1e4, 12.5) for r, c in [(0, 0), (0, 99), (99, 50)]]
    place = Georeference(None, rpcs, tuple(gcps), "EPSG:4326")
    _write(tmp_path / "a.tif", np.ones((1, 100, 100), np.uint8), place, {})
    with rasterio.open(tmp_path / "a.tif") as dataset:
        back = georeference_of(dataset)
    assert back.rpcs is not None
    np.testing.assert_allclose(back.rpcs.line_num_coeff, polynomial)
    assert back.rpcs.samp_off == rpcs.samp_off
    assert [(p.row, p.col, p.x, p.y, p.z) for p in back.gcps] == [(p.row, p.col, p.x, p.y, p.z) for p in gcps]


@pytest.mark.parametrize("shape", [(1, 1), (512, 3), (513, 2)])
def test_small_rasters_have_the_overviews_they_need(tmp_path: Path, shape: tuple[int, int]) -> None:
    _write(tmp_path / "a.tif", np.full((1, *shape), 9, np.uint8), Georeference(), {})
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.overviews(1) == ([2] if shape[0] > 512 else [])
        assert (dataset.read(1) == 9).all()
