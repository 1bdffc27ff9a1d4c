"""What lies under the names of a map's files is recognised by what it holds."""

import json
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.predict.map_files import CONFIDENCE, SETS, require_own_files
from oemsar.raster.geotiff import write_raster

GRID = GeoBox((9, 14), Affine(0.5, 0, 380_000, 0, -0.5, 3_940_000), "EPSG:32654")
SUMMARY = json.dumps({"map": "map.tif", "quicklook": "map.png", "classes": {}})


def _raster(path: Path, *names: str) -> None:
    write_raster(path, np.ones((max(len(names), 1), 9, 14), np.uint8), GRID, names=names)


def test_sets_of_another_origin_stay_even_beside_the_summary_of_a_map(tmp_path: Path) -> None:
    out, sets = tmp_path / "map.tif", tmp_path / "map_sets.tif"
    (tmp_path / "map.json").write_text(SUMMARY)
    _raster(sets)
    require_own_files(out, sets=False)
    with pytest.raises(InputError, match=r"map_sets\.tif is there and is not prediction sets of a map"):
        require_own_files(out, sets=True)
    sets.unlink()
    _raster(sets, *SETS)
    require_own_files(out, sets=True)


def test_a_confidence_is_known_by_its_band_until_there_is_a_summary(tmp_path: Path) -> None:
    out, confidence = tmp_path / "map.tif", tmp_path / "map_confidence.tif"
    _raster(confidence, "trust")
    with pytest.raises(InputError, match=r"map_confidence\.tif is there and is not the confidence of a map"):
        require_own_files(out, sets=False)
    confidence.unlink()
    _raster(confidence, CONFIDENCE)
    require_own_files(out, sets=False)


def test_a_quick_look_is_known_by_the_summary_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "map.tif"
    (tmp_path / "map.png").write_bytes(b"a photograph")
    with pytest.raises(InputError, match=r"map\.png is there and is not the quick look of a map"):
        require_own_files(out, sets=False)
    (tmp_path / "map.json").write_text(SUMMARY)
    require_own_files(out, sets=False)
