"""`oemsar data stats`: count the pixels and segments of every class, as in Table II of the paper."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import print_json, with_options
from oemsar.paper.config import Table2Config


@with_options
def stats(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for stats.json, table2.md and table2.csv.")],
    config: Table2Config,
    as_json: Annotated[bool, typer.Option("--json", help="Print stats.json instead of a table.")] = False,
) -> None:
    """Count pixels and segments of every class, by split, country and region."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.tables import print_table
    from oemsar.paper.table2 import count_classes, table2_headings, table2_rows

    with reporting("Counting labels") as report:
        found = count_classes(tiles, out, config=config, report=report)
    if as_json:
        print_json(found)
        return
    print_table(table2_headings(), table2_rows(found))
