"""The submission of a contest, checked by unpacking it."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from oemsar.errors import InputError
from oemsar.evaluate.submission import score_submission
from oemsar.inference.select import open_model
from oemsar.predict.config import SubmissionConfig
from oemsar.predict.contest import predict_submission
from oemsar.sources import allow_sources

NAMES = ("TestArea_2", "TestArea_10", "TestArea_1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    radar = tmp_path / "sar_images"
    radar.mkdir()
    rng = np.random.default_rng(0)
    for name in NAMES:
        shape = {"count": 1, "height": 64, "width": 96, "dtype": "uint8"}
        with rasterio.open(radar / f"{name}.tif", "w", driver="GTiff", **shape) as dataset:
            dataset.write(rng.integers(0, 256, (1, 64, 96), dtype=np.uint8))
    return radar


def _predict(model: Path, folder: Path, out: Path, names: Path | None = None) -> int:
    return predict_submission(
        model, folder, out, config=SubmissionConfig(names=names, engine="torch", device="cpu")
    ).tiles


def test_every_tile_is_in_the_flat_zip_as_the_network_sees_it(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{name}.tif\n" for name in NAMES))
    assert _predict(models["sar"], folder, tmp_path / "s.zip", names) == 3
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.namelist() == ["TestArea_1.png", "TestArea_2.png", "TestArea_10.png"]
        found = {name: np.asarray(Image.open(io.BytesIO(archive.read(f"{name}.png")))) for name in NAMES}
    with open_model(models["sar"], engine="torch", device="cpu") as engine:
        for name, ids in found.items():
            with rasterio.open(folder / f"{name}.tif") as dataset:
                probabilities = next(engine.stream([dataset.read()]))
            assert ids.dtype == np.uint8
            np.testing.assert_array_equal(ids, probabilities.argmax(0) + 1)


def test_tiles_as_png_are_predicted_as_those_of_geotiff_and_left_out_beside_them(
    models: dict[str, Path], folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = tmp_path / "png"
    pictures.mkdir()
    for path in folder.iterdir():
        with rasterio.open(path) as dataset:
            Image.fromarray(dataset.read(1)).save(pictures / f"{path.stem}.png")
    assert _predict(models["sar"], folder, tmp_path / "a.zip") == 3
    assert _predict(models["sar"], pictures, tmp_path / "b.zip") == 3
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    shutil.copy(pictures / "TestArea_2.png", folder)
    shutil.copy(pictures / "TestArea_2.png", folder / "overview.png")
    assert not [text for text in caplog.messages if "no GeoTIFF" in text]
    assert _predict(models["sar"], folder, tmp_path / "c.zip") == 3
    assert (tmp_path / "c.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()
    assert [text for text in caplog.messages if "no GeoTIFF" in text] == [
        f"2 images of {folder} that are no GeoTIFF are left out"
    ]


def test_the_same_bytes_whenever_it_is_made_and_a_score_of_one_against_itself(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    for name in ("a.zip", "b.zip"):
        _predict(models["sar"], folder, tmp_path / name)
        for tile in folder.iterdir():
            os.utime(tile, (1_000_000_000, 1_000_000_000))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "own")
    assert score_submission(tmp_path / "a.zip", tmp_path / "own").miou == 1


def test_wrong_names_models_and_folders_are_refused_and_nothing_is_written(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    out, names = tmp_path / "s.zip", tmp_path / "names.txt"
    names.write_text("TestArea_1\nTestArea_2\nTestArea_10\nTestArea_11\n")
    with pytest.raises(InputError, match=r"sar_images lacks tile TestArea_11 that .*names\.txt lists"):
        _predict(models["sar"], folder, out, names)
    names.write_text("TestArea_1\n")
    with pytest.raises(InputError, match=r"does not list tile TestArea_2 and 1 more"):
        _predict(models["sar"], folder, out, names)
    with pytest.raises(InputError, match=r"sees sar.optical imagery, but the tiles of the contest are radar"):
        _predict(models["sar+optical"], folder, out)
    with pytest.raises(InputError, match=r"tmp.* has no radar tile|has no radar tile"):
        _predict(models["sar"], tmp_path, out)
    with pytest.raises(InputError, match=r"end it with \.zip"):
        _predict(models["sar"], folder, tmp_path / "s.tar")
    (folder / "TestArea_2.tif").write_bytes(b"II*\0 cut off")
    with pytest.raises(InputError, match=r"TestArea_2\.tif is not a raster.*truncated"):
        _predict(models["sar"], folder, out)
    assert not out.exists()


@pytest.mark.parametrize("target", ["names.zip", "model/model.json", "sar_images/TestArea_1.tif"])
def test_the_submission_replaces_no_input(
    models: dict[str, Path], folder: Path, tmp_path: Path, target: str
) -> None:
    shutil.copytree(models["sar"], tmp_path / "model")
    names = tmp_path / "names.zip"
    names.write_text("".join(f"{name}\n" for name in NAMES))
    path = folder / "TestArea_1.tif" if target.startswith("sar_images") else tmp_path / target
    out = names if target == "names.zip" else tmp_path / "link.zip"
    if out != names:
        out.symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="choose another output path"):
        _predict(tmp_path / "model", folder, out, names)
    assert path.read_bytes() == before


def test_links_out_of_the_folder_are_followed_only_where_that_is_allowed(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "TestArea_1.tif", tmp_path / "other.tif")
    (folder / "TestArea_3.tif").symlink_to(tmp_path / "other.tif")
    with pytest.raises(InputError, match=r"TestArea_3\.tif, a link to .*other\.tif, outside of"):
        _predict(models["sar"], folder, tmp_path / "s.zip")
    with allow_sources(tmp_path / "other.tif"):
        assert _predict(models["sar"], folder, tmp_path / "s.zip") == 4


@pytest.mark.parametrize("entries", [(), ("holiday.png",)])
def test_zips_of_others_are_kept(
    entries: tuple[str, ...], models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "my.zip"
    with zipfile.ZipFile(out, "w") as archive:
        for name in entries:
            archive.writestr(zipfile.ZipInfo(name, (2024, 7, 1, 12, 0, 0)), b"picture")
    before = out.read_bytes()
    with pytest.raises(InputError, match="submission"):
        _predict(models["sar"], folder, out)
    assert out.read_bytes() == before
