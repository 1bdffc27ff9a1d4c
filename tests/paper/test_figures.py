"""The figures of a dataset: which tiles and regions are drawn, and where."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import typer
from odc.geo.geobox import GeoBox
from PIL import Image
from rasterio import Affine
from typer.testing import CliRunner

from oemsar.cli.data_figures import figures as figures_command
from oemsar.dataset.regions import assign_regions, summarise_regions
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.legend import CLASSES
from oemsar.paper.config import FiguresConfig
from oemsar.paper.figure1 import draw_regions
from oemsar.paper.figure2 import choose_examples, draw_examples
from oemsar.paper.figures import draw_figures

PLACES = {"FRA": (31, 450_000, 5_410_000), "JPN": (54, 390_000, 3_940_000), "USA": (18, 590_000, 4_500_000)}
"""UTM zone, easting and northing of Paris, Tokyo and New York."""

PATH = Path("a.tif")
SIZE = 32


def tile(name: str, country: str, shift: float = 0.0) -> Tile:
    zone, east, north = PLACES[country]
    affine = Affine(0.5, 0, east + shift, 0, -0.5, north)
    return Tile(name, "train", (SIZE, SIZE), GeoBox((SIZE, SIZE), affine, f"EPSG:{32600 + zone}"))


@pytest.fixture(scope="module")
def placed() -> list[Tile]:
    """Two regions in France, 60 km apart, and one in each of the other countries; two tiles in each."""
    places = [("FRA", 0.0), ("FRA", 60_000.0), ("JPN", 0.0), ("USA", 0.0)]
    tiles = [
        tile(f"tile_{number}_{half}", country, shift + 100 * half)
        for number, (country, shift) in enumerate(places)
        for half in (0, 1)
    ]
    return assign_regions(tiles)


def with_files(placed: list[Tile], folder: Path) -> list[Tile]:
    """The tiles with radar and pseudo label, and every other one with optical and real label too."""
    random = np.random.default_rng(0)
    found = []
    for number, one in enumerate(placed):
        files = {}
        for column, bands in (("sar", 1), ("optical", 3), ("pseudo_label", 1), ("real_label", 1)):
            if number % 2 and column in ("optical", "real_label"):
                continue
            pixels = random.integers(0, 9, (bands, SIZE, SIZE), np.uint8)
            files[column] = folder / f"{one.name}_{column}.tif"
            with rasterio.open(
                files[column], "w", driver="GTiff", dtype="uint8", count=bands, height=SIZE, width=SIZE
            ) as file:
                file.write(pixels)
        found.append(replace(one, **files))
    return found


def test_examples_are_of_every_country_and_of_as_many_regions_as_there_are(placed: list[Tile]) -> None:
    tiles = [replace(one, sar=PATH) for one in placed]
    chosen = choose_examples(tiles[::-1], 2)
    assert [one.country for one in chosen] == ["FRA", "FRA", "JPN", "JPN", "USA", "USA"]
    assert {one.region for one in chosen} == {"FRA-01", "FRA-02", "JPN-01", "USA-01"}
    assert chosen == choose_examples(tiles, 2)
    assert [one.name for one in choose_examples(tiles, 3) if one.country == "FRA"] == [
        "tile_0_0",
        "tile_1_0",
        "tile_0_1",
    ]


def test_examples_have_the_most_files_and_spread_over_the_regions(placed: list[Tile]) -> None:
    full = [replace(one, sar=PATH, optical=PATH) for one in placed]
    poor = [replace(one, name=f"a_{one.name}", optical=None) for one in full]
    assert choose_examples([*poor, *full], 1) == choose_examples(full, 1)
    many = [replace(full[0], name=f"b_{number}", region=f"FRA-{number:02d}") for number in range(9)]
    assert [one.region for one in choose_examples(many, 3)] == ["FRA-00", "FRA-04", "FRA-08"]
    unplaced = replace(full[0], name="z", region=None, country=None)
    assert choose_examples([unplaced, *full], 1)[-1] == unplaced
    assert choose_examples(placed, 1) == []


def test_examples_show_images_and_labels_in_the_colours_of_the_legend(
    placed: list[Tile], tmp_path: Path
) -> None:
    tiles = with_files(placed, tmp_path)[:2]
    axes = draw_examples(tiles).axes
    titles = ["SAR", "Optical", "Pseudo label", "Real label"]
    assert [axis.get_title() for axis in axes[:4]] == titles
    assert [axis.get_ylabel() for axis in axes[::4]] == ["FRA tile_0_0", "FRA tile_0_1"]
    assert [bool(axis.images) for axis in axes[4:]] == [True, False, True, False]
    with rasterio.open(tiles[0].real_label) as file:
        label = file.read(1)
    drawn = np.asarray(axes[3].images[0].get_array())
    for entry in CLASSES:
        assert (drawn[label == entry.id] == entry.colour).all()
    assert len(draw_examples(tiles[1:]).axes) == 2


def test_regions_are_drawn_at_their_places_in_the_world_and_in_their_country(placed: list[Tile]) -> None:
    regions = summarise_regions(placed)
    world, *countries = draw_regions(regions).axes
    assert world.get_title() == "4 regions, 8 tiles"
    titles = ["France\n2 regions, 4 tiles", "Japan\n1 regions, 2 tiles"]
    assert [axis.get_title() for axis in countries[:2]] == titles
    assert countries[2].get_title().startswith("United States")
    points = np.concatenate([np.asarray(found.get_offsets()) for found in world.collections[1:]])
    assert points == pytest.approx(np.array([(region.lon, region.lat) for region in regions]))
    for axis in countries:
        names = [text.get_text() for text in axis.texts]
        own = [region for region in regions if region.name in names]
        assert Counter(names) == Counter(region.name for region in own)
        (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
        assert all(west < region.lon < east and south < region.lat < north for region in own)
        assert len(axis.collections[0].get_paths()) > 200


def test_names_of_near_regions_do_not_cover_each_other(placed: list[Tile]) -> None:
    region = summarise_regions(placed)[0]
    near = [
        region.model_copy(update={"name": f"FRA-{n:02d}", "lon": 2 + 0.12 * n, "lat": 48.5}) for n in range(5)
    ]
    edge = region.model_copy(update={"name": "FRA-99", "lon": 8.0})
    axis = draw_regions([*near, edge]).axes[1]
    boxes = [text.get_window_extent() for text in axis.texts]
    assert len(boxes) == 6
    assert all(axis.get_window_extent().x0 < box.x0 and box.x1 < axis.get_window_extent().x1 for box in boxes)
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


def test_a_country_across_the_antimeridian_is_drawn_at_both_ends_and_not_between(placed: list[Tile]) -> None:
    """A line across the map where the outline of Russia passes 180 degrees would cross Canada."""
    land = draw_regions(summarise_regions(placed)).axes[0].collections[0]
    seen = [path.vertices[:-1] for path in land.get_paths() if path.vertices[:, 1].min() > -60]
    assert max(np.abs(np.diff(ring[:, 0])).max() for ring in seen) < 90
    # Chukotka, Kamchatka, Viti Levu: land once; the Bering Sea and the Pacific: none
    places = {(-173.0, 66.5): 1, (160.0, 56.0): 1, (178.0, -17.8): 1, (-175.0, 60.0): 0, (-150.0, -17.0): 0}
    for place, times in places.items():
        assert sum(path.contains_point(place) for path in land.get_paths()) == times


def test_both_figures_are_written(placed: list[Tile], tmp_path: Path) -> None:
    tiles = with_files(placed, tmp_path)
    write_tiles(tiles, tmp_path / "tiles.parquet")
    drawn = draw_figures(tmp_path / "tiles.parquet", tmp_path / "out", config=FiguresConfig(per_country=1))
    assert drawn.tiles == ("tile_0_0", "tile_2_0", "tile_3_0")
    assert drawn.why_no_regions is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["examples.png", "regions.png"]
    for path in (drawn.examples, drawn.regions):
        assert path is not None
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def run(*arguments: str | Path) -> Any:
    app = typer.Typer()
    app.command()(figures_command)
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_without_georeferencing_there_are_examples_and_the_reason(placed: list[Tile], tmp_path: Path) -> None:
    tiles = [replace(one, grid=None, region=None, country=None) for one in with_files(placed, tmp_path)]
    table = tmp_path / "tiles.parquet"
    write_tiles(tiles, table)
    done = run(table, "--out", tmp_path / "out", "--per-country", "1", "--json")
    document = json.loads(done.stdout)
    assert document["regions"] is None
    assert "no tile is georeferenced" in document["why_no_regions"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["examples.png"]
    assert "No regions.png" in run(table, "--out", tmp_path / "out", "--per-country", "1").stderr


def test_wrong_input_is_one_sentence(placed: list[Tile], tmp_path: Path) -> None:
    table = tmp_path / "tiles.parquet"
    write_tiles(placed, table)
    with pytest.raises(InputError, match=r"^per_country: 0 is out of range"):
        FiguresConfig(per_country=0)
    with pytest.raises(InputError, match=r"tiles\.parquet has no tile with a file"):
        draw_figures(table, tmp_path / "out")
    assert not (tmp_path / "out").exists()
