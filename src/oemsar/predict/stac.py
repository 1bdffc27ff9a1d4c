"""STAC items of a map and of the models that made it (STAC 1.1, mlm 1.5).

A map lies in the files beside its item. The item of a model stands beside the map, too: making a map changes
nothing in the model's folder.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from odc.geo.geobox import GeoBox
from pydantic import JsonValue
from pyproj import CRS

from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import require_own
from oemsar.limits import read_text
from oemsar.polygons.source import confidence_path
from oemsar.predict.map_files import SHARES, raw_path
from oemsar.predict.shares import OFFSET, SCALE
from oemsar.predict.stac_model import ModelFiles, model_item
from oemsar.predict.stac_parts import SCHEMA, Json, asset, classes, utc, word
from oemsar.predict.summary import LandCoverMap
from oemsar.raster.grid import footprint

_MAP_EXTENSIONS = ("classification/v1.1.0", "raster/v2.0.0", "processing/v1.2.0", "projection/v2.0.0")
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_KINDS = {
    ".gpkg": "application/geopackage+sqlite3",
    ".fgb": "application/vnd.flatgeobuf",
    ".parquet": "application/vnd.apache.parquet",
}


def map_item_path(out: Path) -> Path:
    """Name the item of a map."""
    return out.with_name(f"{out.stem}.stac.json")


def model_item_path(out: Path, number: int) -> Path:
    """Name the item of a model, counted from 0, beside a map."""
    return out.with_name(f"{out.stem}.model{number + 1 if number else ''}.stac.json")


def item_files(out: Path, models: int) -> list[Path]:
    """List the items of a map that so many models made."""
    return [map_item_path(out), *(model_item_path(out, number) for number in range(models))]


def require_own_items(out: Path, models: int) -> None:
    """Check that what lies under the names of the items is an item of a map or of a model.

    Raises:
        InputError: One of them is of another origin.
    """
    require_own(item_files(out, models), _is_item, "a STAC item of a map")


def write_items(out: Path, summary: LandCoverMap, grid: GeoBox, models: Sequence[ModelFiles]) -> None:
    """Write the items of a map and of its models.

    Args:
        out: Map.
        summary: Summary of the map.
        grid: CRS and affine of the map, which lies on the earth.
        models: Models that made it.
    """
    for number, model in enumerate(models):
        path = model_item_path(out, number)
        write_json(path, model_item(model, path, summary.record.started))
    names = [model_item_path(out, number).name for number in range(len(models))]
    write_json(map_item_path(out), _map_item(out, summary, grid, names))


def _map_item(out: Path, summary: LandCoverMap, grid: GeoBox, models: Sequence[str]) -> Json:
    ground = footprint(grid)
    if ground is None or grid.crs is None:
        raise InputError("the map lies nowhere on the earth, so that it has no STAC item", option="stac")
    crs = CRS.from_wkt(grid.crs.to_wkt())
    authority = crs.to_authority()
    a, b, c, d, e, f = (float(value) for value in grid.affine[:6])
    box = grid.extent.boundingbox
    placed: Json = {
        "proj:code": None if authority is None else ":".join(authority),
        "proj:shape": [int(side) for side in grid.shape],
        "proj:transform": [a, b, c, d, e, f],
        "proj:bbox": [float(side) for side in (box.left, box.bottom, box.right, box.top)],
    }
    if authority is None:
        placed["proj:wkt2"] = crs.to_wkt()
    properties: Json = {
        "title": f"Land cover: {out.stem}",
        "description": "Land cover map; its time is that of the processing, not of the imagery.",
        "datetime": utc(summary.record.started),
        "created": utc(summary.record.started),
        "processing:level": "L4",
        "processing:lineage": (
            f"Semantic segmentation of {summary.modalities} by {' and '.join(summary.models)}, windows "
            "blended, with oemsar predict"
        ),
        "processing:software": {name: str(version) for name, version in summary.record.versions.items()},
        **placed,
    }
    here = out.parent
    links: list[JsonValue] = [
        {"rel": "derived_from", "href": f"./{name}", "type": "application/geo+json", "title": "Model"}
        for name in models
    ]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [SCHEMA.format(name) for name in _MAP_EXTENSIONS],
        "id": out.stem,
        "geometry": json.loads(json.dumps(ground.__geo_interface__)),
        "bbox": _bbox(ground.bounds, ground.geom_type),
        "properties": properties,
        "links": links,
        "assets": _assets(out, summary, here),
    }


def _bbox(bounds: tuple[float, ...], kind: str) -> list[JsonValue]:
    """Give the bounds of a footprint, west greater than east where it lies across the antimeridian."""
    west, south, east, north = (float(side) for side in bounds)
    return [east, south, west, north] if kind == "MultiPolygon" else [west, south, east, north]


def _assets(out: Path, summary: LandCoverMap, here: Path) -> Json:
    """Describe the files of a map."""
    named: Json = {"classification:classes": classes()}
    assets: Json = {
        "map": _raster(out, here, "Land cover", "land_cover", named),
        "confidence": _raster(confidence_path(out), here, "Confidence", "confidence", {"unit": "%"}),
        "thumbnail": asset(out.with_suffix(".png"), here, "Quick look", "image/png", "thumbnail"),
        "summary": asset(out.with_suffix(".json"), here, "Summary", "application/json", "metadata"),
    }
    for name, layer in SHARES.items():
        if getattr(summary, name) is not None:
            bands: list[JsonValue] = [
                {
                    "name": word(band),
                    "data_type": "uint8",
                    "nodata": 0,
                    "raster:scale": SCALE,
                    "raster:offset": OFFSET,
                }
                for band in layer.bands
            ]
            title = layer.ending.capitalize()
            assets[name] = {**asset(layer.path(out), here, title, _COG, "data"), "bands": bands}
    if summary.raw is not None:
        raw = raw_path(out)
        assets["raw"] = _raster(raw, here, "Land cover before sieving", "land_cover", named)
    if summary.polygons is not None:
        file = Path(summary.polygons.file)
        assets["polygons"] = asset(file, here, "Polygons", _KINDS[file.suffix.lower()], "data")
    if summary.areas is not None:
        assets["areas"] = asset(Path(summary.areas), here, "Areas of the classes", "text/csv", "metadata")
    return assets


def _raster(file: Path, here: Path, title: str, name: str, meaning: Json) -> Json:
    band: Json = {"name": name, "data_type": "uint8", "nodata": 0, "raster:sampling": "area", **meaning}
    return {**asset(file, here, title, _COG, "data"), "bands": [band]}


def _is_item(path: Path) -> bool:
    try:
        content = json.loads(read_text(path))
    except (InputError, ValueError, RecursionError):
        return False
    made = isinstance(content, dict) and "stac_version" in content
    return made and isinstance(assets := content.get("assets"), dict) and not assets.keys() - _OWN_ASSETS


_OWN_ASSETS = {
    *("map", "confidence", "thumbnail", "summary", "raw", "polygons", "areas", *SHARES),
    *("weights", "description"),
}
