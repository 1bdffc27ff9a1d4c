from pathlib import Path

from oemsar.dataset.config import VerifyConfig
from oemsar.dataset.index import find_tiles
from oemsar.dataset.verify import verify_tiles

NAMES = [
    *(("train", f"TrainArea_00{number}") for number in (1, 2, 3, 4)),
    *(("val", f"ValArea_00{number}") for number in (1, 2)),
]


def test_the_real_tiles_are_found_with_all_their_files(real_data: Path) -> None:
    tiles = find_tiles(real_data / "oem_sar")
    assert [(tile.split, tile.name) for tile in tiles] == NAMES
    for tile in tiles:
        folder = real_data / "oem_sar" / tile.split
        assert tile.sar == folder / "sar_images" / f"{tile.name}.tif"
        assert tile.optical == folder / "rgb_images" / f"{tile.name}.tif"
        assert tile.label == folder / "labels" / f"{tile.name}.tif"
        assert (tile.real_label is None) == (tile.split == "train")
        assert tile.grid is None
    assert {tile.shape for tile in tiles} == {(583, 583), (433, 433), (432, 432)}


def test_nothing_is_wrong_with_the_real_tiles_but_their_size(real_data: Path) -> None:
    tiles = find_tiles(real_data / "oem_sar")
    assert verify_tiles(tiles).findings == ()
    assert [finding.kind for finding in verify_tiles(tiles, config=VerifyConfig(size=1024)).findings] == [
        "wrong_size"
    ] * 18
