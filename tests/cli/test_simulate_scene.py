"""`oemsar simulate-scene` writes the folder that its documentation promises."""

from pathlib import Path

from typer.testing import CliRunner

from oemsar.cli.app import app
from oemsar.errors import InputError

FILES = {
    *("sar.tif", "optical.tif", "dem.tif", "dsm.tif", "label.tif", "displacement.tif"),
    *("displacement_ortho.tif", "masks.tif", "roads.geojson", "buildings.geojson", "scene.json"),
}


def test_folder_holds_the_promised_files(tmp_path: Path) -> None:
    arguments = [
        str(tmp_path / "scene"),
        "--size",
        "96",
        "--relief",
        "5",
        "--seed",
        "3",
        "--character",
        "rural",
    ]
    done = CliRunner().invoke(app, ["simulate-scene", *arguments])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "scene").iterdir()} == FILES


def test_slant_range_image_is_added_on_demand(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["simulate-scene", str(tmp_path), "--size", "96", "--relief", "5", "--slant"]
    )
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"sar_slant.tif"}


def test_cliff_is_refused_with_a_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate-scene", str(tmp_path), "--size", "100", "--relief", "150"])
    assert isinstance(done.exception, InputError)
    assert "is a cliff" in str(done.exception)
    assert not list(tmp_path.iterdir())
