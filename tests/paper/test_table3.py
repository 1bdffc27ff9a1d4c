"""Table III: stored results are read back, and no result takes the place of an input."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar.config_file import read_json
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.paper.config import Table3Config
from oemsar.paper.table3 import Table3, measure_agreement, table3_percent_rows, table3_rows

SHAPE = (12, 20)


def write(path: Path, label: NDArray[np.uint8]) -> Path:
    height, width = label.shape
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", height=height, width=width) as file:
        file.write(label, 1)
    return path


@pytest.fixture
def tiles(tmp_path: Path) -> list[Tile]:
    """Half of the real label is water, of which the pseudo label takes a quarter for trees."""
    real = np.full(SHAPE, 5, np.uint8)
    real[:6] = 6
    pseudo = real.copy()
    pseudo[:6, :5] = 5
    real_label, pseudo_label = write(tmp_path / "r.tif", real), write(tmp_path / "p.tif", pseudo)
    return [Tile("a", "val", SHAPE, real_label=real_label, pseudo_label=pseudo_label)]


def test_fractions_are_those_known_from_the_labels(tiles: list[Tile], tmp_path: Path) -> None:
    found = measure_agreement(tiles, tmp_path / "out")
    water, tree = found.classes["Water"], found.classes["Tree"]
    assert (water.agreement, water.iou) == (90 / 120, 90 / 120)
    assert (tree.agreement, tree.iou) == (1, 120 / 150)
    assert found.mean_agreement == (90 / 120 + 1) / 2
    assert (found.classes["Road"].agreement, found.classes["Road"].iou) == (None, None)
    assert table3_rows(found)[-1] == ("Mean", "0.8750", "0.7750")
    assert table3_percent_rows(found)[-1] == ("Mean", "87.50", "77.50")


def test_stored_agreement_is_read_back_that_of_earlier_versions_too(
    tiles: list[Tile], tmp_path: Path
) -> None:
    write_tiles(tiles, tmp_path / "tiles.parquet")
    found = measure_agreement(tmp_path / "tiles.parquet", tmp_path / "out")
    assert read_json(tmp_path / "out" / "agreement.json", Table3, "agreement") == found
    stored = json.loads((tmp_path / "out" / "agreement.json").read_text())
    del stored["format"], stored["record"]["format"]
    (tmp_path / "earlier.json").write_text(json.dumps(stored))
    assert read_json(tmp_path / "earlier.json", Table3, "agreement") == found


def test_a_second_label_is_not_replaced(tiles: list[Tile], tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    before = write(second / "a.tif", np.full(SHAPE, 6, np.uint8)).read_bytes()
    (second / "table3.md").hardlink_to(second / "a.tif")
    with pytest.raises(InputError, match=r"table3\.md is the same file as the input"):
        measure_agreement(tiles, second, config=Table3Config(against=second))
    assert (second / "a.tif").read_bytes() == before
