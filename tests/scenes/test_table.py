"""The table of scenes gives back what was written, opens elsewhere, and refuses what is none."""

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest

from oemsar.errors import InputError
from oemsar.scenes.scene import Asset, Scene
from oemsar.scenes.table import read_scenes, write_scenes

ASSET = Asset(name="GEC", file="a.tif", address="https://a.example/a b.tif", size=5, md5="0" * 32)
SCENE = Scene(
    name="first",
    source="umbra",
    footprint="POLYGON ((2.123456789012345 48, 3 48, 3 49, 2.123456789012345 48))",
    start=datetime(2023, 4, 30, 14, 49, 27, 431000, tzinfo=UTC),
    year=2023,
    gsd=0.55,
    licence="CC BY 4.0",
    attribution="Umbra Lab, Inc.",
    incidence=47.4,
    assets=(ASSET, Asset(name="tiles", file="t.tif", address="https://b.example", level=18, layer="x")),
)
BARE = SCENE.model_copy(
    update={
        "name": "b",
        "start": None,
        "year": None,
        "gsd": None,
        "redistributable": False,
        "assets": (ASSET,),
    }
)


def test_scenes_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "scenes.parquet"
    for scenes in ([SCENE, BARE], [BARE], [SCENE]):
        write_scenes(scenes, path)
        assert read_scenes(path) == scenes


def test_other_programs_read_the_outlines(tmp_path: Path) -> None:
    write_scenes([SCENE, BARE], tmp_path / "scenes.parquet")
    frame = gpd.read_parquet(tmp_path / "scenes.parquet")
    assert frame.crs == "EPSG:4326"
    assert frame.geometry[0].equals(SCENE.outline)
    assert frame["start"][0] == SCENE.start
    assert frame["gsd"].isna().tolist() == [False, True]


def test_two_scenes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 2 scenes of umbra named first"):
        write_scenes([SCENE, SCENE], tmp_path / "scenes.parquet")


def test_what_is_no_table_of_scenes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "scenes.parquet"
    with pytest.raises(InputError, match="does not exist; write it with"):
        read_scenes(path)
    path.write_text("text")
    with pytest.raises(InputError, match="is not a table of scenes in GeoParquet"):
        read_scenes(path)
    with pytest.raises(InputError, match="is there and is not a table of scenes"):
        write_scenes([SCENE], path)
    path.unlink()
    write_scenes([SCENE], path)
    frame = gpd.read_parquet(path)
    frame.drop(columns="assets").to_parquet(path)
    with pytest.raises(InputError, match="column assets is missing"):
        read_scenes(path)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("name", "../out", "is no plain file name"),
        ("assets", "[]]", "row 1 of .* is no scene"),
        ("assets", '[{"name": "a", "file": "../a", "address": "x"}]', "no plain file name"),
        ("gsd", -1.0, "gsd"),
    ],
)
def test_a_row_that_is_no_scene_is_told(tmp_path: Path, column: str, value: object, words: str) -> None:
    path = tmp_path / "scenes.parquet"
    write_scenes([SCENE], path)
    frame = gpd.read_parquet(path)
    frame[column] = [value]
    frame.to_parquet(path)
    with pytest.raises(InputError, match=words):
        read_scenes(path)
