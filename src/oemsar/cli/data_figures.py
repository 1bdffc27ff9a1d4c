"""`oemsar data figures`: the map of regions and examples of a dataset, as in Figs. 1 and 2 of the paper."""

from pathlib import Path
from typing import Annotated

import typer


def figures(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for regions.png and examples.png.")],
    per_country: Annotated[int, typer.Option(help="Tiles of each country in examples.png.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was drawn as JSON.")] = False,
) -> None:
    """Draw the map of the regions of TILES, and images and labels of some of them."""
    import json

    from oemsar.paper.figures import write_figures

    drawn = write_figures(tiles, out, per_country=per_country)
    if as_json:
        document = {
            "examples": str(drawn.examples),
            "regions": None if drawn.regions is None else str(drawn.regions),
            "why_no_regions": drawn.why_no_regions,
            "tiles": drawn.tiles,
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(
        f"Wrote {drawn.examples}" if drawn.regions is None else f"Wrote {drawn.examples}, {drawn.regions}"
    )
    if drawn.why_no_regions is not None:
        typer.echo(f"No regions.png: {drawn.why_no_regions}", err=True)
