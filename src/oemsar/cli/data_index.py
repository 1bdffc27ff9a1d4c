"""`oemsar data index`: write the table of tiles of a dataset on disk."""

from pathlib import Path
from typing import Annotated

import typer


def index(
    root: Annotated[Path, typer.Argument(help="Folder the dataset was extracted to.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Table of tiles to write (GeoParquet).")],
    region_distance: Annotated[
        float, typer.Option(help="Longest step between the tiles of a region, centre to centre, in km.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Find the tiles below ROOT and write the table of tiles."""
    import json

    from oemsar.cli.progress import reporting
    from oemsar.dataset import table
    from oemsar.dataset.index import count_files
    from oemsar.dataset.index import index as find_tiles

    with reporting("Reading headers") as report:
        tiles = find_tiles(root, report, region_distance)
    table.write_tiles(tiles, out)
    counts = count_files(tiles)
    regions = len({tile.region for tile in tiles} - {None})
    if as_json:
        document = {"table": str(out), "tiles": len(tiles), "splits": counts, "regions": regions}
        typer.echo(json.dumps(document, indent=2))
    else:
        _print_counts(counts)
        typer.echo(f"{regions} regions; `oemsar data regions` lists them")


def _print_counts(counts: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Split", title="Tiles")
    for heading in next(iter(counts.values())):
        table.add_column(heading.replace("_", " "), justify="right")
    for split, row in counts.items():
        table.add_row(split, *map(str, row.values()))
    Console().print(table)
