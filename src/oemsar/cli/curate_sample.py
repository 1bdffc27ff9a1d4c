"""`oemsar curate sample`: tiles to label by hand."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.curate.sample.config import SampleConfig


@with_options
def sample(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the tasks.", show_default=False)],
    config: SampleConfig,
    as_json: AsJson = False,
) -> None:
    """Draw a probability sample of tiles to label by hand, and write a task for each.

    Writes images, labels to fill in with a style of QGIS, a project, OUT/sample.parquet and OUT/sample.json.
    Labels that lie there are never written over.
    """
    from oemsar.cli.progress import reporting
    from oemsar.curate.sample.run import sample_tiles

    with reporting("Writing tasks") as report:
        drawn = sample_tiles(tiles, out, config=config, report=report)
    if as_json:
        print_json(drawn)
        return
    for stratum in drawn.strata:
        echo(f"{stratum.stratum}: {stratum.drawn} of {stratum.tiles} tiles")
    echo(f"{len(drawn.tiles)} tasks of {drawn.population} tiles: {out / 'tasks.qgs'}")
