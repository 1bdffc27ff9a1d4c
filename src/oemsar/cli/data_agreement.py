"""`oemsar data agreement`: how far pseudo and real labels agree, as in Table III of the paper."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import print_json, with_options
from oemsar.paper.config import Table3Config


@with_options
def agreement(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for agreement.json, table3.md and table3.csv.")],
    config: Table3Config,
    as_json: Annotated[bool, typer.Option("--json", help="Print agreement.json instead of a table.")] = False,
) -> None:
    """Compare pseudo labels with real ones, or the labels of TILES with those of another folder."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.tables import print_table
    from oemsar.paper.table3 import measure_agreement, table3_percent_headings, table3_percent_rows

    with reporting("Comparing labels") as report:
        found = measure_agreement(tiles, out, config=config, report=report)
    if as_json:
        print_json(found)
        return
    print_table(table3_percent_headings(), table3_percent_rows(found), caption=f"{found.tiles} tiles")
