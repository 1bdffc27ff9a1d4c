"""`oemsar scenes find`: look for scenes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import cell, echo
from oemsar.scenes.config import FindConfig

if TYPE_CHECKING:
    from oemsar.scenes.find import FoundScenes


@with_options
def find(
    *,
    area: Annotated[
        str,
        typer.Option(
            metavar="FILE|W,S,E,N", help="GeoJSON file, or four numbers in degrees.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="Table of scenes to write.", show_default=False)],
    config: FindConfig,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="First day of the acquisition (UTC).", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Last day of the acquisition (UTC).", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for the scenes of a source in an area and a time, and write the table of scenes.

    Answers of the service are kept, so that a second search asks for little.
    """
    from oemsar.cli.progress import reporting
    from oemsar.scenes.find import find_scenes

    with reporting("Finding scenes") as report:
        found = find_scenes(area, out, config=config, report=report)
    if as_json:
        print_json(found)
    else:
        _print_scenes(found)


def _print_scenes(found: "FoundScenes") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Scene", "Acquired", "GSD (m)", "Incidence", "Files")
    for scene in found.scenes:
        acquired = scene.start.strftime("%Y-%m-%d %H:%M") if scene.start else str(scene.year or "not stated")
        table.add_row(
            cell(scene.name),
            acquired,
            "" if scene.gsd is None else f"{scene.gsd:.2f}",
            "" if scene.incidence is None else f"{scene.incidence:.1f}",
            cell(", ".join(asset.name for asset in scene.assets)),
        )
    Console().print(table)
    echo(f"{found.table}: {len(found.scenes)} scene(s)")
