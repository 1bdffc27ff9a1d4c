"""Scenes as people have them, wherever they lie: the map keeps their pixels and tells their ground."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from rasterio import Affine
from rasterio.control import GroundControlPoint

from oemsar.errors import InputError
from oemsar.inputs import SAR, SAR_OPTICAL
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.predict.scene import open_scene
from oemsar.predict.summary import LandCoverMap
from oemsar.raster.read import Extent

Write = Callable[..., Path]
WHOLE = PredictConfig(engine="torch", device="cpu")
UTM = Affine(0.5, 0, 399690.0, 0, -0.5, 4046730.0)
HERE: dict[str, Any] = {"crs": "EPSG:32654", "transform": UTM}


def speckle(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, shape, np.uint8)


def mapped(model: Path, scene: Path, out: Path) -> tuple[LandCoverMap, NDArray[np.uint8]]:
    summary = predict_scene(model, scene, out, config=WHOLE)
    with rasterio.open(out) as dataset, rasterio.open(scene) as image:
        assert (dataset.crs, dataset.transform, dataset.shape) == (image.crs, image.transform, image.shape)
        return summary, dataset.read(1)


def hectares(summary: LandCoverMap) -> float:
    return sum(entry.hectares or 0.0 for entry in summary.classes.values())


def test_a_jpeg_2000_orthophoto_is_mapped_on_its_grid(
    models: dict[str, Path], write_scene: Write, tmp_path: Path
) -> None:
    affine = Affine(0.2, 0, 892600.0, 0, -0.2, 6249600.0)
    plain = write_scene("t.tif", speckle(3, 70, 90), crs="EPSG:2154", transform=affine)
    scene = tmp_path / "ortho.jp2"
    rasterio.shutil.copy(plain, scene, driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
    summary, ids = mapped(models["optical"], scene, tmp_path / "map.tif")
    _, twin = mapped(models["optical"], plain, tmp_path / "twin.tif")
    np.testing.assert_array_equal(ids, twin)
    lambert = Proj("EPSG:2154")
    scale = lambert.get_factors(*lambert(892600.0, 6249600.0, inverse=True)).areal_scale
    assert hectares(summary) == pytest.approx(70 * 90 * 0.04 / 1e4 / scale, rel=1e-5)


@pytest.mark.parametrize(
    ("size", "transform"),
    [
        ((1, 1), UTM),
        ((3, 80), UTM),
        ((20, 20), UTM @ Affine.translation(20, 20) @ Affine.scale(-1, -1)),
        ((20, 30), UTM @ Affine.scale(1, 2)),
        ((20, 30), UTM @ Affine.rotation(10)),
    ],
)
def test_tiny_thin_turned_and_oblong_pixels_have_their_area(
    models: dict[str, Path],
    write_scene: Write,
    tmp_path: Path,
    size: tuple[int, int],
    transform: Affine,
) -> None:
    scene = write_scene("a.tif", speckle(*size), crs="EPSG:32654", transform=transform)
    summary, ids = mapped(models["sar"], scene, tmp_path / "map.tif")
    assert (ids > 0).all()
    area = abs(transform.determinant)
    # the scale of UTM 100 km from the central meridian
    assert hectares(summary) == pytest.approx(size[0] * size[1] * area / 1e4 / 0.99972**2, rel=1e-4)


def test_names_formats_and_the_point_of_a_pixel_change_nothing(write_scene: Write, tmp_path: Path) -> None:
    pixels = speckle(60, 80)
    plain = write_scene("plain.tif", pixels, **HERE)
    rasterio.shutil.copy(plain, tmp_path / "envi.img", driver="ENVI")
    strips = {"BIGTIFF": "YES", "compress": "LZW", "predictor": 2, "blockysize": 1}
    compound = CRS.from_user_input("EPSG:32654+3855").to_wkt()
    scenes = [
        plain,
        tmp_path / "envi.img",
        write_scene("Szene überall #1 [ß].tif", pixels, **HERE),
        write_scene("big.tif", pixels, **HERE, **strips),
        write_scene("point.tif", pixels, **HERE, tags={"AREA_OR_POINT": "Point"}),
        write_scene("height.tif", pixels, crs=compound, transform=UTM),
    ]
    for scene in scenes:
        with open_scene(scene, None, SAR) as opened:
            found, valid = opened.read(Extent(0, 0, 60, 80))
            assert opened.grid is not None
            assert opened.grid.affine == UTM
        np.testing.assert_array_equal(found[0], pixels)
        assert valid.all()


def test_an_orthophoto_with_a_height_in_its_crs_lies_on_the_radar(write_scene: Write) -> None:
    compound = CRS.from_user_input("EPSG:32654+3855").to_wkt()
    colours = speckle(3, 60, 80)
    optical = write_scene("opt.tif", colours, crs=compound, transform=UTM)
    sar = write_scene("sar.tif", speckle(60, 80), **HERE)
    with open_scene(sar, optical, SAR_OPTICAL) as opened:
        found, valid = opened.read(Extent(0, 0, 60, 80))
    assert valid.all()
    np.testing.assert_array_equal(found[1:], colours)


@pytest.mark.parametrize("crs", ["EPSG:32660", "EPSG:4326", "EPSG:4326 from -180", "EPSG:3857"])
def test_radar_and_orthophoto_meet_across_the_antimeridian(write_scene: Write, crs: str) -> None:
    middle = Transformer.from_crs("EPSG:4326", "EPSG:32601", always_xy=True).transform(180.0, 52.0)
    radar = Affine(0.5, 0, middle[0] - 20, 0, -0.5, middle[1] + 15)
    sar = write_scene("sar.tif", speckle(60, 80), crs="EPSG:32601", transform=radar)
    code, *turned = crs.split(" from ")
    lon, lat = 179.999, 52.0005
    if code == "EPSG:4326":
        affine = Affine(1e-5, 0, lon - 360 * len(turned), 0, -5e-6, lat)
    else:
        x, y = Transformer.from_crs("EPSG:4326", code, always_xy=True).transform(lon, lat)
        affine = Affine(0.7, 0, x, 0, -0.5, y)
    ramp = np.broadcast_to(np.linspace(1, 255, 300).astype(np.uint8), (3, 400, 300))
    optical = write_scene("opt.tif", ramp, crs=code, transform=affine)
    with open_scene(sar, optical, SAR_OPTICAL) as opened:
        found, valid = opened.read(Extent(0, 0, 60, 80))
    assert valid.all()
    assert (
        np.diff(found[1].astype(int), axis=1) >= 0
    ).all()  # to the east the ramp rises, over 180 degrees too


def test_control_points_beside_an_orthophoto_with_a_map_are_told(write_scene: Write) -> None:
    points = [GroundControlPoint(row=r, col=c, x=139 + c, y=36 - r) for r, c in ((0, 0), (0, 9), (9, 0))]
    sar = write_scene("sar.tif", speckle(60, 80), gcps=points)
    optical = write_scene("opt.tif", speckle(3, 60, 80), **HERE)
    with (
        pytest.raises(InputError, match="the scene has no CRS with an affine"),
        open_scene(sar, optical, SAR_OPTICAL),
    ):
        pass
