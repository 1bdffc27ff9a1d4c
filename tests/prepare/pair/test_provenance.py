"""The record of a pair says of each image what belongs to it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oemsar.files import checksum
from oemsar.prepare.align.summary import Residuals
from oemsar.prepare.pair.pipeline import StageRecord
from oemsar.prepare.pair.provenance import StageResults, pair_record, terms_of
from oemsar.prepare.pair.results import (
    AlignmentResult,
    InputChecksum,
    MaskShares,
    OpticalImage,
    PairGrid,
    PairRecord,
    RadarImage,
    Terms,
)
from oemsar.record import run_record

RADAR: Any = RadarImage.model_construct(attribution="Radar Inc.", licence="CC BY 4.0")
OPTICAL: Any = OpticalImage.model_construct(attribution="Aerial Survey", licence="public domain")
MASKS = MaskShares(
    sar_valid_share=0.9,
    optical_valid_share=0.8,
    both_valid_share=0.7,
    layover_share=None,
    shadow_share=None,
    relief_from=None,
    relief_kind=None,
)
GRID = PairGrid(crs="EPSG:32654", shape=(40, 70), affine=(0.3, 0.1, 120.3, 0.2, -0.3, 900.6))


def alignment(verdict: str) -> AlignmentResult:
    return AlignmentResult.model_validate(
        {
            "verdict": verdict,
            "reasons": [],
            "warnings": [],
            "model": "shift",
            "n_tie_points": 64,
            "residual_px": Residuals(median=0.4, p95=0.9, along_look=None, across_look=None),
            "offset_px": (-21.1, 14.8),
            "gsd_m": 0.5,
            "edited_tie_points": None,
            "transform_sha256": "42",
            "tie_points_sha256": {},
        }
    )


def record(folder: Path, verdict: str = "accepted") -> PairRecord:
    """The record of a pair whose stage `masks` left no record."""
    files = {key: folder / f"town_{key}.tif" for key in ("sar", "optical", "masks")}
    for key, path in files.items():
        path.write_text(key)
    stages = {
        name: StageRecord(key=f"key of {name}", files={f"{name}.tif": "7"}, result={}, record=run_record({}))
        for name in ("align", "grid", "radar", "optical")
    }
    region = SimpleNamespace(name="town", gsd=0.3, plain=lambda: {"name": "town", "gsd": 0.3})
    inputs = [InputChecksum(key="sar", file="a.tif", sha256="1")]
    sources: Any = SimpleNamespace(region=region, checksums=lambda: inputs)
    pipeline: Any = SimpleNamespace(record=stages.get)
    return pair_record(
        sources, pipeline, StageResults(alignment(verdict), GRID, RADAR, OPTICAL, MASKS), files
    )


def test_each_image_has_its_own_description_and_terms(tmp_path: Path) -> None:
    found = record(tmp_path)
    assert (found.sar, found.optical, found.masks) == (RADAR, OPTICAL, MASKS)
    assert found.terms == {
        "sar": Terms(attribution="Radar Inc.", licence="CC BY 4.0"),
        "optical": Terms(attribution="Aerial Survey", licence="public domain"),
    }
    assert terms_of(RADAR) == found.terms["sar"]


def test_files_are_named_with_their_checksums(tmp_path: Path) -> None:
    found = record(tmp_path)
    for key in ("sar", "optical", "masks"):
        assert found.files[key].file == f"town_{key}.tif"
        assert found.files[key].sha256 == checksum(tmp_path / f"town_{key}.tif")


def test_the_grid_keeps_rows_columns_and_affine(tmp_path: Path) -> None:
    found = record(tmp_path)
    assert found.grid.geobox() == GRID.geobox()
    assert found.grid.gsd == 0.3
    assert (found.name, found.region, found.record.config) == (
        "town",
        {"name": "town", "gsd": 0.3},
        found.region,
    )


@pytest.mark.parametrize(("verdict", "anyway"), [("accepted", False), ("needs_person", True)])
def test_an_alignment_that_a_person_accepted_is_told(tmp_path: Path, verdict: str, anyway: bool) -> None:
    found = record(tmp_path, verdict)
    assert found.alignment.accepted_anyway is anyway
    assert found.alignment.verdict == verdict
    assert found.alignment.offset_px == (-21.1, 14.8)


def test_stages_that_left_a_record_are_told_by_name(tmp_path: Path) -> None:
    found = record(tmp_path)
    assert list(found.stages) == ["align", "grid", "radar", "optical"]
    assert found.stages["grid"].key == "key of grid"
    assert found.stages["radar"].files == {"radar.tif": "7"}
