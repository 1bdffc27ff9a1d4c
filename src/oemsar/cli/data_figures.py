"""`oemsar data figures`: the map of regions and examples of a dataset, as in Figs. 1 and 2 of the paper."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.paper.config import FiguresConfig


@with_options
def figures(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for regions.png and examples.png.")],
    config: FiguresConfig,
    as_json: AsJson = False,
) -> None:
    """Draw the map of the regions of TILES, and images and labels of some of them."""
    from oemsar.paper.figures import draw_figures

    drawn = draw_figures(tiles, out, config=config)
    if as_json:
        print_json(drawn)
        return
    echo(f"Wrote {drawn.examples}" if drawn.regions is None else f"Wrote {drawn.examples}, {drawn.regions}")
    if drawn.why_no_regions is not None:
        echo(f"No regions.png: {drawn.why_no_regions}", err=True)
