"""The files of tiles are the same by size and samples, wherever they lie and whenever they were copied."""

import os
import shutil
from pathlib import Path

import pytest

from oemsar.dataset import state as module
from oemsar.dataset.state import tiles_state
from oemsar.dataset.tile import Tile


@pytest.fixture
def tiles(tmp_path: Path) -> list[Tile]:
    return at(tmp_path / "first", write=True)


def at(folder: Path, *, write: bool = False) -> list[Tile]:
    """Five tiles of 20 kB in a folder."""
    found = []
    for number in range(5):
        sar, label = folder / f"sar{number}.tif", folder / f"label{number}.tif"
        if write:
            folder.mkdir(exist_ok=True)
            sar.write_bytes(bytes([number]) * 20_000)
            label.write_bytes(bytes([number + 100]) * 20_000)
        found.append(Tile(f"t{number}", "train", (10, 20), sar=sar, pseudo_label=label))
    return found


def test_a_copied_dataset_is_the_same_with_other_dates(tiles: list[Tile], tmp_path: Path) -> None:
    before = tiles_state(tiles)
    assert tiles_state(tiles) == before
    shutil.copytree(tmp_path / "first", tmp_path / "second", copy_function=shutil.copyfile)
    os.utime(tmp_path / "second" / "sar3.tif", (5, 5))
    moved = tiles_state(at(tmp_path / "second"))
    assert moved.content == before.content
    assert moved.times != before.times


@pytest.mark.parametrize("offset", [0, 10_000, 19_999])
def test_a_change_at_either_end_or_in_the_middle_counts(tiles: list[Tile], offset: int) -> None:
    before = tiles_state(tiles)
    path = tiles[2].pseudo_label
    assert path is not None
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
    assert tiles_state(tiles).content != before.content


def test_size_and_order_and_missing_files_count(tiles: list[Tile], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SAMPLED", 1)
    found = [tiles_state(tiles).content, tiles_state(tiles[::-1]).content]
    path = tiles[4].sar
    assert path is not None
    path.write_bytes(path.read_bytes() + b"1")
    found.append(tiles_state(tiles).content)
    path.unlink()
    found.append(tiles_state(tiles).content)
    assert len(set(found)) == 4
