"""An input file is another one when anything that decides what is read from it has changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio import Affine

from oemsar.prepare.pair.inputs import input_states
from oemsar.raster.state import InputState

WriteScene = Callable[..., Path]


@pytest.fixture
def scene(write_scene: WriteScene) -> Path:
    return write_scene("scene.tif", np.arange(60 * 80, dtype=np.uint16).reshape(60, 80))


def state(path: Path, key: str = "sar") -> InputState:
    return input_states({key: path})[key]


def test_a_copy_of_the_same_name_is_the_same_input(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert state(scene) == state(Path(shutil.copy(scene, tmp_path / "elsewhere" / "scene.tif")))


def test_pixels_georeferencing_units_and_nodata_count(scene: Path) -> None:
    found = [state(scene)]
    for change in (
        {"transform": Affine(-0.143, -0.577, 337934.98, -0.577, 0.143, 7840518.46)},
        {"nodata": 7},
        {"scales": (0.5,)},
        {"units": ("m",)},
    ):
        with rasterio.open(scene, "r+") as dataset:
            for name, value in change.items():
                setattr(dataset, name, value)
        found.append(state(scene))
    with rasterio.open(scene, "r+") as dataset:
        dataset.update_tags(OEMSAR_INCIDENCE="41")
    found.append(state(scene))
    assert all(found[number] != found[number + 1] for number in range(len(found) - 1))
    assert found[-1].raster is not None
    assert found[-1].raster.tags == {"OEMSAR_INCIDENCE": "41"}
    assert found[-1].raster.units == [0.5, 0.0, "m"]


def test_a_mask_beside_a_raster_counts_and_statistics_do_not(scene: Path) -> None:
    before = state(scene)
    scene.with_name("scene.tif.aux.xml").write_text(
        "<PAMDataset><Metadata><MDI key='a'>1</MDI></Metadata></PAMDataset>"
    )
    assert state(scene) == before
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(scene, "r+") as dataset:
        dataset.write_mask(np.eye(60, 80, dtype=np.uint8) * 255)
    masked = state(scene)
    assert set(masked.files) == {"scene.tif", "scene.tif.msk"}
    with rasterio.open(scene.with_name("scene.tif.msk"), "r+") as dataset:
        dataset.write(255 - dataset.read())
    assert state(scene).files["scene.tif"] == masked.files["scene.tif"]
    assert state(scene) != masked


def test_files_behind_a_virtual_raster_count_however_deep(scene: Path) -> None:
    inner, outer = scene.with_name("inner.vrt"), scene.with_name("outer.vrt")
    rasterio.shutil.copy(scene, inner, driver="VRT")
    outer.write_text(inner.read_text().replace("scene.tif", "inner.vrt"))
    before = state(outer)
    assert set(before.files) == {"outer.vrt", "inner.vrt", "scene.tif"}
    with rasterio.open(scene, "r+") as dataset:
        dataset.write(dataset.read() + np.uint16(1))
    after = state(outer)
    assert after.raster == before.raster
    assert after.files["scene.tif"] != before.files["scene.tif"]


def test_tie_points_count_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / "ties.geojson"
    path.write_text("{}")
    before = state(path, "tie_points")
    assert before.raster is None
    path.write_text("[]")
    assert state(path, "tie_points") != before
