"""Alignment of a simulated scene, whose displacement is known everywhere."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.mapping import affine_map
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.model.correction import no_correction
from oemsar.prepare.align.run import align_images
from oemsar.prepare.align.scene import reduction
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.images import Images, open_images
from oemsar.prepare.align.scene.open_geometry import geometry_of
from oemsar.prepare.align.scene.transform import Alignment, read_correction
from oemsar.raster.image import Statement
from oemsar.raster.read import Extent
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene

from ..pairs import write


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    config = SceneConfig(size=320, relief=40, incidence=38, look_azimuth=80, offset=12, seed=5, country="FRA")
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


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])


@pytest.mark.usefixtures("no_pictures")
def test_terrain_roofs_and_crowns_are_seen_through(scene: Path, tmp_path: Path) -> None:
    config = AlignConfig(dem=scene / "dem.tif", dsm=scene / "dsm.tif", search=16)
    report = align_images(scene / "sar.tif", scene / "optical.tif", tmp_path, config=config)
    assert report.verdict == "accepted", report.reasons
    apart = errors(scene, config, tmp_path)
    assert np.median(apart) < 1
    assert np.quantile(apart, 0.95) < 3
    offset = np.hypot(*report.offset_px) * report.gsd_m
    assert offset == pytest.approx(12, abs=1)
    assert json.loads((tmp_path / "transform.json").read_text())["prior"] == "sensor model and terrain"


@pytest.mark.usefixtures("no_pictures")
def test_without_a_surface_model_a_wrong_result_is_not_accepted(scene: Path, tmp_path: Path) -> None:
    config = AlignConfig(dem=scene / "dem.tif", search=16)
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


def opened(folder: Path, files: ExitStack) -> tuple[Images, np.ndarray, np.ndarray]:
    """Images that rise evenly; the radar image is twice as fine."""
    rows, columns = np.indices((70, 150)).astype(np.float32)
    photo = np.stack([20 + columns, 40 + rows, 90 + 0 * rows])
    fine_rows, fine_columns = np.indices((140, 300)).astype(np.float32)
    radar = 10 + 0.3 * fine_columns + 0.7 * fine_rows
    sar, optical = write(folder / "sar.tif", radar), write(folder / "optical.tif", photo)
    prior = affine_map(Affine(2, 0, 0.5, 0, 2, 0.5))
    geometry = Geometry(None, (70, 150), prior, False, None, None, None)
    return open_images(sar, optical, geometry, None, folder=folder, files=files), photo, radar


def test_colours_are_averaged_and_the_radar_image_is_seen_where_it_lies(tmp_path: Path) -> None:
    with ExitStack() as files:
        images, photo, radar = opened(tmp_path, files)
        extent = Extent(10, 30, 40, 90)
        plane = images.plane(1, extent, "optical")
        view = images.view(1, extent, no_correction(), "optical", plane)
    grey = photo.mean(0)[10:50, 30:120]
    np.testing.assert_allclose(view.reference / view.reference.mean(), grey / grey.mean(), rtol=1e-4)
    fine = radar.reshape(70, 2, 150, 2).mean((1, 3))[10:50, 30:120]
    np.testing.assert_allclose(view.radar / view.radar.mean(), fine / fine.mean(), rtol=0.01)


def test_the_reduced_copy_shows_what_the_image_shows_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduction, "_LARGE", 8)
    with ExitStack() as files:
        images, _, _ = opened(tmp_path, files)
        assert images.radar.small is not None
        y, x = (each.astype(float) for each in np.mgrid[20:120:8, 30:270:8])
        values, valid = images.radar.at(8, x, y)
    assert valid.all()
    np.testing.assert_allclose(values[0], 10 + 0.3 * x + 0.7 * y, atol=0.5)


@pytest.mark.parametrize(("nodata", "excluded"), [("auto", True), ("none", False)])
def test_zeros_around_either_image_carry_no_data_unless_all_pixels_do(
    tmp_path: Path, nodata: Literal["auto", "none"], excluded: bool
) -> None:
    """Both files tell a nodata value that no pixel has; 40 columns of the photo are zero, 140 of radar."""
    rows, columns = np.indices((140, 300)).astype(np.float32)
    photo = np.stack([20 + columns[:70, :150], 40 + rows[:70, :150], 90 + 0 * rows[:70, :150]])
    radar = 10 + 0.3 * columns + 0.7 * rows
    photo[:, :, :40] = 0
    radar[:, :140] = 0
    sar = write(tmp_path / "sar.tif", radar, nodata=-5)
    optical = write(tmp_path / "optical.tif", photo, nodata=-5)
    geometry = Geometry(None, (70, 150), affine_map(Affine(2, 0, 0.5, 0, 2, 0.5)), False, None, None, None)
    statements = Statement(nodata=nodata), Statement(nodata=nodata, prefix="optical_")
    with ExitStack() as files:
        images = open_images(
            sar, optical, geometry, None, statements=statements, folder=tmp_path, files=files
        )
        extent = Extent(0, 0, 70, 150)
        view = images.view(1, extent, no_correction(), "optical", images.plane(1, extent, "optical"))
    edge = np.arange(150)
    np.testing.assert_array_equal(view.reference_valid[35], (edge >= 40) | (not excluded))
    np.testing.assert_array_equal(view.radar_valid[35], (edge >= 70) | (not excluded))


def test_a_stated_value_and_band_count_for_each_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    radar, photo = rng.uniform(1, 9, (2, 70, 150)), rng.uniform(1, 9, (4, 70, 150))
    radar[1, :, :40] = -9999
    photo[1:3, :, 110:] = 77
    sar, optical = write(tmp_path / "sar.tif", radar), write(tmp_path / "optical.tif", photo)
    geometry = Geometry(None, (70, 150), affine_map(Affine.identity()), False, None, None, None)
    statements = Statement((2,), "-9999"), Statement((3, 2), "77", "optical_")
    with ExitStack() as files:
        images = open_images(
            sar, optical, geometry, None, statements=statements, folder=tmp_path, files=files
        )
        extent = Extent(0, 0, 70, 150)
        view = images.view(1, extent, no_correction(), "optical", images.plane(1, extent, "optical"))
    np.testing.assert_array_equal(view.radar_valid[35], np.arange(150) >= 40)
    np.testing.assert_array_equal(view.reference_valid[35], np.arange(150) < 110)
    grey = photo[1:3].mean(0)
    inner = np.s_[5:60, 45:105]
    assert np.corrcoef(view.reference[inner].ravel(), grey[inner].ravel())[0, 1] > 0.999
