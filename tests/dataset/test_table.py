import os
from pathlib import Path

import geopandas as gpd
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from oemsar.dataset.table import _COLUMNS, as_tiles, read_tiles, select_split, table_files, write_tiles
from oemsar.dataset.tile import SPLITS, Tile
from oemsar.dataset.tile_facts import TileFacts
from oemsar.errors import InputError
from oemsar.limits import raised_limits

SHAPE = (32, 48)

coordinate = st.floats(-9e6, 9e6)
gsd = st.floats(0.05, 100)
turn = st.floats(0, 360)
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789_ é'[", min_size=1, max_size=12).filter(
    lambda s: s.strip(".").strip()
)


@st.composite
def grids(draw: st.DrawFn) -> GeoBox:
    affine = Affine.translation(draw(coordinate), draw(coordinate)) * Affine.rotation(draw(turn))
    crs = draw(st.sampled_from(["EPSG:32759", "EPSG:32631", "EPSG:2154", "EPSG:6676", None]))
    return GeoBox(SHAPE, affine * Affine.scale(draw(gsd), -draw(gsd)), crs)


@st.composite
def tile_lists(draw: st.DrawFn, root: Path) -> list[Tile]:
    files = st.none() | st.builds(
        lambda base, name: base / f"{name}.tif",
        st.sampled_from([root, root / "sub", Path("/elsewhere")]),
        words,
    )
    names = draw(st.lists(words, unique=True, max_size=4))
    return [
        Tile(
            name=name,
            split=draw(st.sampled_from(SPLITS)),
            shape=SHAPE,
            grid=draw(st.none() | grids()),
            region=draw(st.none() | words),
            country=draw(st.sampled_from([None, "FRA", "JPN", "USA"])),
            sar=draw(files),
            optical=draw(files),
            pseudo_label=draw(files),
            real_label=draw(files),
        )
        for name in names
    ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_reading_gives_back_what_was_written(tmp_path: Path, data: st.DataObject) -> None:
    tiles = data.draw(tile_lists(tmp_path.resolve()))
    write_tiles(tiles, tmp_path / "tiles.parquet")
    assert read_tiles(tmp_path / "tiles.parquet") == tiles


def test_a_dataset_moves_with_its_table(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    tile = Tile("A", "train", SHAPE, sar=old / "train" / "A.tif", optical=tmp_path / "other" / "A.tif")
    write_tiles([tile], old / "tiles.parquet")
    os.rename(old, new)  # noqa: PTH104 (a folder, not a file)
    (moved,) = read_tiles(new / "tiles.parquet")
    assert moved.sar == new / "train" / "A.tif"
    assert moved.optical == tmp_path / "other" / "A.tif"


def test_geometry_is_the_footprint_in_degrees(tmp_path: Path) -> None:
    """500 000 m east in zone 31 is the central meridian, 3 degrees east; northing 0 is the equator."""
    grid = GeoBox((10, 20), Affine(1, 0, 500_000, 0, -1, 10), "EPSG:32631")
    write_tiles([Tile("A", "train", (10, 20), grid), Tile("B", "train", SHAPE)], tmp_path / "tiles.parquet")
    frame = gpd.read_parquet(tmp_path / "tiles.parquet")
    assert frame.crs == "EPSG:4326"
    west, south, east, north = frame.geometry[0].bounds
    assert west == pytest.approx(3, abs=1e-9)
    assert south == pytest.approx(0, abs=1e-9)
    # the scale factor of UTM on its central meridian is 0.9996, the equator 111 319.49 m a degree
    assert east - west == pytest.approx(20 / 0.9996 / 111_319.4908, rel=1e-4)
    # a degree of latitude is 110 574 m at the equator
    assert north - south == pytest.approx(10 / 0.9996 / 110_574, rel=1e-3)
    assert frame.geometry[1] is None


def test_what_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    absent, text, other = tmp_path / "absent.parquet", tmp_path / "text.parquet", tmp_path / "other.parquet"
    text.write_text("name,split")
    gpd.GeoDataFrame({"name": ["A"]}, geometry=[None], crs="EPSG:4326").to_parquet(other)
    for path in (absent, text, other):
        with pytest.raises(InputError, match=path.name):
            read_tiles(path)


def test_an_empty_or_unknown_split_is_refused(tmp_path: Path) -> None:
    tiles = [Tile("A", "train", SHAPE), Tile("B", "val", SHAPE)]
    assert select_split(tiles, "val", tmp_path) == tiles[1:]
    with pytest.raises(InputError, match="train, val"):
        select_split(tiles, "test", tmp_path)
    with pytest.raises(InputError, match="dev"):
        select_split(tiles, "dev", tmp_path)


def test_two_tiles_of_one_name_are_refused_when_written_read_and_given(tmp_path: Path) -> None:
    """Labels, predictions and scores go by the name: a second one would stand for the first."""
    path = tmp_path / "tiles.parquet"
    tiles = [Tile("A", "train", SHAPE), Tile("B", "val", SHAPE), Tile("A", "val", SHAPE)]
    with pytest.raises(InputError, match=r"tiles\.parquet has 2 tiles named A"):
        write_tiles(tiles, path)
    assert not path.exists()
    write_tiles(tiles[:2], path)
    frame = gpd.read_parquet(path)
    frame.assign(name=["A", "A"]).to_parquet(path)
    with pytest.raises(InputError, match=r"tiles\.parquet has 2 tiles named A"):
        read_tiles(path)
    with pytest.raises(InputError, match="the table has 2 tiles named A"):
        as_tiles(tiles)


def test_a_table_is_a_file_or_its_tiles(tmp_path: Path) -> None:
    path = tmp_path / "tiles.parquet"
    image, label = tmp_path / "a.tif", Path("/b")
    tiles = [Tile("A", "train", SHAPE, sar=image), Tile("B", "val", SHAPE, real_label=label)]
    write_tiles(tiles, path)
    assert as_tiles(path) == as_tiles(tuple(tiles)) == tiles
    assert table_files(path, tiles) == [path, image, label]
    assert table_files(tiles, tiles) == [image, label]
    with pytest.raises(InputError, match=r"^the table has no tile of split test"):
        select_split(tiles, "test", tiles)


def test_a_table_replaces_no_file_of_its_tiles(tmp_path: Path) -> None:
    image = tmp_path / "a.tif"
    image.write_bytes(b"pixels")
    (tmp_path / "link.parquet").symlink_to(image)
    tiles = [Tile(name="a", split="train", shape=SHAPE, sar=image)]
    for path in (image, tmp_path / "link.parquet", tmp_path / "x" / ".." / "a.tif"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="choose another output path"):
            write_tiles(tiles, path)
    assert image.read_bytes() == b"pixels"


def _rewritten(path: Path, column: str, value: object) -> Path:
    """A table of one tile in which one cell is another."""
    write_tiles([Tile("a", "train", SHAPE, sar=path.with_name("a.tif"))], path)
    frame = gpd.read_parquet(path)
    frame[column] = [value]
    frame.to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "../../x"),
        ("name", "/x"),
        ("name", "x" * 100_000),
        ("name", "a\0"),
        ("name", "a\nb"),
        ("name", None),
        ("region", "a\n\\\\input{/etc/passwd}"),
        ("country", "\x1b[31m"),
        ("split", "../x"),
        ("sar", "https://127.0.0.1:9/a.tif"),
        ("sar", "/vsicurl/http://127.0.0.1:9/a.tif"),
        ("optical", "/vsizip/a.zip/a.tif"),
        ("sar", "a\0.tif"),
    ],
)
def test_cells_that_lead_elsewhere_are_refused(tmp_path: Path, column: str, value: object) -> None:
    with pytest.raises(InputError):
        read_tiles(_rewritten(tmp_path / "tiles.parquet", column, value))


@pytest.mark.parametrize(("limit", "most"), [("table_rows", 2), ("table_bytes", 100)])
def test_a_table_is_held_against_the_limits_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    path = tmp_path / "tiles.parquet"
    write_tiles([Tile(f"tile {number}", "train", SHAPE) for number in range(3)], path)
    assert len(read_tiles(path)) == 3
    monkeypatch.setattr("geopandas.read_parquet", None)
    with raised_limits(**{limit: most}), pytest.raises(InputError, match=f"raise {limit}"):
        read_tiles(path)


FACTS = {"acquired": "2023-02-11T10:20:30Z", "incidence": 41.5, "layover_share": 0.25, "stratum": "a/Tree"}


def test_facts_come_back_and_only_columns_that_a_tile_has_are_written(tmp_path: Path) -> None:
    tiles = [
        Tile("a", "train", SHAPE, masks=tmp_path / "masks" / "a.tif", facts=TileFacts(**FACTS)),
        Tile("b", "train", SHAPE, facts=TileFacts(labelled_by="Ana")),
    ]
    write_tiles(tiles, tmp_path / "t.parquet")
    assert [(tile.masks, tile.facts) for tile in read_tiles(tmp_path / "t.parquet")] == [
        (tile.masks, tile.facts) for tile in tiles
    ]
    columns = set(gpd.read_parquet(tmp_path / "t.parquet").columns)
    assert columns >= {*FACTS, "labelled_by", "masks"}
    assert not columns & {"look_azimuth", "agreement", "confidence"}
    assert table_files(tmp_path / "t.parquet", tiles)[1:] == [tmp_path / "masks" / "a.tif"]


def test_a_table_without_facts_is_written_as_before(tmp_path: Path) -> None:
    write_tiles([Tile("a", "train", SHAPE)], tmp_path / "t.parquet")
    assert list(gpd.read_parquet(tmp_path / "t.parquet").columns) == [*_COLUMNS, "geometry"]
    assert read_tiles(tmp_path / "t.parquet")[0].facts == TileFacts()


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("incidence", 95.0, "row 1 of .* is no tile: incidence: 95.0 is out of range"),
        ("layover_share", -0.1, "row 1 of .* is no tile: layover_share: -0.1 is out of range"),
        ("acquired", "yesterday", "row 1 of .* is no tile: .*yesterday is no time; write it as ISO 8601"),
    ],
)
def test_facts_that_cannot_be_are_refused(column: str, value: object, sentence: str, tmp_path: Path) -> None:
    write_tiles([Tile("a", "train", SHAPE)], tmp_path / "t.parquet")
    table = gpd.read_parquet(tmp_path / "t.parquet")
    table[column] = [value]
    table.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=sentence):
        read_tiles(tmp_path / "t.parquet")
