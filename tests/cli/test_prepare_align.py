import json
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from typer.testing import CliRunner

from oemsar.cli.app import app
from oemsar.errors import InputError

from ..prepare.align.pairs import land, photo, radar, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    fields = land(260, fields=50)
    write(folder / "sar.tif", radar(fields, Affine.translation(6, -4)))
    write(folder / "water.tif", radar(np.ones_like(fields), Affine.identity()))
    write(folder / "optical.tif", photo(fields))
    return folder


def command(folder: Path, out: Path, sar: str = "sar.tif", *more: str) -> list[str]:
    images = [str(folder / sar), str(folder / "optical.tif")]
    return ["prepare", "align", *images, "--out", str(out), "--search", "16", *more]


def test_the_report_is_printed_as_json(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, command(folder, tmp_path, "sar.tif", "--json"))
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert report["offset_px"] == pytest.approx([6, -4], abs=0.5) or report["offset_px"] == pytest.approx(
        [-6, 4], abs=0.5
    )


def test_what_cannot_be_aligned_ends_with_code_1_and_a_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oemsar.prepare.align.matching.scale_turn._TURNS", [0.0])
    done = CliRunner().invoke(app, command(folder, tmp_path, "water.tif"))
    assert done.exit_code == 1
    assert "I cannot align water.tif with optical.tif" in done.stdout


def test_what_a_person_has_to_look_at_ends_with_code_3_and_a_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oemsar.prepare.align.outcome.repeat", lambda _: None)
    done = CliRunner().invoke(app, command(folder, tmp_path))
    assert done.exit_code == 3, done.output
    assert "not to be used before a person has looked at the report" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "needs_person"


def test_what_belongs_together_is_told(folder: Path, tmp_path: Path) -> None:
    for options, sentence in (
        (("--dsm", "dsm.tif"), "dem: surface model and geoid go with"),
        (("--look-azimuth", "90"), "belong together"),
        (("--tie-points", "none.geojson"), "does not exist"),
    ):
        done = CliRunner().invoke(app, command(folder, tmp_path, "sar.tif", *options))
        assert isinstance(done.exception, InputError)
        assert sentence in str(done.exception)
