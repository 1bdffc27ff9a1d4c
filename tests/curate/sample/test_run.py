"""A sample on disk: probabilities, tasks, the style of QGIS, and labels that are never written over."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar import legend
from oemsar.curate.sample.config import SampleConfig
from oemsar.curate.sample.run import sample_tiles
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.raster.geotiff import write_raster

SHAPE = (12, 16)


def grid_at(row: int, column: int, east: float) -> GeoBox:
    corner = Affine.translation(east + column * SHAPE[1], 54e5 - row * SHAPE[0])
    return GeoBox(SHAPE, corner * Affine.scale(1, -1), "EPSG:32631")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two regions of 5 x 8 tiles, the left half of each of trees, the right of water, some of them test."""
    folder = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(0)
    tiles = []
    for region, east in (("a", 4e5), ("b", 5e5)):
        for row, column in np.ndindex(5, 8):
            name = f"{region}_{row}_{column}"
            grid = grid_at(row, column, east)
            for kind, pixels in (
                ("sar", rng.integers(1, 256, (1, *SHAPE), np.uint8)),
                ("pseudo", np.full((1, *SHAPE), 5 if column < 4 else 6, np.uint8)),
            ):
                (folder / kind).mkdir(exist_ok=True)
                write_raster(folder / kind / f"{name}.tif", pixels, grid)
            split = "test" if row % 2 else "train"
            tile = Tile(name, split, SHAPE, grid, region, sar=folder / "sar" / f"{name}.tif")
            tiles.append(replace(tile, pseudo_label=folder / "pseudo" / f"{name}.tif"))
    write_tiles(tiles, folder / "tiles.parquet")
    return folder / "tiles.parquet"


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text.split("\n", 1)[1])  # noqa: S314 (written by this program)


def test_inverse_probabilities_add_up_to_the_population(table: Path, tmp_path: Path) -> None:
    config = SampleConfig(per_region=7, seed=3, split="all")
    sample = sample_tiles(table, tmp_path / "out", config=config)
    chosen = read_tiles(tmp_path / "out" / "sample.parquet")
    assert sample.tiles == tuple(tile.name for tile in chosen)
    assert (sample.population, len(chosen)) == (80, 14)
    for stratum in sample.strata:
        members = [tile.facts for tile in chosen if tile.facts.stratum == stratum.stratum]
        assert len(members) == stratum.drawn
        assert sum(1 / (facts.inclusion_probability or 0) for facts in members) == pytest.approx(
            stratum.tiles
        )
    assert {stratum.stratum for stratum in sample.strata} == {"a/Tree", "a/Water", "b/Tree", "b/Water"}


def test_hand_labels_go_to_val_and_test_where_there_are_such(table: Path, tmp_path: Path) -> None:
    sample = sample_tiles(table, tmp_path / "out", config=SampleConfig(per_region=4))
    assert (sample.population, sample.splits) == (32, ("test",))
    assert {tile.split for tile in read_tiles(tmp_path / "out" / "sample.parquet")} == {"test"}


def test_a_region_is_drawn_alike_whatever_other_regions_there_are(table: Path, tmp_path: Path) -> None:
    config = SampleConfig(per_region=5, seed=1)
    both = sample_tiles(table, tmp_path / "both", config=config)
    tiles = [tile for tile in read_tiles(table) if tile.region == "b"]
    alone = sample_tiles(tiles, tmp_path / "alone", config=config)
    assert alone.tiles == tuple(name for name in both.tiles if name.startswith("b"))
    other = sample_tiles(tiles, tmp_path / "other", config=SampleConfig(per_region=5, seed=2))
    assert other.tiles != alone.tiles


def test_a_task_has_images_and_an_empty_label_on_the_grid_of_its_tile(table: Path, tmp_path: Path) -> None:
    sample_tiles(table, tmp_path / "out", config=SampleConfig(per_region=2))
    for tile in read_tiles(tmp_path / "out" / "sample.parquet"):
        with rasterio.open(tmp_path / "out" / "labels" / f"{tile.name}.tif") as dataset:
            assert (dataset.shape, dataset.dtypes, dataset.tags()["OEMSAR_TILE"]) == (
                SHAPE,
                ("uint8",),
                tile.name,
            )
            assert not dataset.read().any()
            assert tile.grid is not None
            assert tuple(dataset.transform)[:6] == tuple(tile.grid.affine)[:6]
        with (
            rasterio.open(tmp_path / "out" / "images" / f"{tile.name}_sar.tif") as image,
            rasterio.open(tile.sar) as source,
        ):
            assert np.array_equal(image.read(), source.read())


def test_a_label_may_begin_with_the_pseudo_label(table: Path, tmp_path: Path) -> None:
    sample_tiles(table, tmp_path / "out", config=SampleConfig(per_region=2, template="pseudo"))
    for path in (tmp_path / "out" / "labels").glob("*.tif"):
        with rasterio.open(path) as dataset, rasterio.open(table.parent / "pseudo" / path.name) as pseudo:
            assert np.array_equal(dataset.read(), pseudo.read())
            assert dataset.tags()["OEMSAR_LABEL_TASK"] == "pseudo"


def test_project_and_styles_name_the_files_and_the_legend(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    sample_tiles(table, out, config=SampleConfig(per_region=2))
    root = parsed((out / "tasks.qgs").read_text())
    sources = [element.text or "" for element in root.iter("datasource")]
    assert len(sources) == 8
    assert all((out / source).is_file() for source in sources)
    ids = [element.text for element in root.iter("id")]
    assert ids == [element.get("id") for element in root.iter("layer-tree-layer")]
    assert {element.text for element in root.iter("authid")} == {"EPSG:32631"}
    assert root.find(".//Absolute").text == "false"  # type: ignore[union-attr]
    label = next((out / "labels").glob("*.qml"))
    for drawn in (root.findall(".//paletteEntry")[: legend.NUM_CLASSES], _entries(label)):
        assert [(int(e.get("value", "")), e.get("label"), e.get("color")) for e in drawn] == [
            (entry.id, entry.name, entry.hex) for entry in legend.CLASSES
        ]
    label.write_text("saved in QGIS")
    sample_tiles(table, out, config=SampleConfig(per_region=2))
    assert label.read_text() == "saved in QGIS"


def _entries(style: Path) -> list[ET.Element]:
    return parsed(style.read_text()).findall(".//paletteEntry")


def test_labels_in_work_are_never_written_over(table: Path, tmp_path: Path) -> None:
    config = SampleConfig(per_region=2)
    sample_tiles(table, tmp_path / "out", config=config)
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.suffix != ".json" and p.is_file()}
    label = next((tmp_path / "out" / "labels").glob("*.tif"))
    with rasterio.open(label, "r+") as dataset:
        dataset.write(np.full((1, *SHAPE), 3, np.uint8))
    (tmp_path / "out" / "images").joinpath(f"{label.stem}_sar.tif").unlink()
    sample_tiles(table, tmp_path / "out", config=config)
    with rasterio.open(label) as dataset:
        assert (dataset.read() == 3).all()
    assert {path for path in before if path.read_bytes() != before[path]} == {label}
    with pytest.raises(InputError, match="holds another sample of 4 tiles, whose labels may be in work"):
        sample_tiles(table, tmp_path / "out", config=SampleConfig(per_region=2, seed=9))


def test_a_table_without_regions_or_labels_is_told(
    table: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiles = read_tiles(table)
    with pytest.raises(InputError, match="no tile with a region"):
        sample_tiles([replace(tile, region=None) for tile in tiles], tmp_path / "out")
    with pytest.raises(InputError, match="no tile of split val"):
        sample_tiles(tiles, tmp_path / "out", config=SampleConfig(split="val"))
    assert not (tmp_path / "out").exists()
    bare = [replace(tile, pseudo_label=None) for tile in tiles]
    with caplog.at_level("WARNING"):
        sample = sample_tiles(bare, tmp_path / "out", config=SampleConfig(per_region=30))
    assert "32 of 32 tiles have no pseudo label" in caplog.text
    assert "Region a has 16 tiles: all of them are drawn" in caplog.text
    assert [(each.stratum, each.tiles, each.drawn) for each in sample.strata] == [
        ("a/other", 16, 16),
        ("b/other", 16, 16),
    ]
