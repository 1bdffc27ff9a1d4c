"""The figures of a dataset as files, and what is said where one cannot be drawn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from oemsar.cli.data_figures import figures as figures_command
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.paper.config import FiguresConfig
from oemsar.paper.figures import draw_figures

from .conftest import with_files


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
