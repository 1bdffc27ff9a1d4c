"""`oemsar data regions`: the regions of a table of tiles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from oemsar.dataset.regions import Region


def regions(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the regions as JSON.")] = False,
) -> None:
    """List the regions of TILES; a whole release is held against the published counts."""
    from oemsar.dataset.regions import require_regions, summarise
    from oemsar.dataset.table import read_tiles
    from oemsar.paper.release_counts import differences, looks_whole

    table = read_tiles(tiles)
    require_regions(table, tiles)
    found = summarise(table)
    unassigned = sum(tile.region is None for tile in table)
    differing = differences(table) if looks_whole(table) else None
    if as_json:
        _print_json(found, unassigned, differing)
    else:
        _print_table(found, unassigned, differing)


def _print_json(found: "list[Region]", unassigned: int, differing: list[str] | None) -> None:
    import json
    from dataclasses import asdict

    document = {
        "regions": [asdict(region) for region in found],
        "unassigned_tiles": unassigned,
        "differences_from_published": differing,
    }
    typer.echo(json.dumps(document, indent=2))


def _print_table(found: "list[Region]", unassigned: int, differing: list[str] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Region", "Country", title="Regions", caption="in brackets: hand-labelled")
    headings = ("Longitude", "Latitude", *next(iter(found)).tiles, "To the next, km")
    for heading in headings:
        table.add_column(heading, justify="right")
    for region in found:
        gap = "-" if region.gap_km is None else f"{region.gap_km:.1f}"
        counts = (f"{tiles} ({region.hand_labelled[split]})" for split, tiles in region.tiles.items())
        country = region.country or "-"
        table.add_row(region.name, country, f"{region.lon:.4f}", f"{region.lat:.4f}", *counts, gap)
    console = Console()
    console.print(table)
    console.print(f"{len(found)} regions, {unassigned} tiles without one", highlight=False)
    if differing == []:
        console.print("All counts are those of the published release.", highlight=False)
    for sentence in differing or ():
        console.print(f"Differs from the published release: {sentence}", highlight=False)
