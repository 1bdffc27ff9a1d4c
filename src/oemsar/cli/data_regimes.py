"""`oemsar data regimes`: which tile trains with which label, as manifests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.dataset.config import RegimesConfig

if TYPE_CHECKING:
    from oemsar.dataset.manifests import Manifests


@with_options
def regimes(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the manifests.")],
    config: RegimesConfig,
    as_json: AsJson = False,
) -> None:
    """Write the tiles of P, P+R1, P+R5, R1, R5 and of the test set, and the ground they share."""
    from oemsar.dataset.manifests import assign_regimes

    manifests = assign_regimes(tiles, out, config=config)
    if as_json:
        print_json(manifests)
    else:
        _print_counts(manifests)


def _print_counts(manifests: "Manifests") -> None:
    for name, count in manifests.tiles.items():
        echo(f"{name:<6}{count:>6} tiles")
    for row in manifests.overlaps:
        echo(
            f"Shared ground: {row.tiles} tiles of {row.use} with {row.other_tiles} hand-labelled "
            f"tiles of {row.other_use} (up to {row.largest_other_fraction:.1%} of one)"
        )
    if manifests.unmeasured_tiles:
        echo(f"Shared ground is not known for {manifests.unmeasured_tiles} tiles without georeferencing")
    elif not manifests.overlaps:
        echo("No training tile shares ground with another, hand-labelled tile")
    echo(f"Wrote manifests, checksums and overlaps to {manifests.out}")
