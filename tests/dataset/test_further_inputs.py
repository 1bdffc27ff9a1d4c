"""Further inputs: found by their folder in any layout, kept in the table, read with the others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from oemsar.dataset.config import IndexConfig
from oemsar.dataset.index import find_tiles, index_tiles
from oemsar.dataset.pixels import read_images, read_picture
from oemsar.dataset.table import read_tiles, table_files, table_origin, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.dataset.verify import verify_tiles
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.raster.geotiff import write_raster
from oemsar.raster.read import Extent

SHAPE = (30, 44)
GRID = GeoBox(SHAPE, Affine(0.5, 0, 500_000, 0, -0.5, 4_000_000), "EPSG:32631")


def pixels(bands: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 9, (bands, *SHAPE)).astype(np.uint8)


def heights(seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).gamma(2, 4, (1, *SHAPE)).astype(np.float32)
    values[0, :4, :5] = np.nan
    return values


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Two tiles as published, with heights of both and an infrared image of one."""
    for number in (1, 2):
        folder, name = tmp_path / "data" / "train", f"TrainArea_{number:03d}.tif"
        write_raster(folder / "sar_images" / name, pixels(1, number), GRID)
        write_raster(folder / "rgb_images" / name, pixels(3, 10 + number), GRID)
        write_raster(folder / "labels" / name, pixels(1, 20 + number), GRID)
        write_raster(folder / "height_images" / name, heights(number), GRID)
    write_raster(tmp_path / "data" / "extra" / "TRAIN_NIR_images" / "TrainArea_002.tif", pixels(1, 33), GRID)
    return tmp_path / "data"


def test_inputs_are_found_by_the_name_of_their_folder(
    release: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_raster(release / "val" / "height_images" / "Stranger.tif", heights(0), GRID)
    summary = index_tiles(release, release.parent / "tiles.parquet")
    assert summary.splits["train"].further == {"height": 2, "nir": 1}
    assert "1 files of height are of no tile" in caplog.text
    first, second = read_tiles(release.parent / "tiles.parquet")
    assert first.further == {"height": release / "train" / "height_images" / "TrainArea_001.tif"}
    assert list(second.inputs) == ["sar", "optical", "height", "nir"]
    assert (second.has(Inputs.parse("nir+sar")), first.has(Inputs.parse("nir+sar"))) == (True, False)
    assert second.further["nir"] in table_files([second], [second])


def test_a_table_has_a_column_for_each_input_and_none_where_there_is_none(release: Path) -> None:
    tiles = find_tiles(release)
    write_tiles(tiles, release.parent / "tiles.parquet")
    schema = pq.read_schema(release.parent / "tiles.parquet")
    assert [name for name in schema.names if name.startswith("input_")] == ["input_height", "input_nir"]
    assert str(schema.field("height").type).startswith("int")
    plain = [Tile("a", "train", SHAPE, GRID, sar=release / "train" / "sar_images" / "TrainArea_001.tif")]
    write_tiles(plain, release.parent / "plain.parquet")
    assert not [name for name in pq.read_schema(release.parent / "plain.parquet").names if "input_" in name]
    assert table_origin(tiles) != table_origin([tiles[0], Tile(**{**vars(tiles[1]), "further": {}})])


def test_other_names_of_folders_are_told(release: Path) -> None:
    (release / "train" / "height_images").rename(release / "train" / "nDSM")
    assert not find_tiles(release)[0].further
    tiles = find_tiles(release, config=IndexConfig(input={"height": "ndsm"}))
    assert [tile.further["height"].parent.name for tile in tiles] == ["nDSM", "nDSM"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["height=dtm"], "input: no folder dtm below .* has a file of a tile for height"),
        (["height=a/b"], "a/b is a path; give the name of the folder alone"),
        (["sar=radar"], "the folders of sar are told by the layout"),
        (["hight=dtm"], "hight is not known, did you mean height"),
    ],
)
def test_folders_that_cannot_be_meant_are_told(release: Path, given: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        find_tiles(release, config=IndexConfig(input=given))


def test_a_folder_within_that_of_another_image_is_told_by_its_own_name(release: Path) -> None:
    (release / "train" / "height_images").rename(release / "train" / "sar_images" / "height_images")
    tiles = find_tiles(release)
    assert [tile.further["height"].parent.name for tile in tiles] == ["height_images", "height_images"]
    assert [tile.sar.parent.name for tile in tiles if tile.sar is not None] == ["sar_images", "sar_images"]


def test_copies_are_left_out_and_others_refused(release: Path) -> None:
    path = release / "more" / "height_images" / "TrainArea_001.tif"
    write_raster(path, heights(1), GRID)
    assert len(find_tiles(release)) == 2
    write_raster(path, heights(7), GRID)
    with pytest.raises(InputError, match="tile TrainArea_001 has two different files"):
        find_tiles(release)


def test_inputs_are_stacked_in_their_order_and_units(release: Path) -> None:
    tile = find_tiles(release)[1]
    stacked = read_images(tile, Inputs.parse("height+nir+optical+sar"), Extent(2, 3, 20, 30))
    assert stacked.dtype == np.float32
    expected = np.concatenate([pixels(1, 2), pixels(3, 12), pixels(1, 33), heights(2)])[:, 2:22, 3:33]
    np.testing.assert_array_equal(stacked, expected)
    assert np.isnan(stacked[5]).sum() == 4
    assert read_images(tile, Inputs.parse("sar+optical")).dtype == np.uint8


def test_two_polarisations_are_read_and_the_first_is_drawn(release: Path) -> None:
    tile = find_tiles(release)[0]
    assert tile.sar is not None
    write_raster(tile.sar, pixels(2, 5), GRID)
    np.testing.assert_array_equal(read_images(tile, Inputs.parse("sar:2")), pixels(2, 5))
    np.testing.assert_array_equal(read_picture(tile, "sar"), pixels(2, 5)[:1])
    with pytest.raises(InputError, match=r"has 2 band\(s\)"):
        read_images(tile, Inputs.parse("sar"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda path: path.unlink(), "does not exist|missing"),
        (
            lambda path: write_raster(path, heights(1), GRID.translate_pix(3, 0)),
            "lies on another grid than tile",
        ),
        (
            lambda path: write_raster(path, heights(1)[:, :20], None),
            "SAR and height of tile .* differ in size",
        ),
        (lambda path: write_raster(path, pixels(2, 1), GRID), r"has 2 band\(s\) where height has 1"),
    ],
)
def test_a_wrong_input_is_told(release: Path, change: Callable[[Path], None], sentence: str) -> None:
    tile = find_tiles(release)[0]
    change(tile.further["height"])
    with pytest.raises(InputError, match=sentence):
        read_images(tile, Inputs.parse("sar+height"))
    assert not verify_tiles([tile]).ok


def test_an_input_that_the_table_has_not_is_told(release: Path) -> None:
    with pytest.raises(InputError, match="tile TrainArea_001 has no nir image"):
        read_images(find_tiles(release)[0], Inputs.parse("sar+nir"))
    with pytest.raises(InputError, match="has sar among its further inputs"):
        Tile("a", "train", SHAPE, further={"sar": Path("a.tif")})


def test_a_verification_reads_every_input(release: Path) -> None:
    tiles = find_tiles(release)
    assert verify_tiles(tiles).ok
    assert verify_tiles(tiles).files == 9
    write_raster(tiles[0].further["height"], np.full((1, *SHAPE), 5000, np.float32), GRID)
    write_raster(tiles[1].further["height"], heights(1)[:, :20], None)
    found = {(finding.tile, finding.kind) for finding in verify_tiles(tiles).findings}
    assert found == {("TrainArea_001", "empty"), ("TrainArea_002", "wrong_size")}
    stranger = Tile(
        "a", "train", SHAPE, GRID, sar=tiles[0].sar, further={"lidar": tiles[0].further["height"]}
    )
    assert [finding.kind for finding in verify_tiles([stranger]).findings] == ["unknown_input"]
