"""`oemsar polygons`: a class map as polygons."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.polygons.config import PolygonsConfig


@with_options
def polygons(
    land_cover: Annotated[
        Path, typer.Argument(metavar="MAP", help="Class map of `oemsar predict`.", show_default=False)
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(help="Polygons to write, ending in .gpkg, .fgb or .parquet.", show_default=False),
    ],
    config: PolygonsConfig,
    as_json: AsJson = False,
) -> None:
    """Turn a map into polygons without gaps and overlaps, with class, area and confidence.

    Writes the polygons, a summary (.json after their whole name) and a style of QGIS (.qml).
    """
    from oemsar.cli.progress import reporting
    from oemsar.polygons.run import polygonise_map

    with reporting("Outlining") as report:
        result = polygonise_map(land_cover, out, config=config, report=report)
    if as_json:
        print_json(result)
        return
    for name, entry in result.classes.items():
        hectares = "" if entry.hectares is None else f"  {entry.hectares:10.2f} ha"
        echo(f"{name:<18}{entry.polygons:>9}{hectares}")
    echo(f"{result.number} polygons: {result.polygons}")
