"""A map has the scene's grid, its nodata, and the network's own answer; killed, it goes on."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod
from rasterio import Affine
from safetensors.torch import load_file, save_file

from oemsar.errors import Failure, InputError, Occupied
from oemsar.locks import output_lock
from oemsar.models import saved
from oemsar.models.calibration import Calibration
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.raster.cog import Layer, write_cog

from .. import inputs
from ..forking import forking

ROTATED = GeoBox((300, 420), Affine(-0.143, -0.5768, 337934.5, -0.5768, 0.143, 7840518.5), "EPSG:32759")
PART = ROTATED[:150, :210]
PROFILE = {"count": 1, "height": 64, "width": 80, "dtype": "uint8"}
SMALL = PredictConfig(window=128, overlap=32, engine="torch", device="cpu")
WHOLE = PredictConfig(engine="torch", device="cpu")


def _speckle(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, shape, np.uint8)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick looks take a third of the time of a small map, and few tests look at them."""
    monkeypatch.setattr("oemsar.predict.publish.write_quicklook", lambda *arguments: arguments[2].touch())


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.tif"
    write_cog(path, _speckle(300, 420), ROTATED)
    return path


def test_map_has_the_grid_colours_and_layers_asked_for(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    summary = predict_scene(models["sar"], scene, tmp_path / "map.tif", config=SMALL)
    with rasterio.open(tmp_path / "map.tif") as dataset, rasterio.open(scene) as source:
        assert (dataset.crs, dataset.transform, dataset.shape) == (source.crs, source.transform, source.shape)
        assert (dataset.dtypes[0], dataset.nodata) == ("uint8", 0)
        assert dataset.colormap(1)[8][:3] == (0xDE, 0x1F, 0x07)
        ids = dataset.read(1)
    assert ids.min() >= 1
    with rasterio.open(tmp_path / "map_confidence.tif") as dataset:
        confidence = dataset.read(1)
    assert 12 <= confidence.min() <= confidence.max() <= 100
    shares = [entry.pixels for entry in summary.classes.values()]
    assert shares == np.bincount(ids.ravel(), minlength=9)[1:].tolist()
    hectares = sum(entry.hectares or 0 for entry in summary.classes.values())
    ground = ROTATED.extent.to_crs("EPSG:4326").geom
    area = abs(Geod(ellps="WGS84").geometry_area_perimeter(ground)[0])
    assert hectares == pytest.approx(area / 1e4, rel=1e-6)
    assert summary.georeferencing == "affine"
    names = {"map.tif", "map.tif.aux.xml", "map.qml", "map_confidence.tif", "map_confidence.qml"}
    names |= {"map.png", "map.json", "scene.tif"}
    assert {file.name for file in tmp_path.iterdir()} == names


@pytest.mark.usefixtures("undrawn")
def test_one_window_gives_what_the_network_gives(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    predict_scene(models["sar"], scene, tmp_path / "map.tif", config=WHOLE)
    network = saved.load_model(models["sar"])
    with rasterio.open(scene) as source, torch.inference_mode():
        expected = network(torch.from_numpy(source.read())[None])[0].argmax(0).numpy() + 1
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert (dataset.read(1) == expected).mean() > 0.9999


@pytest.mark.usefixtures("undrawn")
def test_windows_agree_with_one_call_where_context_suffices(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    predict_scene(models["sar"], scene, tmp_path / "one.tif", config=WHOLE)
    predict_scene(
        models["sar"],
        scene,
        tmp_path / "many.tif",
        config=PredictConfig(window=256, overlap=64, engine="torch"),
    )
    with rasterio.open(tmp_path / "one.tif") as one, rasterio.open(tmp_path / "many.tif") as many:
        assert (one.read(1) == many.read(1)).mean() > 0.8


@pytest.mark.usefixtures("undrawn")
def test_nodata_of_every_kind_is_nodata_in_the_map(models: dict[str, Path], tmp_path: Path) -> None:
    amplitude = _speckle(200, 200).astype(np.float32)
    amplitude[:40] = np.nan
    amplitude[:, 150:] = -1
    path = tmp_path / "scene.tif"
    write_cog(path, amplitude, None, Layer(nodata=-1))
    summary = predict_scene(models["sar"], path, tmp_path / "map.tif", config=SMALL)
    assert summary.nodata_share == pytest.approx(0.4)
    assert sum(area.share for area in summary.classes.values()) == pytest.approx(1)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1) == 0, np.isnan(amplitude) | (amplitude == -1))
    with rasterio.open(tmp_path / "map_confidence.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1) == 0, np.isnan(amplitude) | (amplitude == -1))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("nodata", "mapped"), [("auto", 0.5), ("none", 1.0), ("7", 0.75)])
def test_zeros_around_the_collect_are_read_as_asked(
    models: dict[str, Path], tmp_path: Path, nodata: str, mapped: float
) -> None:
    amplitude = np.full((256, 256), 90, np.uint8)
    amplitude[:128] = 0
    amplitude[128:192] = 7
    path = tmp_path / "scene.tif"
    write_cog(path, amplitude, None)
    summary = predict_scene(
        models["sar"], path, tmp_path / "map.tif", config=WHOLE.model_copy(update={"nodata": nodata})
    )
    assert 1 - summary.nodata_share == pytest.approx(mapped)


@pytest.mark.usefixtures("undrawn")
def test_optical_is_laid_onto_the_radar_grid(models: dict[str, Path], tmp_path: Path) -> None:
    """A radar image on a rotated grid and an orthophoto of other resolution that shows the same field."""
    grid = GeoBox((150, 150), Affine(0.4, 0.3, 4e5, 0.3, -0.4, 5e6), "EPSG:32631")
    north_up = GeoBox((700, 700), Affine(0.25, 0, 4e5 - 20, 0, -0.25, 5e6 + 60), "EPSG:32631")
    write_cog(tmp_path / "sar.tif", np.full((150, 150), 80, np.uint8), grid)
    columns, rows = np.meshgrid(np.arange(700) + 0.5, np.arange(700) + 0.5)
    easting, northing = north_up.affine @ (columns, rows)
    field = np.stack([easting - 4e5 + 50, northing - 5e6 + 100, np.full_like(easting, 60)])
    write_cog(tmp_path / "ortho.tif", np.clip(field, 0, 255).astype(np.uint8), north_up)
    predict_scene(
        models["sar+optical"],
        tmp_path / "sar.tif",
        tmp_path / "map.tif",
        config=WHOLE.model_copy(update={"optical": tmp_path / "ortho.tif"}),
    )
    columns, rows = np.meshgrid(np.arange(150) + 0.5, np.arange(150) + 0.5)
    easting, northing = grid.affine @ (columns, rows)
    there = np.stack(
        [np.full_like(easting, 80), easting - 4e5 + 50, northing - 5e6 + 100, np.full_like(easting, 60)]
    )
    network = saved.load_model(models["sar+optical"])
    with torch.inference_mode():
        images = torch.from_numpy(np.clip(there, 0, 255).astype(np.float32))[None]
        expected = network(images)[0].argmax(0).numpy() + 1
    with rasterio.open(tmp_path / "map.tif") as dataset:
        ids = dataset.read(1)
    assert (ids > 0).all()
    assert (ids == expected).mean() > 0.97


@pytest.mark.usefixtures("undrawn")
def test_ground_without_optical_is_nodata(models: dict[str, Path], tmp_path: Path) -> None:
    grid = GeoBox((100, 100), Affine(0.5, 0, 4e5, 0, -0.5, 5e6), "EPSG:32631")
    write_cog(tmp_path / "sar.tif", _speckle(100, 100), grid)
    write_cog(tmp_path / "ortho.tif", _speckle(3, 100, 100), grid.translate_pix(50, 0))
    predict_scene(
        models["sar+optical"],
        tmp_path / "sar.tif",
        tmp_path / "map.tif",
        config=WHOLE.model_copy(update={"optical": tmp_path / "ortho.tif"}),
    )
    with rasterio.open(tmp_path / "map.tif") as dataset:
        ids = dataset.read(1)
    assert (ids[:, :50] == 0).all()
    assert (ids[:, 50:] > 0).all()


@pytest.mark.usefixtures("undrawn")
def test_a_scene_without_georeferencing_is_mapped_and_said_so(
    models: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_cog(tmp_path / "scene.tif", _speckle(90, 70), None)
    summary = predict_scene(models["sar"], tmp_path / "scene.tif", tmp_path / "map.tif", config=WHOLE)
    assert not summary.georeferenced
    assert "no georeferencing" in caplog.text
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.crs is None
        assert dataset.shape == (90, 70)


@pytest.mark.usefixtures("undrawn")
def test_sixteen_bit_and_complex_scenes_are_stretched_once(models: dict[str, Path], tmp_path: Path) -> None:
    eight = _speckle(200, 260)
    write_cog(tmp_path / "eight.tif", eight, None)
    write_cog(tmp_path / "sixteen.tif", eight.astype(np.uint16) * 100, None)
    write_cog(tmp_path / "complex.tif", (eight * 1j).astype(np.complex64), None)
    ranges = {"eight": None, "sixteen": (0.0, 25500.0), "complex": (0.0, 255.0)}
    maps = []
    for name, value_range in ranges.items():
        config = SMALL.model_copy(update={"range": value_range})
        predict_scene(models["sar"], tmp_path / f"{name}.tif", tmp_path / f"map_{name}.tif", config=config)
        with rasterio.open(tmp_path / f"map_{name}.tif") as dataset:
            maps.append(dataset.read(1))
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


def _wrong(models: dict[str, Path], folder: Path) -> dict[str, tuple[str, Path, Path | None, str]]:
    here = GeoBox((64, 64), Affine(0.5, 0, 4e5, 0, -0.5, 5e6), "EPSG:32631")
    write_cog(folder / "sar.tif", _speckle(64, 64), here)
    write_cog(folder / "rgb.tif", _speckle(3, 64, 64), here)
    write_cog(folder / "far.tif", _speckle(3, 64, 64), here.translate_pix(5000, 0))
    write_cog(folder / "plain.tif", _speckle(3, 50, 64), None)
    write_cog(folder / "zero.tif", np.zeros((64, 64), np.uint8), here)
    write_cog(folder / "nan.tif", np.full((64, 64), np.nan, np.float32), here)
    sar, rgb = folder / "sar.tif", folder / "rgb.tif"
    return {
        "bands": ("sar", rgb, None, "has 3 band"),
        "optical_missing": ("sar+optical", sar, None, "optical: .* give the orthophoto"),
        "optical_superfluous": ("sar", sar, rgb, "optical: .* leave the orthophoto out"),
        "elsewhere": ("sar+optical", sar, folder / "far.tif", "covers no ground"),
        "not_georeferenced": ("sar+optical", sar, folder / "plain.tif", "has no CRS with an affine"),
        "empty": ("sar", folder / "zero.tif", None, "holds no data"),
        "all_nan": ("sar", folder / "nan.tif", None, "holds no data"),
        "missing": ("sar", folder / "none.tif", None, "does not exist"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "bands",
        "optical_missing",
        "optical_superfluous",
        "elsewhere",
        "not_georeferenced",
        "empty",
        "all_nan",
        "missing",
    ],
)
def test_wrong_input_ends_in_one_sentence_and_no_output(
    models: dict[str, Path], tmp_path: Path, case: str
) -> None:
    model, scene, optical, sentence = _wrong(models, tmp_path)[case]
    out = tmp_path / "out"
    config = WHOLE.model_copy(update={"optical": optical})
    with pytest.raises(InputError, match=sentence):
        predict_scene(models[model], scene, out / "map.tif", config=config)
    assert not out.exists() or list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["{stem}.tif", "{stem}.TIF", "link.tif"])
def test_no_output_replaces_the_scene(models: dict[str, Path], tmp_path: Path, name: str) -> None:
    """The quick look of area.tif is area.png; a link and another spelling are the same file."""
    suffix = ".png" if name == "{stem}.TIF" else ".tif"
    scene = tmp_path / f"area{suffix}"
    with rasterio.open(scene, "w", driver="PNG" if suffix == ".png" else "GTiff", **PROFILE) as dataset:
        dataset.write(_speckle(1, 64, 80))
    out = tmp_path / name.format(stem="area")
    if name == "link.tif":
        out.symlink_to(scene)
    before = scene.read_bytes()
    with pytest.raises(InputError, match="choose another output path"):
        predict_scene(models["sar"], scene, out, config=WHOLE)
    assert scene.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {
        scene.name,
        *([out.name] if out.is_symlink() else []),
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("map.png", "the quick look of a map"),
        ("map.json", "the summary of a map"),
        ("map_confidence.tif", "the confidence of a map"),
    ],
)
def test_side_files_of_another_origin_are_not_replaced(
    models: dict[str, Path], scene: Path, tmp_path: Path, name: str, what: str
) -> None:
    other = tmp_path / name
    other.write_text('{"notes": "of the field trip"}')
    with pytest.raises(InputError, match=rf"{name} is there and is not {what}; choose another output path"):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=WHOLE)
    assert other.read_text() == '{"notes": "of the field trip"}'
    assert {file.name for file in tmp_path.iterdir()} == {"scene.tif", name}


def test_files_of_a_map_are_replaced_by_those_of_the_next(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.tif"
    names = ("map.tif", "map_confidence.tif", "map.png", "map.json")
    predict_scene(models["sar"], scene, out, config=WHOLE)
    predict_scene(models["sar"], scene, out, config=SMALL)
    first = [(tmp_path / name).read_bytes() for name in names[:3]]
    for name in names[:1] + names[2:]:  # a map that was cut off as it was published
        (tmp_path / name).unlink()
    predict_scene(models["sar"], scene, out, config=SMALL)
    assert [(tmp_path / name).read_bytes() for name in names[:3]] == first


def _replace_file(path: Path, content: bytes) -> None:
    """Give a file other content at the same size and time."""
    stat = path.stat()
    assert len(content) == stat.st_size
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("changed", ["nothing", "model.json", "model.safetensors", "sar.tif", "ortho.tif"])
def test_a_map_begins_anew_only_when_an_input_changed(
    models: dict[str, Path], tmp_path: Path, changed: str
) -> None:
    grid = GeoBox((150, 100), Affine(0.5, 0, 4e5, 0, -0.5, 5e6), "EPSG:32631")
    for name, bands in (("sar.tif", 1), ("ortho.tif", 3)):
        shape = {"count": bands, "height": 150, "width": 100, "dtype": "uint8"}
        place = {"crs": str(grid.crs), "transform": grid.affine}
        with rasterio.open(tmp_path / name, "w", driver="GTiff", **shape, **place) as dataset:
            dataset.write(_speckle(bands, 150, 100))
    model = tmp_path / "model"
    shutil.copytree(models["sar+optical"], model)
    config = PredictConfig(
        window=64, overlap=16, engine="torch", device="cpu", nodata="none", optical=tmp_path / "ortho.tif"
    )

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_scene(model, tmp_path / "sar.tif", tmp_path / "map.tif", config=config, report=stop)
    if changed == "model.json":
        description = model / changed
        description.write_text(description.read_text().replace("60.0", "20.0"))
    elif changed == "model.safetensors":
        weights = load_file(model / changed)
        name = next(key for key, value in weights.items() if value.is_floating_point() and value.ndim == 4)
        save_file(weights | {name: -weights[name]}, model / changed)
    elif changed != "nothing":
        content = bytearray((tmp_path / changed).read_bytes())
        content[-2000:] = bytes(255 - byte for byte in content[-2000:])
        content[-12000:-10000] = bytes(255 - byte for byte in content[-12000:-10000])
        _replace_file(tmp_path / changed, bytes(content))
    windows: list[int] = []
    predict_scene(
        model,
        tmp_path / "sar.tif",
        tmp_path / "map.tif",
        config=config,
        report=lambda done, _: windows.append(done),
    )
    assert (windows[0] == 1) == (changed != "nothing")
    predict_scene(model, tmp_path / "sar.tif", tmp_path / "fresh.tif", config=config)
    for name in ("{}.tif", "{}_confidence.tif"):
        resumed, fresh = (rasterio.open(tmp_path / name.format(stem)) for stem in ("map", "fresh"))
        with resumed, fresh:
            np.testing.assert_array_equal(resumed.read(), fresh.read())


@pytest.mark.parametrize("target", ["ortho.png", "model/model.json", "model/model.safetensors"])
def test_no_output_replaces_the_orthophoto_or_the_model(
    models: dict[str, Path], tmp_path: Path, target: str
) -> None:
    """The summary of a map, map.json, is a link to the input."""
    shutil.copytree(models["sar+optical"], tmp_path / "model")
    for name, bands in (("sar.png", 1), ("ortho.png", 3)):
        with rasterio.open(tmp_path / name, "w", driver="PNG", **PROFILE | {"count": bands}) as dataset:
            dataset.write(_speckle(bands, 64, 80))
    (tmp_path / "map.json").symlink_to(tmp_path / target)
    before = (tmp_path / target).read_bytes()
    config = WHOLE.model_copy(update={"optical": tmp_path / "ortho.png"})
    with pytest.raises(InputError, match="choose another output path"):
        predict_scene(tmp_path / "model", tmp_path / "sar.png", tmp_path / "map.tif", config=config)
    assert (tmp_path / target).read_bytes() == before
    assert not (tmp_path / "map.tif").exists()


Change = Callable[[Path, Path], None]


def _other_pixels(model: Path, scene: Path) -> None:
    write_cog(scene, 255 - _speckle(150, 210), PART)


def _other_mean(model: Path, scene: Path) -> None:
    description = json.loads((model / "model.json").read_text())
    description["spec"]["mean"] = [90.0]
    (model / "model.json").write_text(json.dumps(description))


def _mask(model: Path, scene: Path) -> None:
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False),
        rasterio.open(scene, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset,
    ):
        dataset.write_mask(np.eye(150, 210, dtype=np.uint8) * 255)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("change", [_other_pixels, _other_mean, _mask])
@pytest.mark.parametrize("when", ["meanwhile", "while it is interrupted"])
def test_a_map_is_never_made_of_two_states_of_its_inputs(
    models: dict[str, Path], tmp_path: Path, change: Change, when: str
) -> None:
    scene = tmp_path / "scene.tif"
    write_cog(scene, _speckle(150, 210), PART)
    config = SMALL.model_copy(update={"window": 64, "overlap": 16})
    model = Path(shutil.copytree(models["sar"], tmp_path / "model"))
    image = scene if change is _mask else tmp_path / "scene.vrt"
    if image != scene:
        rasterio.shutil.copy(scene, image, driver="VRT")
    out = tmp_path / "map.tif"

    def disturb(done: int, total: int) -> None:
        if done == total // 2:
            change(model, scene)
            if when != "meanwhile":
                raise KeyboardInterrupt

    with inputs.changing(scene, model / "model.json"):
        if when == "meanwhile":
            with pytest.raises(Failure, match="changed while the map was being made; run"):
                predict_scene(model, image, out, config=config, report=disturb)
            assert not out.exists()
        else:
            with pytest.raises(KeyboardInterrupt):
                predict_scene(model, image, out, config=config, report=disturb)
    predict_scene(model, image, out, config=config)
    predict_scene(model, image, tmp_path / "fresh.tif", config=config)
    assert out.read_bytes() == (tmp_path / "fresh.tif").read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_statistics_that_a_viewer_puts_beside_a_scene_do_not_stop_its_map(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    statistics = scene.with_name("scene.tif.aux.xml")

    def view(done: int, total: int) -> None:
        statistics.write_text("<PAMDataset><Metadata><MDI key='a'>1</MDI></Metadata></PAMDataset>")

    predict_scene(models["sar"], scene, tmp_path / "map.tif", config=SMALL, report=view)
    assert statistics.exists()


def test_a_map_that_is_being_made_is_not_made_twice(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    for name in ("map.tif", "map.png", "map_confidence.tif"):
        with ThreadPoolExecutor(1) as pool, output_lock(tmp_path / name):
            second = pool.submit(predict_scene, models["sar"], scene, tmp_path / "map.tif", config=SMALL)
            with pytest.raises(Occupied, match=rf"{name} is being written by process {os.getpid()} on"):
                second.result()
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.usefixtures("undrawn")
def test_a_map_killed_in_its_rows_goes_on_to_the_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    scene = tmp_path / "scene.tif"
    write_cog(scene, _speckle(400, 150), GeoBox((400, 150), ROTATED.affine, ROTATED.crs))
    config = PredictConfig(window=64, overlap=16, engine="torch", device="cpu")
    predict_scene(models["sar"], scene, tmp_path / "whole.tif", config=config)
    out = tmp_path / "killed.tif"
    state = tmp_path / ".killed.tif.partial" / "state.json"
    random.seed(0)
    killed = 0
    for _ in range(2):
        process = forking().Process(
            target=predict_scene, args=(models["sar"], scene, out), kwargs={"config": config}
        )
        before = state.read_text() if state.exists() else ""
        process.start()
        while process.is_alive() and (not state.exists() or state.read_text() == before):
            time.sleep(0.02)
        time.sleep(random.random() * 0.05)
        if process.is_alive():
            process.kill()
            killed += 1
        process.join()
        assert not out.exists() or process.exitcode == 0
    assert killed > 0
    windows: list[int] = []
    predict_scene(models["sar"], scene, out, config=config, report=lambda done, _: windows.append(done))
    assert windows[0] > 1
    for suffix in (".tif", "_confidence.tif"):
        whole, resumed = (tmp_path / f"{stem}{suffix}" for stem in ("whole", "killed"))
        assert whole.read_bytes() == resumed.read_bytes()
    assert not state.parent.exists()
    assert json.loads((tmp_path / "killed.json").read_text())["nodata_share"] == 0


def _calibrated(model: Path, folder: Path) -> Path:
    network = saved.load_model(model)
    network.calibration = Calibration(
        kind="temperature",
        scale=(2.0,) * 8,
        shift=(0.0,) * 8,
        coverages=(0.5, 0.9),
        thresholds=((0.3, 0.12),) * 8,
        regions=1,
        pixels=1,
        split="val",
        likelihood=(1.0, 1.0),
    )
    saved.save_model(network, folder, {})
    return folder


def test_prediction_sets_are_a_layer_of_their_own(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    model = _calibrated(models["sar"], tmp_path / "model")
    config = SMALL.model_copy(update={"sets": 0.9})
    summary = predict_scene(model, scene, tmp_path / "map.tif", config=config)
    assert summary.calibrated
    assert summary.sets == str(tmp_path / "map_sets.tif")
    with rasterio.open(summary.sets) as dataset:
        assert (dataset.count, dataset.nodata, dataset.shape) == (2, 0, ROTATED.shape)
        assert dataset.transform == ROTATED.affine
        assert dataset.overviews(1) == dataset.overviews(2)
        size, members = dataset.read()
    with rasterio.open(tmp_path / "map.tif") as dataset:
        ids = dataset.read(1)
    bits = (members[None] >> np.arange(8, dtype=np.uint8)[:, None, None]) & 1
    np.testing.assert_array_equal(bits.sum(0), size)
    assert np.take_along_axis(bits, (ids - 1)[None].astype(int), 0).all()
    assert len(np.unique(size)) > 1
    # a later map without sets does not leave them beside it
    assert predict_scene(model, scene, tmp_path / "map.tif", config=SMALL).sets is None
    assert not (tmp_path / "map_sets.tif").exists()


def test_sets_of_a_model_without_calibration_are_refused(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no calibration"):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=PredictConfig(sets=0.9))


def test_a_temperature_changes_the_confidence_and_not_the_map(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    model = _calibrated(models["sar"], tmp_path / "model")
    for path, name in ((models["sar"], "before"), (model, "after")):
        predict_scene(path, scene, tmp_path / f"{name}.tif", config=WHOLE)
    layers = {}
    for name in ("before", "after", "before_confidence", "after_confidence"):
        with rasterio.open(tmp_path / f"{name}.tif") as dataset:
            layers[name] = dataset.read(1)
    assert (layers["before"] == layers["after"]).mean() > 0.9999  # near-equal classes may round alike
    assert layers["after_confidence"].mean() > layers["before_confidence"].mean() + 1
