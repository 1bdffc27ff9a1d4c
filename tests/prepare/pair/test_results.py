"""Results of a pair are written, read back, and turned into grids without a change."""

import json
from pathlib import Path

import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.prepare.pair.results import AlignmentResult, PairGrid, PairRecord

from .conftest import Built


@pytest.mark.parametrize(
    ("crs", "head"),
    [("EPSG:32654", "EPSG:32654"), ("+proj=tmerc +lon_0=7.7 +ellps=GRS80 +units=m", "PROJCRS")],
)
def test_a_grid_comes_back_from_json(crs: str, head: str) -> None:
    grid = GeoBox((40, 70), Affine(0.3, 0.1, 120.3, 0.2, -0.3, 900.6), crs)
    stored = PairGrid.from_geobox(grid)
    assert PairGrid.model_validate(json.loads(stored.model_dump_json())) == stored
    assert stored.geobox() == grid
    assert stored.shape == (40, 70)
    assert stored.crs.startswith(head)


def test_the_record_of_a_pair_is_read_back(built: Built) -> None:
    path = built.out / "town.json"
    record = PairRecord.model_validate_json(path.read_text())
    assert record.format == 1
    assert record.grid.geobox() == built.pair.grid.geobox()
    assert record.grid.gsd == 0.5
    assert not record.alignment.accepted_anyway
    assert json.loads(record.model_dump_json()) == json.loads(path.read_text())


def test_results_of_alignments_stored_before_are_read() -> None:
    stored = {
        "verdict": "accepted",
        "reasons": [],
        "warnings": [],
        "model": "shift",
        "n_tie_points": 64,
        "residual_px": {"median": 0.4, "p95": 0.9, "along_look": None, "across_look": None},
        "offset_px": [-21.1, 14.8],
        "gsd_m": 0.5,
        "edited_tie_points": "ties.geojson",
        "transform_sha256": "42",
        "tie_points_sha256": {"tie_points.geojson": "e7", "tie_points.points": "3d"},
    }
    assert AlignmentResult.model_validate(stored).model_dump(mode="json") == stored


def test_files_of_a_pair_are_where_it_says(built: Built) -> None:
    assert set(built.pair.files) == {"sar", "optical", "masks", "record"}
    assert all(Path(path).is_file() for path in built.pair.files.values())
