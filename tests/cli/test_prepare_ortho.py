import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from typer.testing import CliRunner

from oemsar.cli.app import app, main
from oemsar.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    affine = Affine(1, 0, 380_000, 0, -1, 3_940_000)
    common = {"driver": "GTiff", "count": 1, "crs": "EPSG:32654", "height": 200, "width": 200}
    with rasterio.open(tmp_path / "gec.tif", "w", dtype="uint8", transform=affine, **common) as dataset:
        dataset.write(np.full((200, 200), 90, np.uint8), 1)
    wide = Affine(5, 0, 379_600, 0, -5, 3_940_400)
    with rasterio.open(tmp_path / "dem.tif", "w", dtype="float32", transform=wide, **common) as dataset:
        dataset.write(np.full((200, 200), 60, np.float32), 1)
    return tmp_path


def command(folder: Path, *more: str) -> list[str]:
    paths = [str(folder / "gec.tif"), "--dem", str(folder / "dem.tif"), "--out", str(folder / "ortho.tif")]
    return ["prepare", "ortho", *paths, "--crs", "EPSG:32654", "--gsd", "1", *more]


LOOK = ("--look-azimuth", "89.23", "--incidence", "45", "--projection-height", "40")
"""East on the map; 20 m over the plane."""


def test_a_scene_is_put_where_it_lies(folder: Path) -> None:
    done = CliRunner().invoke(app, command(folder, "--dem-datum", "ellipsoid", "--json", *LOOK))
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["sensor_model"] == "ground range"
    assert summary["look"]["grazing"] == 45
    with rasterio.open(folder / "ortho.tif") as dataset:
        assert dataset.bounds.left == pytest.approx(380_020, abs=1)
        assert (dataset.read(1)[5:-5, 5:-5] == 90).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (LOOK, "dem_datum"),
        ((*LOOK, "--dem-datum", "orthometric"), "geoid: "),
        (("--dem-datum", "ellipsoid"), "look_azimuth, incidence: "),
        (("--dem-datum", "ellipsoid", *LOOK[:4]), "projection_height: "),
        (("--dem-datum", "ellipsoid", *LOOK[:2]), "belong together"),
        (("--dem-datum", "ellipsoid", "--look-azimuth", "0", "--incidence", "95"), "95"),
    ],
)
def test_what_is_missing_is_told(folder: Path, options: tuple[str, ...], sentence: str) -> None:
    done = CliRunner().invoke(app, command(folder, *options))
    assert isinstance(done.exception, InputError)
    assert sentence in str(done.exception)
    assert not (folder / "ortho.tif").exists()


def test_wrong_input_ends_with_code_2_and_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["oemsar", *command(folder, *LOOK)])
    with pytest.raises(SystemExit) as ending:
        main()
    assert ending.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
