"""`oemsar data agreement`: how far pseudo and real labels agree, as in Table III of the paper."""

from pathlib import Path
from typing import Annotated

import typer


def agreement(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for agreement.json, table3.md and table3.csv.")],
    against: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a second set of labels, named as the tiles, to hold against the table's.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Threads to read in; one per processor by default.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print agreement.json instead of a table.")] = False,
) -> None:
    """Compare pseudo labels with real ones, or the labels of TILES with those of another folder."""
    from rich.console import Console
    from rich.table import Table

    from oemsar.cli.progress import reporting
    from oemsar.paper.table3 import table3_headings, table3_rows, write_agreement

    with reporting("Comparing labels") as report:
        found = write_agreement(tiles, out, against=against, workers=workers, report=report)
    if as_json:
        typer.echo((out / "agreement.json").read_text(encoding="utf-8"), nl=False)
        return
    table = Table(caption=f"{found.tiles} tiles")
    for heading in table3_headings():
        table.add_column(heading, justify="left" if heading == "Class" else "right")
    for row in table3_rows(found):
        table.add_row(*row)
    Console().print(table)
