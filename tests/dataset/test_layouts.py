"""Layouts: those of other packages are used, and the order of names counts numbers."""

from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar import registry
from oemsar.dataset.config import IndexConfig
from oemsar.dataset.index import find_tiles, index_tiles
from oemsar.dataset.layouts import LAYOUTS, Layout, TileFiles, listed_name, natural_order
from oemsar.dataset.table import read_tiles
from oemsar.errors import InputError


def find_by_suffix(folder: Path) -> list[TileFiles]:
    """A layout of another package: `NAME.sar.tif` and `NAME.truth.tif`, all of the test split."""
    names = sorted(path.name.removesuffix(".sar.tif") for path in folder.glob("*.sar.tif"))
    return [
        TileFiles(
            name, "test", {"sar": folder / f"{name}.sar.tif", "real_label": folder / f"{name}.truth.tif"}
        )
        for name in names[::-1]
    ]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> str:
    entry = EntryPoint("by-suffix", f"{__name__}:find_by_suffix", "oemsar.layouts")
    monkeypatch.setattr(registry, "_entry_points", lambda group: {entry.name: entry})
    monkeypatch.setattr(EntryPoint, "load", lambda self: find_by_suffix if self is entry else _load(self))
    return entry.name


_load = EntryPoint.load


def write(path: Path, height: int, width: int) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=1, dtype="uint8", crs="EPSG:32631"
    ) as file:
        file.write(np.ones((1, height, width), np.uint8))


def test_a_layout_of_another_package_tells_files_and_splits(plugged: str, tmp_path: Path) -> None:
    for name in ("t_10", "t_9"):
        for kind in ("sar", "truth"):
            write(tmp_path / f"{name}.{kind}.tif", 5, 7)
    config = IndexConfig(layout=plugged)
    summary = index_tiles(tmp_path, tmp_path / "tiles.parquet", config=config)
    tiles = read_tiles(tmp_path / "tiles.parquet")
    assert tiles == find_tiles(tmp_path, config=config)
    assert [(tile.name, tile.split, tile.shape) for tile in tiles] == [
        ("t_9", "test", (5, 7)),
        ("t_10", "test", (5, 7)),
    ]
    assert [tile.real_label for tile in tiles] == [tmp_path / f"{tile.name}.truth.tif" for tile in tiles]
    assert (summary.tiles, summary.splits["test"].real_label, summary.splits["train"].tiles) == (2, 2, 0)
    with pytest.raises(InputError, match="has no tile of a published layout"):
        find_tiles(tmp_path)


def test_layouts_that_are_not_known_are_refused_with_those_that_are(tmp_path: Path) -> None:
    layout: Layout = LAYOUTS.find("published")
    assert callable(layout)
    with pytest.raises(InputError, match=r"^layout: .*choose one of published"):
        find_tiles(tmp_path, config=IndexConfig(layout="mine"))


def test_names_are_ordered_by_their_numbers_and_read_from_lists() -> None:
    names = ["Area_10", "Area_9", "Area_009", "Area", "B_1", "Area_9_b"]
    assert sorted(names, key=natural_order) == ["Area", "Area_009", "Area_9", "Area_9_b", "Area_10", "B_1"]
    lines = ["a.tif", " sar_images/b.TIFF ", "c.1", "d.png", "e"]
    assert [listed_name(line) for line in lines] == ["a", "b", "c.1", "d", "e"]
