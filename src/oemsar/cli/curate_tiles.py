"""`oemsar curate tiles`: tiles cut from aligned pairs."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.curate.tiles.config import TilesConfig


@with_options
def tiles(
    pairs: Annotated[
        list[Path],
        typer.Argument(
            metavar="PAIR_DIR...", help="Folders that `oemsar prepare pair` wrote.", show_default=False
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the tiles and their table.", show_default=False)],
    config: TilesConfig,
    as_json: AsJson = False,
) -> None:
    """Cut tiles from aligned pairs on one grid a region, by rules that are stored.

    Writes images and masks of each tile, OUT/tiles.parquet and OUT/tiles.json. Killed and called again it
    goes on where it was.
    """
    from oemsar.cli.progress import reporting
    from oemsar.curate.tiles.run import cut_tiles

    with reporting("Cutting tiles") as report:
        made = cut_tiles(pairs, out, config=config, report=report)
    if as_json:
        print_json(made)
        return
    for region in made.regions:
        counts = ", ".join(f"{count} {split}" for split, count in region.splits.items())
        echo(
            f"{region.region}: {counts}; left out of {region.candidates}: {region.few_valid} with too little "
            f"ground, {region.much_layover} with layover, {region.much_shadow} with shadow, "
            f"{region.too_close} too close to another split"
        )
    echo(f"table of {made.tiles} tiles: {out / 'tiles.parquet'}")
