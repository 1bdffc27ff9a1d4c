"""Tiles cut from pairs: their pixels, grids and facts, the same bytes again, and what is refused."""

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.run import cut_tiles
from oemsar.dataset.index import index_tiles
from oemsar.dataset.table import read_tiles
from oemsar.dataset.verify import verify_tiles
from oemsar.errors import InputError

from ..pairs import CORNER, GSD, full_masks, write_pair

ALL_TRAIN = TilesConfig(size=64, test_share=0, val_share=0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return write_pair(tmp_path / "pair")


def test_each_tile_is_the_part_of_the_pair_that_its_grid_says(pair: Path, tmp_path: Path) -> None:
    cut_tiles([pair], tmp_path / "out", config=TilesConfig(size=64, overlap=16, test_share=0, val_share=0))
    tiles = {tile.name: tile for tile in read_tiles(tmp_path / "out" / "tiles.parquet")}
    assert set(tiles) == {f"harbour_{row:03d}_{column:03d}" for row in range(3) for column in range(4)}
    tile = tiles["harbour_002_003"]
    assert tile.grid is not None
    assert tuple(tile.grid.affine)[:6] == (GSD, 0, CORNER[0] + 144 * GSD, 0, -GSD, CORNER[1] - 96 * GSD)
    for key, path in {"sar": tile.sar, "optical": tile.optical, "masks": tile.masks}.items():
        assert path is not None
        with rasterio.open(path) as cut, rasterio.open(pair / f"harbour_{key}.tif") as whole:
            assert np.array_equal(cut.read(), whole.read(window=Window(144, 96, 64, 64)))
            assert cut.crs == whole.crs
            assert tuple(cut.transform)[:6] == tuple(tile.grid.affine)[:6]
            assert cut.compression.name == "deflate"


def test_the_table_and_the_tags_hold_the_facts(pair: Path, tmp_path: Path) -> None:
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    tile = read_tiles(tmp_path / "out" / "tiles.parquet")[0]
    assert (tile.region, tile.country, tile.split, tile.shape) == ("harbour", "FRA", "train", (64, 64))
    facts = tile.facts
    assert (facts.acquired, facts.look_azimuth, facts.incidence) == ("2023-02-11T10:20:30+00:00", 95.0, 41.5)
    assert (facts.sar_attribution, facts.optical_licence) == ("Umbra", "Etalab 2.0")
    assert (facts.both_valid_share, facts.layover_share, facts.shadow_share) == (1.0, 0.0, 0.0)
    assert tile.misalignment == 1.5  # 0.75 pixels of 1 m in pixels of 0.5 m
    with rasterio.open(tile.sar) as dataset:
        tags = dataset.tags()
    assert tags["OEMSAR_LICENCE"] == "CC BY 4.0"
    assert tags["OEMSAR_LOOK_AZIMUTH"] == "95.0"
    assert tags["OEMSAR_ACQUIRED"] == facts.acquired
    assert tags["OEMSAR_MISALIGNMENT_PX"] == "1.5"
    with rasterio.open(tile.masks) as dataset:
        assert dataset.tags()["OEMSAR_LICENCE"] == "CC BY 4.0 | Etalab 2.0"
        assert dataset.descriptions == ("sar_valid", "optical_valid", "layover", "shadow")


def test_any_reader_of_geoparquet_sees_the_columns(pair: Path, tmp_path: Path) -> None:
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    table = gpd.read_parquet(tmp_path / "out" / "tiles.parquet")
    assert table["incidence"].tolist() == [41.5] * 6
    assert table["sar_licence"].unique().tolist() == ["CC BY 4.0"]
    assert table["masks"].iloc[0] == "masks/harbour_000_000.tif"
    assert "agreement" not in table


def test_the_folder_is_a_dataset_that_is_found_and_found_right(pair: Path, tmp_path: Path) -> None:
    cut_tiles(pair, tmp_path / "out", config=TilesConfig(size=64, test_share=0.34, val_share=0.17))
    assert verify_tiles(tmp_path / "out" / "tiles.parquet").ok
    index_tiles(tmp_path / "out", tmp_path / "index.parquet")
    splits = [
        {tile.name: tile.split for tile in read_tiles(path)}
        for path in (tmp_path / "index.parquet", tmp_path / "out" / "tiles.parquet")
    ]
    assert splits[0] == splits[1]
    assert sorted(splits[0].values()) == ["test", "test", "train", "train", "train", "val"]


def test_rules_leave_tiles_out_and_are_stored(tmp_path: Path) -> None:
    masks = full_masks((128, 256))
    masks[0, :64, :33] = 0  # more than half of the first tile
    masks[2, :64, 64:124] = 1  # 60 of 64 columns of the second
    masks[3, 64:124, 128:192] = 1
    masks[2:, 64:, 192:] = 255  # not known
    pair = write_pair(tmp_path / "pair", shape=(128, 256), masks=masks)
    rules = TilesConfig(size=64, valid=0.5, layover=0.9, shadow=0.9, test_share=0, val_share=0)
    made = cut_tiles(pair, tmp_path / "out", config=rules)
    region = made.regions[0]
    assert (region.candidates, region.few_valid, region.much_layover, region.much_shadow) == (8, 1, 1, 1)
    tiles = {tile.name: tile.facts for tile in read_tiles(tmp_path / "out" / "tiles.parquet")}
    assert set(tiles) == {f"harbour_{n}" for n in ("000_002", "000_003", "001_000", "001_001", "001_003")}
    assert tiles["harbour_001_003"].layover_share is None
    assert json.loads((tmp_path / "out" / "tiles.json").read_text())["rules"]["layover"] == 0.9


def test_shares_of_layover_are_of_the_ground_that_both_images_show(tmp_path: Path) -> None:
    masks = full_masks((64, 64))
    masks[1, :, :16] = 0
    masks[2, :, :40] = 1  # 24 of the 48 columns that both show
    pair = write_pair(tmp_path / "pair", shape=(64, 64), masks=masks)
    rules = TilesConfig(size=64, valid=0.7, test_share=0, val_share=0)
    cut_tiles(pair, tmp_path / "out", config=rules)
    facts = read_tiles(tmp_path / "out" / "tiles.parquet")[0].facts
    assert (facts.sar_valid_share, facts.optical_valid_share, facts.layover_share) == (1.0, 0.75, 0.5)


def test_the_alignment_error_is_that_of_the_tie_points_in_the_tile(tmp_path: Path) -> None:
    left = [(10.0 + 8 * number, 30.0, 0.25) for number in range(5)]
    right = [(80.0 + 8 * number, 30.0, 2.0) for number in range(5)]
    unused = [(20.0, 20.0, -50.0)] * 7
    pair = write_pair(tmp_path / "pair", shape=(64, 192), errors=[*left, *right, *unused])
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    found = [tile.misalignment for tile in read_tiles(tmp_path / "out" / "tiles.parquet")]
    assert found == [0.5, 4.0, 4.0]  # in pixels of the pair; the last has the nearest five


def test_run_again_the_bytes_are_the_same_and_nothing_is_written(pair: Path, tmp_path: Path) -> None:
    config = TilesConfig(size=64, test_share=0.3)
    cut_tiles(pair, tmp_path / "out", config=config)
    before = contents(tmp_path / "out")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*_images/*.tif")}
    cut_tiles(pair, tmp_path / "out", config=config)
    assert contents(tmp_path / "out") == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    cut_tiles(pair, tmp_path / "other", config=config)
    other = contents(tmp_path / "other")
    assert {name: data for name, data in other.items() if name != "tiles.json"} == {
        name: data for name, data in before.items() if name != "tiles.json"
    }


def test_a_killed_run_goes_on(pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_tiles(pair, tmp_path / "whole", config=ALL_TRAIN)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN, report=stop)
    assert not (tmp_path / "out" / "tiles.parquet").exists()
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.tif")}
    assert len(first) == 9
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    assert {path: path.stat().st_mtime_ns for path in first} == first
    found, expected = contents(tmp_path / "out"), contents(tmp_path / "whole")
    del found["tiles.json"], expected["tiles.json"]
    assert found == expected


def test_a_changed_pair_is_cut_again_and_tiles_that_are_no_more_go(pair: Path, tmp_path: Path) -> None:
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    note = tmp_path / "out" / "sar_images" / "note.txt"
    note.write_text("mine")
    shutil.copy(pair / "harbour_masks.tif", note.with_name("own.tif"))
    write_pair(pair, shape=(64, 128), seed=1)
    cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    left = {path.name for path in note.parent.iterdir()}
    assert left == {"harbour_000_000.tif", "harbour_000_001.tif", "note.txt", "own.tif"}
    with (
        rasterio.open(note.with_name("harbour_000_001.tif")) as cut,
        rasterio.open(pair / "harbour_sar.tif") as whole,
    ):
        assert np.array_equal(cut.read(), whole.read(window=Window(64, 0, 64, 64)))


def test_regions_lie_in_one_table(pair: Path, tmp_path: Path) -> None:
    other = write_pair(tmp_path / "b", "village", (96, 80), corner=(460_000.0, 5_420_000.0))
    made = cut_tiles([pair, other], tmp_path / "out", config=ALL_TRAIN)
    assert [region.splits["train"] for region in made.regions] == [6, 1]
    assert {tile.region for tile in read_tiles(tmp_path / "out" / "tiles.parquet")} == {"harbour", "village"}


def _two_of_one_name(folder: Path) -> list[Path]:
    return [write_pair(folder / "a"), write_pair(folder / "b")]


def _without_record(folder: Path) -> list[Path]:
    (write_pair(folder / "a") / "harbour.json").unlink()
    return [folder / "a"]


def _other_grid(folder: Path) -> list[Path]:
    write_pair(folder / "b", corner=(1000.0, 2000.0))
    shutil.copy(folder / "b" / "harbour_sar.tif", write_pair(folder / "a") / "harbour_sar.tif")
    return [folder / "a"]


@pytest.mark.parametrize(
    ("make", "size", "sentence"),
    [
        (_two_of_one_name, 64, r"a and .*b are two regions of the name harbour"),
        (_without_record, 64, r"a holds no pair that is whole"),
        (_other_grid, 64, r"harbour_sar.tif does not lie on the grid of its pair; make the pair again"),
        (lambda folder: [folder], 64, r"holds no pair"),
        (lambda folder: [folder / "gone"], 64, r"gone is not a folder; name the folders"),
        (
            lambda folder: [write_pair(folder / "a")],
            161,
            r"size: .*160 x 224 pixels, fewer than a tile of 161",
        ),
        (
            lambda folder: [write_pair(folder / "a", masks=0 * full_masks((160, 224)))],
            64,
            r"none of the 6 tiles meets the rules: 6 have too little ground",
        ),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(make, size, sentence, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    pairs = make(tmp_path)
    with pytest.raises(InputError, match=sentence):
        cut_tiles(pairs, tmp_path / "out", config=TilesConfig(size=size))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_origin_is_left_alone(pair: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "masks").mkdir(parents=True)
    (tmp_path / "out" / "masks" / "mine.tif").write_text("mine")
    with pytest.raises(InputError, match="holds masks, which this command did not write"):
        cut_tiles(pair, tmp_path / "out", config=ALL_TRAIN)
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["mine.tif"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"overlap": 64}, "size, overlap: tiles of 64 pixels cannot share 64"),
        ({"test_share": 0.7, "val_share": 0.5}, "test_share, val_share: 0.7 and 0.5 of the tiles"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TilesConfig(**{"size": 64, **options})  # type: ignore[arg-type]
