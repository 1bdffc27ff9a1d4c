"""Hectares of a map are those of the ellipsoid, whatever the CRS; control points and RPCs are kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Transformer
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from oemsar.predict.areas import class_hectares
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.raster.raw_raster import RawRaster

Write = Callable[..., Path]
WHOLE = PredictConfig(engine="torch", device="cpu")
COMPOUND = CRS.from_user_input("EPSG:32654+3855").to_wkt()
MERCATOR_60 = (1113194.9079327357, 8399737.889818357)
GRIDS = {
    "Web Mercator at 60 degrees": (Affine(1, 0, MERCATOR_60[0], 0, -1, MERCATOR_60[1]), "EPSG:3857"),
    "Web Mercator of coarse pixels": (Affine(40, 0, MERCATOR_60[0], 0, -40, MERCATOR_60[1]), "EPSG:3857"),
    "degrees": (Affine(5e-6, 0, 10, 0, -5e-6, 60), "EPSG:4326"),
    "degrees across the antimeridian": (Affine(1e-4, 0, 179.99, 0, -1e-4, 52), "EPSG:4326"),
    "grads of Paris": (Affine(6e-6, 0, 3, 0, -6e-6, 50), "EPSG:4807"),
    "feet": (Affine(1, 0, 1e6, 0, -1, 2e5), "EPSG:2263"),
    "UTM with a height": (Affine(0.5, 0, 399690, 0, -0.5, 4046730), COMPOUND),
    "UTM, pixels not square": (Affine(0.5, 0, 399690, 0, -1, 4046730), "EPSG:32654"),
    "UTM, rows to the north": (Affine(-0.5, 0, 399690, 0, 0.5, 4046730), "EPSG:32654"),
    "polar": (Affine(30, 5, 1e5, 5, -30, -2e6), "EPSG:3413"),
}


def geodesic(grid: GeoBox, rows: slice) -> float:
    """Area of some rows of a grid by the polygon of their outline on its ellipsoid, hectares."""
    along, columns = np.linspace(0, 1, 200), grid.shape[1]
    ends = np.zeros(200), np.ones(200)
    x = np.concatenate([along, ends[1], along[::-1], ends[0]]) * columns
    y = np.concatenate([ends[0], along, ends[1], along[::-1]]) * (rows.stop - rows.start) + rows.start
    crs = CRS.from_wkt(grid.crs.to_wkt()).to_2d()
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    a, b, c, d, e, f = grid.affine[:6]
    lon, lat = to_degrees.transform(a * x + b * y + c, d * x + e * y + f, radians=False)
    unit = np.degrees(crs.geodetic_crs.axis_info[0].unit_conversion_factor)
    geod = Geod(a=crs.ellipsoid.semi_major_metre, rf=crs.ellipsoid.inverse_flattening)
    return abs(geod.polygon_area_perimeter(np.asarray(lon) * unit, np.asarray(lat) * unit)[0]) / 1e4


@pytest.mark.parametrize("name", GRIDS)
def test_hectares_are_those_of_the_ellipsoid_where_the_class_lies(tmp_path: Path, name: str) -> None:
    affine, crs = GRIDS[name]
    grid = GeoBox((300, 410), affine, crs)
    ids = np.full(grid.shape, 5, np.uint8)
    ids[:70], ids[70:110] = 2, 0
    classes = RawRaster(tmp_path / "classes.raw", (300, 410), np.uint8)
    classes.write_rows(0, ids)
    found = class_hectares(classes, grid, np.bincount(ids.ravel(), minlength=9)[1:].tolist())
    assert found is not None
    assert found[1] == pytest.approx(geodesic(grid, slice(0, 70)), rel=1e-4)
    assert found[4] == pytest.approx(geodesic(grid, slice(110, 300)), rel=1e-4)
    assert [found[number] for number in (0, 2, 3, 5, 6, 7)] == [0] * 6


def test_hectares_follow_a_scale_that_varies_along_the_columns(tmp_path: Path) -> None:
    """Web Mercator with its north to the left: the ground of the first columns is that of upright rows."""
    affine, crs = GRIDS["Web Mercator of coarse pixels"]
    upright = GeoBox((410, 300), affine, crs)
    turned = GeoBox((300, 410), Affine(0, affine.a, affine.c, affine.e, 0, affine.f), crs)
    ids = np.full(turned.shape, 5, np.uint8)
    ids[:, :70] = 2
    classes = RawRaster(tmp_path / "classes.raw", (300, 410), np.uint8)
    classes.write_rows(0, ids)
    found = class_hectares(classes, turned, np.bincount(ids.ravel(), minlength=9)[1:].tolist())
    assert found is not None
    assert found[1] == pytest.approx(geodesic(upright, slice(0, 70)), rel=1e-4)
    assert found[4] == pytest.approx(geodesic(upright, slice(70, 410)), rel=1e-4)


def test_the_whole_earth_has_the_area_of_the_ellipsoid(tmp_path: Path) -> None:
    classes = RawRaster(tmp_path / "classes.raw", (360, 720), np.uint8)
    classes.write_rows(0, np.full((360, 720), 4, np.uint8))
    grid = GeoBox((360, 720), Affine(0.5, 0, 0, 0, -0.5, 90), "EPSG:4326")
    found = class_hectares(classes, grid, [0, 0, 0, 360 * 720, 0, 0, 0, 0])
    assert found is not None
    assert found[3] == pytest.approx(510_065_621_724_089 / 1e4, rel=1e-4)  # WGS 84


def test_a_grid_that_is_nowhere_on_the_earth_has_no_area(tmp_path: Path) -> None:
    classes = RawRaster(tmp_path / "classes.raw", (4, 6), np.uint8)
    local = 'LOCAL_CS["site",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'
    assert class_hectares(classes, None, [1] * 8) is None
    assert class_hectares(classes, GeoBox((4, 6), Affine.scale(2, -2), None), [1] * 8) is None
    assert class_hectares(classes, GeoBox((4, 6), Affine.scale(2, -2), local), [1] * 8) is None


def test_control_points_and_their_crs_are_carried_into_the_map(
    models: dict[str, Path], write_scene: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    speckle = np.random.default_rng(0).integers(1, 999, (70, 90), np.uint16)
    points = [
        GroundControlPoint(row=r, col=c, x=10 + c * 2e-5, y=60 - r * 1e-5, z=100.0)
        for r in (0.0, 33.5, 70.0)
        for c in (0.0, 90.0)
    ]
    scene = write_scene("grd.tif", speckle, gcps=points)
    summary = predict_scene(models["sar"], scene, tmp_path / "map.tif", config=WHOLE)
    assert "no georeferencing" not in caplog.text
    assert "6 control points (WGS 84)" in caplog.text
    assert (summary.georeferenced, summary.georeferencing) == (False, "6 control points (WGS 84)")
    assert {entry.hectares for entry in summary.classes.values()} == {None}
    for name in ("map.tif", "map_confidence.tif"):
        with rasterio.open(tmp_path / name) as dataset:
            found, crs = dataset.gcps
            assert crs.to_epsg() == 4326
            assert [(p.row, p.col, p.x, p.y, p.z) for p in found] == [
                (p.row, p.col, p.x, p.y, p.z) for p in points
            ]


def test_an_rpc_is_carried_into_the_map_and_ortho_is_named(
    models: dict[str, Path], write_scene: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = [1.0] + [0.0] * 19
    rpc = RPC(100, 50, 60, 0.1, one, one[:1] + one[1:], 35, 35, 139, 0.1, one, one, 45, 45)
    scene = write_scene("rpc.tif", np.full((70, 90), 80, np.uint8), rpcs=rpc, crs=None, transform=None)
    summary = predict_scene(models["sar"], scene, tmp_path / "map.tif", config=WHOLE)
    assert "`oemsar prepare ortho`" in caplog.text
    assert summary.georeferencing == "RPC"
    for name in ("map.tif", "map_confidence.tif"):
        with rasterio.open(tmp_path / name) as dataset:
            assert dataset.rpcs is not None
            assert (dataset.rpcs.lat_off, dataset.rpcs.long_off, dataset.rpcs.samp_scale) == (60, 139, 45)
