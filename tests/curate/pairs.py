"""Pairs on disk as `oemsar prepare pair` writes them, of random pixels, in a fraction of a second."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine

from oemsar.files import checksum, write_json
from oemsar.prepare.pair.masks import MASKS
from oemsar.prepare.pair.results import PairGrid, PairRecord
from oemsar.raster.geotiff import write_raster
from oemsar.record import origin, run_record

GSD = 0.5
CRS = "EPSG:32631"
CORNER = (448_000.0, 5_411_000.0)


def pair_grid(shape: tuple[int, int], corner: tuple[float, float] = CORNER) -> GeoBox:
    return GeoBox(shape, Affine(GSD, 0, corner[0], 0, -GSD, corner[1]), CRS)


def full_masks(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Data everywhere, neither layover nor shadow."""
    masks = np.zeros((4, *shape), np.uint8)
    masks[:2] = 1
    return masks


def write_pair(
    folder: Path,
    name: str = "harbour",
    shape: tuple[int, int] = (160, 224),
    *,
    masks: NDArray[np.uint8] | None = None,
    corner: tuple[float, float] = CORNER,
    errors: list[tuple[float, float, float]] | None = None,
    seed: int = 0,
    **changes: Any,
) -> Path:
    """Write a pair; `errors` are column, row and error of tie points, pixels of an orthophoto of 1 m."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    grid = pair_grid(shape, corner)
    masks = full_masks(shape) if masks is None else masks
    images = {
        "sar": rng.integers(1, 256, (1, *shape), np.uint8) * masks[:1],
        "optical": rng.integers(1, 256, (3, *shape), np.uint8) * masks[1:2],
        "masks": masks,
    }
    files = {}
    for key, pixels in images.items():
        files[key] = folder / f"{name}_{key}.tif"
        write_raster(files[key], pixels, grid, names=MASKS if key == "masks" else (), tiled=True)
    ties = folder / "alignment" / "tie_points.geojson"
    ties.parent.mkdir(exist_ok=True)
    _write_ties(ties, grid, errors or [])
    record = PairRecord.model_validate({**_record(name, grid, files, ties, masks), **changes})
    write_json(folder / f"{name}.json", record.model_dump(mode="json"))
    return folder


def _write_ties(path: Path, grid: GeoBox, errors: list[tuple[float, float, float]]) -> None:
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    features = []
    for column, row, error in errors:
        lon, lat = to_degrees.transform(*(grid.affine @ (column + 0.5, row + 0.5)))
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {"sar_x": 0.0, "sar_y": 0.0, "used": error >= 0, "residual_px": abs(error)},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _record(
    name: str, grid: GeoBox, files: dict[str, Path], ties: Path, masks: NDArray[np.uint8]
) -> dict[str, Any]:
    amplitude = dict.fromkeys(("minimum", "maximum", "mean", "p1", "p50", "p99", "relative_error"), 1.0)
    terms = {"sar": {"attribution": "Umbra", "licence": "CC BY 4.0"}}
    terms["optical"] = {"attribution": "IGN 2021", "licence": "Etalab 2.0"}
    image = {
        "source": "s.tif",
        "sha256": None,
        "interpolation": "cubic",
        "validity_sha256": "",
        "valid_share": 1,
    }
    known = not (masks[2:] == 255).all()
    return {
        "name": name,
        "files": {key: origin(path) for key, path in files.items()},
        "grid": {**PairGrid.from_geobox(grid).model_dump(), "gsd": GSD},
        "alignment": {
            "verdict": "accepted",
            "reasons": [],
            "warnings": [],
            "model": "shift",
            "n_tie_points": 3,
            "residual_px": {"median": 0.75, "p95": 2.0, "along_look": None, "across_look": None},
            "offset_px": None,
            "gsd_m": 1.0,
            "edited_tie_points": None,
            "transform_sha256": None,
            "tie_points_sha256": {ties.name: checksum(ties)},
            "accepted_anyway": False,
        },
        "sar": {
            **image,
            **terms["sar"],
            "remap": "density",
            "parameters": {},
            "product": "umbra",
            "band": 1,
            "quantity": "amplitude",
            "statistics": amplitude,
            "polarisation": "VV",
            "time": "2023-02-11T10:20:30+00:00",
            "look": {"azimuth": 95.0, "incidence": 41.5},
            "through_terrain": True,
        },
        "optical": {**image, **terms["optical"], "quantity": "display", "stretch": {}},
        "masks": {
            "sar_valid_share": 1,
            "optical_valid_share": 1,
            "both_valid_share": 1,
            "layover_share": 0.0 if known else None,
            "shadow_share": 0.0 if known else None,
            "relief_from": "dsm.tif" if known else None,
            "relief_kind": None,
        },
        "terms": terms,
        "inputs": [],
        "region": {},
        "stages": {},
        "record": run_record({}),
    }
