"""`oemsar data regimes`: which tile trains with which label, as manifests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from oemsar.dataset.manifests import Manifests


def regimes(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the manifests.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of R1 and R5.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Write the tiles of P, P+R1, P+R5, R1, R5 and of the test set, and the ground they share."""
    from oemsar.dataset.manifests import write_manifests

    manifests = write_manifests(tiles, out, seed)
    if as_json:
        _print_json(manifests, out)
    else:
        _print_counts(manifests, out)


def _print_json(manifests: "Manifests", out: Path) -> None:
    import json

    from oemsar.dataset.manifests import summarise_overlaps

    document = {
        "out": str(out),
        "tiles": {name: len(listed) for name, listed in manifests.names.items()},
        "overlaps": summarise_overlaps(manifests.overlaps),
        "unmeasured_tiles": manifests.unmeasured,
    }
    typer.echo(json.dumps(document, indent=2))


def _print_counts(manifests: "Manifests", out: Path) -> None:
    from oemsar.dataset.manifests import summarise_overlaps

    for name, listed in manifests.names.items():
        typer.echo(f"{name:<6}{len(listed):>6} tiles")
    summary = summarise_overlaps(manifests.overlaps)
    for row in summary:
        typer.echo(
            f"Shared ground: {row['tiles']} tiles of {row['use']} with {row['other_tiles']} hand-labelled "
            f"tiles of {row['other_use']} (up to {row['largest_other_fraction']:.1%} of one)"
        )
    if manifests.unmeasured:
        typer.echo(f"Shared ground is not known for {manifests.unmeasured} tiles without georeferencing")
    elif not summary:
        typer.echo("No training tile shares ground with another, hand-labelled tile")
    typer.echo(f"Wrote manifests, checksums and overlaps to {out}")
