"""A map is sieved, turned into polygons and summed up in one command, and its raw pixels are kept."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from scipy import ndimage

from oemsar import legend
from oemsar.errors import InputError
from oemsar.predict import beside, mapping
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.raster.cog import write_cog

ROTATED = GeoBox((110, 150), Affine(-0.143, -0.5768, 337934.5, -0.5768, 0.143, 7840518.5), "EPSG:32759")
PIXEL = abs(ROTATED.affine.determinant)
OPTIONS = {"window": 64, "overlap": 16, "engine": "torch", "device": "cpu"}


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.predict.publish.write_quicklook", lambda *arguments: arguments[2].touch())


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(1, 256, ROTATED.shape.yx, np.uint8)
    pixels[:20, :30] = 0
    write_cog(tmp_path / "scene.tif", pixels, ROTATED)
    return tmp_path / "scene.tif"


def read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def small_patches(ids: NDArray[np.uint8], pixels: float) -> int:
    counts = [np.bincount(ndimage.label(ids == value)[0].ravel())[1:] for value in range(1, 9)]
    return int(sum(np.count_nonzero(count < pixels) for count in counts))


def test_a_scene_becomes_sieved_polygons_and_a_table_in_one_call(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    plain = predict_scene(models["sar"], scene, tmp_path / "plain.tif", config=PredictConfig(**OPTIONS))
    out = tmp_path / "map.tif"
    config = PredictConfig(
        **OPTIONS, min_area=5, polygons=tmp_path / "map.fgb", areas=tmp_path / "areas.csv", nodata="0"
    )
    summary = predict_scene(models["sar"], scene, out, config=config)
    raw, final = read(tmp_path / "map_raw.tif"), read(out)
    assert plain.raw is plain.sieve is plain.polygons is None
    # the raw map is kept, confidence and all
    assert ((raw == 0) == (final == 0)).all()
    changed = raw != final
    confidence = read(tmp_path / "map_confidence.tif")
    raw_confidence = read(tmp_path / "map_raw_confidence.tif")
    assert changed.any()
    np.testing.assert_array_equal(confidence, np.where(changed, 0, raw_confidence))
    # patches below five square metres: counted before and after
    assert summary.sieve is not None
    assert summary.sieve.patches_before == small_patches(raw, 5 / PIXEL) > 100
    assert summary.sieve.patches_after == small_patches(final, 5 / PIXEL) == 0
    found = gpd.read_file(tmp_path / "map.fgb", engine="pyogrio")
    assert summary.polygons is not None
    assert summary.polygons.number == len(found)
    assert found.area_m2.min() > 4
    assert found.confidence_mean.dropna().between(12, 100).all()
    with (tmp_path / "areas.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["class_name"] for row in table] == list(legend.NAMES)
    for row in table:
        identifier = int(row["class_id"])
        assert int(row["pixels"]) == np.count_nonzero(final == identifier)
        assert int(row["polygons"]) == (found.class_id == identifier).sum()
        assert float(row["hectares"]) == pytest.approx(summary.classes[row["class_name"]].hectares, abs=1e-6)
    stored = json.loads((tmp_path / "map.json").read_text())
    assert stored["sieve"]["square_metres"] == stored["record"]["config"]["min_area"] == 5


def test_every_layer_has_a_style_and_one_file_serves_map_and_polygons(
    models: dict[str, Path], scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.tif"
    predict_scene(
        models["sar"], scene, out, config=PredictConfig(**OPTIONS, polygons=tmp_path / "map.gpkg", min_area=5)
    )
    styles = {path.stem for path in tmp_path.glob("*.qml")}
    assert styles == {"map", "map_confidence", "map_raw", "map_raw_confidence"}
    both = ET.parse(tmp_path / "map.qml").getroot()  # noqa: S314
    assert [entry.get("value") for entry in both.iter("category")] == list(legend.NAMES)
    assert [entry.get("label") for entry in both.iter("paletteEntry")] == list(legend.NAMES)
    assert ET.parse(tmp_path / "map_confidence.qml").find(".//colorrampshader") is not None  # noqa: S314
    # a map that is not sieved takes the raw one of the earlier map away, which would be taken for its own
    predict_scene(models["sar"], scene, out, config=PredictConfig(**OPTIONS))
    assert not list(tmp_path.glob("map_raw*"))


def test_stopped_at_its_polygons_a_map_goes_on_without_its_windows(
    models: dict[str, Path], scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PredictConfig(**OPTIONS, min_area=5, polygons=tmp_path / "map.parquet")
    whole = predict_scene(models["sar"], scene, tmp_path / "whole.tif", config=config)
    expected = (tmp_path / "map.parquet").read_bytes()

    def stop(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    windows: list[int] = []
    original = mapping._windows

    def counted(*arguments: object) -> object:
        for window in original(*arguments):  # type: ignore[arg-type]
            windows.append(1)
            yield window

    monkeypatch.setattr(mapping, "_windows", counted)
    original_write = beside.write_polygons
    monkeypatch.setattr(beside, "write_polygons", stop)
    with pytest.raises(KeyboardInterrupt):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=config)
    assert windows
    monkeypatch.setattr(beside, "write_polygons", original_write)
    windows.clear()
    (tmp_path / "map.parquet").unlink()
    again = predict_scene(models["sar"], scene, tmp_path / "map.tif", config=config)
    assert not windows
    assert (again.sieve, again.classes) == (whole.sieve, whole.classes)
    assert (tmp_path / "map.parquet").read_bytes() == expected
    for name in ("{}.tif", "{}_confidence.tif", "{}_raw.tif"):
        one, other = (read(tmp_path / name.format(stem)) for stem in ("map", "whole"))
        np.testing.assert_array_equal(one, other)


def test_polygons_are_asked_for_later_without_its_windows_being_another_map() -> None:
    plain = PredictConfig(window=512)
    asked = PredictConfig(window=512, polygons=Path("a.gpkg"), min_area=3, areas=Path("a.csv"), simplify=2)
    assert asked.of_pixels == plain == plain.of_pixels


WRONG: dict[str, tuple[Callable[[Path], dict[str, object]], str, str]] = {
    "a format": (lambda folder: {"polygons": folder / "p.shp"}, "names no format", "polygons"),
    "no table": (lambda folder: {"areas": folder / "a.xlsx"}, r"must end in \.csv", "areas"),
    "nothing to simplify": (lambda _: {"simplify": 2}, "is about polygons", "simplify"),
    "nothing to cut": (lambda _: {"sheet": 512}, "is about polygons", "sheet"),
    "no area": (lambda _: {"min_area": 0}, "0", "min_area"),
}


@pytest.mark.parametrize("case", WRONG)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, case: str) -> None:
    make, sentence, option = WRONG[case]
    with pytest.raises(InputError, match=sentence) as caught:
        PredictConfig.model_validate(make(tmp_path))
    assert option in caught.value.options


@pytest.mark.parametrize("option", ["polygons", "areas"])
def test_files_beside_a_map_replace_no_input_and_nothing_of_others(
    models: dict[str, Path], scene: Path, tmp_path: Path, option: str
) -> None:
    name = tmp_path / ("p.gpkg" if option == "polygons" else "p.csv")
    config = PredictConfig.model_validate({**OPTIONS, option: name})
    name.hardlink_to(scene)
    with pytest.raises(InputError, match="choose another output path"):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=config)
    name.unlink()
    name.write_text("mine")
    with pytest.raises(InputError, match="choose another output path or move it away"):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=config)
    assert name.read_text() == "mine"
    (tmp_path / "map.qml").write_text("<qgis>mine</qgis>")
    with pytest.raises(InputError, match=r"map\.qml is there and is not a style of this program"):
        predict_scene(models["sar"], scene, tmp_path / "map.tif", config=PredictConfig(**OPTIONS))


def test_a_scene_that_lies_nowhere_has_no_polygons(models: dict[str, Path], tmp_path: Path) -> None:
    write_cog(tmp_path / "plain.tif", np.full((70, 90), 80, np.uint8), None)
    for option, value in (("polygons", tmp_path / "p.gpkg"), ("min_area", 5)):
        config = PredictConfig.model_validate({**OPTIONS, option: value})
        with pytest.raises(InputError, match="the scene") as caught:
            predict_scene(models["sar"], tmp_path / "plain.tif", tmp_path / "map.tif", config=config)
        assert caught.value.options == (option,)
    assert not list(tmp_path.glob("*map*"))
