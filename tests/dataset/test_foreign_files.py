"""Datasets as people have them: unknown pixels of 255, palettes, images as PNG and JPEG 2000."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from PIL import Image

from oemsar.dataset.config import IndexConfig
from oemsar.dataset.index import find_tiles
from oemsar.dataset.pixels import read_images, read_label, read_label_file, unknown_values
from oemsar.dataset.statistics import count_labels
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.verify import verify_tiles
from oemsar.evaluate.agreement import compare, pairs_of_tiles
from oemsar.inputs import SAR_OPTICAL

SHAPE = (48, 70)
STATED = IndexConfig(label_nodata=255)


def image(bands: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (bands, *SHAPE), np.uint8)


def label(seed: int) -> NDArray[np.uint8]:
    ids = np.random.default_rng(seed).integers(1, 9, (1, *SHAPE), np.uint8)
    ids[:, :, :20] = 255
    return ids


def write(path: Path, bands: NDArray[np.uint8], **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    driver = {".png": "PNG", ".jp2": "JP2OpenJPEG", ".jpg": "JPEG"}.get(path.suffix, "GTiff")
    profile = {"count": len(bands), "height": SHAPE[0], "width": SHAPE[1], "dtype": "uint8", **options}
    with rasterio.open(path, "w", driver=driver, **profile) as dataset:
        dataset.write(bands)


def make(root: Path, **options: Any) -> None:
    """Two tiles whose labels are 255 in the first 20 columns, one with a real label too."""
    for seed, name in enumerate(("ValArea_001", "ValArea_002")):
        write(root / "sar_images" / f"{name}.tif", image(1, seed))
        write(root / "pseudo_labels" / f"{name}.tif", label(seed), **options)
    write(root / "real_labels" / "ValArea_001.tif", label(7), **options)


@pytest.mark.parametrize(("options", "config"), [({"nodata": 255}, IndexConfig()), ({}, STATED)])
def test_255_is_unknown_by_its_tag_or_as_stated(
    tmp_path: Path, options: dict[str, Any], config: IndexConfig
) -> None:
    make(tmp_path, **options)
    write_tiles(find_tiles(tmp_path, config=config), tmp_path / "tiles.parquet")
    tiles = read_tiles(tmp_path / "tiles.parquet")
    assert verify_tiles(tiles).ok
    expected = np.where(label(7) == 255, 0, label(7))[0]
    np.testing.assert_array_equal(read_label(tiles[0]), expected)
    counts = count_labels(tiles, workers=1).labels["pseudo"].overall
    assert counts.unknown_pixels == 2 * 20 * 48
    assert counts.pixels == 2 * 48 * 70
    agreement = compare(pairs_of_tiles(tiles, tiles))
    assert agreement.unknown == 20 * 48


def test_a_value_that_nothing_explains_is_a_fault(tmp_path: Path) -> None:
    make(tmp_path)
    found = verify_tiles(find_tiles(tmp_path)).findings
    assert {finding.kind for finding in found} == {"label_out_of_range"}
    assert all("label nodata" in finding.message for finding in found)


def test_only_values_beyond_the_classes_can_mean_unknown() -> None:
    assert unknown_values(255.0, None) == [255]
    assert unknown_values(255.0, 99) == [99, 255]
    for tag in (None, 0.0, 5.0, 8.0, float("nan"), float("inf"), 9.5, -9999.0):
        assert unknown_values(tag, None) == []


def test_a_tag_of_a_class_leaves_the_class(tmp_path: Path) -> None:
    ids = np.where(label(0) == 255, 5, label(0))
    write(tmp_path / "a.tif", ids, nodata=5)
    np.testing.assert_array_equal(read_label_file(tmp_path / "a.tif"), ids[0])


def test_labels_with_a_palette_are_read_by_their_indices(tmp_path: Path) -> None:
    ids = label(3)[0] % 9
    write(tmp_path / "val/sar_images/ValArea_001.tif", image(1, 0))
    (tmp_path / "val/labels").mkdir()
    shown = Image.fromarray(ids, "P")
    shown.putpalette([(37 * value + 91 * channel) % 256 for value in range(256) for channel in range(3)])
    shown.save(tmp_path / "val/labels/ValArea_001.png")
    (tile,) = find_tiles(tmp_path)
    assert verify_tiles([tile]).ok
    np.testing.assert_array_equal(read_label(tile), ids)


def test_images_as_png_and_jpeg_2000_are_indexed(tmp_path: Path) -> None:
    write(tmp_path / "train/sar_images/TrainArea_001.png", image(1, 0))
    write(tmp_path / "train/rgb_images/TrainArea_001.jp2", image(3, 1), QUALITY="100", REVERSIBLE="YES")
    write(tmp_path / "train/labels/TrainArea_001.tif", label(2) % 9)
    (tile,) = find_tiles(tmp_path)
    assert tile.shape == SHAPE
    assert verify_tiles([tile]).ok
    expected = np.concatenate([image(1, 0), image(3, 1)])
    np.testing.assert_array_equal(read_images(tile, SAR_OPTICAL), expected)


def test_a_picture_beside_a_geotiff_is_left_out_and_other_kinds_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "train/sar_images"
    write(folder / "TrainArea_001.tif", image(1, 0))
    write(folder / "TrainArea_001.png", image(1, 5))
    for name in ("a", "b"):
        write(folder / f"{name}.jpg", image(1, 6))
    (folder / "TrainArea_001.tif.aux.xml").write_text("<PAMDataset/>")
    (tile,) = find_tiles(tmp_path)
    assert tile.sar == folder / "TrainArea_001.tif"
    assert "2 files of kind .jpg in folders sar_images are left out" in caplog.text
    assert ".xml" not in caplog.text
