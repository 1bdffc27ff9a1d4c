"""`oemsar data stats`: count the pixels and segments of every class, as in Table II of the paper."""

from pathlib import Path
from typing import Annotated

import typer


def stats(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for stats.json, table2.md and table2.csv.")],
    connectivity: Annotated[
        int,
        typer.Option(help="Neighbours of a pixel of a segment: 8, corners count, or 4."),
    ] = 8,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes to read in; one per processor by default.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print stats.json instead of a table.")] = False,
) -> None:
    """Count pixels and segments of every class, by split, country and region."""
    from rich.console import Console
    from rich.table import Table

    from oemsar.cli.progress import reporting
    from oemsar.dataset.segments import require_connectivity
    from oemsar.paper.table2 import table2_headings, table2_rows, write_statistics

    neighbours = require_connectivity(connectivity)
    with reporting("Counting labels") as report:
        statistics = write_statistics(tiles, out, neighbours, workers=workers, report=report)
    if as_json:
        typer.echo((out / "stats.json").read_text(encoding="utf-8"), nl=False)
        return
    table = Table()
    for heading in table2_headings():
        table.add_column(heading, justify="left" if heading == "Class" else "right")
    for row in table2_rows(statistics):
        table.add_row(*row)
    Console().print(table)
