"""Real radar products through orthorectification: an Umbra GEC, a Capella SLC."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.warp import reproject

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.prepare.ortho.config import OrthoConfig
from oemsar.prepare.ortho.run import orthorectify


def terrain(path: Path, scene: Path, height: float) -> Path:
    """A level elevation model 1 km around a scene."""
    with rasterio.open(scene) as dataset:
        left, bottom, right, top = dataset.bounds
        crs = dataset.crs
    size = round((right - left + 2000) / 100), round((top - bottom + 2000) / 100)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "width": size[0], "height": size[1]}
    affine = Affine(100, 0, left - 1000, 0, -100, top + 1000)
    with rasterio.open(path, "w", crs=crs, transform=affine, **profile) as dataset:
        dataset.write(np.full(size[::-1], height, np.float32), 1)
    return path


def test_on_its_own_plane_an_umbra_product_is_only_turned_north(real_data: Path, tmp_path: Path) -> None:
    scene = real_data / "umbra" / "umbra_mount_yasur.tiff"
    config = OrthoConfig(
        dem=terrain(tmp_path / "dem.tif", scene, 150.0),
        dem_datum=Datum.ELLIPSOID,
        look_azimuth=60,
        incidence=40,
        projection_height=150.0,
        crs="EPSG:32759",
        gsd=0.6,
        values="linear",
        kernel="bilinear",
    )
    orthorectify(scene, tmp_path / "ortho.tif", config=config)
    with rasterio.open(tmp_path / "ortho.tif") as dataset, rasterio.open(scene) as source:
        ours = dataset.read(1).astype(int)
        theirs = np.zeros(dataset.shape, np.uint8)
        reproject(
            rasterio.band(source, 1),
            theirs,
            dst_crs=dataset.crs,
            dst_transform=dataset.transform,
            resampling=Resampling.bilinear,
            XSCALE="1",  # else GDAL widens its kernel, taking the turn of the grid for a change of scale
            YSCALE="1",
        )
    inside = (ours > 1) & (theirs > 1)
    assert inside.mean() > 0.5
    assert np.abs(ours - theirs)[inside].max() <= 1


def test_complex_pixels_are_sent_to_radiometry_first(real_data: Path, tmp_path: Path) -> None:
    scene = real_data / "capella" / "sar_hh.tif"
    config = OrthoConfig(
        dem=terrain(tmp_path / "dem.tif", scene, 50.0),
        dem_datum=Datum.ELLIPSOID,
        look_azimuth=60,
        incidence=40,
        projection_height=50.0,
        crs="EPSG:32631",
        gsd=2.5,
    )
    with pytest.raises(InputError, match="oemsar prepare radiometry"):
        orthorectify(scene, tmp_path / "ortho.tif", config=config)
