"""`oemsar curate pseudo-label`: labels from several models."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_option
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.curate.pseudo_label.config import PseudoLabelConfig


@with_options
def pseudo_label(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES", show_default=False)],
    *,
    model: Annotated[
        list[Path],
        model_option(
            "Run of `oemsar train`, saved model, or ONNX file with its description; the mean of several.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the labels and their table.", show_default=False)],
    config: PseudoLabelConfig,
    as_json: AsJson = False,
) -> None:
    """Label the tiles of a table with the mean of what several models say of them.

    Writes class maps, their confidence and OUT/tiles.parquet. Killed and called again it goes on where it
    was.
    """
    from oemsar.cli.progress import reporting
    from oemsar.curate.pseudo_label.run import pseudo_label_tiles

    with reporting("Labelling") as report:
        made = pseudo_label_tiles(model, tiles, out, config=config, report=report)
    if as_json:
        print_json(made)
        return
    agreement = "" if made.mean_agreement is None else f", two models agree in {made.mean_agreement:.1%}"
    sure = (
        "" if not config.threshold else f", {made.confident_share or 0:.1%} at {config.threshold:g} or more"
    )
    echo(f"{made.tiles} tiles, mean confidence {made.mean_confidence or 0:.1%}{sure}{agreement}")
    echo(f"table: {out / 'tiles.parquet'}")
