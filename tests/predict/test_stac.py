"""STAC items of a map and of its model hold against the schemas, and say where everything lies."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pydantic import JsonValue
from rasterio import Affine
from shapely.geometry import shape

from oemsar import legend
from oemsar.errors import InputError
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.raster.cog import write_cog

SCHEMAS = Path(os.environ.get("OEMSAR_SCHEMAS", Path(__file__).parents[3] / "shared" / "schemas"))
ROTATED = GeoBox((70, 90), Affine(-0.143, -0.5768, 337934.5, -0.5768, 0.143, 7840518.5), "EPSG:32759")
OPTIONS = {"engine": "torch", "device": "cpu", "stac": True}


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.predict.publish.write_quicklook", lambda *arguments: arguments[2].touch())


@pytest.fixture
def folder(models: dict[str, Path], tmp_path: Path) -> Path:
    """A map of two models with all that is beside it."""
    pixels = np.random.default_rng(0).integers(1, 256, ROTATED.shape.yx, np.uint8)
    write_cog(tmp_path / "scene.tif", pixels, ROTATED)
    config = PredictConfig(
        **OPTIONS, min_area=3, polygons=tmp_path / "patches.fgb", areas=tmp_path / "areas.csv"
    )
    predict_scene([models["sar"], models["sar"]], tmp_path / "scene.tif", tmp_path / "map.tif", config=config)
    return tmp_path


def item(path: Path) -> dict[str, JsonValue]:
    return json.loads(path.read_text())


def test_the_item_says_where_the_map_lies_and_what_its_values_mean(folder: Path) -> None:
    found = item(folder / "map.stac.json")
    properties = found["properties"]
    assert found["stac_version"] == "1.1.0"
    assert properties["proj:code"] == "EPSG:32759"
    assert properties["proj:shape"] == [70, 90]
    assert properties["proj:transform"] == list(ROTATED.affine[:6])
    assert properties["processing:level"] == "L4"
    ground = ROTATED.extent.to_crs("EPSG:4326").geom
    assert shape(found["geometry"]).symmetric_difference(ground).area < 1e-3 * ground.area
    assert found["bbox"] == pytest.approx(list(shape(found["geometry"]).bounds))
    for name, asset in found["assets"].items():
        assert (folder / asset["href"]).exists(), name
    assert set(found["assets"]) == {
        *("map", "confidence", "raw", "thumbnail", "summary", "polygons", "areas"),
    }
    (band,) = found["assets"]["map"]["bands"]
    assert (band["data_type"], band["nodata"]) == ("uint8", 0)
    listed = band["classification:classes"]
    assert [(each["value"], each["title"], "#" + each["color_hint"].lower()) for each in listed] == [
        (entry.id, entry.name, entry.hex) for entry in legend.CLASSES
    ]
    assert listed[2]["name"] == "developed_space"
    derived = [link["href"] for link in found["links"] if link["rel"] == "derived_from"]
    assert derived == ["./map.model.stac.json", "./map.model2.stac.json"]
    for href in derived:
        model = item(folder / href)
        assert (folder / model["assets"]["weights"]["href"]).resolve().name == "model.safetensors"
        (given,) = model["properties"]["mlm:input"]
        assert given["bands"] == ["sar"]
        assert given["value_scaling"] == [{"type": "z-score", "mean": 60.0, "stddev": 40.0}]


def test_the_items_hold_against_the_schemas(folder: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    referencing = pytest.importorskip("referencing", reason="needs referencing")
    if not SCHEMAS.is_dir():
        pytest.skip(f"no schemas in {SCHEMAS}; name their folder in OEMSAR_SCHEMAS")
    known = {}
    for file in sorted(SCHEMAS.rglob("*.json")):
        content = json.loads(file.read_text())
        if "$id" in content:
            known[content["$id"].rstrip("#")] = content
    # definitions of versions that are not here, such as those that mlm refers to, take anything
    fields = {"properties": {"processing:expression": {}, "classification:classes": {"type": "array"}}}
    pixels = {"bands": {"items": {"properties": {"data_type": {"type": "string"}}}}}
    draft = "http://json-schema.org/draft-07/schema#"
    anything = {"$schema": draft, "definitions": {"fields": fields, **pixels}}

    def retrieve(uri: str) -> object:
        """Find a schema, or one that takes anything."""
        return referencing.Resource.from_contents(known.get(uri.rstrip("#"), anything))

    registry = referencing.Registry(retrieve=retrieve)
    checked = set()
    for path in folder.glob("*.stac.json"):
        found = item(path)
        for extension in found["stac_extensions"]:
            assert extension in known, f"{extension} is another version than the schema that is here"
            schema = dict(known[extension])
            # the item itself is held against the core schema that is here, not the one it names
            validator = jsonschema.validators.validator_for(schema)(schema, registry=registry)
            errors = [error.message for error in validator.iter_errors(found)]
            assert not errors, (path.name, extension, errors)
            checked.add(extension)
    assert len(checked) == 5


def test_items_of_others_are_kept_and_a_scene_that_lies_nowhere_has_none(
    models: dict[str, Path], tmp_path: Path
) -> None:
    write_cog(tmp_path / "plain.tif", np.full((70, 90), 80, np.uint8), None)
    with pytest.raises(InputError, match="has no STAC item") as caught:
        predict_scene(
            models["sar"], tmp_path / "plain.tif", tmp_path / "map.tif", config=PredictConfig(**OPTIONS)
        )
    assert caught.value.options == ("stac",)
    other = tmp_path / "map.stac.json"
    other.write_text(json.dumps({"stac_version": "1.0.0", "assets": {"B04": {}}}))
    with pytest.raises(InputError, match=r"map\.stac\.json is there and is not a STAC item of a map"):
        predict_scene(
            models["sar"], tmp_path / "plain.tif", tmp_path / "map.tif", config=PredictConfig(**OPTIONS)
        )
