import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import rasterio
import typer
from affine import Affine
from numpy.typing import NDArray
from typer.testing import CliRunner

from oemsar.cli.data_verify import verify as verify_command
from oemsar.dataset.config import VerifyConfig
from oemsar.dataset.findings import Kind
from oemsar.dataset.index import find_tiles
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.dataset.verify import verify_tiles

SIZE = 64
AFFINE = Affine(0.5, 0, 500_000, 0, -0.5, 4_000_000)
SAR, OPTICAL, LABEL = "val/sar_images/b.tif", "val/rgb_images/b.tif", "val/labels/b.tif"


def pixels(bands: int, seed: int, top: int = 256, size: int = SIZE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, top, (bands, size, size), np.uint8)


def write(path: Path, values: NDArray[Any], crs: str | None = "EPSG:32631", **profile: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = values.shape
    profile = {"driver": "GTiff", "transform": AFFINE, "crs": crs, **profile}
    if crs is None:
        del profile["crs"], profile["transform"]
    with rasterio.open(
        path, "w", height=height, width=width, count=bands, dtype=values.dtype, **profile
    ) as file:
        file.write(values)


def make(root: Path) -> None:
    """Three sound tiles; hand-made labels carry no georeferencing, one tile is radar alone."""
    for seed, (split, name) in enumerate([("train", "a"), ("val", "b"), ("test", "c")]):
        write(root / split / "sar_images" / f"{name}.tif", pixels(1, seed))
        if split != "test":
            write(root / split / "rgb_images" / f"{name}.tif", pixels(3, seed))
            write(
                root / split / "labels" / f"{name}.tif",
                pixels(1, seed, 9),
                crs=None if split == "val" else "EPSG:32631",
            )


def shifted(columns: float) -> Affine:
    return AFFINE * Affine.translation(columns, 0)


def copy_pixels(root: Path, source: str, target: str) -> None:
    """Write the pixels of `source` to `target` in another encoding."""
    with rasterio.open(root / source) as file:
        write(root / target, file.read(), compress="deflate", tiled=True, blockxsize=16, blockysize=16)


Fault = Callable[[Path], object]

FAULTS: dict[str, tuple[Kind, str, Fault]] = {
    "file removed": ("missing_file", OPTICAL, lambda root: (root / OPTICAL).unlink()),
    "not an image": ("unreadable", SAR, lambda root: (root / SAR).write_bytes(b"<html>")),
    "empty file": ("unreadable", LABEL, lambda root: (root / LABEL).write_bytes(b"")),
    "size": ("wrong_size", LABEL, lambda root: write(root / LABEL, pixels(1, 5, 9, 32))),
    "type of the image": ("wrong_type", SAR, lambda root: write(root / SAR, pixels(1, 5).astype("uint16"))),
    "type of the label": (
        "wrong_type",
        LABEL,
        lambda root: write(root / LABEL, pixels(1, 5).astype("int16")),
    ),
    "bands of the radar": ("wrong_bands", SAR, lambda root: write(root / SAR, pixels(3, 5))),
    "alpha band": ("wrong_bands", OPTICAL, lambda root: write(root / OPTICAL, pixels(4, 5))),
    "label id": ("label_out_of_range", LABEL, lambda root: write(root / LABEL, pixels(1, 5, 10), crs=None)),
    "shifted": (
        "different_grid",
        OPTICAL,
        lambda root: write(root / OPTICAL, pixels(3, 5), transform=shifted(0.02)),
    ),
    "other CRS": (
        "different_grid",
        OPTICAL,
        lambda root: write(root / OPTICAL, pixels(3, 5), crs="EPSG:32632"),
    ),
    "shifted label": (
        "different_grid",
        LABEL,
        lambda root: write(root / LABEL, pixels(1, 5, 9), transform=shifted(-1)),
    ),
    "same SAR in two splits": (
        "duplicate",
        SAR,
        lambda root: copy_pixels(root, "train/sar_images/a.tif", SAR),
    ),
    "black": ("empty", SAR, lambda root: write(root / SAR, np.zeros((1, SIZE, SIZE), np.uint8))),
    "one colour": (
        "empty",
        OPTICAL,
        lambda root: write(root / OPTICAL, np.full((SIZE, SIZE, 3), (9, 8, 7), np.uint8).transpose(2, 0, 1)),
    ),
    "label all unknown": (
        "empty",
        LABEL,
        lambda root: write(root / LABEL, np.zeros((1, SIZE, SIZE), np.uint8), crs=None),
    ),
}


FURTHER: dict[Kind, tuple[str, int]] = {"wrong_values": ("height", 3), "unknown_input": ("odour", 1)}
"""Input beside radar and optical, and its number of bands, that brings a fault of the kind."""


@pytest.fixture
def tiles(tmp_path: Path) -> list[Tile]:
    make(tmp_path)
    return find_tiles(tmp_path)


def found(tiles: list[Tile], root: Path, size: int | None = None) -> list[tuple[str, Kind, str | None]]:
    return [
        (f.tile, f.kind, None if f.file is None else f.file.relative_to(root).as_posix())
        for f in verify_tiles(tiles, config=VerifyConfig(size=size)).findings
    ]


def test_nothing_is_found_in_a_sound_set(tiles: list[Tile]) -> None:
    verification = verify_tiles(tiles, config=VerifyConfig(size=SIZE))
    assert (verification.ok, verification.findings) == (True, ())
    assert (verification.tiles, verification.files) == (3, 7)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_nothing_else(tiles: list[Tile], tmp_path: Path, name: str) -> None:
    kind, file, inject = FAULTS[name]
    inject(tmp_path)
    (finding,) = verify_tiles(tiles).findings
    assert (finding.kind, finding.file) == (kind, tmp_path / file)
    assert (finding.tile, finding.split) == ("b", "val")
    assert str(tmp_path / file) in finding.message


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.97])
@pytest.mark.parametrize("compress", [None, "deflate", "lzw", "jpeg"])
@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 16, "blockysize": 16}])
def test_a_truncated_tiff_is_found(
    tiles: list[Tile], tmp_path: Path, layout: dict[str, Any], compress: str | None, keep: float
) -> None:
    path = tmp_path / OPTICAL
    write(path, pixels(3, 1), compress=compress, **layout)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert found(tiles, tmp_path) == [("b", "unreadable", OPTICAL)]


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.97])
def test_a_truncated_png_is_found(tmp_path: Path, keep: float) -> None:
    """GDAL decodes it without an error."""
    write(tmp_path / SAR, pixels(1, 1))
    path = tmp_path / "val/labels/b.png"
    write(path, pixels(1, 1, 9), crs=None, driver="PNG")
    tiles = find_tiles(tmp_path)
    assert found(tiles, tmp_path) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert found(tiles, tmp_path) == [("b", "unreadable", "val/labels/b.png")]


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_blocks_that_were_never_written_are_found(tiles: list[Tile], tmp_path: Path, interleave: str) -> None:
    """As a writer that was killed leaves them: GDAL decodes them to zeros without an error."""
    with rasterio.open(tmp_path / OPTICAL) as file:
        profile = file.profile
    profile.update(blockysize=8, interleave=interleave, SPARSE_OK=True)
    with rasterio.open(tmp_path / OPTICAL, "w", **profile) as file:
        file.write(pixels(3, 1)[:, :40], window=((0, 40), (0, SIZE)))
    assert found(tiles, tmp_path) == [("b", "unwritten", OPTICAL)]


def test_a_label_under_two_names_is_found(tmp_path: Path) -> None:
    make(tmp_path)
    write(tmp_path / "train/sar_images/d.tif", pixels(1, 9))
    copy_pixels(tmp_path, "train/labels/a.tif", "train/labels/d.tif")
    assert found(find_tiles(tmp_path), tmp_path) == [("d", "duplicate", "train/labels/d.tif")]


def test_a_grid_within_a_hundredth_of_a_pixel_is_the_same(tiles: list[Tile], tmp_path: Path) -> None:
    write(tmp_path / OPTICAL, pixels(3, 5), transform=shifted(0.009))
    assert found(tiles, tmp_path) == []


def test_labels_of_one_class_are_neither_empty_nor_duplicates(tiles: list[Tile], tmp_path: Path) -> None:
    for file in (LABEL, "train/labels/a.tif"):
        write(tmp_path / file, np.full((1, SIZE, SIZE), 6, np.uint8), crs=None)
    assert found(tiles, tmp_path) == []


def test_files_are_held_against_the_size_asked_for(tiles: list[Tile], tmp_path: Path) -> None:
    assert found(tiles[2:], tmp_path, size=1024) == [("c", "wrong_size", "test/sar_images/c.tif")]


@pytest.mark.parametrize("kind", FURTHER)
def test_a_fault_of_a_further_input_is_found(tiles: list[Tile], tmp_path: Path, kind: Kind) -> None:
    name, bands = FURTHER[kind]
    path = f"val/{name}/b.tif"
    write(tmp_path / path, np.full((bands, SIZE, SIZE), 7, np.float32))
    tile = replace(tiles[1], further={name: tmp_path / path})
    assert found([tile], tmp_path) == [("b", kind, path)]


def test_a_tile_without_images_is_found(tiles: list[Tile], tmp_path: Path) -> None:
    assert found([replace(tiles[1], sar=None, optical=None)], tmp_path) == [("b", "no_image", None)]


def test_a_tile_of_which_nothing_was_readable_is_found(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "test/sar_images/c.tif").write_bytes(b"II*\0")
    assert found(find_tiles(tmp_path), tmp_path) == [("c", "unreadable", "test/sar_images/c.tif")]


def test_findings_come_in_the_order_of_the_tiles(tiles: list[Tile], tmp_path: Path) -> None:
    (tmp_path / "test/sar_images/c.tif").unlink()
    (tmp_path / LABEL).unlink()
    copy_pixels(tmp_path, "train/sar_images/a.tif", SAR)
    (tmp_path / "train/rgb_images/a.tif").unlink()
    expected = [
        ("a", "missing_file", "train/rgb_images/a.tif"),
        ("b", "missing_file", LABEL),
        ("b", "duplicate", SAR),
        ("c", "missing_file", "test/sar_images/c.tif"),
    ]
    assert [found(tiles, tmp_path) for _ in range(5)] == [expected] * 5


def run(table: Path, *options: str) -> Any:
    app = typer.Typer()
    app.command()(verify_command)
    return CliRunner().invoke(app, [str(table), *options])


def test_command_ends_with_0_on_a_sound_set_and_1_on_another(tiles: list[Tile], tmp_path: Path) -> None:
    table = tmp_path / "tiles.parquet"
    write_tiles(tiles, table)
    sound = run(table, "--json")
    assert sound.exit_code == 0
    assert json.loads(sound.stdout) == {"tiles": 3, "files": 7, "findings": [], "ok": True}
    assert run(table).exit_code == 0
    (tmp_path / SAR).unlink()
    broken = run(table, "--json")
    assert broken.exit_code == 1
    document = json.loads(broken.stdout)
    assert document["ok"] is False
    (finding,) = document["findings"]
    assert finding["message"].startswith(finding["file"])
    del finding["message"]
    assert finding == {"tile": "b", "split": "val", "file": str(tmp_path / SAR), "kind": "missing_file"}
    shown = run(table)
    assert shown.exit_code == 1
    assert "missing_file" in shown.stdout


def test_every_kind_has_a_test_and_a_line_in_the_guide() -> None:
    tested = {kind for kind, _, _ in FAULTS.values()} | {"unwritten", "no_image", *FURTHER}
    assert tested == set(get_args(Kind))
    guide = (Path(__file__).parents[2] / "docs" / "dataset.md").read_text(encoding="utf-8")
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in guide] == []
