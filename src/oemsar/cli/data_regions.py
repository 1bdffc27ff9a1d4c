"""`oemsar data regions`: the regions of a table of tiles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json
from oemsar.cli.terminal import cell

if TYPE_CHECKING:
    from oemsar.paper.release_counts import RegionReport


def regions(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    as_json: AsJson = False,
) -> None:
    """List the regions of TILES; a whole release is held against the published counts."""
    from oemsar.paper.release_counts import list_regions

    report = list_regions(tiles)
    if as_json:
        print_json(report)
    else:
        _print_table(report)


def _print_table(report: "RegionReport") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Region", "Country", title="Regions", caption="in brackets: hand-labelled")
    headings = ("Longitude", "Latitude", *report.regions[0].tiles, "To the next, km")
    for heading in headings:
        table.add_column(heading, justify="right")
    for region in report.regions:
        gap = "-" if region.gap_km is None else f"{region.gap_km:.1f}"
        counts = (f"{tiles} ({region.hand_labelled[split]})" for split, tiles in region.tiles.items())
        country = region.country or "-"
        table.add_row(
            cell(region.name), cell(country), f"{region.lon:.4f}", f"{region.lat:.4f}", *counts, gap
        )
    console = Console()
    console.print(table)
    found, unassigned = len(report.regions), report.unassigned_tiles
    console.print(f"{found} regions, {unassigned} tiles without one", highlight=False)
    if report.differences_from_published == ():
        console.print("All counts are those of the published release.", highlight=False)
    for sentence in report.differences_from_published or ():
        console.print(cell(f"Differs from the published release: {sentence}"), highlight=False)
