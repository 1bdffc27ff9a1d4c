"""Options of a command are those of its configuration: names, defaults, help, choices."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from oemsar.cli.options import print_json, spelled, with_options
from oemsar.config_file import Config, Value
from oemsar.errors import InputError
from oemsar.raster.statements import BandNumbers
from oemsar.registry import Registry

SHAPES: Registry[Any] = Registry("shape", "oemsar.shapes", {"round": "a:B", "square": "a:C"})


class Kind(StrEnum):
    """Kinds of a test."""

    FLAT = "flat"
    STEEP = "steep"


class MapConfig(Config):
    """Options of a test."""

    window_size: int = 1024
    """Side of the windows, in pixels."""
    flips: bool = False
    """Average over four mirror images."""
    kind: Kind = Kind.FLAT
    """Kind of the ground."""
    limits: tuple[float, float] | None = None
    """Lowest and highest value."""
    bands: BandNumbers = None
    """Bands to take, from 1."""
    shape: Annotated[str, SHAPES] = "round"
    """Shape of a window."""
    inner: int = Field(3, json_schema_extra={"hidden": True})
    """Field that is no option."""


def _run(*arguments: str, partial: bool = False) -> tuple[int, str, list[Any]]:
    seen: list[Any] = []
    app = typer.Typer()

    if partial:

        @app.command()
        @with_options
        def complete(scene: Path, *, given: Annotated[dict[str, Any], MapConfig]) -> None:
            """Complete options."""
            seen.extend([scene, given])

    else:

        @app.command()
        @with_options
        def map_scene(scene: Path, *, config: MapConfig) -> None:
            """Map a scene."""
            seen.extend([scene, config])

    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    return done.exit_code, done.output, seen


def test_names_are_spelled_with_hyphens() -> None:
    assert spelled("dem_datum") == "--dem-datum"


def test_a_command_without_options_takes_the_defaults() -> None:
    assert _run("a.tif") == (0, "", [Path("a.tif"), MapConfig()])


def test_each_field_is_an_option_of_its_type() -> None:
    options = (
        "--window-size",
        "64",
        "--flips",
        "--kind",
        "steep",
        "--limits",
        "1",
        "2.5",
        "--shape",
        "square",
    )
    code, output, seen = _run("a.tif", *options)
    assert code == 0, output
    assert seen[1] == MapConfig(window_size=64, flips=True, kind=Kind.STEEP, limits=(1, 2.5), shape="square")
    assert not _run("a.tif", "--no-flips")[2][1].flips


def test_bands_are_numbers_in_one_word() -> None:
    assert _run("a.tif", "--bands", "1,2,3")[2][1] == MapConfig(bands=(1, 2, 3))
    assert _run("a.tif", "--bands", "4")[2][1].bands == (4,)
    assert MapConfig(bands="2 1").bands == MapConfig(bands=[2, 1]).bands == (2, 1)
    for wrong in ("1-3", "0,1", ""):
        with pytest.raises(InputError, match="give their numbers") as raised:
            MapConfig(bands=wrong)
        assert raised.value.options == ("bands",)


def test_help_is_that_of_the_fields_with_the_names_of_registries() -> None:
    _, output, _ = _run("--help")
    assert "Side of the windows, in pixels." in output
    assert "[default: 1024]" in output
    assert "Shape of a window: round, square." in output
    assert "flat" in output
    assert "--inner" not in output


def test_a_result_is_printed_under_the_names_of_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    class Counts(Value):
        overall: int = Field(alias="all")

    print_json(Counts.model_validate({"all": 7}))
    assert json.loads(capsys.readouterr().out) == {"all": 7}


def test_a_wrong_value_is_refused() -> None:
    assert _run("a.tif", "--window-size", "wide")[0] == 2
    assert _run("a.tif", "--inner", "4")[0] == 2


def test_only_options_that_are_given_reach_a_command_that_completes_them() -> None:
    code, output, seen = _run("a.tif", "--kind", "flat", "--no-flips", partial=True)
    assert code == 0, output
    assert seen[1] == {"kind": "flat", "flips": False}
    assert _run("a.tif", partial=True)[2][1] == {}
