"""Confidences and soft labels beside pseudo labels: their values, and what does not fit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oemsar.dataset.config import IndexConfig
from oemsar.dataset.index import find_tiles
from oemsar.dataset.label_trust import read_confidence, read_soft_label
from oemsar.dataset.table import read_tiles, table_files, table_origin, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.dataset.verify import verify_tiles
from oemsar.errors import InputError
from oemsar.raster.read import Extent

ROWS, COLUMNS = 6, 9
Write = Callable[..., Path]


def tile(**files: Path) -> Tile:
    return Tile("a", "train", (ROWS, COLUMNS), pseudo_label=Path("label.tif"), **files)


def ramp(bands: int = 1) -> np.ndarray:
    return np.arange(bands * ROWS * COLUMNS).reshape(bands, ROWS, COLUMNS)


def test_bytes_of_confidence_are_shares_of_255(write_scene: Write) -> None:
    numbers = ramp().astype(np.uint8)
    found = read_confidence(tile(confidence=write_scene("c.tif", numbers)), Extent(1, 3, 2, 4))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, numbers[0, 1:3, 3:7] / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("numbers", "profile"),
    [
        (np.linspace(0, 1, ROWS * COLUMNS, dtype=np.float32), {}),
        (np.linspace(0, 200, ROWS * COLUMNS).astype(np.uint8), {"scale": 1 / 200}),
        (np.linspace(0, 1, ROWS * COLUMNS, dtype=np.float64), {}),
    ],
)
def test_other_numbers_of_confidence_are_taken_as_they_are(
    write_scene: Write, numbers: np.ndarray, profile: dict[str, Any]
) -> None:
    scale = profile.get("scale", 1)
    path = write_scene("c.tif", numbers.reshape(ROWS, COLUMNS))
    if "scale" in profile:
        import rasterio

        with rasterio.open(path, "r+") as dataset:
            dataset.scales = (scale,)
    found = read_confidence(tile(confidence=path))
    np.testing.assert_allclose(found.reshape(-1), numbers * scale, rtol=1e-6)


def test_pixels_without_data_have_no_confidence(write_scene: Write) -> None:
    numbers = np.full((ROWS, COLUMNS), 0.5, np.float32)
    numbers[2, 3], numbers[4, 5] = np.nan, -9
    found = read_confidence(tile(confidence=write_scene("c.tif", numbers, nodata=-9)))
    assert (found[2, 3], found[4, 5], found[0, 0]) == (0, 0, 0.5)
    assert np.count_nonzero(found) == ROWS * COLUMNS - 2


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_probabilities_add_up_to_one(write_scene: Write, kind: type[np.generic]) -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(8), (ROWS, COLUMNS)).transpose(2, 0, 1)
    shares[:, 1, 2] = 0
    numbers = np.round(shares * 255).astype(kind) if kind is np.uint8 else shares.astype(kind)
    found = read_soft_label(tile(soft_label=write_scene("s.tif", numbers)))
    total = found.sum(0)
    assert total[1, 2] == 0
    total[1, 2] = 1
    np.testing.assert_allclose(total, 1, rtol=1e-5)
    np.testing.assert_allclose(found, shares, atol=0.01)


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (np.ones((ROWS, COLUMNS + 1), np.uint8), "has 6 x 10 pixels where tile a has 6 x 9; make it anew"),
        (np.ones((2, ROWS, COLUMNS), np.uint8), r"has 2 band\(s\) where a confidence has 1; make it anew"),
        (np.full((ROWS, COLUMNS), 1.5, np.float32), "holds 1.5 where a confidence has numbers 0 to 1, or"),
        (np.full((ROWS, COLUMNS), -0.5, np.float32), "holds -0.5 where a confidence has numbers 0 to 1, or"),
        (np.full((ROWS, COLUMNS), 900, np.uint16), "holds 900 where a confidence has numbers 0 to 1, or"),
    ],
)
def test_a_confidence_that_does_not_fit_is_refused(
    write_scene: Write, numbers: np.ndarray, sentence: str
) -> None:
    with pytest.raises(InputError, match=rf"c.tif {sentence}"):
        read_confidence(tile(confidence=write_scene("c.tif", numbers)))


def test_a_soft_label_of_other_classes_is_refused(write_scene: Write) -> None:
    path = write_scene("s.tif", ramp(9).astype(np.uint8))
    with pytest.raises(
        InputError, match=r"s.tif has 9 band\(s\) where a soft label has 8, one for each class"
    ):
        read_soft_label(tile(soft_label=path))
    with pytest.raises(InputError, match="tile a has no soft label; add it to the column soft_label"):
        read_soft_label(tile())
    with pytest.raises(InputError, match="tile a has no confidence; add it to the column confidence"):
        read_confidence(tile())


def test_a_table_has_the_columns_only_where_a_tile_has_them(tmp_path: Path, write_scene: Write) -> None:
    import geopandas as gpd

    path = write_scene("c.tif", ramp().astype(np.uint8))
    trusted = Tile("b", "train", (ROWS, COLUMNS), confidence=path, soft_label=path, misalignment=2.5)
    write_tiles([tile(), trusted], tmp_path / "t.parquet")
    plain, again = read_tiles(tmp_path / "t.parquet")
    assert (plain.confidence, plain.soft_label, plain.misalignment) == (None, None, None)
    assert (again.confidence, again.soft_label, again.misalignment) == (path, path, 2.5)
    assert path in table_files([again], [again])
    frame = gpd.read_parquet(tmp_path / "t.parquet").drop(columns="misalignment")
    frame.loc[frame["name"] == "a", "misalignment"] = 0.5
    frame.to_parquet(tmp_path / "t.parquet")
    assert [each.misalignment for each in read_tiles(tmp_path / "t.parquet")] == [0.5, None]
    write_tiles([tile()], tmp_path / "plain.parquet")
    columns = set(gpd.read_parquet(tmp_path / "plain.parquet").columns)
    assert not columns & {"confidence", "soft_label", "misalignment", "label_nodata"}
    assert table_origin([trusted]) != table_origin([Tile("b", "train", (ROWS, COLUMNS))])


def test_folders_of_confidences_and_soft_labels_are_found_and_verified(
    tmp_path: Path, write_scene: Write
) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)
    rng = np.random.default_rng(1)
    content = {
        "sar_images": rng.integers(0, 255, (1, ROWS, COLUMNS), dtype=np.uint8),
        "labels": rng.integers(1, 9, (1, ROWS, COLUMNS), dtype=np.uint8),
        "confidence": rng.integers(0, 255, (1, ROWS, COLUMNS), dtype=np.uint8),
        "soft_labels": rng.integers(0, 255, (8, ROWS, COLUMNS), dtype=np.uint8),
    }
    for folder, pixels in content.items():
        (tmp_path / "data" / "train" / folder).mkdir()
        written = write_scene(f"{folder}.tif", pixels)
        written.rename(tmp_path / "data" / "train" / folder / "TrainArea_001.tif")
    (found,) = find_tiles(tmp_path / "data", config=IndexConfig())
    folders = [path.parent.name for path in (found.pseudo_label, found.confidence, found.soft_label) if path]
    assert folders == ["labels", "confidence", "soft_labels"]
    assert dict(found.further) == {}
    verified = verify_tiles([found])
    assert (verified.ok, verified.files) == (True, 4)
    write_scene("wrong.tif", content["soft_labels"][:3]).rename(found.soft_label)
    (finding,) = verify_tiles([found]).findings
    assert (finding.kind, finding.file) == ("wrong_values", found.soft_label)
    assert "has 3 band(s) where a soft label has 8" in finding.message
