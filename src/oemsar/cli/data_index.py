"""`oemsar data index`: write the table of tiles of a dataset on disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.dataset.config import IndexConfig

if TYPE_CHECKING:
    from oemsar.dataset.index import IndexSummary


@with_options
def index(
    root: Annotated[Path, typer.Argument(help="Folder the dataset was extracted to.")],
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Table of tiles to write (GeoParquet).")],
    config: IndexConfig,
    as_json: AsJson = False,
) -> None:
    """Find the tiles below ROOT and write the table of tiles."""
    from oemsar.cli.progress import reporting
    from oemsar.dataset.index import index_tiles

    with reporting("Reading headers") as report:
        summary = index_tiles(root, out, config=config, report=report)
    if as_json:
        print_json(summary)
    else:
        _print_counts(summary)
        echo(
            f"{summary.regions} regions; `oemsar data regions` lists them"
            if summary.regions
            else "No tile is georeferenced: there are no regions, and each tile counts as one of its own"
        )


def _print_counts(summary: "IndexSummary") -> None:
    from rich.console import Console
    from rich.table import Table

    rows = {
        split: {**counts.model_dump(exclude={"further"}), **counts.further}
        for split, counts in summary.splits.items()
    }
    table = Table("Split", title="Tiles")
    for heading in next(iter(rows.values())):
        table.add_column(heading.replace("_", " "), justify="right")
    for split, row in rows.items():
        table.add_row(split, *map(str, row.values()))
    Console().print(table)
