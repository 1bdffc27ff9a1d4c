"""What was not told is searched farther, and what would be accepted is found once more."""

import json
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine

from oemsar.prepare.align import outcome
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.matching import scale_turn
from oemsar.prepare.align.matching.search import Search
from oemsar.prepare.align.matching.windows import Level
from oemsar.prepare.align.model.correction import Correction, Frame, no_correction
from oemsar.prepare.align.run import align_images

from ..pairs import corner_error, land, photo, radar, write

COARSE = Level(2, 64, 8, 12)
MAP = Affine(2.0, 0, 400_000, 0, -2.0, 5_000_000)


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])


def pair(folder: Path, motion: Affine, side: int = 300, **profile: object) -> tuple[Path, Path]:
    fields = land(side, fields=60)
    return (
        write(folder / "sar.tif", radar(fields, motion), **profile),
        write(folder / "optical.tif", photo(fields), **profile),
    )


def affine(out: Path) -> list[float]:
    found: list[float] = json.loads((out / "transform.json").read_text())["affine"]
    return found


def test_a_search_that_is_too_narrow_is_widened_and_says_so(tmp_path: Path) -> None:
    """Seventy pixels apart, where 48 are searched at first."""
    motion = Affine.translation(56, -42)
    images = pair(tmp_path, motion, crs="EPSG:32631", transform=MAP)
    report = align_images(*images, tmp_path / "out")
    assert corner_error(affine(tmp_path / "out"), motion, 300) < 1.5
    assert any("was widened from 48 to 96 pixels" in warning for warning in report.warnings)


def test_a_search_that_is_given_is_kept_and_said_to_be_narrow(tmp_path: Path) -> None:
    images = pair(tmp_path, Affine.translation(56, -42), crs="EPSG:32631", transform=MAP)
    report = align_images(*images, tmp_path / "out", config=AlignConfig(search=40.0))
    assert report.verdict != "accepted"
    assert "search" in report.reasons[-1]
    assert "20 pixels" in report.reasons[-1]


def test_scale_and_turn_that_nothing_tells_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_turn, "_TURNS", np.array([-8.0, 0.0, 8.0]))
    motion = Affine.translation(-70, -90) @ Affine.scale(1.37) @ Affine.rotation(6, (209.5, 209.5))
    report = align_images(*pair(tmp_path, motion, 420), tmp_path / "out")
    assert corner_error(affine(tmp_path / "out"), motion) < 1
    assert any("1.3" in warning and "degrees were found" in warning for warning in report.warnings)


@pytest.mark.parametrize("apart", [0.2, 5.0])
def test_a_repetition_that_disagrees_asks_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: float
) -> None:
    def repeated(search: Search) -> Correction:
        assert search.choice is not None
        return Correction("shift", Frame((0.0, 0.0), 1.0), np.array([[6.0 + apart, -4.0]]))

    monkeypatch.setattr(outcome, "repeat", repeated)
    images = pair(tmp_path, Affine.translation(6, -4), crs="EPSG:32631", transform=MAP)
    report = align_images(*images, tmp_path / "out", config=AlignConfig(search=32.0))
    assert report.figures["repeated_px"] == pytest.approx(apart, abs=0.2)
    if apart < 1:
        assert report.verdict == "accepted", report.reasons
    else:
        assert report.verdict == "needs_person"
        assert "repetition that began elsewhere" in report.reasons[0]


def test_a_repetition_from_a_disturbance_finds_the_same(tmp_path: Path) -> None:
    images = pair(tmp_path, Affine.translation(6, -4), crs="EPSG:32631", transform=MAP)
    report = align_images(*images, tmp_path / "out", config=AlignConfig(search=32.0))
    assert report.verdict == "accepted", report.reasons
    apart = report.figures["repeated_px"]
    assert apart is not None
    assert 0 < apart < 0.5


@pytest.mark.parametrize(("gsd", "strict"), [(None, True), (0.5, True), (10.0, False)])
def test_the_stricter_rule_holds_unless_pixels_are_known_to_be_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gsd: float | None, strict: bool
) -> None:
    asked: list[bool] = []

    def judge(*_: object, edited: bool, displaced: bool) -> tuple[str, list[str]]:
        asked.append(displaced)
        return "needs_person", []

    monkeypatch.setattr("oemsar.prepare.align.run.judge", judge)
    monkeypatch.setattr(Search, "run", lambda self: self.match(COARSE, no_correction()))
    profile = {} if gsd is None else {"crs": "EPSG:32631", "transform": Affine(gsd, 0, 4e5, 0, -gsd, 5e6)}
    align_images(*pair(tmp_path, Affine.translation(2, 1), **profile), tmp_path / "out")
    assert asked == [strict]
