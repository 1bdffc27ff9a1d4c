"""Class maps beside their truth: which tiles are scored, and that image, label and map belong together."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.predictions import count_labels, predict_tiles, scorable
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL
from oemsar.models.spec import ModelSpec

FILE = Path("a.tif")
WHOLE = Tile("a", "val", (4, 6), sar=FILE, optical=FILE, pseudo_label=FILE, real_label=FILE)


class _Engine:
    """An engine that finds the class that the radar pixel names, two images in flight."""

    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))

    def stream_tagged(
        self, images: Iterable[tuple[Tile, np.ndarray]], describe: Callable[[Tile], str]
    ) -> Iterator[tuple[Tile, np.ndarray]]:
        for tile, (radar,) in images:
            assert describe(tile) == f"tile {tile.name}"
            yield tile, (np.arange(1, 9)[:, None, None] == radar).astype(np.float32)


def _write(path: Path, pixels: np.ndarray) -> Path:
    height, width = pixels.shape
    shape = {"count": 1, "height": height, "width": width, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **shape) as dataset:
        dataset.write(pixels[None])
    return path


def _tile(folder: Path, name: str, shape: tuple[int, int], label: tuple[int, int] | None = None) -> Tile:
    rng = np.random.default_rng(len(name))
    radar = _write(folder / f"{name}.tif", rng.integers(1, 9, shape, np.uint8))
    truth = _write(folder / f"{name}_label.tif", rng.integers(0, 9, label or shape, np.uint8))
    return Tile(name, "val", shape, sar=radar, real_label=truth)


def _pixels(path: Path | None) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_each_tile_comes_with_its_own_truth_and_map(tmp_path: Path) -> None:
    tiles = [_tile(tmp_path, name, shape) for name, shape in (("a", (4, 6)), ("bb", (6, 4)), ("ccc", (3, 9)))]
    engine: Any = _Engine()
    found = list(predict_tiles(tiles, SAR, engine))
    assert [each.tile for each in found] == tiles
    for tile, truth, prediction, _ in found:
        np.testing.assert_array_equal(truth, _pixels(tile.real_label))
        np.testing.assert_array_equal(prediction, _pixels(tile.sar))


def test_a_label_of_swapped_sides_is_refused(tmp_path: Path) -> None:
    engine: Any = _Engine()
    with pytest.raises(InputError, match="has 6 x 4 pixels where the images of tile a have 4 x 6"):
        list(predict_tiles([_tile(tmp_path, "a", (4, 6), (6, 4))], SAR, engine))


def test_only_tiles_with_a_label_and_the_imagery_are_scored(caplog: pytest.LogCaptureFixture) -> None:
    blind = replace(WHOLE, name="b", optical=None)
    unlabelled = replace(WHOLE, name="c", pseudo_label=None, real_label=None)
    pseudo = replace(WHOLE, name="d", real_label=None)
    tiles = [WHOLE, blind, unlabelled, pseudo]
    with caplog.at_level(logging.WARNING, logger="oemsar"):
        assert scorable(tiles, SAR_OPTICAL, "val", FILE) == [WHOLE, pseudo]
    assert "2 of 4 tiles of split val are left out: no label or no sar+optical imagery" in caplog.text
    assert scorable(tiles, SAR, "val", FILE) == [WHOLE, blind, pseudo]
    assert count_labels([WHOLE, blind, pseudo]) == {"real": 2, "pseudo": 1}


def test_a_split_without_labels_or_imagery_is_refused() -> None:
    with pytest.raises(InputError, match=r"split: a\.tif has no label for any tile of split val"):
        scorable([replace(WHOLE, pseudo_label=None, real_label=None)], SAR, "val", FILE)
    with pytest.raises(InputError, match="no labelled tile of split val with the optical imagery"):
        scorable([replace(WHOLE, optical=None)], OPTICAL, "val", FILE)
