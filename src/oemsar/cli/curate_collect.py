"""`oemsar curate collect`: labels made by hand, taken back."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.curate.collect.config import CollectConfig


@with_options
def collect(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder of `oemsar curate sample`, or of labels.", show_default=False),
    ],
    *,
    tiles: Annotated[Path, typer.Option(help="Table of tiles.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Table to write.", show_default=False)],
    config: CollectConfig,
    as_json: AsJson = False,
) -> None:
    """Take labels that were made by hand back into a table of tiles.

    Checks size, grid and ids of every label, and records who labelled and when. Ground may stay unknown (0).
    """
    from oemsar.cli.progress import reporting
    from oemsar.curate.collect.run import collect_labels

    with reporting("Reading labels") as report:
        made = collect_labels(folder, tiles, out, config=config, report=report)
    if as_json:
        print_json(made)
        return
    whole = sum(label.share == 1 for label in made.labels)
    echo(f"{len(made.labels)} labels, {whole} of whole tiles; {len(made.waiting)} are still to be done")
    echo(f"table: {out}")
