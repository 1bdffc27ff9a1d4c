"""Alignment of a simulated scene, whose displacement is known everywhere."""

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.run import align_images
from oemsar.prepare.align.scene.open_geometry import geometry_of
from oemsar.prepare.align.scene.transform import Alignment, read_correction
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene

from ..pairs import write


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    config = SceneConfig(size=512, relief=40, incidence=38, look_azimuth=80, offset=12, seed=5, country="FRA")
    simulate_scene(folder, config=config)
    return folder


def errors(scene: Path, config: AlignConfig, out: Path) -> np.ndarray:
    """Pixels between where the ground is put and where it truly appears, on ground the radar sees alone."""
    with ExitStack() as files:
        geometry = geometry_of(scene / "sar.tif", scene / "optical.tif", config, files)
        rows, columns = np.mgrid[2 : geometry.shape[0] : 5, 2 : geometry.shape[1] : 5].astype(float)
        found = np.stack(Alignment(geometry, read_correction(out / "transform.json"))(columns, rows))
        scale = geometry.scale()
    with rasterio.open(scene / "displacement.tif") as truth, rasterio.open(scene / "masks.tif") as masks:
        apart = np.hypot(*(found - truth.read()[:, 2::5, 2::5])) / scale
        return np.asarray(apart[masks.read(3)[2::5, 2::5] == 1])


def test_terrain_roofs_and_crowns_are_seen_through(scene: Path, tmp_path: Path) -> None:
    config = AlignConfig(dem=scene / "dem.tif", dsm=scene / "dsm.tif", search=40)
    report = align_images(scene / "sar.tif", scene / "optical.tif", tmp_path, config=config)
    assert report.verdict == "accepted", report.reasons
    apart = errors(scene, config, tmp_path)
    assert np.median(apart) < 1
    assert np.quantile(apart, 0.95) < 3
    offset = np.hypot(*report.offset_px) * report.gsd_m
    assert offset == pytest.approx(12, abs=1)
    assert json.loads((tmp_path / "transform.json").read_text())["prior"] == "sensor model and terrain"


def test_without_a_surface_model_a_wrong_result_is_not_accepted(scene: Path, tmp_path: Path) -> None:
    config = AlignConfig(dem=scene / "dem.tif", search=40)
    report = align_images(scene / "sar.tif", scene / "optical.tif", tmp_path, config=config)
    if report.verdict == "accepted":
        assert np.median(errors(scene, config, tmp_path)) < 1
    assert any("surface model" in warning for warning in report.warnings)


def test_elevation_models_that_do_not_serve_are_told(scene: Path, tmp_path: Path) -> None:
    with rasterio.open(scene / "dem.tif") as dataset:
        heights, profile = dataset.read(1), {"crs": dataset.crs, "transform": dataset.transform}
    unknown = write(tmp_path / "unknown.tif", heights, **profile)
    small = write(tmp_path / "small.tif", heights[:200, :200], **profile)
    with rasterio.open(small, "r+") as dataset:
        dataset.update_tags(OEMSAR_VERTICAL_DATUM="ellipsoid")
    pair = scene / "sar.tif", scene / "optical.tif", tmp_path / "out"
    with pytest.raises(InputError, match="dem_datum"):
        align_images(*pair, config=AlignConfig(dem=unknown))
    with pytest.raises(InputError, match="covers it"):
        align_images(*pair, config=AlignConfig(dem=small))
