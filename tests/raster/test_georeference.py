"""The georeferencing of a file is read whole, and written whole into another."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.halving import means
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import open_raster


def _rpc() -> RPC:
    rows = np.random.default_rng(0).normal(size=(4, 20)).round(6).tolist()
    return RPC(
        height_off=40.0,
        height_scale=500.0,
        lat_off=35.5,
        lat_scale=0.05,
        line_off=199.5,
        line_scale=200.0,
        long_off=139.25,
        long_scale=0.07,
        samp_off=349.5,
        samp_scale=350.0,
        line_num_coeff=rows[0],
        line_den_coeff=rows[1],
        samp_num_coeff=rows[2],
        samp_den_coeff=rows[3],
    )


def test_a_file_without_georeferencing_has_none(write_scene: Callable[..., Path]) -> None:
    path = write_scene("a.tif", np.ones((4, 7), np.uint8), crs=None, transform=Affine.identity())
    with open_raster(path) as dataset:
        assert georeference_of(dataset) == Georeference()
    assert Georeference().rpc_items() == {}


def test_rational_polynomials_and_control_points_survive_publication(
    write_scene: Callable[..., Path], tmp_path: Path
) -> None:
    points = [
        GroundControlPoint(0.5, 0.5, 139.1, 35.6, 12.0),
        GroundControlPoint(0.5, 69.5, 139.3, 35.7, 40.0),
        GroundControlPoint(39.5, 69.5, 139.4, 35.4, 0.0),
    ]
    with open_raster(write_scene("a.tif", np.ones((40, 70), np.uint8), rpcs=_rpc(), gcps=points)) as dataset:
        found = georeference_of(dataset)
    assert found.rpcs is not None
    raw = RawRaster(tmp_path / "band.raw", (40, 70), np.uint8)
    publish_pyramid(Pyramid.over([raw], means), tmp_path / "out.tif", found, Layer(nodata=0))
    with open_raster(tmp_path / "out.tif") as dataset:
        again = georeference_of(dataset)
    assert again.rpcs is not None
    expected = _rpc().to_dict()
    for each in (found.rpcs, again.rpcs):
        assert {**each.to_dict(), "err_bias": None, "err_rand": None} == expected
    kept = [(p.row, p.col, p.x, p.y, p.z) for p in again.gcps]
    assert kept == [(p.row, p.col, p.x, p.y, p.z) for p in points]
