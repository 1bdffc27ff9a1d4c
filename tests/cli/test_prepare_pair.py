import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from oemsar.cli.app import app, main
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene") / "scene"
    simulate_scene(
        folder,
        config=SceneConfig(
            size=128, relief=5.0, look_azimuth=95.0, offset=5.0, seed=7, country="FRA", character="rural"
        ),
    )
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [0, 0]},
            "properties": {"sar_x": x + 20, "sar_y": y + 20, "optical_x": x, "optical_y": y},
        }
        for x in range(5, 128, 30)
        for y in range(5, 128, 30)
    ]
    (folder / "ties.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": points}))
    return folder


def region(scene: Path, **changes: object) -> Path:
    values = {
        "name": "field",
        "sar": "sar.tif",
        "optical": "optical.tif",
        "dem": "dem.tif",
        "gsd": 0.5,
        "tie_points": "ties.geojson",
        "accept": True,
        **changes,
    }
    path = scene / "region.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_second_call_skips_every_stage_and_says_so(scene: Path, tmp_path: Path) -> None:
    command = ["prepare", "pair", str(region(scene)), "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    assert "align done" in first.stdout
    second = CliRunner().invoke(app, [*command, "--json"])
    summary = json.loads(second.stdout)
    assert set(summary["stages"].values()) == {"skipped"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "field_sar.tif",
        "field_optical.tif",
        "field_masks.tif",
        "field.json",
        "alignment",
        "stages",
    }


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"gds": 1}, (2, "gds: is not known")),
        ({"accept": False, "tie_points": "two.geojson"}, (1, "needs a person")),
    ],
)
def test_how_it_ends(
    scene: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    ending: tuple[int, str],
) -> None:
    few = json.loads((scene / "ties.geojson").read_text())
    (scene / "two.geojson").write_text(json.dumps({**few, "features": few["features"][:4]}))
    command = ["oemsar", "-q", "prepare", "pair", str(region(scene, **changes)), "--out", str(tmp_path / "o")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == ending[0]
    told = capsys.readouterr()
    assert ending[1] in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "o" / "field.json").exists()
